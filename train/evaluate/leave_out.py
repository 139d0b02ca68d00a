"""Trains and reads the folds: each photograph by a model that never saw its signer.

A fold's model and readings are kept in a folder, so that an interrupted run goes on where it
stopped and train.evaluate.robustness has models to read with. They are forgotten when the recipe,
its code or the landmarks change.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from convert.quiet_tensorflow import keras
from edge.files import write
from train.data import landmarks
from train.data.landmarks import VIEWS, Rows
from train.evaluate import readings
from train.evaluate.folds import SETS, folds, persons
from train.evaluate.readings import Bools, Floats, Readings, Texts
from train.letters import closed
from train.letters.alphabets import DIGITS, LABELS
from train.letters.material import Recipe
from train.letters.reader import STILL_VIEWS, Reader, fit, load

ROOT = Path(__file__).parents[2]
# What decides how a fold is trained and read, besides the recipe and the landmarks.
CODE = (
    *(f"edge/handshapes/{name}.py" for name in ("alphabet", "closed", "letters")),
    *(f"train/evaluate/{name}.py" for name in ("folds", "leave_out")),
    *(
        f"train/letters/{name}.py"
        for name in ("alphabets", "augment", "closed", "fit", "material", "reader")
    ),
)


def read(reader: Reader, rows: Rows, person: Texts) -> Readings:
    """Reads every row, each in the alphabet of its label; a row without a hand is read as "".

    person: (N,), as in `Readings`.
    """
    digit = np.isin(rows.label, DIGITS)
    lite = ~np.isnan(rows.xyz[:, VIEWS.index("lite"), 0, 0])
    best, score, logits = _read(reader, rows, STILL_VIEWS, ~rows.missed, digit)
    return Readings(
        truth=rows.label,
        read=best,
        score=score,
        lite=_read(reader, rows, ("lite", "lite mirrored"), lite, digit)[0],
        logits=logits,
        dataset=rows.dataset,
        signer=rows.signer,
        person=person,
    )


def _read(
    reader: Reader, rows: Rows, views: tuple[str, ...], seen: Bools, digit: Bools
) -> tuple[Texts, Floats, Floats]:
    """Returns the best label, its score and all logits of each row, "", 0 and NaN if not `seen`."""
    logits = np.full((len(rows), len(LABELS)), np.nan, np.float32)
    best, score = np.full(len(rows), "", dtype="<U9"), np.zeros(len(rows), np.float32)
    if seen.any():
        logits[seen] = reader.logits(rows.where(seen), views)
    for alphabet, here in (("digits", seen & digit), ("letters", seen & ~digit)):
        if here.any():
            best[here], score[here] = readings.best(logits[here], alphabet)
    return best, score, logits


@dataclass(frozen=True)
class Work:
    """What every fold of a run has in common."""

    landmarks: Path
    data: Path | None
    recipe: Recipe
    folder: Path
    closed: closed.Recipe = field(default_factory=closed.Recipe)

    def key(self) -> str:
        """Returns a checksum of everything that decides what a fold's model says."""
        total = hashlib.sha256(repr((self.recipe, self.closed)).encode())
        total.update(self.landmarks.read_bytes())
        for path in (*(ROOT / name for name in CODE), landmarks.DOUBTFUL):
            total.update(path.read_bytes())
        if self.data:
            total.update(landmarks.collections(self.data).read_bytes())
        return total.hexdigest()


_work: Work
_rows: Rows
_more: Rows | None


def _start(work: Work) -> None:
    """Loads, once a process, what all folds need."""
    global _work, _rows, _more  # noqa: PLW0603 - set once, when the process starts
    _work, _rows = work, landmarks.load(work.landmarks)
    _more = landmarks.gathered(work.data) if work.data else None


def _run(name: str) -> str:
    """Trains and reads one fold, unless that was done; returns its name."""
    model_path, readings_path = (_work.folder / f"{name}.{end}" for end in ("keras", "npz"))
    if readings_path.exists():  # it is written last
        return name
    (out,) = (fold.out for fold in folds(_rows) if fold.name == name)
    reader = fit(_rows.where(~out), _more, _work.recipe, _work.closed)
    reader.save(model_path)
    read(reader, _rows.where(out), persons(_rows)[out]).save(readings_path)
    keras.backend.clear_session()
    return name


def reader_of(folder: Path, dataset: str) -> Reader:
    """Loads the reader that never saw this data set from OUT/folds; raises UsageError without."""
    (name,) = (name for name, parts in SETS.items() if dataset in parts)
    return load(folder / f"set-{name}.keras")


def evaluate(work: Work, processes: int = 1) -> dict[str, Readings]:
    """Trains and reads every fold that is not there yet; returns the readings by fold."""
    names = [fold.name for fold in folds(landmarks.load(work.landmarks))]
    forget_others(work, names)
    with tqdm(total=len(names), unit="fold", disable=not sys.stderr.isatty()) as bar:
        for _ in _all(work, names, processes):
            bar.update()
    return {name: readings.load(work.folder / f"{name}.npz") for name in names}


def forget_others(work: Work, names: Sequence[str]) -> None:
    """Forgets folds that were trained for other work than this."""
    work.folder.mkdir(parents=True, exist_ok=True)
    key, path = work.key(), work.folder / "key.txt"
    if not path.exists() or path.read_text() != key:
        for readings_path in (work.folder / f"{name}.npz" for name in names):
            readings_path.unlink(missing_ok=True)
        write(path, key.encode())


def _all(work: Work, names: list[str], processes: int) -> Iterator[str]:
    if processes == 1:
        _start(work)
        yield from map(_run, names)
        return
    # One thread each: the networks are too small to be shared well by two.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with multiprocessing.get_context("spawn").Pool(processes, _start, (work,)) as pool:
        yield from pool.imap_unordered(_run, names)
        pool.close()
        pool.join()  # so that each process tidies up after itself, instead of being stopped


def by_sets_and_persons(found: Mapping[str, Readings]) -> tuple[Readings, Readings]:
    """Returns the readings of left-out sets, and those of left-out persons, of readings by fold.

    Where a data set is one person, leaving out the one is leaving out the other.
    """
    left_out = readings.join([r for name, r in found.items() if name.startswith("set-")])
    apart = [r for name, r in found.items() if name.startswith("signers-")]
    one = left_out.where(~np.isin(left_out.dataset, [n for r in apart for n in set(r.dataset)]))
    return left_out, readings.join([one, *apart])
