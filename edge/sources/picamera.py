"""`picamera:N`: a Raspberry Pi's camera module, through picamera2.

Options: `picamera:0?size=1280x720&fps=30`
size (default 640x480; width and height are even) and fps (default 30).

A sensor has several modes, and some of them read its middle only. The mode is chosen that sees most
at the requested rate: a 640x480 picture of a v2 module comes from 1640x1232 pixels of the whole
sensor, and not from its 640x480 mode, which sees 39 % of the width. The log says which it is.

picamera2 comes from apt, with the libcamera that it was built for: sudo apt install
python3-picamera2, in an environment made with --system-site-packages. Source: its manual, "The
Picamera2 Library", sections 4 (configuration and sensor modes), 6.4 (requests) and appendix C
(controls).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

from edge.cameras import picamera2_class
from edge.errors import SourceError, UsageError
from edge.sources import VGA, Size, read_options, split_options
from edge.stages import Source
from edge.types import Frame

GUARDED = True

_log = logging.getLogger(__name__)

# libcamera names a format from its highest byte down: "BGR888" has red first in memory, and so in
# the array (picamera2's manual, 4.2.2.2).
_RGB = "BGR888"
_TIMEOUT_S = (
    5.0  # the longest wait for one picture; the slowest rate, 1 a second, fits in five times
)
_SLOWER_FPS = 0.5  # modes state rates such as 29.97
# A time stamp that differs from the time of its arrival by more than this is an error of the
# driver: no picture waits that long, since a read gives up after _TIMEOUT_S.
_FARTHEST_STAMP_NS = round(_TIMEOUT_S * 1e9)


@dataclass(frozen=True)
class Options:
    """The options of this source."""

    size: Size = VGA
    fps: float = 30.0

    def __post_init__(self) -> None:
        if self.size.width % 2 or self.size.height % 2:
            raise ValueError("width and height of size are even")
        if not 1 <= self.fps <= 1000:
            raise ValueError("fps is 1 to 1000")


def open(rest: str) -> Source:
    """Starts a camera module by its number.

    Raises UsageError for a wrong number or option. Raises SourceError if picamera2 or the camera
    is missing, and if another program holds the camera.
    """
    name, texts = split_options(rest)
    options = read_options(texts, Options)
    if not re.fullmatch(r"[0-9]{0,2}", name):
        raise UsageError(f"{name!r} is no camera number; say picamera:0")
    number = int(name or 0)
    camera_class = picamera2_class()
    if camera_class is None:
        raise SourceError(
            "picamera2 is missing: sudo apt install python3-picamera2, "
            "in an environment made with --system-site-packages"
        )
    count = len(camera_class.global_camera_info())
    if number >= count:
        there = f"there are {count}, counted from 0" if count else "check the ribbon cable"
        raise SourceError(f"there is no camera picamera:{number}; {there}; see fingerspell devices")
    return Picamera(_start(camera_class, number, options), f"picamera:{number}", options.fps)


def _start(camera_class: Any, number: int, options: Options) -> Any:
    try:
        camera = camera_class(number)
    except (RuntimeError, IndexError):  # picamera2's message does not give the reason
        raise SourceError(
            f"picamera:{number} cannot be opened; close the program that holds it, "
            "or check its cable"
        ) from None
    try:
        controls = {}
        if "FrameDurationLimits" in camera.camera_controls:
            controls["FrameDurationLimits"] = (round(1e6 / options.fps),) * 2  # microseconds
        main = {"format": _RGB, "size": tuple(options.size)}
        mode = sensor_mode(camera.sensor_modes, options.size, options.fps)
        asked = (
            {"sensor": {"output_size": mode["size"], "bit_depth": mode["bit_depth"]}}
            if mode
            else {}
        )
        camera.configure(camera.create_video_configuration(main=main, controls=controls, **asked))
        given = camera.camera_configuration()["main"]["format"]
        if given != _RGB:
            raise RuntimeError(f"it gives {given}, not {_RGB}")
        camera.start()
        if mode:
            share = _seen(mode) / max(map(_seen, camera.sensor_modes))
            wide, high = mode["size"]
            _log.info(
                "picamera:%d sees %.0f %% of its sensor, in its mode %dx%d",
                number,
                100 * share,
                wide,
                high,
            )
    except (RuntimeError, ValueError, OSError) as error:
        camera.close()
        reason = str(error).partition("\n")[0]
        raise SourceError(
            f"picamera:{number} does not start at {options.size} ({reason}); try another size"
        ) from None
    return camera


def sensor_mode(modes: list[dict[str, Any]], size: Size, fps: float) -> dict[str, Any] | None:
    """Returns the mode, of picamera2's sensor_modes, that sees most at this rate; None of none.

    If several see as much, it is the smallest that is not smaller than `size`: it is read fastest.
    If none reaches the rate, it is one of the fastest.
    """
    modes = [mode for mode in modes if "crop_limits" in mode]
    if not modes:
        return None
    fastest = max(mode["fps"] for mode in modes)
    fast = [mode for mode in modes if mode["fps"] >= min(fps - _SLOWER_FPS, fastest)]

    def merit(mode: dict[str, Any]) -> tuple[int, bool, int]:
        width, height = mode["size"]
        large = width >= size.width and height >= size.height
        return _seen(mode), large, -width * height if large else width * height

    return max(fast, key=merit)


def _seen(mode: dict[str, Any]) -> int:
    """How many of the sensor's pixels a mode sees."""
    _, _, width, height = mode["crop_limits"]
    return int(width * height)


