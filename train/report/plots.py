"""The pictures of the reports, as PNG: figures in, bytes out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edge.types import NONE

DPI = 90
INK, PALE, MARK, GRID = "#1f3a5f", "#9db4d0", "#c0392b", "#e3e6ea"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without the date and the library's version, so that the same figures are the same bytes.
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def _plain(axes: Axes) -> None:
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def confusion(tables: Mapping[str, tuple[Sequence[str], npt.NDArray[np.intp]]]) -> bytes:
    """Draws (L, L + 1) counts of each alphabet, truth downwards; the last column is missed hands.

    Shades are shares of a row's photographs on a root scale, so that a few mistakes are seen.
    """
    sizes = [len(labels) for labels, _ in tables.values()]
    figure = Figure(
        figsize=(3.2 + 0.29 * sum(sizes), 1.6 + 0.29 * max(sizes)), layout="constrained"
    )
    panels = figure.subplots(1, len(tables), squeeze=False, width_ratios=sizes)[0]
    for axes, (name, (labels, counts)) in zip(panels, tables.items(), strict=True):
        _counts(axes, counts, labels, [*labels, "–"])
        axes.set(title=name, xlabel="read as (–: no hand found)", ylabel="shown")
    return _png(figure)


def gestures(labels: Sequence[str], counts: npt.NDArray[np.intp]) -> bytes:
    """Draws (L + 1, L + 1) counts of takes, truth downwards; the last of either is no gesture."""
    size = 2.2 + 0.29 * len(labels) + 0.07 * max(map(len, labels))
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    _counts(axes, counts, [*labels, NONE], [*labels, "–"])
    axes.tick_params("x", rotation=90 if max(map(len, labels)) > 2 else 0)
    axes.set(xlabel="read as (–: nothing)", ylabel="shown")
    return _png(figure)


def _counts(
    axes: Axes, counts: npt.NDArray[np.intp], rows: Sequence[str], columns: Sequence[str]
) -> None:
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(columns)), columns, fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    for i, j in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[i, j] > 0.4 else INK
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=6, color=colour)


def trajectories(panels: Mapping[str, Sequence[npt.NDArray[np.float32]]]) -> bytes:
    """Draws where a hand goes: trajectories (N, 2) in palm lengths, y down, each from its dot."""
    columns = min(6, max(3, len(panels)))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(2.1 * columns, 2.2 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, (name, some) in zip(grid, panels.items(), strict=False):
        for line in some:
            axes.plot(line[:, 0], line[:, 1], color=PALE, linewidth=1)
        for line in some:
            axes.plot(*line[0], "o", color=MARK, markersize=2.5)
        axes.set(xticks=[], yticks=[], aspect="equal")
        axes.invert_yaxis()
        axes.set_title(name, fontsize=9)
    return _png(figure)


def accuracies(parts: Mapping[str, Mapping[str, Any]], line: float) -> bytes:
    """Draws accuracies with their intervals, one below the other; `line` is their mean."""
    figure = Figure(figsize=(8, 0.8 + 0.24 * len(parts)), layout="constrained")
    axes = figure.subplots()
    _plain(axes)
    for y, part in enumerate(parts.values()):
        low, high = part["interval"]
        axes.plot([100 * low, 100 * high], [y, y], color=PALE, linewidth=4, solid_capstyle="butt")
        axes.plot(100 * part["accuracy"], y, "o", color=INK, markersize=5)
    axes.axvline(100 * line, color=MARK, linewidth=1)
    axes.set_yticks(range(len(parts)), list(parts), fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="accuracy, %, and its 95 % interval; the red line is the mean")
    return _png(figure)


def by_label(tables: Mapping[str, Mapping[str, Mapping[str, float]]]) -> bytes:
    """Draws F1 of each label as a bar, precision and recall as marks, a panel an alphabet."""
    sizes = [len(table) for table in tables.values()]
    rows = [row for table in tables.values() for row in table.values() if row["photographs"]]
    lowest = min((row[kind] for row in rows for kind in ("precision", "recall")), default=0)
    figure = Figure(figsize=(11, 3), layout="constrained")
    panels = figure.subplots(1, len(tables), squeeze=False, width_ratios=sizes, sharey=True)[0]
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        _plain(axes)
        x = range(len(table))
        axes.bar(x, [100 * row["F1"] for row in table.values()], color=PALE, label="F1")
        for kind, mark in (("precision", "^"), ("recall", "o")):
            values = [100 * row[kind] for row in table.values()]
            axes.plot(x, values, mark, color=INK, markersize=4, label=kind)
        axes.set_xticks(x, list(table), fontsize=8)
        axes.set(title=name, ylim=(max(0, 100 * lowest - 5), 101))
    panels[0].set_ylabel("%")
    panels[0].legend(fontsize=8, ncols=3, loc="lower left")
    return _png(figure)


def reliability(curves: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Draws share right against score, a panel an alphabet; a dot's width shows how many hands."""
    figure = Figure(figsize=(4 * len(curves), 3.8), layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False, sharey=True)[0]
    for axes, (name, curve) in zip(panels, curves.items(), strict=True):
        _plain(axes)
        score, right, hands = (
            np.array([step[key] for step in curve["steps"]]) for key in ("score", "right", "hands")
        )
        axes.plot([0, 1], [0, 1], color=MARK, linewidth=1)
        axes.plot(score, right, color=INK, linewidth=1)
        if len(hands):
            axes.scatter(score, right, s=8 + 150 * hands / hands.max(), color=PALE, edgecolor=INK)
        axes.set(title=f"{name}: ECE {curve['ECE']:.3f}", xlabel="score", xlim=(0, 1.02))
    panels[0].set_ylabel("share right")
    return _png(figure)


