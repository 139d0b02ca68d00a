"""`browser:` the camera of a phone or laptop whose browser has the page open (docs/web.md).

    fingerspell run --source browser: --sink web:8080

The page's server puts JPEG pictures into edge.uploads, and they are decoded here. Until a browser
sends some, and whenever it stops, the source waits and says so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import cv2
import numpy as np

from edge.decoding import jpeg
from edge.decoding.opencv_log import decoders_silenced
from edge.errors import UsageError
from edge.types import Frame, Rgb
from edge.uploads import UPLOADS

MOST_PX = 1920 * 1080  # of a picture: hands are found as well in smaller ones
SILENT_S = 3.0  # without a picture for so long, the browser counts as gone (as camera.stall_s)
_WAKE_S = 0.2  # a wait is interrupted so often, to see whether the source was closed
ADVICE = "no browser sends pictures; open the page (--sink web:8080) and press Use this camera"

_log = logging.getLogger(__name__)


def open(rest: str) -> BrowserSource:
    """Opens the source; raises UsageError where anything follows its name."""
    if rest:
        raise UsageError(f"browser: is followed by nothing, not by {rest!r}")
    return BrowserSource()


class BrowserSource:
    """The frames that a browser sends, at its own pace.

    reopened: how often pictures came again after none had come for SILENT_S. trouble: what is
    wrong, in a line, or "".
    """

    live = True
    fps: float | None = None

    def __init__(self) -> None:
        self.reopened = 0
        self.trouble = ADVICE
        self._closed = False
        UPLOADS.open()

    def frames(self) -> Iterator[Frame]:
        """Yields each picture that can be decoded, until the source is closed."""
        _log.warning("%s", ADVICE)
        index, waited_s, before = 0, 0.0, False
        while not self._closed:
            taken = UPLOADS.take(_WAKE_S)
            if taken is None:
                waited_s += _WAKE_S
                if waited_s >= SILENT_S and not self.trouble:
                    self.trouble = ADVICE
                    _log.warning("%s", ADVICE)
                continue
            index += 1  # one that cannot be decoded is counted as dropped
            rgb = decoded(taken[0])
            if rgb is None:
                continue
            if self.trouble:
                _log.info("a browser sends pictures of %dx%d", rgb.shape[1], rgb.shape[0])
                self.reopened += before
                self.trouble, before = "", True
            waited_s = 0.0
            yield Frame(rgb, index - 1, taken[1])

    def close(self) -> None:
        """Ends the iteration; the page offers its camera no more."""
        if not self._closed:
            self._closed = True
            UPLOADS.close()


def decoded(content: bytes) -> Rgb | None:
    """Returns a JPEG as (H, W, 3) uint8, red first; None for anything else, or if too large."""
    try:
        header = jpeg.parse(content)
    except ValueError:
        return None
    if header.width * header.height > MOST_PX or header.coefficient_bytes > 8 * MOST_PX:
        return None
    with decoders_silenced():
        try:
            bgr = cv2.imdecode(np.frombuffer(header.data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            return None
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
