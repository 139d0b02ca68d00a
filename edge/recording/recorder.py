"""From frames to takes of a gesture: what is shown to the user, and what is kept.

It waits for a hand, counts down, records for some seconds, and hands out the take if the hand was
seen for most of it and moved; then the next. All times are the stream's own, so that a film or the
synthetic signer is recorded as a camera is; this module reads no clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.errors import UsageError
from edge.recognise.rules.trajectory import ANY
from edge.recording.takes import Take, checked_name
from edge.types import NONE, Hand, Status

# All of these are choices: no experiment varied them.
STEADY_S = 0.3  # a hand in view for so long has come; gone for so long, it has left
MISSED_S = STEADY_S  # without a hand for so long, the user is asked to bring it back
ASK_S = 10.0  # between two requests to show a hand
AHEAD_S = 0.5  # of the countdown is part of the take: hands start early
FRAMES = 5  # the least of a take
SEEN = 0.5  # share of a take's frames that must show the hand


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be recorded: `takes` more of a gesture, into FOLDER/NAME.

    seconds: how long a take is. countdown_s: from the hand's coming to the take; 0: a take begins
    whenever a hand comes into view, and ends when it leaves, as in a film of takes.
    """

    name: str
    folder: Path
    takes: int = 15
    seconds: float = 2.5
    countdown_s: int = 3

    def __post_init__(self) -> None:
        """Raises UsageError for a name or a number that makes no sense."""
        object.__setattr__(self, "name", checked_name(self.name))
        if not 1 <= self.takes <= 1000:
            raise UsageError(f"--takes is {self.takes}; it must be 1 to 1000")
        if not (math.isfinite(self.seconds) and 0.5 <= self.seconds <= 30):
            raise UsageError(f"--seconds is {self.seconds:g}; it must be 0.5 to 30")
        if not 0 <= self.countdown_s <= 10:
            raise UsageError(f"--countdown is {self.countdown_s}; it must be 0 to 10 seconds")


@dataclass(slots=True)
class Step:
    """What one frame leads to: each is None where there is none.

    say: a line for the user. status: what stands large in the window. take: one that is complete
    and good.
    """

    say: str | None = None
    status: Status | None = None
    take: Take | None = None


@dataclass(slots=True)
class _Samples:
    """What is seen of a hand, and on how many frames it could have been."""

    t_s: list[float] = field(default_factory=list)
    hands: list[Hand | None] = field(default_factory=list)

    def add(self, t_s: float, hand: Hand | None) -> None:
        self.t_s.append(t_s)
        self.hands.append(hand)

    def keep_from(self, t_s: float) -> None:
        first = sum(then < t_s for then in self.t_s)
        del self.t_s[:first], self.hands[:first]

    def take(self) -> Take:
        seen = [(t_s, hand) for t_s, hand in zip(self.t_s, self.hands, strict=True) if hand]
        t_ms = np.array([(t_s - self.t_s[0]) * 1000 for t_s, _ in seen])
        landmarks = [hand.landmarks for _, hand in seen]
        left = sum(hand.handedness == "left" for _, hand in seen)
        shape = (len(seen), 21, 3)
        return Take(t_ms, np.array(landmarks, np.float32).reshape(shape), 2 * left > len(seen))


