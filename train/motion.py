"""Trains the motion model: the path of a hand -> J, Z, or neither.

    python -m train.motion --data ../shared/data --out FOLDER      then: python -m convert.quantize
    python -m train.motion --data ../shared/data --evaluate        each collection left out

Writes motion.keras, calibration.npz and training.json into FOLDER. A recorded take says what was
drawn and not when: of all its windows the few that look most like its letter have to look like it.
Takes made of the signer's skeleton know when, and show what else hands do. The int8 model, run
frame by frame as on a device, is what `--evaluate` measures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from convert.quiet_tensorflow import keras, silenced, tf
from edge.errors import FingerspellError
from edge.motion import DRAWN, FEATURES, LABELS, LOST_MS, SIZE, SPANS_MS, COVERED
from edge.motion import looks, travelled, windows
from train.paths import Array, Floats, Take, made, recorded

SUMMARY = "Trains the motion model: the path of a hand -> J, Z, or neither."
NONE = len(DRAWN)
ENDS = 12  # windows are cut at so many moments of a take, at most


@dataclass(frozen=True)
class Recipe:
    """How the model is trained; `sets` times all takes are looked at anew."""

    seed: int = 1
    made: int = 1500
    sets: int = 6
    epochs: int = 12
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-4
    widths: tuple[int, int] = (48, 32)
    dropout: float = 0.2
    hardest: int = 4  # windows of a take that count as much as all of them together


@dataclass(frozen=True, eq=False)
class Bags:
    """The windows of B takes.

    x: (B, ENDS, S, SIZE) float16. right: (B, ENDS, S) int8, the label; -1: nothing is asked.
    meant: (B,) int8, the letter that some of the windows show; -1: `right` tells.
    source: (B,), who made the take.
    """

    x: Any
    right: Any
    meant: Any
    source: Any

    def where(self, chosen: Any) -> Bags:
        return Bags(self.x[chosen], self.right[chosen], self.meant[chosen], self.source[chosen])


def bags(takes: Iterable[Take], random: np.random.Generator) -> Bags:
    """Looks at each take once, another way each time; takes that never move give nothing."""
    x, right, meant, source = [], [], [], []
    for take in takes:
        cut = _windows(seen_anew(take, random), random)
        if cut is None:
            continue
        features, ends_ms, covered, take = cut
        labels = np.full((ENDS, len(SPANS_MS)), -1, np.int8)
        labels[: len(ends_ms)] = np.where(covered, _labels(take, ends_ms), -1)
        padded = np.zeros((ENDS, len(SPANS_MS), SIZE), np.float16)
        padded[: len(ends_ms)] = features
        x.append(padded)
        right.append(labels)
        meant.append(DRAWN.index(take.label) if take.label in DRAWN else -1)
        source.append(take.source)
    return Bags(np.stack(x), np.stack(right), np.array(meant, np.int8), np.array(source))


def seen_anew(take: Take, random: np.random.Generator) -> Take:
    """Returns a take as another camera would have it: rate, pace, slant, size, noise."""
    if len(take.t_ms) < 3:
        return take
    pace = float(np.exp(random.normal(0, 0.2)))
    t_ms = take.t_ms * pace
    fps = float(np.exp(random.uniform(np.log(10), np.log(60))))
    times = np.arange(0, t_ms[-1], 1000 / fps)
    times = times + random.uniform(-0.2, 0.2, len(times)) * (1000 / fps)
    times = times[(times >= t_ms[0]) & (times <= t_ms[-1])]
    after = np.clip(np.searchsorted(t_ms, times), 1, len(t_ms) - 1)
    gap_ms = t_ms[after] - t_ms[after - 1]
    share = ((times - t_ms[after - 1]) / gap_ms)[:, None, None]
    xyz = (1 - share) * take.landmarks[after - 1] + share * take.landmarks[after]
    xyz = xyz[gap_ms <= LOST_MS * pace]
    times = times[gap_ms <= LOST_MS * pace]
    if len(times) < 3:
        return take
    size = np.median(np.linalg.norm(xyz[:, 9] - xyz[:, 0], axis=-1)) + 1e-6
    palm = xyz[:, [0, 5, 9, 13, 17]].mean(1, keepdims=True)
    xyz = xyz - palm + palm * np.array([1, 1, 0]) * np.exp(random.normal(0, 0.2))
    xyz[..., 2] *= np.exp(random.normal(0, 0.2))
    xyz[..., 0] *= np.exp(random.normal(0, 0.08))
    turn = random.normal(0, 0.2)
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = xyz[..., 0].copy(), xyz[..., 1].copy()
    xyz[..., 0], xyz[..., 1] = cos * x - sin * y, sin * x + cos * y
    xyz += random.normal(0, size * random.uniform(0, 0.03), xyz.shape)
    return Take(
        times, xyz.astype(np.float32), take.left, take.label, take.source, take.drawn,
        tuple(pace * ms for ms in take.begun_ms), tuple(pace * ms for ms in take.ended_ms),
    )  # fmt: skip


def _windows(take: Take, random: np.random.Generator) -> tuple[Floats, Array, Any, Take] | None:
    """Cuts windows at moments on which the model would be asked; None where there are none."""
    found: list[tuple[Floats, Array, Any]] = []
    breaks = np.flatnonzero(np.diff(take.t_ms) > LOST_MS) + 1
    path = looks(take.landmarks)
    for t_ms, run in zip(np.split(take.t_ms, breaks), np.split(path, breaks), strict=True):
        asked = [k for k in range(2, len(t_ms)) if travelled(t_ms[: k + 1], run[: k + 1])]
        if asked:
            ends_ms = t_ms[asked]
            covered = ends_ms[:, None] - t_ms[0] >= COVERED * SPANS_MS
            some = np.sort(random.permutation(len(asked))[: 4 * ENDS])
            cut = windows(t_ms, run, take.left, ends_ms[some])
            found.append((cut, ends_ms[some], covered[some]))
    if not found:
        return None
    x, ends_ms, covered = (np.concatenate(parts) for parts in zip(*found, strict=True))
    some = np.sort(random.permutation(len(x))[:ENDS])
    return x[some], ends_ms[some], covered[some], take


def _labels(take: Take, ends_ms: Array) -> Any:
    """Returns what each window shows, (E, S): a letter, NONE, or -1 where opinions may differ."""
    right = np.full((len(ends_ms), len(SPANS_MS)), NONE, np.int8)
    end = ends_ms[:, None]
    start = end - SPANS_MS
    for label, b, e in zip(take.drawn, take.begun_ms, take.ended_ms, strict=True):
        took = e - b
        late = max(150.0, 0.25 * took)
        ends = (end >= e - 0.1 * took) & (end <= e + late)
        whole = ends & (start >= b - 0.5 * took) & (start <= b + 0.2 * took)
        partly = (end >= e - 0.3 * took) & (end <= e + 3 * late) & (start <= b + 0.5 * took)
        right[partly] = -1
        right[whole] = DRAWN.index(label)
    if take.label in DRAWN:
        right[:] = NONE  # of a recorded letter, `meant` counts; here only what is covered
    return right


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
    asked = tf.cast(right >= 0, tf.float32)
    each = -tf.reduce_sum(flat * tf.one_hot(right, len(LABELS)), -1)
    told = tf.reduce_sum(each * asked, 1) / (tf.reduce_sum(asked, 1) + 1e-6)
    told += tf.reduce_mean(tf.math.top_k(each * asked, hardest).values, 1)
    wanted = tf.reduce_sum(flat * tf.one_hot(meant, len(LABELS))[:, None], -1)
    best = tf.math.top_k(tf.where(asked > 0, wanted, -20.0), hardest).values
    other = tf.reduce_sum(tf.exp(flat) * tf.one_hot(1 - meant, len(LABELS))[:, None], -1) * asked
    found = -2 * tf.reduce_mean(best, 1) + tf.reduce_max(other, 1)
    return tf.reduce_mean(tf.where(meant >= 0, found, told))


def fit(sets: Sequence[Bags], recipe: Recipe, *, show: bool = False) -> Any:
    """Trains and returns a Keras model; an epoch takes one of the sets."""
    keras.utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    model = network(recipe)
    steps = recipe.epochs * -(-len(sets[0].x) // recipe.batch)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(recipe.rate, steps), weight_decay=recipe.decay
    )

    @tf.function(reduce_retracing=True)  # type: ignore[misc]
    def step(x: Any, right: Any, meant: Any) -> Any:
        with tf.GradientTape() as tape:
            flat = tf.reshape(tf.cast(x, tf.float32), (-1, len(SPANS_MS), SIZE))
            logits = tf.reshape(model(flat, training=True), (-1, ENDS, len(SPANS_MS), len(LABELS)))
            loss = _loss(logits, tf.cast(right, tf.int32), tf.cast(meant, tf.int32), recipe.hardest)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    for epoch in tqdm(range(recipe.epochs), unit="epoch", disable=not show):
        bag = sets[epoch % len(sets)]
        order = random.permutation(len(bag.x))
        losses = []
        for first in range(0, len(order), recipe.batch):
            some = order[first : first + recipe.batch]
            losses.append(float(step(bag.x[some], bag.right[some], bag.meant[some])))
    return model


def material(data: Path, recipe: Recipe) -> list[Bags]:
    """Returns `sets` looks at all takes, recorded and made."""
    takes = [*recorded(data), *made(recipe.made, recipe.seed)]
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


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.motion", description=SUMMARY)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, help="a folder")
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    args = parser.parse_args()
    recipe = Recipe(seed=args.seed)
    try:
        sets = material(args.data, recipe)
        save(fit(sets, recipe, show=True), sets, args.out, words(sets, recipe, {}))
    except FingerspellError as error:
        print(f"train.motion: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
