"""`jsonl:-` or `jsonl:PATH`: one JSON object a line and an event, on stdout or at a file's end.

A line of up to 4,096 bytes leaves in one write, so that a reader that follows along, or a run that
is killed, sees whole lines only. A reader that goes away (`| head -1`) ends the run without a word.
A reader that takes nothing for a while does not hold the run: its lines wait, up to WAITING of
them.

A file is written by one run at a time, and what was in it stays. A file that was renamed or removed
meanwhile, by logrotate for one, is made anew. A file that has grown to ROTATE_BYTES is renamed to
PATH.1, in the place of an older one, and begun again.

"text" is the text after the event: `letter` and `space` add their label, `delete` takes the last
character away. A gesture that is a whole word is one letter of several characters. A letter whose
handshape has another reading names it: {"event": "letter", "label": "O", ..., "or": "0"}. When the
word shows which was meant, deletes and letters correct it. "score" is 1.0 where a score has no
meaning, so that it is a number in every line.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import select
import stat
import sys
import time
from collections import deque
from pathlib import Path

from edge.errors import SinkError
from edge.types import End, Event, Request, Result

log = logging.getLogger(__name__)

WAITING = 10_000  # lines: hours of spelling, and at most some 20 MB
LAST_S = 1.0  # how long a reader that takes nothing is waited for at the end of a run
ROTATE_BYTES = 16_000_000  # a day of spelling without a pause, or a month of a museum's
# What a pipe that poll() says is writable takes without waiting: pipe(7), PIPE_BUF on Linux.
_AT_ONCE_BYTES = 4096


def open(rest: str) -> Jsonl:
    """Opens stdout for "-" or "", else the end of the file at that path.

    Raises SinkError when it cannot be written, or when another run writes to it.
    """
    if rest in ("", "-"):
        try:
            sys.stdout.flush()
            return Jsonl(sys.stdout.fileno(), None)
        except (AttributeError, OSError) as error:  # None when the run was started without one
            raise SinkError("there is no standard output to write to: use jsonl:PATH") from error
    return Jsonl(_opened(rest), Path(rest))


class Jsonl:
    """Writes the events of each result to a file descriptor, and the last word at the end."""

    def __init__(self, fd: int, path: Path | None) -> None:
        """fd: to write to. path: of the file, which close() closes; None for standard output."""
        self._fd = fd
        self._path = path
        self._closed = False
        self._gone = False  # the reader of standard output
        self._lines: deque[bytes] = deque()  # that wait to be written
        self._begun = 0  # bytes of the first of them that are written already
        self._lost = 0
        self._start_ns: int | None = None
        self._frame = 0
        self._poll = select.poll()
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
        if not regular:  # a regular file can always be written, and poll() says so
            self._poll.register(fd, select.POLLOUT)
        self._waits = not regular

    def write(self, result: Result) -> Request | None:
        """Writes one line for each event; asks to quit when stdout's reader has gone.

        Raises SinkError when a line cannot be written, a full disk for one.
        """
        if self._start_ns is None:
            self._start_ns = result.frame.t_ns
        self._frame = result.frame.index
        for event in result.events:
            self._add(self._described(event))
        self._flush(0.0)
        return "quit" if self._gone else None

    def close(self, end: End) -> None:
        """Writes what the end settled, and the last line. Raises SinkError when it cannot."""
        if self._closed:
            return
        for event in end.events:
            self._add(self._described(event))
        self._add({"event": "end", "text": end.text, "frames": end.frames, "dropped": end.dropped})
        self._flush(LAST_S)
        self._release()
        if self._lines and not self._gone:
            raise SinkError(f"{len(self._lines)} lines were not read from {self._name}")

    @property
    def _name(self) -> str:
        return "standard output" if self._path is None else str(self._path)

    def _described(self, event: Event) -> dict[str, object]:
        """Returns what the line of an event of the last frame says."""
        start_ns = event.t_ns if self._start_ns is None else self._start_ns
        line: dict[str, object] = {
            "event": event.kind,
            "label": event.label,
            "score": 1.0 if event.score is None else round(float(event.score), 3),
            "t_ms": round((event.t_ns - start_ns) / 1e6),
            "frame": self._frame,
            "text": event.text,
        }
        if event.alternative:
            line["or"] = event.alternative
        return line

    def _add(self, values: dict[str, object]) -> None:
        """Puts a line behind those that wait; if they are too many, the oldest whole one goes."""
        self._lines.append(json.dumps(values).encode() + b"\n")
        if len(self._lines) > WAITING:
            del self._lines[1]  # the first may be half written
            self._lost += 1
            if self._lost == 1:
                log.warning("nobody reads %s: lines are lost", self._name)

    def _flush(self, wait_s: float) -> None:
        """Writes what can be written; waits no longer than `wait_s` in all for a reader."""
        until_s = time.monotonic() + wait_s
        try:
            if self._lines and self._path:
                self._renew(self._path)
            while self._lines and not self._gone:
                if self._waits and not self._poll.poll(max(0, 1000 * (until_s - time.monotonic()))):
                    return
                rest = self._lines[0][self._begun :]
                self._begun += os.write(self._fd, rest[:_AT_ONCE_BYTES] if self._waits else rest)
                if self._begun == len(self._lines[0]):
                    self._lines.popleft()
                    self._begun = 0
        except SinkError:  # the file could not be made anew
            self._release()
            raise
        except BrokenPipeError as error:
            if self._path is not None:
                self._release()
                raise _cannot_write(self._name, error) from error
            self._gone = True
            _hush(self._fd)
        except OSError as error:
            with contextlib.suppress(OSError):  # a pipe or a device cannot take bytes back
                os.ftruncate(self._fd, os.lseek(self._fd, 0, os.SEEK_END) - self._begun)
            self._release()
            raise _cannot_write(self._name, error) from error

    def _renew(self, path: Path) -> None:
        """Opens the file anew where it was renamed or removed, and rotates one that has grown."""
        here = os.fstat(self._fd)
        if not stat.S_ISREG(here.st_mode):
            return
        if here.st_size >= ROTATE_BYTES:
            os.replace(path, f"{path}.1")
        there = None
        with contextlib.suppress(FileNotFoundError):
            there = os.stat(path)
        if there is None or (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
            fd = _opened(str(path))
            os.close(self._fd)
            self._fd = fd

    def _release(self) -> None:
        self._closed = True
        if self._path is not None:
            os.close(self._fd)


def _opened(path: str) -> int:
    """Returns a descriptor at the end of a file that no other run writes to; raises SinkError."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            os.close(fd)
            raise SinkError(
                f"another run writes to {path}; choose another file with jsonl:PATH"
            ) from error
        # A device, a pipe or a network share that knows no locks.
    return fd


def _hush(fd: int) -> None:
    """Sends to nowhere what is still to be printed, so that Python's flush at exit succeeds."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fd)
    os.close(nowhere)


def _cannot_write(name: str, error: Exception) -> SinkError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return SinkError(f"cannot write to {name}: {reason}; choose another file with jsonl:PATH")
