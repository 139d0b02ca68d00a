"""Trains a sequence model, and makes it int8: one command for all of it.

    python -m train.sequences --data ../shared/data --out FOLDER [--parts N] [--steps N]

Writes FOLDER/sequence.tflite and its manifest, which `fingerspell run --model` takes, and beside
them streams, checkpoints, sequence.keras, calibration.npz and training.json. An interrupted run
goes on where it stopped. What such a model reaches is in train/LOG.md: no more than the rules.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from convert.quantize import convert
from convert.quiet_tensorflow import save_model, tf
from edge.errors import command
from edge.files import write
from edge.recognise.sequences.features import FEATURES
from edge.recognise.sequences.recogniser import SPELLING
from edge.types import NONE
from train.arguments import check_numbers
from train.arrays import write_arrays
from train.letters.alphabets import LETTERS
from train.sequences.fit import Recipe, Rows, fit, losses
from train.sequences.make import LENGTH_MS, PARTS, make
from train.sequences.network import for_device
from train.sequences.store import Store, held_back

SUMMARY = "Trains a sequence model, and makes it int8: one command for all of it."
SAMPLES = 1500  # windows with which the int8 model is calibrated
NORMALISATION = (
    "see edge/recognise/sequences/features.py: features of the hand, logarithms of the letter "
    "model's scores, the palm's motion, and whether a hand is seen; a left hand mirrored"
)


def manifest_fields(recipe: Recipe, streams: int, figures: dict[str, Any]) -> dict[str, Any]:
    """Returns what the manifest says of a model that learned from so many streams."""
    return {
        "kind": "sequence",
        "inputs": [f"{recipe.shape.window} steps, see edge.recognise.sequences.features"],
        "outputs": ["a logit for each letter and for none; apart from them, one for spelling"],
        "features": FEATURES,
        "normalisation": NORMALISATION,
        "colour_order": None,
        "margin": 0.0,
        "labels": [*LETTERS, NONE, SPELLING],
        "alphabets": {"letters": LETTERS},
        "shared": [],
        "training": {"streams": streams, "stream_ms": LENGTH_MS, "recipe": asdict(recipe)},
        "figures": figures,
        "licence": "Apache-2.0",
    }


def figures_of(model: Any, rows: Rows) -> dict[str, float]:
    """Returns the figures of a model of streams: of streams that were held back."""
    batches = range(0, len(rows.x), 32)
    logits = tf.concat([model(rows.x[i : i + 32].astype(np.float32)) for i in batches], 0)
    letters, spelling = losses(logits, tf.constant(rows.allowed), tf.constant(rows.spelling))
    says, true = np.asarray(logits)[..., -1] > 0, rows.spelling
    return {
        "loss of letters, held back": round(float(letters), 4),
        "loss of spelling, held back": round(float(spelling), 4),
        "share of spelling that is missed": round(1 - float(says[true == 1].mean()), 4),
        "share of other steps taken for spelling": round(float(says[true == 0].mean()), 4),
    }


def export(model: Any, recipe: Recipe, rows: Rows, out: Path, fields: dict[str, Any]) -> None:
    """Writes what convert.quantize takes: the model of one window, windows, and the fields."""
    window = recipe.shape.window
    save_model(for_device(model, recipe.shape), out / "sequence.keras")
    random = np.random.default_rng(recipe.seed)
    which = random.integers(0, len(rows.x), SAMPLES)
    start = random.integers(0, rows.x.shape[1] - window + 1, SAMPLES)
    x = np.stack([rows.x[w, s : s + window] for w, s in zip(which, start, strict=True)])
    write_arrays(out / "calibration.npz", {"x": x.astype(np.float32)}, compressed=True)
    write(out / "training.json", json.dumps(fields, indent=1).encode() + b"\n")


@command("train.sequences", "run it again, and it goes on where it was")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.sequences", description=SUMMARY)
    parser.add_argument("--data", type=Path, required=True, help="has landmarks, motion, signing")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--parts", type=int, default=PARTS, help="of 256 streams each")
    parser.add_argument("--steps", type=int, default=Recipe().steps, help="batches to learn from")
    args = parser.parse_args()
    check_numbers(args)
    recipe = Recipe(steps=args.steps)
    folder = make(args.data, args.out, args.parts)
    store = Store(folder, recipe.shape.window)
    held = held_back(folder, recipe.shape.window)
    model = fit(
        store.batch,
        recipe,
        args.out / "checkpoints",
        lambda model, step: print(step, figures_of(model, held), flush=True),
    )
    fields = manifest_fields(recipe, len(store), figures_of(model, held))
    export(model, recipe, held, args.out, fields)
    out = args.out / "sequence.tflite"
    manifest = convert(args.out / "sequence.keras", args.out / "calibration.npz", out)
    print(f"{out}: {manifest.size_bytes} bytes; next: fingerspell run --model {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
