"""The pictures of benchmarks/report, as PNG: results in, bytes out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter

from benchmarks.measure.result import KINDS, Result

DPI = 110
INK, PALE, MARK, GRID, GREY = "#1f3a5f", "#9db4d0", "#c0392b", "#e3e6ea", "#5c6672"
COLOURS = (INK, MARK, "#2e8b6f", "#b9770e", "#6c4f9c", "#4a90c2")  # of one result after another
CAMERA_FPS = 30.0
TICKS_MS = (0.001, 0.01, 0.1, 1, 10, 100, 1000)


def png(figure: Figure) -> bytes:
    """Returns a figure as a file."""
    buffer = io.BytesIO()
    engine = figure.get_layout_engine()
    if engine:
        engine.set(h_pad=0.08, w_pad=0.06)  # type: ignore[call-arg]
    # Without the library's version, so that the same figures are the same bytes.
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def plain(axes: Axes, title: str) -> None:
    """Gives axes the common style, and a title."""
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=GREY, labelcolor="#222", length=0, labelsize=8)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_title(title, loc="left", fontsize=10, weight="bold", color=INK)


def warn(figure: Figure, results: Mapping[str, Result]) -> None:
    """Writes below a picture why its figures are not to be trusted, if there is a reason.

    results: by their labels, which are shown where there are several.
    """
    lines = [
        f"{label}: {line}" if len(results) > 1 else line
        for label, each in results.items()
        for line in each["conditions"]["warnings"]
    ]
    if lines:
        figure.supxlabel("\n".join(lines), fontsize=7, color=MARK)


def latency(results: Mapping[str, Result]) -> bytes:
    """Draws each stage's times, a panel a kind of frame, a colour a result (label -> result).

    A dot is the median, the thick line goes on to p90, the thin one to p99, the tick is the most.
    """
    stages = {kind: _stages(kind, results) for kind in KINDS}
    kinds = [kind for kind in KINDS if stages[kind]]
    rows = [len(stages[kind]) * len(results) for kind in kinds]
    height = 1.3 + sum(0.55 + 0.16 * len(stages[k]) * (len(results) + 1) for k in kinds)
    figure = Figure(figsize=(8, height), layout="constrained")
    panels = figure.subplots(
        max(1, len(kinds)), 1, squeeze=False, sharex=True, height_ratios=rows or [1]
    )[:, 0]
    for axes, kind in zip(panels, kinds, strict=False):
        plain(axes, kind)
        _log_ms(axes)
        for i, (label, found) in enumerate(results.items()):
            colour = COLOURS[i % len(COLOURS)]
            own = _distributions(found["frames"][kind])
            for row, stage in enumerate(stages[kind]):
                y = row + 0.6 * ((i + 0.5) / len(results) - 0.5)
                if own.get(stage, {}).get("count"):
                    _spread(axes, own[stage], y, colour, label if not row else None)
        names = list(stages[kind])
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        for tick in axes.get_yticklabels():
            tick.set_weight("bold" if tick.get_text() == "whole frame" else "normal")
    panels[-1].set_xlabel(
        "ms, logarithmic: ● median, thick to p90, thin to p99, | the most", fontsize=8
    )
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper left", fontsize=8, frameon=False)
    warn(figure, results)
    return png(figure)


def _stages(kind: str, results: Mapping[str, Result]) -> list[str]:
    """Returns the stages of a kind of frame, the whole frame last."""
    found = dict.fromkeys(s for r in results.values() for s in _distributions(r["frames"][kind]))
    return [s for s in found if s != "whole frame"] + ["whole frame"] * ("whole frame" in found)


def _distributions(figures: Mapping[str, Any]) -> dict[str, Any]:
    if not figures["count"]:
        return {}
    inside = {"inside LiteRT": figures["invoke_ms"]} if figures["invoke_ms"]["max"] else {}
    return {**figures["stages_ms"], **inside, "whole frame": figures["frame_ms"]}


def _spread(
    axes: Axes, of: Mapping[str, float], y: float, colour: str, label: str | None = None
) -> None:
    p50, p90, p99, most = (max(of[q], TICKS_MS[0]) for q in ("p50", "p90", "p99", "max"))
    axes.plot([p50, p99], [y, y], color=colour, linewidth=1.2, solid_capstyle="butt", alpha=0.6)
    axes.plot([p50, p90], [y, y], color=colour, linewidth=4, solid_capstyle="butt", alpha=0.35)
    axes.plot([p99, most], [y, y], color=colour, linewidth=0.6, alpha=0.35)
    axes.plot([most], [y], "|", color=colour, markersize=6, alpha=0.6)
    axes.plot([p50], [y], "o", color=colour, markersize=5, label=label)


def _log_ms(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(TICKS_MS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def fps(results: Mapping[str, Result]) -> bytes:
    """Draws the frames a second that each result's loop could take, tracked and searching apart.

    Idle ones, in which no hand is searched for, cost next to nothing and are left out.
    """
    bars = [
        (label, kind, found["frames"][kind]["fps"])
        for label, found in results.items()
        for kind in KINDS[:2]
        if found["frames"][kind].get("fps")
    ]
    figure = Figure(figsize=(8, 1.2 + 0.36 * len(bars)), layout="constrained")
    axes = figure.subplots()
    plain(axes, "frames a second that the loop could take")
    for y, (_, kind, value) in enumerate(bars):
        axes.barh(y, value, 0.7, color=INK if kind == "tracked" else PALE)
        axes.annotate(f" {value:.0f}", (value, y), va="center", fontsize=8, color=GREY)
    names = [f"{label}: {kind}" if len(results) > 1 else kind for label, kind, _ in bars]
    axes.set_yticks(range(len(bars)), names)
    axes.invert_yaxis()
    axes.axvline(CAMERA_FPS, color=MARK, linewidth=1)
    axes.set_xlim(0, 1.1 * max([CAMERA_FPS, *(value for _, _, value in bars)]))
    axes.set_xlabel(f"the red line: the {CAMERA_FPS:.0f} that a camera gives", fontsize=8)
    warn(figure, results)
    return png(figure)


def accuracy(found: Result, points: Sequence[Mapping[str, Any]], cost: str) -> bytes:
    """Draws accuracy against what was found to be its cost.

    points: have name, ms, accuracy (0..1), what, and kind.

    kind: "strangers" (people or sets that were left out) is filled, "same people" is not.
    """
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    axes = figure.subplots()
    plain(axes, "accuracy against cost, a model a name")
    _log_ms(axes)
    by_cost = sorted(points, key=lambda point: float(point["ms"]))
    for number, name in enumerate(dict.fromkeys(point["name"] for point in by_cost)):
        mine = [point for point in points if point["name"] == name]
        x, y = mine[0]["ms"], [100 * point["accuracy"] for point in mine]
        axes.plot([x, x], [min(y), max(y)], color=PALE, linewidth=1.2, zorder=1)
        for point in mine:
            face = INK if point["kind"] == "strangers" else "white"
            at = x, 100 * point["accuracy"]
            axes.plot(*at, "o", color=INK, markerfacecolor=face, markersize=7, zorder=2)
        # Above and below in turns, so that neighbours do not write over each other.
        end, away = (min(y), -15) if number % 2 else (max(y), 8)
        axes.annotate(
            name, (x, end), (0, away), textcoords="offset points", fontsize=8, ha="center"
        )
    axes.set_xlabel(f"{cost}, logarithmic", fontsize=8)
    axes.set_ylabel("accuracy, %", fontsize=8)
    if points:
        each = [p["ms"] for p in points]
        axes.set_xlim(min(each) / 3, max(each) * 3)
        axes.set_ylim(-5, 109)
    axes.set_yticks(range(0, 101, 20))
    legend = "● people or sets never seen    ○ the people of training; one line joins a model's own"
    axes.text(0.0, -0.17, legend, transform=axes.transAxes, fontsize=8, color=GREY)
    warn(figure, {"": found})
    return png(figure)


def models(found: Result, threads: int) -> bytes:
    """Draws each model's steady invoke, as latency() does, and int8 against float32."""
    results = sorted(found["models"], key=lambda model: float(_alone(model, threads)["p50"]))
    figure = Figure(figsize=(8, 1.2 + 0.28 * len(results)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2, 1))
    plain(left, f"steady invoke, {threads} thread{'s' * (threads > 1)}")
    plain(right, "int8 time over float32's")
    _log_ms(left)
    for y, model in enumerate(results):
        colour = INK if "int8" in model["precision"] else COLOURS[2]
        _spread(left, _alone(model, threads), y, colour)
        for turn in model["against_float"].get("turns", ()):
            if turn["threads"] == threads:
                right.plot([turn["low"], turn["high"]], [y, y], color=PALE, linewidth=4)
                right.plot(turn["ratio"], y, "o", color=INK, markersize=5)
    left.set_yticks(range(len(results)), [model["name"] for model in results], fontsize=8)
    left.invert_yaxis()
    left.set_xlabel("ms; blue is int8, green float32", fontsize=8)
    right.axvline(1, color=MARK, linewidth=1)
    right.set_xlim(0, 1.5)
    right.set_xlabel("left of the red line int8 is faster; 95 %", fontsize=8)
    warn(figure, {"": found})
    return png(figure)


def _alone(model: Mapping[str, Any], threads: int) -> dict[str, float]:
    found: dict[int, dict[str, float]] = {e["threads"]: e["steady_ms"] for e in model["alone"]}
    return found[threads]
