"""`fingerspell read`: the letters in still photographs, one JSON line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from edge.assembly import open_photograph_reader
from edge.config import Config
from edge.decoding.picture import find_pictures, read_picture
from edge.errors import FingerspellError, SinkError, SourceError
from edge.hands import hands_in, variants
from edge.handshapes import Reader
from edge.stages import Detector
from edge.types import Frame, Hand, Prediction

TOP = 5  # the number of most probable labels that are printed


def read(paths: Sequence[Path], config: Config) -> int:
    """Prints one JSON line a picture to stdout; returns 1 if any could not be read, else 0.

    Raises FingerspellError for a folder without pictures, a model that cannot be run, no stdout.
    """
    if sys.stdout is None:
        raise SinkError("stdout is closed, and there is nowhere to print to")
    pictures = [picture for path in paths for picture in _expand(path)]
    detector, letters = open_photograph_reader(config)
    failed = False
    # The bar is for a person who sees it, and not where it would run into the lines.
    seen = sys.stderr is not None and sys.stderr.isatty() and not sys.stdout.isatty()
    for path in tqdm(pictures, disable=not seen or len(pictures) < 2, unit="picture"):
        line: dict[str, Any] = {"path": str(path)}
        try:
            line["hands"] = _hands(path, detector, letters, config.hands)
        except SourceError as error:
            line["error"] = str(error)
            failed = True
        print(json.dumps(line), flush=True)
    return FingerspellError.exit_code if failed else 0


def _expand(path: Path) -> list[Path]:
    return find_pictures(path) if path.is_dir() else [path]


def _hands(path: Path, detector: Detector, letters: Reader, limit: int) -> list[dict[str, Any]]:
    """Returns what the JSON line says of each hand, in pixels of the file's upright picture."""
    rgb, scale = read_picture(path)
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
