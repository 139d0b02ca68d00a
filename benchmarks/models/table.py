"""A result of benchmarks/models for people: its table, and its estimates, marked as such."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.measure.result import Result


def lines(found: Result) -> Iterator[str]:
    """Yields a result of kind "models" in lines."""
    facts = found["machine"]
    yield f"{facts['board'] or facts['processor']}; {found['versions']['litert']}"
    yield ""
    titles = ("init", "first", "p50", "p90", "min")
    heads = "".join(f"{title:>9}" for title in titles)
    yield (
        f"{'model':<20}{'kB':>6}{'MMAC':>7} {'':8}{'threads':>8}{heads} ms{'MB':>7}"
        f"{'int8 / float32':>22}"
    )
    for model in found["models"]:
        yield from _model_lines(model)
    yield ""
    yield "ESTIMATES, not measured: the time of the arithmetic by published rates, ms"
    boards = [r["board"].partition(",")[0] for r in found["rates"] if r["precision"] == "int8"]
    heads = "".join(f"{f'{b[-4:]}, {n}':>19}" for b in boards for n in ("one core", "four"))
    yield f"{'model':<20} {heads}"
    for model in found["models"]:
        yield f"{model['name']:<20} {_estimated(model)}"
    for rate in found["rates"]:
        yield (
            f"rate of {rate['board']}, {rate['precision']}: {rate['low_gmacs']:g} to"
            f" {rate['high_gmacs']:g} GMAC/s on four cores, from {'; '.join(rate['from'])}"
        )
    yield from (f"missing: {name}: {why}" for name, why in found["missing"].items())
    yield from (f"warning: {line}" for line in found["conditions"]["warnings"])
    if found["ended"] == "interrupted":
        yield "stopped early: some models were not measured"


def _model_lines(model: dict[str, Any]) -> Iterator[str]:
    name = f"{model['name']:<20}{model['size_bytes'] / 1000:>6.0f}"
    name += f"{sum(model['macs'].values()) / 1e6:>7.1f} {model['precision']:8}"
    turns = {turn["threads"]: turn for turn in model["against_float"].get("turns", ())}
    for each in model["alone"]:
        steady = each["steady_ms"]
        times = (each["init_ms"], each["first_ms"], steady["p50"], steady["p90"], steady["min"])
        row = "".join(f"{ms:>9.3f}" for ms in times)
        turn = turns.get(each["threads"])
        row += f"   {each['memory_mb']:>7.1f}{ratio(turn) if turn else '':>22}"
        yield f"{name}{each['threads']:>8}{row}"
        name = " " * len(name)


def ratio(turn: dict[str, float]) -> str:
    """Returns int8 over float32, with its interval."""
    return f"{turn['ratio']:.2f} ({turn['low']:.2f} to {turn['high']:.2f})"


def _estimated(model: dict[str, Any]) -> str:
    row = "".join(f"{bounds(each):>19}" for each in model["estimates"])
    return f"{row}  {model['estimates_lack']}"


def bounds(estimate: dict[str, Any]) -> str:
    """Returns an estimated time as a range, to two digits."""
    ends = (estimate["low_ms"], estimate["high_ms"])
    return " to ".join(f"{ms:.0f}" if ms >= 100 else f"{ms:.2g}" for ms in ends)
