"""A hand of the signer's skeleton in motion, as landmarks: no pixels, no detector."""

from __future__ import annotations

import numpy as np

from edge.hands.geometry import box_of
from edge.recording.takes import Take
from edge.signer.handshapes import HANDSHAPES
from edge.signer.motion import RELAXED, Posture, Trajectory, hold, move, through, trace
from edge.signer.skeleton import pose, rotation
from edge.types import Hand

BELOW = Posture(RELAXED, np.array([-15.0, -300.0, 0.0]))
Looks = list[tuple[int, Hand]]


def film(
    *acts: tuple[float, Trajectory],
    fps: float = 30,
    size_px: float = 100,
    slant_rad: float = 0,
    left: bool = False,
    seed: int = 0,
) -> Looks:
    """A hand of the signer's skeleton in motion, (seconds, way) after one another; it trembles."""
    random = np.random.default_rng(seed)
    ends_s = np.cumsum([seconds for seconds, _ in acts])
    turn = rotation(2, slant_rad)
    seen = []
    for frame in range(int(ends_s[-1] * fps)):
        t_s = frame / fps
        act = int(np.searchsorted(ends_s, t_s, side="right"))
        seconds, way = acts[act]
        posture = way(1 - (ends_s[act] - t_s) / seconds)
        joints = pose(posture.shape.angles_deg).joints_mm
        joints = joints - joints[[0, 5, 9, 17]].mean(0) + random.normal(0, 0.6, (21, 3))
        joints = (joints @ posture.shape.palm.T + posture.offset_mm) @ turn.T
        xyz = joints * np.array([-1 if left else 1, -1, -1]) * (size_px / 90)
        xyz[:, 2] -= xyz[0, 2]
        landmarks = (xyz + np.array([5 * size_px, 5 * size_px, 0])).astype(np.float32)
        side = "left" if left else "right"
        seen.append((round(t_s * 1e9), Hand(landmarks, box_of(landmarks), side, 1.0)))  # type: ignore[arg-type]
    return seen


def held(label: str) -> Posture:
    return Posture(HANDSHAPES[label], np.array([40.0, 40.0, 0]) if label == "Z" else np.zeros(3))


def drawn(label: str, seconds: float) -> list[tuple[float, Trajectory]]:
    """Raised, held for a moment, drawn, held, and lowered."""
    start, way = held(label), trace(label, held(label))
    return [
        (0.5, move(BELOW, start)), (0.15, hold(start)), (seconds, way),
        (0.25, hold(way(1.0))), (0.5, move(way(1.0), BELOW)),
    ]  # fmt: skip


def waved(seed: int, swings: int = 2) -> list[tuple[float, Trajectory]]:
    """A flat hand that goes to and fro, each time a little differently, and rests."""
    random = np.random.default_rng([seed, 3])
    middle = Posture(HANDSHAPES["B"], random.normal(0, 10, 3))
    wide = random.uniform(60, 80)
    sides = [
        Posture(middle.shape, middle.offset_mm + np.array([side * wide, 0.0, 0.0]))
        for side in (-1, 1) * swings
    ]
    way = through(middle, *sides, middle)
    return [
        (random.uniform(0.2, 0.5), hold(middle)),
        (random.uniform(0.5, 0.65) * swings, way),
        (random.uniform(0.4, 0.6), hold(middle)),
    ]


def take(label: str, seed: int, sitting: str = "") -> Take:
    """A take of "J", "Z", a wave ("hello") or a hand that rests ("none"), as it is recorded."""
    acts = {"hello": waved(seed), "none": [(2.0, hold(held("A")))]}.get(label)
    seconds = 0.8 + 0.02 * (seed % 10)
    # What is drawn begins in its place, as after a countdown, and ends there.
    seen = film(*(acts or drawn(label, seconds)[1:4]), seed=seed, size_px=80 + seed)
    t_ms = np.array([t_ns / 1e6 for t_ns, _ in seen])
    facts = {"sitting": sitting, "source": "made"}
    return Take(t_ms, np.stack([hand.landmarks for _, hand in seen]), False, facts)
