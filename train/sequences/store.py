"""Streams on disk -> batches. Parts that are made while others are learned from are taken up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from train.arrays import DAMAGE, write_arrays
from train.sequences.camera import Row
from train.sequences.fit import Rows
from train.sequences.shake import shaken

_Part = tuple[npt.NDArray[np.float16], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]

_BATCHES = 20  # between two searches for new parts
HELD_BACK = "held.npz"


def save(path: Path, rows: list[Row]) -> None:
    """Writes streams of one length, whole or not at all."""
    names = ("x", "allowed", "spelling")
    write_arrays(path, {name: np.stack([getattr(row, name) for row in rows]) for name in names})


class Store:
    """All parts in a folder. window: of the network; before each stream nobody is there."""

    def __init__(self, folder: Path, window: int) -> None:
        self._folder, self._window = folder, window
        self._parts: dict[str, _Part] = {}
        self._count = 0
        self._search()

    def __len__(self) -> int:
        return sum(len(part[0]) for part in self._parts.values())

    def batch(self, random: np.random.Generator, count: int) -> Rows:
        """Returns so many streams from all parts."""
        if self._count % _BATCHES == 0:
            self._search()
        self._count += 1
        names = sorted(self._parts)
        chosen = [self._parts[names[int(random.integers(len(names)))]] for _ in range(count)]
        which = [int(random.integers(len(part[0]))) for part in chosen]
        x = np.stack([part[0][i] for part, i in zip(chosen, which, strict=True)])
        allowed = np.stack([part[1][i] for part, i in zip(chosen, which, strict=True)])
        spelling = np.stack([part[2][i] for part, i in zip(chosen, which, strict=True)])
        return Rows(_after_nobody(shaken(x, random), self._window), allowed, spelling)

    def _search(self) -> None:
        for path in sorted(self._folder.glob("[0-9]*.npz")):
            if path.name not in self._parts:
                self._parts[path.name] = _read(path)


def held_back(folder: Path, window: int) -> Rows:
    """Returns the streams that are held back."""
    x, allowed, spelling = _read(folder / HELD_BACK)
    return Rows(_after_nobody(x, window), allowed, spelling)


def _read(path: Path) -> _Part:
    try:
        with np.load(path) as file:
            return file["x"], file["allowed"], file["spelling"]
    except DAMAGE as error:
        raise UsageError(f"{path} cannot be read; delete it, and it is made again") from error


def _after_nobody(x: npt.NDArray[np.floating], window: int) -> npt.NDArray[np.floating]:
    """Returns streams with the steps before them without which they have no first output."""
    return np.pad(x, ((0, 0), (window - 1, 0), (0, 0)))
