"""A motion model is fitted here: windows of takes -> a Keras model, its checkpoint and its curves.

A recorded take says which gesture was meant and not when: of all its windows the few that look
most like it have to look like it (multiple-instance learning; Dietterich et al. 1997). Takes made
of the signer's skeleton know when, and show what else hands do.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from convert.quiet_tensorflow import keras, tf
from edge.errors import UsageError
from edge.files import write
from edge.recognise.rules.trajectory import WINDOWS_MS
from train.motion.bags import ENDS, LETTERS, MAYBE, Bags, Vocabulary, bags
from train.motion.trajectories import Take
from train.pictures.checkpoints import save as keep


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; `sets` times all takes are looked at anew."""

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


def material(takes: Sequence[Take], recipe: Recipe, wanted: Vocabulary = LETTERS) -> list[Bags]:
    """Returns `sets` looks at all takes."""
    return [
        bags(takes, np.random.default_rng([recipe.seed, number]), wanted)
        for number in tqdm(range(recipe.sets), unit="set", disable=not sys.stderr.isatty())
    ]


def network(recipe: Recipe, wanted: Vocabulary = LETTERS) -> Any:
    """Returns a Keras model: (B, S, size) -> (B, S, labels) logits, each span on its own."""
    inputs = keras.Input((len(WINDOWS_MS), wanted.features.size), name="features")
    x = inputs
    for width in recipe.widths:
        x = keras.layers.Dense(width)(x)
        x = keras.layers.ReLU(max_value=6.0)(x)
        x = keras.layers.Dropout(recipe.dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(len(wanted.labels))(x))


def _loss(logits: Any, right: Any, meant: Any, hardest: int) -> Any:
    """Returns the mean over takes: windows that are labelled, or the best of those that are not."""
    labels = logits.shape[-1]
    log_p = tf.nn.log_softmax(logits)
    flat = tf.reshape(log_p, (tf.shape(log_p)[0], -1, labels))
    right = tf.reshape(right, (tf.shape(flat)[0], -1))
    asked = tf.cast(right >= 0, tf.float32)
    each = -tf.reduce_sum(flat * tf.one_hot(right, labels), -1)
    told = tf.reduce_sum(each * asked, 1) / (tf.reduce_sum(asked, 1) + 1e-6)
    told += tf.reduce_mean(tf.math.top_k(each * asked, hardest).values, 1)
    mine = tf.one_hot(meant, labels)[:, None]
    wanted = tf.reduce_sum(flat * mine, -1)
    maybe = right == MAYBE
    best = tf.math.top_k(tf.where(maybe, wanted, -20.0), hardest).values
    others = (1 - tf.one_hot(labels - 1, labels)) * (1 - mine)
    other = tf.reduce_sum(tf.exp(flat) * others, -1)
    found = -2 * tf.reduce_mean(best, 1) + tf.reduce_max(tf.where(maybe, other, 0.0), 1)
    told += tf.where((meant >= 0) & tf.reduce_any(maybe, 1), found, 0.0)
    return tf.reduce_mean(told)


