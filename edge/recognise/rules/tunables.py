"""What can be set of the rules: the tables [debounce] and [gestures] of the settings."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import UsageError, check_above_0
from edge.recognise.rules.trajectory import LOST_MS


@dataclass(frozen=True, slots=True)
class DebounceConfig:
    """When a letter counts. Times in ms; scores 0..1; lengths in palm lengths.

    The sources of the defaults are the experiments in train/LOG.md, "Streaming: when a letter is
    told" and "Repeats". They were made with the synthetic signer at 0.5 to 4 letters a second, with
    its hand that means no letter (benchmarks/accuracy/idle.py), and with words put together of
    recorded real hands. While a letter is held, the shape's speed has a median of 0.1 and a 90th
    percentile of 0.3 palm lengths a second. On the way to the next letter these are 1.2 and 4.0.
    A palm is 0.68 palm lengths wide. The signer slides a repeated letter by 0.6 in 0.17 s.

    hold_ms: how long a certain letter of a word must be held still; at four letters a second it is
        held for 120 to 160. At 60 a shape that is passed in 30 ms is read, at 90 more is missed.
    first_ms: how long the first letter, or the first few together, must be held quite still.
    further_ms: what each letter after the first counts towards first_ms, however short. More makes
        more false letters, less loses words of two letters.
    run_ms: how long after a letter the next one is a first one again.
    place: how far the palm may go from one letter of a word to the next.
    still_shape: the shape's speed at which time counts half towards first_ms.
    sway: the palm's distance from the anchor at which it does: hands bounce as they hold a letter.
    unsure: a score that counts nothing towards first_ms; one of 1 counts in full.
    on: evidence that settles a letter. Raised to 0.55, it missed two more at four a second.
    off: a score below which the letter is being released.
    release_ms: how long below `off` before the same letter may come again.
    lost_ms: how long out of view before the same letter may come again; as long as a trajectory
        lasts without a hand.
    slide: sideways jump that repeats a letter; the anchor follows, so the hand goes farther.
    anchor_ms: how slowly the anchor follows; a drift slower than slide / anchor_ms never repeats.
    nearer: how much a hand's size may differ, as a share, where it repeats a letter.
    stop_speed: the palm's speed at which time counts half, for a letter that may be repeated.
    change: least change of shape from one letter to the next. Held hands stay within 0.16 in 90 %
        of recorded sequences; M and N, the most alike, differ by 0.24 in 90 % of signers.
    shape_speed, palm_speed: speeds at which time counts half, in palm lengths a second: between
        those of a held letter and those on the way to the next.
    gap_ms: the most that one interval between two frames may count: one and a half frames at 10 a
        second.
    """

    hold_ms: float = 80.0
    first_ms: float = 150.0
    further_ms: float = 150.0
    run_ms: float = 800.0
    place: float = 0.7
    still_shape: float = 1.0
    sway: float = 0.1
    unsure: float = 0.3
    on: float = 0.45
    off: float = 0.25
    release_ms: float = 100.0
    lost_ms: float = LOST_MS
    slide: float = 0.3
    anchor_ms: float = 300.0
    nearer: float = 0.12
    stop_speed: float = 1.0
    change: float = 0.15
    shape_speed: float = 2.0
    palm_speed: float = 2.5
    gap_ms: float = 150.0

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        check_above_0("debounce", self, self.__slots__)
        if self.unsure >= 1:
            raise UsageError(f"debounce.unsure is {self.unsure}; it must be below 1")
        if not self.off < self.on < 1:
            raise UsageError(
                f"debounce.off is {self.off} and debounce.on {self.on}; they must be off < on < 1"
            )


@dataclass(frozen=True, slots=True)
class GestureConfig:
    """What counts as a gesture. Times in ms, lengths in palm lengths.

    on: false turns both gestures off.
    hold_ms: how long an open hand keeps still to make a space, or a 5 that was meant.
    still: how far it may stray meanwhile.
    stop_ms: how long it stops before a swipe.
    swipe: how far it goes to the side; a repeated letter slides by about 0.6.
    swipe_ms: in how long.
    gap_ms: how long the hand may be missed, or look closed, on its way.
    """

    on: bool = True
    hold_ms: float = 700.0
    still: float = 0.25
    stop_ms: float = 150.0
    swipe: float = 1.2
    swipe_ms: float = 450.0
    gap_ms: float = 220.0

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        check_above_0("gestures", self, self.__slots__[1:])
