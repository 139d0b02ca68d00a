"""Peers that are raced on a short film: what the tests of benchmarks/peers share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.measure.scoring import Shown
from benchmarks.peers import race
from benchmarks.peers.footage import Film, Recording
from benchmarks.peers.process import Process
from benchmarks.peers.race import Row, Sample
from tests.support import fake_peer

FAKE = Path(fake_peer.__file__)
FPS = 30
PICTURES = 45  # of the film that most tests are about
LIMITS_S = (30.0, 1.0)


def fake(variant: str, limits_s: tuple[float, float] = LIMITS_S) -> Row:
    """A row with a real process behind it, in this very environment."""
    start = partial(Process, Path(sys.executable), FAKE, variant, [0], {}, limits_s=limits_s)
    return Row(f"fake:{variant}", variant, fake_peer, start)  # type: ignore[arg-type]


def raced(rows: Sequence[Row], *films: Film, **options: Any) -> race.Race:
    return race.run(rows, films, bar=False, **options)


def sample(kind: str = "tracked", ms: float = 1.0, label: str = "A") -> Sample:
    return Sample(ms, ms / 2, kind, label, ())


def row_of(*read: list[Sample], variant: str = "well") -> Row:
    return Row(f"fake:{variant}", variant, fake_peer, read=list(read))  # type: ignore[arg-type]


def times_ns(count: int) -> list[int]:
    return [round(i * 1e9 / FPS) for i in range(count)]


def recorded(labels: str, shown: Sequence[Shown] | None, whole: bool = True) -> Recording:
    count = len(labels)
    return Recording(Film("f", "f"), Path(), (count, 4, 4), times_ns(count), shown, whole)


def interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def filmed(folder: Path) -> Film:
    """Pictures in a folder: 15 that are black, 15 of an A, 15 of a B."""
    for i in range(PICTURES):
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[..., 2] = i // 15
        cv2.imwrite(str(folder / f"{i:03}.png"), picture)
    return Film("pictures", f"images:{folder}")
