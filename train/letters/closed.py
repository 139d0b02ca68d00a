"""Trains the model that tells closed hands apart: pooled features -> A, C, E, M, N, O, S or T.

    python -m train.letters.closed --landmarks FOLDER/hands.npz --out FOLDER

Writes OUT/closed.keras, calibration.npz (for convert.quantize) and training.json (for the
manifest). A minute on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from convert.quiet_tensorflow import keras, save_model
from edge.errors import UsageError, command
from edge.files import write
from edge.handshapes.closed import CLOSED
from train.arguments import check_numbers
from train.arrays import write_arrays
from train.data import landmarks
from train.data.landmarks import POOLED, VIEWS, Rows

SUMMARY = "Trains the model that tells closed hands apart."
# Of the full landmark model only: pooled features of the lite one gained nothing (train/LOG.md).
FULL = np.array([v for v, name in enumerate(VIEWS) if "lite" not in name])
# Features are divided by their deviation, and by this at least: one that hardly varies in training
# would otherwise outweigh all others on the first hand where it does.
LEAST_DEVIATION = 0.2

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is trained.

    trust: what the logits are multiplied by after training. With pixels of few signers the model
        is surer than it should be of a new signer's hand. passes: how often an epoch shows a hand.
    Source of members, width and trust: train/LOG.md, "Pixels among letters that landmarks confuse".
    """

    seed: int = 1
    members: int = 2
    width: int = 192
    dropout_in: float = 0.5
    dropout: float = 0.5
    epochs: int = 10
    passes: int = 2
    batch: int = 256
    rate: float = 1e-3
    decay: float = 1e-2
    smoothing: float = 0.05
    trust: float = 0.7


def closed_of(rows: Rows) -> Rows:
    """Returns the rows of closed letters in which the full landmark model saw a hand."""
    return rows.where(np.isin(rows.label, CLOSED) & rows.pooled[:, FULL[0]].any(1))


def fit(rows: Rows, recipe: Recipe, *, show: bool = False) -> Any:
    """Trains and returns a Keras model: pooled features (B, POOLED) -> logits (B, G).

    rows: of closed letters, see `closed_of`.
    """
    keras.utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    pooled = rows.pooled[:, FULL]
    seen = np.asarray(pooled.any(2))
    truth = np.array([CLOSED.index(label) for label in rows.label])
    known = pooled[seen].astype(np.float32)
    mean, deviation = known.mean(0), np.maximum(known.std(0), LEAST_DEVIATION)
    inputs = keras.Input((POOLED,), name="pooled")
    logits = [_member(inputs, recipe) for _ in range(recipe.members)]
    network = keras.Model(inputs, keras.layers.Average()(logits) if len(logits) > 1 else logits[0])
    trained = keras.Model(inputs, logits)
    steps = recipe.epochs * -(-len(truth) * recipe.passes // recipe.batch)
    trained.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(recipe.rate, steps), weight_decay=recipe.decay
        ),
        loss=[keras.losses.CategoricalCrossentropy(True, recipe.smoothing)] * recipe.members,
        jit_compile=False,
    )
    targets = np.eye(len(CLOSED), dtype=np.float32)[truth]
    for _ in tqdm(range(recipe.epochs), unit="epoch", disable=not show):
        which = np.tile(np.arange(len(truth)), recipe.passes)
        view = np.argmax(random.random((len(which), seen.shape[1])) * seen[which], 1)
        x = (pooled[which, view].astype(np.float32) - mean) / deviation
        y = [targets[which]] * recipe.members
        trained.fit(x, y if recipe.members > 1 else y[0], recipe.batch, epochs=1, verbose=0)
    for layer in trained.layers:
        if isinstance(layer, keras.layers.Dense):
            kernel, bias = layer.get_weights()
            if len(kernel) == POOLED:  # so that the model takes features as they come
                kernel = kernel / deviation[:, None]
                bias = bias - mean @ kernel
            else:
                kernel, bias = kernel * recipe.trust, bias * recipe.trust
            layer.set_weights([kernel, bias])
    return network


def _member(inputs: Any, recipe: Recipe) -> Any:
    x = keras.layers.Dropout(recipe.dropout_in)(inputs)
    x = keras.layers.ReLU(max_value=6.0)(keras.layers.Dense(recipe.width)(x))
    return keras.layers.Dense(len(CLOSED))(keras.layers.Dropout(recipe.dropout)(x))


def train(rows: Rows, out: Path, recipe: Recipe) -> None:
    """Trains the model and writes closed.keras, calibration.npz and training.json into `out`."""
    rows = closed_of(rows)
    if not len(rows):
        raise UsageError("no photograph of a closed hand; label more")
    names, counts = np.unique(rows.dataset, return_counts=True)
    network = fit(rows, recipe, show=sys.stderr.isatty())
    save_model(network, out / "closed.keras")
    x = rows.pooled[:, FULL[0]].astype(np.float32)
    write_arrays(out / "calibration.npz", {"x": x, "label": rows.label}, compressed=True)
    manifest = {
        "inputs": ["pooled features of MediaPipe's full hand landmark model"],
        "outputs": ["a logit for each label, to be multiplied with the landmarks' scores"],
        "kind": "closed_hands",
        "features": 0,
        "normalisation": "none: as the landmark model gives them",
        "colour_order": None,
        "margin": 0.0,
        "labels": CLOSED,
        "alphabets": {"letters": CLOSED},
        "shared": [],
        "training": {
            "hands": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "recipe": asdict(recipe),
        },
        "figures": {},
        "licence": "Apache-2.0",
    }
    write(out / "training.json", json.dumps(manifest, indent=1).encode() + b"\n")


@command("train.letters.closed")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.letters.closed", description=SUMMARY)
    parser.add_argument(
        "--landmarks", type=Path, required=True, help="hands.npz of train.data.label"
    )
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    args = parser.parse_args()
    check_numbers(args)
    rows = landmarks.to_train_on(landmarks.load(args.landmarks))
    train(rows, args.out, Recipe(seed=args.seed, epochs=args.epochs))
    print(f"{args.out / 'closed.keras'}; next: python -m convert.quantize")
    return 0


if __name__ == "__main__":
    sys.exit(main())
