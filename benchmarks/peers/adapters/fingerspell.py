"""Our own stages, as `fingerspell run` runs it: all stages, no sink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.peers.contract import Reading

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edge.types import Frame

SUMMARY = "this project, all stages, debounced"
VARIANTS = ("lite", "full")
REQUIREMENTS = (".", "numpy==2.4.6", "opencv-python-headless==5.0.0.93", "ai-edge-litert==2.3.0")
PYTHONS = ((3, 11), (3, 13))
FILES: Mapping[str, str] = {}
SETTLES = True


def open(variant: str, threads: int, files: Mapping[str, str]) -> Fingerspell:
    """Opens the stages with the lite or the full landmark model."""
    return Fingerspell(variant, threads)


class Fingerspell:
    """The loop of edge/pipeline.py, a frame at a time."""

    def __init__(self, variant: str, threads: int) -> None:
        from edge.config import Config
        from edge.models import handmodels

        self._config = Config(detector=f"mediapipe:{variant}", alphabet="letters", threads=threads)
        names = (f"palm_detection_{variant}", f"hand_landmark_{variant}")
        self.files: Sequence[str] = [str(handmodels.folder() / f"{n}.tflite") for n in names]
        self._frame: Frame | None = None

    def begin(self) -> None:
        """Opens fresh stages."""
        from edge.assembly import open_stages
        from edge.sources import open_source

        source = open_source("signer:A")  # only that it is no live source matters
        self._index = 0
        self._results = open_stages(self._config, source).results(self._frames())

    def _frames(self) -> Iterator[Frame]:
        while self._frame:
            yield self._frame

    def read(self, rgb: npt.NDArray[np.uint8], t_ns: int) -> Reading:
        """Reads a frame as the pipeline does."""
        from edge.types import Frame

        self._frame = Frame(rgb, self._index, t_ns)
        self._index += 1
        result = next(self._results)
        idle = "tracked" if result.hands else "idle"
        return Reading(
            "searching" if "find" in result.timings_ms else idle,
            result.prediction.label if result.prediction else "",
            [(e.kind, e.label, e.t_ns) for e in result.events if e.kind in ("letter", "delete")],
        )
