"""Lanes: the same stages several times over, each given its own kind of frames, measured in turns.

Turns are short, so that whatever else the machine does affects all lanes alike; only differences
between lanes are reported. Times are processor time of this process, without what other programs
took. On one thread of a quiet machine they equal elapsed time. Used by
benchmarks/developers/scaling/axes.py.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.measure import counters
from benchmarks.measure.conditions import sums
from benchmarks.measure.counters import MODEL
from benchmarks.measure.result import median_interval
from benchmarks.measure.times import kind_of
from edge.assembly import open_stages
from edge.config import Config
from edge.running.stop import Stop
from edge.sources import open_source
from edge.types import Box, Frame, Result, Rgb, Truth

DRAWN = 1920, 1080  # the size that pictures are drawn in, once, and scaled from
PICTURES = 6  # of a held letter
TURN = 12  # frames of a lane's turn
FIRST = 3  # of these are left out: another lane's frames were in the caches
WARM_UP = 36  # frames of a lane: for a second after a hand came, each is searched for another
LEAST = 5  # turns; with fewer, no figure is reported
FRAME_MS = 33


Numbers = npt.NDArray[np.float64]


class Picture(NamedTuple):
    """A picture and what it shows."""

    rgb: Rgb
    truth: Truth


class Lane:
    """The stages, over pictures shown again and again.

    wanted: the kind of frame, and the hands in it, that this lane is for; others are not counted.
    step_ms: from frame to frame, of the frames' own time. back: pictures are shown forwards and
    backwards, so that nothing jumps.
    """

    def __init__(
        self,
        config: Config,
        pictures: Sequence[Picture],
        wanted: tuple[str, int],
        step_ms: int = FRAME_MS,
        *,
        back: bool = True,
    ) -> None:
        self._pictures = [*pictures, *pictures[-2:0:-1]] if back else list(pictures)
        self._wanted = wanted
        self._step_ms = step_ms
        self._count = 0
        stages = open_stages(config, open_source("signer:A"))
        self._models = stages.models
        self._results = stages.results(self._frames())

    def _frames(self) -> Iterator[Frame]:
        while True:
            rgb, truth = self._pictures[self._count % len(self._pictures)]
            yield Frame(rgb, self._count, self._count * self._step_ms * 1_000_000, truth)
            self._count += 1

    def step(self) -> tuple[Result, float]:
        """Returns the next frame's result, and what the loop took for it, ms."""
        start_ns = time.process_time_ns()
        result = next(self._results)
        return result, (time.process_time_ns() - start_ns) / 1e6

    def turn_ms(self, frames: int = TURN) -> float:
        """Returns the median of what the wanted frames of a turn took; nan where there were none.

        That is the loop's own work: finding, following, reading, debouncing.
        """
        seen = [self.step() for _ in range(frames)][min(FIRST, frames - 1) :]
        took = [ms for result, ms in seen if self._is_wanted(result)]
        return statistics.median(took) if took else float("nan")

    def calls(self, frames: int) -> float:
        """Returns how many functions, Python's and C's, are called for a frame: a mean."""
        with counters.calls(self._models) as take:
            counted = [take(self._results.__next__)[1]["calls"] for _ in range(frames)]
        return round(sum(counted) / frames, 2)

    def blocks_kept(self, frames: int) -> int:
        """Returns how many blocks of memory so many frames leave behind, of Python's allocator."""
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(frames):
            self.step()
        gc.collect()
        return sys.getallocatedblocks() - before

    def model_calls(self, frames: int = TURN) -> dict[str, float]:
        """Returns how often each model is called for a wanted frame, counted."""
        counts: Counter[str] = Counter()
        wanted = 0
        with counters.calls(self._models) as take:
            for _ in range(frames):
                result, counted = take(self._results.__next__)
                if self._is_wanted(result):
                    counts.update(counted)
                    wanted += 1
        return {
            name.removeprefix(MODEL): round(count / wanted, 3)
            for name, count in sorted(counts.items())
            if name.startswith(MODEL)
        }

    def models(self) -> dict[str, str]:
        """Returns name -> SHA-256 of the models in use."""
        return sums(self._models)

    def _is_wanted(self, result: Result) -> bool:
        return (kind_of(result), len(result.hands)) == self._wanted


def in_turns(lanes: Sequence[Lane], seconds: float, stop: Stop) -> Numbers:
    """Gives every lane a turn, again and again; returns (turns, lanes), the medians in ms.

    Ends after `seconds`, or when `stop` is requested; the order goes round, so that no lane always
    follows the same.
    """
    for lane in lanes:
        for _ in range(WARM_UP):
            if not stop.reason:
                lane.step()
    end_s = time.monotonic() + seconds
    rows: list[list[float]] = []
    while not stop.reason and (time.monotonic() < end_s or len(rows) < LEAST):
        row = [float("nan")] * len(lanes)
        for place in range(len(lanes)):
            which = (place + len(rows)) % len(lanes)
            row[which] = lanes[which].turn_ms()
        rows.append(row)
    return np.array(rows, np.float64).reshape(-1, len(lanes))


def interval(values: Numbers) -> dict[str, Any]:
    """Returns the median as value, and low and high, 95 %, a percentile bootstrap (Efron 1979).

    {} where there are too few values.
    """
    values = values[np.isfinite(values)]
    if len(values) < LEAST:
        return {}
    low, high = median_interval(values)
    return {
        name: float(f"{figure:.4g}")
        for name, figure in (("value", np.median(values)), ("low", low), ("high", high))
    }


def slope(x: Sequence[float], turns: Numbers) -> dict[str, Any]:
    """Returns by how many ms the cost rises for one more of x: interval() of each turn's slope.

    x: (lanes,); turns: (turns, lanes) in ms. Each turn's is that of least squares.
    """
    whole = turns[np.isfinite(turns).all(axis=1)]
    apart = np.asarray(x, np.float64) - np.mean(x)
    return interval(whole @ apart / (apart @ apart))


def drawn(seed: int = 0) -> tuple[list[Picture], Picture]:
    """Returns pictures in which a letter is held, and one without a hand, of size DRAWN."""
    width, height = DRAWN
    source = open_source(f"signer:B?seed={seed}&size={width}x{height}")
    signer = source.signer  # type: ignore[attr-defined]
    times_s = np.arange(0, signer.end_s, FRAME_MS / 1000)
    held = [t for t in times_s if signer.timeline.at(t)[0]]
    middle = held[len(held) // 2 :][:PICTURES]
    return [Picture(*signer.draw(t)) for t in middle], Picture(*signer.draw(0.0))


def scaled(picture: Picture, size: tuple[int, int]) -> Picture:
    """Returns a picture in another size (width, height), with its truth."""
    rgb = cv2.resize(picture.rgb, size, interpolation=cv2.INTER_AREA)
    factor = size[0] / picture.rgb.shape[1]
    hand = picture.truth.hand
    if hand:
        box = Box(*(factor * edge for edge in hand.box_px))
        hand = replace(hand, landmarks=hand.landmarks * np.float32(factor), box_px=box)
    return Picture(np.asarray(rgb, np.uint8), replace(picture.truth, hand=hand))


def beside(left: Picture, right: Picture) -> Picture:
    """Returns two pictures of one height as one; its truth is the left one's hand."""
    return Picture(np.hstack([left.rgb, right.rgb]), left.truth)


def columns(turns: Numbers) -> list[Numbers]:
    """Returns what each lane took, without the turns in which nothing was measured."""
    return [column[np.isfinite(column)] for column in turns.T]
