"""What a step of the loop does, counted while it does it: calls, copies, memory.

Each is a context in which `take` does one step, and returns its result and what was counted.
"""

from __future__ import annotations

import contextlib
import sys
import tracemalloc
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from edge.counting import OPENCV
from edge.types import CountingModel, Result

MODEL = "model "  # before the name of each, among what is counted

Take = Callable[[Callable[[], Result]], tuple[Result, Mapping[str, float]]]


@contextlib.contextmanager
def libraries(models: Iterable[CountingModel]) -> Iterator[Take]:
    """Counts calls of models and of OpenCV, and the bytes that they copy: what the product counts.

    models: those whose work is counted.
    """

    def now() -> Counter[str]:
        counts = Counter({MODEL + model.path.stem: model.calls for model in models})
        counts["opencv_calls"] = OPENCV.calls
        counts["copied_bytes"] = OPENCV.copied_bytes + sum(model.copied_bytes for model in models)
        return counts

    def take(step: Callable[[], Result]) -> tuple[Result, Mapping[str, float]]:
        before = now()
        result = step()
        done = now() - before  # without those that did nothing
        return result, {"opencv_calls": 0, "copied_bytes": 0} | dict(done)

    yield take


@contextlib.contextmanager
def calls_of_functions(_: Iterable[CountingModel] = ()) -> Iterator[Take]:
    """Counts calls of functions, Python's and C's, whoever makes them."""
    calls = 0

    def profile(frame: types.FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    def take(step: Callable[[], Result]) -> tuple[Result, Mapping[str, float]]:
        nonlocal calls
        calls = 0
        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            result = step()
        finally:
            sys.setprofile(before)
        return result, {"calls": calls}

    yield take


@contextlib.contextmanager
def peak_bytes(_: Iterable[CountingModel] = ()) -> Iterator[Take]:
    """Measures the most memory that a frame has at once."""

    def take(step: Callable[[], Result]) -> tuple[Result, Mapping[str, float]]:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        result = step()
        return result, {"peak_bytes": tracemalloc.get_traced_memory()[1] - before}

    tracemalloc.start()
    try:
        yield take
    finally:
        tracemalloc.stop()
