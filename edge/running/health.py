"""How a run is: measured in the frame loop, and told to the service manager, the journal, sinks.

The watchdog of systemd is told from here alone, and this is called by the frame loop alone: once
the loop stands still, nobody says that it lives.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from statistics import median

from edge.running import machine
from edge.running.load import Load
from edge.running.systemd import Notifier
from edge.types import Guarded, Result, Source, Vitals

log = logging.getLogger(__name__)

NOTE_S = 1.0  # how often vitals are made while frames flow
LOOK_S = 5.0  # how often temperature and memory are looked at
MINUTE_S = 60.0
PATIENCE_S = 30.0  # beyond the source's own: after that, a wait for frames is no life


class Health:
    """Follows one run. `after` each frame, `waiting` while none comes: both by the frame loop.

    load: what it is told is held to by the loop.
    """

    def __init__(
        self,
        source: Source,
        *,
        patience_s: float,
        notifier: Notifier | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """patience_s: how long the source tries to get frames back before it gives up."""
        self._source = source
        self._patience_s = patience_s + PATIENCE_S
        self._notifier = notifier or Notifier()
        self._clock = clock
        self.load = Load(source.live)
        now_s = clock()
        self._start_s = self._frame_s = self._after_s = self._noted_s = self._minute_s = now_s
        self._looked_s = self._beaten_s = -float("inf")
        self._ready = False
        self._frames = self._dropped = self._letters = 0
        self._before = (0, 0, 0)  # these three, a minute ago
        self._recent: deque[tuple[float, float]] = deque()  # of each frame: when, and ms
        self._memory_mb = 0.0
        self._temperature_c: float | None = None
        self._throttled: tuple[str, ...] = ()

    def after(self, result: Result) -> Vitals | None:
        """Takes a frame that went through all stages and sinks; gives vitals when they are due."""
        self._letters += sum(event.kind == "letter" for event in result.events)
        now_s = self._clock()
        busy_ms = max(0.0, (now_s - self._after_s) * 1000 - result.timings_ms.get("wait", 0.0))
        self._after_s = self._frame_s = now_s
        self._recent.append((now_s, busy_ms))
        self._frames += 1
        self._dropped = result.dropped
        self.load.after(result.frame, busy_ms)
        self._ready = self._ready or self._notifier.tell(READY=1, STATUS="reading")
        self._beat(now_s)
        if now_s - self._noted_s < NOTE_S:
            return None
        return self._vitals(now_s)

    def waiting(self) -> Vitals:
        """No frame has come for a while: the loop lives, and says so as long as that is no lie."""
        now_s = self._clock()
        if now_s - self._frame_s < self._patience_s:
            self._beat(now_s)
        return self._vitals(now_s)

    def stopping(self) -> None:
        """The run ends, and the watchdog need not be told any more."""
        self._notifier.tell(STOPPING=1, STATUS="stopping")

    def _beat(self, now_s: float) -> None:
        limit_s = self._notifier.watchdog_s
        if limit_s and now_s - self._beaten_s >= limit_s / 5:
            self._notifier.tell(WATCHDOG=1)
            self._beaten_s = now_s

    def _vitals(self, now_s: float) -> Vitals:
        self._noted_s = now_s
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._memory_mb = machine.resident_mb()
            self._temperature_c = machine.temperature_c()
            self._throttled = machine.throttled_now()
            self.load.heat(machine.headroom_c(), self._throttled)
        while self._recent and now_s - self._recent[0][0] > LOOK_S:
            self._recent.popleft()
        since_s = max(NOTE_S, min(LOOK_S, now_s - self._start_s))
        guarded = self._source if isinstance(self._source, Guarded) else None
        vitals = Vitals(
            frames=self._frames,
            dropped=self._dropped,
            reopened=guarded.reopened if guarded else 0,
            fps=len(self._recent) / since_s,
            busy_ms=median(busy for _, busy in self._recent) if self._recent else 0.0,
            waited_s=now_s - self._frame_s,
            trouble=guarded.trouble if guarded else "",
            shed=self.load.shed,
            memory_mb=self._memory_mb,
            temperature_c=self._temperature_c,
            throttled=self._throttled,
            watchdog_age_s=now_s - self._beaten_s if self._notifier.watchdog_s else None,
        )
        self._notifier.tell(STATUS=_status(vitals))
        if now_s - self._minute_s >= MINUTE_S:
            self._minute_s = now_s
            self._tell_minute(vitals)
        return vitals

    def _tell_minute(self, vitals: Vitals) -> None:
        now = (self._frames, self._dropped, self._letters)
        frames, dropped, letters = (a - b for a, b in zip(now, self._before, strict=True))
        self._before = now
        heat = "" if vitals.temperature_c is None else f", {vitals.temperature_c:.0f} °C"
        ill = "; ".join(filter(None, (vitals.trouble, vitals.shed, *vitals.throttled)))
        log.info(
            "in the last minute %d frames of %.0f ms, %d dropped, %d letters; reopened %d times,"
            " %.0f MB%s; %s",
            frames, vitals.busy_ms, dropped, letters, vitals.reopened, vitals.memory_mb, heat,
            ill or "well",
            extra={"fields": {"letters": letters} | asdict(vitals)},
        )  # fmt: skip


def _status(vitals: Vitals) -> str:
    """What `systemctl status` shows."""
    if vitals.trouble:
        return vitals.trouble
    rate = f"{vitals.fps:.1f} frames a second, {vitals.busy_ms:.0f} ms each"
    return f"{rate}; {vitals.shed}" if vitals.shed else rate
