"""The page of a recipe of pictures: what it learnt from, how it learnt, how well it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.files import write
from train.pictures.crops import Pictures, Shake, Task, counts
from train.pictures.held_out import Split
from train.report import plots
from train.report.document import Block, Picture, Table, Text, page, percent

SHOWN = 24  # pictures of a gallery
FEW = 5  # pictures; of a person with fewer no accuracy is shown
NAMED = 20  # people in a table, and pictures in the list of those that could not be read


@dataclass(frozen=True, eq=False)
class Notes:
    """What a report says beside the figures.

    title; original: what the public project states, and where it falls short.
    learnt: the pictures that the model in use was trained on. unread: by path, why a picture could
    not be read. more: what only this recipe reports.
    """

    title: str
    original: str
    learnt: Pictures
    unread: Mapping[str, str]
    more: Sequence[Block] = ()


def write_report(
    path: Path,
    *,
    task: Task,
    splits: Sequence[Split],
    figures: Mapping[str, Any],
    notes: Notes,
    shake: Shake,
    live: str,
) -> None:
    """Writes the page, whole or not at all.

    shake: how much crops were varied in training. live: the command that runs the model.
    """
    parts = [
        Text(notes.title, 1),
        Text(f"It runs live with: **{live}**"),
        _accuracies(splits, figures, task),
        Text("**The original.** " + notes.original),
        *(Text(f"**{split.name}.** {split.how}") for split in splits),
        *_signers(figures),
        Text("What it learnt from", 2),
        Picture(plots.balance(counts(notes.learnt.label, task.classes)), "Pictures of each class"),
        *_previews(notes.learnt, task, shake),
        *_unread(notes.unread),
        Text("How it learnt", 2),
        *(Picture(plots.curves(s.history), s.name) for s in splits if s.history),
        Text("What is taken for what", 2),
        *(
            Picture(
                plots.confusion({split.name: (task.classes, split.confusion(task))}), split.name
            )
            for split in splits
        ),
        *(_classes(split, figures) for split in splits),
        _predictions(splits[-1], task),
        *notes.more,
        Text("What it costs", 2),
        *_costs(figures),
        Text("Settings", 2),
        Table(["setting", "value"], [[k, _short(v)] for k, v in figures["recipe"].items()]),
    ]
    write(path, page(notes.title, parts).encode())


def _accuracies(splits: Sequence[Split], figures: Mapping[str, Any], task: Task) -> Table:
    head = ["held out", "pictures", "accuracy", "hand found", "precision", "recall", "F1"]
    rows = {s.name: figures["splits"][s.name] for s in splits}
    rows[f"{splits[0].name}, int8"] = figures["int8"]
    return Table(
        head,
        [
            [name, str(f["photographs"]), percent(f), f"{100 * f['found']:.1f} %"]
            + [f"{100 * f[f'{kind}, macro']:.1f} %" for kind in ("precision", "recall", "F1")]
            for name, f in rows.items()
        ],
    )


def _signers(figures: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    for name, split in figures["splits"].items():
        known = [item for item in split["signers"].items() if item[1]["photographs"] >= FEW]
        worst = sorted(known, key=lambda item: item[1]["accuracy"])
        rows = [[who, str(f["photographs"]), percent(f)] for who, f in worst[:NAMED]]
        if rows:
            blocks.append(Table([f"{name}: the worst first", "pictures", "accuracy"], rows))
    return blocks


def _previews(pictures: Pictures, task: Task, shake: Shake) -> list[Picture]:
    chosen = _evenly(pictures.label)[:SHOWN]
    captions = pictures.label[chosen].tolist()
    still = plots.gallery(list(pictures.crops(chosen, task)), captions)
    shaken = plots.gallery(list(pictures.crops(chosen, task, shake=shake)), captions)
    return [Picture(still, "As the model sees them"), Picture(shaken, "As it is trained on them")]


def _predictions(split: Split, task: Task) -> Picture:
    """A gallery of held-out pictures, mistakes first."""
    read, truth = split.labels_read(task), split.pictures.label
    wrong, right = np.flatnonzero(read != truth), np.flatnonzero(read == truth)
    wrong = wrong[_evenly(truth[wrong])][: SHOWN // 2]
    right = right[_evenly(truth[right])][: SHOWN - len(wrong)]
    chosen = np.concatenate([wrong, right])
    captions = [
        truth[i] if read[i] == truth[i] else f"!{truth[i]} > {read[i] or 'no hand'}" for i in chosen
    ]
    pictures = plots.gallery(list(split.pictures.crops(chosen, task)), captions)
    return Picture(pictures, f"{split.name}: shown > read where it is wrong")


def _evenly(label: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """Returns all indices, one of each class after the other, from all over each class."""
    random = np.random.default_rng(1)
    rank = np.zeros(len(label), np.intp)
    for name in np.unique(label):
        mine = np.flatnonzero(label == name)
        rank[mine] = random.permutation(len(mine))
    return np.asarray(np.lexsort((label, rank)))


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_short(part)}" for name, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _unread(unread: Mapping[str, str]) -> list[Block]:
    if not unread:
        return [Text("Every picture could be read.")]
    rows = [[path, why] for path, why in list(unread.items())[:NAMED]]
    if len(unread) > NAMED:
        rows.append([f"and {len(unread) - NAMED} more", ""])
    return [Text(f"{len(unread)} pictures could not be read and were left out:"),
            Table(["picture", "why"], rows)]  # fmt: skip


def _classes(split: Split, figures: Mapping[str, Any]) -> Table:
    rows = [
        [label, f"{row['photographs']:.0f}"]
        + [f"{100 * row[kind]:.1f} %" for kind in ("precision", "recall", "F1")]
        for label, row in figures["splits"][split.name]["classes"].items()
    ]
    return Table([split.name, "pictures", "precision", "recall", "F1"], rows)


def _costs(figures: Mapping[str, Any]) -> list[Block]:
    cost = figures["cost"]
    rows = [
        [kind, f"{cost[f'{kind}_bytes'] / 1e3:.0f} kB", f"{cost[f'{kind}_ms']:.2f} ms"]
        for kind in ("float", "int8")
    ]
    parity = [
        f"The same label in float and int8 for {100 * p['agreement']:.2f} % of the held-out "
        f"pictures; accuracy {100 * p['float_accuracy']:.2f} % in float, "
        f"{100 * p['int8_accuracy']:.2f} % in int8: {'ok' if p['passed'] else '**lost too much**'}."
        for p in figures["parity"]
    ]
    return [
        Text(f"{cost['parameters']:,} parameters; one thread of this machine, median."),
        Table(["version", "size", "invoke"], rows),
        *(Text(line) for line in parity),
    ]
