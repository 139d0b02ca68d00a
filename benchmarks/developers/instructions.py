"""Instructions of a tracked frame, by Valgrind: `python -m benchmarks.developers.instructions`.

Runs the stages on one frame N times, and 2 N times: the difference is the cost of N frames alone.
A third run records each frame a hundred times, as benchmarks.latency does once. A hundredth of what
that adds is the cost of measuring; it depends on no clock and no other program. Valgrind (apt
install valgrind) makes everything 30 times slower: it takes some minutes.

The count depends on the processor (Valgrind knows AVX2 and no AVX-512) and on the libraries.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.measure import conditions, result
from benchmarks.measure.held import held
from benchmarks.measure.times import Times
from edge.assembly import open_stages
from edge.config import load
from edge.errors import FingerspellError, UsageError, command
from edge.sources import open_source

FRAMES = 20
TAKES = 100  # one more or less would be lost among what two runs differ by
_CHILD = "--child"


def count(detector: str, frames: int) -> dict[str, Any]:
    """Returns instructions a tracked frame, and how many of them measuring it adds.

    Raises UsageError without Valgrind, FingerspellError where a run under it fails.
    """
    runs = [(frames, 0), (2 * frames, 0), (2 * frames, TAKES)]
    shown = tqdm(runs, f"{detector} under Valgrind", disable=None, unit=" runs")
    once, twice, measured = (of_a_run(detector, *each) for each in shown)
    a_frame = (twice - once) / frames
    added = (measured - twice) / (2 * frames * TAKES)
    return {"frame": round(a_frame), "measuring": round(added), "share": added / a_frame}


def of_a_run(detector: str, frames: int, takes: int) -> int:
    """Returns the instructions of a whole run, each frame written down so many times.

    Raises UsageError without Valgrind, FingerspellError where the run fails.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise UsageError("there is no valgrind here; sudo apt install valgrind")
    command = [valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command += [
        sys.executable,
        "-m",
        "benchmarks.developers.instructions",
        _CHILD,
        detector,
        str(frames),
    ]
    done = subprocess.run(
        [*command, str(takes)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )
    match = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode or match is None:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise FingerspellError(f"a run under Valgrind failed: {last}")
    return int(match[1].replace(",", ""))


def _child(detector: str, frames: int, takes: int) -> None:
    config = load(None, {"detector": detector, "threads": 1})
    times = Times()
    stages = open_stages(config, open_source("signer:B"))
    for seen in stages.results(held(frames)):
        for _ in range(takes):
            times.take(seen, {}, (time.monotonic_ns() - seen.frame.t_ns) / 1e6)


@command("instructions")
def main(argv: Sequence[str] | None = None) -> int:
    """Counts, prints, and writes the JSON if it is wanted; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.developers.instructions", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--detector", action="append", metavar="NAME", help="default: mediapipe:full"
    )
    parser.add_argument(
        "--frames", type=int, default=FRAMES, metavar="N", help=f"default: {FRAMES}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(_CHILD, nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.child:
        detector, frames, takes = arguments.child
        _child(detector, int(frames), int(takes))
        return 0
    if arguments.frames < 1:
        raise UsageError("--frames must be above 0")
    found: result.Result = {
        **conditions.head("instructions", sys.argv[1:]),
        "versions": conditions.versions(),
        "a_tracked_frame": {},
    }
    for detector in arguments.detector or ["mediapipe:full"]:
        counted = count(detector, arguments.frames)
        found["a_tracked_frame"][detector] = counted
        print(
            f"{detector}: {counted['frame']:,} instructions a tracked frame;"
            f" measuring it adds {counted['measuring']:,} ({counted['share']:.3%})"
        )
    if arguments.json:
        result.write(arguments.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
