"""Predictions -> letters: a letter is settled by evidence over time, never by a frame count.

Frame rates differ, vary, and frames get dropped, so every rule here is about milliseconds of
stream time (`t_ns`); this module reads no clock.

Evidence (edge/recognise/rules/evidence.py). For each label, a running mean of its score. The time constant is
chosen such that a sure letter (score 1) held still reaches `on` after `hold_ms`; an unsure one
takes longer, and one whose score never reaches `on` is never settled.

Motion. Time counts for less while the hand moves or changes shape: an interval is worth
1 / (1 + (shape speed / shape_speed)^2 + (palm speed / palm_speed)^2) of its length, speeds in
palm lengths a second. So a letter that is merely passed through collects next to nothing.

Beginnings. Within a word a settled letter is told at once. The first must be held longer and
stiller, or be followed by others in the same place (edge/recognise/rules/onset.py): word signs, gestures and hands
at rest are no words. Time counts towards it by the same formula, with a lower speed of the shape
and the palm's distance from the anchor (below) in the place of its speed, and by how sure the
letter is.

Repeats. A settled letter is held, and not settled again, until one of these:
- release: its score stays below `off` for `release_ms`, the hand having changed shape (it opens
  or relaxes) in its place: a hand that bounces only looks different for a moment;
- the hand is out of view for `lost_ms`; a missed frame or two is no release;
- slide: the palm jumps sideways by `slide` palm lengths from an anchor that follows it with
  `anchor_ms`, as fluent signers show a double letter; slow drift drags the anchor along. The
  letter must then be held again, stopped, no nearer to the camera, and so far from each place
  where it was told: a hand that bounces ends where it began. A camera knocked sideways that far
  looks the same.
Another letter needs no release, but it needs a change of shape: some joint `change` palm lengths
from where it was when the letter was settled. A hand that keeps still keeps its letter, however
the scores of two that look alike go up and down.

Drawn letters. J and Z are read from the path of the hand (edge/recognise/rules/motion.py) and never from a still:
`motion` settles at once, and is held, so that the pose at the end of the path is no letter. The
pose that the motion begins with is an I, or close to a D. If it was held long enough to be settled,
it is retracted: waiting with every I until it can be no J would make fast spellers lose theirs.

Blind time (dropped frames, frames on which the hand was missed) neither adds nor takes evidence
beyond `gap_ms` an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isfinite, log

import numpy as np

from edge.errors import UsageError
from edge.recognise.rules.evidence import Evidence
from edge.recognise.rules.kinematics import Place, Speed
from edge.recognise.rules.onset import Letter, Word
from edge.types import Hand, Prediction, Sign

_SIDEWAYS = 1.5  # a slide goes this much farther sideways than up or down
_NS_PER_MS = 1e6
_ANEW_NS = 1_000_000_000
_BEGUN_WITH = {"J": ("I",), "Z": ("D", "X", "1")}  # what the first pose of a path is read as
_DRAWING_NS = 1_500_000_000  # the longest from letting go of that pose to the end of the path


@dataclass(frozen=True, slots=True)
class DebounceConfig:
    """When a letter counts. Times in ms; scores 0..1; lengths in palm lengths.

    Defaults were chosen on the synthetic signer at 0.5 to 4 letters a second, on its hand that
    means no letter (benchmarks/accuracy/idle.py), and on words put together of recorded real hands
    (train/LOG.md). While a letter is held, shape speed has median 0.1 and 90th percentile 0.3
    palm lengths a second, on the way to the next letter 1.2 and 4.0; recorded hands hold as still.
    A palm is 0.68 palm lengths wide; the signer slides a repeated letter by 0.6 in 0.17 s.

    hold_ms: how long a sure letter of a word must be held still; at four letters a second it is
        held for 120 to 160.
    first_ms: how long the first letter, or the first few together, must be held quite still.
    further_ms: what each letter after the first counts towards first_ms, however short.
    run_ms: how long after a letter the next one is a first one again.
    place: how far the palm may go from one letter of a word to the next.
    still_shape: the shape's speed at which time counts half towards first_ms.
    sway: the palm's distance from the anchor at which it does: hands bounce as they hold a letter.
    unsure: a score that counts nothing towards first_ms; one of 1 counts in full.
    on, off: evidence that settles a letter; score below which it is being released.
    release_ms: how long below `off` before the same letter may come again.
    lost_ms: how long out of view before the same letter may come again.
    slide: sideways jump that repeats a letter; the anchor follows, so the hand goes farther.
    anchor_ms: how slowly the anchor follows; a drift slower than slide / anchor_ms never repeats.
    nearer: how much a hand's size may differ, as a share, where it repeats a letter.
    stop_speed: the palm's speed at which time counts half, for a letter that may be repeated.
    change: least change of shape from one letter to the next. Held hands stay within 0.16 in 90 %
        of recorded sequences; M and N, the most alike, differ by 0.24 in 90 % of signers.
    shape_speed, palm_speed: speeds at which time counts half, in palm lengths a second.
    gap_ms: the most that one interval between two looks may count.
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
    lost_ms: float = 250.0
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
        for name in self.__slots__:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise UsageError(f"debounce.{name} is {value}; it must be a number above 0")
        if self.unsure >= 1:
            raise UsageError(f"debounce.unsure is {self.unsure}; it must be below 1")
        if not self.off < self.on < 1:
            raise UsageError(
                f"debounce.off is {self.off} and debounce.on {self.on}; they must be off < on < 1"
            )


