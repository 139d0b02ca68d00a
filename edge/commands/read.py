"""`fingerspell read`: the letters in still photographs, one line each.

On a terminal a line is for a person: `photo.jpg  L  98 %`. Else, and with --json, it is JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

from tqdm import tqdm

from edge.assembly import open_photograph_reader
from edge.config import Config
from edge.decoding.picture import Picture, inside, read_picture, read_stream
from edge.errors import FingerspellError, SinkError, SourceError, UsageError, printable
from edge.hands import hands_in, variants
from edge.handshapes import Reader
from edge.stages import Detector
from edge.types import Frame, Hand, Prediction

TOP = 5  # the number of most probable labels that are printed
STDIN = Path("-")


def read(paths: Sequence[Path], config: Config, as_json: bool = False) -> int:
    """Prints one line a picture to stdout; returns 1 if any could not be read, else 0.

    paths: of pictures and folders, whose sub-folders are read as well; STDIN is standard input.
    as_json: JSON lines, also on a terminal. Raises FingerspellError where no path holds a
    picture, for a model that cannot be run, and for a missing stdout.
    """
    if sys.stdout is None:
        raise SinkError("stdout is closed, and there is nowhere to print to")
    pictures = [found for path in paths for found in _expand(path)]
    faults = [fault for _, fault in pictures if fault is not None]
    if len(faults) == len(pictures):
        raise faults[0]
    detector, letters = open_photograph_reader(config)
    failed = False
    # The bar is for a person who sees it, and not where it would run into the lines.
    seen = sys.stderr is not None and sys.stderr.isatty() and not sys.stdout.isatty()
    plain = sys.stdout.isatty() and not as_json
    for path, fault in tqdm(pictures, disable=not seen or len(pictures) < 2, unit="picture"):
        line: dict[str, Any] = {"path": str(path)}
        try:
            if fault is not None:
                raise fault
            line["hands"] = _hands(_read(path), detector, letters, config.hands)
        except (SourceError, UsageError) as error:
            line["error"] = str(error)
            failed = True
        print(_for_people(line) if plain else json.dumps(line), flush=True)
    return FingerspellError.exit_code if failed else 0


def _expand(path: Path) -> list[tuple[Path, UsageError | None]]:
    """Returns the pictures that a path stands for, or the path with what is wrong with it."""
    if path == STDIN or not path.is_dir():
        return [(path, None)]
    found = _below(path)
    if not found:
        fault = f"there is no picture in {path}; it takes files such as A.jpg or A.png"
        return [(path, UsageError(fault))]
    return found


def _below(folder: Path) -> list[tuple[Path, UsageError | None]]:
    """Returns the pictures in a folder and then those in its sub-folders; links are not followed.

    A folder that cannot be read is there itself, with the reason.
    """
    try:
        pictures, folders = inside(folder)
    except UsageError as error:
        return [(folder, error)]
    found: list[tuple[Path, UsageError | None]] = [(picture, None) for picture in pictures]
    for further in folders:
        if not further.is_symlink():
            found += _below(further)
    return found


def _read(path: Path) -> Picture:
    if path != STDIN:
        return read_picture(path)
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError(
            "standard input holds no picture; give it one: fingerspell read - < photo.jpg"
        )
    assert isinstance(sys.stdin.buffer, BufferedReader)
    return read_stream(sys.stdin.buffer, "standard input")


def _for_people(line: Mapping[str, Any]) -> str:
    """Returns a line such as `photo.jpg  L  98 %`; what a terminal would act on is escaped."""
    if "error" in line:
        return f"{printable(line['path'])}  not read: {printable(line['error'])}"
    path, hands = printable(line["path"]), line["hands"]
    return "  ".join([path, *map(_letter, hands)]) if hands else f"{path}  no hand"


def _letter(hand: Mapping[str, Any]) -> str:
    either = f" or {hand['or']}" if "or" in hand else ""
    return f"{hand['label']}{either}  {100 * hand['score']:.0f} %"


def _hands(
    picture: Picture, detector: Detector, letters: Reader, limit: int
) -> list[dict[str, Any]]:
    """Returns what the JSON line says of each hand, in pixels of the file's upright picture."""
    rgb, scale = picture
    frame = Frame(rgb, 0, 0)
    other = {a: b for a, b in letters.manifest.shared if {a, b} <= set(letters.labels)}
    return [
        _described(hand, letters.predict(frame, *variants(detector, rgb, hand)), other, scale)
        for hand in hands_in(detector, rgb, limit)
    ]


def _described(
    hand: Hand, prediction: Prediction, other: Mapping[str, str], scale: float
) -> dict[str, Any]:
    ranked = sorted(prediction.scores.items(), key=lambda item: -item[1])
    either = {"or": other[prediction.label]} if prediction.label in other else {}
    return {
        "label": prediction.label,
        **either,
        "score": round(prediction.score, 4),
        "top": [[label, round(score, 4)] for label, score in ranked[:TOP]],
        "box_px": [round(side * scale, 1) for side in hand.box_px],
        "landmarks_px": [
            [round(float(x) * scale, 1), round(float(y) * scale, 1)] for x, y, _ in hand.landmarks
        ],
        "handedness": hand.handedness,
    }
