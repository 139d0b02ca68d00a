"""Predictions -> letters: a letter is settled by evidence over time, never by a frame count.

Frame rates differ, vary, and frames get dropped, so every rule here is about milliseconds of
stream time (`t_ns`); this module reads no clock.

Evidence (evidence.py). Each label has a running mean of its score. The time constant is chosen
such that a certain letter (score 1) held still reaches `on` after `hold_ms`. A less probable one
takes longer, and one whose score never reaches `on` is never settled.

Movement (kinematics.py). Time counts for less while the hand moves or changes shape: an interval
counts 1 / (1 + (shape speed / shape_speed)^2 + (palm speed / palm_speed)^2) of its length, speeds
in palm lengths a second. So a letter that the hand merely passes through collects next to nothing.

Onset (onset.py). Within a word a settled letter comes at once. The first must be held longer and
stiller, or be followed by others in the same place: word signs, gestures and hands at rest are no
words. Time counts towards it by the same formula, with a lower speed of the shape, with the palm's
distance from the anchor (below) in the place of its speed, and by the letter's score.

Repeats. A settled letter is held, and not settled again, until one of these:
- Release: its score stays below `off` for `release_ms`, and the hand has changed its shape (it
  opens or relaxes) in its place. A hand that bounces is only misread for a moment.
- The hand is out of view for `lost_ms`. A missed frame or two is no release.
- Slide: the palm jumps sideways by `slide` palm lengths from an anchor that follows it with
  `anchor_ms`, as fluent signers show a double letter. Slow drift drags the anchor along. The
  letter must then be held again, stopped, no nearer to the camera, and so far from each place
  where it was settled before: a hand that bounces ends where it began. A camera knocked sideways
  that far looks the same.
Another letter needs no release, but it needs a change of shape: some joint is `change` palm lengths
from where it was when the letter was settled. A hand that keeps still keeps its letter, however
the scores of two that look alike go up and down.

Drawn letters. J and Z are read from the hand's motion (motion.py), never from a single frame. A
drawn letter is settled at once, and is held, so that the pose at its end is no letter. The pose
that the motion begins with is an I, or close to a D. If that was held long enough to be settled,
it is retracted: waiting with every I until it can be no J would make fast spellers lose theirs.

Frames that are missing (dropped, or without a hand) neither add nor take evidence beyond `gap_ms`
an interval.
"""

from __future__ import annotations

from math import hypot, log

import numpy as np

from edge.recognise.rules.evidence import Evidence
from edge.recognise.rules.kinematics import Kinematics, Place
from edge.recognise.rules.onset import HeldLetter, Onset
from edge.recognise.rules.tunables import DebounceConfig
from edge.types import Hand, Prediction, Sign

# A slide goes this much farther sideways than up or down: by choice, no experiment varied it.
_SIDEWAYS = 1.5
_NS_PER_MS = 1e6
_ANEW_NS = 1_000_000_000  # time that goes back by so much is that of another recording
# What the first pose of a drawn letter is read as (train/LOG.md, "Stills in the live path").
_BEGUN_WITH = {"J": ("I",), "Z": ("D", "X", "1")}
# The longest from letting go of that pose to the end of the motion: the longest recorded J.
_DRAWING_NS = 1_500_000_000


_USUAL = DebounceConfig()


