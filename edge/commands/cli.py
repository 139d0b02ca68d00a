"""The command line: `fingerspell run`, `read`, `record`, `devices`, `models` and others."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.commands.arguments import parser
from edge.errors import (
    FingerspellError,
    OutOfMemoryError,
    SinkError,
    UsageError,
    lacks_memory,
    printable,
)
from edge.running import logs
from edge.running.stop import Ended, true_interrupts

if TYPE_CHECKING:
    from edge.config import Config

INTERRUPTED = 130  # what a shell expects of a program that Ctrl-C ended


def main(argv: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one return an ending
    """Runs one command; returns its exit code (edge/errors.py, or 130 after Ctrl-C).

    What takes a while to import is imported in here, where Ctrl-C is caught.
    """
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # stdin, stdout or stderr was closed: the next file opened would take its place
    os.close(fd)
    logs.set_up()
    try:
        try:
            with true_interrupts(), _memory_error_as_one_line():
                arguments = parser().parse_args(argv)
                code = COMMANDS[arguments.command](arguments)
        finally:
            if sys.stdout:  # None for a program that was started without one
                sys.stdout.flush()
        return code
    except FingerspellError as error:
        print(f"fingerspell: {error}", file=sys.stderr)
        return error.exit_code
    except Ended:
        return 0
    except KeyboardInterrupt:
        print("fingerspell: stopped", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # commands turn errors of their own files into FingerspellError
        if error.filename is not None:
            name = printable(os.fsdecode(error.filename))
            print(f"fingerspell: {name}: {error.strerror}", file=sys.stderr)
            return SinkError.exit_code
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # `fingerspell devices | head -1` has had its fill
            return 0
        print(f"fingerspell: cannot write to stdout: {error.strerror}", file=sys.stderr)
        return SinkError.exit_code


@contextmanager
def _memory_error_as_one_line() -> Iterator[None]:
    """Raises OutOfMemoryError in place of what Python, OpenCV or the linker raise."""
    try:
        yield
    except FingerspellError:
        raise
    except Exception as error:
        if not lacks_memory(error):
            raise
        raise OutOfMemoryError("there is not enough memory; end other programs") from error


def _refuse_stray(words: Sequence[str]) -> None:
    """Raises UsageError for a word that is no option: most likely it should name the source."""
    from edge.sources import public, suggestion

    if words:
        meant = suggestion(words[0])
        hint = f"--source {shlex.quote(public(meant))}" if meant else "--source URI (see --help)"
        raise UsageError(f"{public(words[0])!r} is no option; to read it, say {hint}")


def _config(arguments: argparse.Namespace) -> Config:
    from dataclasses import fields

    from edge.config import Config, load

    known = {f.name for f in fields(Config)}
    flags = {key: value for key, value in vars(arguments).items() if key in known}
    if flags.get("sink"):
        flags["sink"] = tuple(flags["sink"])
    return load(getattr(arguments, "config", None), flags)


# Each command imports what it needs: `fingerspell --help` should not wait for OpenCV.


def _run(arguments: argparse.Namespace) -> int:
    from edge.commands.run import run
    from edge.running.stop import stop_on_signals

    _refuse_stray(arguments.stray)
    config = _config(arguments)
    logs.set_up(config.log)
    with stop_on_signals() as stop:
        run(config, stop)
    if stop.reason == "SIGINT":
        raise KeyboardInterrupt
    return 0


def _read(arguments: argparse.Namespace) -> int:
    from edge.commands.read import read

    return read(arguments.paths, _config(arguments), arguments.json)


def _record(arguments: argparse.Namespace) -> int:
    from edge.commands.record import record
    from edge.recording.recorder import Order
    from edge.running.stop import stop_on_signals

    _refuse_stray(arguments.stray)
    order = Order(
        arguments.motion,
        arguments.out,
        arguments.takes,
        arguments.seconds,
        arguments.countdown,
    )
    with stop_on_signals() as stop:
        record(_config(arguments), order, stop)
    if stop.reason == "SIGINT":
        raise KeyboardInterrupt
    return 0


def _practice(arguments: argparse.Namespace) -> int:
    """A run with the sink `practice`; where the learner types, the signer is only its clock."""
    options = ["receptive"] if arguments.receptive else []
    if arguments.words is not None:
        options.append(f"words={arguments.words}")
    arguments.sink = [f"practice:{','.join(options)}"]
    if arguments.receptive:
        arguments.source, arguments.detector = "signer:A?live=yes&loop=yes&size=160x120", "truth"
    return _run(arguments)


def _devices(_: argparse.Namespace) -> int:
    from edge.commands.devices import devices

    return devices()


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.source is not None:
        from edge.commands.doctor_source import examine_source

        return examine_source(arguments.source, arguments.seconds)
    from edge.commands.doctor import examine

    return examine()


def _models(arguments: argparse.Namespace) -> int:
    from edge.commands.models import adopted, fetch, models

    if arguments.adopt is not None:
        return adopted(arguments)
    return fetch() if arguments.fetch else models()


def _settings(arguments: argparse.Namespace) -> int:
    from edge.commands.config import check, show, write

    if arguments.check is not None:
        return check(arguments.check)
    if arguments.write is not None:
        return write(arguments.write, overwrite=arguments.overwrite)
    return show()


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "read": _read,
    "record": _record,
    "practice": _practice,
    "devices": _devices,
    "doctor": _doctor,
    "models": _models,
    "config": _settings,
}
