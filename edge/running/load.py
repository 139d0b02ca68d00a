"""Leaves work out while there is too much of it, or while the machine is too hot.

A live source's frames are dropped in any case while the loop is busy with one
(edge/running/mailbox.py). This module goes further: hands are searched for less often, since a
search costs more than anything else in a frame, and a machine that is about to slow itself down
gets fewer frames. Every frame of a recording is read, however long it takes.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean, median

from edge.types import Frame

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """When work is left out, and when it is taken up again.

    window: the number of frames that are judged together, two seconds of most cameras.
    too_busy: the share of a frame's time from which there is too much work: little is left for what
        is not measured, such as the camera's own process.
    easy: the share below which there is room again. It is less than half of too_busy, since taking
        a step back may double the work.
    patience: by how much searches are spaced out, step by step.
    easy_windows: so many windows with room in a row, half a minute, take one step back.
    doublings: each time that a step back was too early, the next one takes twice as many windows,
        up to this many times: a quarter of an hour.
    heat: pairs of headroom in degrees Celsius and frames a second. With so little headroom before
        the machine slows itself down, so many frames a second are read. Letters are read down to 8
        frames a second (docs/service.md).
    cool_c: with so much headroom all frames are read again. It is above the first pair's, so that
        the rate does not change to and fro.
    """

    window: int = 60
    too_busy: float = 0.95
    easy: float = 0.4
    patience: tuple[float, ...] = (1.0, 2.0, 4.0)
    easy_windows: int = 15
    doublings: int = 5
    heat: tuple[tuple[float, float], ...] = ((4.0, 15.0), (1.0, 8.0))
    cool_c: float = 6.0

    @property
    def most_windows(self) -> int:
        """The most windows with room that a step back may take."""
        return int(self.easy_windows * 2**self.doublings)

    @property
    def least_fps(self) -> float:
        """The frames a second of a machine that is being slowed down."""
        return self.heat[-1][1]


LIMITS = Limits()


class Load:
    """Decides from the time that frames take, and from the heat, what the loop leaves out.

    fps: the most frames a second that are read; None for all of them.
    """

    def __init__(self, live: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """live: True for a source whose frames may be left out."""
        self._live = live
        self._clock = clock
        self._busy_ms: deque[float] = deque(maxlen=LIMITS.window)
        self._period_ms: deque[float] = deque(maxlen=LIMITS.window)
        self._before: Frame | None = None
        self._level = self._highest = 0
        self._easy, self._enough = 0, LIMITS.easy_windows
        self.fps: float | None = None
        self._why: dict[str, str] = {}

    @property
    def patience(self) -> float:
        """By how much the pauses between searches for hands are stretched; 1 normally."""
        return LIMITS.patience[self._level]

    @property
    def shed(self) -> str:
        """What is left out, and why, in one line; "" if nothing is."""
        return "; ".join(self._why.values())

    def after(self, frame: Frame, busy_ms: float) -> None:
        """Counts a frame and the time that it took, without the wait for it."""
        before, self._before = self._before, frame
        if not self._live or before is None or frame.index <= before.index:
            return
        # The measured rate, since many cameras give fewer frames than promised, most in dim light.
        period_ms = (frame.t_ns - before.t_ns) / 1e6 / (frame.index - before.index)
        self._period_ms.append(period_ms)
        self._busy_ms.append(busy_ms)
        if len(self._busy_ms) == LIMITS.window:
            # The mean, not the median: rare but long searches make a loop fall behind.
            self._judge(fmean(self._busy_ms), median(self._period_ms))
            self._busy_ms.clear()

    def heat(self, headroom_c: float | None, throttled: Iterable[str]) -> None:
        """Decides by heat how many frames a second are read.

        headroom_c: as edge.running.machine.headroom_c. throttled: what the board's firmware slows
        down already, as edge.running.machine.throttled_now.
        """
        if not self._live:
            return
        held = [what for what in throttled if what != "under-voltage"]
        if held:
            self._slow(LIMITS.least_fps, f"the machine is slowed down ({', '.join(held)})")
            return
        near = [
            fps for near_c, fps in LIMITS.heat if headroom_c is not None and headroom_c <= near_c
        ]
        if near and (self.fps is None or near[-1] < self.fps):
            self._slow(near[-1], f"it is {headroom_c:.0f} °C below where the machine slows down")
        elif headroom_c is None or headroom_c > LIMITS.cool_c:
            self._slow(None, "")

    def paced(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yields the frames that are to be read."""
        due_s = 0.0
        for frame in frames:
            now_s, period_s = self._clock(), 1 / self.fps if self.fps else 0.0
            if 0.1 * period_s < due_s - now_s <= period_s:
                continue
            # The next frame is due a period after this one was due, so that the rate is met on
            # average. After a pause it is due a period from now.
            due_s = (due_s if abs(due_s - now_s) <= period_s else now_s) + period_s
            yield frame

    def _judge(self, busy_ms: float, period_ms: float) -> None:
        self._easy = self._easy + 1 if busy_ms < LIMITS.easy * period_ms else 0
        if busy_ms > LIMITS.too_busy * period_ms and self._level < len(LIMITS.patience) - 1:
            self._level += 1
            if self._level <= self._highest:  # the last step back was too early
                self._enough = min(2 * self._enough, LIMITS.most_windows)
        elif self._easy >= self._enough:
            self._easy = 0
            self._level = max(0, self._level - 1)
        else:
            return
        news, self._highest = self._level > self._highest, max(self._level, self._highest)
        self._say(
            "time",
            f"frames take {busy_ms:.0f} ms and come every {period_ms:.0f} ms:"
            f" hands are searched for {self.patience:g} times less often"
            if self._level
            else "",
            "there is time again: hands are searched for as usual",
            # A warning the first time only; later changes show in the line of each minute.
            logging.WARNING if news else logging.DEBUG,
        )

    def _slow(self, fps: float | None, why: str) -> None:
        if fps == self.fps:
            return
        self.fps = fps
        less = f"{why}: {fps:g} frames a second are read" if fps else ""
        cool = "the machine is cool again: all frames are read"
        self._say("heat", less, cool, logging.WARNING if fps else logging.INFO)

    def _say(self, about: str, why: str, over: str, level: int) -> None:
        self._why.pop(about, None)
        if why:
            self._why[about] = why
        log.log(level, "%s", why or over)
