"""A synthetic hand that means no letter: what the rules against false letters are chosen on.

Three kinds, drawn by edge.signer and so seen through the real hand models:

rest     lies or hangs half open or half closed somewhere in view, and shifts now and then
moving   goes from one random shape and place to the next, and often stays there for a while
signs    signs words: a letter's or another shape that is moved, turned or opened in one to three
         strokes, with short stops, between rests

A word sign is a movement between holds of about a tenth of a second each (S. Liddell and R.
Johnson, American Sign Language: the phonological base, 1989), and every third has the shape of a
letter throughout. In `rest` and `moving`, shapes near a letter's are avoided: nobody could say
whether they were meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from edge.signer.handshapes import DIGITS, HANDSHAPES, Handshape
from edge.signer.motion import RELAXED, Posture, Trajectory, hold, move
from edge.signer.script import Segment, Timeline
from edge.signer.signer import Signer
from edge.signer.skeleton import Array, rotation
from edge.types import Frame

Kind = Literal["rest", "moving", "signs"]
KINDS: tuple[Kind, ...] = ("rest", "moving", "signs")
NEAR_DEG = 25.0  # rms of the fingers' angles, within which a shape is a letter's
_FPS = 30.0
# Base, middle and end joint of a finger, stretched and bent as far as it goes.
_BENT = np.array([78.0, 105.0, 45.0])


class Idle:
    """A source of frames (edge.stages.Source) of a hand that means no letter."""

    live = False
    fps: float | None = _FPS

    def __init__(self, kind: Kind, seed: int, seconds: float) -> None:
        self._random = np.random.default_rng([seed, KINDS.index(kind)])
        self._signer = Signer("A", seed=seed)
        self._now_s = 0.0
        self._segments: list[Segment] = []
        self._here = Posture(RELAXED, self._place())
        act = {"rest": self._rest, "moving": self._moving, "signs": self._sign}[kind]
        while self._now_s < seconds:
            act()
        self._signer.timeline = Timeline(self._segments)

    def frames(self) -> Iterator[Frame]:
        """Yields the frames; their truth is that no letter is shown."""
        for index in range(int(self._now_s * _FPS)):
            rgb, truth = self._signer.draw(index / _FPS)
            yield Frame(rgb, index, round(index * 1e9 / _FPS), truth)

    def close(self) -> None:
        """There is nothing to release."""

    def _rest(self) -> None:
        self._go(Posture(self._shape(0.35), self._place()), self._random.uniform(0.3, 1.0))
        for _ in range(self._random.integers(1, 4)):
            self._stay(self._random.uniform(0.5, 3.0))
            shift = self._random.normal(0, 6, 3)
            shape = self._far(lambda: self._bent(self._here.shape, 8))
            self._go(Posture(shape, self._here.offset_mm + shift), self._random.uniform(0.2, 0.6))

    def _moving(self) -> None:
        place = self._place() if self._random.random() < 0.6 else self._here.offset_mm
        shape = self._shape(0.5) if self._random.random() < 0.8 else self._here.shape
        self._go(Posture(shape, place), self._random.uniform(0.15, 0.9))
        if self._random.random() < 0.6:
            self._stay(self._random.exponential(0.5) + 0.05)

    def _sign(self) -> None:
        random = self._random
        letter = random.random() < 1 / 3
        known = str(random.choice([c for c in HANDSHAPES if c not in DIGITS]))
        shape = HANDSHAPES[known] if letter else self._any(0.5)
        place = self._place()
        self._go(Posture(shape, place), random.uniform(0.3, 0.6))
        self._stay(random.uniform(0.03, 0.15))
        shift = random.normal(0, 60, 3)
        turn = _turned(random.normal(0, 0.5, 3))
        last = shape if letter or random.random() < 0.5 else self._any(0.5)
        away = Posture(replace(last, palm=turn @ shape.palm), place + shift)
        for stroke in range(random.integers(1, 4)):
            to = Posture(shape, place) if stroke % 2 else away
            self._go(to, random.uniform(0.15, 0.4))
            self._stay(random.uniform(0.0, 0.1))
        self._stay(random.uniform(0.03, 0.15))
        if random.random() < 0.5:
            down = np.array([-15.0, -random.uniform(150, 400), 0.0])
            self._go(Posture(RELAXED, down), random.uniform(0.35, 0.7))
            self._stay(random.uniform(0.2, 1.0))

    def _go(self, there: Posture, seconds: float) -> None:
        self._add(move(self._here, there, arc_mm=self._random.uniform(0, 30)), seconds)
        self._here = there

    def _stay(self, seconds: float) -> None:
        self._add(hold(self._here), seconds)

    def _add(self, path: Trajectory, seconds: float) -> None:
        if seconds > 0:
            self._segments.append(Segment("", self._now_s, self._now_s + seconds, path))
            self._now_s += seconds

    def _place(self) -> Array:
        """Somewhere in front of the body, mostly in view, in mm."""
        return self._random.uniform((-120, -110, -40), (120, 110, 40))

    def _shape(self, curl: float) -> Handshape:
        return self._far(lambda: self._any(curl))

    def _far(self, draw: Callable[[], Handshape]) -> Handshape:
        while True:
            shape = draw()
            if min(_apart(shape, other) for other in HANDSHAPES.values()) > NEAR_DEG:
                return shape

    def _any(self, curl: float) -> Handshape:
        """Fingers bent alike or each as it will, the hand turned anyhow, mostly upright."""
        random = self._random
        alike = random.random() < 0.5
        bend = np.clip(random.normal(curl, 0.25) + random.normal(0, 0.1 if alike else 0.4, 4), 0, 1)
        fingers = [(random.normal(-4, 8), *(b * _BENT + random.normal(0, 8, 3))) for b in bend]
        thumb = random.uniform((-10, 5, 70, 0, -10), (55, 45, 105, 40, 40))
        palm = RELAXED.palm @ _turned(random.normal(0, (0.3, 0.5, 0.5)))
        return replace(RELAXED, angles_deg=np.array([*thumb, *np.ravel(fingers)]), palm=palm)

    def _bent(self, shape: Handshape, deg: float) -> Handshape:
        return replace(shape, angles_deg=shape.angles_deg + self._random.normal(0, deg, 21))


def _apart(a: Handshape, b: Handshape) -> float:
    """Root mean square of the difference of the fingers' angles, thumb and spread left out."""
    off = (a.angles_deg - b.angles_deg)[5:].reshape(4, 4)[:, 1:]
    return float(np.sqrt((off**2).mean()))


def _turned(angles_rad: Array) -> Array:
    x, y, z = angles_rad
    turn: Array = rotation(0, x) @ rotation(1, y) @ rotation(2, z)
    return turn
