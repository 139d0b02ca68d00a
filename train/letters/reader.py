"""The letter model as it reads photographs, in floating point: evaluation trains and runs it.

What edge.handshapes.letters does with the converted models, this does with the Keras ones, to many
hands at once; a test checks that both give the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.quiet_tensorflow import load_model, save_model
from edge.errors import UsageError
from edge.handshapes.alphabet import DRAWN
from edge.handshapes.closed import CLOSED, combined
from edge.handshapes.letters import DRAWN_LOGIT, features
from train.data.landmarks import VIEWS, Rows, join
from train.letters import closed as closed_hands
from train.letters.alphabets import LABELS
from train.letters.fit import fit as letters_fit
from train.letters.material import Recipe, hands_of

STILL_VIEWS = ("found", "mirrored")  # those of a photograph that edge.hands.photograph reads
_MINE = [LABELS.index(label) for label in CLOSED]
_DRAWN = [LABELS.index(label) for label in DRAWN]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Reader:
    """A letter model, and the one that tells closed hands apart by the full model's features."""

    letters: Any
    closed: Any | None

    def logits(self, rows: Rows, views: tuple[str, ...] = STILL_VIEWS) -> Floats:
        """Returns the logits, (N, L) over LABELS, of rows that have the first of these views.

        A row's logits are the mean over those of the views that it has.
        """
        total = np.zeros((len(rows), len(LABELS)), np.float32)
        count = np.zeros((len(rows), 1), np.float32)
        for v in (VIEWS.index(view) for view in views):
            seen = ~np.isnan(rows.xyz[:, v, 0, 0])
            total[seen] += self._of_view(rows.where(seen), v)
            count[seen] += 1
        return np.asarray(total / count)

    def _of_view(self, rows: Rows, v: int) -> Floats:
        x = features(rows.xyz[:, v], rows.left[:, v])
        logits = np.array(self.letters(x, training=False))
        if self.closed is not None and "lite" not in VIEWS[v]:
            pooled = rows.pooled[:, v].astype(np.float32)
            pixels = np.asarray(self.closed(pooled, training=False))
            logits[:, _MINE] = combined(logits[:, _MINE], pixels)
        logits[:, _DRAWN] += DRAWN_LOGIT
        return logits

    def save(self, path: Path) -> None:
        """Writes PATH and, where there is one, the model of closed hands beside it."""
        if self.closed is not None:
            save_model(self.closed, _beside(path))
        save_model(self.letters, path)


def fit(
    photographs: Rows, more: Rows | None, recipe: Recipe, closed: closed_hands.Recipe
) -> Reader:
    """Trains both models on these photographs, that of the letters on `more` as well.

    more: landmark collections, which have no pooled features for the closed hands to learn from.
    recipe: of the letters. closed: of the closed hands.
    """
    rows = join([photographs, more]) if more else photographs
    model = letters_fit(hands_of(rows, recipe), recipe)
    shut = closed_hands.closed_of(photographs)
    return Reader(model, closed_hands.fit(shut, closed) if len(shut) else None)


def load(path: Path) -> Reader:
    """Loads what `Reader.save` wrote; raises UsageError where there is nothing."""
    if not path.is_file():
        raise UsageError(f"there is no {path}; run: python -m train.evaluate")
    beside = _beside(path)
    return Reader(load_model(path), load_model(beside) if beside.is_file() else None)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-closed.keras")
