"""Latency: `python -m benchmarks.latency [--source URI] [--seconds N] [--json FILE]`.

Runs the stages of `fingerspell run` on a source and tells how long each takes, for three kinds
of frames that cost differently and are never mixed in one figure:

    tracked    a hand is followed from the frame before
    searching  the whole frame is searched for a hand
    idle       no hand, and no search yet

The first frames of each kind are left out. The time spent waiting for a frame (a camera's, or the
time to draw or decode it) is told apart and is part of no frame's time. Then start-up and memory
are measured in fresh processes (benchmarks/startup.py).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks import startup
from edge import interpreter, machine
from edge.config import Alphabet, Config, load
from edge.errors import FingerspellError, SourceError, UsageError
from edge.mailbox import Mailbox
from edge.manifest import write
from edge.pipeline import results
from edge.run import open_stages, threads
from edge.service import Stop
from edge.sources import open_source
from edge.types import Frame, Result

SOURCE = "signer:HELLO WORLD?loop=yes"
WARM_UP_FRAMES = 5  # of each kind
KINDS = ("tracked", "searching", "idle")
STAGES = ("find", "follow", "letter", "debounce")  # what a frame's time is made of
GOALS = {"overhead_share": 0.15, "memory_mb": 150.0, "first_prediction_s": 1.5}


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints, and writes the JSON file if one is wanted; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        report = measure(arguments)
        print(table(report))
        if arguments.json:
            _write(arguments.json, report)
    except FingerspellError as error:
        print(f"latency: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("latency: stopped; nothing was written", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--source", default=SOURCE, metavar="URI", help=f"default: {SOURCE}")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="N", help="default: 20")
    parser.add_argument("--frames", type=int, default=0, metavar="N", help="end after so many")
    parser.add_argument("--detector", metavar="NAME")
    parser.add_argument("--model", metavar="NAME")
    parser.add_argument("--alphabet", choices=[a for a in get_args(Alphabet) if a])
    parser.add_argument("--hands", type=int, choices=(1, 2))
    parser.add_argument("--threads", type=int, metavar="N")
    parser.add_argument(
        "--starts", type=int, default=5, metavar="N", help="fresh processes; 0: none; default: 5"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures, as they are written to the JSON file. Raises FingerspellError."""
    if arguments.seconds <= 0 or arguments.frames < 0 or arguments.starts < 0:
        raise UsageError("--seconds must be above 0, --frames and --starts not below it")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {arguments.json.parent}; make it first")
    names = ("detector", "model", "alphabet", "hands", "threads")
    flags = {name: getattr(arguments, name) for name in names}
    config = load(None, {**flags, "source": arguments.source})
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", "benchmarks.latency", *sys.argv[1:]]),
        "machine": {
            "board": machine.board(),
            "processor": machine.processor(),
            "load": os.getloadavg()[0],
            "temperature_c": machine.temperature_c(),
        },
        "versions": _versions(),
        "settings": {name: getattr(config, name) for name in ("source", *names)}
        | {"threads": threads(config)},
        "warm_up_frames": WARM_UP_FRAMES,
        **_run(config, arguments.seconds, arguments.frames),
    }
    if arguments.starts:
        report |= startup.measure(config, arguments.starts)
    return report | {"goals": _goals(report)}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "litert": interpreter.runtime()}
    for name in ("fingerspell", "numpy", "opencv-python-headless"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _run(config: Config, seconds: float, frames: int) -> dict[str, Any]:
    """Runs the stages of edge/run.py, without sinks, and returns what each cost."""
    stop = Stop()
    timings: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    waits, dropped = [], 0
    with contextlib.ExitStack() as stack:
        source = open_source(config.source)
        stack.callback(source.close)
        stages = open_stages(config, source)
        pictures: Iterable[Frame] = source.frames()
        if source.live:
            pictures = stack.enter_context(Mailbox(source))
        pictures = stop.frames(pictures, seconds)
        start = time.perf_counter()
        for count, result in enumerate(results(pictures, *stages), 1):
            if result.timings_ms:  # the last word at the end of a source is no frame
                timings[_kind(result)].append(dict(result.timings_ms))
                waits.append(result.timings_ms["wait"])
                dropped = result.dropped
            if count == frames:
                break
        elapsed_s = time.perf_counter() - start
    if not waits:
        raise SourceError(f"{config.source} gave no frame to measure; choose another source")
    return {
        "seconds": elapsed_s,
        "total_frames": len(waits),
        "dropped": dropped,
        "wait_ms": _quantiles(waits),
        "frames": {kind: _summary(timings[kind][WARM_UP_FRAMES:]) for kind in KINDS},
    }


def _kind(result: Result) -> str:
    if "find" in result.timings_ms:
        return "searching"
    return "tracked" if result.hands else "idle"


def _summary(timings: list[dict[str, float]]) -> dict[str, Any]:
    """Returns the figures of one kind of frames; {"count": 0} if there was none."""
    if not timings:
        return {"count": 0}
    stages = [stage for stage in STAGES if stage in timings[0]]
    whole = np.array([sum(t[stage] for stage in stages) for t in timings])
    invoke = np.array([t["invoke"] for t in timings])
    return {
        "count": len(timings),
        "fps": float(1000 / whole.mean()),
        "stages_ms": {stage: _quantiles([t[stage] for t in timings]) for stage in stages},
        "frame_ms": _quantiles(whole),
        "invoke_ms": _quantiles(invoke),
        "overhead_ms": _quantiles(whole - invoke),
        # Of the sums, which frames that something disturbed may raise, and of the middle frame.
        "overhead_share": float(1 - invoke.sum() / whole.sum()),
        "overhead_share_p50": float(np.median(1 - invoke / whole)),
    }


def _quantiles(values: Iterable[float]) -> dict[str, float]:
    array = np.asarray(list(values))
    p50, p90, p99 = np.percentile(array, [50, 90, 99])
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99), "max": float(array.max())}


