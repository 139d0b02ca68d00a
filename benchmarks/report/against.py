"""The picture of a result of kind "peers", as PNG: what each takes, and what it reads wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measure.result import Result
from benchmarks.peers.table import best
from benchmarks.report.charts import INK, PALE, plain, png, warn

OURS = "fingerspell:"


def peers(found: Result) -> bytes:
    """Draws a row a peer: tracked frames' processor time, memory, start-up, letters read wrong.

    Of those that settle no letters themselves, the rule that served them best. Ours are dark.
    """
    rows = [row for row in found["peers"] if "frames" in row and row["frames"]["tracked"]["count"]]
    figure = Figure(figsize=(9, 1.1 + 0.3 * len(rows)), layout="constrained")
    panels = figure.subplots(1, 4, sharey=True)
    times = [row["frames"]["tracked"]["cpu_ms"]["p50"] for row in rows]
    _bars(panels[0], "tracked frame, CPU ms", rows, times, "{:.1f}")
    memory = [row["memory_mb"].get("peak_rss") for row in rows]
    _bars(panels[1], "most memory, MB", rows, memory, "{:.0f}")
    starts = [row["startup_s"].get("median") for row in rows]
    _bars(panels[2], "to first letter, s", rows, starts, "{:.1f}")
    scores = [best(row) for row in rows]
    wrong = [100 * score["edits"] / score["letters"] if score else None for score in scores]
    _bars(panels[3], "letter errors, clips, %", rows, wrong, "{:.0f}")
    panels[0].set_yticks(range(len(rows)), [row["name"] for row in rows])
    panels[0].invert_yaxis()
    warn(figure, {"": found})
    return png(figure)


def _bars(
    axes: Axes,
    title: str,
    rows: Sequence[dict[str, Any]],
    values: Sequence[float | None],
    form: str,
) -> None:
    plain(axes, title)
    for y, (row, value) in enumerate(zip(rows, values, strict=True)):
        ours = row["name"].startswith(OURS)
        axes.barh(y, value or 0, 0.65, color=INK if ours else PALE)
        shown = "?" if value is None else form.format(value)
        axes.annotate(f" {shown}", (value or 0, y), va="center", fontsize=8)
    axes.set_xlim(0, 1.3 * max(filter(None, values), default=1))
