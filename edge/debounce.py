"""Predictions -> letter events: a letter is settled by evidence over time, never by a frame count.

Frame rates differ, vary, and frames get dropped, so every rule here is about milliseconds of
stream time (`t_ns`); this module reads no clock.

Evidence. For each label, a running mean of its score with exact exponential decay. Between two
looks at the hand, dt apart, the score is taken as the mean of both (trapezoid), so 10 and 60
frames a second integrate the same signal. The time constant is chosen such that a sure letter
(score 1) held still reaches `on` after `hold_ms`; an unsure one takes longer, and one whose
score never reaches `on` is never settled.

Motion. Time counts for less while the hand moves or changes shape: an interval is worth
1 / (1 + (shape speed / shape_speed)^2 + (palm speed / palm_speed)^2) of its length, speeds in
palm lengths a second. So a letter that is merely passed through collects next to nothing.

Repeats. A settled letter is held, and not settled again, until one of these:
- release: its score stays below `off` for `release_ms`, the hand having changed shape (it opens
  or relaxes);
- the hand is out of view for `lost_ms`; a missed frame or two is no release;
- slide: the palm jumps sideways by `slide` palm lengths from an anchor that follows it with
  `anchor_ms`, as fluent signers show a double letter; slow drift drags the anchor along. The
  letter must then be held still again. A camera knocked sideways that far looks the same.
Another letter needs no release, but it needs a change of shape: some joint `change` palm lengths
from where it was when the letter was settled. A hand that keeps still keeps its letter, however
the scores of two that look alike go up and down.

Drawn letters. J and Z are read from the path of the hand (edge/motion.py) and never from a still:
`motion` settles at once, and is held, so that the pose at the end of the path is no letter. The
pose that the path begins with is an I, or close to a D. If it was held long enough to be settled,
a delete event takes it back: waiting with every I until it can be no J would make fast spellers
lose theirs.

Blind time (dropped frames, frames on which the hand was missed) neither adds nor takes evidence
beyond `gap_ms` an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite, log

import numpy as np

from edge.errors import UsageError
from edge.speed import Speed
from edge.types import Event, Hand, Prediction

_SIDEWAYS = 1.5  # a slide goes this much farther sideways than up or down
_NS_PER_MS = 1e6
_ANEW_NS = 1_000_000_000
DRAWN = {"J": ("I",), "Z": ("D", "X", "1")}  # and what the pose they begin with is read as
_DRAWING_NS = 1_500_000_000  # the longest from letting go of that pose to the end of the path


@dataclass(frozen=True, slots=True)
class DebounceConfig:
    """When a letter counts. Times in ms; scores 0..1; lengths in palm lengths.

    Defaults were chosen on the synthetic signer, its hands found by MediaPipe's models: while a
    letter is held, shape speed has median 0.1 and 90th percentile 0.3 palm lengths a second, on
    the way to the next letter 1.2 and 4.0; recorded hands hold as still. A palm is 0.68 palm
    lengths wide; the signer slides a repeated letter by 0.6 in 0.17 s.

    hold_ms: how long a sure letter must be held still.
    on, off: evidence that settles a letter; score below which it is being released.
    release_ms: how long below `off` before the same letter may come again.
    lost_ms: how long out of view before the same letter may come again.
    slide: sideways jump that repeats a letter; the anchor follows, so the hand goes farther.
    anchor_ms: how slowly the anchor follows; a drift slower than slide / anchor_ms never repeats.
    change: least change of shape from one letter to the next. Held hands stay within 0.16 in 90 %
        of recorded sequences; M and N, the most alike, differ by 0.24 in 90 % of signers.
    shape_speed, palm_speed: speeds at which time counts half, in palm lengths a second.
    gap_ms: the most that one interval between two looks may count.
    """

    hold_ms: float = 90.0
    on: float = 0.45
    off: float = 0.25
    release_ms: float = 100.0
    lost_ms: float = 250.0
    slide: float = 0.3
    anchor_ms: float = 300.0
    change: float = 0.15
    shape_speed: float = 2.0
    palm_speed: float = 2.5
    gap_ms: float = 150.0

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        for name in self.__slots__:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise UsageError(f"debounce.{name} is {value}; it must be a number above 0")
        if not self.off < self.on < 1:
            raise UsageError(
                f"debounce.off is {self.off} and debounce.on {self.on}; they must be off < on < 1"
            )


class Debouncer:
    """Feed it every frame in order; it returns a letter event when one is settled."""

    def __init__(self, config: DebounceConfig = DebounceConfig()) -> None:
        self.config = config
        self._tau_ms = config.hold_ms / -log(1 - config.on)
        self._speed = Speed()
        self._t_ns: int | None = None  # of the last frame
        self._missed_ns: int | None = None  # of the first of the frames without a hand up to now
        self._forget()

    def _forget(self) -> None:
        """As if no hand had been seen."""
        self._seen_ns: int | None = None  # of the last frame with a hand
        self._scores: dict[str, float] = {}  # on that frame
        self._evidence: dict[str, float] = {}
        self._leader = ""  # the label with the most evidence; since when, and its summed score
        self._leader_ms = self._leader_score_ms = 0.0
        self._held: str | None = None
        self._let_go: tuple[str, int] | None = None  # the letter held last, and until when
        self._changed = True  # shape, since the held letter was settled
        self._moving = False
        self._below_ms = 0.0  # for how long the held letter's score has been below `off`

    @property
    def signing(self) -> bool:
        """True while a hand in view holds a letter, or moves or looks as if to form one."""
        return self._missed_ns is None and (
            self._held is not None
            or self._moving
            or max(self._evidence.values(), default=0.0) >= self.config.off
        )

    def update(
        self,
        t_ns: int,
        hand: Hand | None,
        prediction: Prediction | None,
        motion: Prediction | None = None,
    ) -> tuple[Event, ...]:
        """One frame: its time stamp, the hand and what it looks like (None: no hand in view).

        motion: the letter whose path was completed on this frame, if one was.
        A time stamp that is not later than the one before is ignored, with all that came with it;
        one that goes back by a second or more begins another recording, and a new hand.
        """
        if self._t_ns is not None and t_ns <= self._t_ns:
            if self._t_ns - t_ns < _ANEW_NS:
                return ()
            self._forget()
            self._missed_ns = None
        self._t_ns = t_ns
        if hand is None or prediction is None or not np.isfinite(hand.landmarks).all():
            self._miss(t_ns)
            return ()
        self._missed_ns = None
        before_ns, self._seen_ns = self._seen_ns, t_ns
        before, self._scores = (
            self._scores,
            {label: score for label, score in prediction.scores.items() if label not in DRAWN},
        )
        if before_ns is None:
            self._speed.start(hand)
            return ()
        dt_ms = min((t_ns - before_ns) / _NS_PER_MS, self.config.gap_ms)
        shape_speed, palm_speed = self._speed.move(hand, dt_ms, self.config.anchor_ms)
        if self._held is not None:
            self._release(before, dt_ms)
        weight = 1 / (
            1
            + (shape_speed / self.config.shape_speed) ** 2
            + (palm_speed / self.config.palm_speed) ** 2
        )
        self._moving = weight < 0.5
        self._weigh(before, dt_ms * weight)
        if self._held is not None:
            self._let_go = self._held, t_ns
        return self._drawn(t_ns, motion) if motion else self._settle(t_ns)

    def _drawn(self, t_ns: int, motion: Prediction) -> tuple[Event, ...]:
        """The event of a letter drawn in the air, after that which takes its first pose back."""
        label, until_ns = self._let_go or ("", 0)
        begun = label in DRAWN[motion.label] and t_ns - until_ns <= _DRAWING_NS
        self._hold(motion.label)
        self._evidence = {}
        drawn = Event("letter", motion.label, motion.score, t_ns)
        return (Event("delete", "", 1.0, t_ns), drawn) if begun else (drawn,)

    def _miss(self, t_ns: int) -> None:
        """No hand on this frame: after lost_ms of it, all is forgotten."""
        if self._missed_ns is None:
            self._missed_ns = t_ns
        if (t_ns - self._missed_ns) / _NS_PER_MS >= self.config.lost_ms:
            self._forget()

    def _release(self, before: dict[str, float], dt_ms: float) -> None:
        """Lets go of the held letter when its score has been low for long, or the hand slid."""
        assert self._held is not None
        first, last = before.get(self._held, 0.0), self._scores.get(self._held, 0.0)
        self._below_ms += dt_ms * _share_below(self.config.off, first, last)
        if not self._changed and self._speed.shape_change() >= self.config.change:
            self._changed = True  # what spoke for another letter before, spoke of this shape
            self._evidence = {self._held: self._evidence.get(self._held, 0.0)}
        dx, dy = self._speed.from_anchor
        slid = abs(dx) >= self.config.slide and abs(dx) > _SIDEWAYS * abs(dy)
        if slid:
            self._evidence = {}
            self._held = None
            self._changed = True
        elif self._changed and self._below_ms >= self.config.release_ms:
            self._evidence[self._held] = 0.0  # what follows it may be on its way already
            self._held = None
        if last >= self.config.off:
            self._below_ms = 0.0

    def _weigh(self, before: dict[str, float], dt_ms: float) -> None:
        """Moves the evidence towards the scores over the interval, the mean of both ends."""
        keep = exp(-dt_ms / self._tau_ms)
        gain = 0.5 * (1 - keep)
        evidence = self._evidence
        self._evidence = {
            label: keep * evidence.get(label, 0.0) + gain * (before.get(label, 0.0) + score)
            for label, score in self._scores.items()
        }
        leader = max(self._evidence, key=self._evidence.__getitem__, default="")
        if leader != self._leader:
            self._leader, self._leader_ms, self._leader_score_ms = leader, 0.0, 0.0
        score = 0.5 * (before.get(leader, 0.0) + self._scores.get(leader, 0.0))
        self._leader_ms += dt_ms
        self._leader_score_ms += dt_ms * score

    def _settle(self, t_ns: int) -> tuple[Event, ...]:
        """The event, if a label other than the held one leads and has enough evidence.

        Its score on this frame must be enough too: a letter that has just gone comes too late.
        The event's score is the label's mean score since it took the lead: the evidence itself
        would always be just above `on`.
        """
        label = self._leader
        if label == self._held or not self._changed:
            return ()
        if min(self._evidence.get(label, 0.0), self._scores.get(label, 0.0)) < self.config.on:
            return ()
        self._hold(label)
        score = self._leader_score_ms / self._leader_ms
        return (Event("letter", label, min(max(score, 0.0), 1.0), t_ns),)

    def _hold(self, label: str) -> None:
        """From here on `label` is held."""
        self._held = label
        self._changed = False
        self._below_ms = 0.0
        self._speed.mark()


def _share_below(limit: float, first: float, last: float) -> float:
    """The share of an interval that a score going evenly from first to last spends below limit."""
    low, high = min(first, last), max(first, last)
    if low >= limit:
        return 0.0
    return 1.0 if high <= limit else (limit - low) / (high - low)
