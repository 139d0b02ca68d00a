"""Checkpoints of a training: the model with its optimiser, and what else decides the next epoch.

Random numbers follow from the seed and the epoch and from nothing else, so that a run that goes on
from a checkpoint ends with the same model as one that was never stopped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from convert.quiet_tensorflow import keras, load_model, save_model
from edge.errors import UsageError
from edge.files import write


def load(folder: Path, record: dict[str, Any]) -> Any:
    """Returns the Keras model of a checkpoint, compiled as it was."""
    try:
        return load_model(folder / record["model"], compiled=True)
    except (UsageError, KeyError) as error:
        raise UsageError(
            f"the checkpoint in {folder} is damaged; leave out --resume to begin anew"
        ) from error


def begun(folder: Path, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the last checkpoint's record, or None where there is none.

    facts: what the training depends on, by name. Raises UsageError where the checkpoint has others.
    """
    try:
        before: dict[str, Any] = json.loads((folder / "checkpoint.json").read_bytes())
    except (OSError, ValueError):
        return None
    changed = [name for name in facts if before["facts"].get(name) != facts[name]]
    if changed:
        name = changed[0]
        raise UsageError(
            f"{folder} was begun with {name} {before['facts'].get(name)}, and this is "
            f"{facts[name]}; leave out --resume to begin anew"
        )
    return before


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the model, the history and the state of ReduceLROnPlateau after each epoch."""

    _STATE = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        folder: Path,
        facts: dict[str, Any],
        history: dict[str, list[float]],
        plateau: Any,
        before: dict[str, Any] | None,
    ) -> None:
        super().__init__()
        self._folder, self._facts, self._history = folder, facts, history
        self._plateau, self._before = plateau, before

    def on_train_begin(self, logs: Any = None) -> None:
        """Restores the plateau's state, which Keras resets when training begins."""
        for name, value in (self._before or {}).get("plateau", {}).items():
            setattr(self._plateau, name, value)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Seeds Dropout by seed and epoch: Keras does not save the state of its generators."""
        states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for number, state in enumerate(states):
            random = np.random.default_rng([self._facts["seed"], epoch, number])
            state.assign(random.integers(0, 2**32, 2, dtype=np.uint32))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the model, then the record that names it, then deletes the model before."""
        for name, value in (logs or {}).items():
            self._history.setdefault(name, []).append(float(value))
        file = self._folder / f"epoch-{epoch + 1}.keras"
        try:
            save_model(self.model, file)
        except UsageError as error:
            raise UsageError(f"{error}, then --resume") from error
        record = {
            "model": file.name,
            "facts": self._facts,
            "history": self._history,
            "plateau": {name: float(getattr(self._plateau, name)) for name in self._STATE},
        }
        write(self._folder / "checkpoint.json", json.dumps(record).encode())
        for old in self._folder.glob("epoch-*.keras"):
            if old != file:
                old.unlink()