class Debouncer:
    """Feed it every frame in order, to `update` or to `miss`; it returns what has been settled."""

    def __init__(self, config: DebounceConfig = DebounceConfig(), *, stills: bool = True) -> None:
        """stills: whether letters are read from single frames; else an I is a gesture like J."""
        self.config = config
        self._begun_with = _BEGUN_WITH if stills else {}
        self._evidence = Evidence(config.hold_ms / -log(1 - config.on), config.unsure)
        self._speed = Speed()
        self._word = Word(config.first_ms, config.further_ms, config.run_ms)
        self._t_ns: int | None = None  # of the last frame
        self._missed_ns: int | None = None  # of the first of the frames without a hand up to now
        self._forget()

    def _forget(self) -> None:
        """As if no hand had been seen."""
        self._seen_ns: int | None = None  # of the last frame with a hand
        self._evidence.clear()
        self._word.clear()
        self._held: str | None = None
        self._told: tuple[str, int] = ("", 0)  # the letter told last, and until when it was held
        self._changed = True  # shape, since the held letter was settled
        self._moving = False
        self._below_ms = 0.0  # for how long the held letter's score has been below `off`
        self._slid: str | None = None  # the letter that may be repeated, once the hand has stopped
        self._places: list[Place] = []  # where the held letter was told

    @property
    def signing(self) -> bool:
        """True while a hand in view holds a letter, or moves or looks as if to form one."""
        return self._missed_ns is None and (
            self._held is not None or self._moving or self._evidence.highest() >= self.config.off
        )

    def update(
        self, t_ns: int, hand: Hand, prediction: Prediction | None, drawn: Prediction | None = None
    ) -> tuple[Sign, ...]:
        """Takes a frame with a hand: its time stamp, and what the hand looks like on it.

        prediction: what its shape looks like; None where no letter is read from a single frame.
        drawn: the letter or gesture whose motion was completed on this frame, if one was.
        A time stamp that is not later than the one before is ignored, with all that came with it;
        one that goes back by a second or more begins another recording, and a new hand.
        """
        if not np.isfinite(hand.landmarks).all():
            self.miss(t_ns)
            return ()
        if not self._is_next(t_ns):
            return ()
        self._missed_ns = None
        before_ns, self._seen_ns = self._seen_ns, t_ns
        scores = prediction.scores if prediction else {}
        self._evidence.look({k: v for k, v in scores.items() if k not in _BEGUN_WITH})
        if before_ns is None:
            self._speed.start(hand)
            return ()
        dt_ms = min((t_ns - before_ns) / _NS_PER_MS, self.config.gap_ms)
        shape_speed, palm_speed = self._speed.move(hand, dt_ms, self.config.anchor_ms)
        c = self.config
        self._release(dt_ms * _worth(0.0, palm_speed / c.stop_speed))
        slides = prediction is not None and prediction.label == self._slid
        stops = c.stop_speed if slides else c.palm_speed
        weight = _worth(shape_speed / c.shape_speed, palm_speed / stops)
        swayed = hypot(*self._speed.from_anchor)
        still = _worth(shape_speed / c.still_shape, swayed / c.sway)
        self._moving = weight < 0.5
        self._evidence.weigh(dt_ms * weight, dt_ms * still)
        if self._held is not None:
            if not self._word.waits:
                self._told = self._held, t_ns
            self._word.hold(t_ns, dt_ms * still * self._evidence.surety(self._held))
        if drawn:
            return self._drawn(t_ns, drawn)
        self._settle(t_ns)
        return tuple(self._tell(t_ns))

    def miss(self, t_ns: int) -> None:
        """Takes a frame on which no letter can be read: no hand is in view, or it is in a gesture.

        After lost_ms of such frames all is forgotten.
        """
        if not self._is_next(t_ns):
            return
        if self._missed_ns is None:
            self._missed_ns = t_ns
        if (t_ns - self._missed_ns) / _NS_PER_MS >= self.config.lost_ms:
            self._forget()

    def _is_next(self, t_ns: int) -> bool:
        """Takes a time stamp, and tells whether its frame counts."""
        if self._t_ns is not None and t_ns <= self._t_ns:
            if self._t_ns - t_ns < _ANEW_NS:
                return False
            self._forget()
            self._missed_ns = None
        self._t_ns = t_ns
        return True

    def _tell(self, t_ns: int) -> list[Sign]:
        """Returns the letters that need wait no longer."""
        told = self._word.told()
        if told:
            self._told = told[-1].label, t_ns
        return [Sign("letter", letter.label, letter.score, t_ns) for letter in told]

    def _drawn(self, t_ns: int, drawn: Prediction) -> tuple[Sign, ...]:
        """Returns what was drawn in the air, after a retraction of the pose that it began with."""
        begun_with = self._begun_with.get(drawn.label, ())
        self._word.take_back(begun_with)
        self._word.begin(t_ns, _DRAWING_NS / _NS_PER_MS)
        signs = self._tell(t_ns)
        label, until_ns = self._told
        if label in begun_with and t_ns - until_ns <= _DRAWING_NS:
            signs.append(Sign("retract", None, None, t_ns))
        self._hold(drawn.label, [])
        self._evidence.keep_only("")
        return (*signs, Sign("drawn", drawn.label, drawn.score, t_ns))

    def _release(self, kept_ms: float) -> None:
        """Lets go of a letter after long at a low score in its place (kept_ms), or a slide."""
        label = self._held or self._slid
        if label is None:
            return
        self._below_ms += kept_ms * self._evidence.below(label, self.config.off)
        changed = self._speed.shape_change() >= self.config.change
        if not self._changed and changed:
            self._changed = True  # what spoke for another letter before, spoke of this shape
            self._evidence.keep_only(label)
        gone = changed if self._slid else self._changed
        dx, dy = self._speed.from_anchor
        slid = abs(dx) >= self.config.slide and abs(dx) > _SIDEWAYS * abs(dy)
        if slid and self._held:
            self._slid, self._held = label, None
            self._places.append(self._speed.anchor())
            self._evidence.keep_only("")
            self._changed = True
            self._speed.mark()  # a wide slide does not lead away from the word
        elif gone and self._below_ms >= self.config.release_ms:
            self._evidence.drop(label)  # what follows it may be on its way already
            self._held = self._slid = None
        elif self._evidence.scores.get(label, 0.0) >= self.config.off:
            self._below_ms = 0.0

    def _settle(self, t_ns: int) -> None:
        """Holds the leading label, if it is not held already and has enough evidence.

        Its score on this frame must be enough too: a letter that has just gone comes too late.
        A letter that has not been told gives way to another without a change of shape.
        """
        evidence, on = self._evidence, self.config.on
        label = evidence.leader
        if label == self._held or not (self._changed or self._word.waits):
            return
        if min(evidence.of(label), evidence.scores.get(label, 0.0)) < on:
            return
        if label == self._slid and not self._elsewhere():
            return self._hold(label, self._places)
        # A path leads away from where the word is spelled, and the next letter back.
        away = self._speed.travelled() > self.config.place and self._told[0] not in _BEGUN_WITH
        letter = Letter(label, evidence.score(), evidence.still_ms)
        self._word.add(t_ns, letter, away=away, instead=not self._changed)
        self._hold(label, self._places if label == self._slid else [])

    def _elsewhere(self) -> bool:
        """Whether the hand that slid has stopped where its letter was not told yet."""
        c = self.config
        apart = [self._speed.apart(place) for place in self._places]
        return all(abs(dx) >= c.slide and grown <= c.nearer for dx, grown in apart)

    def _hold(self, label: str, places: list[Place]) -> None:
        """From here on `label` is held, which was told at these places before."""
        self._held = label
        self._slid = None
        self._places = places
        self._changed = False
        self._below_ms = 0.0
        self._speed.mark()


def _worth(shape: float, palm: float) -> float:
    """What a moment counts, 0 to 1, when shape and palm move so much, each over its half-way."""
    return 1 / (1 + shape**2 + palm**2)
