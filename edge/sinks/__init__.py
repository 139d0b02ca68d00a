"""Sinks: where results go, one file for each kind of sink.

In comes a URI, `NAME` or `NAME:REST`, such as `jsonl:-`, and then each frame's Result. The file
`NAME.py` has `open(rest: str) -> Sink` (edge/types.py). It may import edge.types, edge.joints,
edge.errors and one optional library. It declares, in lines that are read without importing it,
`EXTRA`, the pip extra that installs this library, and `PACED`, whether people watch the frames, so
that a recording is to be played at its own speed; a constant that is not declared is None or False.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import time
from collections.abc import Callable, Iterable

from edge import plugins
from edge.errors import SinkError, UsageError
from edge.types import End, Monitor, Request, Result, Sink, Vitals

log = logging.getLogger(__name__)


def names() -> tuple[str, ...]:
    """The names of all sinks, in alphabetical order."""
    return plugins.names(__path__)


def open_sink(uri: str) -> Sink:
    """Opens the sink that `NAME`, `NAME:REST` or `NAME://REST` names.

    Raises UsageError for a name or a REST that makes no sense, and SinkError for a sink that
    cannot be opened or whose library is not installed.
    """
    name, _, rest = uri.partition(":")
    if name not in names():
        raise UsageError(f"there is no sink {name!r}; there are: {', '.join(names())}")
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


class Sinks:
    """Several sinks as one: each gets every result, and one that fails does not take the others.

    A sink that raises is logged once, closed and dropped. When none is left, SinkError says why,
    since a run that nobody hears is over.

    took_ms: by its URI, the time that each took for the last result; a sink that failed has none.
    paced: whether any shows frames to people, so that a recording is to be played at its own speed.
    """

    def __init__(self, uris: Iterable[str]) -> None:
        """Opens all of them, or none: raises as open_sink does."""
        self._open: list[tuple[str, Sink]] = []
        self._end = End("", 0, 0)  # what a sink that fails is closed with, so far
        self.took_ms: dict[str, float] = {}
        self.paced = False
        try:
            for uri in uris:
                self._open.append((uri, open_sink(uri)))
                self.paced |= bool(plugins.declared(__path__, uri.partition(":")[0], "PACED"))
        except BaseException:
            for _, sink in self._open:
                _release(sink, End("", 0, 0))
            raise

    def write(self, result: Result) -> Request | None:
        """Hands the result to every sink; of two requests, "quit" outweighs "clear"."""
        seen = result.frame.index + 1 - result.dropped
        self._end = End(result.text, seen, result.dropped)
        return self._ask(lambda sink: sink.write(result), self.took_ms)

    def note(self, vitals: Vitals) -> Request | None:
        """Tells those who want to know how the run is; requests are weighed as write() does."""
        return self._ask(lambda sink: sink.note(vitals) if isinstance(sink, Monitor) else None, {})

    def close(self, end: End) -> None:
        """Hands the last word to every sink; may be called twice."""
        self._end = end
        try:
            self._each(lambda sink: sink.close(end), {})
        finally:
            self._open.clear()

    def _ask(
        self, act: Callable[[Sink], Request | None], took_ms: dict[str, float]
    ) -> Request | None:
        requests: set[Request | None] = set()
        self._each(lambda sink: requests.add(act(sink)), took_ms)
        return "quit" if "quit" in requests else "clear" if "clear" in requests else None

    def _each(self, act: Callable[[Sink], None], took_ms: dict[str, float]) -> None:
        """Does it to every sink, and drops those that fail; took_ms: what each took goes there."""
        took_ms.clear()
        for uri, sink in tuple(self._open):
            start_s = time.perf_counter()
            try:
                act(sink)
                took_ms[uri] = (time.perf_counter() - start_s) * 1000
            except Exception as error:
                # Exception, not SinkError: a fault in one sink is no reason to stop the others.
                self._open.remove((uri, sink))
                _release(sink, self._end)
                reason = " ".join(str(error).split()) or type(error).__name__
                if not self._open:
                    raise SinkError(f"no sink is left: {uri}: {reason}") from error
                log.warning("sink %s failed and is dropped: %s", uri, reason)


def _release(sink: Sink, end: End) -> None:
    with contextlib.suppress(Exception):
        sink.close(end)
