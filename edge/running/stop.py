"""Ends a run: on a signal, after its time, or when a sink requests it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # edge.types imports NumPy, and Ctrl-C has to be caught before that
    from edge.types import Frame


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # each of them ends a run in order


class Stopped(BaseException):
    """Raised while a source or a model is being opened, before the first frame.

    A signal raises it, and `Stop.end_opening`.
    """


class Ended(BaseException):
    """Raised by SIGTERM or SIGHUP while there is no run yet that would have to end in order."""


class Stop:
    """Whether the run is to stop, and why.

    reason: None while the run goes on; then the name of a signal such as "SIGTERM", "time", or what
        a caller gave.
    opening: True within `at_once`.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._release: list[Callable[[], None]] = []
        self.opening = False
        self._deadline_s = float("inf")

    def request(self, reason: str) -> None:
        """Ends the run after the present frame; the first reason counts."""
        self.reason = self.reason or reason
        for release in self._release:
            release()

    def on_request(self, release: Callable[[], None]) -> None:
        """Calls `release` at each request to stop, and now if there was one: it ends a wait."""
        self._release.append(release)
        if self.reason:
            release()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within this context a signal raises Stopped, since opening a camera may take long."""
        self.opening = True
        try:
            if self.reason:
                raise Stopped
            yield
        except Exception:
            if self.reason:  # a library may have turned Stopped into an error of its own
                raise Stopped from None
            raise
        finally:
            self.opening = False

    def end_opening(self, reason: str) -> None:
        """Ends the run while its source is being opened: raises Stopped."""
        self.request(reason)
        raise Stopped

    def check_time(self) -> None:
        """Requests the end if the time of `frames` is over; called while no frame comes."""
        if time.monotonic() >= self._deadline_s and not self.reason:
            self.request("time")

    def frames(self, frames: Iterable[Frame], max_seconds: float = 0.0) -> Iterator[Frame]:
        """Yields the frames until the end is requested; max_seconds: for so long; 0: no limit."""
        if max_seconds:
            self._deadline_s = time.monotonic() + max_seconds
        for frame in frames:
            self.check_time()
            if self.reason:
                return
            yield frame


@contextmanager
def true_interrupts() -> Iterator[None]:
    """Raises KeyboardInterrupt for Ctrl-C, and Ended for SIGTERM and SIGHUP, whatever they hit.

    If a signal comes while a C library is being imported, that library raises an exception of its
    own, such as ImportError or AttributeError. A signal that is ignored, as SIGHUP is under nohup,
    stays ignored; outside the main thread Python allows no handlers. Handlers that were there
    before, as those of edge/__main__.py, are there again afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    found = {number: signal.getsignal(number) for number in SIGNALS}
    # None is a handler that was not installed by Python, which could not be put back.
    before = {n: handler for n, handler in found.items() if handler not in (signal.SIG_IGN, None)}
    came: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise _raised(number)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    except Exception:
        if came:
            raise _raised(came[0]) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raised(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Ended()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Turns Ctrl-C, SIGTERM and SIGHUP into a request to stop; a second Ctrl-C ends it at once.

    Stopped ends this context without an error. A signal that is ignored stays so. Outside the main
    thread Python allows no handlers, and signals keep their effect.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.request(signal.Signals(number).name)
        if stop.opening:
            raise Stopped

    wanted = [n for n in SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in wanted}
    try:
        with suppress(Stopped):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
