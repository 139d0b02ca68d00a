"""Trains a classifier of pictures, epoch by epoch; a killed run goes on as if it had not been.

After each epoch the model is written as a checkpoint (train/pictures/checkpoints.py). Random
numbers follow from the seed, the epoch and the batch, and from nothing else.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.quiet_tensorflow import keras
from edge.types import NONE
from train.pictures.checkpoints import Checkpoint, begun, load
from train.pictures.crops import Pictures, Shake, Task
from train.pictures.splits import at_random

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """How a network is trained: Adam, its rate falling where validation accuracy stands still.

    rate: of Adam; after `patience` epochs without a better accuracy it is multiplied by `factor`,
    down to `floor` (Keras' ReduceLROnPlateau).
    """

    epochs: int
    batch: int = 64
    seed: int = 1
    rate: float = 1e-3
    factor: float = 0.1
    patience: int = 2
    floor: float = 1e-4
    shake: Shake = field(default_factory=Shake)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Crops and class numbers in batches; with `shake` crops and order vary from epoch to epoch."""

    def __init__(
        self,
        pictures: Pictures,
        task: Task,
        batch: int,
        *,
        shake: Shake | None = None,
        seed: int = 0,
        epoch: int = 0,
    ) -> None:
        super().__init__()
        self._pictures, self._task, self._batch = pictures, task, batch
        self._shake, self._seed, self._epoch = shake, seed, epoch
        number = {name: i for i, name in enumerate(task.classes)}
        self._class = np.array([number[label] for label in pictures.label], np.int32)
        self._order = self._ordered()

    def __len__(self) -> int:
        return math.ceil(len(self._class) / self._batch)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        chosen = self._order[index * self._batch : (index + 1) * self._batch]
        seed = (self._seed, self._epoch, index)
        crops = self._pictures.crops(chosen, self._task, shake=self._shake, seed=seed)
        return crops, self._class[chosen]

    def on_epoch_end(self) -> None:
        """Draws the next epoch's order."""
        self._epoch += 1
        self._order = self._ordered()

    def _ordered(self) -> npt.NDArray[np.intp]:
        if self._shake is None:
            return np.arange(len(self._class))
        return np.random.default_rng([self._seed, self._epoch]).permutation(len(self._class))


@dataclass(frozen=True)
class Training:
    """One recipe's way to train, whichever pictures it is given.

    network: returns a Keras model from (B, side, side, C) pixels 0..255 to (B, classes) logits.
    out: below it the checkpoints are. resume: go on from them.
    facts: what else the network depends on, by name; a checkpoint with others is another run's.
    tune, thaw: a second plan, before which `thaw` lets more layers of the model be trained.
    """

    network: Callable[[], Any]
    task: Task
    plan: Plan
    out: Path
    resume: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    tune: Plan | None = None
    thaw: Callable[[Any], None] = lambda model: None

    def fit(self, pictures: Pictures, folder: str) -> tuple[Any, dict[str, list[float]]]:
        """Trains on nine tenths of the pictures; by the last tenth the rate is lowered.

        folder: of this training's checkpoints, below `out`.
        """
        pictures = teachable(pictures)
        kept, watched = map(pictures.where, at_random(pictures.label, 0.1, self.plan.seed))
        checkpoints = self.out / "checkpoints" / folder
        model, history = fit(
            self.network, self.task, kept, watched,
            plan=self.plan, folder=checkpoints, facts=self.facts, resume=self.resume,
        )  # fmt: skip
        if self.tune is None:
            return model, history

        def thawed() -> Any:
            self.thaw(model)
            return model

        model, more = fit(
            thawed, self.task, kept, watched,
            plan=self.tune, folder=checkpoints / "tuned", facts=self.facts, resume=self.resume,
        )  # fmt: skip
        return model, {name: [*history[name], *more[name]] for name in history}


def teachable(pictures: Pictures) -> Pictures:
    """Returns the pictures with a hand, and those that are to have none.

    One in which a hand was missed reaches no model on a device.
    """
    return pictures.where(pictures.found | (pictures.label == NONE))


def fit(
    network: Callable[[], Any],
    task: Task,
    train: Pictures,
    validation: Pictures,
    *,
    plan: Plan,
    folder: Path,
    facts: Mapping[str, Any] = MappingProxyType({}),
    resume: bool = False,
) -> tuple[Any, dict[str, list[float]]]:
    """Trains what `network` returns; returns it with its history, a number an epoch by name.

    network: returns a Keras model from (B, side, side, C) pixels 0..255 to (B, classes) logits.
    folder: of the checkpoints. facts: as of Training. resume: go on from the last checkpoint, if
    there is one.
    Raises UsageError where the checkpoint is of other settings, or cannot be written.
    """
    keras.utils.set_random_seed(plan.seed)
    settings = {
        **facts,
        "task": [list(task.classes), *task[1:]],
        "pictures": train.digest(),
        **{name: value for name, value in asdict(plan).items() if name != "epochs"},
    }
    settings["shake"] = list(plan.shake)
    before = begun(folder, settings) if resume else None
    if before:
        model = load(folder, before)
    else:
        shutil.rmtree(
            folder, ignore_errors=True
        )  # an earlier run's, which this one does not continue
        model = network()
        model.compile(
            optimizer=keras.optimizers.Adam(plan.rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=False,
        )
    history: dict[str, list[float]] = before["history"] if before else {}
    done = len(history.get("loss", ()))
    if done < plan.epochs:
        plateau = keras.callbacks.ReduceLROnPlateau(
            "val_accuracy", factor=plan.factor, patience=plan.patience, min_lr=plan.floor
        )
        batches = Batches(train, task, plan.batch, shake=plan.shake, seed=plan.seed, epoch=done)
        model.fit(
            batches,
            validation_data=Batches(validation, task, plan.batch),
            initial_epoch=done,
            epochs=plan.epochs,
            shuffle=False,  # Batches does, so that a resumed run has the same order
            verbose=1 if sys.stderr.isatty() else 2,
            callbacks=[plateau, Checkpoint(folder, settings, history, plateau, before)],
        )
    return model, history


def logits(model: Any, pictures: Pictures, task: Task, batch: int = 64) -> Floats:
    """Returns the (N, classes) logits of a Keras model for the pictures as they are."""
    out = []
    for first in range(0, len(pictures), batch):
        chosen = np.arange(first, min(first + batch, len(pictures)))
        crops = pictures.crops(chosen, task)
        out.append(np.asarray(model(crops.astype(np.float32), training=False)))
    return np.concatenate(out)