class Recorder:
    """Feed it every frame in order; it says what to do, and returns each take that is good."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._still = order.name == NONE  # takes of no gesture need not move
        self._t_s = -math.inf
        self.seen = False  # a hand, ever
        self._wait_until_gone = False
        self._wait()

    def update(self, t_ns: int, hand: Hand | None) -> Step:
        """One frame: its time stamp and the hand, or None."""
        t_s = t_ns / 1e9
        if t_s < self._t_s:  # another recording
            self._wait()
        elif t_s == self._t_s:
            return Step()
        self._t_s = t_s
        if hand is not None and not np.isfinite(hand.landmarks).all():
            hand = None
        self.seen = self.seen or hand is not None
        return self._phase(t_s, hand)

    def _wait(self) -> None:
        self._phase: Callable[[float, Hand | None], Step] = self._waiting
        self._since_s: float | None = None  # the hand has been there, or gone
        self._asked_s = -math.inf
        self._samples = _Samples()

    def _waiting(self, t_s: float, hand: Hand | None) -> Step:
        if (hand is not None) == self._wait_until_gone:
            self._since_s = None
            self._samples = _Samples()
            say = None
            if t_s - self._asked_s >= ASK_S:
                self._asked_s = t_s
                say = "take your hand out of the picture" if hand else "show your hand"
            return Step(say)
        self._since_s = t_s if self._since_s is None else self._since_s
        self._samples.add(t_s, hand)
        if t_s - self._since_s < STEADY_S:
            return Step()
        if self._wait_until_gone:
            self._wait_until_gone = False
            self._wait()
            return Step()
        if self._order.countdown_s == 0:
            return self._begin(self._since_s)
        self._phase = self._counting
        self._until_s = t_s + self._order.countdown_s
        self._missed_s: float | None = None
        self._count = self._order.countdown_s
        return Step(f"{self._count}", Status(f"{self._count}", 0.0))

    def _counting(self, t_s: float, hand: Hand | None) -> Step:
        self._samples.add(t_s, hand)
        say = self._missed(t_s, hand)
        if t_s >= self._until_s:
            if hand is None:  # it is waited for, and the take begins as it comes
                self._samples = _Samples()
                return Step(say)
            self._samples.keep_from(t_s - AHEAD_S)
            return self._begin(t_s)
        left = math.ceil(self._until_s - t_s)
        if left < self._count:
            self._count = left
            say = say or f"{left}"
        return Step(say, Status(f"{left}", 0.0))

    def _begin(self, t_s: float) -> Step:
        self._phase = self._taking
        self._missed_s = None
        self._begun_s = t_s
        hold = "move or rest as you like" if self._still else "make the gesture, then hold still"
        return Step(f"now: {hold}", Status("go", 0.0))

    def _taking(self, t_s: float, hand: Hand | None) -> Step:
        over = (t_s - self._begun_s) / self._order.seconds
        if over >= 1:
            return self._judged()
        self._samples.add(t_s, hand)
        say = self._missed(t_s, hand)
        if say and self._order.countdown_s == 0:  # it has come and gone: that was the take
            return self._judged()
        return Step(say, Status("go", over))

    def _missed(self, t_s: float, hand: Hand | None) -> str | None:
        """What to say of a hand that is not seen: once, after a while."""
        if hand is not None:
            self._missed_s = None
            return None
        self._missed_s = t_s if self._missed_s is None else self._missed_s
        if t_s - self._missed_s < MISSED_S:
            return None
        self._missed_s = math.inf
        return "your hand is not seen: bring it back into the picture"

    def end(self) -> Step:
        """The source ended: a take that is half over is one."""
        taking = self._phase == self._taking
        if taking and self._t_s - self._begun_s >= 0.5 * self._order.seconds:
            return self._judged()
        return Step()

    def _judged(self) -> Step:
        """The take is over: it is handed out, or it is said why it is not."""
        samples = self._samples
        self._wait()
        self._wait_until_gone = self._order.countdown_s == 0
        share = sum(hand is not None for hand in samples.hands) / len(samples.hands)
        if share < SEEN:
            return Step(f"not kept: the hand was seen in {share:.0%} of it; keep it in the picture")
        take = samples.take()
        if len(take.t_ms) < FRAMES:
            return Step(f"not kept: it has {len(take.t_ms)} frames; {FRAMES} are needed")
        if not self._still and not has_moved(take):
            return Step("not kept: the hand hardly moved; make the gesture larger or faster")
        return Step(take=take)


def has_moved(take: Take) -> bool:
    """Whether a motion model would ever be run on a take."""
    samples = ANY.samples(take.landmarks)
    ends = range(3, len(samples) + 1)
    return any(ANY.gate(take.t_ms[:end], samples[:end]) for end in ends)
