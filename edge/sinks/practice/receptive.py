"""The other way round: the synthetic signer spells a word, and the learner types it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from edge.signer import Signer, spelling
from edge.sinks.practice.progress import Progress
from edge.types import Rgb

SPEED = 1.0  # of the signer: about 1.6 letters a second, a slow and clear pace
SIGNERS = 36  # so many different hands and rooms come up, by choice


class Shown(NamedTuple):
    """What is to be shown: what was typed; the word and whether that was right, once it is told."""

    typed: str
    word: str = ""
    right: bool = False


class Receptive:
    """Spells one word after the other, each again until it is typed."""

    def __init__(
        self,
        words: Sequence[str],
        progress: Progress,
        size: tuple[int, int],
        seed: int | None = None,
    ) -> None:
        """size: of the signer's pictures, width and height in pixels. seed: of what is chosen."""
        self._words, self._progress, self._size = words, progress, size
        self._chance = random.Random(seed)
        self._word, self.shown = "", Shown("")
        self._next(0.0)

    def draw(self, now_s: float) -> Rgb:
        """Returns the signer's picture at this time: (H, W, 3) uint8, red first."""
        elapsed_s = (now_s - self._since_s) % self._signer.end_s
        return self._signer.draw(elapsed_s)[0]

    def type(self, letter: str) -> None:
        """Adds a letter to what was typed; "" takes the last one back."""
        if not self.shown.word:
            typed = self.shown.typed + letter if letter else self.shown.typed[:-1]
            self.shown = Shown(typed[:20])

    def enter(self, now_s: float) -> None:
        """Judges what was typed, letter by letter; with the judgement shown, goes on."""
        if self.shown.word:
            self._next(now_s)
            return
        if not self.shown.typed:
            return
        for n, letter in enumerate(self._word):
            if self.shown.typed[n : n + 1] == letter:
                self._progress.right(letter, 0.0)
            else:
                self._progress.wrong(letter)
        self.shown = Shown(self.shown.typed, self._word, self.shown.typed == self._word)

    def _next(self, now_s: float) -> None:
        self._word = self._progress.choose(self._words, self._word, self._chance)
        seed = self._chance.randrange(SIGNERS)
        self._signer = Signer(spelling(self._word), seed=seed, speed=SPEED, size=self._size)
        self._since_s, self.shown = now_s, Shown("")
