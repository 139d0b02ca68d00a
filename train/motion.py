"""Trains the motion model: the path of a hand -> J, Z, or neither.

    python -m train.motion --data ../shared/data --out FOLDER   next: python -m convert.quantize
    python -m train.motion --data ../shared/data --evaluate --out train/results

Writes motion.keras, calibration.npz and training.json into FOLDER. A recorded take says what was
drawn and not when: of all its windows the few that look most like its letter have to look like it.
Takes made of the signer's skeleton know when, and show what else hands do. The int8 model, run
frame by frame as on a device, is what `--evaluate` measures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from convert.quiet_tensorflow import keras, silenced, tf
from edge.errors import FingerspellError, UsageError
from edge.motion import FEATURES, LABELS, ON, SIZE, SPANS_MS, Motion
from train import motion_figures
from train.bags import ENDS, MAYBE, Bags, bags
from train.paths import MADE, Take, made, recorded

SUMMARY = "Trains the motion model: the path of a hand -> J, Z, or neither."


@dataclass(frozen=True)
class Recipe:
    """How the model is trained; `sets` times all takes are looked at anew."""

    seed: int = 1
    made: int = 1500
    sets: int = 3
    epochs: int = 24
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-4
    widths: tuple[int, int] = (48, 32)
    dropout: float = 0.2
    hardest: int = 4  # windows of a take that count as much as all of them together


def network(recipe: Recipe) -> Any:
    """Returns a Keras model: (B, S, SIZE) -> (B, S, labels) logits, each span on its own."""
    inputs = keras.Input((len(SPANS_MS), SIZE), name="features")
    x = inputs
    for width in recipe.widths:
        x = keras.layers.Dense(width)(x)
        x = keras.layers.ReLU(max_value=6.0)(x)
        x = keras.layers.Dropout(recipe.dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(len(LABELS))(x))


def _loss(logits: Any, right: Any, meant: Any, hardest: int) -> Any:
    """Returns the mean over takes: windows that are labelled, or the best of those that are not."""
    log_p = tf.nn.log_softmax(logits)
    flat = tf.reshape(log_p, (tf.shape(log_p)[0], -1, len(LABELS)))
    right = tf.reshape(right, (tf.shape(flat)[0], -1))
    asked = tf.cast((right >= 0) & (right < MAYBE), tf.float32)
    each = -tf.reduce_sum(flat * tf.one_hot(right, len(LABELS)), -1)
    told = tf.reduce_sum(each * asked, 1) / (tf.reduce_sum(asked, 1) + 1e-6)
    told += tf.reduce_mean(tf.math.top_k(each * asked, hardest).values, 1)
    wanted = tf.reduce_sum(flat * tf.one_hot(meant, len(LABELS))[:, None], -1)
    maybe = right == MAYBE
    best = tf.math.top_k(tf.where(maybe, wanted, -20.0), hardest).values
    other = tf.reduce_sum(tf.exp(flat) * tf.one_hot(1 - meant, len(LABELS))[:, None], -1)
    found = -2 * tf.reduce_mean(best, 1) + tf.reduce_max(tf.where(maybe, other, 0.0), 1)
    told += tf.where((meant >= 0) & tf.reduce_any(maybe, 1), found, 0.0)
    return tf.reduce_mean(told)


def fit(sets: Sequence[Bags], recipe: Recipe, *, show: bool = False) -> Any:
    """Trains and returns a Keras model; an epoch takes one of the sets."""
    keras.utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    model = network(recipe)
    steps = recipe.epochs * -(-len(sets[0].x) // recipe.batch)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(recipe.rate, steps), weight_decay=recipe.decay
    )

    def step(x: Any, right: Any, meant: Any) -> Any:
        with tf.GradientTape() as tape:
            flat = tf.reshape(tf.cast(x, tf.float32), (-1, len(SPANS_MS), SIZE))
            logits = tf.reshape(model(flat, training=True), (-1, ENDS, len(SPANS_MS), len(LABELS)))
            loss = _loss(logits, tf.cast(right, tf.int32), tf.cast(meant, tf.int32), recipe.hardest)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    step = tf.function(step, reduce_retracing=True)
    for epoch in tqdm(range(recipe.epochs), unit="epoch", disable=not show):
        bag = sets[epoch % len(sets)]
        order = random.permutation(len(bag.x))
        losses = []
        for first in range(0, len(order), recipe.batch):
            some = order[first : first + recipe.batch]
            losses.append(float(step(bag.x[some], bag.right[some], bag.meant[some])))
    return model


def material(takes: Sequence[Take], recipe: Recipe) -> list[Bags]:
    """Returns `sets` looks at all takes."""
    return [
        bags(takes, np.random.default_rng([recipe.seed, number]))
        for number in tqdm(range(recipe.sets), unit="set", disable=not sys.stderr.isatty())
    ]


def words(sets: Sequence[Bags], recipe: Recipe, figures: dict[str, Any]) -> dict[str, Any]:
    """Returns what the manifest is to say."""
    names, counts = np.unique(sets[0].source, return_counts=True)
    return {
        "inputs": [f"{SIZE} features of each of {len(SPANS_MS)} spans, see edge.motion.windows"],
        "outputs": ["for each span a logit for J, Z and neither"],
        "features": FEATURES,
        "normalisation": "each span at even moments, lengths in palm lengths, the palm's path from "
        "its mean, a left hand mirrored; clipped to 4",
        "colour_order": None,
        "margin": 0.0,
        "labels": LABELS,
        "alphabets": {},
        "shared": [],
        "training": {
            "moving takes": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "recipe": asdict(recipe),
        },
        "figures": figures,
        "licence": "Apache-2.0",
    }


def save(model: Any, sets: Sequence[Bags], out: Path, told: dict[str, Any]) -> None:
    """Writes motion.keras, calibration.npz and training.json into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with silenced():
        model.save(out / "motion.keras")
    x = np.concatenate([bag.x[:, 0] for bag in sets]).astype(np.float32)
    np.savez_compressed(out / "calibration.npz", x=x)
    (out / "training.json").write_text(json.dumps(told, indent=1) + "\n")


