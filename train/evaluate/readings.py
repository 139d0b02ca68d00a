"""Readings: what models said of photographs of signers that they never saw.

train.evaluate.leave_out makes them, train.evaluate.figures counts them. Nothing here knows how a
model works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.types import NONE
from train.arrays import DAMAGE, write_arrays
from train.letters.alphabets import ALPHABETS, LABELS, SHARED

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Readings:
    """N photographs, each read by a model that never saw its signer.

    truth: what it shows; a label, or another word for a hand that makes no sign.
    read, score: the best label of the alphabet that the truth is of ("letters" where it makes no
    sign), and its score; "" and 0 where no hand was found.
    lite: the label read from the lite model's landmarks; "" where it found no hand.
    logits: (N, L) over LABELS; NaN where no hand was found.
    dataset, signer: as in `Photo`. person: who was left out; photographs of one person, and the
    crop and the scene of one photograph, are never on both sides.
    """

    truth: Texts
    read: Texts
    score: Floats
    lite: Texts
    logits: Floats
    dataset: Texts
    signer: Texts
    person: Texts

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def missed(self) -> Bools:
        """Photographs in which no hand was found."""
        return np.asarray(self.read == "")

    @property
    def right(self) -> Bools:
        """Photographs that are read right; a missed hand is wrong."""
        return np.asarray(self.read == self.truth)

    def where(self, chosen: Bools) -> Readings:
        """Returns the chosen readings, (N,) bool."""
        return Readings(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def of(self, labels: Sequence[str]) -> Readings:
        """Returns the readings whose truth is one of these labels."""
        return self.where(np.isin(self.truth, labels))

    def save(self, path: Path) -> None:
        """Writes one .npz file, whole or not at all."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        write_arrays(path, arrays, compressed=True)


def load(path: Path) -> Readings:
    """Reads what `Readings.save` wrote; raises UsageError for any other file."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            return Readings(**{f.name: kept[f.name] for f in fields(Readings)})
    except DAMAGE as error:
        raise UsageError(f"{path} holds no readings; run: python -m train.evaluate") from error


def join(parts: Sequence[Readings]) -> Readings:
    """Returns the readings of all parts, in order."""
    names = [f.name for f in fields(Readings)]
    return Readings(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def softmax(logits: Floats) -> Floats:
    """Returns the scores, (..., L), of (..., L) logits."""
    scores = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(scores / scores.sum(-1, keepdims=True))


def best(logits: Floats, alphabet: str) -> tuple[Texts, Floats]:
    """Returns the best label of an alphabet and its score for each row of (N, L) logits.

    A label whose shape an earlier one has is read as that one, as edge.handshapes.letters does.
    """
    signs = ALPHABETS[alphabet]
    scores = softmax(logits[:, [LABELS.index(label) for label in (*signs, NONE)]])[:, :-1]
    for first, second in SHARED:
        if first in signs and second in signs:
            scores[:, signs.index(first)] += scores[:, signs.index(second)]
            scores[:, signs.index(second)] = 0
    return np.array(signs)[scores.argmax(1)], scores.max(1)