def _goals(report: dict[str, Any]) -> dict[str, Any]:
    """Returns each goal beside what was measured; what was not measured is left out."""
    measured = {
        "overhead_share": report["frames"]["tracked"].get("overhead_share"),
        "memory_mb": report.get("memory_mb"),
        "first_prediction_s": report.get("first_prediction_s", {}).get("median"),
    }
    return {
        name: {"measured": value, "at_most": GOALS[name], "met": value <= GOALS[name]}
        for name, value in measured.items()
        if value is not None
    }


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        write(path, json.dumps(report, indent=1, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; choose another file") from error


def table(report: dict[str, Any]) -> str:
    """Returns the figures for people to read."""
    versions = ", ".join(f"{name} {value}" for name, value in report["versions"].items())
    settings = ", ".join(f"{name} {value}" for name, value in report["settings"].items())
    lines = [
        f"{report['machine']['processor']}; load {report['machine']['load']:.1f}",
        versions.replace("litert ai-edge", "ai-edge"),
        settings,
        f"{report['total_frames']} frames in {report['seconds']:.1f} s, {report['dropped']} dropped"
        f"; the first {report['warm_up_frames']} of each kind are not counted",
    ]
    for kind in KINDS:
        lines += ["", *_kind_lines(kind, report["frames"][kind])]
    lines += ["", _row("waiting for a frame", report["wait_ms"])]
    if "first_prediction_s" in report:
        lines += ["", *startup.lines(report)]
    lines += ["", f"{'goal':<34}{'measured':>9}{'at most':>9}"]
    for name, goal in report["goals"].items():
        met = "met" if goal["met"] else "MISSED"
        lines.append(f"{_GOAL_NAMES[name]:<34}{goal['measured']:>9.3g}{goal['at_most']:>9g}  {met}")
    return "\n".join(lines)


_GOAL_NAMES = {
    "overhead_share": "overhead of tracked frames, share",
    "memory_mb": "peak memory, MB",
    "first_prediction_s": "start to first prediction, s",
}


def _kind_lines(kind: str, figures: dict[str, Any]) -> list[str]:
    if not figures["count"]:
        return [f"{kind}: no such frame, or not enough of them"]
    title = f"{kind}: {figures['count']} frames, {figures['fps']:.0f} a second"
    lines = [f"{title:<34}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}  ms"]
    lines += [_row(f"  {stage}", values) for stage, values in figures["stages_ms"].items()]
    lines.append(_row("  whole frame", figures["frame_ms"]))
    if not figures["invoke_ms"]["max"]:
        return lines
    lines.append(_row("  of it inside LiteRT", figures["invoke_ms"]))
    share = f"{figures['overhead_share']:.1%}, in the middle {figures['overhead_share_p50']:.1%}"
    lines.append(_row("  of it outside: overhead", figures["overhead_ms"]) + f"  {share}")
    return lines


def _row(name: str, values: dict[str, float]) -> str:
    return f"{name:<34}" + "".join(f"{values[q]:>9.2f}" for q in ("p50", "p90", "p99", "max"))


if __name__ == "__main__":
    sys.exit(main())
