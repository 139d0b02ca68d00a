"""The handshapes of one word -> its characters: which reading a shared handshape has.

Some letters and digits are one hand shape (the model's manifest names them: O and 0, for one).
Where both are in the alphabet, the word decides. A run of such signs that touches a sure digit on
either side is digits, else one that touches a sure letter is letters: ROOM, COVID, 19, A24, 12TH. A
word of nothing else is letters while it is open and a number once it ends: 20, 2026. Known words
that this would misread (OF, WOW, B2B) are read as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a word, as it was signed.

    label: what it was read as. other: what else its handshape may mean; None for nothing. score:
    0..1, of the sign; None where no model gave one. fixed: the reading is settled, and says
    something about its neighbours.
    """

    label: str
    other: str | None
    score: float | None
    fixed: bool

    @property
    def digit(self) -> str:
        """Its reading among digits."""
        return self.label if self.label.isdigit() else self.other or self.label

    @property
    def letter(self) -> str:
        """Its reading among letters."""
        return self.other if self.label.isdigit() and self.other else self.label


def read_word(signs: Sequence[Character], words: Iterable[str], ended: bool) -> str:
    """Returns a word's characters: each sign as its neighbours say, or as a known word has it."""
    for word in words:
        if len(word) == len(signs) and all(
            char == sign.label or (char == sign.other and not sign.fixed)
            for char, sign in zip(word, signs, strict=True)
        ):
            return word
    labels = [sign.label if sign.fixed else "" for sign in signs]
    start = 0
    while "" in labels[start:]:
        start = labels.index("", start)
        end = start
        while end < len(labels) and not labels[end]:
            end += 1
        around = "".join(labels[max(start - 1, 0) : start] + labels[end : end + 1])
        numeric = any(char.isdigit() for char in around) or (not around and ended)
        labels[start:end] = [sign.digit if numeric else sign.letter for sign in signs[start:end]]
        start = end
    return "".join(labels)
