"""Reads the letter or digit of one hand from its pixels, in a square cut out around the hand.

The square is upright, since a U that is turned is an H. A left hand is mirrored and then looks like
a right hand. Training calls `picture` too, so that a model is trained on exactly the pictures that
it reads.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.counting import counted
from edge.errors import ModelError
from edge.hands import crop, region_of_box
from edge.handshapes.alphabet import Alphabet
from edge.models import open_model
from edge.models.scaling import gives_probabilities, logits, scale_of
from edge.types import Frame, Hand, Prediction, Region, Rgb

# The side up to which a crop is made as fine as the frame before averaging shrinks it: a bilinear
# crop alone would alias. Measured for hands of 120 to 900 px and pictures of 28 to 224 px: aliasing
# of at most 0.3 of 255 levels on average (5 without), in 0.05 to 1 ms on one x86 core.
_FINE_PX = 512
_FROM_RGB = {"bgr": cv2.COLOR_RGB2BGR, "grey": cv2.COLOR_RGB2GRAY}


def picture(
    rgb: Rgb, region: Region, side_px: int, colour_order: str, flip: bool
) -> npt.NDArray[np.uint8]:
    """Cuts a region out as (side_px, side_px, C) uint8; C is 1 for "grey", else 3.

    rgb: (H, W, 3) uint8, red first. colour_order: "rgb", "bgr" or "grey", of the picture that is
    returned. flip: mirrors it left to right. Outside the frame its border is repeated. Raises
    KeyError for any other colour order.
    """
    finer = max(1, min(_FINE_PX // side_px, math.ceil(region.size / side_px)))
    fine_px = side_px * finer
    # crop() samples at the corner of each pixel, and averaging needs samples at the middle.
    shift = (region.size / fine_px - 1) / 2
    moved = region._replace(cx=region.cx + shift, cy=region.cy + shift)
    pixels = crop(rgb, moved, fine_px)
    if finer > 1:
        pixels = counted(cv2.resize(pixels, (side_px, side_px), interpolation=cv2.INTER_AREA))
    if colour_order != "rgb":
        pixels = counted(cv2.cvtColor(pixels, _FROM_RGB[colour_order]))
    if flip:
        pixels = counted(cv2.flip(pixels, 1))
    return pixels.reshape(side_px, side_px, -1)


class Pixels:
    """A model over the picture of a hand, reading one alphabet.

    path: of its manifest. alphabet: as in Alphabet. live: True for video, where J and Z are read
        from the trajectory of the hand (edge/recognise) and never from one pose.
    Raises ModelError if the model is missing, altered, or does not classify pixels; UsageError for
    an alphabet that it does not read.
    """

    def __init__(self, path: Path, *, alphabet: str = "", live: bool = False) -> None:
        self.manifest, self._model = open_model(path)
        shapes = [tensor.shape for tensor in self.manifest.outputs]
        if self.manifest.colour_order is None or shapes != [(1, len(self.manifest.labels))]:
            raise ModelError(f"the model of {path} reads no labels from pixels; train it again")
        self._colour_order = self.manifest.colour_order
        self._side_px = self.manifest.inputs[0].shape[1]
        self._scale = scale_of(self.manifest)
        self._probabilities = gives_probabilities(self.manifest)
        self._alphabet = Alphabet(self.manifest, alphabet, drawn_logit=None if live else 0.0)
        self.labels = self._alphabet.labels
        self.models = (self._model,)

    def predict(self, frame: Frame, *variants: Hand) -> Prediction:
        """Returns the label that a hand shows, of the alphabet in use, with all scores.

        variants: one hand of the frame, fitted once or several times
        (edge.hands.photograph.variants); their logits are averaged.
        """
        rows = [self._logits(frame, hand) for hand in variants]
        return self._alphabet.prediction(np.mean(rows, 0))

    def _logits(self, frame: Frame, hand: Hand) -> npt.NDArray[np.float32]:
        """Returns the (L,) logits of all labels of the model."""
        region = region_of_box(hand.box_px, self.manifest.margin)
        left = hand.handedness == "left"
        pixels = picture(frame.rgb, region, self._side_px, self._colour_order, left)
        given = self._scale.apply(pixels) if self._scale else pixels
        (rows,) = self._model.run(given[None])
        return logits(rows[0]) if self._probabilities else np.asarray(rows[0])
