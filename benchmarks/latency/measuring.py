"""The measured loop: what `fingerspell run` runs, with what each frame took written down.

Measuring costs a few microseconds a frame, which is part of every result (measuring_share).
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from tqdm import tqdm

from benchmarks.measure.conditions import Watch, sums
from benchmarks.measure.result import KINDS
from benchmarks.measure.times import Times
from edge.assembly import open_stages, some_source
from edge.config import Config
from edge.errors import FingerspellError, SinkError, SourceError
from edge.pipeline import Reading
from edge.running.stop import Stop
from edge.session import Session, open_session
from edge.sources import public
from edge.types import Result

SAME_CLOCK_NS = 10_000_000_000  # a stamp this near to now is of this machine's own clock
SHOW_S = 0.5
INTERRUPTIONS = ("SIGINT", "SIGTERM", "quit")  # as stop.reason says it


class Wanted(NamedTuple):
    """When to end: after so many seconds, or measured frames; None: never. warm_up: in frames."""

    seconds: float | None
    frames: int | None
    warm_up: int


class _Ended(NamedTuple):
    """How it ended, "" where `stop` says it; what went wrong; what was left out: "" for nothing."""

    how: str
    trouble: str
    shed: str


def run(config: Config, wanted: Wanted, stop: Stop) -> dict[str, Any]:
    """Runs until what is wanted is measured, the source ends, or `stop` is requested.

    Returns the fields of a result that come of it. Raises FingerspellError where nothing could be
    measured, and KeyboardInterrupt where it was stopped before anything was.
    """
    times, late = Times(), ""
    try:
        with (
            _Until(wanted, stop) as until,
            open_session(
                stop,
                lambda: some_source(config),
                lambda source: open_stages(config, source),
                lambda source: config.sink,
                patience_s=config.camera.patience_s,
                waiting=until.waiting,
            ) as session,
            contextlib.closing(session.results()) as results,
        ):
            for _ in islice(results, wanted.warm_up):
                pass
            first_dropped, live = session.end.dropped, session.source.live
            with Watch() as watch:
                ended, trouble, shed = _measured(session, results, until, times)
                seconds = until.passed_s()
    except SinkError as error:  # of a sink that failed: all has been measured
        if not times.frames:
            raise
        late = str(error)
    if not times.frames:
        if stop.reason in INTERRUPTIONS:
            raise KeyboardInterrupt
        raise SourceError(
            f"{public(config.source)} gave no frame to measure after {wanted.warm_up} to warm up;"
            " choose a longer source, or --warm-up 0"
        )
    ended = ended or _why(stop)
    warnings = watch.warnings()
    if ended in ("source", "sink"):
        warnings.append(f"it ended after {seconds:.1f} s: {trouble or 'the source has no more'}")
    if shed:
        warnings.append(f"there was too much to do for a while: {shed}")
    if late and ended != "sink":  # else all sinks failed, and the reason is there already
        warnings.append(late)
    return {
        "models": sums(session.stages.models),
        "settings": {"live": live, "sizes": sorted(f"{w}x{h}" for h, w in times.sizes)},
        "conditions": {
            "samples": watch.samples,
            "warnings": warnings,
            "quiet": not watch.disturbances(),
        },
        "warm_up_frames": wanted.warm_up,
        "seconds": round(seconds, 3),
        "ended": ended,
        "total_frames": times.frames,
        "dropped": session.end.dropped - first_dropped,
        "share_with_hand": round(times.with_hand / times.frames, 4),
        "frames": {kind: times.figures(kind, config.sink, live) for kind in KINDS},
        "event_ms": times.events(),
        "cpu_s": watch.cpu_s,
        "memory_mb": watch.memory_mb,
        "measuring_share": round(times.took_share() + watch.took_s / seconds, 6),
    }


def _why(stop: Stop) -> str:
    if stop.reason in INTERRUPTIONS:
        return "interrupted"
    return stop.reason or "source"


def _measured(
    session: Session[Reading], results: Iterator[Result], until: _Until, times: Times
) -> _Ended:
    """Records frames until it is over; raises what the run raises before any was recorded."""
    shed = ""
    until.start()
    try:
        for result in results:
            glass_ns = time.monotonic_ns() - result.frame.t_ns
            same_clock = session.source.live and 0 <= glass_ns < SAME_CLOCK_NS
            times.take(result, session.sinks.took_ms, glass_ns / 1e6 if same_clock else None)
            shed = shed or session.health.load.shed
            if ended := until.over(times):
                return _Ended(ended, "", shed)
    except FingerspellError as error:
        if not times.frames:
            raise
        return _Ended("sink" if isinstance(error, SinkError) else "source", str(error), shed)
    return _Ended("", "", shed)


class _Until:
    """Decides when it is over, and shows progress on stderr if that is a terminal."""

    def __init__(self, wanted: Wanted, stop: Stop) -> None:
        self._wanted = wanted
        self._stop = stop
        self._start_s = self._shown_s = time.monotonic()
        self._started = False

    def __enter__(self) -> _Until:
        total = self._wanted.seconds or self._wanted.frames
        unit = " s" if self._wanted.seconds else " frames"
        form = "{l_bar}{bar}| {n:.0f}/{total:.0f}{unit}{postfix}"
        # disable=None: no bar where stderr is no terminal.
        self._bar = tqdm(total=total, unit=unit, bar_format=form, disable=None, file=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def start(self) -> None:
        """The warm-up is over."""
        self._start_s, self._started = time.monotonic(), True

    def passed_s(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self._start_s

    def over(self, times: Times) -> str:
        """Returns "frames" or "seconds" once there are enough of them."""
        passed_s = self.passed_s()
        if passed_s - self._shown_s >= SHOW_S or self._shown_s > passed_s:
            self._show(times, passed_s)
        if self._wanted.frames and times.frames >= self._wanted.frames:
            return "frames"
        return "seconds" if self._wanted.seconds and passed_s >= self._wanted.seconds else ""

    def waiting(self) -> None:
        """No frame has come for a while; the time may be over all the same."""
        if self._started and self._wanted.seconds and self.passed_s() >= self._wanted.seconds:
            self._stop.request("seconds")

    def _show(self, times: Times, passed_s: float) -> None:
        self._shown_s = passed_s
        self._bar.n = min(passed_s if self._wanted.seconds else times.frames, self._bar.total)
        self._bar.set_postfix_str(", ".join(f"{times.count(kind)} {kind}" for kind in KINDS))
