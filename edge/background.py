"""A run in a thread in the background, for Fingerspeller (edge/fingerspeller.py)."""

from __future__ import annotations

import inspect
import logging
import threading
from collections import deque
from collections.abc import Callable

from edge.assembly import open_stages, some_source
from edge.config import Config
from edge.pipeline import Reading
from edge.running.stop import Stop, Stopped
from edge.session import Session, open_session
from edge.types import Event, Result
from edge.worker import Worker

log = logging.getLogger(__name__)

Function = Callable[..., object]

MOST_EVENTS = 10_000  # that wait for a `for` loop, or for functions: hours of spelling
WAKE_S = 0.5  # a wait is interrupted so often, so that Ctrl-C is noticed
CLOSE_S = 10.0  # how long close() waits: longer than it takes to kill a camera's process


class Run:
    """The run of a Fingerspeller. It does not refer to it, so that one can be forgotten."""

    def __init__(self, config: Config) -> None:
        self.functions: dict[str, Function] = {}
        self.result: Result | None = None
        self.clear = threading.Event()
        self._config = config
        self._stop = Stop()
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._changed = threading.Condition()
        self._opened = self._ended = False
        self._listening = False
        self._error: BaseException | None = None
        self._worker: Worker[Event] | None = None
        self._thread = threading.Thread(target=self._read, name="fingerspeller", daemon=True)

    @property
    def is_active(self) -> bool:
        """Whether it reads: the source is open, and has not ended."""
        return self._opened and not self._ended

    def open(self) -> None:
        """Starts the thread, and waits until the source is open; raises what it raised."""
        self._thread.start()
        self._wait_for(lambda: self._opened or self._ended, None)
        self._raise()

    def listen(self) -> None:
        """Lets a recording begin."""
        with self._changed:
            self._listening = True
            self._changed.notify_all()

    def set_function(self, kind: str, function: Function | None) -> None:
        """Sets the function that is called for events of a kind; None for no function."""
        if function is None:
            self.functions.pop(kind, None)
            return
        self.functions[kind] = taking_event(function)
        self.listen()

    def next_event(self) -> Event | None:
        """Waits for an event; returns None at the end. Raises what the reading raised."""
        self._wait_for(lambda: self._events or self._ended, None)
        with self._changed:
            if self._events:
                return self._events.popleft()
        self._raise()
        return None

    def wait(self, timeout_s: float | None) -> bool:
        """Waits for the end; returns whether it has come. Raises what the reading raised."""
        if not self._wait_for(lambda: self._ended, timeout_s):
            return False
        self._raise()
        return True

    def close(self) -> None:
        """Ends the reading, and waits until everything is released."""
        self._stop.request("close")
        self.listen()
        inside = threading.current_thread().name in ("fingerspeller", "fingerspeller functions")
        if self._thread.is_alive() and not inside:
            self._thread.join(CLOSE_S)

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error:
            raise error

    def _wait_for(self, condition: Callable[[], object], timeout_s: float | None) -> bool:
        left_s = float("inf") if timeout_s is None else timeout_s
        with self._changed:
            while not condition():
                if left_s <= 0:
                    return False
                self._changed.wait_for(condition, min(WAKE_S, left_s))
                left_s -= WAKE_S
        return True

    def _read(self) -> None:
        """Reads to the end, in the thread in the background."""
        self._worker = Worker("fingerspeller functions", self._call, most=MOST_EVENTS)
        try:
            with open_session(
                self._stop,
                lambda: some_source(self._config),
                lambda source: open_stages(self._config, source),
                lambda _: self._config.sink,
                patience_s=self._config.camera.patience_s,
                max_seconds=self._config.max_seconds,
            ) as session:
                self._opened = True
                self._notify()
                if not session.source.live:
                    self._wait_for(lambda: self._listening, None)
                self._results(session)
        except Stopped:
            pass
        except BaseException as error:
            self._error = error
            if self._opened:
                log.error("the reading has ended: %s", error)
        finally:
            self._worker.close(CLOSE_S)
            self._ended = True
            self._notify()

    def _results(self, session: Session[Reading]) -> None:
        for self.result in session.results():
            if self.clear.is_set():
                self.clear.clear()
                session.stages.clear()
            self._take(self.result.events)
        self._take(session.end.events)

    def _take(self, events: tuple[Event, ...]) -> None:
        assert self._worker
        for event in events:
            if event.kind in self.functions:
                self._worker.put(event)
        if events:
            with self._changed:
                self._events.extend(events)
                self._changed.notify_all()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _call(self, event: Event) -> None:
        function = self.functions.get(event.kind)
        if function is not None:
            function(event)


def taking_event(function: Function) -> Function:
    """Returns a function of an event; one that takes no argument is called without it."""
    try:
        inspect.signature(function).bind(None)
    except TypeError:  # it takes nothing, as LED.toggle
        return lambda _: function()
    except ValueError:  # a function written in C that does not say what it takes
        return function
    return function