def multiples(
    panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]],
    units: Mapping[str, str],
    mean: str,
    line: float,
) -> bytes:
    """Draws small multiples: for each panel, curves (amount, accuracy) by name, `mean` heaviest."""
    columns = 4
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.1 * columns, 2.7 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, (name, curves) in zip(grid, panels.items(), strict=False):
        _plain(axes)
        axes.axhline(100 * line, color=MARK, linewidth=1)
        # Amounts are drawn evenly spaced: some double from one to the next, some add up.
        amounts = sorted({amount for points in curves.values() for amount, _ in points})
        for curve, points in curves.items():
            heavy = curve == mean
            x = [amounts.index(amount) for amount, _ in points]
            y = [100 * accuracy for _, accuracy in points]
            colour, width = (INK, 2.4) if heavy else (PALE, 1.0)
            axes.plot(x, y, color=colour, linewidth=width, marker="o" if heavy else "", ms=3.5)
        axes.set_xticks(range(len(amounts)), [f"{amount:g}" for amount in amounts], fontsize=7)
        axes.set_title(name, fontsize=9)
        axes.set_xlabel(units[name], fontsize=8)
        axes.set_ylim(0, 102)
    for axes in grid[::columns]:
        axes.set_ylabel("accuracy, %", fontsize=8)
    return _png(figure)


def curves(history: Mapping[str, Sequence[float]]) -> bytes:
    """Draws what changed from epoch to epoch: training and validation (`val_`) beside each other.

    history: a number an epoch by name, as Keras has it; accuracy is drawn in %.
    """
    names = [name for name in history if not name.startswith("val_") and history[name]]
    figure = Figure(figsize=(4 * len(names), 3), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _plain(axes)
        scale = 100 if name == "accuracy" else 1
        for key, colour, label in ((name, PALE, "training"), (f"val_{name}", INK, "validation")):
            values = [scale * value for value in history.get(key, ())]
            if values:
                axes.plot(range(1, len(values) + 1), values, color=colour, label=label)
        axes.set(title=f"{name}, %" if scale == 100 else name.replace("_", " "), xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if f"val_{name}" in history:
            axes.legend(fontsize=8)
    return _png(figure)


def trials(values: Sequence[float]) -> bytes:
    """Draws the accuracy of each trial of a search, 0..1, and the best up to it."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    _plain(axes)
    numbers = range(1, len(values) + 1)
    axes.plot(numbers, [100 * value for value in values], "o", color=PALE, label="a trial")
    best = [100 * max(values[:number]) for number in numbers]
    axes.step(numbers, best, where="post", color=INK, label="the best so far")
    axes.set(xlabel="trial", ylabel="validation accuracy, %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=8, loc="lower right")
    return _png(figure)


def balance(counts: Mapping[str, int]) -> bytes:
    """Draws how many pictures each class has."""
    figure = Figure(figsize=(max(4.0, 1 + 0.32 * len(counts)), 2.4), layout="constrained")
    axes = figure.subplots()
    _plain(axes)
    axes.bar(range(len(counts)), list(counts.values()), color=PALE)
    axes.set_xticks(range(len(counts)), list(counts), fontsize=8)
    axes.set_ylabel("pictures")
    return _png(figure)


def gallery(pictures: Sequence[npt.NDArray[np.uint8]], captions: Sequence[str]) -> bytes:
    """Draws (S, S, 1 or 3) uint8 pictures, eight in a row, each above its caption.

    A caption that begins with "!" is a mistake's, and red.
    """
    columns, height = 8, 1.2  # of a cell, in widths: a picture and its caption
    rows = max(1, -(-len(pictures) // columns))
    figure = Figure(figsize=(1.2 * columns, 1.2 * height * rows))
    # All are drawn on the same axes, since axes for each take ten times as long to lay out.
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = i % columns, i // columns * height
        extent = (left + 0.05, left + 0.95, top + height - 0.05, top + height - 0.95)
        axes.imshow(np.repeat(picture, 3, 2) if picture.shape[2] == 1 else picture, extent=extent)
        colour = MARK if caption.startswith("!") else INK
        words = caption.removeprefix("!")
        axes.text(left + 0.5, extent[3] - 0.03, words, fontsize=8, color=colour, ha="center")
    axes.set(xlim=(0, columns), ylim=(rows * height, 0), aspect="equal")
    return _png(figure)