def fit(
    sets: Sequence[Bags],
    recipe: Recipe,
    wanted: Vocabulary = LETTERS,
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
    model = network(recipe, wanted)
    steps = recipe.epochs * -(-len(sets[0].x) // recipe.batch)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(recipe.rate, steps), weight_decay=recipe.decay
    )
    optimizer.build(model.trainable_variables)
    state = [*model.variables, *optimizer.variables]
    shape = (-1, ENDS, len(WINDOWS_MS), len(wanted.labels))

    def loss_of(x: Any, right: Any, meant: Any, training: bool) -> Any:
        flat = tf.reshape(tf.cast(x, tf.float32), (-1, len(WINDOWS_MS), wanted.features.size))
        logits = tf.reshape(model(flat, training=training), shape)
        return _loss(logits, tf.cast(right, tf.int32), tf.cast(meant, tf.int32), recipe.hardest)

    def step(x: Any, right: Any, meant: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(x, right, meant, True)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    step = tf.function(step, reduce_retracing=True)
    key = _key(sets, recipe, wanted) if checkpoint else ""
    curves = _load(checkpoint, key, state) if checkpoint and resume else Curves()
    for epoch in tqdm(range(recipe.epochs), unit="epoch", disable=not show):
        bag = sets[epoch % len(sets)]
        order = random.permutation(len(bag.x))
        if epoch < len(curves.loss):
            continue
        losses = []
        for first in range(0, len(order), recipe.batch):
            some = order[first : first + recipe.batch]
            losses.append(float(step(bag.x[some], bag.right[some], bag.meant[some])))
        curves.loss.append(float(np.mean(losses)))
        if held_out:
            lost = loss_of(held_out.x, held_out.right, held_out.meant, False)
            curves.held_out.append(float(lost))
        if checkpoint:
            _save(checkpoint, key, state, curves)
    return model, curves


def _key(sets: Sequence[Bags], recipe: Recipe, wanted: Vocabulary) -> str:
    """Returns a sum of all that decides what becomes of a training."""
    told = hashlib.sha256(json.dumps([asdict(recipe), wanted.labels]).encode())
    for bag in sets:
        for part in (bag.x, bag.right, bag.meant):
            told.update(np.ascontiguousarray(part).tobytes())
    return told.hexdigest()


def _save(path: Path, key: str, state: Sequence[Any], curves: Curves) -> None:
    values = {f"v{i}": np.asarray(variable) for i, variable in enumerate(state)}
    buffer = io.BytesIO()
    np.savez(buffer, key=key, curves=json.dumps(asdict(curves)), **values)  # type: ignore[arg-type]
    write(path, buffer.getvalue())


def _load(path: Path, key: str, state: Sequence[Any]) -> Curves:
    """Puts a checkpoint's values into the variables; fresh curves where there is no checkpoint."""
    if not path.exists():
        return Curves()
    try:
        with np.load(path) as file:
            same = str(file["key"]) == key
            values = [file[f"v{i}"] for i in range(len(state))] if same else []
            curves = Curves(**json.loads(str(file["curves"])))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} is no checkpoint; delete it, and train anew") from error
    if not same:
        raise UsageError(
            f"{path} is of other takes or settings: leave --resume out to train anew, "
            "or give what it was made with"
        )
    for variable, value in zip(state, values, strict=True):
        variable.assign(value)
    return curves


def words(
    sets: Sequence[Bags], recipe: Recipe, figures: dict[str, Any], wanted: Vocabulary = LETTERS
) -> dict[str, Any]:
    """Returns what the manifest is to say."""
    names, counts = np.unique(sets[0].source, return_counts=True)
    size, spans = wanted.features.size, len(WINDOWS_MS)
    gestures = ", ".join(wanted.gestures)
    return {
        "inputs": [
            f"{size} features of each of {spans} spans, see edge.recognise.rules.trajectory.Features.windows"
        ],
        "outputs": [f"for each span a logit for {gestures} and none of them"],
        "kind": "motion",
        "features": wanted.features.version,
        "normalisation": "each span at even moments, lengths in palm lengths, the palm's path from "
        "its mean, a left hand mirrored; clipped to 4",
        "colour_order": None,
        "margin": 0.0,
        "labels": wanted.labels,
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
    model: Any, sets: Sequence[Bags], out: Path, told: dict[str, Any], name: str = "motion"
) -> None:
    """Writes NAME.keras, calibration.npz and training.json into `out`.

    Raises UsageError where there is no place.
    """
    keep(model, out / f"{name}.keras")
    x = np.concatenate([bag.x[:, 0] for bag in sets]).astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=x)
    write(out / "calibration.npz", buffer.getvalue())
    write(out / "training.json", json.dumps(told, indent=1).encode() + b"\n")
