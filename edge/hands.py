"""Hands over time: find them, follow them from frame to frame, lose them.

Finding costs twice what following does, so the whole frame is searched only while fewer hands
are held than wanted, and at a bounded rate when nobody has signed for a while.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from edge.geometry import box_of, hand_size_px, iou, region_of_hand
from edge.types import Detector, Frame, Hand, Landmarks

PRESENCE = 0.5  # MediaPipe's default for following a hand
SAME_HAND = 0.5  # above this IoU of their boxes two hands are one
EAGER_MS = 1000  # how long after a loss each frame is searched
IDLE_MS = 150  # the time between searches after that: 6 a second, and no delay that anyone feels
SECOND_MS = 500  # the time between searches for a second hand while the first is held
HANDEDNESS_MEMORY = 0.9  # share of the past in a hand's running handedness


@dataclass
class OneEuro:
    """Smooths landmarks while they rest and lets them run when they move.

    Source: Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012. Speeds are in hand sizes a second, so
    that near and far hands are treated alike. min_cutoff_hz and beta: measured on the synthetic
    signer, see `python -m benchmarks.smoothing`.
    """

    min_cutoff_hz: float = 3.0
    beta: float = 3.0
    speed_cutoff_hz: float = 3.0
    _landmarks: Landmarks | None = None
    _speed: npt.NDArray[np.float32] | None = None
    _t_ns: int = 0

    def __call__(self, landmarks: Landmarks, t_ns: int) -> Landmarks:
        """Returns smoothed (21, 3) landmarks, in the same pixels."""
        dt_s = (t_ns - self._t_ns) * 1e-9
        self._t_ns = t_ns
        if self._landmarks is None or self._speed is None or dt_s <= 0:
            self._landmarks, self._speed = landmarks, np.zeros_like(landmarks)
            return landmarks
        step = landmarks - self._landmarks
        speed = step / (dt_s * max(hand_size_px(landmarks), 1.0))
        self._speed += _weight(self.speed_cutoff_hz, dt_s) * (speed - self._speed)
        # One cut-off for the hand, by its fastest joint: joints that were smoothed differently
        # would change the hand's shape.
        fastest = float(np.sqrt((self._speed**2).sum(1).max()))
        weight = _weight(self.min_cutoff_hz + self.beta * fastest, dt_s)
        self._landmarks = self._landmarks + np.float32(weight) * step
        return self._landmarks


def _weight(cutoff_hz: float, dt_s: float) -> float:
    """Returns the share of the new value in a first-order low-pass filter."""
    return 1 - math.exp(-2 * math.pi * cutoff_hz * dt_s)


@dataclass
class _Track:
    """One hand that is being followed."""

    raw: Hand
    smooth: OneEuro | None
    right: float  # running belief that it is a right hand, 0..1
    hand: Hand = field(init=False)

    def take(self, raw: Hand, t_ns: int) -> None:
        self.raw = raw
        self.right += (1 - HANDEDNESS_MEMORY) * ((raw.handedness == "right") - self.right)
        landmarks = self.smooth(raw.landmarks, t_ns) if self.smooth else raw.landmarks
        self.hand = replace(
            raw,
            landmarks=landmarks,
            box_px=box_of(landmarks),
            handedness="right" if self.right > 0.5 else "left",
        )


class Hands:
    """Follows up to `limit` hands through frames given in order of time."""

    def __init__(self, detector: Detector, *, limit: int = 1, smooth: bool = True) -> None:
        self._detector = detector
        self._limit = limit
        self._smooth = smooth
        self._tracks: list[_Track] = []
        self._search_ns = -math.inf  # time stamps of the last search
        self._held_ns: float | None = None  # and of the last frame with a hand, or the first frame
        self.find_ms = 0.0
        self.searched = False

    @property
    def invoke_ns(self) -> int:
        """Time that the detector spent inside the interpreter since the start."""
        return self._detector.invoke_ns

    def update(self, frame: Frame) -> tuple[Hand, ...]:
        """Returns the hands in this frame, the one held longest first; () when there is none.

        Sets `searched` where the whole frame was searched, and `find_ms` to the time it took.
        """
        self.searched, self.find_ms = False, 0.0
        if self._held_ns is None:
            self._held_ns = frame.t_ns
        held, self._tracks = self._tracks, []
        for track in held:
            self._follow(track, frame)
        if len(self._tracks) < self._limit and self._search_is_due(frame.t_ns):
            start = time.perf_counter()
            self._find(frame)
            self.searched, self.find_ms = True, (time.perf_counter() - start) * 1000
        if self._tracks:
            self._held_ns = frame.t_ns
        return tuple(track.hand for track in self._tracks)

    def _follow(self, track: _Track, frame: Frame) -> None:
        """Fits the hand where it was last; lets it go when it is gone or another's double."""
        hand = self._detector.fit(frame, region_of_hand(track.raw.landmarks))
        if self._is_new(hand):
            track.take(hand, frame.t_ns)
            self._tracks.append(track)

    def _is_new(self, hand: Hand | None) -> TypeGuard[Hand]:
        """Tells whether this is a hand, and none of those that are held already."""
        if hand is None or hand.presence < PRESENCE:
            return False
        return all(iou(hand.box_px, track.raw.box_px) <= SAME_HAND for track in self._tracks)

    def _search_is_due(self, t_ns: int) -> bool:
        since_search_ms = (t_ns - self._search_ns) / 1e6
        if since_search_ms < 0:  # time went back: another recording has begun
            return True
        if self._tracks:
            return since_search_ms >= SECOND_MS
        assert self._held_ns is not None
        return (t_ns - self._held_ns) / 1e6 <= EAGER_MS or since_search_ms >= IDLE_MS

    def _find(self, frame: Frame) -> None:
        self._search_ns = frame.t_ns
        for region in self._detector.find(frame, self._limit):
            hand = self._detector.fit(frame, region)
            if len(self._tracks) < self._limit and self._is_new(hand):
                smooth = OneEuro() if self._smooth else None
                track = _Track(hand, smooth, right=float(hand.handedness == "right"))
                track.take(hand, frame.t_ns)
                self._tracks.append(track)
