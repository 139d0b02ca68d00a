"""Reads every labelled photograph with a model that never saw its signer, and reports.

    python -m train.evaluate --landmarks FOLDER/hands.npz [--data ../shared/data] [--out FOLDER]

Two ways of leaving out. Set by set: a whole data set, with its camera and its way of signing; the
headline. Signer by signer: one person of each data set that has several, so that a fold serves
three data sets (13 trainings instead of 21), each a little harder than leaving out that person
alone. Every fold trains the recipe of train.letters on all the rest.

A fold's model and readings are kept in OUT/folds, so that an interrupted run goes on where it
stopped and train.evaluate.robustness has models to read with; they are forgotten when the recipe, its code
or the landmarks change. Writes letters.json (quoted by the manifest), letters.md, letters.html,
confusion.png and confusion.csv into OUT.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge.errors import FingerspellError
from edge.files import write
from train.data import landmarks
from train.data.landmarks import VIEWS, Rows
from train.evaluate import figures, readings
from train.evaluate.folds import SETS, folds, persons
from train.evaluate.readings import Bools, Floats, Readings, Texts
from train.letters import closed
from train.letters.alphabets import DIGITS, LABELS
from train.letters.material import Recipe
from train.letters.reader import LOOKS, Reader, fit, load
from train.report import evaluation as report

SUMMARY = "Reads every labelled photograph with a model that never saw its signer, and reports."
# What decides how a fold is trained and read, besides the recipe and the landmarks.
_CODE = ("edge/handshapes/closed.py", "edge/handshapes/letters.py", "train/letters/alphabets.py", "train/letters/augment.py",
         "train/letters/closed.py", "train/doubtful.json", "train/evaluate/__main__.py", "train/evaluate/folds.py",
         "train/letters/__main__.py", "train/letters/material.py", "train/letters/reader.py")  # fmt: skip


def read(reader: Reader, rows: Rows, person: Texts) -> Readings:
    """Reads every row, each in the alphabet of its label; a row without a hand is read as "".

    person: (N,), as in `Readings`.
    """
    digit = np.isin(rows.label, DIGITS)
    lite = ~np.isnan(rows.xyz[:, VIEWS.index("lite"), 0, 0])
    best, score, logits = _read(reader, rows, LOOKS, ~rows.missed, digit)
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
    reader: Reader, rows: Rows, looks: tuple[str, ...], seen: Bools, digit: Bools
) -> tuple[Texts, Floats, Floats]:
    logits = np.full((len(rows), len(LABELS)), np.nan, np.float32)
    best, score = np.full(len(rows), "", dtype="<U9"), np.zeros(len(rows), np.float32)
    if seen.any():
        logits[seen] = reader.logits(rows.where(seen), looks)
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
        """Returns a sum over everything that decides what a fold's model says."""
        total = hashlib.sha256(repr((self.recipe, self.closed)).encode())
        total.update(self.landmarks.read_bytes())
        root = Path(__file__).parents[2]
        for path in (root / name for name in _CODE):
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
    from convert.quiet_tensorflow import keras

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
    """Returns the readings of left-out sets, and those of left-out persons.

    Where a data set is one person, leaving out the one is leaving out the other.
    """
    left_out = readings.join([r for name, r in found.items() if name.startswith("set-")])
    apart = [r for name, r in found.items() if name.startswith("signers-")]
    one = left_out.where(~np.isin(left_out.dataset, [n for r in apart for n in set(r.dataset)]))
    return left_out, readings.join([one, *apart])


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=SUMMARY)
    parser.add_argument(
        "--landmarks", type=Path, required=True, help="hands.npz of train.data.label"
    )
    parser.add_argument("--data", type=Path, help="train on DATA/landmarks too")
    parser.add_argument("--out", type=Path, default=Path("train/results"))
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--processes", type=int, default=2, help="folds trained at once")
    args = parser.parse_args()
    work = Work(args.landmarks, args.data, Recipe(epochs=args.epochs), args.out / "folds")
    try:
        left_out, apart = by_sets_and_persons(evaluate(work, args.processes))
        recipes = {"recipe": asdict(work.recipe), "closed": asdict(work.closed)}
        told = figures.figures(left_out, apart) | recipes
        report.write_all(args.out, told, left_out)
    except FingerspellError as error:
        print(f"train.evaluate: {error}", file=sys.stderr)
        return error.exit_code
    print((args.out / "letters.md").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
