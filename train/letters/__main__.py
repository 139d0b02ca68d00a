"""Trains the letter model: landmarks -> letters, digits, or no sign.

    python -m train.letters --landmarks FOLDER/hands.npz [--data ../shared/data] --out FOLDER

Writes letters.keras, calibration.npz (for convert.quantize) and training.json (for the manifest)
into OUT. How the model is built and fitted: train/letters/fit.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge.errors import UsageError, command
from train.arguments import check_numbers
from train.data import landmarks
from train.letters.fit import train
from train.letters.material import Recipe

SUMMARY = "Trains the letter model: landmarks -> letters, digits, or no sign."


def _quoted(path: Path) -> dict[str, Any]:
    """Returns what a manifest quotes of the figures of train.evaluate."""
    try:
        figures = json.loads(path.read_bytes())
        sets = {name: round(figure["accuracy"], 4) for name, figure in figures["sets"].items()}
        return {"accuracy, set left out": sets, "mean": round(figures["mean accuracy"], 4)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} has no figures; run: python -m train.evaluate") from error


@command("train.letters")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.letters", description=SUMMARY)
    parser.add_argument(
        "--landmarks", type=Path, required=True, help="hands.npz of train.data.label"
    )
    parser.add_argument("--data", type=Path, help="train on DATA/landmarks too")
    parser.add_argument("--figures", type=Path, help="letters.json of train.evaluate, to be quoted")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    args = parser.parse_args()
    check_numbers(args)
    recipe = Recipe(seed=args.seed, epochs=args.epochs)
    rows = landmarks.load(args.landmarks)
    if args.data:
        rows = landmarks.join([rows, landmarks.gathered(args.data)])
    figures = _quoted(args.figures) if args.figures else {}
    train(landmarks.to_train_on(rows), args.out, recipe, figures)
    print(f"{args.out / 'letters.keras'}; next: python -m convert.quantize")
    return 0


if __name__ == "__main__":
    sys.exit(main())