class Debouncer:
    """Feed it every frame in order, to `update` or to `miss`; it returns what has been settled."""

    def __init__(self, config: DebounceConfig = _USUAL, *, stills: bool = True) -> None:
        """stills: whether letters are read from single frames; else an I is a gesture like J."""
        self.config = config
        self._begun_with = _BEGUN_WITH if stills else {}
        self._evidence = Evidence(config.hold_ms / -log(1 - config.on), config.unsure)
        self._kinematics = Kinematics()
        self._onset = Onset(config.first_ms, config.further_ms, config.run_ms)
        self._t_ns: int | None = None  # of the last frame
        self._missed_ns: int | None = None  # of the first of the frames without a hand up to now
        self._forget()

    def _forget(self) -> None:
        """Forgets everything, as if no hand had been seen."""
        self._seen_ns: int | None = None  # of the last frame with a hand
        self._evidence.clear()
        self._onset.clear()
        self._held: str | None = None
        self._last: tuple[str, int] = ("", 0)  # the letter settled last, and until when it was held
        self._changed = True  # shape, since the held letter was settled
        self._moving = False
        self._below_ms = 0.0  # for how long the held letter's score has been below `off`
        self._slid: str | None = None  # the letter that may be repeated, once the hand has stopped
        self._places: list[Place] = []  # where the held letter was settled

    @property
    def signing(self) -> bool:
        """True while a hand in view holds a letter, moves, or has evidence for a letter."""
        return self._missed_ns is None and (
            self._held is not None or self._moving or self._evidence.highest() >= self.config.off
        )

    def update(
        self, t_ns: int, hand: Hand, prediction: Prediction | None, drawn: Prediction | None = None
    ) -> tuple[Sign, ...]:
        """Takes a frame with a hand: its time stamp, and what is read on it.

        prediction: of the hand's shape; None where no letter is read from a single frame.
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
        self._evidence.add({k: v for k, v in scores.items() if k not in _BEGUN_WITH})
        if before_ns is None:
            self._kinematics.start(hand)
            return ()
        dt_ms = min((t_ns - before_ns) / _NS_PER_MS, self.config.gap_ms)
        shape_speed, palm_speed = self._kinematics.move(hand, dt_ms, self.config.anchor_ms)
        c = self.config
        self._release(dt_ms * _worth(0.0, palm_speed / c.stop_speed))
        slides = prediction is not None and prediction.label == self._slid
        stops = c.stop_speed if slides else c.palm_speed
        weight = _worth(shape_speed / c.shape_speed, palm_speed / stops)
        swayed = hypot(*self._kinematics.from_anchor)
        still = _worth(shape_speed / c.still_shape, swayed / c.sway)
        self._moving = weight < 0.5
        self._evidence.weigh(dt_ms * weight, dt_ms * still)
        if self._held is not None:
            if not self._onset.waits:
                self._last = self._held, t_ns
            self._onset.hold(t_ns, dt_ms * still * self._evidence.surety(self._held))
        if drawn:
            return self._drawn(t_ns, drawn)
        self._settle(t_ns)
        return tuple(self._settled(t_ns))

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
        """Takes a time stamp, and returns whether its frame counts."""
        if self._t_ns is not None and t_ns <= self._t_ns:
            if self._t_ns - t_ns < _ANEW_NS:
                return False
            self._forget()
            self._missed_ns = None
        self._t_ns = t_ns
        return True

    def _settled(self, t_ns: int) -> list[Sign]:
        """Returns the letters that need wait no longer."""
        settled = self._onset.settled()
        if settled:
            self._last = settled[-1].label, t_ns
        return [Sign("letter", letter.label, letter.score, t_ns) for letter in settled]

    def _drawn(self, t_ns: int, drawn: Prediction) -> tuple[Sign, ...]:
        """Returns what was drawn in the air, after a retraction of the pose that it began with."""
        begun_with = self._begun_with.get(drawn.label, ())
        self._onset.take_back(begun_with)
        self._onset.begin(t_ns, _DRAWING_NS / _NS_PER_MS)
        signs = self._settled(t_ns)
        label, until_ns = self._last
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
        changed = self._kinematics.shape_change() >= self.config.change
        if not self._changed and changed:
            self._changed = True  # the evidence for other letters was for this shape, too
            self._evidence.keep_only(label)
        gone = changed if self._slid else self._changed
        dx, dy = self._kinematics.from_anchor
        slid = abs(dx) >= self.config.slide and abs(dx) > _SIDEWAYS * abs(dy)
        if slid and self._held:
            self._slid, self._held = label, None
            self._places.append(self._kinematics.anchor())
            self._evidence.keep_only("")
            self._changed = True
            self._kinematics.mark()  # a wide slide does not lead away from the word
        elif gone and self._below_ms >= self.config.release_ms:
            self._evidence.drop(label)  # what follows it may be on its way already
            self._held = self._slid = None
        elif self._evidence.scores.get(label, 0.0) >= self.config.off:
            self._below_ms = 0.0

    def _settle(self, t_ns: int) -> None:
        """Holds the leading label, if it is not held already and has enough evidence.

        Its score on this frame must be enough too: a letter that has just gone comes too late.
        A letter that still waits gives way to another without a change of shape.
        """
        evidence, on = self._evidence, self.config.on
        label = evidence.leader
        if label == self._held or not (self._changed or self._onset.waits):
            return
        if min(evidence.of(label), evidence.scores.get(label, 0.0)) < on:
            return
        if label == self._slid and not self._elsewhere():
            return self._hold(label, self._places)
        # A drawn letter leads away from where the word is spelled, and the next letter back.
        away = self._kinematics.travelled() > self.config.place and self._last[0] not in _BEGUN_WITH
        letter = HeldLetter(label, evidence.score(), evidence.still_ms)
        self._onset.add(t_ns, letter, away=away, instead=not self._changed)
        self._hold(label, self._places if label == self._slid else [])

    def _elsewhere(self) -> bool:
        """Whether the hand that slid has stopped where its letter was not settled yet."""
        c = self.config
        apart = [self._kinematics.apart(place) for place in self._places]
        return all(abs(dx) >= c.slide and grown <= c.nearer for dx, grown in apart)

    def _hold(self, label: str, places: list[Place]) -> None:
        """From here on `label` is held, which was settled at these places before."""
        self._held = label
        self._slid = None
        self._places = places
        self._changed = False
        self._below_ms = 0.0
        self._kinematics.mark()


def _worth(shape: float, palm: float) -> float:
    """Returns what time counts, 0 to 1, at these speeds, each given over the one that halves it."""
    return 1 / (1 + shape**2 + palm**2)
