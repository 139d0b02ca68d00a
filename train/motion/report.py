"""A gesture model's results as one HTML page: what it learnt from, how, and how well it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.files import write
from edge.joints import MIDDLE_MCP, TIPS, WRIST
from train.motion.fit import Curves
from train.motion.gestures import Gathered
from train.motion.trajectories import Take
from train.report import plots
from train.report.document import Block, Picture, Table, Text, page

SHOWN = 20  # takes in a preview, and files in the list of those that could not be read
_TIPS = list(TIPS)


def write_report(
    path: Path, gathered: Gathered, curves: Curves, figures: Mapping[str, Any], live: str
) -> None:
    """Writes the page, whole or not at all; live: the command that runs the model."""
    held = figures["held out"]
    table = np.array(held["confusion"])
    history = {"loss": curves.loss, "val_loss": curves.held_out}
    parts: list[Block] = [
        Text("Gestures of one's own", 1),
        Text(f"It runs live with: **{live}**"),
        _figures(figures),
        Text(
            "Each held-out take is played frame by frame to the int8 model, as on a device "
            "(edge.recognise.rules.motion.Motion). A gesture that is read once is right; read "
            "again, or in a take of something else, it is false."
        ),
        Text(f"**Held out.** {figures['how']}."),
        _false(figures),
        Text("What is taken for what", 2),
        Picture(plots.gestures(gathered.gestures, table), "What was read first of each take"),
        Text("How it learnt", 2),
        Picture(plots.curves(history), "Loss of the takes that it learns, and of those held out"),
        Text("What it learnt from", 2),
        Picture(plots.balance(gathered.counts()), "Takes of each gesture", ),
        Picture(plots.trajectories(_trajectories(gathered)), "Where the hand goes, from the dots"),
        *_unread(gathered),
        Text("What it costs", 2),
        *_costs(figures),
        Text("Settings", 2),
        Table(["setting", "value"], [[k, str(v)] for k, v in figures["recipe"].items()]),
    ]  # fmt: skip
    write(path, page("Gestures", parts).encode())


def _figures(figures: Mapping[str, Any]) -> Table:
    held = figures["held out"]
    rows = []
    for name in figures["gestures"]:
        of = held[name]
        shares = [f"{100 * of[kind]:.1f} %" for kind in ("precision", "recall", "f1")]
        counts = [str(of[kind]) for kind in ("right", "missed", "false")]
        rows.append([name, *shares, *counts, str(figures["takes"][name])])
    head = ["gesture", "precision", "recall", "F1", "right", "missed", "false", "takes in all"]
    return Table(head, rows)


def _false(figures: Mapping[str, Any]) -> Table:
    rows = [
        [name, f"{of['minutes']:.1f} min", str(of["false"]), f"{of['in ten minutes']:.1f}"]
        for name, of in figures["no gesture"].items()
    ]
    return Table(["what is no gesture", "played", "false", "false in ten minutes"], rows)


def _trajectories(gathered: Gathered) -> dict[str, list[npt.NDArray[np.float32]]]:
    """Returns, by gesture, where the fingertip that goes the farthest goes, in palm lengths."""
    return {
        name: [_trajectory(take) for take in _some(gathered.takes, name) if len(take.t_ms) > 1]
        for name in gathered.gestures
    }


def _some(takes: Sequence[Take], name: str) -> list[Take]:
    mine = [take for take in takes if take.label == name]
    return [mine[i] for i in np.unique(np.linspace(0, len(mine) - 1, SHOWN).astype(int))]


def _trajectory(take: Take) -> npt.NDArray[np.float32]:
    tips = take.landmarks[:, _TIPS, :2]
    length = np.linalg.norm(
        take.landmarks[:, MIDDLE_MCP] - take.landmarks[:, WRIST], axis=-1
    ).mean()
    farthest = int(np.linalg.norm(np.diff(tips, axis=0), axis=-1).sum(0).argmax())
    from_wrist = tips[:, farthest] - take.landmarks[:, WRIST, :2].mean(0)
    return np.asarray(from_wrist / (length + 1e-6), np.float32)


def _unread(gathered: Gathered) -> list[Block]:
    out: list[Block] = []
    if gathered.unread:
        rows = [[path, why] for path, why in list(gathered.unread.items())[:SHOWN]]
        count = len(gathered.unread)
        out += [Text(f"{count} takes could not be read and were left out:"),
                Table(["take", "why"], rows)]  # fmt: skip
    if gathered.unknown:
        names = ", ".join(gathered.unknown[:SHOWN])
        out.append(Text(f"{len(gathered.unknown)} files are no takes and were left out: {names}"))
    return out or [Text("Every take could be read.")]


def _costs(figures: Mapping[str, Any]) -> list[Block]:
    cost, parity = figures["cost"], figures["parity"]
    rows = [
        [version, f"{cost[f'{version}_bytes'] / 1000:.0f} kB", f"{cost[f'{version}_ms']:.3f} ms"]
        for version in ("int8", "float")
    ]
    return [
        Table(["version", "size", "invoke"], rows),
        Text(
            f"Float against int8, {parity['windows']} held-out windows: the same label in "
            f"{100 * parity['agreement']:.2f} %, probabilities off by {parity['mean']:.4f} in the "
            f"mean and {parity['worst']:.3f} at most; mean F1 {100 * parity['float_f1']:.1f} % "
            f"float, {100 * parity['int8_f1']:.1f} % int8."
        ),
    ]
