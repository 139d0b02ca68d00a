"""Hand -> Prediction: one frame's handshape, read by a small int8 model over landmarks.

Landmarks carry to signers and cameras that the model never saw, which pixels do not. The features
made here are made by this code in training too, so that both cannot differ.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError, UsageError
from edge.manifest import BUNDLED, Manifest, open_model
from edge.types import Hand, Prediction

FEATURES = 1  # version of `features`: a model made for another one is refused
NONE = "none"  # the output that means: this hand makes no sign

_Floats = npt.NDArray[np.float32]
_PALM = [0, 5, 9, 13, 17]  # wrist and knuckles: they hardly move as fingers bend
_PARENT = [0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19]  # of joints 1..20
_TIPS = [4, 8, 12, 16, 20]
# Distances that tell handshapes apart which differ in a fingertip only: every fingertip to every
# other, and the thumb's tip and last joint to the joints of the fingers that it lies on or between.
_PAIRS = [(a, b) for i, a in enumerate(_TIPS) for b in _TIPS[i + 1 :]] + [
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
    """A letter model, reading one alphabet.

    path: of its manifest. Raises ModelError when the model is missing or altered or made for
    other features than this version's, UsageError for an alphabet that it does not read.
    """

    def __init__(self, path: Path, *, alphabet: str = "letters", threads: int = 1) -> None:
        self.manifest, self._model = open_model(path, threads=threads)
        _check(self.manifest, path)
        if alphabet not in self.manifest.alphabets:
            known = ", ".join(self.manifest.alphabets)
            raise UsageError(f"there is no alphabet {alphabet!r}; there are: {known}")
        self.labels = self.manifest.alphabets[alphabet]
        index = {label: i for i, label in enumerate(self.manifest.labels)}
        self._outputs = np.array([index[label] for label in (*self.labels, NONE)])
        # Two labels of one shape: nothing in a still tells them apart, so the first gets it all.
        here = {label: i for i, label in enumerate(self.labels)}
        pairs = [(here[a], here[b]) for a, b in self.manifest.shared if a in here and b in here]
        self._first, self._second = np.array(pairs, np.intp).reshape(-1, 2).T

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        return self._model.invoke_ns

    def predict(self, hand: Hand) -> Prediction:
        """Says which label of the alphabet in use this hand shows, and how surely."""
        found = features(hand.landmarks, hand.handedness == "left")
        (logits,) = self._model.run(found[None])
        scores = _softmax(logits[0, self._outputs])[:-1]
        scores[self._first] += scores[self._second]
        scores[self._second] = 0
        best = int(scores.argmax())
        by_label = dict(zip(self.labels, scores.tolist(), strict=True))
        return Prediction(self.labels[best], by_label[self.labels[best]], by_label)


def open_letters(name: str = "letters", *, alphabet: str = "letters", threads: int = 1) -> Letters:
    """Opens the bundled model `name`; raises UsageError where there is none of that name."""
    path = BUNDLED / f"{name}.json"
    if not path.is_file():
        names = sorted(path.stem for path in BUNDLED.glob("*.json"))
        raise UsageError(f"there is no letter model {name!r}; there are: {', '.join(names)}")
    return Letters(path, alphabet=alphabet, threads=threads)


def _softmax(logits: _Floats) -> _Floats:
    scores: _Floats = np.exp(logits - logits.max())
    scores /= scores.sum()
    return scores


def _check(manifest: Manifest, path: Path) -> None:
    """Raises ModelError for a model that is no letter model of this version."""
    if manifest.features != FEATURES:
        raise ModelError(
            f"the model of {path} is for features {manifest.features}, "
            f"this version makes {FEATURES}; train it again"
        )
    if [t.shape for t in manifest.inputs] != [(1, SIZE)] or NONE not in manifest.labels:
        raise ModelError(f"the model of {path} is no letter model; reinstall it")
