"""The outputs of a sequence model, step by step -> the letters that are settled."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import exp

import numpy as np

from edge.recognise.sequences.features import Floats


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """When the model's outputs become a letter.

    opens and closes are the best of nine settings on material held back from training
    (train/LOG.md, "As chosen"). stop_speed and slide are those of edge/recognise/rules. The others
    were chosen by hand while the first model was made, and were not compared.

    evidence: how much probability a letter must gather, in steps of probability 1.
    opens: how much a word must gather to begin: of the letters that wait, the probabilities times
        that of spelling, in steps.
    closes: a word is over when the probability of spelling, mean of mean_steps, is below this.
    waits_steps: for so long a letter waits for its word to begin.
    apart: how much probability of no letter, in steps, lets the same letter come again. It counts
        half where the palm moves at stop_speed, palm lengths a second, since a hand that bounces
        looks like no letter for a moment.
    slide: palm lengths sideways that let the same letter come again after any gap.
    """

    evidence: float = 0.7
    opens: float = 2.5
    closes: float = 0.3
    mean_steps: int = 4
    waits_steps: int = 10
    apart: float = 0.8
    stop_speed: float = 1.0
    slide: float = 0.3


@dataclass
class _Waiting:
    """A letter that waits for its word to begin. gathered: towards DecoderConfig.opens."""

    label: str
    score: float
    gathered: float
    steps: int = 0


class Decoder:
    """Feed it the model's outputs for every step.

    A letter counts when enough probability of it has come together. Within a word it is settled at
    once. Before, letters wait until they and the probability of spelling together make a word
    begin: a letter that is held for long needs little of that probability, two short ones need
    much.

    labels: of the model's outputs but the last two, which are "no letter" and "spelling".
    """

    def __init__(self, labels: tuple[str, ...], config: DecoderConfig = DecoderConfig()) -> None:
        self._labels, self._config = labels, config
        self._spelling: deque[float] = deque(maxlen=config.mean_steps)  # probabilities of late
        self._run = -1  # the output that is the most probable now; -1 before the first step
        self._gathered = 0.0  # probability of it since it is
        self._gathered_open = 0.0  # the same, each times that of spelling
        self._best = 0.0  # the highest probability of it
        self._counted = False  # this run has become a letter, or belongs to the one before
        self._last: str | None = None  # the letter that counted last and may not come again yet
        self._apart = 0.0  # probability of no letter since then
        self._aside = 0.0  # palm lengths that the hand has gone sideways since it was shown last
        self._open = False
        self._waiting: list[_Waiting] = []

    @property
    def signing(self) -> bool:
        """Whether a word has begun and is not over, or a letter waits for that."""
        return self._open or bool(self._waiting)

    def step(
        self, logits: Floats, aside: float = 0.0, speed: float = 0.0
    ) -> list[tuple[str, float]]:
        """Takes one step; returns the letters that are settled, with their scores, 0..1.

        logits: (L + 2,). aside: palm lengths that the palm goes sideways in the step that they are
        of. speed: how fast it goes, in palm lengths a second.
        """
        odds = np.exp(logits[:-1] - logits[:-1].max())
        odds /= odds.sum()
        spelling = 1 / (1 + exp(-min(max(float(logits[-1]), -30.0), 30.0)))
        self._spelling.append(spelling)
        self._go_on(int(odds.argmax()), float(odds.max()), spelling)
        self._aside += aside
        if self._run == len(self._labels):
            self._apart += float(odds.max()) / (1 + (speed / self._config.stop_speed) ** 2)
        else:
            self._show()
        return self._settled()

    def _go_on(self, output: int, probability: float, spelling: float) -> None:
        """Counts the most probable output of a step."""
        if output != self._run:
            self._run, self._counted = output, False
            self._gathered = self._gathered_open = self._best = 0.0
        self._gathered += probability
        self._gathered_open += probability * spelling
        self._best = max(self._best, probability)

    def _show(self) -> None:
        """Counts a letter that is shown in this step."""
        c, label = self._config, self._labels[self._run]
        apart = self._apart >= c.apart or (self._apart > 0 and abs(self._aside) >= c.slide)
        if not self._counted and apart:
            self._last = None
        if self._counted:
            if self._waiting and self._waiting[-1].label == label:
                self._waiting[-1] = _Waiting(label, self._best, self._gathered_open)
        elif self._gathered >= c.evidence:
            self._counted = True
            if label != self._last:
                self._last = label
                self._waiting.append(_Waiting(label, self._best, self._gathered_open))
        if label == self._last:
            self._apart = self._aside = 0.0

    def _settled(self) -> list[tuple[str, float]]:
        """Returns the letters that wait, if their word has begun; drops those that are too old."""
        c = self._config
        if sum(self._spelling) / len(self._spelling) < c.closes:
            self._open = False
        if sum(one.gathered for one in self._waiting) >= c.opens:
            self._open = True
        if self._open:
            settled = [(one.label, one.score) for one in self._waiting]
            self._waiting = []
            return settled
        for one in self._waiting:
            one.steps += 1
        self._waiting = [one for one in self._waiting if one.steps <= c.waits_steps]
        return []
