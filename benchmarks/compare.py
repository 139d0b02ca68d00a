"""Two latency results, stage by stage: `python -m benchmarks.compare A.json B.json`.

Prints B's median over A's, by kind of frame and stage, with an interval of 99 %, and whether the
difference is more than noise. Two runs of the same code differ by up to 5 %, so the interval is
widened by that much. Results of different models or settings are refused; --anyway compares them
and marks what differs. Machines and versions may differ: they are printed. So are stages that only
one of the two has, as results of other versions may.

The exit status is 1 where counted work rose by more than 15 % (benchmarks/measure/work.py), of the
same models and settings. Times never decide it: they depend on what else the machine did.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measure import result, work
from benchmarks.measure.result import KINDS, Result
from edge.errors import UsageError, command

LEAST = 8  # batches; fewer do not show how much they vary
RESAMPLES = 2000
LEVEL = 0.99
# Two runs of the same code differ by more than either varies in itself: where things lie in memory
# alone is good for some percent (Mytkowicz et al., Producing Wrong Data Without Doing Anything
# Obviously Wrong, ASPLOS 2009).
BETWEEN_RUNS = 0.05
SAME_SETTINGS = ("source", "sizes", "detector", "model", "alphabet", "hands", "threads", "sink")


class Ratio(NamedTuple):
    """B over A: of their medians, with the interval's ends; verdict: "slower", "faster", "same".

    "unknown", and no interval, where there are too few frames for one; "disturbed" where they
    differ, and so did what else the machine did, or what it was held back by.
    """

    value: float
    low: float | None
    high: float | None
    verdict: str


def ratio(a: Mapping[str, Any], b: Mapping[str, Any], *, quiet: bool = True) -> Ratio | None:
    """Compares two distributions of benchmarks/measure/result.py; None where either has nothing.

    The interval is a percentile bootstrap (Efron 1979) of the ratio of medians over the results'
    batches, each result's drawn by itself: single frames are alike as they follow each other, and
    would make it too narrow. A difference is more than noise if the interval, widened by
    BETWEEN_RUNS, leaves 1 out. Not quiet: no interval covers what other programs did to a run. Of
    six runs of the same code on a busy machine, 34 of 170 pairs of stages differed by more than
    their noise, up to threefold.
    """
    if not a.get("count") or not b.get("count") or not a["p50"] or not b["p50"]:
        return None
    of_a, of_b = (np.array([m for m in each["batches"] if m > 0]) for each in (a, b))
    value = b["p50"] / a["p50"]
    if min(len(of_a), len(of_b)) < LEAST:
        return Ratio(value, None, None, "unknown")
    random = np.random.default_rng(0)
    medians = [np.median(random.choice(x, (RESAMPLES, len(x))), 1) for x in (of_a, of_b)]
    # Of the batches' own median, which is near to the frames' but not the same.
    middle = np.median(of_b) / np.median(of_a)
    ends = np.quantile(medians[1] / medians[0], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = (float(end * value / middle) for end in ends)
    slower, faster = low > 1 + BETWEEN_RUNS, high < 1 / (1 + BETWEEN_RUNS)
    verdict = "slower" if slower else "faster" if faster else "same"
    return Ratio(value, low, high, verdict if quiet or verdict == "same" else "disturbed")


def differences(a: Result, b: Result) -> tuple[list[str], list[str]]:
    """Returns what forbids a comparison, and what only has to be known of it: lines."""
    forbidding = [
        f"{name} {a['settings'].get(name)!r} and {b['settings'].get(name)!r}"
        for name in SAME_SETTINGS
        if a["settings"].get(name) != b["settings"].get(name)
    ]
    models = sorted({*a["models"], *b["models"]})
    forbidding += [
        f"the model {name} {_sum(a, name)} and {_sum(b, name)}"
        for name in models
        if a["models"].get(name) != b["models"].get(name)
    ]
    known = [
        f"{what}: {name} {a[what].get(name)} and {b[what].get(name)}"
        for what in ("machine", "versions")
        for name in sorted({*a[what], *b[what]})
        if a[what].get(name) != b[what].get(name)
    ]
    stages_a, stages_b = _stages(a), _stages(b)
    for name, alone in (("A", stages_a - stages_b), ("B", stages_b - stages_a)):
        if alone:
            known.append(f"stages of {name} alone, not compared: {', '.join(sorted(alone))}")
    for name, each in (("A", a), ("B", b)):
        known += [f"{name}: {line}" for line in each["conditions"].get("warnings", ())]
    return forbidding, known


def _stages(found: Result) -> set[str]:
    """Returns the names of the stages of all kinds of frames: other versions may have others."""
    return {stage for figures in found["frames"].values() for stage in figures.get("stages_ms", ())}


def _sum(found: Result, model: str) -> str:
    return str(found["models"].get(model, "none"))[:12]


def compare(a: Result, b: Result, *, anyway: bool = False) -> Result:
    """Returns a result of kind "compare"; raises UsageError for two that do not belong together.

    ratios: kind -> stage -> the fields of Ratio; "whole frame", "overhead", "glass" and "glass to
    letter" are stages here. rose: a line for each count of work that rose. different, known: as of
    differences().
    """
    different, known = differences(a, b)
    if different and not anyway:
        raise UsageError(
            f"these results are not of the same: {'; '.join(different)};"
            " measure again with the same, or say --anyway"
        )
    quiet = a["conditions"]["quiet"] and b["conditions"]["quiet"]
    ratios: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        of_a, of_b = _distributions(a, kind), _distributions(b, kind)
        both = [stage for stage in of_a if stage in of_b]
        found = {stage: ratio(of_a[stage], of_b[stage], quiet=quiet) for stage in both}
        ratios[kind] = {stage: r._asdict() for stage, r in found.items() if r}
    rose = []
    counted = bool(a["work"] and b["work"] and work.same_footage(a["work"], b["work"]))
    if counted and not different:
        rose = work.rises(a["work"], b["work"], alike=work.alike_versions(a, b))
    return {
        "kind": "compare",
        "version": result.VERSION,
        "different": different,
        "known": known,
        "ratios": ratios,
        "counted": counted,
        "rose": rose,
    }


def _distributions(found: Result, kind: str) -> dict[str, Any]:
    figures = found["frames"].get(kind, {"count": 0})
    if not figures["count"]:
        return {}
    whole = {"whole frame": "frame_ms", "overhead": "overhead_ms", "glass": "glass_ms"}
    more = {name: figures[key] for name, key in whole.items() if key in figures}
    if kind in found["event_ms"]:
        more["glass to letter"] = found["event_ms"][kind]
    return {**figures["stages_ms"], **more}


_VERDICTS = {
    "slower": "slower",
    "faster": "faster",
    "same": "no more than noise",
    "unknown": "too few frames to compare",
    "disturbed": "differs, as did what disturbed them: measure again",
}


def lines(found: Result) -> Iterator[str]:
    """Yields a comparison for people."""
    for line in found["different"]:
        yield f"NOT THE SAME: {line}"
    yield from found["known"]
    for kind, stages in found["ratios"].items():
        if not stages:
            yield f"{kind}: no such frame in one or the other"
            continue
        yield f"{kind:<34}{'B / A':>9}{'99 % interval':>20}"
        for stage, r in stages.items():
            interval = f"{r['low']:.3f} to {r['high']:.3f}" if r["verdict"] != "unknown" else ""
            verdict = _VERDICTS[r["verdict"]]
            yield f"  {stage:<32}{r['value']:>9.3f}{interval:>20}  {verdict}"
    if not found["counted"]:
        yield "counted work: not in both, or not of the same frames"
    elif found["different"]:
        yield "counted work: of others, and not compared"
    elif not found["rose"]:
        yield f"counted work: none rose by more than {work.RISE:.0%}"
    yield from (f"counted work: {line}" for line in found["rose"])


@command("compare")
def main(argv: Sequence[str] | None = None) -> int:
    """Compares, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("a", type=Path, metavar="A.json", help="before")
    parser.add_argument("b", type=Path, metavar="B.json", help="after")
    parser.add_argument("--anyway", action="store_true", help="mark what differs, and go on")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison there")
    arguments = parser.parse_args(argv)
    a, b = (result.read(path) for path in (arguments.a, arguments.b))
    found = compare(a, b, anyway=arguments.anyway)
    print("\n".join(lines(found)))
    if arguments.json:
        result.write(arguments.json, found)
    return work.ROSE if found["rose"] else 0


if __name__ == "__main__":
    sys.exit(main())
