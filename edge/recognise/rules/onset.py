"""Where a word begins: letters wait until it is clear that somebody spells, then come at once.

Hands that sign words, gesture or rest pass through letter shapes and even stop in them, but
briefly or while they travel. Spelled letters are held still, or follow each other in one place. So
the letters held so far are kept back until together they make `first_ms`: each counts for as long
as it was held still, and each after the first for `further_ms` more, however short. From then on,
letters are told as they come, until none was held for `run_ms` or the hand has gone elsewhere.

One letter alone is thus held for `first_ms`; of fast letters, the first is told with the second
or third. This module reads no clock; times are in ms, t_ns is stream time.
"""

from __future__ import annotations

from typing import NamedTuple


class Letter(NamedTuple):
    """A letter that was held: how surely, and for how long it was held still."""

    label: str
    score: float
    still_ms: float


class Word:
    """The letters that wait, and whether any need to."""

    def __init__(self, first_ms: float, further_ms: float, run_ms: float) -> None:
        self._first_ms = first_ms
        self._further_ms = further_ms
        self._run_ms = run_ms
        self.clear()

    def clear(self) -> None:
        """As if nothing had been spelled; letters that wait are dropped."""
        self._waiting: list[Letter] = []
        self._begun = False
        self._held_ns: int | None = None  # when a letter was held last

    @property
    def waits(self) -> bool:
        """Whether the letter held last has not been told."""
        return bool(self._waiting)

    def add(self, t_ns: int, letter: Letter, *, away: bool, instead: bool) -> None:
        """Another letter is held now.

        away: the hand has gone elsewhere since the last one. instead: the last one, which waits,
        was this one misread, and the hand has been still all along.
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

    def begin(self, t_ns: int, path_ms: float) -> None:
        """It is clear by other means that somebody spells: a letter drawn in path_ms at most."""
        if self._late(t_ns - int(path_ms * 1e6)):
            self.clear()
        self._begun = True
        self._held_ns = t_ns

    def take_back(self, labels: tuple[str, ...]) -> None:
        """Drops the last letter if it waits and is one of these."""
        if self._waiting and self._waiting[-1].label in labels:
            self._waiting.pop()

    def told(self) -> list[Letter]:
        """Returns the letters that need wait no longer, and forgets them."""
        sum_ms = sum(letter.still_ms for letter in self._waiting)
        sum_ms += self._further_ms * (len(self._waiting) - 1)
        if not self._begun and sum_ms < self._first_ms:
            return []
        told, self._waiting = self._waiting, []
        self._begun = self._begun or bool(told)
        return told

    def _late(self, t_ns: int) -> bool:
        return self._held_ns is None or (t_ns - self._held_ns) / 1e6 > self._run_ms
