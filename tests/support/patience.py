"""How long a test waits: limits are written for a usual machine, and are longer on a slower one."""

from __future__ import annotations

from time import perf_counter

USUAL_S = 0.006  # the least of 40 on an idle core of a virtual Xeon of 2 GHz, Python 3.11


def _loop_s() -> float:
    """How long a fixed piece of work takes, in seconds."""
    start_s = perf_counter()
    total = 0
    for number in range(100_000):
        total += number
    return perf_counter() - start_s


# The median of five: a pause of one of them says nothing of the machine.
SLOWER = max(1.0, sorted(_loop_s() for _ in range(5))[2] / USUAL_S)


def patience_s(usual_s: float) -> float:
    """As long as `usual_s` seconds of a usual machine are on this one; never less than that."""
    return usual_s * SLOWER
