"""The options that every source has: rotate, flip and crop, for cameras that cannot hang upright.

    usb:0?rotate=180                      a camera that is mounted upside down
    picamera:0?rotate=90&flip=horizontal  one on its side, whose pictures are mirrored
    video:http://host/v#crop=640x480+320+120

rotate (90, 180 or 270): degrees by which the picture is turned clockwise.
flip (horizontal or vertical): the picture is mirrored left to right, or top to bottom, after that.
crop (WIDTHxHEIGHT+LEFT+TOP, in pixels): the part of the turned picture that is used. What of it
lies outside of the picture is left out.

open_source applies them, so that a source need not know of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

import numpy as np

from edge.errors import UsageError
from edge.sources._options import read_options, split_options, split_url_options
from edge.stages import Renamed, Source
from edge.types import Box, Frame, Hand, Handedness, Landmarks, Rgb, Truth
from edge.urls import is_url

# For each flip: the sign of x, and the sign of y.
_SIGNS = {"no": (1, 1), "horizontal": (-1, 1), "vertical": (1, -1)}


class Crop(NamedTuple):
    """A part of a picture, in pixels, written as 640x480+320+120."""

    width: int
    height: int
    left: int
    top: int

    @classmethod
    def parse(cls, text: str) -> Crop:
        """Reads "640x480+320+120"; raises ValueError for anything else."""
        match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})[+ ](\d{1,5})[+ ](\d{1,5})", text)
        if match is None:
            raise ValueError("a part of the picture is written as 640x480+LEFT+TOP")
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}+{self.left}+{self.top}"


WHOLE = Crop(99999, 99999, 0, 0)  # no picture is larger


@dataclass(frozen=True)
class View:
    """How the pictures of a source are turned, flipped and cropped, in this order."""

    rotate: Literal["0", "90", "180", "270"] = "0"
    flip: Literal["no", "horizontal", "vertical"] = "no"
    crop: Crop = WHOLE

    def picture(self, rgb: Rgb) -> Rgb:
        """What is to be seen of a picture: (h, w, 3), contiguous.

        Raises UsageError if the crop lies outside of the picture.
        """
        rgb = np.rot90(rgb, -int(self.rotate) // 90)
        sign_x, sign_y = _SIGNS[self.flip]
        rgb = rgb[::sign_y, ::sign_x]
        height, width = rgb.shape[:2]
        wide, high, left, top = self.crop
        rgb = rgb[top : top + high, left : left + wide]
        if not rgb.size:
            raise UsageError(f"crop={self.crop} lies outside of the picture, {width}x{height}")
        return np.ascontiguousarray(rgb)

    def landmarks(self, landmarks: Landmarks, width: int, height: int) -> Landmarks:
        """Where joints (21, 3) of a picture of this size are to be seen, in pixels."""
        x, y, z = landmarks.T
        for _ in range(int(self.rotate) // 90):
            x, y, width, height = height - 1 - y, x, height, width
        sign_x, sign_y = _SIGNS[self.flip]
        x = x if sign_x > 0 else width - 1 - x
        y = y if sign_y > 0 else height - 1 - y
        x, y = x - self.crop.left, y - self.crop.top
        return np.stack([x, y, z], 1).astype(np.float32)

    def hand(self, hand: Hand, width: int, height: int) -> Hand:
        """A hand of a picture of this size, as it is to be seen; flipped, it is the other one."""
        landmarks = self.landmarks(hand.landmarks, width, height)
        other: Handedness = "left" if hand.handedness == "right" else "right"
        return replace(
            hand,
            landmarks=landmarks,
            box_px=Box(*(float(v) for v in (*landmarks[:, :2].min(0), *landmarks[:, :2].max(0)))),
            handedness=hand.handedness if self.flip == "no" else other,
        )


def take(rest: str) -> tuple[str, View | None]:
    """Takes the options of a view off what follows a source's name; None if it has none of them.

    Raises UsageError for a wrong one.
    """
    url = is_url(rest)
    if not url and Path(rest).expanduser().exists():  # a path may hold "?flip=" itself
        return rest, None
    head, texts = split_url_options(rest) if url else split_options(rest)
    names = [field.name for field in fields(View)]
    ours = {name: text for name, text in texts.items() if name in names}
    if not ours:
        return rest, None
    others = {name: text for name, text in texts.items() if name not in names}
    return _joined(head, "#" if url else "?", others), read_options(ours, View)


def _joined(head: str, mark: str, options: dict[str, str]) -> str:
    pairs = "&".join(f"{name}={quote(text, safe='')}" for name, text in options.items())
    return f"{head}{mark}{pairs}" if pairs else head


class Viewed:
    """A source whose pictures are turned, flipped and cropped; its truth is, too.

    again: the URI that opens the same source with the same view once more.
    """

    def __init__(self, source: Source, view: View, uri: str) -> None:
        self.live = source.live
        self.fps = source.fps
        self.again = uri
        if isinstance(source, Renamed):
            mark = "&" if "?" in source.again else "?"
            pairs = {"rotate": view.rotate, "flip": view.flip, "crop": str(view.crop)}
            self.again = _joined(source.again, mark, pairs)
        self._source = source
        self._view = view

    def frames(self) -> Iterator[Frame]:
        """Yields the source's frames as they are to be seen; raises what the source raises."""
        for frame in self._source.frames():
            rgb = self._view.picture(frame.rgb)
            yield replace(frame, rgb=rgb, truth=self._truth(frame, rgb))

    def close(self) -> None:
        """Closes the source."""
        self._source.close()

    def _truth(self, frame: Frame, rgb: Rgb) -> Truth | None:
        if frame.truth is None or frame.truth.hand is None:
            return frame.truth
        height, width = frame.rgb.shape[:2]
        hand = self._view.hand(frame.truth.hand, width, height)
        x, y = hand.landmarks[:, :2].mean(0)
        if not (0 <= x < rgb.shape[1] and 0 <= y < rgb.shape[0]):  # it was cropped away
            return Truth("", None)
        return Truth(frame.truth.label, hand)
