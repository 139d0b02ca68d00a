"""`usb:N`: the camera at /dev/videoN, through Video4Linux and OpenCV.

Options: `usb:0?size=1280x720&fps=30&format=MJPG`
size (default 640x480) and fps (default 30): the camera gives the nearest size and rate it has.
format (MJPG or YUYV): the default is the format in which the camera offers that size, or the one
nearest to it, at the higher rate. If both have the same rate it is YUYV, which needs no decoding
and has no artefacts.
name: opens the camera that `fingerspell devices` lists by this name, whatever its number is now,
since numbers change when cameras are plugged in again. If several have the name, it is the one with
the given number, or else the first. In a name, & is written as %26.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

import cv2

from edge.cameras import Mode, usb_camera
from edge.errors import SourceError, UsageError
from edge.sources import VGA, Size, read_options, split_options
from edge.sources._capture import Capture
from edge.stages import Source
from edge.types import Frame

GUARDED = True
COMPLAINS = True  # libjpeg, of each broken picture

_log = logging.getLogger(__name__)

# With one buffer the camera has none to fill while OpenCV decodes, and every second frame is lost.
# With more than two, frames grow old when the reader falls behind.
_BUFFERS = 2
# A camera's time stamps are used if the first of them is this near to CLOCK_MONOTONIC: opening a
# camera takes seconds, while a driver with another clock (wall time) is decades away.
_NEAREST_CLOCK_S = 10.0
# A later stamp that differs from the time of its arrival by more than this is an error of the
# driver: at the slowest rate, 1 a second, a frame arrives after a second or two.
_FARTHEST_STAMP_NS = 5_000_000_000


@dataclass(frozen=True)
class Options:
    """The options of this source."""

    size: Size = VGA
    fps: float = 30.0
    format: Literal["", "MJPG", "YUYV"] = ""
    name: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.fps <= 1000:
            raise ValueError("fps is 1 to 1000")


def open(rest: str) -> Source:
    """Opens a camera by its number and waits for its first frame.

    Raises UsageError for a wrong number or option. Raises SourceError for a camera that is missing,
    held by another program, or may not be opened, and for one that gives no frame.
    """
    number, texts = split_options(rest)
    options = read_options(texts, Options)
    number = number.removeprefix("/dev/video") or "0"
    if not re.fullmatch(r"[0-9]{1,3}", number):
        raise UsageError(f"{number!r} is no camera number; say usb:0, or see fingerspell devices")
    camera = usb_camera(int(number), options.name)
    if camera.number != int(number):
        _log.info("%s is %s now", camera.name, camera.uri)
    fourcc = options.format or choose_format(camera.modes, options.size, options.fps)
    capture = Capture(camera.number, cv2.CAP_V4L2, live=True)
    if not capture.opened():
        raise SourceError(f"{camera.uri} ({camera.name}) cannot be opened; plug it in again")
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.size.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.size.height)
    capture.set(cv2.CAP_PROP_FPS, options.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
    texts["name"] = camera.name
    again = "&".join(f"{key}={quote(text, safe='')}" for key, text in texts.items())
    return Usb(capture, f"{camera.uri} ({camera.name})", options, f"{camera.uri}?{again}")


def choose_format(modes: tuple[Mode, ...], size: Size, fps: float) -> str:
    """Returns MJPG or YUYV: the format that comes closer to `fps` at the size nearest to `size`.

    YUYV if both do, and if the camera lists neither.
    """
    known = [mode for mode in modes if mode.format in ("MJPG", "YUYV")]
    least = min((_off(mode, size) for mode in known), default=0)
    rates = {"MJPG": 0.0, "YUYV": 0.0}
    for mode in known:
        if _off(mode, size) == least:
            rates[mode.format] = max(rates[mode.format], min(mode.fps or 1.0, fps))
    return "MJPG" if rates["MJPG"] > rates["YUYV"] else "YUYV"


def _off(mode: Mode, size: Size) -> int:
    """How far a mode is from a size: the pixels that only one of the two has.

    The driver chooses the nearest size by this too: uvc_v4l2_try_format in the kernel's
    drivers/media/usb/uvc/uvc_v4l2.c.
    """
    shared = min(mode.width_px, size.width) * min(mode.height_px, size.height)
    return mode.width_px * mode.height_px + size.width * size.height - 2 * shared


class Usb:
    """A camera that OpenCV has opened; frames carry the driver's time stamps if it sets them.

    again: the URI that opens the same camera once more, even if its number has changed by then.
    """

    live = True

    def __init__(self, capture: Capture, shown: str, options: Options, again: str) -> None:
        self.again = again
        self._capture = capture
        self._shown = shown
        self._first = capture.read()
        if self._first is None:
            capture.close()
            raise SourceError(
                f"{shown} gives no picture; plug it in again, "
                "or choose a size and format that fingerspell devices lists"
            )
        height, width = self._first.rgb.shape[:2]
        rate = capture.get(cv2.CAP_PROP_FPS)
        self.fps = rate if 0 < rate <= 1000 else None
        if (width, height) != options.size or (self.fps or options.fps) != options.fps:
            _log.info("%s gives %dx%d at %s a second", shown, width, height, self.fps)
        off_s = abs(self._first.stamp_ms / 1e3 - time.monotonic())
        self._stamped = off_s < _NEAREST_CLOCK_S

    def frames(self) -> Iterator[Frame]:
        """Yields frames as the camera gives them; raises SourceError when no more come."""
        index, last_ns = 0, -1
        picture, self._first = self._first or self._capture.read(), None
        while picture is not None and not self._capture.closed:
            rgb, stamp_ms, cost_ms = picture
            now_ns, stamp_ns = time.monotonic_ns(), round(stamp_ms * 1e6)
            # Stamps never go back, so one that is far ahead would hold back all that follow it.
            t_ns = (
                stamp_ns
                if self._stamped and abs(stamp_ns - now_ns) < _FARTHEST_STAMP_NS
                else now_ns
            )
            last_ns = max(t_ns, last_ns + 1)
            yield Frame(rgb, index, last_ns, cost_ms=cost_ms)
            index += 1
            picture = self._capture.read()
        if not self._capture.closed:
            self.close()
            raise SourceError(f"{self._shown} was lost; check its cable and power")

    def close(self) -> None:
        """Releases the camera; may be called twice, and from another thread."""
        self._capture.close()
