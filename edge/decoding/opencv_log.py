"""Keeps OpenCV's own warnings from stderr; our exceptions say what went wrong."""

from __future__ import annotations

import os
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
