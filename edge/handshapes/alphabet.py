"""Turns the logits of a model into a Prediction over the labels of one alphabet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError, UsageError
from edge.models import Manifest
from edge.types import NONE, Prediction

DRAWN = ("J", "Z")  # the letters that are drawn in the air
USUAL = "letters"  # the alphabet of a model that has it, if the user names no other


class Alphabet:
    """One alphabet of a model.

    name: of the alphabet; "" is the letters if the model reads them, else its first alphabet.
    drawn_logit: is added to the logits of the letters that are drawn, since a single picture shows
        only one pose of their trajectory. None: they are not read from single pictures, and have no
        score.
    Raises UsageError for an alphabet that the model does not read, ModelError if it reads none.
    """

    def __init__(
        self, manifest: Manifest, name: str = "", *, drawn_logit: float | None = 0.0
    ) -> None:
        known = manifest.alphabets
        if not known:
            raise ModelError(f"the model {manifest.name} reads no alphabet; train it again")
        if not name:
            name = USUAL if USUAL in known else next(iter(known))
        if name not in known:
            raise UsageError(
                f"the model {manifest.name} reads no alphabet {name!r}; it reads: "
                + ", ".join(known)
            )
        self.labels = known[name]
        index = {label: i for i, label in enumerate(manifest.labels)}
        used = self.labels + ((NONE,) if NONE in index else ())
        self._outputs = np.array([index[label] for label in used])
        here = {label: i for i, label in enumerate(self.labels)}
        self._offset = np.zeros(len(used), np.float32)
        drawn = [here[label] for label in DRAWN if label in here]
        self._offset[drawn] = -np.inf if drawn_logit is None else drawn_logit
        # Two labels with one hand shape look the same, so the first has the score of both.
        pairs = [(here[a], here[b]) for a, b in manifest.shared if a in here and b in here]
        self._first, self._second = np.array(pairs, np.intp).reshape(-1, 2).T
        unread = {*(drawn if drawn_logit is None else ()), *self._second.tolist()}
        self._read = np.array([i for i in range(len(self.labels)) if i not in unread])
        self._read_labels = tuple(self.labels[i] for i in self._read)

    def prediction(self, logits: npt.NDArray[np.float32]) -> Prediction:
        """Returns the best label and all scores, from the (L,) logits of the model's labels.

        The scores are a softmax over the alphabet and the label NONE, if the model has it. Labels
        that are not read, and the second of two labels with one hand shape, have no score.
        """
        mine = logits[self._outputs] + self._offset
        scores = np.exp(mine - mine.max())
        scores = (scores / scores.sum())[: len(self.labels)]
        scores[self._first] += scores[self._second]
        scores = scores[self._read]
        by_label = dict(zip(self._read_labels, scores.tolist(), strict=True))
        best = self._read_labels[int(scores.argmax())]
        return Prediction(best, by_label[best], by_label)
