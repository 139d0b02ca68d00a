"""Hand -> Prediction by a model that reads pixels, in a square cut out around the hand.

The square is upright: turned, a U would be an H. Live and in training it is made by `picture`, so
that both cannot differ; a left hand is mirrored, and looks like a right one.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.hands.geometry import crop, region_of_box
from edge.handshapes.alphabet import Alphabet
from edge.models.manifest import open_model
from edge.types import Frame, Hand, Prediction, Region, Rgb

# A crop is bilinear, and so made as fine as the frame, up to so many pixels, and then shrunk by
# averaging. For hands of 120 to 900 px and pictures of 28 to 224 px, what is left of aliasing is
# at most 0.3 of 255 on average (5 without), in 0.05 to 1 ms on one x86 core.
_FINE_PX = 512
_FROM_RGB = {"bgr": cv2.COLOR_RGB2BGR, "grey": cv2.COLOR_RGB2GRAY}


def picture(
    rgb: Rgb, region: Region, side_px: int, colour_order: str, flip: bool
) -> npt.NDArray[np.uint8]:
    """Cuts a region out as (side_px, side_px, C) uint8, C 1 where `colour_order` is "grey" else 3.

    rgb: (H, W, 3) uint8. colour_order: "rgb", "bgr" or "grey", of what is returned. flip: mirrors
    it left to right. What lies outside the frame repeats its border. Raises KeyError for any other
    order of colours.
    """
    finer = max(1, min(_FINE_PX // side_px, math.ceil(region.size / side_px)))
    fine_px = side_px * finer
    # crop() looks at the corner of each of its pixels, and averaging wants their middles.
    shift = (region.size / fine_px - 1) / 2
    moved = region._replace(cx=region.cx + shift, cy=region.cy + shift)
    pixels = crop(rgb, moved, fine_px)
    if finer > 1:
        pixels = cv2.resize(pixels, (side_px, side_px), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    if colour_order != "rgb":
        pixels = cv2.cvtColor(pixels, _FROM_RGB[colour_order])  # type: ignore[assignment]
    if flip:
        pixels = cv2.flip(pixels, 1)  # type: ignore[assignment]
    return pixels.reshape(side_px, side_px, -1)


class Pixels:
    """A model over the picture of a hand, reading one alphabet.

    path: of its manifest. alphabet: see edge.handshapes.alphabet. live: J and Z are read from the path of the
    hand (edge.recognise.rules.motion) and never from one pose.
    Raises ModelError when the model is missing, altered, or no classifier of pixels; UsageError
    for an alphabet that it does not read.
    """

    def __init__(self, path: Path, *, alphabet: str = "", live: bool = False) -> None:
        self.manifest, self._model = open_model(path)
        told = [tensor.shape for tensor in self.manifest.outputs]
        if self.manifest.colour_order is None or told != [(1, len(self.manifest.labels))]:
            raise ModelError(f"the model of {path} tells no labels from pixels; train it again")
        self._colour_order = self.manifest.colour_order
        self._side_px = self.manifest.inputs[0].shape[1]
        self._alphabet = Alphabet(self.manifest, alphabet, drawn_logit=None if live else 0.0)
        self.labels = self._alphabet.labels

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        return self._model.invoke_ns

    def predict(self, frame: Frame, *looks: Hand) -> Prediction:
        """Says which label of the alphabet in use a hand shows, and how surely.

        looks: one hand of the frame, once or in several looks at it, whose logits are averaged.
        """
        return self._alphabet.prediction(np.mean([self._logits(frame, hand) for hand in looks], 0))

    def _logits(self, frame: Frame, hand: Hand) -> npt.NDArray[np.float32]:
        """Returns the logits of all labels of the model for one look at a hand."""
        region = region_of_box(hand.box_px, self.manifest.margin)
        left = hand.handedness == "left"
        seen = picture(frame.rgb, region, self._side_px, self._colour_order, left)
        (rows,) = self._model.run(seen[None])
        return np.asarray(rows[0])
