"""`exec:COMMAND`: runs a program for each finished word, with the word as its last argument.

Where COMMAND holds {}, the word stands there instead. No shell is involved: a word cannot run
anything else. The program also gets the environment variables FINGERSPELL_WORD and
FINGERSPELL_TEXT, the text so far. The next word waits until it has ended.
"""

from __future__ import annotations

import shlex
import shutil

from edge.errors import UsageError
from edge.sinks._program import ProgramSink
from edge.types import Event


def open(rest: str) -> ProgramSink:
    """Raises UsageError for a command that makes no sense, or whose program there is not."""
    try:
        command = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"exec:{rest}: {error}") from error
    if not command:
        raise UsageError(f"exec:{rest} is followed by a command, as in exec:notify-send")
    if shutil.which(command[0]) is None:
        raise UsageError(f"exec:{rest}: there is no program {command[0]}")

    def of(event: Event) -> list[str]:
        if any("{}" in part for part in command):
            return [part.replace("{}", event.label) for part in command]
        return [*command, event.label]

    return ProgramSink("exec", of)
