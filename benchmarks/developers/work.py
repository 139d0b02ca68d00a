"""Counted work: `python -m benchmarks.developers.work [--detector NAME] [--json FILE]`.

Prints and writes what benchmarks/measure/work.py counts, for each detector. `--against FILE`
compares it with what was counted before, and ends with exit status 1 if any count rose by more than
15 %: benchmarks/results/work.json is what a test compares every change with.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import conditions, work
from benchmarks.measure import result as results_file
from edge.config import load
from edge.errors import command

DETECTORS = ("truth", "mediapipe:lite", "mediapipe:full")


@command("work")
def main(argv: Sequence[str] | None = None) -> int:
    """Counts, prints, and writes the JSON if it is wanted; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.developers.work", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--detector", action="append", metavar="NAME", help="default: each")
    parser.add_argument("--model", metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="of before; exit status 1 if any count rose"
    )
    arguments = parser.parse_args(argv)
    rose: list[str] = []
    before = results_file.read(arguments.against, "work") if arguments.against else None
    found: results_file.Result = {
        "kind": "work",
        "version": results_file.VERSION,
        "command": results_file.typed("work", argv or sys.argv[1:]),
        "versions": conditions.versions(),
        "counted": {},
    }
    frames = work.footage()
    for detector in arguments.detector or DETECTORS:
        config = load(None, {"detector": detector, "model": arguments.model})
        found["counted"][detector] = counted = work.count(config, frames)
        for line in lines(counted):
            print(f"{detector}, {line}")
    if arguments.json:
        results_file.write(arguments.json, found)
    rose = work.rises_of(before, found) if before else []
    for line in rose:
        print(line)
    return work.ROSE if rose else 0


def lines(counted: Mapping[str, Any]) -> Iterator[str]:
    """Yields what was counted, for people, a line for each kind of frame."""
    for kind, figures in counted["frames"].items():
        models = [f"{calls:g} {name}" for name, calls in figures["model_calls"].items()]
        others = [
            f"{figures[name]:,.0f} {name.replace('_', ' ')}"
            for name in work.EVERYWHERE + work.SAME_VERSIONS
        ]
        yield f"{kind}: {figures['count']} frames, {', '.join(models + others)} a frame"


if __name__ == "__main__":
    sys.exit(main())
