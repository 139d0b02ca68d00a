"""A benchmark's result: one JSON object; made, written whole, read again, or refused with a reason.

Every result says what it is and how it came about:

    kind      "latency", ...         version   of this format, VERSION
    command   as it was typed        date      ISO 8601, UTC

What follows is that of kind "latency". Times are in ms where a name ends so; a distribution is
what distribution() returns. KINDS of frames cost differently, and no figure is of all together.

    machine     board, processor, cores, memory_mb, virtual, kernel, system, governor, clock_mhz
    versions    python, litert, fingerspell, numpy, ...
    models      name -> SHA-256 of the file
    settings    source, live, sizes (["640x480"]), detector, model, alphabet, hands, threads, sink
    conditions  samples: t_s, temperature_c, clock_mhz, others_cpus, throttled (what the board holds
                back, [] for nothing): lists of one length, with None for what is unknown
                warnings: lines, [] for none; quiet: whether none of them makes two runs differ
    frames      kind -> count
                        stages_ms    stage -> distribution, of those of STAGES that there were, and
                                     of each sink, named by its URI. Results from before December
                                     2026 have "letter" (the letter model) and "debounce" (all that
                                     followed it) in place of "recognise" and "spell"
                        frame_ms     distribution of the whole frame: the sum of its stages
                        wait_ms      of the time that the loop waited for it; no part of frame_ms
                        invoke_ms    of the part that was spent inside LiteRT
                        overhead_ms  of the rest of find to spell, and overhead_share of it
                        fps          frames a second that the loop could take
                        glass_ms     of a live source whose stamps are this machine's clock: from
                                     the stamp until the last sink had it
                {"count": 0} where there was no such frame
    event_ms    kind of frame -> distribution of glass_ms of frames that settled a letter; {} else
    total_frames, dropped, share_with_hand, seconds, warm_up_frames
    ended       "frames", "seconds", "source", "sink" (one failed) or "interrupted"
    cpu_s, memory_mb     {"loop": this process, "capture": the one that a camera lives in}; memory
                         is the most there ever was. All of a process is in them: what it takes to
                         draw the synthetic signer, which is no stage, too
    measuring_share      what writing down took, of the time that frames took, and what sampling the
                         conditions took, of one core
    work        what benchmarks/measure/work.py counted, of its own frames; {} if not wanted
    start       what benchmarks/latency/startup.py measured; {} if not wanted
    goals       name -> measured, at_most, met
    quote       the one line to quote: tracked frames of this source on this board; "" for none
    unquotable  why there is none; "" else
"""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edge.errors import UsageError
from edge.files import write as write_whole
from edge.sources import public

VERSION = 1
KINDS = ("tracked", "searching", "idle")
STAGES = ("capture", "convert", "share", "find", "follow", "recognise", "spell")
FOR_DEVELOPERS = ("instructions", "scaling", "work")  # kinds whose commands are in developers/
QUANTILES = ("p50", "p90", "p99", "max")
RESAMPLES = 4000
BATCHES = 30  # that a distribution is kept in, for what changes slowly to show as noise


class _Each(NamedTuple):
    """A mapping of any names, each to something of this shape."""

    of: Any


_NUMBER = (int, float)
_DISTRIBUTION = {"count": int, **dict.fromkeys(QUANTILES, _NUMBER), "batches": [_NUMBER]}
_FRAMES = {
    "count": int,
    "stages_ms": _Each(_DISTRIBUTION),
    **dict.fromkeys(("frame_ms", "overhead_ms"), _DISTRIBUTION),
}
# What others take for granted in a result that they read: a type, a list of a shape, or a mapping.
_SHAPES: dict[str, dict[str, Any]] = {
    "latency": {
        "machine": dict,
        "versions": _Each(str),
        "models": _Each(str),
        "settings": dict,
        "conditions": {"warnings": [str], "quiet": bool},
        "frames": dict,
        "event_ms": _Each(_DISTRIBUTION),
        "seconds": _NUMBER,
        "ended": str,
        "work": dict,
    },
    "work": {"versions": _Each(str), "counted": _Each({"frames": _Each(dict)})},
}

Result = dict[str, Any]


def distribution(values: Sequence[float] | np.ndarray[Any, Any]) -> dict[str, Any]:
    """Returns count, mean, p50, p90, p99 and max of values in order of time, and `batches`.

    batches: the medians of at most BATCHES equal parts, one after the other: what a comparison
    takes its interval from. Frames that follow each other are alike, so that single frames would
    make it too narrow (batch means: Law, Simulation Modeling and Analysis, chapter 9).
    """
    array = np.asarray(values, np.float64)
    if not len(array):
        return {"count": 0}
    p50, p90, p99 = np.percentile(array, [50, 90, 99])
    parts = np.array_split(array, min(BATCHES, len(array)))
    return {
        "count": len(array),
        "mean": _short(array.mean()),
        "p50": _short(p50),
        "p90": _short(p90),
        "p99": _short(p99),
        "max": _short(array.max()),
        "batches": [_short(np.median(part)) for part in parts],
    }