def evaluate(takes: Sequence[Take], sets: Sequence[Bags], recipe: Recipe, out: Path) -> None:
    """Writes OUT/motion.md and OUT/motion.json: each collection read by a model without it."""
    figures: dict[float, dict[str, Any]] = {on: {} for on in {ON, *motion_figures.SWEEP}}
    names = sorted({take.source for take in takes} - {MADE})
    for name in tqdm(names, unit="collection", disable=not sys.stderr.isatty()):
        kept = [bag.where(bag.source != name) for bag in sets]
        held = [take for take in takes if take.source == name]
        with tempfile.TemporaryDirectory() as folder:
            save(fit(kept, recipe), kept, Path(folder), words(kept, recipe, {}))
            path = motion_figures.int8(Path(folder))
            for on, by_name in figures.items():
                by_name[name] = motion_figures.of_recorded(Motion(path, on=on), held)
    with tempfile.TemporaryDirectory() as folder:
        save(fit(sets, recipe), sets, Path(folder), words(sets, recipe, {}))
        model = Motion(motion_figures.int8(Path(folder)))
        strangers = motion_figures.of_made(model, made(100, recipe.seed + 1))
    motion_figures.save(figures, strangers, asdict(recipe), out)


def _quoted(path: Path) -> dict[str, Any]:
    """Returns what a manifest quotes of the figures of --evaluate."""
    try:
        figures = json.loads(path.read_bytes())
        return {name: figures[name] for name in motion_figures.QUOTED}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} has no figures; run: python -m train.motion --evaluate"
        ) from error


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.motion", description=SUMMARY)
    parser.add_argument("--data", type=Path, required=True, help="the folder with motion/ in it")
    parser.add_argument("--evaluate", action="store_true", help="write figures and train nothing")
    parser.add_argument("--figures", type=Path, help="motion.json of --evaluate, to be quoted")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    args = parser.parse_args()
    recipe = Recipe(seed=args.seed)
    try:
        figures = _quoted(args.figures) if args.figures else {}
        takes = [*recorded(args.data), *made(recipe.made, recipe.seed)]
        sets = material(takes, recipe)
        if args.evaluate:
            evaluate(takes, sets, recipe, args.out)
            print(args.out / "motion.md")
            return 0
        save(
            fit(sets, recipe, show=sys.stderr.isatty()),
            sets,
            args.out,
            words(sets, recipe, figures),
        )
    except FingerspellError as error:
        print(f"train.motion: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{args.out / 'motion.keras'}; next: python -m convert.quantize")
    return 0


if __name__ == "__main__":
    sys.exit(main())
