"""Reads the letter or digit of one hand from its landmarks, with a small int8 model.

Landmarks carry to signers and cameras that the model never saw, and pixels do not; pixels are used
for closed hands only (edge/handshapes/closed.py). Training calls `features` too, so that a model is
trained on exactly the features that it reads.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.handshapes.alphabet import Alphabet
from edge.handshapes.closed import CLOSED, Closed, combined
from edge.joints import PALM, PARENT, TIPS
from edge.models import Manifest, open_model
from edge.types import NONE, Frame, Hand, Prediction

FEATURES = 1  # version of `features`: a model made for another version is refused
# Added to the logits of J and Z in photographs. A photograph shows one pose of a drawn letter,
# which is often a pose of D, I, K or P too; without this those lose most (train/LOG.md).
DRAWN_LOGIT = -1.0

_Floats = npt.NDArray[np.float32]
_PALM, _PARENT = list(PALM), list(PARENT[1:])  # lists, which NumPy takes as an index
# Pairs of joints whose distances separate handshapes that differ in one fingertip: every fingertip
# and every other, and the thumb's tip and last joint with the finger joints that it can touch.
_PAIRS = [(a, b) for i, a in enumerate(TIPS) for b in TIPS[i + 1 :]] + [
    (thumb, joint) for thumb in (3, 4) for joint in (5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19)
]
_JOINTS, _BONES = slice(0, 21), slice(21, 41)  # rows of _differences
_DISTANCES = slice(41, 41 + len(_PAIRS))
SIZE = 63 + 60 + len(_PAIRS)  # how many features there are


def _differences() -> _Floats:
    """Returns the matrix that takes 21 joints to all vectors that the features are made of."""
    joints = np.eye(21, dtype=np.float32)
    return np.concatenate(
        [
            joints - joints[_PALM].mean(0),
            joints[1:] - joints[_PARENT],
            np.stack([joints[a] - joints[b] for a, b in _PAIRS]),
        ]
    )


_DIFFERENCES = _differences()


def features(landmarks: _Floats, left: npt.NDArray[np.bool_] | bool) -> _Floats:
    """Returns (..., SIZE) float32 features of (..., 21, 3) landmarks; `left` is (...).

    landmarks: in pixels of a frame. The origin moves to the middle of the palm, the palm's size
    becomes the unit, and a left hand is mirrored. The orientation is kept, since U and H, and K and
    P, differ in nothing else. The features are joint positions, bone directions and distances.
    """
    vectors = _DIFFERENCES @ landmarks.astype(np.float32, copy=False)
    vectors[..., 0] *= np.where(left, np.float32(-1), np.float32(1))[..., None]
    length = np.sqrt(np.einsum("...ij,...ij->...i", vectors, vectors)) + np.float32(1e-6)
    palm = length[..., _PALM]
    size = np.sqrt(np.einsum("...i,...i->...", palm, palm))[..., None]
    lead = vectors.shape[:-2]
    out = np.empty((*lead, SIZE), np.float32)
    out[..., :63] = (vectors[..., _JOINTS, :] / size[..., None]).reshape(*lead, 63)
    out[..., 63:123] = (vectors[..., _BONES, :] / length[..., _BONES, None]).reshape(*lead, 60)
    out[..., 123:] = length[..., _DISTANCES] / size
    return out


class Letters:
    """A letter model over landmarks, reading one alphabet.

    path: of its manifest. alphabet: as in Alphabet. closed: the model of closed hands, or None.
    live: True for video, where J and Z are read from the trajectory of the hand
        (edge/recognise) and never from one pose.
    Raises ModelError if the model is missing or altered, or made for another version of the
    features; UsageError for an alphabet that it does not read.
    """

    def __init__(
        self, path: Path, *, alphabet: str = "", closed: Closed | None = None, live: bool = False
    ) -> None:
        self.manifest, self._model = open_model(path)
        _check(self.manifest, path)
        drawn_logit = None if live else DRAWN_LOGIT
        self._alphabet = Alphabet(self.manifest, alphabet, drawn_logit=drawn_logit)
        self.labels = self._alphabet.labels
        self._closed = closed if set(CLOSED) <= set(self.labels) else None
        self.models = (self._model, *((self._closed.model,) if self._closed else ()))
        self._mine = np.array([i for i, x in enumerate(self.manifest.labels) if x in CLOSED])

    def predict(self, frame: Frame, *variants: Hand) -> Prediction:
        """Returns the label that a hand shows, of the alphabet in use, with all scores.

        frame: the frame with the hand; its pixels are not read. variants: one hand, fitted once or
        several times (edge.hands.photograph.variants); their logits are averaged.
        """
        return self._alphabet.prediction(np.mean([self._logits(hand) for hand in variants], 0))

    def _logits(self, hand: Hand) -> _Floats:
        """Returns the (L,) logits of all labels of the model."""
        row = features(hand.landmarks, hand.handedness == "left")
        (rows,) = self._model.run(row[None])
        logits: _Floats = rows[0]
        if self._closed and hand.pooled is not None:
            pixels = self._closed.logits(hand.pooled)
            logits[self._mine] = combined(logits[self._mine], pixels)
        return logits


def _check(manifest: Manifest, path: Path) -> None:
    """Raises ModelError for a model that is not a letter model for this version's features."""
    if manifest.features != FEATURES:
        raise ModelError(
            f"the model of {path} is for features {manifest.features}, "
            f"this version makes {FEATURES}; train it again"
        )
    if [t.shape for t in manifest.inputs] != [(1, SIZE)] or NONE not in manifest.labels:
        raise ModelError(f"the model of {path} is no letter model; reinstall it")
