"""The health of a run: measured in the frame loop, reported to systemd, to the log and to sinks.

Only this module resets systemd's watchdog, and only the frame loop calls it. So a loop that stands
still is noticed: the watchdog is no longer reset, and systemd starts the service anew.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from typing import Protocol

from edge.running import machine
from edge.running.load import Load
from edge.running.notifier import Notifier
from edge.stages import Guarded, Source
from edge.types import Result, Vitals

log = logging.getLogger(__name__)

NOTE_S = 1.0  # between two Vitals while frames flow: no page or window shows them faster
# Between two readings of temperature and memory, which change slowly; also the time over which the
# frame rate is averaged.
MEASURE_S = 5.0
MINUTE_S = 60.0  # between two lines in the log
# How long after the source's own patience a wait for frames still counts as healthy. The longest
# opening of a camera (edge/capture/guarded.py) is shorter.
PATIENCE_S = 30.0
BEATS = 5  # resets of the watchdog in the time it allows; sd_watchdog_enabled(3) advises 2 or more


class Outputs(Protocol):
    """Where results go, as far as health is concerned: edge.sinks.Sinks."""

    @property
    def trouble(self) -> str:
        """Which sinks do not work, and why, in a line; "" while all of them work."""
        ...

    @property
    def lost(self) -> int:
        """How many events did not reach a sink."""
        ...


class _NoSinks:
    """The outputs of a run without sinks."""

    trouble, lost = "", 0


NO_SINKS: Outputs = _NoSinks()


class Health:
    """The health of one run. The frame loop calls `after` for each frame and `waiting` between.

    load: decides what work the loop leaves out.
    """

    def __init__(
        self,
        source: Source,
        *,
        patience_s: float,
        outputs: Outputs = NO_SINKS,
        notifier: Notifier | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """patience_s: how long the source waits for frames to return before it gives up.

        outputs: the sinks, whose faults become part of the vitals.
        """
        self._source = source
        self._outputs = outputs
        self._patience_s = patience_s + PATIENCE_S
        self._notifier = notifier or Notifier()
        self._clock = clock
        self.load = Load(source.live)
        now_s = clock()
        self._start_s = self._frame_s = self._after_s = self._noted_s = self._minute_s = now_s
        self._measured_s = self._beaten_s = -float("inf")
        self._ready = False
        self._frames = self._dropped = self._letters = 0
        self._before = (0, 0, 0)  # these three, a minute ago
        self._recent: deque[tuple[float, float]] = deque()  # of each frame: its time, its busy_ms
        self._memory_mb = 0.0
        self._temperature_c: float | None = None
        self._throttled: tuple[str, ...] = ()

    def after(self, result: Result) -> Vitals | None:
        """Counts a frame that all stages and sinks have finished; returns Vitals when due."""
        self._letters += sum(event.kind == "letter" for event in result.events)
        now_s = self._clock()
        busy_ms = max(0.0, (now_s - self._after_s) * 1000 - result.timings_ms.get("wait", 0.0))
        self._after_s = self._frame_s = now_s
        self._recent.append((now_s, busy_ms))
        self._frames += 1
        self._dropped = result.dropped
        self.load.after(result.frame, busy_ms)
        self._ready = self._ready or self._notifier.send(READY=1, STATUS="reading")
        self._beat(now_s)
        if now_s - self._noted_s < NOTE_S:
            return None
        return self._vitals(now_s)

    def waiting(self) -> Vitals:
        """Returns Vitals while no frame comes; resets the watchdog until patience runs out."""
        now_s = self._clock()
        if now_s - self._frame_s < self._patience_s:
            self._beat(now_s)
        return self._vitals(now_s)

    def stopping(self) -> None:
        """Reports to systemd that the run is ending."""
        self._notifier.send(STOPPING=1, STATUS="stopping")

    def _beat(self, now_s: float) -> None:
        limit_s = self._notifier.watchdog_s
        if limit_s and now_s - self._beaten_s >= limit_s / BEATS:
            self._notifier.send(WATCHDOG=1)
            self._beaten_s = now_s

    def _vitals(self, now_s: float) -> Vitals:
        self._noted_s = now_s
        if now_s - self._measured_s >= MEASURE_S:
            self._measured_s = now_s
            self._memory_mb = machine.resident_mb()
            self._temperature_c = machine.temperature_c()
            self._throttled = machine.throttled_now()
            self.load.heat(machine.headroom_c(), self._throttled)
        while self._recent and now_s - self._recent[0][0] > MEASURE_S:
            self._recent.popleft()
        since_s = max(NOTE_S, min(MEASURE_S, now_s - self._start_s))
        guarded = self._source if isinstance(self._source, Guarded) else None
        vitals = Vitals(
            frames=self._frames,
            dropped=self._dropped,
            reopened=guarded.reopened if guarded else 0,
            fps=len(self._recent) / since_s,
            busy_ms=median(busy for _, busy in self._recent) if self._recent else 0.0,
            waited_s=now_s - self._frame_s,
            trouble=guarded.trouble if guarded else "",
            sink_trouble=self._outputs.trouble,
            events_lost=self._outputs.lost,
            shed=self.load.shed,
            memory_mb=self._memory_mb,
            temperature_c=self._temperature_c,
            throttled=self._throttled,
            watchdog_age_s=now_s - self._beaten_s if self._notifier.watchdog_s else None,
        )
        self._notifier.send(STATUS=_status(vitals))
        if now_s - self._minute_s >= MINUTE_S:
            self._minute_s = now_s
            self._log_minute(vitals)
        return vitals

    def _log_minute(self, vitals: Vitals) -> None:
        now = (self._frames, self._dropped, self._letters)
        frames, dropped, letters = (a - b for a, b in zip(now, self._before, strict=True))
        self._before = now
        heat = "" if vitals.temperature_c is None else f", {vitals.temperature_c:.0f} °C"
        causes = (vitals.trouble, vitals.sink_trouble, vitals.shed, *vitals.throttled)
        problems = "; ".join(filter(None, causes))
        log.info(
            "in the last minute %d frames of %.0f ms, %d dropped, %d letters; reopened %d times,"
            " %.0f MB%s; %s",
            frames, vitals.busy_ms, dropped, letters, vitals.reopened, vitals.memory_mb, heat,
            problems or "no faults",
            extra={"fields": {"letters": letters} | asdict(vitals)},
        )  # fmt: skip


def _status(vitals: Vitals) -> str:
    """The line that `systemctl status` shows."""
    if vitals.trouble or vitals.sink_trouble:
        return vitals.trouble or vitals.sink_trouble
    rate = f"{vitals.fps:.1f} frames a second, {vitals.busy_ms:.0f} ms each"
    return f"{rate}; {vitals.shed}" if vitals.shed else rate
