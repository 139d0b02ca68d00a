"""What a step of the loop does, counted while it does it: calls, copies, memory.

Each is a context in which `take` does one step, and returns its result and what was counted.
"""

from __future__ import annotations

import contextlib
import sys
import tracemalloc
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from edge.counting import OPENCV
from edge.stages import CountingModel
from edge.types import Result

MODEL = "model "  # before the name of each, among what is counted

Take = Callable[[Callable[[], Result]], tuple[Result, Mapping[str, float]]]


@contextlib.contextmanager
def calls(models: Sequence[CountingModel]) -> Iterator[Take]:
    """Counts calls of functions, Python's and C's, of models and of OpenCV, and bytes copied.

    models: those that the step runs. They and edge.counting always count what they do.
    """
    called = 0

    def profile(frame: types.FrameType, event: str, argument: Any) -> None:
        nonlocal called
        called += event in ("call", "c_call")

    def done() -> Counter[str]:
        counts = Counter({MODEL + model.path.stem: model.calls for model in models})
        counts["opencv_calls"] = OPENCV.calls
        counts["copied_bytes"] = OPENCV.copied_bytes + sum(model.copied_bytes for model in models)
        return counts

    def take(step: Callable[[], Result]) -> tuple[Result, Mapping[str, float]]:
        nonlocal called
        before, called = done(), 0
        usual = sys.getprofile()
        sys.setprofile(profile)
        try:
            result = step()
        finally:
            sys.setprofile(usual)
        counted = {"calls": called, "opencv_calls": 0, "copied_bytes": 0}
        return result, counted | dict(done() - before)  # the difference leaves zeros out

    yield take


@contextlib.contextmanager
def peak_bytes(_: Sequence[CountingModel] = ()) -> Iterator[Take]:
    """Measures the most memory that a step has at once."""

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
