"""Learning: streams -> the network's weights, with checkpoints to go on from.

Which letter it is, and whether anybody spells, are two losses: a stream without spelling teaches
nothing about letters, so that a model that is not sure of spelling still reads them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.quiet_tensorflow import keras, tf
from train.sequences.network import Shape, build


@dataclass(frozen=True)
class Recipe:
    """How the network learns. No value was compared with another one alone (train/LOG.md).

    steps: batches in all. spelling: weight of the loss of spelling.
    """

    seed: int = 1
    steps: int = 6000
    batch: int = 16
    rate: float = 1.5e-3
    decay: float = 1e-3
    spelling: float = 0.7
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True, eq=False)
class Rows:
    """Streams of one length, as in camera.Row; x has the window's empty steps in front."""

    x: npt.NDArray[np.floating[Any]]
    allowed: npt.NDArray[np.uint8]
    spelling: npt.NDArray[np.uint8]


def losses(logits: Any, allowed: Any, spelling: Any) -> tuple[Any, Any]:
    """Returns the losses of letters and of spelling, means over the steps that have a target.

    logits: (B, S, OUTPUTS). The loss of letters is minus the logarithm of what the outputs that are
    allowed get together.
    """
    log_p = tf.nn.log_softmax(logits[..., :-1])
    allowed = tf.cast(allowed, tf.float32)
    hit = tf.reduce_logsumexp(log_p + (allowed - 1) * 1e9, -1)
    some = tf.cast(tf.reduce_sum(allowed, -1) < allowed.shape[-1], tf.float32)
    letters = -tf.reduce_sum(hit * some) / (tf.reduce_sum(some) + 1)
    known = tf.cast(spelling < 2, tf.float32)
    true = tf.cast(spelling == 1, tf.float32)
    each = tf.nn.sigmoid_cross_entropy_with_logits(true, logits[..., -1])
    return letters, tf.reduce_sum(each * known) / (tf.reduce_sum(known) + 1)


def fit(
    more: Callable[[np.random.Generator, int], Rows],
    recipe: Recipe,
    folder: Path,
    watch: Callable[[Any, int], None],
    every: int = 250,
) -> Any:
    """Trains, going on from FOLDER's checkpoint if there is one; returns the model of streams.

    more: gives a batch of so many streams. watch: is called with the model every so many steps.
    """
    keras.utils.set_random_seed(recipe.seed)
    model = build(recipe.shape, streams=True)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(recipe.rate, recipe.steps, 0.02),
        weight_decay=recipe.decay,
        global_clipnorm=1.0,
    )
    optimizer.build(model.trainable_variables)
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
    manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
    if manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint)
    step = tf.function(_step(model, optimizer, recipe.spelling), reduce_retracing=True)
    since: list[list[float]] = []
    start_s = time.monotonic()
    for number in range(int(optimizer.iterations.numpy()), recipe.steps):
        batch = more(np.random.default_rng([recipe.seed, number]), recipe.batch)
        both = step(
            tf.constant(batch.x.astype(np.float32)),
            tf.constant(batch.allowed),
            tf.constant(batch.spelling),
        )
        since.append([float(value) for value in both])
        if (number + 1) % every == 0 or number + 1 == recipe.steps:
            letters, spelling = np.mean(since, 0)
            print(
                f"step {number + 1}: loss of letters {letters:.3f}, of spelling {spelling:.3f}, "
                f"{time.monotonic() - start_s:.0f} s",
                flush=True,
            )
            since = []
            manager.save()
            watch(model, number + 1)
    return model


def _step(model: Any, optimizer: Any, spelling_weight: float) -> Callable[..., Any]:
    """Returns the function that learns from one batch, and returns both losses."""

    def step(x: Any, allowed: Any, spelling: Any) -> Any:
        with tf.GradientTape() as tape:
            both = losses(model(x, training=True), allowed, spelling)
            loss = both[0] + spelling_weight * both[1]
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return both

    return step
