"""What frames took, recorded as they come, and summed up by kind and stage."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.measure.result import KINDS, distribution
from edge.sources import public
from edge.types import Result

FIRST_OF_A_KIND = 5  # left out: the first of each kind touches what no frame has touched before
LOOP = ("find", "follow", "recognise", "spell")  # what the loop itself does with a frame
BEFORE = ("capture", "convert", "share")  # what is done before it has one


class Times:
    """What every frame took, by kind and stage. Four bytes a figure, so that a long run fits."""

    def __init__(self) -> None:
        self.frames = 0  # that were read since the warm-up
        self.with_hand = 0
        self.sizes: set[tuple[int, ...]] = set()  # height, width
        self.took_s = 0.0  # what writing down took
        self._seen = dict.fromkeys(KINDS, 0)
        self._columns: dict[str, dict[str, array[float]]] = {kind: {} for kind in KINDS}

    def take(self, result: Result, sinks_ms: Mapping[str, float], glass_ms: float | None) -> None:
        """Records a frame; glass_ms: from its stamp until the sinks had it, where that is known."""
        start_s = time.perf_counter()
        timings_ms = result.timings_ms
        self.frames += 1
        self.with_hand += bool(result.hands)
        self.sizes.add(result.frame.rgb.shape[:2])
        kind = kind_of(result)
        self._seen[kind] += 1
        if self._seen[kind] > FIRST_OF_A_KIND:
            column = self._columns[kind]
            invoke_ms = timings_ms["invoke"]
            loop_ms = sum([timings_ms[stage] for stage in LOOP if stage in timings_ms])
            cost_ms = result.frame.cost_ms
            whole_ms = loop_ms + sum(cost_ms.values()) + sum(sinks_ms.values())
            for times in (timings_ms, cost_ms, sinks_ms):
                for stage, ms in times.items():
                    _append(column, stage, ms)
            _append(column, "frame", whole_ms)
            _append(column, "overhead", loop_ms - invoke_ms)
            if glass_ms is not None:
                _append(column, "glass", glass_ms)
                if any([event.kind == "letter" for event in result.events]):
                    _append(column, "event", glass_ms)
        self.took_s += time.perf_counter() - start_s

    def count(self, kind: str) -> int:
        """How many frames of a kind were written down."""
        return len(self._columns[kind].get("frame", ()))

    def figures(self, kind: str, sinks: Sequence[str], live: bool) -> dict[str, Any]:
        """Returns `frames` of benchmarks/measure/result.py for one kind; sinks: their URIs."""
        column = self._columns[kind]
        if not self.count(kind):
            return {"count": 0}
        stages = [stage for stage in (*BEFORE, *LOOP, *sinks) if stage in column]
        invoke_ms, overhead_ms = sum(column["invoke"]), sum(column["overhead"])
        # A live source's frames are made ready while the loop has another one.
        elsewhere_ms = sum(sum(column.get(stage, ())) for stage in BEFORE) if live else 0.0
        loop_ms = (sum(column["frame"]) - elsewhere_ms) / self.count(kind)
        figures = {
            "count": self.count(kind),
            "fps": round(1000 / loop_ms, 2) if loop_ms else None,
            "stages_ms": {public(stage): distribution(column[stage]) for stage in stages},
            "frame_ms": distribution(column["frame"]),
            "wait_ms": distribution(column["wait"]),
            "invoke_ms": distribution(column["invoke"]),
            "overhead_ms": distribution(column["overhead"]),
            "overhead_share": overhead_ms / ((overhead_ms + invoke_ms) or 1.0),
        }
        return figures | ({"glass_ms": distribution(column["glass"])} if "glass" in column else {})

    def events(self) -> dict[str, Any]:
        """Returns kind -> distribution of ms from glass to letter, of frames that settled one."""
        return {
            kind: distribution(column["event"])
            for kind, column in self._columns.items()
            if "event" in column
        }

    def took_share(self) -> float:
        """Returns what writing down took, of the time that frames took."""
        whole_ms = sum(sum(column.get("frame", ())) for column in self._columns.values())
        return self.took_s * 1000 / whole_ms if whole_ms else 0.0


def _append(column: dict[str, array[float]], stage: str, ms: float) -> None:
    if stage not in column:
        column[stage] = array("f")
    column[stage].append(ms)


def kind_of(result: Result) -> str:
    """Returns which of KINDS a frame is."""
    if "find" in result.timings_ms:
        return "searching"
    return "tracked" if result.hands else "idle"
