"""The evidence for each letter: running means of scores over stream time, and which letter leads.

Means decay exponentially. Between two samples the score is taken as the mean of both (the
trapezoidal rule), so that 10 and 60 frames a second integrate the same signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp


class Evidence:
    """Feed it the scores of each sample (`add`) and what the time since the last counts (`weigh`).

    tau_ms: the time constant of the means. unsure: a score that counts nothing towards `still_ms`.
    leader: the label with the highest mean; "" before the first. still_ms: for how long it has led,
    counted by how still the hand was and how probable the label.
    """

    leader: str
    still_ms: float

    def __init__(self, tau_ms: float, unsure: float) -> None:
        self._tau_ms = tau_ms
        self._unsure = unsure
        self.clear()

    def clear(self) -> None:
        """Forgets everything, as if nothing had been seen."""
        self.scores: Mapping[str, float] = {}  # of the last sample
        self.before: Mapping[str, float] = {}  # and of the one before
        self._means: dict[str, float] = {}
        self._lead_ends()

    def add(self, scores: Mapping[str, float]) -> None:
        """Takes the scores of the next sample."""
        self.before, self.scores = self.scores, scores

    def weigh(self, worth_ms: float, still_ms: float) -> None:
        """Moves the means towards the scores.

        Both times are what the interval since the last sample counts: worth_ms for the means,
        still_ms towards `still_ms`.
        """
        keep = exp(-worth_ms / self._tau_ms)
        means = self._means
        self._means = {
            label: keep * means.get(label, 0.0) + (1 - keep) * self._between(label)
            for label in self.scores
        }
        leader = max(self._means, key=self._means.__getitem__, default="")
        if leader != self.leader:
            self._lead_ends()
            self.leader = leader
        self._led_ms += worth_ms
        self._led_score_ms += worth_ms * self._between(leader)
        self.still_ms += still_ms * self.surety(leader)

    def of(self, label: str) -> float:
        """Returns a label's running mean."""
        return self._means.get(label, 0.0)

    def highest(self) -> float:
        """Returns the leader's running mean."""
        return max(self._means.values(), default=0.0)

    def score(self) -> float:
        """Returns the leader's mean score since it took the lead; its running mean is lower."""
        return min(max(self._led_score_ms / self._led_ms, 0.0), 1.0) if self._led_ms else 0.0

    def surety(self, label: str) -> float:
        """Returns what the last interval's score counts towards still time, 0 to 1."""
        return max(0.0, (self._between(label) - self._unsure) / (1 - self._unsure))

    def drop(self, label: str) -> None:
        """Forgets the evidence for this label."""
        self._means[label] = 0.0
        self._lead_ends()

    def keep_only(self, label: str) -> None:
        """Forgets the evidence for all other labels; for all labels where label is ""."""
        self._means = {label: self.of(label)} if label else {}
        if self.leader != label:
            self._lead_ends()

    def below(self, label: str, limit: float) -> float:
        """Returns the share of the last interval that the label's score spent below `limit`."""
        first, last = self.before.get(label, 0.0), self.scores.get(label, 0.0)
        low, high = min(first, last), max(first, last)
        if low >= limit:
            return 0.0
        return 1.0 if high <= limit else (limit - low) / (high - low)

    def _lead_ends(self) -> None:
        """No label leads until the next `weigh`."""
        self.leader = ""
        self._led_ms = self._led_score_ms = self.still_ms = 0.0

    def _between(self, label: str) -> float:
        return 0.5 * (self.before.get(label, 0.0) + self.scores.get(label, 0.0))
