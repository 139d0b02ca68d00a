"""Recorded takes of gestures, as a user of `fingerspell record` has them: J, a wave, a rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.recording import takes
from tests.support.filmed import take
from train.motion.trajectories import Take

TAKES = takes.LEAST + 1


def recorded(
    folder: Path, *gestures: str, count: int = TAKES, sittings: Callable[[int], str] = str
) -> Path:
    """Takes of each gesture below the folder, as `fingerspell record` leaves them."""
    for name in gestures:
        for seed in range(count):
            shown = name if name in ("J", "none") else "hello"
            takes.save(take(shown, seed, sittings(seed)), folder / name / f"{seed + 1:03}.npz")
    return folder


def of(label: str, seed: int, sitting: str = "today") -> Take:
    taken = take(label, seed)
    return Take(taken.t_ms, taken.landmarks, taken.left, label, sitting)
