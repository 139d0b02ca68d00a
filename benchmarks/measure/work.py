"""Counted work: what a frame makes a machine do, and whether two versions differ in it.

Work is counted and not timed, so that it is the same on a busy machine as on a quiet one. The
frames are the synthetic signer's, with the empty room before and after, on one thread.

    count          of frames of a kind, of the same footage
    model_calls    of each model
    opencv_calls   of OpenCV's functions
    copied_bytes   into and out of the models, and out of OpenCV's functions
    peak_bytes     the most memory that a frame had at once, on top of what was there before
    calls          of functions, Python's and C's

The others are means over the frames of one kind. The last two differ between versions of Python,
NumPy and OpenCV; the rest can be compared between machines.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from benchmarks.measure import conditions, counters
from benchmarks.measure import result as results_file
from benchmarks.measure.counters import MODEL
from benchmarks.measure.result import KINDS
from benchmarks.measure.times import kind_of
from edge.assembly import open_stages
from edge.config import Config
from edge.errors import UsageError
from edge.sources import open_source
from edge.types import Frame

SOURCE = "signer:HI?seed=0"
FOOTAGE = f"{SOURCE}, its room before and after"
FRAMES = 90  # from a search for the hand to its second letter
ROOM_FRAMES = 60  # each time: a second in which all are searched, and one in which few are
FRAME_NS = 33_333_333
EVERYWHERE = ("opencv_calls", "copied_bytes")
SAME_VERSIONS = ("calls", "peak_bytes")
DEAR = ("tracked", "searching")  # kinds of which more are more work; idle frames are next to none
WARM_UP = 5  # of a kind: the first fill caches
RISE = 0.15  # that CI lets pass
ROSE = 1  # exit status


def count(config: Config, frames: Sequence[Frame]) -> dict[str, Any]:
    """Returns what the frames of footage() make of the stages, by kind of frame.

    One thread, no sinks, and the settings' own source left out. Raises FingerspellError.
    """
    counted: dict[str, dict[str, Any]] = {}
    config = replace(config, source=SOURCE, threads=1, sink=())
    source = open_source(SOURCE)
    for counter in (counters.calls, counters.peak_bytes):
        stages = open_stages(config, source)
        with _without_collections(), counter(stages.models) as take:
            seen: dict[str, list[Mapping[str, float]]] = {kind: [] for kind in KINDS}
            loop = stages.results(frames)
            for _ in frames:
                result, figures = take(loop.__next__)
                seen[kind_of(result)].append(figures)
        for kind, each in seen.items():
            if each[WARM_UP:]:
                counted.setdefault(kind, {"count": len(each) - WARM_UP}).update(
                    _means(each[WARM_UP:])
                )
    return {"source": FOOTAGE, "models": conditions.sums(stages.models), "frames": counted}


def footage() -> list[Frame]:
    """Draws the room, the signer in it, and the room again, at 30 frames a second."""
    signer = list(islice(open_source(SOURCE).frames(), FRAMES))
    room = [signer[0]] * ROOM_FRAMES  # the hand is not in view yet
    return [
        replace(frame, index=index, t_ns=index * FRAME_NS)
        for index, frame in enumerate([*room, *signer, *room])
    ]


def rises(before: Mapping[str, Any], after: Mapping[str, Any], alike: bool) -> list[str]:
    """Returns a line for each count that rose by more than RISE.

    And for each kind of frame that only one of them has.

    before, after: what count() returned. alike: of the same versions, see alike_versions(). Raises
    UsageError where they are of different frames.
    """
    if not same_footage(before, after):
        sources = f"{before.get('source')!r} and {after.get('source')!r}"
        raise UsageError(f"work was counted on different frames, {sources}: count it anew")
    found = []
    for kind in KINDS:
        old, new = before["frames"].get(kind), after["frames"].get(kind)
        if old is None or new is None:
            if old or new:
                found.append(
                    f"{kind}: such frames there {'were' if old else 'are'} only"
                    f" {'before' if old else 'now'}"
                )
            continue
        if kind in DEAR and new.get("count", 0) > (1 + RISE) * old.get("count", 0):
            found.append(f"{kind}: frames rose from {old.get('count', 0)} to {new['count']}")
        for name in EVERYWHERE + SAME_VERSIONS * alike:
            found += _rise(kind, name, old.get(name), new.get(name))
        for model in {**old["model_calls"], **new.get("model_calls", {})}:
            calls = (counts.get("model_calls", {}).get(model, 0) for counts in (old, new))
            found += _rise(kind, f"calls of {model}", *calls)
    return found


def same_footage(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two that count() returned are of the same frames, and so comparable."""
    return bool(a.get("source") == b.get("source"))


def rises_of(before: results_file.Result, after: results_file.Result) -> list[str]:
    """Returns the rises of each detector that both results of this module counted."""
    alike = alike_versions(before, after)
    return [
        f"{detector}, {line}"
        for detector, counted in after["counted"].items()
        if detector in before["counted"]
        for line in rises(before["counted"][detector], counted, alike)
    ]


def alike_versions(a: results_file.Result, b: results_file.Result) -> bool:
    """Whether the same Python and libraries made both: only then is SAME_VERSIONS comparable."""
    return all(
        str(a["versions"].get(name)).split(".")[:2] == str(b["versions"].get(name)).split(".")[:2]
        for name in ("python", "numpy", "opencv-python-headless", "opencv-python")
    )


def _rise(kind: str, name: str, old: float | None, new: float | None) -> list[str]:
    if old is None or new is None or new <= (1 + RISE) * old:
        return []
    return [f"{kind}: {name.replace('_', ' ')} rose from {old:,.2f} to {new:,.2f} a frame"]


def _means(each: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    names = sorted({name for figures in each for name in figures})
    means = {name: round(sum(f.get(name, 0) for f in each) / len(each), 3) for name in names}
    plain = {name: mean for name, mean in means.items() if not name.startswith(MODEL)}
    models = {name.removeprefix(MODEL): mean for name, mean in means.items() if name not in plain}
    return plain | ({"model_calls": models} if "opencv_calls" in plain else {})


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
