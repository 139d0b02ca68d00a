"""Closed hands: pixels help where the thumb hides behind the fingers and landmarks hardly differ.

A small int8 model reads A, C, E, M, N, O, S and T from the pooled features of the landmark model.
Its logits are combined with those of the letter model. The total probability of these eight letters
stays as the landmarks have it, since landmarks carry to new signers and pixels do not. Pixels for
the other letters made reading worse (train/LOG.md).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.models import open_model

# The closed hands, for which pixels read signers never seen better than landmarks do; for other
# groups of letters pixels help less or harm (train/LOG.md, "Pixels among letters that landmarks
# confuse").
CLOSED = tuple("ACEMNOST")

_Floats = npt.NDArray[np.float32]


def combined(logits: _Floats, pixels: _Floats) -> _Floats:
    """Returns (..., G) logits of the closed letters, with their total probability unchanged.

    logits: (..., G) from landmarks. pixels: (..., G) from pixels. The two are treated as
    independent evidence: their probabilities multiply (product of experts, Hinton 2002).
    """
    both = logits + pixels
    return np.asarray(both + (_log_sum_exp(logits) - _log_sum_exp(both)))


def _log_sum_exp(logits: _Floats) -> _Floats:
    most = logits.max(-1, keepdims=True)
    return np.asarray(most + np.log(np.exp(logits - most).sum(-1, keepdims=True)))


class Closed:
    """The model over the pooled features of MediaPipe's full landmark model.

    path: of its manifest. Raises ModelError if the model is missing, altered, or of another kind.
    """

    def __init__(self, path: Path) -> None:
        manifest, self.model = open_model(path)
        if manifest.labels != CLOSED or len(manifest.inputs[0].shape) != 2:
            raise ModelError(f"the model of {path} does not read closed hands; reinstall it")
        self.pooled = manifest.inputs[0].shape[1]

    def logits(self, pooled: _Floats) -> _Floats:
        """Returns the (G,) logits of CLOSED for the (P,) pooled features of one hand."""
        (logits,) = self.model.run(pooled[None])
        return np.asarray(logits[0])


def open_closed(letters: Path, pooled: int) -> Closed | None:
    """Opens the model of closed hands that belongs to a letter model: NAME-closed beside NAME.

    letters: the path of the letter model's manifest. pooled: how many pooled features a hand has.
    Returns None if there is no such model, or if it takes another number of features. The features
    of the lite landmark model improve nothing (train/LOG.md), so there is no model for them.
    """
    path = letters.with_name(f"{letters.stem}-closed.json")
    closed = Closed(path) if pooled and path.is_file() else None
    return closed if closed and closed.pooled == pooled else None
