"""A sequence model that reads an A or a B of every step at which the letter model is sure of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge.recognise.sequences.features import FEATURES, MOMENT, PAIR, SCORED, SCORES, STEP
from edge.recognise.sequences.recogniser import AHEAD, SPELLING
from edge.types import NONE
from tests.support.tiny_model import linear, save

LETTERS = ("A", "B")
LENGTH = AHEAD + 2  # steps


def save_sequence(path: Path, **fields: Any) -> Path:
    """Writes the model and its manifest, PATH, which says what `fields` say; returns PATH."""
    labels = (*LETTERS, NONE, SPELLING)
    weights = np.zeros((len(labels), LENGTH, PAIR, MOMENT))
    here = LENGTH - 1 - AHEAD
    for output, letter in enumerate(LETTERS):
        score = SCORES.start + SCORED.index(letter)
        weights[output, here, :, score] = 4
        weights[-1, here, :, score] = 4  # spelling
    weights[-1, here, :, -1] = 3  # two scores, of which at least one is low, and a hand
    others = [step for step in range(LENGTH) if step != here]
    weights[-2][others, :, -1] = 0.1  # no letter where there is no hand at the step, but elsewhere
    weights[-1][others, :, -1] = -0.5
    given: dict[str, Any] = {
        "kind": "sequence",
        "features": FEATURES,
        "labels": labels,
        "alphabets": {"letters": LETTERS},
    }
    return save(path, linear(weights.reshape(len(labels), LENGTH, STEP)), **{**given, **fields})
