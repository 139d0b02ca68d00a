"""Fits a motion model: windows of takes -> a Keras model, its checkpoint and its curves.

A recorded take says which gesture was intended, not when it was made: of all its windows, the few
that score highest for the gesture have to show it (multiple-instance learning; Dietterich et al.
1997). Takes made of the signer's skeleton say when, and show what else hands do.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from convert.quiet_tensorflow import keras, save_model, tf
from edge.errors import UsageError
from edge.files import write
from edge.recognise.rules.trajectory import WINDOWS_MS
from train.arrays import DAMAGE, write_arrays
from train.motion.bags import ENDS, LETTERS, MAYBE, Bags, Vocabulary, bags
from train.motion.trajectories import Take


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    made: how many takes of the skeleton are added. sets: how often all takes are varied; an epoch
    takes one of these sets. Source of widths: train/LOG.md, "Windows of six spans".
    """

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


@dataclass
class Curves:
    """The loss of each epoch, on the takes that train the model and on those held out."""

    loss: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)


def bags_of(takes: Sequence[Take], recipe: Recipe, vocabulary: Vocabulary = LETTERS) -> list[Bags]:
    """Returns the windows of all takes, varied `recipe.sets` times."""
    return [
        bags(takes, np.random.default_rng([recipe.seed, number]), vocabulary)
        for number in tqdm(range(recipe.sets), unit="set", disable=not sys.stderr.isatty())
    ]


def network(recipe: Recipe, vocabulary: Vocabulary = LETTERS) -> Any:
    """Returns a Keras model: (B, S, size) -> (B, S, labels) logits, each window on its own."""
    inputs = keras.Input((len(WINDOWS_MS), vocabulary.features.size), name="features")
    x = inputs
    for width in recipe.widths:
        x = keras.layers.Dense(width)(x)
        x = keras.layers.ReLU(max_value=6.0)(x)
        x = keras.layers.Dropout(recipe.dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(len(vocabulary.labels))(x))


def _loss(logits: Any, right: Any, intended: Any, hardest: int) -> Any:
    """Returns the mean loss over takes.

    Labelled windows count by their cross-entropy, the `hardest` of them as much as all together.
    Of windows that are MAYBE, the best `hardest` have to show the intended gesture, and none may
    show another one.
    """
    labels = logits.shape[-1]
    log_p = tf.nn.log_softmax(logits)
    flat = tf.reshape(log_p, (tf.shape(log_p)[0], -1, labels))
    right = tf.reshape(right, (tf.shape(flat)[0], -1))
    labelled = tf.cast(right >= 0, tf.float32)
    each = -tf.reduce_sum(flat * tf.one_hot(right, labels), -1)
    loss = tf.reduce_sum(each * labelled, 1) / (tf.reduce_sum(labelled, 1) + 1e-6)
    loss += tf.reduce_mean(tf.math.top_k(each * labelled, hardest).values, 1)
    mine = tf.one_hot(intended, labels)[:, None]
    log_p_intended = tf.reduce_sum(flat * mine, -1)
    maybe = right == MAYBE
    best = tf.math.top_k(tf.where(maybe, log_p_intended, -20.0), hardest).values
    others = (1 - tf.one_hot(labels - 1, labels)) * (1 - mine)
    other = tf.reduce_sum(tf.exp(flat) * others, -1)
    found = -2 * tf.reduce_mean(best, 1) + tf.reduce_max(tf.where(maybe, other, 0.0), 1)
    loss += tf.where((intended >= 0) & tf.reduce_any(maybe, 1), found, 0.0)
    return tf.reduce_mean(loss)


