"""Start-up and memory, each measured in fresh processes: used by benchmarks/latency.

`python -m benchmarks.latency.startup START_NS PICTURE SETTINGS` is one such process, SETTINGS being
a JSON object: it does what `fingerspell run` does up to its first prediction, and prints the time
and the memory of every step.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure.memory import peak_memory_mb

STEADY_S = 4.0  # from the start of a run until its memory is read
SETTINGS = ("detector", "model", "alphabet", "hands", "threads")  # that a start depends on


def measure(config: Any, starts: int) -> dict[str, Any]:
    """Starts `fingerspell run` and the steps, `starts` times each; returns times and memory.

    first_prediction_s: from the start of the whole command until the line that reports the first
    hand has arrived: the first prediction was made by then. The source is a single picture with a
    hand in it, so that the time does not depend on when somebody signs.
    memory_mb: VmHWM of a run on the synthetic signer, some seconds after its start.
    """
    flags = ["--detector", config.detector, "--model", config.model]
    flags += ["--alphabet", config.alphabet] if config.alphabet else []
    flags += ["--threads", str(config.threads), "--hands", str(config.hands)]
    with tempfile.TemporaryDirectory() as scratch:
        picture = _picture_of_a_hand(Path(scratch))
        command = ["run", "--source", f"images:{picture}", "--sink", "jsonl:-", *flags]
        seconds = [_seconds_to_first_line(command) for _ in range(starts)]
        steps = [_steps(picture, config) for _ in range(starts)]
    return {
        "first_prediction_s": {
            "median": statistics.median(seconds),
            "max": max(seconds),
            "all": seconds,
        },
        "steps": [
            {
                "step": same[0]["step"],
                "s": statistics.median(step["s"] for step in same),
                "memory_mb": statistics.median(step["memory_mb"] for step in same),
            }
            for same in zip(*steps, strict=True)
        ],
        "memory_mb": _memory_of_a_run(flags),
    }


def lines(report: dict[str, Any]) -> Iterator[str]:
    """Yields the figures for people to read."""
    seconds = report["first_prediction_s"]
    yield (
        f"start to first prediction: median {seconds['median']:.2f} s, max {seconds['max']:.2f} s"
        f" of {len(seconds['all'])}; peak memory of a run {report['memory_mb']:.0f} MB"
    )
    yield f"{'  after':<34}{'s':>9}{'peak MB':>9}"
    for step in report["steps"]:
        yield f"{'  ' + step['step']:<34}{step['s']:>9.2f}{step['memory_mb']:>9.0f}"


def _picture_of_a_hand(folder: Path) -> Path:
    """Draws a frame in which the synthetic signer holds a letter."""
    import cv2

    from benchmarks.measure.held import held

    path = folder / "hand.png"
    cv2.imwrite(str(path), cv2.cvtColor(next(held(1)).rgb, cv2.COLOR_RGB2BGR))
    return path


@contextmanager
def _fingerspell(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "edge", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _seconds_to_first_line(arguments: list[str]) -> float:
    start = time.perf_counter()
    with _fingerspell(arguments) as process:
        assert process.stdout
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
        _check(process, b'"found"' in line)
    return seconds


def _memory_of_a_run(flags: list[str]) -> float:
    """Returns the peak memory of a run in MB, once it has followed a hand for some seconds."""
    source = ["--source", "signer:HELLO WORLD?loop=yes", "--sink", "jsonl:-"]
    with _fingerspell(["run", *source, *flags]) as process:
        assert process.stdout
        _check(process, b'"found"' in process.stdout.readline())
        time.sleep(STEADY_S)
        peak = peak_memory_mb(process.pid)
        process.send_signal(signal.SIGTERM)
    return peak


def _check(process: subprocess.Popen[bytes], well: bool) -> None:
    if not well:
        process.kill()
        raise _failed("a fresh fingerspell run", process.communicate()[1].decode())


def _failed(what: str, stderr: str) -> Exception:
    from edge.errors import FingerspellError

    said = stderr.strip().splitlines()
    return FingerspellError(f"{what} failed: {said[-1] if said else 'it found no hand'}")


def _steps(picture: Path, config: Any) -> list[dict[str, Any]]:
    start_ns = time.monotonic_ns()
    settings = {name: getattr(config, name) for name in SETTINGS}
    options = [str(start_ns), str(picture), json.dumps(settings)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.latency.startup", *options],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    if done.returncode:
        raise _failed("a fresh process that prints its steps", done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _child(start_ns: int, picture: str, settings: Mapping[str, Any]) -> None:
    """Takes the steps of edge/commands/run.py one by one; prints a line after each."""

    def done(step: str) -> None:
        seconds = (time.monotonic_ns() - start_ns) / 1e9
        print(json.dumps({"step": step, "s": seconds, "memory_mb": peak_memory_mb()}))

    done("Python")
    import numpy  # noqa: F401 - it is its import that is measured

    done("numpy")
    import cv2  # noqa: F401

    done("OpenCV")
    from edge import assembly
    from edge.config import load
    from edge.detectors import open_detector
    from edge.models import interpreter
    from edge.sources import open_source

    done("fingerspell")
    interpreter.runtime()
    done("LiteRT")
    config = load(None, settings)
    detector = open_detector(config.detector, threads=assembly.threads(config))
    done("hand models")
    source = open_source(f"images:{picture}")
    stages = assembly.with_detector(config, detector)
    done("letter and motion models")
    if not next(stages.results(source.frames())).hands:
        sys.exit("it found no hand")
    done("first prediction")


if __name__ == "__main__":
    start, path, given = sys.argv[1:]
    _child(int(start), path, json.loads(given))
