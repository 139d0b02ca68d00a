"""Keeps the warnings of OpenCV and its decoders from stderr; our exceptions say what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import cv2

# FFmpeg, inside OpenCV, does not heed OpenCV's log level. It reads this variable when it is first
# used; -8 is AV_LOG_QUIET of FFmpeg's libavutil/log.h. A value that the user has set is kept.
SILENT = "-8"
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", SILENT)

# The functions moved in OpenCV 5.
_log = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging


class _Quiet:
    """A context in which OpenCV logs nothing; several threads may be in it at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._level = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._level = _log.setLogLevel(0)  # it returns the previous level
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                _log.setLogLevel(self._level)


quiet = _Quiet()


_NOISE = (b"Corrupt JPEG", b"Premature end of JPEG", b"Invalid JPEG", b"libpng ")
_stderr_lock = Lock()


@contextmanager
def decoders_silenced() -> Iterator[None]:
    """Drops what libjpeg and libpng write to stderr; what others wrote there is passed on after.

    These two do not heed OpenCV's log level. Without a stderr there is nothing to do.
    """
    with _stderr_lock:
        try:
            saved = os.dup(2) if sys.stderr else None
            caught = None if saved is None else os.memfd_create("stderr")
        except (OSError, AttributeError):  # descriptor 2 is closed; this is not Linux
            saved = caught = None
        if saved is None or caught is None:
            yield
            return
        os.dup2(caught, 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            lines = os.pread(caught, os.fstat(caught).st_size, 0).splitlines(keepends=True)
            os.close(caught)
            if others := b"".join(line for line in lines if not line.startswith(_NOISE)):
                os.write(saved, others)
            os.close(saved)
