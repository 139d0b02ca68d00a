"""Downloads the pictures that a recipe learns from, from Kaggle, with the user's own API token.

    python -m train.data.fetch sign_mnist|alphabet_transfer|a_to_i|digits [--out FOLDER]

The folder appears once it is whole; a download that was broken off goes on in the next run.
A token is made on kaggle.com/settings/api. Kaggle's own library finds it in $KAGGLE_API_TOKEN, in
~/.kaggle/access_token, or, of the older kind, in ~/.kaggle/kaggle.json or in $KAGGLE_USERNAME and
$KAGGLE_KEY.
"""

from __future__ import annotations

import argparse
import difflib
import errno
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from edge.errors import UsageError, command
from edge.files import write
from train.data.sign_csv import FILES

SUMMARY = "Downloads the pictures that a recipe learns from, from Kaggle."
HELP = "make one on kaggle.com/settings/api and put it in ~/.kaggle/access_token"
# Sign Language Digits comes as arrays, X.npy (N, 64, 64) of 0 to 1 and Y.npy (N, 10), whose columns
# are not the digits in their order. Source: the discussions of the set; seen on the pictures.
DIGIT_OF_COLUMN = (9, 0, 7, 6, 1, 8, 4, 3, 2, 5)


class DataSet(NamedTuple):
    """handle: its owner and name on Kaggle. has: a file or folder that a whole copy contains."""

    handle: str
    has: str


ALPHABET = DataSet("grassknoted/asl-alphabet", "A")
SETS = {
    "sign_mnist": DataSet("datamunge/sign-language-mnist", f"{FILES[1]}.csv"),
    "alphabet_transfer": ALPHABET,
    "a_to_i": ALPHABET,
    "digits": DataSet("ardamavi/sign-language-digits-dataset", "9"),
}


def fetch(name: str, out: Path) -> None:
    """Puts the data of a recipe into the folder `out`, which has it whole or is not there.

    Raises UsageError, with what to do, where that cannot be.
    """
    wanted = SETS[name]
    if any(out.rglob(wanted.has)):
        print(f"{out} has it already", file=sys.stderr)
        return
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise UsageError(f"{out} has something else in it; name another folder: --out FOLDER")
    kagglehub = _library()
    part = out.with_name(f".{out.name}-part")
    with _one_line(wanted, part):
        part.mkdir(parents=True, exist_ok=True)
        with _cache(part), redirect_stdout(sys.stderr):
            found = Path(kagglehub.dataset_download(wanted.handle))
        if name == "digits":
            found = _as_pictures(found, part / "pictures")
        if not any(found.rglob(wanted.has)):
            raise UsageError(f"kaggle.com/datasets/{wanted.handle} has changed: no {wanted.has}")
        found.replace(out)
        shutil.rmtree(part)


def _library() -> Any:
    """Returns Kaggle's library, once there is a token; raises UsageError."""
    os.environ.setdefault("KAGGLEHUB_VERBOSITY", "error")  # it has a progress bar all the same
    try:
        import kagglehub  # type: ignore[import-untyped]
        from kagglehub.config import get_kaggle_credentials  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError("kagglehub is not installed; make train-setup") from error
    try:
        token = get_kaggle_credentials()
    except (ValueError, OSError) as error:
        raise UsageError(f"the Kaggle API token cannot be read ({error}); {HELP}") from error
    if not token:
        raise UsageError(f"there is no Kaggle API token; {HELP}")
    return kagglehub


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Lets the library keep its files in `folder`, on the disk that they are meant for."""
    name = "KAGGLEHUB_CACHE"
    before = os.environ.get(name)
    os.environ[name] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _one_line(wanted: DataSet, part: Path) -> Iterator[None]:
    """Turns whatever goes wrong in a download into a UsageError of one line."""
    import requests
    from kagglehub.exceptions import DataCorruptionError  # type: ignore[import-untyped]

    page = f"kaggle.com/datasets/{wanted.handle}"
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise UsageError(_refusal(status, page)) from error
    except requests.RequestException as error:
        lost = isinstance(error, requests.exceptions.ChunkedEncodingError)
        what = "the connection to Kaggle was lost" if lost else "cannot reach Kaggle"
        raise UsageError(f"{what}; check the network and run this again") from error
    except (DataCorruptionError, zipfile.BadZipFile, ValueError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise UsageError(f"what came from {page} is damaged; run this again") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            shutil.rmtree(part, ignore_errors=True)
            raise UsageError(
                f"the disk of {part.parent} is full; make room, or name another: --out FOLDER"
            ) from error
        raise UsageError(f"cannot write {part}: {error.strerror or error}") from error
    finally:
        if not any(path.is_file() for path in part.rglob("*")):
            shutil.rmtree(part, ignore_errors=True)


def _refusal(status: int, page: str) -> str:
    if status == 401:
        return f"Kaggle does not know this API token; {HELP}"
    if status == 403:
        return f"Kaggle refuses {page}: open it, log in and accept its terms, and run this again"
    if status == 404:
        return f"{page} is no more; see whether its owner has moved it"
    if status == 429:
        return "Kaggle has had too many requests from here; run this again in an hour"
    return f"Kaggle answered with the error {status}; run this again later"


def _as_pictures(arrays: Path, out: Path) -> Path:
    """Writes the arrays of Sign Language Digits as grey pictures into folders 0 to 9."""
    files = [next(iter(sorted(arrays.rglob(name))), None) for name in ("X.npy", "Y.npy")]
    if None in files:
        raise ValueError("no arrays")
    grey, column = (np.load(file) for file in files if file)
    if grey.ndim != 3 or column.shape != (len(grey), len(DIGIT_OF_COLUMN)):
        raise ValueError("other arrays")
    shutil.rmtree(out, ignore_errors=True)
    for digit in range(10):
        (out / str(digit)).mkdir(parents=True)
    pixels = np.clip(np.rint(grey * (255 / max(1.0, float(grey.max())))), 0, 255).astype(np.uint8)
    for number, (picture, row) in enumerate(zip(pixels, column, strict=True)):
        file = out / str(DIGIT_OF_COLUMN[int(row.argmax())]) / f"{number:04}.png"
        write(file, cv2.imencode(".png", picture)[1].tobytes())
    return out


@command("train.data.fetch", "run it again, and it goes on where it was")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.data.fetch", description=SUMMARY)
    parser.add_argument("name", metavar="NAME", help=f"of a recipe: {', '.join(SETS)}")
    parser.add_argument("--out", type=Path, help="a folder; default: out/data/NAME-OF-THE-SET")
    args = parser.parse_args()
    _known(args.name)
    out = args.out or Path("out/data") / SETS[args.name].handle.partition("/")[2]
    fetch(args.name, out)
    print(f"next: python -m train.recipes.{args.name} --data {out} --out out/{args.name}")
    return 0


def _known(name: str) -> None:
    """Raises UsageError for a name that has no data on Kaggle."""
    if name == "dynamic":
        raise UsageError(
            "dynamic learns gestures of your own: fingerspell record --motion NAME records them"
        )
    if name not in SETS:
        near = difflib.get_close_matches(name, SETS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"there is no recipe {name!r} with data, only {', '.join(SETS)}{hint}")


if __name__ == "__main__":
    sys.exit(main())
