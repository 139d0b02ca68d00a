"""Times the parts of a frame, one after another."""

from __future__ import annotations

import time


class Stopwatch:
    """Runs from its making; `lap_ms` returns the time of each part when that ends."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def lap_ms(self) -> float:
        """Returns the milliseconds since the last call, or since the start."""
        start, self._start = self._start, time.perf_counter()
        return (self._start - start) * 1000
