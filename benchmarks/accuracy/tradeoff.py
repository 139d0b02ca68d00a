"""False letters against missed ones, over the setting that decides between them.

That is debounce.first_ms: how long the first letter of a word must be held still. At 1 ms every
letter is reported as soon as it is settled.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.measure.scoring import Score, total

FIRST_MS = (1.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0, 450.0, 600.0)
KINDS = ("synthetic", "clips")


def sweep(read: Callable[[float], Mapping[str, Score]]) -> list[dict[str, Any]]:
    """Returns and prints a line a setting and kind; `read` gives each group's score at a setting.

    Hands at rest or on the move (`other`) are the groups in which no letter is shown, but for word
    signs and scenes without a hand.
    """
    lines = []
    print(
        f"{'first_ms':>8}  {'':9} {'missed':>8} {'signs, an hour':>15} {'other':>7} {'settled':>8}"
    )
    for first_ms in FIRST_MS:
        groups = read(first_ms)
        for kind in KINDS:
            mine = {name: s for name, s in groups.items() if _kind(name) == kind}
            if not mine:
                continue
            every = total(mine.values())
            signs = total(s for name, s in mine.items() if name.endswith("signs"))
            other = total(s for name, s in mine.items() if _is_idle(name, s))
            line = {
                "first_ms": first_ms,
                "kind": kind,
                "missed_share": round(every.missed_share, 4),
                "signs_an_hour": round(signs.false_an_hour, 1),
                "other_an_hour": round(other.false_an_hour, 1),
                "settled_ms": every.settled(0.5),
            }
            lines.append(line)
            print(
                f"{first_ms:8.0f}  {kind:9} {100 * every.missed_share:6.1f} %"
                f" {signs.false_an_hour:15.0f} {other.false_an_hour:7.0f}"
                f" {every.settled(0.5) or 0:5.0f} ms",
                flush=True,
            )
    return lines


def _is_idle(name: str, group: Score) -> bool:
    return not group.letters and not name.endswith(("signs", "no_hand"))


def _kind(group: str) -> str:
    return "synthetic" if group.startswith("idle") or group.endswith("letters/s") else "clips"


def drawn(lines: Sequence[Mapping[str, Any]], default_ms: float) -> bytes:
    """Returns the plot of `sweep`'s lines, a PNG."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for kind, marker in zip(KINDS, "os", strict=True):
        for what in ("signs", "other"):
            mine = [line for line in lines if line["kind"] == kind]
            x = [line[f"{what}_an_hour"] for line in mine]
            y = [100 * line["missed_share"] for line in mine]
            style = "-" if what == "signs" else "--"
            label = f"{kind}, {'word signs' if what == 'signs' else 'hands at rest or moving'}"
            if mine:
                axes.plot(x, y, style, marker=marker, label=label)
            for line, at in zip(mine, zip(x, y, strict=True), strict=True):
                weight = "bold" if line["first_ms"] == default_ms else "normal"
                axes.annotate(f"{line['first_ms']:.0f}", at, fontsize=7, weight=weight)
    axes.set(xlabel="false letters an hour", ylabel="held letters missed, %", xscale="symlog")
    axes.set_title("debounce.first_ms (ms at the points; bold: the default)", fontsize=10)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    plt.close(figure)
    return picture.getvalue()
