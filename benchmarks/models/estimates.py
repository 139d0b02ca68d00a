"""What a model would take on a Raspberry Pi, estimated from its operations: never a measurement.

The rates are what XNNPACK, which LiteRT computes with, reached on these boards by what others have
published: multiply-accumulates of a known model over its published time. They are of convolutional
networks of hundreds of millions of multiply-accumulates; the arithmetic alone is estimated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.models.graph import Operation

# Multiply-accumulates at 224 x 224: Howard et al. 2017, table 8; Sandler et al. 2018, table 4;
# Ma et al. 2018, table 8.
MMACS = {"MobileNet v1": 569, "MobileNet v2": 300, "ShuffleNet v2": 146}
# Single figures are given with so much on either side, as a judgement: models of the other rows
# differ by as much among themselves.
ALONE = 0.25
# XNNPACK on four large cores of one kind against one of them (Pixel 2, Kryo 280 Gold), from the
# two tables of XNNPACK's README: MobileNet v3 small 14 ms to 6, v1 86 ms to 27. No time of one
# thread was found for either board.
FOUR_CORES = (14 / 6, 86 / 27)
SMALL = 5_000_000  # multiply-accumulates; below, calling the model costs more than computing it
README = "XNNPACK's README, Raspberry Pi 4 (BCM2711, ARM64), all cores, 8 February 2022"
COURSE = (
    "learn.arm.com, ExecuTorch on Arm, module 2: MobileNetV2 on a Raspberry Pi 5 with XNNPACK,"
    " mean of 50 runs; threads are not stated, and it is more than one core can do"
)
CARD = "model card of Arm/shufflenet-v2-x1-0-int8-xnnpack-executorch: Raspberry Pi 5, p50"


class Published(NamedTuple):
    """One published time."""

    board: str
    precision: str
    model: str
    ms: float
    source: str


PI4, PI5 = "Raspberry Pi 4, Cortex-A72 at 1.8 GHz", "Raspberry Pi 5, Cortex-A76 at 2.4 GHz"
PUBLISHED = (
    Published(PI4, "float32", "MobileNet v1", 77, README),
    Published(PI4, "float32", "MobileNet v2", 46, README),
    Published(PI4, "int8", "MobileNet v1", 24, README),
    Published(PI4, "int8", "MobileNet v2", 17, README),
    Published(PI5, "float32", "MobileNet v2", 10.89, COURSE),
    Published(PI5, "int8", "MobileNet v2", 4.01, COURSE),
    Published(PI5, "int8", "ShuffleNet v2", 3.63, CARD),
)
# That README's boards ran at 1.5 GHz, today's at 1.8: at most so much faster, where the memory is
# not what they wait for.
FASTER = {PI4: 1.8 / 1.5, PI5: 1.0}


def rates() -> list[dict[str, Any]]:
    """Returns, by board and precision, billions of multiply-accumulates a second on four cores.

    low, high: the slowest and the fastest that was published; from: what was published, and where.
    """
    found = []
    for board in (PI4, PI5):
        for precision in ("float32", "int8"):
            rows = [p for p in PUBLISHED if (p.board, p.precision) == (board, precision)]
            each = [MMACS[row.model] / row.ms for row in rows]
            aside = ALONE if len(rows) == 1 else 0.0
            found.append(
                {
                    "board": board,
                    "precision": precision,
                    "threads": 4,
                    "low_gmacs": round(min(each) * (1 - aside), 2),
                    "high_gmacs": round(max(each) * (1 + aside) * FASTER[board], 2),
                    "from": [f"{row.model} {row.ms:g} ms: {row.source}" for row in rows],
                }
            )
    return found


def macs(operations: Sequence[Operation]) -> dict[str, int]:
    """Returns multiply-accumulates by precision, of the operations whose are counted."""
    found: dict[str, int] = {}
    for operation in operations:
        if operation.macs:
            found[operation.precision] = found.get(operation.precision, 0) + operation.macs
    return found


def estimate(operations: Sequence[Operation]) -> tuple[list[dict[str, Any]], str]:
    """Returns estimated times by board and threads, and why there are none, or what they lack.

    Each has board, threads, low_ms and high_ms.
    """
    uncounted = sorted({o.name for o in operations if o.macs is None})
    if uncounted:
        return [], f"not estimated: the work of {', '.join(uncounted)} is not counted"
    counted = macs(operations)
    if strange := sorted(set(counted) - {"float32", "int8"}):
        return [], f"not estimated: no rate is known for {', '.join(strange)}"
    if not counted:
        return [], "not estimated: it has no multiply-accumulates"
    found = []
    for board in (PI4, PI5):
        low_ms, high_ms = _on_four(board, counted)
        few, many = FOUR_CORES
        found += [
            {"board": board, "threads": 1, "low_ms": few * low_ms, "high_ms": many * high_ms},
            {"board": board, "threads": 4, "low_ms": low_ms, "high_ms": high_ms},
        ]
    for each in found:
        each |= {name: float(f"{each[name]:.3g}") for name in ("low_ms", "high_ms")}
    small = sum(counted.values()) < SMALL
    return found, "so small that calling it costs more than this arithmetic" if small else ""


def _on_four(board: str, counted: Mapping[str, int]) -> tuple[float, float]:
    low_ms = high_ms = 0.0
    for rate in rates():
        if rate["board"] == board:
            million = counted.get(rate["precision"], 0) / 1e6
            low_ms += million / rate["high_gmacs"]
            high_ms += million / rate["low_gmacs"]
    return low_ms, high_ms
