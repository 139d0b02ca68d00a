"""Trains the letter model: landmarks -> letters, digits, or no sign.

    python -m train.letters --landmarks FOLDER/hands.npz [--data ../shared/data] --out FOLDER

Writes letters.keras, calibration.npz (for convert.quantize) and training.json (for the manifest).
A few small networks side by side, their logits averaged, make one model; it gives a logit for
each label and one for "no sign". Each alphabet is a softmax over its own labels and "no sign", and
each is trained as it will be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from convert.quiet_tensorflow import keras, silenced, tf
from edge.errors import FingerspellError, UsageError
from edge.handshapes.letters import FEATURES, SIZE
from edge.types import NONE
from train.data import landmarks
from train.data.landmarks import Rows
from train.letters.alphabets import ALPHABETS, LABELS, SHARED
from train.letters.material import Hands, Recipe, epoch, hands_of, samples

SUMMARY = "Trains the letter model: landmarks -> letters, digits, or no sign."
NORMALISATION = (
    "landmarks moved to the palm's middle, divided by the palm's size (root of the sum of squares "
    "of wrist and knuckles), a left hand mirrored; positions, bone directions, distances"
)
# Never trained on, so that `fingerspell read` has photographs to be tried on.
VALIDATION = "letters/lee/valid/"
_MASKS = np.array(
    [[label in alphabet or label == NONE for label in LABELS] for alphabet in ALPHABETS.values()]
)


def _loss(smoothing: float) -> Any:
    """Returns the loss: for each alphabet, minus the log of what the right labels get together."""
    masks = tf.constant(np.where(_MASKS, 0.0, -1e9), tf.float32)
    spread = tf.constant(_MASKS / _MASKS.sum(1, keepdims=True), tf.float32)
    size = _MASKS.size

    def loss(y_true: Any, y_pred: Any) -> Any:
        right = tf.reshape(y_true[:, :size], (-1, 1, *_MASKS.shape))
        weight = y_true[:, size:]
        log_p = tf.nn.log_softmax(y_pred[:, :, None, :] + masks, axis=-1)  # (B, members, A, L)
        hit = tf.reduce_logsumexp(log_p + (right - 1) * 1e9, axis=-1)
        even = tf.reduce_sum(tf.maximum(log_p, -1e6) * spread, axis=-1)
        each = -(1 - smoothing) * hit - smoothing * even
        return tf.reduce_mean(each, axis=1) * weight  # (B, A)

    return loss


def _networks(recipe: Recipe) -> tuple[Any, Any]:
    """Returns two models over the same layers: logits member by member, and their mean."""
    inputs = keras.Input((SIZE,), name="features")
    logits = []
    for _ in range(recipe.members):
        x = keras.layers.Dense(recipe.width)(inputs)
        x = keras.layers.ReLU(max_value=6.0)(x)
        x = keras.layers.Dropout(recipe.dropout)(x)
        x = keras.layers.Dense(recipe.width)(x)
        x = keras.layers.ReLU(max_value=6.0)(x)
        x = keras.layers.Dropout(recipe.dropout)(x)
        logits.append(keras.layers.Dense(len(LABELS))(x))
    members = keras.layers.Concatenate()(logits)
    members = keras.layers.Reshape((recipe.members, len(LABELS)))(members)
    mean = keras.layers.Average()(logits) if recipe.members > 1 else logits[0]
    return keras.Model(inputs, members), keras.Model(inputs, mean)


def fit(hands: Hands, recipe: Recipe, *, show: bool = False) -> Any:
    """Trains and returns a Keras model: features (B, SIZE) -> logits (B, L)."""
    keras.utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    trained, model = _networks(recipe)
    steps = recipe.epochs * -(-len(epoch(hands, recipe, random)[0]) // recipe.batch)
    trained.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(recipe.rate, steps),
            weight_decay=recipe.decay,
        ),
        loss=_loss(recipe.smoothing),
        jit_compile=False,
    )
    for _ in tqdm(range(recipe.epochs), unit="epoch", disable=not show):
        x, y = epoch(hands, recipe, random)
        trained.fit(x, y, batch_size=recipe.batch, epochs=1, verbose=0)
    for layer in trained.layers:
        if isinstance(layer, keras.layers.Dense) and layer.units == len(LABELS):
            layer.set_weights([weights / recipe.temperature for weights in layer.get_weights()])
    return model


def words(rows: Rows, recipe: Recipe, figures: dict[str, Any]) -> dict[str, Any]:
    """Returns what the manifest is to say of a model trained on these rows."""
    found = rows.where(~rows.missed)
    names, counts = np.unique(found.dataset, return_counts=True)
    return {
        "inputs": [f"{SIZE} features of one hand, see edge.handshapes.letters.features"],
        "outputs": ["a logit for each label; softmax over an alphabet and none gives scores"],
        "kind": "letters",
        "features": FEATURES,
        "normalisation": NORMALISATION,
        "colour_order": None,
        "margin": 0.0,
        "labels": LABELS,
        "alphabets": ALPHABETS,
        "shared": SHARED,
        "training": {
            "hands": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "recipe": asdict(recipe),
        },
        "figures": figures,
        "licence": "Apache-2.0",
    }


def train(rows: Rows, out: Path, recipe: Recipe, figures: dict[str, Any]) -> None:
    """Trains on all rows and writes letters.keras, calibration.npz and training.json into `out`."""
    hands = hands_of(rows, recipe)
    model = fit(hands, recipe, show=sys.stderr.isatty())
    x, label = samples(hands, recipe)
    out.mkdir(parents=True, exist_ok=True)
    with silenced():
        model.save(out / "letters.keras")
    np.savez_compressed(out / "calibration.npz", x=x, label=label)
    text = json.dumps(words(rows, recipe, figures), indent=1)
    (out / "training.json").write_text(text + "\n")


def _quoted(path: Path) -> dict[str, Any]:
    """Returns what a manifest quotes of the figures of train.evaluate."""
    try:
        figures = json.loads(path.read_bytes())
        sets = {name: round(figure["accuracy"], 4) for name, figure in figures["sets"].items()}
        return {"accuracy, set left out": sets, "mean": round(figures["mean accuracy"], 4)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} has no figures; run: python -m train.evaluate") from error


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.letters", description=SUMMARY)
    parser.add_argument(
        "--landmarks", type=Path, required=True, help="hands.npz of train.data.label"
    )
    parser.add_argument("--data", type=Path, help="train on DATA/landmarks too")
    parser.add_argument("--figures", type=Path, help="letters.json of train.evaluate")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    args = parser.parse_args()
    recipe = Recipe(seed=args.seed, epochs=args.epochs)
    try:
        rows = landmarks.load(args.landmarks)
        if args.data:
            rows = landmarks.join([rows, landmarks.gathered(args.data)])
        rows = rows.where(~np.char.startswith(rows.path, VALIDATION))
        figures = _quoted(args.figures) if args.figures else {}
        train(rows, args.out, recipe, figures)
    except FingerspellError as error:
        print(f"train.letters: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{args.out / 'letters.keras'}; next: python -m convert.quantize")
    return 0


if __name__ == "__main__":
    sys.exit(main())
