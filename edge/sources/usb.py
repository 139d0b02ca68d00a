"""`usb:N`: the camera at /dev/videoN, through Video4Linux and OpenCV.

Options: `usb:0?size=1280x720&fps=30&format=MJPG`
size (default 640x480) and fps (default 30): the camera gives the nearest that it has.
format (MJPG or YUYV): by default the one in which the camera offers that size faster. Between
equals it is YUYV, which needs no decoding and has no artefacts.
name: the camera that fingerspell devices calls so, whichever number it has now, since numbers
change when cameras are plugged in again. Of several it is the one with the given number, or else
the first. %26 is written for &.
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

from edge.cameras.listing import usb_camera
from edge.cameras.v4l2 import Mode
from edge.errors import SourceError, UsageError
from edge.sources import VGA, Size, read_options, split_options
from edge.sources._capture import Capture
from edge.types import Frame, Source

_log = logging.getLogger(__name__)

# With a single buffer the camera has none to fill while OpenCV decodes, and loses every other
# frame; with more, frames grow old if the reader falls behind.
_BUFFERS = 2
_OFF_NS = 5_000_000_000  # a stamp that is further from now is not believed


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

    Raises UsageError for a number or option that is none; SourceError for a camera that is
    missing, held by another program, forbidden, or that gives no frame.
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
    """Of MJPG and YUYV, the one that comes closer to `fps` at `size`; YUYV if it is no slower."""
    rates = {"MJPG": 0.0, "YUYV": 0.0}
    for mode in modes:
        if mode.format in rates and (mode.width_px, mode.height_px) == size:
            rates[mode.format] = max(rates[mode.format], min(mode.fps or 1.0, fps))
    return "MJPG" if rates["MJPG"] > rates["YUYV"] else "YUYV"


class Usb:
    """A camera that OpenCV has opened; frames carry the driver's time stamps where it sets them.

    again: the URI by which to open the same camera another time, whatever its number is then.
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
        # The driver's stamps are CLOCK_MONOTONIC, like ours; a driver with others is not believed.
        self._stamped = abs(self._first.stamp_ms / 1e3 - time.monotonic()) < 10

    def frames(self) -> Iterator[Frame]:
        """Yields frames as the camera gives them; raises SourceError when it gives no more."""
        index, last_ns = 0, -1
        picture, self._first = self._first or self._capture.read(), None
        while picture is not None and not self._capture.closed:
            rgb, stamp_ms, cost_ms = picture
            now_ns, stamp_ns = time.monotonic_ns(), round(stamp_ms * 1e6)
            # A single stamp may be far off, and none after it could be later than that.
            t_ns = stamp_ns if self._stamped and abs(stamp_ns - now_ns) < _OFF_NS else now_ns
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
