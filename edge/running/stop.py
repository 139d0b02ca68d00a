"""How a run ends: on a signal, at its time, or when a sink asks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it takes numpy along, and Ctrl-C is to be caught before that
    from edge.types import Frame


class Stopped(BaseException):
    """Raised by a signal while nothing runs yet that would have to end in order."""


class Stop:
    """Asked to stop, and by what: "" while nobody has, else "SIGINT", "SIGTERM" or a reason."""

    def __init__(self) -> None:
        self.reason = ""
        self._release: list[Callable[[], None]] = []
        self.opening = False
        self._deadline_s = float("inf")

    def ask(self, reason: str) -> None:
        """Ends the frames after the one in hand; safe to call more than once."""
        self.reason = self.reason or reason
        for release in self._release:
            release()

    def on_ask(self, release: Callable[[], None]) -> None:
        """Has `release` called when asked, or now if that was: what wakes a wait for a camera."""
        self._release.append(release)
        if self.reason:
            release()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While this lasts, a signal raises Stopped: a camera may take long to open, or hang."""
        self.opening = True
        try:
            if self.reason:
                raise Stopped
            yield
        except Exception:
            if self.reason:  # a library may have made an error of its own of Stopped
                raise Stopped from None
            raise
        finally:
            self.opening = False

    def look(self) -> None:
        """Asks when the time of frames() is over: for whoever waits for one."""
        if time.monotonic() >= self._deadline_s and not self.reason:
            self.ask("time")

    def frames(self, frames: Iterable[Frame], max_seconds: float = 0.0) -> Iterator[Frame]:
        """Yields the frames until asked to stop or, if it is not 0, for max_seconds."""
        if max_seconds:
            self._deadline_s = time.monotonic() + max_seconds
        for frame in frames:
            self.look()
            if self.reason:
                return
            yield frame


@contextmanager
def true_interrupts() -> Iterator[None]:
    """Makes a KeyboardInterrupt of any exception that Ctrl-C ended up as.

    Where it comes while a C library is being imported, it comes out as what that library makes of
    it: an ImportError, or an AttributeError of something half made.
    """
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield
        return
    came = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    except Exception:
        if came:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Turns Ctrl-C and SIGTERM into a clean end, also of Stopped; a second Ctrl-C ends at once.

    Outside the main thread, where Python allows no handlers, signals stay as they are.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.ask(signal.Signals(number).name)
        if stop.opening:
            raise Stopped

    before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        with suppress(Stopped):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
