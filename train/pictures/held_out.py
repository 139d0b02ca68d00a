"""Judges a recipe by pictures that its model never saw: at random, and whole people.

On a device a picture in which no hand is found reaches no model, and counts as "none"; so it does
here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.types import NONE
from train.evaluate.figures import by_label, share
from train.pictures.crops import Pictures, Task
from train.pictures.fitting import Training, logits, teachable
from train.pictures.splits import by_group, only_one

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Split:
    """One way to hold pictures back, and how a model trained without them reads them.

    name, how: in words, for the report. trained: how many pictures it learnt from.
    logits: (N, classes) of the float model for `pictures`.
    history: of the training, a number an epoch by name.
    """

    name: str
    how: str
    trained: int
    pictures: Pictures
    logits: Floats
    history: Mapping[str, Sequence[float]]

    def labels_read(self, task: Task, scores: Floats | None = None) -> npt.NDArray[np.str_]:
        """Returns the (N,) labels read; "" where no hand is found and the model has no "none"."""
        scores = self.logits if scores is None else scores
        read = np.array(task.classes)[scores.argmax(1)]
        return np.where(self.pictures.found, read, NONE if NONE in task.classes else "")

    def figures(self, task: Task, scores: Floats | None = None) -> dict[str, Any]:
        """Returns accuracy with its interval, macro precision, recall and F1, by signer, by class.

        scores: (N, classes) logits of another version of the model; else the float model's.
        """
        right = self.labels_read(task, scores) == self.pictures.label
        labels = by_label(self.confusion(task, scores), task.classes)
        signers = {
            str(name): share(right[self.pictures.signer == name])
            for name in np.unique(self.pictures.signer)
            if name
        }
        shown = [row for row in labels.values() if row["photographs"]]
        return {
            **share(right),
            "found": float(self.pictures.found.mean()),
            "trained on": self.trained,
            **{
                f"{kind}, macro": float(np.mean([row[kind] for row in shown]))
                for kind in ("precision", "recall", "F1")
            },
            "signers": signers if len(signers) > 1 else {},
            "classes": labels,
        }

    def confusion(self, task: Task, scores: Floats | None = None) -> npt.NDArray[np.intp]:
        """Returns (L, L + 1) counts: truth by label read; the last column is hands not found."""
        index = {name: i for i, name in enumerate((*task.classes, ""))}
        table = np.zeros((len(task.classes), len(index)), np.intp)
        for shown, read in zip(self.pictures.label, self.labels_read(task, scores), strict=True):
            table[index[str(shown)], index[str(read)]] += 1
        return table


def same_people(
    training: Training, learnt: Pictures, held: Pictures, how: str
) -> tuple[Any, Split]:
    """Trains on `learnt`; returns the model, and how it reads `held`.

    Raises UsageError where there is nothing to learn a class from.
    """
    there = set(teachable(learnt).label.tolist())
    missing = sorted({*training.task.classes, *held.label.tolist()} - there)
    if missing:
        raise UsageError(
            f"there is no hand to learn {missing[0]!r} from: each class needs pictures in which a "
            "hand is found, in the part that is trained on too"
        )
    model, history = training.fit(learnt, "same-people")
    scores = logits(model, held, training.task)
    return model, Split("same people", how, len(learnt), held, scores, history)


def strangers(training: Training, model: Any, learnt: int, pictures: Pictures) -> Split:
    """Returns how a model reads pictures that other people brought.

    learnt: how many pictures it was trained on.
    """
    who = ", ".join(np.unique(pictures.signer))
    how = f"Other people before other cameras, never trained on: {who}."
    scores = logits(model, pictures, training.task)
    return Split("strangers", how, learnt, pictures, scores, {})


def people_left_out(
    training: Training, pictures: Pictures, person: npt.NDArray[np.str_], folds: int
) -> Split:
    """Leaves people out, fold by fold, until each was; returns how models read these people.

    person: (N,) text, whose hand each picture shows.
    """
    held, scores, learnt = [], [], []
    history: Mapping[str, Sequence[float]] = {}
    for fold, (kept, back) in enumerate(by_group(pictures.label, person, folds)):
        print(f"fold {fold + 1}: without {_few(np.unique(person[back]))}", file=sys.stderr)
        model, history = training.fit(pictures.where(kept), f"without-{fold + 1}")
        held.append(back)
        scores.append(logits(model, pictures.where(back), training.task))
        learnt.append(len(kept))
    alone = only_one(pictures.label, person)
    left = "".join(f" Only {who} shows {name}: left out." for name, who in alone.items())
    how = (
        f"{len(np.unique(person))} people in {len(held)} folds, each read by a model that never "
        f"saw them. The curves are of the last fold.{left}"
    )
    chosen = pictures.where(np.concatenate(held))
    return Split(
        "people left out", how, int(np.mean(learnt)), chosen, np.concatenate(scores), history
    )


def _few(names: npt.NDArray[np.str_]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest
