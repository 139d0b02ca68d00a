"""What is spelled in streams: English words, names, and random strings.

The words are those that signing/landmarks.npz has signs for. Half of all strings are random, since
people spell names and words that have no sign, and a model should learn no dictionary. The shares
are a choice; no other was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.errors import UsageError
from train.arrays import DAMAGE
from train.letters.alphabets import LETTERS

# Given names and places, all letters among them, which were written down for this.
NAMES = tuple(Path(__file__).with_name("names.txt").read_text().split())
RANDOM, NAMED = 0.5, 0.2  # shares of random strings and of names; the rest are words
DOUBLED = 0.06  # share of a random string's letters that repeat the one before
LONGEST = 9  # letters


def vocabulary(data: Path) -> tuple[str, ...]:
    """Reads the words that DATA/signing has signs for; raises UsageError if it cannot."""
    path = data / "signing" / "landmarks.npz"
    try:
        with np.load(path) as file:
            words = ["".join(c for c in str(w).upper() if c in LETTERS) for w in file["word"]]
    except DAMAGE as error:
        raise UsageError(f"the word signs {path} are missing or cannot be read") from error
    return tuple(sorted({word for word in words if 2 <= len(word) <= LONGEST}))


def draw(random: np.random.Generator, words: Sequence[str]) -> str:
    """Returns one string of 2 to LONGEST letters, or a name."""
    kind = random.random()
    if kind < RANDOM:
        count = int(min(2 + random.geometric(0.35) - 1, LONGEST))
        letters = random.choice(np.array(LETTERS), count)
        for i in range(1, count):
            if random.random() < DOUBLED:
                letters[i] = letters[i - 1]
        return "".join(letters)
    return str(random.choice(np.array(NAMES if kind < RANDOM + NAMED else words)))
