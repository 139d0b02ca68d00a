"""Every error that fingerspell raises on purpose, and the exit code that it ends with.

FingerspellError            1  anything below, for callers who catch them all
├── OutOfMemoryError        1  memory or threads run out, which another start may mend
├── UsageError              2  a flag, URI, configuration file or picture folder that is wrong
├── SourceError             3  no camera, a camera in use, a stream that was lost
├── ModelError              4  a model file missing, altered, or not what its manifest says
└── SinkError               5  a sink that cannot be opened

The message of each is one line: what is wrong, then what to do about it.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from math import isfinite
from typing import ParamSpec

INTERRUPTED = 130  # exit status after Ctrl-C, as shells have it

Arguments = ParamSpec("Arguments")


class FingerspellError(Exception):
    """Any failure that fingerspell expects; its message is one line for the user."""

    exit_code = 1

    def __str__(self) -> str:
        """Returns the message; what a terminal would act on is escaped: file names may hold it."""
        return printable(super().__str__())


class OutOfMemoryError(FingerspellError):
    """There is not enough memory; a service is started again after it, and may then have more."""


class UsageError(FingerspellError):
    """A flag, URI, setting or path that the user gave is wrong."""

    exit_code = 2


class SourceError(FingerspellError):
    """No frames can be read: there is no camera, it is in use, or a stream was lost."""

    exit_code = 3


class ModelError(FingerspellError):
    """A model is missing, altered, cut short, or not what its manifest says."""

    exit_code = 4


class SinkError(FingerspellError):
    """A sink cannot be opened: no display, no permission to write."""

    exit_code = 5


def check_above_0(table: str, config: object, names: Iterable[str]) -> None:
    """Raises UsageError if any of these settings of a table is no finite number above 0."""
    for name in names:
        value = getattr(config, name)
        if not (isfinite(value) and value > 0):
            raise UsageError(f"{table}.{name} is {value}; it must be a number above 0")


def printable(text: str) -> str:
    r"""Returns the text with each character that cannot be seen, such as ESC, as \x1b."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def lacks_memory(error: BaseException) -> bool:
    """Whether memory, threads or open files have run out, as Python, OpenCV or the linker say it.

    None of these is the fault of the file that was being read.
    """
    if isinstance(error, MemoryError | OutOfMemoryError):
        return True
    if isinstance(error, OSError) and error.errno in (errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        return True
    if getattr(error, "code", None) == -4:  # cv2.error, StsNoMem
        return True
    said = ("failed to map segment", "annot allocate memory", "can't start new thread")
    return isinstance(error, ImportError | OSError | RuntimeError) and any(
        text in str(error) for text in said
    )


def command(
    name: str, stopped: str = "nothing was written"
) -> Callable[[Callable[Arguments, int]], Callable[Arguments, int]]:
    """Makes the errors of a command's main one line on stderr, after its name, and an exit code.

    Args:
        name: the command's, as in `python -m name`.
        stopped: what Ctrl-C has left, or what to do after it.

    """

    def of(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
        @wraps(main)
        def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> int:
            try:
                return main(*arguments, **options)
            except FingerspellError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return error.exit_code
            except KeyboardInterrupt:
                print(f"{name}: stopped; {stopped}", file=sys.stderr)
                return INTERRUPTED

        return run

    return of
