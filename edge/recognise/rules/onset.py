"""The onset of a word: letters wait until it is clear that somebody spells, then come at once.

Hands that sign words, gesture or rest pass through letter shapes and even stop in them, but only
briefly or while they travel. Spelled letters are held still, or follow each other in one place. So
the letters held so far wait until together they make `first_ms`. Each counts for as long as it was
held still, and each after the first for `further_ms` more, however short it was. From then on
letters are settled as they come, until none was held for `run_ms` or the hand has gone elsewhere.

One letter alone is thus held for `first_ms`; of fast letters, the first is settled with the second
or third. This module reads no clock; times are in ms, t_ns is stream time.
"""

from __future__ import annotations

from typing import NamedTuple


class HeldLetter(NamedTuple):
    """A letter that was held: how probable it is, and for how long it was held still."""

    label: str
    score: float
    still_ms: float


class Onset:
    """The letters that wait, and whether any need to."""

    def __init__(self, first_ms: float, further_ms: float, run_ms: float) -> None:
        self._first_ms = first_ms
        self._further_ms = further_ms
        self._run_ms = run_ms
        self.clear()

    def clear(self) -> None:
        """Forgets everything, as if nothing had been spelled; letters that wait are dropped."""
        self._waiting: list[HeldLetter] = []
        self._begun = False
        self._held_ns: int | None = None  # when a letter was held last

    @property
    def waits(self) -> bool:
        """Whether the letter held last has not been settled."""
        return bool(self._waiting)

    def add(self, t_ns: int, letter: HeldLetter, *, away: bool, instead: bool) -> None:
        """Takes the next letter that is held.

        away: the hand has gone elsewhere since the last one. instead: the hand has kept still, and
        the last letter, which waits, was a misreading of this one.
        """
        if away or self._late(t_ns):
            self.clear()
        elif self._waiting and instead:
            letter = letter._replace(still_ms=letter.still_ms + self._waiting.pop().still_ms)
        elif self._waiting and self._waiting[-1].label == letter.label:
            self._waiting.pop()  # a letter that waits is not doubled: its hand may be on the move
        self._waiting.append(letter)
        self._held_ns = t_ns

    def hold(self, t_ns: int, still_ms: float) -> None:
        """The last letter is held on, still for so much of the time since the last frame."""
        self._held_ns = t_ns
        if self._waiting:
            last = self._waiting.pop()
            self._waiting.append(last._replace(still_ms=last.still_ms + still_ms))

    def begin(self, t_ns: int, drawn_ms: float) -> None:
        """Somebody spells for certain: a letter was drawn, which takes drawn_ms at most."""
        if self._late(t_ns - int(drawn_ms * 1e6)):
            self.clear()
        self._begun = True
        self._held_ns = t_ns

    def take_back(self, labels: tuple[str, ...]) -> None:
        """Drops the last letter if it waits and is one of these."""
        if self._waiting and self._waiting[-1].label in labels:
            self._waiting.pop()

    def settled(self) -> list[HeldLetter]:
        """Returns the letters that need wait no longer, and forgets them."""
        sum_ms = sum(letter.still_ms for letter in self._waiting)
        sum_ms += self._further_ms * (len(self._waiting) - 1)
        if not self._begun and sum_ms < self._first_ms:
            return []
        settled, self._waiting = self._waiting, []
        self._begun = self._begun or bool(settled)
        return settled

    def _late(self, t_ns: int) -> bool:
        return self._held_ns is None or (t_ns - self._held_ns) / 1e6 > self._run_ms
