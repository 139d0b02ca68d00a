"""What the letter model's outputs stand for, and which of them are right for what a hand shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.types import NONE
from train.data.datasets import EMPTY, NO_LETTER

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = tuple("0123456789")
LABELS = (*LETTERS, *DIGITS, NONE)
ALPHABETS = {"letters": LETTERS, "digits": DIGITS, "both": (*LETTERS, *DIGITS)}
# One hand shape each; F and 9 differ in nothing that a still shows.
SHARED = (("O", "0"), ("V", "2"), ("W", "6"), ("F", "9"))
# Signs whose shape a careless signer makes for a sign of the other alphabet. The loss ignores them
# in the alphabet that they are not of, so that the model may say either a sign or "no sign".
AKIN = frozenset("BCDEGHKLRSUX1347")
_INDEX = {label: i for i, label in enumerate(LABELS)}


def allowed(label: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Returns which outputs are right for a hand labelled so: (3, L) bool, and (3,) weights.

    One row an alphabet, in the order of ALPHABETS. weight: 0 where the loss ignores the hand, -1
    where the label is of the other alphabet: the recipe says how much that counts.
    """
    right = np.zeros((len(ALPHABETS), len(LABELS)), bool)
    weight = np.ones(len(ALPHABETS), np.float32)
    twin = {**dict(SHARED), **{b: a for a, b in SHARED}}.get(label)
    for a, alphabet in enumerate(ALPHABETS.values()):
        if label in (NONE, EMPTY) or (label == NO_LETTER and alphabet == LETTERS):
            right[a, _INDEX[NONE]] = True
        elif label == NO_LETTER:
            weight[a] = 0
        else:
            for sign in (label, twin):
                if sign in alphabet:
                    right[a, _INDEX[sign]] = True
            if label not in alphabet:
                weight[a] = -1
                if twin is None:
                    right[a, _INDEX[NONE]] = True
                    weight[a] = 0 if label in AKIN else -1
    return right, weight