def fit(
    sets: Sequence[Bags],
    recipe: Recipe,
    vocabulary: Vocabulary = LETTERS,
    *,
    held_out: Bags | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    show: bool = False,
) -> tuple[Any, Curves]:
    """Trains a Keras model; an epoch takes one of the sets. Returns it with its curves.

    checkpoint: a file that each epoch is written to; with `resume`, training goes on from there,
    and ends with the very model that it would have ended with uninterrupted.
    Raises UsageError for a checkpoint of other takes or another recipe.
    """
    keras.utils.clear_session(free_memory=False)  # layers are named as in a fresh process
    keras.utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    model = network(recipe, vocabulary)
    steps = recipe.epochs * -(-len(sets[0].x) // recipe.batch)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(recipe.rate, steps), weight_decay=recipe.decay
    )
    optimizer.build(model.trainable_variables)
    state = [*model.variables, *optimizer.variables]
    shape = (-1, ENDS, len(WINDOWS_MS), len(vocabulary.labels))

    def loss_of(x: Any, right: Any, intended: Any, training: bool) -> Any:
        flat = tf.reshape(tf.cast(x, tf.float32), (-1, len(WINDOWS_MS), vocabulary.features.size))
        logits = tf.reshape(model(flat, training=training), shape)
        right, intended = (tf.cast(labels, tf.int32) for labels in (right, intended))
        return _loss(logits, right, intended, recipe.hardest)

    def step(x: Any, right: Any, intended: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(x, right, intended, True)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    step = tf.function(step, reduce_retracing=True)
    key = _key(sets, recipe, vocabulary) if checkpoint else ""
    curves = _load(checkpoint, key, state) if checkpoint and resume else Curves()
    for epoch in tqdm(range(recipe.epochs), unit="epoch", disable=not show):
        bag = sets[epoch % len(sets)]
        order = random.permutation(len(bag.x))
        if epoch < len(curves.loss):
            continue
        losses = []
        for first in range(0, len(order), recipe.batch):
            some = order[first : first + recipe.batch]
            losses.append(float(step(bag.x[some], bag.right[some], bag.intended[some])))
        curves.loss.append(float(np.mean(losses)))
        if held_out:
            lost = loss_of(held_out.x, held_out.right, held_out.intended, False)
            curves.held_out.append(float(lost))
        if checkpoint:
            _save(checkpoint, key, state, curves)
    return model, curves


def _key(sets: Sequence[Bags], recipe: Recipe, vocabulary: Vocabulary) -> str:
    """Returns a checksum of everything that decides which model a training ends with."""
    total = hashlib.sha256(json.dumps([asdict(recipe), vocabulary.labels]).encode())
    for bag in sets:
        for part in (bag.x, bag.right, bag.intended):
            total.update(np.ascontiguousarray(part).tobytes())
    return total.hexdigest()


def _save(path: Path, key: str, state: Sequence[Any], curves: Curves) -> None:
    values = {f"v{i}": np.asarray(variable) for i, variable in enumerate(state)}
    write_arrays(path, {"key": key, "curves": json.dumps(asdict(curves)), **values})


def _load(path: Path, key: str, state: Sequence[Any]) -> Curves:
    """Puts a checkpoint's values into the variables; fresh curves where there is no checkpoint."""
    if not path.exists():
        return Curves()
    try:
        with np.load(path) as file:
            same = str(file["key"]) == key
            values = [file[f"v{i}"] for i in range(len(state))] if same else []
            curves = Curves(**json.loads(str(file["curves"])))
    except DAMAGE as error:
        raise UsageError(f"{path} is no checkpoint; delete it, and train anew") from error
    if not same:
        raise UsageError(
            f"{path} is of other takes or settings: leave --resume out to train anew, "
            "or give what it was made with"
        )
    for variable, value in zip(state, values, strict=True):
        variable.assign(value)
    return curves


def manifest_fields(
    sets: Sequence[Bags], recipe: Recipe, figures: dict[str, Any], vocabulary: Vocabulary = LETTERS
) -> dict[str, Any]:
    """Returns what the manifest says of a model that was trained on these sets."""
    names, counts = np.unique(sets[0].source, return_counts=True)
    size, windows = vocabulary.features.size, len(WINDOWS_MS)
    gestures = ", ".join(vocabulary.gestures)
    return {
        "inputs": [
            f"{size} features of each of {windows} windows, see "
            "edge.recognise.rules.trajectory.Features.windows"
        ],
        "outputs": [f"for each window a logit for {gestures} and none of them"],
        "kind": "motion",
        "features": vocabulary.features.version,
        "normalisation": "each window at even moments, lengths in palm lengths, the palm's "
        "trajectory from its mean, a left hand mirrored; clipped to 4",
        "colour_order": None,
        "margin": 0.0,
        "labels": vocabulary.labels,
        "alphabets": {},
        "shared": [],
        "training": {
            "moving takes": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "recipe": asdict(recipe),
        },
        "figures": figures,
        "licence": "Apache-2.0",
    }


def save(
    model: Any, sets: Sequence[Bags], out: Path, manifest: dict[str, Any], name: str = "motion"
) -> None:
    """Writes NAME.keras, calibration.npz and training.json, of `manifest`, into `out`.

    Raises UsageError where there is no place.
    """
    save_model(model, out / f"{name}.keras")
    x = np.concatenate([bag.x[:, 0] for bag in sets]).astype(np.float32)
    write_arrays(out / "calibration.npz", {"x": x}, compressed=True)
    write(out / "training.json", json.dumps(manifest, indent=1).encode() + b"\n")
