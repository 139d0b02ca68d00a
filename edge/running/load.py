"""Leaves work out while there is too much of it, or while the machine is too hot.

A live source's frames are skipped anyhow while the loop is busy with one (edge/running/mailbox.py). What
is decided here comes on top: hands are searched for less often, which is the dearest that a frame
can need, and a machine that is about to be slowed down gets fewer frames. Of a recording, every
frame is looked at, however long it takes.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from statistics import fmean, median

from edge.types import Frame

log = logging.getLogger(__name__)

WINDOW = 60  # frames that are judged together
TOO_BUSY, EASY = 0.95, 0.4  # shares of a frame's time: above the one too much, below the other room
PATIENCE = (1.0, 2.0, 4.0)  # by how much searches are spaced out
EASY_WINDOWS = (
    15  # so many in a row with room, half a minute, and searches come back; each time ...
)
MOST_WINDOWS = 480  # ... that it was too early, twice as many the next time, up to a quarter hour
NEAR_C = (4.0, 1.0)  # so near to where the machine slows itself down, ...
HEAT_FPS = (15.0, 8.0)  # ... so many frames a second are looked at; letters are read from 8 on
COOL_C = 6.0  # and all of them again when it is so far below


class Load:
    """Follows how long frames take and how hot it is.

    patience: by how much the pauses between searches for hands are to be stretched; 1 normally.
    fps: the most frames a second that are looked at; None for all of them.
    """

    def __init__(self, live: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """live: frames may be left out."""
        self._live = live
        self._clock = clock
        self._busy_ms: deque[float] = deque(maxlen=WINDOW)
        self._period_ms: deque[float] = deque(maxlen=WINDOW)
        self._before: Frame | None = None
        self._level = self._highest = 0
        self._easy, self._enough = 0, EASY_WINDOWS
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

    def after(self, frame: Frame, busy_ms: float) -> None:
        """Takes a frame, and the time that it took, waiting not counted."""
        before, self._before = self._before, frame
        if not self._live or before is None or frame.index <= before.index:
            return
        # What the source really gives: many a camera promises more, above all in dim light.
        period_ms = (frame.t_ns - before.t_ns) / 1e6 / (frame.index - before.index)
        self._period_ms.append(period_ms)
        self._busy_ms.append(busy_ms)
        if len(self._busy_ms) == WINDOW:
            # The mean, not the median: seldom but long searches are what makes a loop fall behind.
            self._judge(fmean(self._busy_ms), median(self._period_ms))
            self._busy_ms.clear()

    def heat(self, headroom_c: float | None, throttled: Iterable[str]) -> None:
        """Takes edge/machine.headroom_c, and what the board's firmware holds back already."""
        if not self._live:
            return
        held = [what for what in throttled if what != "under-voltage"]
        if held:
            self._slow(HEAT_FPS[-1], f"the machine is slowed down ({', '.join(held)})")
            return
        steps = zip(HEAT_FPS, NEAR_C, strict=True)
        near = [fps for fps, near_c in steps if headroom_c is not None and headroom_c <= near_c]
        if near and (self.fps is None or near[-1] < self.fps):
            self._slow(near[-1], f"it is {headroom_c:.0f} °C below where the machine slows down")
        elif headroom_c is None or headroom_c > COOL_C:
            self._slow(None, "")

    def paced(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yields the frames that are to be looked at."""
        due_s = 0.0
        for frame in frames:
            now_s, period_s = self._clock(), 1 / self.fps if self.fps else 0.0
            if 0.1 * period_s < due_s - now_s <= period_s:
                continue
            # Counted from when it was due, so that on average the rate is met; after a pause from
            # now.
            due_s = (due_s if abs(due_s - now_s) <= period_s else now_s) + period_s
            yield frame

    def _judge(self, busy_ms: float, period_ms: float) -> None:
        self._easy = self._easy + 1 if busy_ms < EASY * period_ms else 0
        if busy_ms > TOO_BUSY * period_ms and self._level < len(PATIENCE) - 1:
            self._level += 1
            if self._level <= self._highest:  # it was eased too early
                self._enough = min(2 * self._enough, MOST_WINDOWS)
        elif self._easy >= self._enough:
            self._easy = 0
            self._level = max(0, self._level - 1)
        else:
            return
        news, self._highest = self._level > self._highest, max(self._level, self._highest)
        self._say(
            "time",
            f"frames take {busy_ms:.0f} ms and have {period_ms:.0f}:"
            f" hands are searched for {self.patience:g} times less often"
            if self._level
            else "",
            "frames are in time again: hands are searched for as usual",
            # What comes and goes is told once; then it stands in the line of each minute.
            logging.WARNING if news else logging.DEBUG,
        )

    def _slow(self, fps: float | None, why: str) -> None:
        if fps == self.fps:
            return
        self.fps = fps
        told = f"{why}: {fps:g} frames a second are looked at" if fps else ""
        cool = "the machine is cool again: all frames are looked at"
        self._say("heat", told, cool, logging.WARNING if fps else logging.INFO)

    def _say(self, about: str, why: str, over: str, level: int) -> None:
        self._why.pop(about, None)
        if why:
            self._why[about] = why
        log.log(level, "%s", why or over)
