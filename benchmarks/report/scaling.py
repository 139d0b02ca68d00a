"""A result of benchmarks.developers.scaling in lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.measure.result import Result


def lines(found: Result) -> Iterator[str]:
    """Yields a result of kind "scaling" in lines."""
    machine = found["machine"]
    yield f"{machine['board'] or machine['processor']}; {found['versions']['litert']}"
    for name, axis in found["axes"].items():
        yield ""
        yield f"{name}: {axis['turns']} turns, ms of processor time"
        for kind, figures in axis["kinds"].items():
            yield from _kind_lines(kind, figures, axis)
        yield from (f"  {n} is missing: {why}" for n, why in axis.get("missing", {}).items())
    yield from (f"warning: {line}" for line in found["conditions"]["warnings"])
    if found["ended"] == "interrupted":
        yield "stopped early"


def _kind_lines(kind: str, figures: dict[str, Any], axis: dict[str, Any]) -> Iterator[str]:
    unit = axis["unit"]
    if axis["names"]:
        points = [
            f"{name} {ms['p50']:.3g}" if ms["count"] else f"{name} not measured"
            for name, ms in zip(axis["names"], figures["ms"], strict=True)
        ]
        yield f"  {kind:<10} p50: {', '.join(points)}"
    else:
        first, last = figures["first_tenth_ms"], figures["last_tenth_ms"]
        yield f"  {kind:<10} first tenth {first:.3g} ms, last {last:.3g}; {axis['x'][-1]} frames"
        first, last = figures["first_calls"], figures["last_calls"]
        yield f"  {'':10} calls of functions a frame: first round {first:g}, last {last:g}"
        yield f"  {'':10} blocks of memory left by the last rounds: {figures['blocks_kept']}"
    rows = {"slope": figures.get("slope"), **figures.get("each", {})}
    for name in ("first", "second"):
        rows[f"{name} hand"] = figures.get(name)
    for name, each in rows.items():
        if each:
            yield f"  {'':10} {name}: {spoken(each)} {unit}"
    if share := figures.get("share"):
        yield f"  {'':10} all sinks, over the loop's own work: {spoken(share)}"
    for calls in figures.get("model_calls", [])[-1:]:
        yield f"  {'':10} model calls a frame: {calls}"


def spoken(each: dict[str, float]) -> str:
    """Returns a figure with its interval."""
    return f"{each['value']:.3g} ({each['low']:.3g} to {each['high']:.3g})"
