"""Closed hands told apart by pixels: landmarks hardly differ where a thumb hides behind fingers.

Which of A, C, E, M, N, O, S, T a hand shows is told by a small int8 model over the landmark model's
pooled features, together with the landmarks' own word. How likely it is that the hand shows any of
them is left to the landmarks, which carry to new signers where pixels do not: pixel evidence for
the other letters made reading worse (train/LOG.md).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.models.manifest import open_model

CLOSED = tuple("ACEMNOST")

_Floats = npt.NDArray[np.float32]


def told_apart(logits: _Floats, pixels: _Floats) -> _Floats:
    """Returns (..., G) logits of the closed letters; together they are as likely as before.

    logits: (..., G), the landmarks' word; pixels: (..., G), theirs. The two are taken as
    independent witnesses: their probabilities multiply (product of experts, Hinton 2002).
    """
    both = logits + pixels
    return np.asarray(both + (_log_sum_exp(logits) - _log_sum_exp(both)))


def _log_sum_exp(logits: _Floats) -> _Floats:
    most = logits.max(-1, keepdims=True)
    return np.asarray(most + np.log(np.exp(logits - most).sum(-1, keepdims=True)))


class Closed:
    """The model over the pooled features of MediaPipe's full landmark model.

    path: of its manifest. Raises ModelError when the model is missing, altered, or another one.
    """

    def __init__(self, path: Path) -> None:
        manifest, self._model = open_model(path)
        if manifest.labels != CLOSED or len(manifest.inputs[0].shape) != 2:
            raise ModelError(f"the model of {path} does not tell closed hands apart; reinstall it")
        self.pooled = manifest.inputs[0].shape[1]

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        return self._model.invoke_ns

    def logits(self, pooled: _Floats) -> _Floats:
        """Returns the (G,) logits of CLOSED for the (P,) pooled features of one hand."""
        (logits,) = self._model.run(pooled[None])
        return np.asarray(logits[0])


def open_closed(letters: Path, pooled: int) -> Closed | None:
    """Opens the model that goes with a letter model: NAME-closed beside NAME.

    letters: the manifest of the letter model. pooled: how many pooled features there are. Returns
    None where there is no such model, or one for other features: those of the lite landmark model
    tell closed hands apart no better than its landmarks do (train/LOG.md).
    """
    path = letters.with_name(f"{letters.stem}-closed.json")
    closed = Closed(path) if pooled and path.is_file() else None
    return closed if closed and closed.pooled == pooled else None
