"""How far a learner is: the word, the letter that is asked for, and what was read instead.

No drawing and no clock of its own, so that the window, and later the page, can show it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge.sinks.practice.progress import Progress
from edge.types import Landmarks, Result

SHOWN_S = 1.5  # a word that is done stays for so long: long enough to be seen
WRONG_S = 1.0  # a letter that is held once counts as wrong once, not again within so long

Advise = Callable[[str, str | None, Landmarks], str | None]


class Shown(NamedTuple):
    """What is to be shown.

    word and done: the word, and how many of its letters are right. instead: the letter that was
    read in place of the one asked for, or "". advice: what to change, or "". finished: the word is
    done. seconds: the time of the letter so far.
    """

    word: str
    done: int
    instead: str = ""
    advice: str = ""
    finished: bool = False
    seconds: float = 0.0

    @property
    def asked(self) -> str:
        """The letter that is asked for; "" once the word is done."""
        return self.word[self.done : self.done + 1]


class Lesson:
    """Asks for one word after the other, by the events of each frame."""

    def __init__(
        self, words: Sequence[str], progress: Progress, advise: Advise, seed: int | None = None
    ) -> None:
        """advise: says what to change (edge.handshapes.advice). seed: of the choice of words."""
        self._words, self._progress, self._advise = words, progress, advise
        self._chance = random.Random(seed)
        self._shown = Shown("", 0, finished=True)
        self._since_ns: int | None = None  # when the letter was asked for
        self._wrong_ns = 0

    def after(self, result: Result) -> Shown:
        """Takes a frame's result; returns what to show."""
        now_ns = result.frame.t_ns
        if self._shown.finished and (
            self._since_ns is None or now_ns - self._since_ns >= SHOWN_S * 1e9
        ):
            self.skip(now_ns)
        for event in result.events:
            if event.kind == "letter" and not self._shown.finished:
                labels = {event.label, event.alternative}
                self._letter(labels, event.label, result)
        if not result.hands and self._shown.instead:
            self._shown = self._shown._replace(instead="", advice="")
        since_ns = now_ns if self._since_ns is None else self._since_ns
        return self._shown._replace(seconds=(now_ns - since_ns) / 1e9)

    def skip(self, now_ns: int) -> None:
        """Goes on with another word."""
        word = self._progress.choose(self._words, self._shown.word, self._chance)
        self._shown, self._since_ns = Shown(word, 0), now_ns

    def _letter(self, labels: set[str | None], label: str, result: Result) -> None:
        """A letter was settled: the one asked for, or another."""
        now_ns, asked = result.frame.t_ns, self._shown.asked
        since_ns = now_ns if self._since_ns is None else self._since_ns
        if asked in labels:
            self._progress.right(asked, (now_ns - since_ns) / 1e9)
            done = self._shown.done + 1
            self._shown = Shown(self._shown.word, done, finished=done == len(self._shown.word))
            self._since_ns = now_ns
        elif now_ns - self._wrong_ns >= WRONG_S * 1e9 and not self._is_held_on(label):
            self._wrong_ns = now_ns
            self._progress.wrong(asked)
            advice = None
            if result.hands:
                advice = self._advise(asked, label, result.hands[0].landmarks)
            self._shown = self._shown._replace(instead=label, advice=advice or "")

    def _is_held_on(self, label: str) -> bool:
        """Whether this may be the letter before, which the hand has not left yet."""
        return self._shown.done > 0 and self._shown.word[self._shown.done - 1] == label
