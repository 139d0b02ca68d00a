"""How a model from elsewhere wants its pixels, and what its outputs are: words of its manifest.

Models that fingerspell trains take pixels from 0 to 255 and give logits. Others take other ranges,
and many give probabilities. The manifest's `normalisation` names the range, and the meaning of its
output says "probabilities". A manifest without these words is one of fingerspell's own models.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge.models.manifest import Manifest

PROBABILITIES = "the probability of each label"
# Smaller probabilities count as this one, whose logarithm is finite. An 8-bit output has steps of
# 1/256, and a score is printed with four digits.
_LEAST = 1e-5
_NUMBER = r"-?\d+(?:\.\d+)?"
_WORDS = re.compile(rf"pixels 0 to 255 are scaled to ({_NUMBER}) to ({_NUMBER})")


class Scale(NamedTuple):
    """The numbers that a model takes in place of a pixel's 0 and 255."""

    low: float
    high: float

    @classmethod
    def parse(cls, text: str) -> Scale:
        """Reads "-1..1"; raises ValueError for anything else."""
        match = re.fullmatch(rf"({_NUMBER})\.\.({_NUMBER})", text)
        if match is None or float(match[1]) >= float(match[2]):
            raise ValueError("a scale is written as -1..1, 0..1 or 0..255")
        return cls(float(match[1]), float(match[2]))

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"

    @property
    def words(self) -> str:
        """What a manifest's `normalisation` says."""
        return f"pixels 0 to 255 are scaled to {self.low:g} to {self.high:g}"

    def apply(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Returns the model's numbers for uint8 pixels, in the same shape."""
        step = np.float32((self.high - self.low) / 255)
        return pixels.astype(np.float32) * step + np.float32(self.low)


def scale_of(manifest: Manifest) -> Scale | None:
    """Returns the range that a model's pixels are scaled to; None for 0 to 255 as they are."""
    match = _WORDS.fullmatch(manifest.normalisation)
    return Scale(float(match[1]), float(match[2])) if match else None


def gives_probabilities(manifest: Manifest) -> bool:
    """Whether the model's output is probabilities, and not logits."""
    return manifest.outputs[0].meaning == PROBABILITIES


def logits(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns logits whose softmax gives these probabilities again."""
    return np.asarray(np.log(np.maximum(probabilities, np.float32(_LEAST))))
