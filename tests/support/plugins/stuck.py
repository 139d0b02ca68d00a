"""`stuck:N`: a sink of the tests that takes N results, and never returns from the next."""

from __future__ import annotations

import time

from edge.types import End, Request, Result


def open(rest: str) -> Stuck:
    """Opens at once, as a sink does whose device hangs later."""
    return Stuck(int(rest))


class Stuck:
    """Stands for a device whose driver does not return."""

    def __init__(self, taken: int) -> None:
        self._left = taken

    def write(self, result: Result) -> Request | None:
        """Takes the result, or waits for ever."""
        self._left -= 1
        while self._left < 0:
            time.sleep(60)
        return None

    def close(self, end: End) -> None:
        """Has nothing to release."""
