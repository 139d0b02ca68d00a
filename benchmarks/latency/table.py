"""A latency result for people: its table, and the one line to quote."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from benchmarks.developers import work
from benchmarks.latency import startup
from benchmarks.measure.result import KINDS, QUANTILES, Result

QUOTABLE = 1000  # tracked frames: ten of them are beyond p99

_GOAL_NAMES = {
    "overhead_share": "overhead of tracked frames, share",
    "memory_mb": "peak memory, MB",
    "first_prediction_s": "start to first prediction, s",
}
_ENDED = {
    "interrupted": "; stopped early",
    "source": "; the source ended",
    "sink": "; no sink was left",
}


def table(found: Result) -> str:
    """Returns a latency result in lines."""
    return "\n".join(_lines(found))


def quote(found: Result) -> tuple[str, str]:
    """Returns the line to quote and "", or "" and why there is none.

    It has the times of tracked frames alone, and all that they depend on. A figure for all kinds
    together would mostly show how often there was a hand.
    """
    tracked = found["frames"]["tracked"]
    if tracked["count"] < QUOTABLE:
        few = f"{tracked['count']} tracked frames; {QUOTABLE} are needed"
        return "", f"{few}: {_how_to_get_more(found)}"
    machine, settings, frame = found["machine"], found["settings"], tracked["frame_ms"]
    versions = found["versions"]
    where = machine["board"] or machine["processor"]
    kind = " (virtual)" if machine["virtual"] else ""
    drawn = " (synthetic)" * _drawn(settings)
    parts = [
        f"fingerspell {versions.get('fingerspell', '?')} on {where}{kind}: a tracked frame takes"
        f" p50 {frame['p50']:.1f} ms, p90 {frame['p90']:.1f}, p99 {frame['p99']:.1f},"
        f" max {frame['max']:.1f}, {tracked['fps']:.0f} a second by the mean",
        f"{settings['source']}{drawn} at {', '.join(settings['sizes'])}",
        f"{', '.join(found['models'])}; {_count(settings['threads'], 'thread')}",
        f"sinks {', '.join(settings['sink']) or 'none'}",
        f"{tracked['count']} frames in {found['seconds']:.0f} s"
        + (", stopped early" if found["ended"] == "interrupted" else ""),
        _conditions(found),
        f"{versions['litert']}, Python {versions['python']}, {machine['kernel']},"
        f" {found['date'][:10]}",
    ]
    against = _against(found)
    return "; ".join(parts + [f"BUT {'; '.join(against)}"] * bool(against)), ""


def _how_to_get_more(found: Result) -> str:
    count, seconds = found["frames"]["tracked"]["count"], found["seconds"]
    if found["ended"] == "source":
        return "choose a longer source"
    if not count:
        return "choose a source that shows a hand, or hold one before the camera"
    # A tenth more than at the rate that was seen, in tens of seconds.
    return f"run for {max(1, math.ceil(1.1 * QUOTABLE * seconds / count / 10)) * 10} s or more"


def _against(found: Result) -> list[str]:
    """Returns the warnings without what to do about them, and without the governor's."""
    facts = [warning.partition("; ")[0] for warning in found["conditions"]["warnings"]]
    return [fact for fact in facts if "governor" not in fact]


def _conditions(found: Result) -> str:
    samples = found["conditions"]["samples"]
    parts = []
    if degrees := _known(samples["temperature_c"]):
        parts.append(f"{min(degrees):.0f} to {max(degrees):.0f} °C")
    if clocks := [clock for clock in samples["clock_mhz"] if clock]:
        parts.append(f"{min(clocks):.0f} to {max(clocks):.0f} MHz")
    if governor := found["machine"]["governor"]:
        parts.append(f"governor {governor}")
    measured = {"heat": degrees, "clock": clocks, "throttling": _known(samples["throttled"])}
    if missing := [name for name, values in measured.items() if not values]:
        parts.append(f"no sensor for {' or '.join(missing)}")
    return ", ".join(parts)


def _drawn(settings: dict[str, Any]) -> bool:
    """Whether the source is the synthetic signer."""
    return bool(settings["source"].partition(":")[0] == "signer")


def _known(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _lines(found: Result) -> Iterator[str]:
    machine, settings = found["machine"], found["settings"]
    yield f"{machine['board'] or machine['processor']}; {machine['kernel']}; {_conditions(found)}"
    yield ", ".join(f"{n} {v}" for n, v in found["versions"].items()).replace("litert ai-", "ai-")
    yield ", ".join(f"{n} {_plain(v)}" for n, v in settings.items())
    yield "models " + ", ".join(f"{n} {sha256[:12]}" for n, sha256 in found["models"].items())
    yield (
        f"{found['total_frames']} frames in {found['seconds']:.1f} s, {found['dropped']} dropped,"
        f" {found['share_with_hand']:.0%} with a hand{_ENDED.get(found['ended'], '')};"
        f" the first {found['warm_up_frames']} of all and some of each kind are not counted"
    )
    for kind in KINDS:
        yield ""
        yield from _kind_lines(kind, found["frames"][kind])
        if kind in found["event_ms"]:
            yield _row("  from glass to letter", found["event_ms"][kind])
    yield ""
    cpu_s, memory_mb = found["cpu_s"], found["memory_mb"]
    whole = "the whole process" + ", the drawing of the synthetic signer with it" * _drawn(settings)
    for name, process in (("loop", whole), ("capture", "the camera's process")):
        if name in cpu_s:
            yield f"{process}: {cpu_s[name]:.1f} CPU-seconds, at most {memory_mb[name]:.0f} MB"
    yield f"measuring took {found['measuring_share']:.2%} on top of what it measured"
    if found["work"]:
        yield from (f"counted, {line}" for line in work.lines(found["work"]))
    if found["start"]:
        yield ""
        yield from startup.lines(found["start"])
    if found["goals"]:
        yield ""
        yield f"{'goal':<34}{'measured':>9}{'at most':>9}"
    for name, goal in found["goals"].items():
        met = "met" if goal["met"] else "MISSED"
        yield f"{_GOAL_NAMES[name]:<34}{goal['measured']:>9.4g}{goal['at_most']:>9g}  {met}"
    yield ""
    yield from (f"warning: {line}" for line in found["conditions"]["warnings"])
    unquotable = found["unquotable"]
    yield f"nothing to quote: {unquotable}" if unquotable else f"to quote: {found['quote']}"


def _kind_lines(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    if not figures["count"]:
        yield f"{kind}: no such frame, or not enough of them"
        return
    title = f"{kind}: {figures['count']} frames, {figures['fps']:.0f} a second"
    yield f"{title:<34}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}  ms"
    for stage, values in figures["stages_ms"].items():
        yield _row(f"  {stage}", values)
    yield _row("  whole frame", figures["frame_ms"])
    if figures["invoke_ms"]["max"]:
        yield _row("  of it inside LiteRT", figures["invoke_ms"])
        overhead = _row("  of it outside: overhead", figures["overhead_ms"])
        yield f"{overhead}  {figures['overhead_share']:.1%}"
    yield _row("  waiting for it, on top", figures["wait_ms"])
    if "glass_ms" in figures:
        yield _row("  from glass to sinks", figures["glass_ms"])


def _row(name: str, values: dict[str, float]) -> str:
    return f"{name:<34}" + "".join(f"{values[q]:>9.2f}" for q in QUANTILES)


def _plain(value: Any) -> str:
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value or "-")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
