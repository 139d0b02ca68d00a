"""The four axes along which benchmarks/scaling measures what a frame costs.

Pictures are the synthetic signer's, drawn once and kept: only the loop's own work is measured.
"""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.developers.scaling import lanes
from benchmarks.developers.scaling.lanes import Lane, Picture, beside, interval, scaled, slope
from benchmarks.measure.result import distribution
from edge.config import Config
from edge.errors import SinkError
from edge.running.stop import Stop
from edge.sinks import Sinks
from edge.sources import open_source
from edge.types import End

SIZES = {"480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
HALF = 640, 360  # of two pictures beside each other
SINKS = ("jsonl", "metrics", "screen")
ROUND = "signer:HI?seed=0"  # what the long run sees, over and over: hands come, spell, and go
BATCHES = 15  # of a long run: each is longer than what another program does in passing
KEEPS = 10
# From frame to frame. A run without a hand searches each frame that comes so late: it is the pause
# between searches of edge/hands/tracking.py.
SEARCH_MS = 150

Axis = dict[str, Any]  # turns, x, names, unit, and kinds: of frames, each with ms and slopes


def resolution(config: Config, seconds: float, stop: Stop) -> Axis:
    """Measures tracked and searching frames of one picture in several sizes."""
    held, empty = lanes.drawn()
    megapixels = [width * height / 1e6 for width, height in SIZES.values()]
    tracked = [
        Lane(config, [scaled(p, size) for p in held], ("tracked", 1)) for size in SIZES.values()
    ]
    searching = [
        Lane(config, [scaled(empty, size)], ("searching", 0), SEARCH_MS) for size in SIZES.values()
    ]
    turns = lanes.in_turns([*tracked, *searching], seconds, stop)
    kinds = {}
    for kind, some, part in (
        ("tracked", tracked, turns[:, : len(SIZES)]),
        ("searching", searching, turns[:, len(SIZES) :]),
    ):
        kinds[kind] = {
            "ms": [distribution(column) for column in lanes.columns(part)],
            "slope": slope(megapixels, part),
            "model_calls": [lane.model_calls() for lane in some],
        }
    return {
        "turns": len(turns),
        "x": megapixels,
        "names": list(SIZES),
        "unit": "ms a megapixel",
        "kinds": kinds,
        "models": tracked[0].models() | searching[0].models(),
    }


def hands(config: Config, seconds: float, stop: Stop) -> Axis:
    """Measures frames in which none, one and two hands are followed; the limit is two."""
    (left, no_left), (right, no_right) = (
        ([scaled(p, HALF) for p in held], scaled(empty, HALF))
        for held, empty in (lanes.drawn(0), lanes.drawn(1))
    )
    config = replace(config, hands=2)
    pictures: list[list[Picture]] = [
        [beside(no_left, no_right)],
        [beside(p, no_right) for p in left],
        [beside(p, q) for p, q in zip(left, right, strict=True)],
    ]
    wanted = [("idle", 0), ("tracked", 1), ("tracked", 2)]
    some = [Lane(config, *each) for each in zip(pictures, wanted, strict=True)]
    turns = lanes.in_turns(some, seconds, stop)
    steps = np.diff(turns, axis=1)
    followed = {
        "ms": [distribution(column) for column in lanes.columns(turns)],
        "slope": slope([0, 1, 2], turns),
        "first": interval(steps[:, 0]),
        "second": interval(steps[:, 1]),
        "model_calls": [lane.model_calls() for lane in some],
    }
    return {
        "turns": len(turns),
        "x": [0, 1, 2],
        "names": ["none", "one", "two"],
        "unit": "ms a hand",
        "kinds": {"followed": followed},
        "models": some[0].models(),
    }


def sinks(config: Config, seconds: float, stop: Stop) -> Axis:
    """Measures what each sink takes for a frame, all of them being handed the same results.

    A turn is a whole round, with its letters and words; the figure is its mean.
    """
    frames = _round()
    lane = Lane(config, frames, ("tracked", 1), back=False)
    missing: dict[str, str] = {}
    with _window_unseen(), tempfile.TemporaryDirectory() as folder:
        uris = {"jsonl": f"jsonl:{folder}/lines", "metrics": "metrics:0", "screen": "screen"}
        for name in SINKS:
            try:
                Sinks([uris[name]]).close(End("", 0, 0))
            except SinkError as error:
                missing[name] = str(error)
        opened = {name: Sinks([uris[name]]) for name in SINKS if name not in missing}
        turns: list[list[float]] = []
        end_s = time.monotonic() + seconds
        _sinks_ms(lane, opened, frames)
        while not stop.reason and (time.monotonic() < end_s or len(turns) < lanes.LEAST):
            turns.append(_sinks_ms(lane, opened, frames))
        for sink in opened.values():
            sink.close(End("", 0, 0))
    names = [*opened, "all"]
    table = np.array(turns, np.float64).reshape(-1, len(names))
    every = table[:, 1:].sum(axis=1)
    columns = [*table[:, 1:].T, every]
    return {
        "turns": len(turns),
        "x": list(range(len(columns))),
        "names": names,
        "unit": "ms a frame",
        "kinds": {
            "told": {
                "ms": [distribution(column) for column in columns],
                "each": {n: interval(c) for n, c in zip(names, columns, strict=True)},
                "share": interval(every / table[:, 0]),
            }
        },
        "missing": missing,
        "models": lane.models(),
    }


def _sinks_ms(lane: Lane, opened: Mapping[str, Sinks], frames: Sequence[Picture]) -> list[float]:
    """Returns the means over a round: of what the loop takes for a frame, and of each sink."""
    took = []
    for _ in frames:
        seen, ms = lane.step()
        row = [ms]
        for sink in opened.values():
            start_ns = time.process_time_ns()
            sink.write(seen)
            row.append((time.process_time_ns() - start_ns) / 1e6)
        took.append(row)
    return [float(ms) for ms in np.mean(took, axis=0)]


@contextlib.contextmanager
def _window_unseen() -> Iterator[None]:
    """While this lasts, SDL draws windows that nobody sees, and needs no display."""
    name = "SDL_VIDEODRIVER"
    before = os.environ.get(name)
    os.environ[name] = "offscreen"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def length(config: Config, seconds: float, stop: Stop) -> Axis:
    """Measures whether a frame comes to cost more, the longer a run is.

    The old stages see a round of frames again and again; each time, stages that are opened anew
    see it too. Their ratio is what the run's length does; the machine's moods are in both. Calls of
    functions in the first round and in the last, and blocks of memory that the last KEEPS rounds
    leave behind, are counted: no mood of a machine is in these.
    """
    frames = _round()
    old = Lane(config, frames, ("tracked", 1), back=False)
    old.turn_ms(len(frames))
    first_calls = old.calls(len(frames))
    seen: list[int] = []
    ratios: list[float] = []
    old_ms: list[float] = []
    end_s = time.monotonic() + seconds
    while not stop.reason and (time.monotonic() < end_s or len(ratios) < lanes.LEAST):
        new = Lane(config, frames, ("tracked", 1), back=False)
        both = {}
        for lane in (old, new) if len(ratios) % 2 else (new, old):
            gc.collect()
            both[lane is old] = lane.turn_ms(len(frames))
        seen.append((len(seen) + 1) * len(frames))
        old_ms.append(both[True])
        ratios.append(both[True] / both[False])
    if not ratios:
        return {"turns": 0}
    ratio, x = np.array(ratios), np.array(seen, np.float64)
    tenth = max(1, len(ratio) // 10)
    return {
        "turns": len(ratio),
        "x": seen,
        "names": [],
        "unit": "% in 10,000 frames",
        "kinds": {
            "tracked": {
                "percent": [round(100 * float(r - 1), 2) for r in ratio],
                "ms": [round(float(ms), 3) for ms in old_ms],
                "slope": _drift(x, 100 * (ratio - 1), 10_000),
                "first_tenth_ms": round(float(np.median(old_ms[:tenth])), 3),
                "last_tenth_ms": round(float(np.median(old_ms[-tenth:])), 3),
                "last_over_new": interval(ratio[-max(tenth, lanes.LEAST) :]),
                "first_calls": first_calls,
                "last_calls": old.calls(len(frames)),
                "blocks_kept": old.blocks_kept(KEEPS * len(frames)),
            }
        },
        "models": old.models(),
    }


def _round() -> list[Picture]:
    return [Picture(f.rgb, f.truth) for f in open_source(ROUND).frames() if f.truth]


def _drift(x: lanes.Numbers, y: lanes.Numbers, frames: int) -> dict[str, Any]:
    """Returns by how much y rises in so many frames: Theil and Sen's slope, of all pairs' median.

    The points are first made BATCHES medians, one after the other: points that follow each other
    are alike, whatever the machine is up to, and would make the interval too narrow. That is a
    percentile bootstrap of 95 % over these. {} where there are too few points.
    """
    whole = np.isfinite(y)
    x, y = x[whole] / frames, y[whole]
    if len(x) < lanes.LEAST:
        return {}
    x, y = (
        np.array([np.median(part) for part in np.array_split(each, min(BATCHES, len(each)))])
        for each in (x, y)
    )

    def of(some: Any) -> float:
        apart = np.subtract.outer(x[some], x[some])
        rise = np.subtract.outer(y[some], y[some])
        return float(np.median(rise[apart > 0] / apart[apart > 0]))

    random = np.random.default_rng(0)
    drawn = [of(random.integers(0, len(x), len(x))) for _ in range(400)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    figures = {"value": of(slice(None)), "low": low, "high": high}
    return {name: float(f"{figure:.4g}") for name, figure in figures.items()}


AXES: Mapping[str, Callable[[Config, float, Stop], Axis]] = {
    "resolution": resolution,
    "hands": hands,
    "sinks": sinks,
    "length": length,
}
