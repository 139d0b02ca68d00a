"""`fingerspell`, and `python -m edge`: signals end the program in order from its first lines on.

Importing the command line takes a while. Until it has handlers of its own
(edge/running/stop.py), nothing is open, and a signal simply ends the process.
"""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Runs the command line; returns its exit status (edge/commands/cli.py)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
    from edge.commands.cli import main as run_command

    return run_command()


def _end(number: int, _: FrameType | None) -> None:
    """Ends the process as the command line does: 130 for Ctrl-C, and 0 for the other signals.

    It raises nothing, since a module that is being imported may turn an exception into another.
    """
    if number == signal.SIGINT:
        os.write(2, b"fingerspell: stopped\n")
    os._exit(130 if number == signal.SIGINT else 0)


if __name__ == "__main__":
    sys.exit(main())
