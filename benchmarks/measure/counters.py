"""What a step of the loop does, counted while it does it: calls, copies, memory.

Each is a context in which `take` does one step, and returns its result and what was counted.
"""

from __future__ import annotations

import contextlib
import sys
import tracemalloc
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np

from benchmarks.measure.opened import Models
from edge.models.interpreter import Array, Model
from edge.types import Result

MODEL = "model "  # before the name of each, among what is counted

Take = Callable[[Callable[[], Result]], tuple[Result, Mapping[str, float]]]


@contextlib.contextmanager
def libraries(models: Models) -> Iterator[Take]:
    """Counts calls of models and of OpenCV, and the bytes that they copy."""
    counts: Counter[str] = Counter()
    invoke = Model.run

    def run(self: Model, *inputs: Array) -> tuple[Any, ...]:
        outputs = invoke(self, *inputs)
        counts[MODEL + models.name(self)] += 1
        counts["copied_bytes"] += sum(array.nbytes for array in (*inputs, *outputs))
        return outputs

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            given = function(*arguments, **options)
            counts["opencv_calls"] += 1
            arrays = given if isinstance(given, tuple) else (given,)
            counts["copied_bytes"] += sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
            return given

        return call

    def take(step: Callable[[], Result]) -> tuple[Result, Mapping[str, float]]:
        counts.clear()
        counts.update(opencv_calls=0, copied_bytes=0)
        return step(), dict(counts)

    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.object(Model, "run", run))
        for name, function in vars(cv2).copy().items():
            if isinstance(function, types.BuiltinFunctionType):
                stack.enter_context(patch.object(cv2, name, counted(function)))
        yield take


@contextlib.contextmanager
def calls_of_functions(_: Models) -> Iterator[Take]:
    """Counts calls of functions."""
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
def peak_bytes(_: Models) -> Iterator[Take]:
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
