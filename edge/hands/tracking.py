"""Hands over time: find them, follow them from frame to frame, lose them.

Finding costs twice what following does, so the whole frame is searched only while fewer hands
are followed than wanted, and at a bounded rate when no hand has been there for a while.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeGuard

import numpy as np
import numpy.typing as npt

from edge.hands.geometry import box_of, hand_size_px, iou, region_of_hand
from edge.stages import CountingModel, Detector
from edge.types import Frame, Hand, Landmarks

PRESENCE = 0.5  # MediaPipe Hands' default of min_tracking_confidence
# A hand that is less present than PRESENCE, but not than this, is kept if a search finds none: by
# choice, lower than what MediaPipe itself would go on following.
FADING = 0.3
# Sizes of the region in which a hand is fitted again before it is given up: with them, no hand that
# MediaPipe follows is missed on the shared clips (`python -m benchmarks.developers.parity`).
RETRY_SCALES = (0.85, 1.3)
SAME_HAND = 0.5  # above this IoU of their boxes two hands are one
# By choice, for what people do not notice: for so long after a loss, or after what was almost a
# hand, each frame is searched; the time between searches after that, less than it takes to raise a
# hand; and between searches for a second hand while the first is followed.
EAGER_MS, IDLE_MS, SECOND_MS = 1000, 150, 500
HANDEDNESS_MEMORY = 0.9  # share of the past in a hand's running handedness: ten frames, by choice


@dataclass
class OneEuro:
    """Smooths landmarks while they rest and lets them run when they move.

    Source: Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012. Speeds are in hand sizes a second, so
    that near and far hands are treated alike.

    The constants were chosen by `python -m benchmarks.developers.smoothing --sweep`. Of the jitter
    while a letter is held they leave 70 % on the synthetic signer, and 74 % on real clips, whose
    signers are not still themselves. Moving hands lag by 0 to 1 ms, slowly moving ones by 8 to 10.
    """

    min_cutoff_hz: float = 1.0
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


@dataclass(eq=False)
class _Track:
    """One hand that is being followed."""

    raw: Hand
    smooth: OneEuro | None
    right: float  # running belief that it is a right hand, 0..1
    number: int  # in the order in which hands came
    hasty: bool = False  # found in the frame in which a hand was lost
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


class Tracked(NamedTuple):
    """What was done with one frame.

    hands: those in it, the one held longest first; () when there is none. find_ms: the time that
    the search of the whole frame took; None where it was not searched.
    """

    hands: tuple[Hand, ...]
    find_ms: float | None


class Tracker:
    """Follows up to `limit` hands through frames given in order of time.

    Where a hand is lost, the same frame is searched, so that a cut or a jump costs no frame. What
    is found then is found anew in the next frame: MediaPipe, which searches only in the next
    frame, would otherwise follow from elsewhere, and now and then follow another hand
    (`python -m benchmarks.developers.parity`).
    """

    def __init__(self, detector: Detector, *, limit: int = 1, smooth: bool = True) -> None:
        self._detector = detector
        self._limit = limit
        self._smooth = smooth
        self._tracks: list[_Track] = []
        self._begun_count = 0
        self._t_ns: int | None = None  # of the last frame
        self._search_ns = -math.inf  # and of the last one that was searched
        self._eager_ns = -math.inf  # and of the last reason to search each frame

    @property
    def models(self) -> tuple[CountingModel, ...]:
        """The models of the detector."""
        return self._detector.models

    def update(self, frame: Frame, patience: float = 1.0) -> Tracked:
        """Returns the hands in this frame.

        patience: by what factor the pauses between searches of the whole frame are stretched; above
        1 where there is too little time (edge/running/load.py).
        """
        find_ms = None
        if self._t_ns is None or frame.t_ns < self._t_ns:  # the first frame, or a new recording's
            self._search_ns, self._eager_ns = -math.inf, frame.t_ns
        self._t_ns = frame.t_ns
        held, self._tracks = self._tracks, []
        lost = []
        for track in held:
            hand = None if track.hasty else self._seen(track, frame)
            if not self._keep(track, hand, frame.t_ns, PRESENCE):
                lost.append((track, hand))
        if lost:
            self._eager_ns = frame.t_ns
        if len(self._tracks) < self._limit and self._search_is_due(frame.t_ns, patience):
            start = time.perf_counter()
            self._find(frame, [track for track, _ in lost])
            find_ms = (time.perf_counter() - start) * 1000
        for track, hand in lost:
            if len(self._tracks) < self._limit and track not in self._tracks:
                self._retry(track, hand, frame)
        self._tracks.sort(key=lambda track: track.number)
        return Tracked(tuple(track.hand for track in self._tracks), find_ms)

    def _retry(self, track: _Track, hand: Hand | None, frame: Frame) -> None:
        """Gives a hand that neither following nor the search has found a last chance."""
        hand = hand or self._seen(track, frame)
        if self._keep(track, hand, frame.t_ns, FADING):
            return
        for scale in RETRY_SCALES:
            if self._keep(track, self._seen(track, frame, scale), frame.t_ns, PRESENCE):
                return

    def _seen(self, track: _Track, frame: Frame, scale: float = 1.0) -> Hand | None:
        """Fits the hand where it was last, in a region of `scale` times its usual size."""
        region = region_of_hand(track.raw.landmarks)
        return self._detector.fit(frame, region._replace(size=region.size * scale))

    def _keep(self, track: _Track, hand: Hand | None, t_ns: int, presence: float) -> bool:
        """Follows on, unless the hand is gone or is another's double; returns whether it does."""
        if not self._is_new(hand, presence):
            return False
        track.hasty = False
        track.take(hand, t_ns)
        self._tracks.append(track)
        return True

    def _is_new(self, hand: Hand | None, presence: float) -> TypeGuard[Hand]:
        """Whether this is a hand, and none of those that are followed already."""
        if hand is None or hand.presence < presence:
            return False
        return all(iou(hand.box_px, track.raw.box_px) <= SAME_HAND for track in self._tracks)

    def _search_is_due(self, t_ns: int, patience: float) -> bool:
        since_search_ms = (t_ns - self._search_ns) / 1e6
        since_reason_ms = (t_ns - self._eager_ns) / 1e6
        if since_reason_ms <= EAGER_MS:
            pause_ms = (patience - 1) * IDLE_MS / 2
        else:
            pause_ms = patience * (SECOND_MS if self._tracks else IDLE_MS)
        return since_search_ms >= pause_ms

    def _find(self, frame: Frame, lost: list[_Track]) -> None:
        """Searches the frame; a hand found where one was lost is that one."""
        self._search_ns = frame.t_ns
        hasty = any(not track.hasty for track in lost)
        for region in self._detector.find(frame, self._limit):
            hand = self._detector.fit(frame, region)
            if not self._is_new(hand, FADING):
                continue
            self._eager_ns = frame.t_ns
            if hand.presence < PRESENCE or len(self._tracks) == self._limit:
                continue
            track = self._lost_there(lost, hand) or self._begun(hand)
            track.hasty = hasty
            track.take(hand, frame.t_ns)
            self._tracks.append(track)

    def _lost_there(self, lost: list[_Track], hand: Hand) -> _Track | None:
        for track in lost:
            if track not in self._tracks and iou(track.raw.box_px, hand.box_px) > SAME_HAND:
                return track
        return None

    def _begun(self, hand: Hand) -> _Track:
        self._begun_count += 1
        smooth = OneEuro() if self._smooth else None
        return _Track(hand, smooth, float(hand.handedness == "right"), self._begun_count)
