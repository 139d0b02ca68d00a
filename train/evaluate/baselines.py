"""Baselines of the bundled models: figures below which a test lets none of them fall.

    python -m train.evaluate.baselines --data ../shared/data [--out train/results]

baselines.json keeps, for each bundled letter model, the best leave-out figures that its manifest
ever quoted. They are figures of a recipe. It also keeps a figure of the shipped file itself: the
share of photographs never trained on that it reads right, the whole way from the picture. Of the
motion model it keeps the mean F1 of J and of Z, collections left out. This command raises baselines
and never lowers one; where one has to be lowered, edit the file, so that the change is seen.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from edge.detectors import open_detector
from edge.errors import UsageError, command
from edge.files import write
from edge.hands.photograph import hands_in, variants
from edge.handshapes import open_reader
from edge.models.manifest import BUNDLED, load
from edge.types import Frame
from train.data.datasets import NEVER_TRAINED, photos
from train.data.label import is_meant, picture

SUMMARY = "Raises the baselines of the bundled models to what they reach now."
FILE = "baselines.json"
SLACK = 0.01  # a figure may be a point below its baseline: two trainings differ by as much
SHARE = "photographs never trained on"
CLOSED = "-closed"
MOTION = "motion"


def bundled() -> list[str]:
    """Returns the names of the bundled letter models; each reads with NAME-closed beside it."""
    names = (path.stem for path in BUNDLED.glob("letters*.json"))
    return sorted(name for name in names if not name.endswith(CLOSED))


def quoted(name: str) -> dict[str, float]:
    """Returns the leave-out figures that a bundled model's manifest quotes, and their mean."""
    figures = load(BUNDLED / f"{name}.json").figures
    mean = {"mean": figures["mean"]} if "mean" in figures else {}
    f1 = {f"F1 of {letter}": f for letter, f in figures.get("F1, collection left out", {}).items()}
    return {**figures.get("accuracy, set left out", {}), **mean, **f1}


def read_right(name: str, data: Path) -> float:
    """Returns the share of NEVER_TRAINED photographs that a bundled model reads right.

    A hand that is not found counts as wrong. Raises UsageError where `data` has none of them.
    """
    unseen = [photo for photo in photos(data) if photo.path.startswith(NEVER_TRAINED)]
    if not unseen:
        raise UsageError(f"there are no photographs in {data / NEVER_TRAINED}")
    detector = open_detector("mediapipe:full")
    letters = open_reader(name, pooled=detector.pooled)
    right = 0
    for photo in tqdm(unseen, unit="photo", disable=not sys.stderr.isatty()):
        rgb = picture(data, photo)
        if rgb is None:
            continue
        for hand in hands_in(detector, rgb):
            label = letters.predict(Frame(rgb, 0, 0), *variants(detector, rgb, hand)).label
            right += is_meant(hand, photo) and label == photo.label
    return right / len(unseen)


def falls(baselines: Mapping[str, float], now: Mapping[str, float]) -> dict[str, str]:
    """Returns which figures lie more than SLACK below their baseline, or are missing."""
    return {
        name: f"{now[name]:.4f} is below {baseline:.4f}" if name in now else "missing"
        for name, baseline in baselines.items()
        if name not in now or now[name] < baseline - SLACK - 1e-9
    }


def raised(baselines: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """Returns the baselines, each the better of what it was and what is reached now."""
    best = {**baselines, **now}
    return {name: max(baselines.get(name, 0.0), figure) for name, figure in best.items()}


@command("train.evaluate.baselines")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.evaluate.baselines", description=SUMMARY)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds letters/")
    parser.add_argument("--out", type=Path, default=Path("train/results"))
    args = parser.parse_args()
    path = args.out / FILE
    old: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    new = {
        name: raised(
            old.get(name, {}), {**quoted(name), SHARE: round(read_right(name, args.data), 4)}
        )
        for name in bundled()
    }
    new[MOTION] = raised(old.get(MOTION, {}), quoted(MOTION))
    write(path, json.dumps(new, indent=1).encode() + b"\n")
    print(json.dumps(new, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