class Picamera:
    """A camera module that is running; frames carry the sensor's time stamps."""

    live = True

    def __init__(self, camera: Any, shown: str, fps: float) -> None:
        self.fps: float | None = fps
        self._camera = camera
        self._shown = shown
        self._lock = Lock()  # held while capturing or closing, which must not overlap
        self._closed = False
        self._released = False

    def frames(self) -> Iterator[Frame]:
        """Yields frames as the sensor gives them; raises SourceError when no more come."""
        index, last_ns, ahead_ns = 0, -1, 0
        while (picture := self._capture()) is not None:
            rgb, stamp_ns, cost_ms = picture
            # The sensor's clock may start elsewhere, but it runs as fast as ours.
            now_ns = time.monotonic_ns()
            ahead_ns = ahead_ns if index else stamp_ns - now_ns
            # Stamps never go back, so one that is far ahead would hold back all that follow it.
            if abs(stamp_ns - now_ns - ahead_ns) > _FARTHEST_STAMP_NS:
                stamp_ns = now_ns + ahead_ns
            last_ns = max(stamp_ns, last_ns + 1)
            yield Frame(rgb, index, last_ns, cost_ms=cost_ms)
            index += 1

    def close(self) -> None:
        """Stops the camera now, or after the wait for a frame that another thread is in."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                if not self._released:
                    self._released = True
                    self._camera.close()
            finally:
                self._lock.release()

    def _capture(self) -> tuple[Any, int, dict[str, float]] | None:
        """The next picture, its time stamp in ns, and its cost_ms; None once closed."""
        picture = None
        try:
            with self._lock:
                if not self._closed:
                    picture = self._take()
        except TimeoutError:
            if not self._closed:
                self.close()
                reason = f"{self._shown} gives no more pictures; check its cable"
                raise SourceError(reason) from None
        if self._closed:
            self.close()
            return None
        return picture

    def _take(self) -> tuple[Any, int, dict[str, float]]:
        job = self._camera.capture_request(wait=False)
        try:
            request = job.get_result(timeout=_TIMEOUT_S)
        except TimeoutError:
            self._camera.cancel_all_and_flush()  # otherwise close() would wait for the job for ever
            raise
        try:
            # make_array copies: the camera gets its buffer back, and the frame is ours.
            stamp_ns = request.get_metadata().get("SensorTimestamp") or time.monotonic_ns()
            start_ns = time.perf_counter_ns()
            rgb = request.make_array("main")
            return rgb, stamp_ns, {"capture": (time.perf_counter_ns() - start_ns) / 1e6}
        finally:
            request.release()
