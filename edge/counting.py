"""Counts of the work that OpenCV does on pictures and points, for benchmarks to compare.

Counted work is the same on a busy machine as on a quiet one, where times are not. Models count
their own (edge.models.interpreter.Model). A count costs 0.2 microseconds, of the 5 to 20
milliseconds of a frame (`python -m timeit -s "import numpy as np;
from edge.counting import counted; a = np.zeros(9)" "counted(a)"`, one x86 core).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt


@dataclass(slots=True)
class Counts:
    """Sums since the start of the process.

    calls: of OpenCV's functions. copied_bytes: of the arrays that they returned.
    """

    calls: int = 0
    copied_bytes: int = 0


OPENCV = Counts()


def counted(returned: Any) -> npt.NDArray[Any]:
    """Counts one call of OpenCV; returns the array that the call has returned."""
    OPENCV.calls += 1
    OPENCV.copied_bytes += returned.nbytes
    array: npt.NDArray[Any] = returned
    return array
