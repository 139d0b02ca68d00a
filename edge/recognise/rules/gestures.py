"""Editing gestures: an open hand held still is a space, one swept to the side deletes a letter.

An open hand is upright, palm or back to the camera, all five fingers straight and spread. No
letter looks like that, and while a hand does, no letter is read from it (`busy`). But it is the
digit 5: where digits are read, only the swipe is a gesture. A swipe goes twice as far as the slide
that makes 55 of 5. Its own stop may have been read as a 5, which was not meant if the stop was
shorter than `hold_ms`: that 5 is deleted as well.

Space. The open hand keeps its place for `hold_ms`. It makes one space; for another, it has to close
or leave first.

Delete. The open hand stops for `stop_ms`, and from there goes sideways, to either side, by `swipe`
palm lengths within `swipe_ms`. The way back deletes nothing, nor does a hand that waves: each
deletion has its own stop. Until it closes or leaves, the hand is not read.

Times are of the stream; this module reads no clock. Lengths are in palm lengths
(`geometry.hand_size_px`), so that near and far hands, left and right ones are treated alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge.hands.geometry import hand_size_px
from edge.joints import (
    INDEX_MCP,
    KNUCKLES,
    MIDDLE_MCP,
    PALM,
    PINKY_MCP,
    THUMB_MCP,
    THUMB_TIP,
    WRIST,
)
from edge.recognise.rules.tunables import GestureConfig
from edge.types import Hand, Landmarks

OPEN_HAND = "5"  # the label that it has where it is a sign
# The open hand, in plain geometry. Chosen on labelled photographs (see docs/gestures.md).
_STRAIGHT = 0.97  # a finger's length, tip to knuckle, over that of its bones
_THUMB_STRAIGHT = 0.9
_AIM = 0.7  # cosine between a finger and the way from the wrist to its knuckle
_FAN_COS = math.cos(math.radians(18))  # between index and little finger: less is a B
_THUMB_OUT = 1.0  # thumb's tip from the little finger's knuckle: less is a 4
_FACING = 0.35  # the palm's apparent breadth; one seen from its edge has none
_UPRIGHT_COS = math.cos(math.radians(45))  # between the palm and the picture's upright

# By choice, no experiment varied them: the share of its width by which a swipe may go up or down,
# and how long a movement to the other side leads back and is no new swipe.
_LEVEL, _BACK_NS = 0.5, 1_000_000_000
_NS_PER_MS = 1e6


@dataclass(slots=True)
class _Place:
    """Where an open hand is, or was: for how long it has kept there, and until when.

    since_ns: when it came there, or to the first of the places before it at which it did not stop.
    """

    x: float
    y: float
    since_ns: int
    until_ns: int
    still_ms: float = 0.0


class Edit(NamedTuple):
    """A gesture that is complete.

    kind: "space" or "delete". stop_ns: of a swipe whose stop was too short for a 5 that was meant,
    from when until when it stopped: a letter that was settled in that time is none. Else None.
    """

    kind: Literal["space", "delete"]
    stop_ns: tuple[int, int] | None = None


_USUAL = GestureConfig()


class Gestures:
    """Feed it every frame in order, with the hand that is read."""

    def __init__(self, config: GestureConfig = _USUAL, *, space: bool = True) -> None:
        """space: whether an open hand that is held means a space; if not, it is the digit 5."""
        self.config = config
        self._space = space
        self._t_ns = 0  # of the last frame with an open hand
        self._hand: Hand | None = None  # on it; None when that was too long ago
        self._forget()

    def _forget(self) -> None:
        """Forgets everything, as if no open hand had been seen."""
        self._hand = None
        self._seen = False  # an open hand, on the frame before
        self._here: _Place | None = None
        self._start: _Place | None = None  # where it stopped before it went here
        self._left_ns = 0  # and when it left there
        self._spent = False  # it has made a gesture since it opened
        self._back = 0.0, 0  # the side to which it would go back, and until when it may

    @property
    def busy(self) -> bool:
        """True while the open hand is or may become a gesture: no letter is read from it."""
        return self._seen and (self._space or self._spent)

    def update(self, t_ns: int, hand: Hand | None) -> Edit | None:
        """Takes a frame: its time stamp, and the hand (None: no hand in view).

        Returns the gesture that is complete with it, if one is. A time stamp that is not later than
        the one before begins anew.
        """
        if not self.config.on:
            return None
        if self._hand is not None and not 0 < t_ns - self._t_ns <= self.config.gap_ms * _NS_PER_MS:
            self._forget()
        if hand is None or not is_open(hand.landmarks):
            self._seen = False
            return None
        if self._hand is not None and self._hand.handedness != hand.handedness:
            self._forget()  # it is the other hand, elsewhere
        dt_ms = (t_ns - self._t_ns) / _NS_PER_MS if self._seen else 0.0
        self._t_ns, self._hand, self._seen = t_ns, hand, True
        x, y = (sum(float(hand.landmarks[j, axis]) for j in PALM) / len(PALM) for axis in (0, 1))
        return self._go(x, y, hand_size_px(hand.landmarks), t_ns, dt_ms)

    def _go(self, x: float, y: float, size_px: float, t_ns: int, dt_ms: float) -> Edit | None:
        """The palm is at (x, y) now, dt_ms after the last frame (0: the hand was missed on it)."""
        config, here = self.config, self._here
        if here and math.hypot(x - here.x, y - here.y) <= config.still * size_px:
            here.until_ns = t_ns
            here.still_ms += dt_ms
            if here.still_ms < config.hold_ms or self._spent or not self._space:
                return None
            self._spent = True
            return Edit("space")
        self._here = _Place(x, y, t_ns, t_ns)
        if here and here.still_ms >= config.stop_ms:
            self._start, self._left_ns = here, t_ns
        elif here:
            self._here.since_ns = here.since_ns
        if self._start is None or t_ns - self._start.until_ns > config.swipe_ms * _NS_PER_MS:
            self._start = None
            return None
        across, down = x - self._start.x, y - self._start.y
        if abs(across) < config.swipe * size_px or abs(down) > _LEVEL * abs(across):
            return None
        short = self._start.still_ms < config.hold_ms
        stop_ns = (self._start.since_ns, self._left_ns) if short else None
        self._start = None
        side, until_ns = self._back
        if across * side > 0 and t_ns < until_ns:
            return None
        self._back = -across, t_ns + _BACK_NS
        self._spent = True
        return Edit("delete", stop_ns)


def is_open(landmarks: Landmarks) -> bool:
    """Whether (21, 3) landmarks are those of an open hand: upright, all fingers spread."""
    points = landmarks.tolist()  # in plain numbers: for so few points they are faster than arrays
    x, y, z = _way(points, WRIST, MIDDLE_MCP)
    size = math.hypot(x, y, z)
    (ax, ay, _), (bx, by, _) = _way(points, WRIST, INDEX_MCP), _way(points, WRIST, PINKY_MCP)
    return (
        -y > _UPRIGHT_COS * math.hypot(x, y)
        and abs(ax * by - ay * bx) >= _FACING * size**2
        and math.dist(points[THUMB_TIP], points[PINKY_MCP]) >= _THUMB_OUT * size
        and _straightness(points, THUMB_MCP) >= _THUMB_STRAIGHT
        and all(_straightness(points, knuckle) >= _STRAIGHT for knuckle in KNUCKLES)
        and all(
            _cos(_way(points, WRIST, knuckle), _finger(points, knuckle)) >= _AIM
            for knuckle in KNUCKLES
        )
        and _cos(_finger(points, INDEX_MCP), _finger(points, PINKY_MCP)) <= _FAN_COS
    )


_Point = Sequence[float]


def _way(points: Sequence[_Point], start: int, end: int) -> _Point:
    (ax, ay, az), (bx, by, bz) = points[start], points[end]
    return bx - ax, by - ay, bz - az


def _finger(points: Sequence[_Point], knuckle: int) -> _Point:
    return _way(points, knuckle, knuckle + 3)


def _cos(a: _Point, b: _Point) -> float:
    """The cosine between two ways; 0 where one of them has no length."""
    lengths = math.hypot(*a) * math.hypot(*b)
    return sum(p * q for p, q in zip(a, b, strict=True)) / lengths if lengths else 0.0


def _straightness(points: Sequence[_Point], knuckle: int) -> float:
    """A finger's length from tip to knuckle over that of its bones; 1 is stretched."""
    tip = THUMB_TIP if knuckle == THUMB_MCP else knuckle + 3
    bones = sum(math.dist(points[j], points[j + 1]) for j in range(knuckle, tip))
    return math.dist(points[tip], points[knuckle]) / bones if bones else 0.0
