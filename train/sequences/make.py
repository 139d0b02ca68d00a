"""Makes the streams to learn from, in parts on disk: after an interruption, the next part follows.

A stream of 7.5 s takes about 20 ms of one core. Part N is made from the seed N and nothing else.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from edge.files import write
from train.sequences import readers, sources, store, story, words
from train.sequences.camera import Camera, Row
from train.sequences.sources import Material

LENGTH_MS = 7500.0  # of a stream; no other was tried
IN_PART = 256  # streams
PARTS = 40  # a part needs 22 MB of memory while it is learned from


def make(data: Path, out: Path, parts: int) -> Path:
    """Makes what is missing of so many parts, and the streams held back; returns their folder.

    Raises UsageError if something under DATA is missing or cannot be read.
    """
    vocabulary = words.vocabulary(data)
    models = _readers(data, out)
    folder = out / "rows"
    _make(folder / store.HELD_BACK, 0, _material(data, out, held_back=True), models, vocabulary)
    material = _material(data, out, held_back=False)
    for part in range(parts):
        _make(folder / f"{part:04d}.npz", part + 1, material, models, vocabulary)
    return folder


def rows(
    seed: int, count: int, material: Material, models: readers.Readers, vocabulary: tuple[str, ...]
) -> list[Row]:  # fmt: skip
    """Returns so many streams; a seed repeats them."""
    random = np.random.default_rng([7, seed])
    camera = Camera(material, models)
    out = []
    for _ in range(count):
        line, fold = story.compose(material, vocabulary, LENGTH_MS, random)
        out.append(camera.film(line, fold, LENGTH_MS, random))
    return out


def _make(
    path: Path, seed: int, material: Material, models: readers.Readers, vocabulary: tuple[str, ...]
) -> None:
    if not path.is_file():
        store.save(path, rows(seed, IN_PART, material, models, vocabulary))
        print(path.name, flush=True)


def _readers(data: Path, out: Path) -> readers.Readers:
    """Returns the letter models, which are kept in OUT."""
    path = out / "readers.npz"
    if not path.is_file():
        readers.fit(data).save(path)
    return readers.load(path)


def _material(data: Path, out: Path, *, held_back: bool) -> Material:
    """Returns one side of the material, which is kept in OUT, since reading it takes minutes."""
    path = out / ("material-held.pickle" if held_back else "material.pickle")
    if not path.is_file():
        write(path, pickle.dumps(sources.read(data, held_back=held_back)))
    kept: Material = pickle.loads(path.read_bytes())
    return kept
