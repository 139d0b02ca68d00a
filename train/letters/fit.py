"""Fits the letter model: prepared hands -> a Keras model, and what convert.quantize wants of it.

A few small networks side by side, their logits averaged, make one model; it gives a logit for
each label and one for "no sign". Each alphabet is a softmax over its own labels and "no sign", and
each is trained as it will be used.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from convert.quiet_tensorflow import keras, save_model, tf
from edge.files import write
from edge.handshapes.letters import FEATURES, SIZE
from edge.types import NONE
from train.arrays import write_arrays
from train.data.landmarks import Rows
from train.letters.alphabets import ALPHABETS, LABELS, SHARED
from train.letters.material import Hands, Recipe, calibration, epoch, hands_of

NORMALISATION = (
    "landmarks moved to the palm's middle, divided by the palm's size (root of the sum of squares "
    "of wrist and knuckles), a left hand mirrored; positions, bone directions, distances"
)
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


def manifest_fields(rows: Rows, recipe: Recipe, figures: dict[str, Any]) -> dict[str, Any]:
    """Returns what the manifest says of a model that was trained on these rows."""
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
    """Trains on all rows and writes letters.keras, calibration.npz and training.json into `out`.

    figures: of the evaluation, for the manifest to quote.
    """
    hands = hands_of(rows, recipe)
    model = fit(hands, recipe, show=sys.stderr.isatty())
    x, label = calibration(hands, recipe)
    save_model(model, out / "letters.keras")
    write_arrays(out / "calibration.npz", {"x": x, "label": label}, compressed=True)
    text = json.dumps(manifest_fields(rows, recipe, figures), indent=1)
    write(out / "training.json", text.encode() + b"\n")
