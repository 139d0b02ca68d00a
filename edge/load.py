"""Leaves work out while there is too much of it, or while the machine is too hot.

A live source's frames are skipped anyhow while the loop is busy with one (edge/mailbox.py). What
is decided here comes on top: hands are searched for less often, which is the dearest that a frame
can need, and a machine that is about to be slowed down gets fewer frames.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from statistics import fmean

from edge.types import Frame

log = logging.getLogger(__name__)

WINDOW = 60  # frames that are judged together
TOO_BUSY, EASY = 0.95, 0.6  # shares of a frame's time: above the one too much, below the other room
PATIENCE = (1.0, 2.0, 4.0)  # by how much searches are spaced out
NEAR_C = (4.0, 1.0)  # so near to where the machine slows itself down, ...
HEAT_FPS = (15.0, 8.0)  # ... so many frames a second are looked at; letters are read from 8 on
COOL_C = 6.0  # and all of them again when it is so far below


class Load:
    """Follows how long frames take and how hot it is.

    patience: by how much the pauses between searches for hands are to be stretched.
    fps: the most frames a second that are looked at; None for all of them.
    """

    def __init__(self, source_fps: float | None, limit_c: float | None) -> None:
        """Takes the frames a second that the source gives, and the machine's edge/machine.limit_c.

        source_fps: None where every frame has to be looked at, however long it takes.
        """
        self._period_ms = 1000 / source_fps if source_fps else None
        self._limit_c = limit_c
        self._busy_ms: deque[float] = deque(maxlen=WINDOW)
        self._level = 0
        self.fps: float | None = None
        self._why: dict[str, str] = {}

    @property
    def patience(self) -> float:
        """1 normally."""
        return PATIENCE[self._level]

    @property
    def shed(self) -> str:
        """What is left out, and why, in a line; "" for nothing."""
        return "; ".join(self._why.values())

    def after(self, busy_ms: float) -> None:
        """Takes the time that one frame took, waiting not counted."""
        if self._period_ms is None:
            return
        self._busy_ms.append(busy_ms)
        if len(self._busy_ms) < WINDOW:
            return
        # The mean, not the median: seldom but long searches are what makes a loop fall behind.
        mean_ms = fmean(self._busy_ms)
        if mean_ms > TOO_BUSY * self._period_ms and self._level < len(PATIENCE) - 1:
            self._level += 1
        elif mean_ms < EASY * self._period_ms and self._level > 0:
            self._level -= 1
        else:
            return
        self._busy_ms.clear()
        self._say(
            "time",
            f"frames take {mean_ms:.0f} ms and have {self._period_ms:.0f}:"
            f" hands are searched for {self.patience:g} times less often"
            if self._level
            else "",
            "frames are in time again: hands are searched for as usual",
        )

    def heat(self, temperature_c: float | None, throttled: Iterable[str]) -> None:
        """Takes the machine's temperature, and what its firmware holds back already."""
        held = [what for what in throttled if what != "under-voltage"]
        if held:
            self._slow(HEAT_FPS[-1], f"the machine is slowed down ({', '.join(held)})")
        elif temperature_c is None or self._limit_c is None:
            self._slow(None, "")
        else:
            reached = [
                fps
                for fps, near_c in zip(HEAT_FPS, NEAR_C, strict=True)
                if temperature_c >= self._limit_c - near_c
            ]
            if reached and (self.fps is None or reached[-1] < self.fps):
                self._slow(reached[-1], f"{temperature_c:.0f} °C of {self._limit_c:.0f}")
            elif temperature_c < self._limit_c - COOL_C:
                self._slow(None, "")

    def paced(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yields the frames that are to be looked at."""
        due_ns = 0.0
        for frame in frames:
            period_ns = 1e9 / self.fps if self.fps else 0.0
            early_ns = due_ns - frame.t_ns
            if 0.1 * period_ns < early_ns <= period_ns:
                continue
            # Counted from when it was due, so that on average the rate is met; after a pause, or
            # where the stamps begin anew, from now.
            due_ns = (due_ns if abs(early_ns) <= period_ns else frame.t_ns) + period_ns
            yield frame

    def _slow(self, fps: float | None, why: str) -> None:
        if fps == self.fps:
            return
        self.fps = fps
        told = f"{why}: {fps:g} frames a second are looked at" if fps else ""
        self._say("heat", told, "the machine is cool again: all frames are looked at")

    def _say(self, about: str, why: str, over: str) -> None:
        if why:
            self._why[about] = why
            log.warning("%s", why)
        else:
            del self._why[about]
            log.info("%s", over)
