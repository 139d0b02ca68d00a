"""The letter model as it reads photographs, in floating point: what evaluation trains and asks.

What edge.handshapes.letters does with the converted models, this does with the Keras ones, to many hands at
once; a test holds the two to the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.handshapes.alphabet import DRAWN
from edge.handshapes.closed import CLOSED, combined
from edge.handshapes.letters import DRAWN_LOGIT, features
from train.data.landmarks import VIEWS, Rows
from train.letters.alphabets import LABELS

LOOKS = ("found", "mirrored")  # as edge.hands.photograph.variants has them
_MINE = [LABELS.index(label) for label in CLOSED]
_DRAWN = [LABELS.index(label) for label in DRAWN]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Reader:
    """A letter model, and the one that tells closed hands apart by the full model's features."""

    letters: Any
    closed: Any | None

    def logits(self, rows: Rows, looks: tuple[str, ...] = LOOKS) -> Floats:
        """Returns the logits, (N, L) over LABELS, of rows that have the first of these looks."""
        total = np.zeros((len(rows), len(LABELS)), np.float32)
        count = np.zeros((len(rows), 1), np.float32)
        for v in (VIEWS.index(look) for look in looks):
            seen = ~np.isnan(rows.xyz[:, v, 0, 0])
            total[seen] += self._look(rows.where(seen), v)
            count[seen] += 1
        return np.asarray(total / count)

    def _look(self, rows: Rows, v: int) -> Floats:
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
        from convert.quiet_tensorflow import silenced

        for model, place in ((self.closed, _beside(path)), (self.letters, path)):
            if model is not None:
                part = place.with_name(f".{place.stem}.part.keras")
                with silenced():
                    model.save(part)
                part.replace(place)


def fit(photographs: Rows, more: Rows | None, recipe: Any, closed: Any) -> Reader:
    """Trains both models on these photographs, the letters on the landmark collections as well.

    recipe: of train.letters; closed: of train.letters.closed.
    """
    from train.data import landmarks
    from train.letters import __main__ as letters
    from train.letters import closed as closed_hands
    from train.letters import material

    rows = landmarks.join([photographs, more]) if more else photographs
    model = letters.fit(material.hands_of(rows, recipe), recipe)
    shut = closed_hands.closed_of(photographs)
    return Reader(model, closed_hands.fit(shut, closed) if len(shut) else None)


def load(path: Path) -> Reader:
    """Loads what `Reader.save` wrote; raises UsageError where there is nothing."""
    from convert.quiet_tensorflow import keras, silenced

    if not path.is_file():
        raise UsageError(f"there is no {path}; run: python -m train.evaluate")
    with silenced():
        beside = _beside(path)
        closed = keras.models.load_model(beside, compile=False) if beside.is_file() else None
        return Reader(keras.models.load_model(path, compile=False), closed)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-closed.keras")