def _short(value: float) -> float:
    """A ten-thousandth of a millisecond is finer than a clock's steps."""
    return round(float(value), 4)


def median_interval(
    values: Sequence[float] | np.ndarray[Any, Any], level: float = 0.95
) -> tuple[float, float]:
    """Returns the ends of the median's interval: a percentile bootstrap (Efron 1979).

    The same values give the same interval.
    """
    array = np.asarray(values, np.float64)
    drawn = np.random.default_rng(0).choice(array, (RESAMPLES, len(array)))
    low, high = np.quantile(np.median(drawn, axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def typed(name: str, argv: Sequence[str]) -> str:
    """Returns a command as it was typed, without the user names and passwords in its URIs."""
    return shlex.join(["python", "-m", module(name), *map(public, argv)])


def module(kind: str) -> str:
    """Returns the command that makes results of a kind, as `python -m` takes it."""
    return f"benchmarks.developers.{kind}" if kind in FOR_DEVELOPERS else f"benchmarks.{kind}"


def line(result: Result) -> str:
    """Returns the result as one line of JSON; raises ValueError for a figure that is no number."""
    return json.dumps(result, ensure_ascii=False, allow_nan=False)


def write(path: Path, result: Result) -> None:
    """Writes a result, whole or not at all; raises UsageError where it may not be written."""
    write_whole(path, line(result).encode() + b"\n")


def check_writable(path: Path) -> None:
    """Raises UsageError where write() would fail: what would be found after a long measurement."""
    if not path.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder; choose another file")
    try:
        tempfile.TemporaryFile(dir=path.absolute().parent).close()
    except OSError as error:
        reason = f"cannot write {path}: {error.strerror}"
        raise UsageError(f"{reason}; choose another folder") from error


def read(path: Path, kind: str = "latency") -> Result:
    """Reads a result of one kind; raises UsageError, saying why, for whatever else the file is."""
    again = f"make one with python -m {module(kind)} --json FILE"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; {again}") from error
    try:
        found = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not JSON; {again}") from None
    if not isinstance(found, dict) or "kind" not in found:
        raise UsageError(f"{path} is not the result of a benchmark; {again}")
    if found["kind"] != kind:
        raise UsageError(f"{path} is a result of kind {found['kind']!r}, not {kind!r}; {again}")
    if found.get("version") != VERSION:
        version = found.get("version")
        raise UsageError(f"{path} has version {version!r}, not {VERSION}; {again}")
    fault = next(_faults(found, kind), "")
    if fault:
        raise UsageError(f"{path} is no whole result: {fault}; {again}")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _faults(found: Result, kind: str) -> Iterator[str]:
    yield from _misfits(found, _SHAPES.get(kind, {}), "it")
    if kind == "work":
        for detector, counted in found["counted"].items():
            yield from _miscounts(counted, f"counted.{detector}")
    if kind == "latency":
        yield from _mixtures(found["frames"])
        if found["work"]:
            yield from _miscounts(found["work"], "work")


def _misfits(given: Any, shape: Any, name: str) -> Iterator[str]:
    """Yields a line for whatever is missing, or not of its shape."""
    if isinstance(shape, _Each):
        shape = dict.fromkeys(given, shape.of) if isinstance(given, dict) else dict
    if isinstance(shape, list):
        items = dict(enumerate(given)) if isinstance(given, list) else given
        shape = dict.fromkeys(items, shape[0]) if isinstance(given, list) else list
        given = items
    if not isinstance(shape, dict):
        if not isinstance(given, shape):
            yield f"{name} is not what it should be"
        return
    if not isinstance(given, dict):
        yield f"{name} is not what it should be"
        return
    for key, inner in shape.items():
        if key not in given:
            yield f"{name} has no {key}"
        else:
            yield from _misfits(given[key], inner, str(key) if name == "it" else f"{name}.{key}")


def _mixtures(frames: Result) -> Iterator[str]:
    """A figure of all frames together says how often there was a hand, and nothing of the code."""
    for kind, figures in frames.items():
        if kind not in KINDS:
            yield f"it has a figure for {kind!r} frames; there are {', '.join(KINDS)}"
        none = isinstance(figures, dict) and figures.get("count") == 0
        more = isinstance(figures, dict) and "glass_ms" in figures
        shape = {"count": int} if none else _FRAMES | ({"glass_ms": _DISTRIBUTION} if more else {})
        yield from _misfits(figures, shape, f"frames.{kind}")


def _miscounts(counted: Any, name: str) -> Iterator[str]:
    yield from _misfits(counted, {"frames": _Each({"model_calls": _Each(_NUMBER)})}, name)
    for kind, counts in counted["frames"].items():
        plain = {key: count for key, count in counts.items() if key != "model_calls"}
        yield from _misfits(plain, _Each(_NUMBER), f"{name}.{kind}")
