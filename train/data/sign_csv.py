"""Sign Language MNIST as Kaggle ships it: rows of a label and 28 x 28 grey pixels.

Its train and test files are crops of the same photographs of the same people. `signers.csv` names
the sitting that a row of the test file was cut from. A row of the train file is taken to be of the
sitting of the test row that it correlates with most.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError

SIDE_PX = 28
COLUMNS = 1 + SIDE_PX * SIDE_PX
CLASSES = tuple("ABCDEFGHIKLMNOPQRSTUVWXY")  # labels 0 to 24; 9 and 25 would be J and Z, motions
SIGNERS = "signers.csv"
_GZIP = b"\x1f\x8b"
FILES = ("sign_mnist_train", "sign_mnist_test")

Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.str_]


class _Part(NamedTuple):
    """A file of rows: alone, or as a member of a .zip file."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Returns the file's name, as it is when it is not packed."""
        return PurePosixPath(self.member or self.path.name).name.removesuffix(".gz")

    def __str__(self) -> str:
        return f"{self.path}, {self.member}" if self.member else str(self.path)

    @contextmanager
    def lines(self) -> Iterator[IO[str]]:
        """Opens the file as text; whether it is packed is told by its first bytes."""
        with ExitStack() as opened:
            if self.member:
                archive = opened.enter_context(zipfile.ZipFile(self.path))
                file: Any = opened.enter_context(archive.open(self.member))
            else:
                file = opened.enter_context(self.path.open("rb"))
            begins = io.BufferedReader(file)
            plain: Any = begins
            if begins.peek(2)[:2] == _GZIP:
                plain = opened.enter_context(gzip.GzipFile(fileobj=begins))
            # Some programs put a byte order mark first.
            yield opened.enter_context(io.TextIOWrapper(plain, "utf-8-sig", newline=""))


def _parts(path: Path) -> list[_Part]:
    """Returns the files of rows that a file is, or holds, if it is a .zip file by its content."""
    if not zipfile.is_zipfile(path):
        return [_Part(path)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if ".csv" in PurePosixPath(name).name]
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read ({error}); download it again") from error
    return [_Part(path, name) for name in names if not name.startswith("__MACOSX/")]


class Rows(NamedTuple):
    """grey: (N, 28, 28) uint8. label: (N,) letters. sitting: (N,) text, "" where nobody knows."""

    grey: Bytes
    label: Labels
    sitting: Labels


def read(data: Path) -> dict[str, Rows]:
    """Returns the rows of the files that there are, by "train" and "test".

    data: Kaggle's archive, or the folder of the files, plain or packed, or one file. Raises
    UsageError, naming the row, for what is no such file.
    """
    if data.is_file():
        parts = _parts(data)
        if len(parts) < 2:
            return {"test": _rows(parts[0] if parts else _Part(data))}
    else:
        parts = [
            part for path in sorted(data.rglob("*")) if path.is_file() for part in _parts(path)
        ]
    found = {}
    for name in FILES:
        files = [part for part in parts if part.name == f"{name}.csv"]
        if files:
            found[name.removeprefix("sign_mnist_")] = _rows(files[0])
    if not found:
        raise UsageError(
            f"there is no {FILES[0]}.csv or {FILES[1]}.csv (or .gz, .zip) in {data}; "
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


def _rows(path: _Part) -> Rows:
    pixels, label = [], []
    for values in _values(path):
        label.append(values[0])
        pixels.append(values[1:].astype(np.uint8))
    if not label:
        raise UsageError(f"{path} has no rows; download it again")
    letters = np.array([chr(ord("A") + n) for n in label])
    grey = np.stack(pixels).reshape(-1, SIDE_PX, SIDE_PX)
    return Rows(grey, letters, np.full(len(letters), ""))


def _values(path: _Part) -> Iterator[npt.NDArray[np.int64]]:
    """Yields label and pixels of each row, checked."""
    try:
        with path.lines() as file:
            rows = (row for row in csv.reader(file) if any(row))  # the last line may be blank
            header = next(rows, [])
            if len(header) == COLUMNS + 1 and header[1] == "label":  # pandas numbers its rows
                header, rows = header[1:], (row[1:] for row in rows)
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
    except (
        OSError,
        EOFError,
        RuntimeError,
        UnicodeDecodeError,
        csv.Error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:  # RuntimeError: the archive wants a password, or a way of packing that is not known
        raise UsageError(f"{path} cannot be read ({error}); download it again") from error


def _check_width(path: _Part, which: str, row: list[str]) -> None:
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
