"""One OpenCV capture, made safe to close from another thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple, cast

import cv2

from edge.decoding import quiet
from edge.types import Rgb

# Anamorphic film has 2:1, and half a picture side by side the inverse; beyond it is a file's error.
_FARTHEST_ASPECT = 4.0


class Picture(NamedTuple):
    """One picture that was read.

    rgb: (H, W, 3) uint8, red first, newly allocated.
    stamp_ms: the time stamp that OpenCV gives; 0 or less from a backend that sets none.
    cost_ms: "capture" and "convert", as in Frame.cost_ms.

    Its pixels are square: where the file or stream says that they are not, it was stretched.
    """

    rgb: Rgb
    stamp_ms: float
    cost_ms: dict[str, float]


def square(rgb: Rgb, aspect: float) -> Rgb:
    """The picture (H, W, 3) with square pixels, stretched in the direction that lacks pixels.

    aspect: how many times as wide as high a pixel is. What no video has is taken for an error.
    """
    if not 1 / _FARTHEST_ASPECT <= aspect <= _FARTHEST_ASPECT:
        return rgb
    height, width = rgb.shape[:2]
    size = round(width * max(aspect, 1.0)), round(height / min(aspect, 1.0))
    return rgb if size == (width, height) else cast(Rgb, cv2.resize(rgb, size))


class Capture:
    """A cv2.VideoCapture that is never released while another thread reads from it.

    While one thread waits in `read`, another may call `close`. The reading thread then releases
    the capture, as soon as OpenCV returns to it.

    live: True if a read waits for the camera. The cost of a read is then measured in the
    process's CPU time, which leaves the waiting out. A live source runs in a process of its own
    (edge/capture), so no other work is counted.
    """

    def __init__(
        self, target: str | int, backend: int, params: Sequence[int] = (), *, live: bool = False
    ) -> None:
        self._clock_ns: Callable[[], int] = time.process_time_ns if live else time.perf_counter_ns
        with quiet:
            self._capture = cv2.VideoCapture(target, backend, params)
        self._ffmpeg = backend == cv2.CAP_FFMPEG
        self._lock = Lock()
        self.closed = False

    def opened(self) -> bool:
        """Whether OpenCV opened it."""
        return bool(self._capture.isOpened())

    def get(self, prop: int) -> float:
        """A property, cv2.CAP_PROP_*; 0 or -1 if the backend has no value for it."""
        return float(self._capture.get(prop))

    def set(self, prop: int, value: float) -> bool:
        """Sets a property; returns False if the backend refuses or does not know it."""
        with quiet:
            return bool(self._capture.set(prop, value))

    def read(self) -> Picture | None:
        """Reads the next picture; None at the end, after a failure, and once closed."""
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
                    if self._ffmpeg:
                        rgb = square(rgb, self._aspect())
                    capture_ms = (read_ns - start_ns) / 1e6
                    convert_ms = (self._clock_ns() - read_ns) / 1e6
                    cost_ms = {"capture": capture_ms, "convert": convert_ms}
                    picture = Picture(rgb, stamp_ms, cost_ms)
        if self.closed:
            self.close()
            return None
        return picture

    def _aspect(self) -> float:
        """How many times as wide as high a pixel is, in the picture as it was turned upright."""
        across = self._capture.get(cv2.CAP_PROP_SAR_NUM)
        down = self._capture.get(cv2.CAP_PROP_SAR_DEN)
        aspect = across / down if across > 0 and down > 0 else 1.0
        on_its_side = self._capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90
        return 1 / aspect if on_its_side else aspect

    def close(self) -> None:
        """Releases the capture now, or after the read that another thread is waiting in."""
        self.closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._capture.release()
            finally:
                self._lock.release()
