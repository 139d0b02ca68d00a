"""Sinks: where results go, one file for each kind of sink.

In comes a URI, `NAME` or `NAME:REST`, such as `jsonl:-`, and then each frame's Result. The file
`NAME.py` has `open(rest: str) -> Sink` (edge/stages.py). It may import edge.types, edge.joints,
edge.errors and one optional library. It declares, in lines that are read without importing it,
`EXTRA`, the pip extra that installs this library, `PACED`, whether people watch the frames, so that
a recording is to be played at its own speed, `MIRROR`, whether it is a mirror unless one of its
options is "no-mirror", and `URL`, whether it is named by a URL, which may hold a password; a
constant that is not declared is None or False. Messages show public(uri).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge import plugins
from edge.errors import SinkError, UsageError
from edge.stages import Monitor, Sink
from edge.types import End, Request, Result, Vitals
from edge.urls import public

log = logging.getLogger(__name__)

REQUESTS: tuple[Request, ...] = ("quit", "clear", "delete", "space")  # the first one outweighs
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0  # before a sink that failed is opened again


def names() -> tuple[str, ...]:
    """The names of all sinks, in alphabetical order."""
    return plugins.names(__path__)


def is_mirror(uri: str) -> bool:
    """Whether this sink declares that it shows pictures as a mirror does (`MIRROR`)."""
    return plugins.declared(__path__, uri.partition(":")[0], "MIRROR") is True


def open_sink(uri: str) -> Sink:
    """Opens the sink that `NAME`, `NAME:REST` or `NAME://REST` names.

    Raises UsageError for a name or a REST that makes no sense, and SinkError for a sink that
    cannot be opened or whose library is not installed.
    """
    name, _, rest = uri.partition(":")
    if name not in names():
        known = plugins.known(name, names())
        raise UsageError(f"there is no sink {name!r}; there are: {known}")
    if plugins.declared(__path__, name, "URL") and not rest.startswith("//"):
        raise UsageError(f"{name} is followed by a URL: {name}://HOST")
    try:
        module = importlib.import_module(f"{__name__}.{name}")
        sink: Sink = module.open(rest.removeprefix("//"))
    except ImportError as error:
        extra = plugins.declared(__path__, name, "EXTRA")
        if extra is None or (error.name or "").partition(".")[0] == "edge":
            raise  # a fault of ours, not a library that is missing
        raise SinkError(
            f"the {name} sink cannot be loaded ({error}): pip install 'fingerspell[{extra}]'"
        ) from error
    return sink


@dataclass(slots=True)
class _Output:
    """One sink of a run: open, or failed and to be tried again.

    sink: None while it is not open. reason: why it failed; "" once it works. retry_s: when it is
    opened again, by the clock, and pause_s: how long after that once more. lost: how many events it
    did not get.
    """

    uri: str
    sink: Sink | None
    reason: str = ""
    retry_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    lost: int = 0


class Sinks:
    """Several sinks as one: each gets every result, and one that fails does not take the others.

    A sink that raises is closed, and opened again after a pause that doubles from FIRST_PAUSE_S to
    LONGEST_PAUSE_S. What it missed meanwhile is counted. It works again once it has taken an event,
    or vitals: the file on a full disk can be opened. When no sink is open any more, SinkError says
    why, since nobody would notice the run.

    took_ms: by its URI, the time that each took for the last result; a sink that failed has none.
    paced: whether people watch any of them, so that a recording is to be played at its own speed.
    """

    def __init__(self, uris: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Opens all of them, or none: raises as open_sink does."""
        self._outputs: list[_Output] = []
        self._clock = clock
        self._end = End("", 0, 0)  # what a sink that fails is closed with, so far
        self.took_ms: dict[str, float] = {}
        self.paced = False
        try:
            for uri in uris:
                self._outputs.append(_Output(uri, open_sink(uri)))
                self.paced |= bool(plugins.declared(__path__, uri.partition(":")[0], "PACED"))
        except BaseException:
            for output in self._outputs:
                _release(output, self._end)
            raise

    @property
    def trouble(self) -> str:
        """Which sinks do not work, and why, in a line; "" while all of them work."""
        return "; ".join(f"{public(o.uri)}: {o.reason}" for o in self._outputs if o.reason)

    @property
    def lost(self) -> int:
        """How many events did not reach a sink, each counted once for every sink."""
        return sum(output.lost for output in self._outputs)

    def write(self, result: Result) -> Request | None:
        """Hands the result to every sink; of several requests, the first of REQUESTS counts."""
        seen = result.frame.index + 1 - result.dropped
        self._end = End(result.text, seen, result.dropped)
        self.took_ms = {}
        return self._ask(lambda sink: sink.write(result), self.took_ms, len(result.events))

    def note(self, vitals: Vitals) -> Request | None:
        """Hands the vitals to every monitor; requests are weighed as write() does."""
        return self._ask(lambda sink: sink.note(vitals) if isinstance(sink, Monitor) else None, {})

    def close(self, end: End) -> None:
        """Tells every sink the end, and releases it; may be called twice.

        Raises SinkError where a sink does not work at the end, or has lost events.
        """
        self._end = end
        outputs, self._outputs = self._outputs, []
        for output in outputs:
            self._do(output, lambda sink: sink.close(end), {}, len(end.events))
            if output.sink is not None:  # it has taken the end
                output.reason = ""
        faults = [_fault(output) for output in outputs if output.lost or output.sink is None]
        if faults:
            raise SinkError("; ".join(faults))

    def _ask(
        self, act: Callable[[Sink], Request | None], took_ms: dict[str, float], events: int = 0
    ) -> Request | None:
        """Does it to every sink; events: how many of them a sink misses that does not work."""
        requests: set[Request | None] = set()
        for output in self._outputs:
            self._retry(output)
            self._do(output, lambda sink: requests.add(act(sink)), took_ms, events)
        if self._outputs and all(output.sink is None for output in self._outputs):
            raise SinkError(f"no sink works: {self.trouble}")
        return next((request for request in REQUESTS if request in requests), None)

    def _do(
        self, output: _Output, act: Callable[[Sink], None], took_ms: dict[str, float], events: int
    ) -> None:
        """Does it to a sink, and takes note if it fails."""
        if output.sink is None:
            output.lost += events
            return
        start_s = time.perf_counter()
        try:
            act(output.sink)
        except Exception as error:
            # Exception, not SinkError: a fault in one sink is no reason to stop the others.
            output.lost += events
            self._fail(output, error)
            _release(output, self._end)
            return
        took_ms[output.uri] = (time.perf_counter() - start_s) * 1000
        if output.reason and (events or isinstance(output.sink, Monitor)):
            shown = public(output.uri)
            log.info("sink %s works again; %d events did not reach it", shown, output.lost)
            output.reason, output.pause_s = "", FIRST_PAUSE_S

    def _fail(self, output: _Output, error: Exception) -> None:
        """Takes note that a sink failed, and when it is to be opened again."""
        reason = " ".join(str(error).split()) or type(error).__name__
        if output.reason:  # it was opened in vain
            output.pause_s = min(2 * output.pause_s, LONGEST_PAUSE_S)
        if reason != output.reason:
            log.warning("sink %s failed: %s", public(output.uri), reason)
        output.reason = reason
        output.retry_s = self._clock() + output.pause_s

    def _retry(self, output: _Output) -> None:
        """Opens a sink again that failed, when it is time for that."""
        if output.sink is not None or self._clock() < output.retry_s:
            return
        try:
            output.sink = open_sink(output.uri)
        except Exception as error:
            self._fail(output, error)


def _fault(output: _Output) -> str:
    """Says what was wrong with a sink, at the end of a run."""
    lost = f"{output.lost} events did not reach it" if output.lost else ""
    return f"sink {public(output.uri)}: {'; '.join(filter(None, (output.reason, lost)))}"


def _release(output: _Output, end: End) -> None:
    sink, output.sink = output.sink, None
    with contextlib.suppress(Exception):
        if sink is not None:
            sink.close(end)
