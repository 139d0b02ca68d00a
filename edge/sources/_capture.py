"""One OpenCV capture, made safe to close from another thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple, cast

import cv2

from edge.decoding.quiet import quiet
from edge.types import Rgb


class Picture(NamedTuple):
    """What was read: (H, W, 3), newly allocated, and its time stamp in ms (0 or less: none).

    cost_ms: as of Frame.
    """

    rgb: Rgb
    stamp_ms: float
    cost_ms: dict[str, float]


class Capture:
    """cv2.VideoCapture, whose read and release must never meet.

    `close` may come from another thread while `read` waits for a frame: the capture is then
    released by the reader, as soon as OpenCV lets go.

    live: a read waits for the camera. What it costs is then told in the process's own time, in
    which waiting does not count; a live source has that process for itself (edge/capture).
    """

    def __init__(
        self, target: str | int, backend: int, params: Sequence[int] = (), *, live: bool = False
    ) -> None:
        self._clock_ns: Callable[[], int] = time.process_time_ns if live else time.perf_counter_ns
        with quiet:
            self._capture = cv2.VideoCapture(target, backend, params)
        self._lock = Lock()
        self.closed = False

    def opened(self) -> bool:
        """Whether OpenCV opened it."""
        return bool(self._capture.isOpened())

    def get(self, prop: int) -> float:
        """A property, cv2.CAP_PROP_*; 0 or -1 where it has no value."""
        return float(self._capture.get(prop))

    def set(self, prop: int, value: float) -> bool:
        """Sets a property; False if the backend refuses, or does not know it."""
        with quiet:
            return bool(self._capture.set(prop, value))

    def read(self) -> Picture | None:
        """The next picture; None when there is no more, for whatever reason, and once closed."""
        picture = None
        with self._lock:
            if not self.closed:
                start_ns = self._clock_ns()
                with quiet:
                    ok, bgr = self._capture.read()
                if ok:
                    read_ns = self._clock_ns()
                    stamp_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
                    rgb = cast(Rgb, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
                    capture_ms = (read_ns - start_ns) / 1e6
                    convert_ms = (self._clock_ns() - read_ns) / 1e6
                    cost_ms = {"capture": capture_ms, "convert": convert_ms}
                    picture = Picture(rgb, stamp_ms, cost_ms)
        if self.closed:
            self.close()
            return None
        return picture

    def close(self) -> None:
        """Releases the capture, or leaves that to the thread that is reading."""
        self.closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._capture.release()
            finally:
                self._lock.release()
