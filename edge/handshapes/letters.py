"""Hand -> Prediction: one frame's handshape, read by a small int8 model over landmarks.

Landmarks carry to signers and cameras that the model never saw, which pixels do not; pixels have a
word among closed hands only (edge/handshapes/closed.py). The features made here are made by this code in
training too, so that both cannot differ.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.handshapes.alphabet import Alphabet
from edge.handshapes.closed import CLOSED, Closed, told_apart
from edge.joints import PALM, PARENT, TIPS
from edge.models.manifest import Manifest, open_model
from edge.types import NONE, Frame, Hand, Prediction

FEATURES = 1  # version of `features`: a model made for another one is refused
# A still shows one pose of a drawn letter, often another letter's too, so that drawn ones must be
# this much surer: D, I, K, P lose most to them (train/LOG.md).
DRAWN_LOGIT = -1.0

_Floats = npt.NDArray[np.float32]
_PALM, _PARENT = list(PALM), list(PARENT[1:])  # lists: what NumPy takes as an index
# Distances that tell handshapes apart which differ in a fingertip only: every fingertip to every
# other, and the thumb's tip and last joint to the joints of the fingers that it lies on or between.
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

    The hand is put at the middle of its palm, scaled by the palm's size, and a left hand is
    mirrored; it keeps its orientation, which tells U from H and K from P. The features are joint
    positions, bone directions, and distances, all of about unit size.
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

    path: of its manifest. alphabet: see edge.handshapes.alphabet. closed: tells closed hands apart. live: J
    and Z are read from the path of the hand (edge.recognise.rules.motion) and never from one pose.
    Raises ModelError when the model is missing or altered or made for other features than this
    version's, UsageError for an alphabet that it does not read.
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
        self._mine = np.array([i for i, x in enumerate(self.manifest.labels) if x in CLOSED])

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        return self._model.invoke_ns + (self._closed.invoke_ns if self._closed else 0)

    def predict(self, frame: Frame, *looks: Hand) -> Prediction:
        """Says which label of the alphabet in use a hand shows, and how surely.

        frame: where the hand is; its pixels are not looked at. looks: one hand, once or in several
        looks at it, whose logits are averaged.
        """
        return self._alphabet.prediction(np.mean([self._logits(hand) for hand in looks], 0))

    def _logits(self, hand: Hand) -> _Floats:
        """Returns the logits of all labels of the model for one look at a hand."""
        found = features(hand.landmarks, hand.handedness == "left")
        (rows,) = self._model.run(found[None])
        logits: _Floats = rows[0]
        if self._closed and hand.pooled is not None:
            pixels = self._closed.logits(hand.pooled)
            logits[self._mine] = told_apart(logits[self._mine], pixels)
        return logits


def _check(manifest: Manifest, path: Path) -> None:
    """Raises ModelError for a model that is no letter model of this version."""
    if manifest.features != FEATURES:
        raise ModelError(
            f"the model of {path} is for features {manifest.features}, "
            f"this version makes {FEATURES}; train it again"
        )
    if [t.shape for t in manifest.inputs] != [(1, SIZE)] or NONE not in manifest.labels:
        raise ModelError(f"the model of {path} is no letter model; reinstall it")
