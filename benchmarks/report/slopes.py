"""The picture of benchmarks.developers.scaling, as PNG: a result in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measure.result import Result
from benchmarks.report.charts import INK, MARK, PALE, plain, png, warn

KEYS = ("value", "low", "high")


def scaling(found: Result) -> bytes:
    """Draws what a frame costs along each axis, with the slope stated."""
    axes_found = found["axes"]
    figure = Figure(figsize=(9, 2.9 * -(-len(axes_found) // 2)), layout="constrained")
    panels = figure.subplots(-(-len(axes_found) // 2), 2, squeeze=False).ravel()
    for panel in panels[len(axes_found) :]:
        panel.set_axis_off()
    for panel, (name, axis) in zip(panels, axes_found.items(), strict=False):
        plain(panel, name)
        for colour, (kind, figures) in zip((INK, MARK), axis["kinds"].items(), strict=False):
            draw = {"sinks": _bars, "length": _drift}.get(name, _line)
            draw(panel, axis, kind, figures, colour)
        if name == "resolution":
            # Every other one lower: the small sizes are near to each other.
            names = ["\n" * (i % 2) + name for i, name in enumerate(axis["names"])]
            panel.set_xticks(axis["x"], names)
            panel.set_xlabel(", ".join(f"{x:.1f}" for x in axis["x"]) + " megapixels", fontsize=8)
        elif axis["names"] and name != "sinks":
            panel.set_xticks(axis["x"], axis["names"])
    warn(figure, {"": found})
    return png(figure)


def _spoken(each: Mapping[str, float]) -> str:
    if not each:
        return "?"
    value, low, high = (
        f"{n:.0f}" if abs(n) >= 100 else f"{n:.3g}" for n in (each[k] for k in KEYS)
    )
    return f"{value} ({low} to {high})"


def _line(axes: Axes, axis: Any, kind: str, figures: Any, colour: str) -> None:
    some = [(x, ms) for x, ms in zip(axis["x"], figures["ms"], strict=True) if ms["count"]]
    x, y = [x for x, _ in some], [ms["p50"] for _, ms in some]
    label = f"{kind}: {_spoken(figures['slope'])} {axis['unit']}"
    axes.plot(x, y, "o-", color=colour, linewidth=1.4, markersize=5, label=label)
    for each, ms in some:
        low, high = np.percentile(ms["batches"], [25, 75])
        axes.plot([each, each], [low, high], color=colour, linewidth=4, alpha=0.3)
    axes.set_ylim(0, max(axes.get_ylim()[1], 1.35 * max(y, default=1)))
    axes.set_ylabel("ms a frame, of the processor", fontsize=8)
    axes.legend(fontsize=8, frameon=False, loc="upper left")


def _bars(axes: Axes, axis: Any, kind: str, figures: Any, colour: str) -> None:
    each = figures["each"]
    values = [figure.get("value", 0.0) for figure in each.values()]
    axes.barh(range(len(each)), values, 0.6, color=PALE)
    for y, (figure, value) in enumerate(zip(each.values(), values, strict=True)):
        axes.annotate(f" {_spoken(figure)}", (value, y), va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(each)), list(each))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.9 * max(values, default=1))
    axes.set_xlabel(f"{axis['unit']}, of the processor", fontsize=8)


def _drift(axes: Axes, axis: Any, kind: str, figures: Any, colour: str) -> None:
    x = np.array(axis["x"])
    axes.axhline(0, color=MARK, linewidth=1)
    axes.plot(x, figures["percent"], ".", color=PALE, markersize=6)
    slope = figures["slope"]
    if slope:
        middle = np.nanmedian(figures["percent"])
        y = middle + slope["value"] * (x - np.median(x)) / 10_000
        axes.plot(x, y, color=colour, linewidth=1.6, label=f"{_spoken(slope)} {axis['unit']}")
        axes.legend(fontsize=8, frameon=False, loc="upper left")
    most = 1.8 * max(5.0, float(np.nanpercentile(np.abs(figures["percent"]), 97)))
    axes.set_ylim(-most, most)
    axes.set_xlabel("frames since the start", fontsize=8)
    axes.set_ylabel("dearer than new, %", fontsize=8)
