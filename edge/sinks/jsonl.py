"""`jsonl:-` or `jsonl:PATH`: one JSON object a line and an event, on stdout or into a new file.

Each line leaves in one write, so a reader that follows along, or a run that is killed, sees whole
lines only. A reader that goes away (`| head -1`) ends the run without a word.

"text" is the text after the event: `letter` and `space` add their label, `delete` takes the last
character away. A gesture that is a whole word is one letter of several characters. A letter whose
handshape has another reading names it: {"event": "letter", "label": "O", ..., "or": "0"}. When the
word shows which was meant, deletes and letters correct it. "score" is 1.0 where a score has no
meaning, so that it is a number in every line.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys

from edge.errors import SinkError
from edge.types import End, Event, Request, Result


def open(rest: str) -> Jsonl:
    """Opens stdout for "-" or "", else a fresh file at that path, replacing what was there.

    Raises SinkError when it cannot be written.
    """
    if rest in ("", "-"):
        try:
            sys.stdout.flush()
            return Jsonl(sys.stdout.fileno(), "standard output", owned=False)
        except (AttributeError, OSError) as error:  # None when the run was started without one
            raise SinkError("there is no standard output to write to: use jsonl:PATH") from error
    try:
        fd = os.open(rest, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except (OSError, ValueError) as error:
        raise _cannot_write(rest, error) from error
    return Jsonl(fd, rest, owned=True)


class Jsonl:
    """Writes the events of each result to a file descriptor, and the last word at the end."""

    def __init__(self, fd: int, name: str, owned: bool) -> None:
        """Writes to `fd`, which errors call `name`, and which close() closes when it is owned."""
        self._fd = fd
        self._name = name
        self._owned = owned
        self._closed = False
        self._start_ns: int | None = None
        self._frame = 0

    def write(self, result: Result) -> Request | None:
        """Writes one line for each event; asks to quit when stdout's reader has gone.

        Raises SinkError when the line cannot be written, a full disk for one.
        """
        if self._start_ns is None:
            self._start_ns = result.frame.t_ns
        self._frame = result.frame.index
        heard = [self._event(event) for event in result.events]
        return None if all(heard) else "quit"

    def close(self, end: End) -> None:
        """Writes what the end settled, and the last line. Raises SinkError when it cannot."""
        if self._closed:
            return
        for event in end.events:
            self._event(event)
        self._line({"event": "end", "text": end.text, "frames": end.frames, "dropped": end.dropped})
        self._release()

    def _event(self, event: Event) -> bool:
        """Writes the line of one event, of the last frame; False when stdout's reader has gone."""
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
        return self._line(line)

    def _line(self, values: dict[str, object]) -> bool:
        """Writes one line, whole or not at all; False when stdout's reader has gone."""
        line = json.dumps(values).encode() + b"\n"
        written = 0
        try:
            while written < len(line):
                written += os.write(self._fd, line[written:])
        except BrokenPipeError as error:
            if self._owned:
                self._release()
                raise _cannot_write(self._name, error) from error
            _hush(self._fd)
            return False
        except OSError as error:
            with contextlib.suppress(OSError):  # a pipe or a device cannot take bytes back
                os.ftruncate(self._fd, os.lseek(self._fd, -written, os.SEEK_CUR))
            self._release()
            raise _cannot_write(self._name, error) from error
        return True

    def _release(self) -> None:
        self._closed = True
        if self._owned:
            os.close(self._fd)


def _hush(fd: int) -> None:
    """Sends to nowhere what is still to be printed, so that Python's flush at exit succeeds."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fd)
    os.close(nowhere)


def _cannot_write(name: str, error: Exception) -> SinkError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return SinkError(f"cannot write to {name}: {reason}; choose another file with jsonl:PATH")
