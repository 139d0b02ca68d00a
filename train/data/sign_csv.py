"""Sign Language MNIST as Kaggle ships it: rows of a label and 28 x 28 grey pixels.

Its train and test files are crops of the same photographs of the same people. `signers.csv` names
the sitting that a row of the test file was cut from. A row of the train file is taken to be of the
sitting of the test row that it correlates with most.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError

SIDE_PX = 28
COLUMNS = 1 + SIDE_PX * SIDE_PX
CLASSES = tuple("ABCDEFGHIKLMNOPQRSTUVWXY")  # labels 0 to 24; 9 and 25 would be J and Z, motions
SIGNERS = "signers.csv"
FILES = ("sign_mnist_train", "sign_mnist_test")

Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.str_]


class Rows(NamedTuple):
    """grey: (N, 28, 28) uint8. label: (N,) letters. sitting: (N,) text, "" where nobody knows."""

    grey: Bytes
    label: Labels
    sitting: Labels


def read(data: Path) -> dict[str, Rows]:
    """Returns the rows of the files that there are, by "train" and "test".

    data: the folder of the files, as .csv or .csv.gz, or one file. Raises UsageError, naming the
    row, for what is no such file.
    """
    if data.is_file():
        return {"test": _rows(data)}
    found = {}
    for name in FILES:
        files = sorted(p for end in ("csv", "csv.gz") for p in data.rglob(f"{name}.{end}"))
        if files:
            found[name.removeprefix("sign_mnist_")] = _rows(files[0])
    if not found:
        raise UsageError(
            f"there is no {FILES[0]}.csv or {FILES[1]}.csv (or .csv.gz) in {data}; "
            "python -m train.data.fetch sign_mnist downloads them"
        )
    known = sorted(data.rglob(SIGNERS))
    if known and "test" in found:
        sitting = _sittings(known[0], len(found["test"].label))
        found["test"] = found["test"]._replace(sitting=sitting)
        if "train" in found:
            found["train"] = found["train"]._replace(
                sitting=likeliest(found["train"], found["test"])
            )
    return found


def joined(parts: Iterable[Rows]) -> Rows:
    """Returns the rows of several files as one."""
    return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def likeliest(rows: Rows, known: Rows) -> Labels:
    """Returns the sitting of the known row of the same label that each row correlates most with."""
    sitting = np.full(len(rows.label), "", known.sitting.dtype)
    for label in np.unique(rows.label):
        mine, theirs = rows.label == label, known.label == label
        if theirs.any():
            likeness = _standard(rows.grey[mine]) @ _standard(known.grey[theirs]).T
            sitting[mine] = known.sitting[theirs][likeness.argmax(1)]
    return sitting


def _standard(grey: Bytes) -> npt.NDArray[np.float32]:
    flat = grey.reshape(len(grey), -1).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    return np.asarray(flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6))


def _rows(path: Path) -> Rows:
    pixels, label = [], []
    for values in _values(path):
        label.append(values[0])
        pixels.append(values[1:].astype(np.uint8))
    if not label:
        raise UsageError(f"{path} has no rows; download it again")
    letters = np.array([chr(ord("A") + n) for n in label])
    grey = np.stack(pixels).reshape(-1, SIDE_PX, SIDE_PX)
    return Rows(grey, letters, np.full(len(letters), ""))


def _values(path: Path) -> Iterator[npt.NDArray[np.int64]]:
    """Yields label and pixels of each row, checked."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            _check_width(path, "the header", header)
            if header[0] != "label":
                raise UsageError(f"{path} has no header; its first line is label,pixel1,...")
            for number, row in enumerate(rows, 1):
                _check_width(path, f"row {number}", row)
                try:
                    values = np.array(row, np.int64)
                except (ValueError, OverflowError) as error:
                    raise UsageError(f"{path}, row {number}: not all are whole numbers") from error
                if not 0 <= values[0] <= 24 or values[0] == 9:
                    raise UsageError(
                        f"{path}, row {number}: the label is {values[0]}; labels are 0 to 24 "
                        "without 9"
                    )
                if values[1:].min() < 0 or values[1:].max() > 255:
                    raise UsageError(f"{path}, row {number}: a pixel is not within 0 to 255")
                yield values
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read ({error}); download it again") from error


def _check_width(path: Path, which: str, row: list[str]) -> None:
    if len(row) != COLUMNS:
        raise UsageError(
            f"{path}, {which}: {len(row)} columns; a label and {COLUMNS - 1} pixels make {COLUMNS}"
        )


def _sittings(path: Path, rows: int) -> Labels:
    try:
        with path.open(newline="") as file:
            sitting = {int(row["row"]): row["signer"] for row in csv.DictReader(file)}
        if len(sitting) != rows:
            raise ValueError("it is of another file")
        return np.array([sitting[i] for i in range(rows)])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{path} does not name the signer of each of {rows} rows") from error
