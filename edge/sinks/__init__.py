"""Where results go. A sink is the file here that its URI names: `jsonl:-` is jsonl.py.

Each has `open(rest: str) -> Sink`, and PACED: whether it shows frames to people, who want to see a
recording at its own speed. It may import edge.types, edge.joints, edge.errors and one library that
the pip extra of the same name installs. A name that begins with an underscore is no sink.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import pkgutil
import time
from collections.abc import Callable, Iterable
from typing import Any

from edge.errors import SinkError, UsageError
from edge.types import End, Monitor, Request, Result, Sink, Vitals

log = logging.getLogger(__name__)


def names() -> list[str]:
    """The sinks there are, in the order of the alphabet."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def open_sink(uri: str) -> Sink:
    """Opens the sink that `NAME`, `NAME:REST` or `NAME://REST` names.

    Raises UsageError for a name or a REST that makes no sense, and SinkError for a sink that
    cannot be opened or whose library is not installed.
    """
    sink: Sink = _module(uri).open(uri.partition(":")[2].removeprefix("//"))
    return sink


def _module(uri: str) -> Any:
    """Returns the module of the sink that a URI names; raises as open_sink does."""
    name = uri.partition(":")[0]
    if name not in names():
        raise UsageError(f"there is no sink {name!r}; there are: {', '.join(names())}")
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "edge":
            raise  # a fault of ours, not a library that is missing
        raise SinkError(
            f"the {name} sink cannot be loaded ({error}): pip install 'fingerspell[{name}]'"
        ) from error


class Sinks:
    """Several sinks as one: each gets every result, and one that fails does not take the others.

    A sink that raises is logged once, closed and dropped. When none is left, SinkError says why,
    since a run that nobody hears is over.

    took_ms: by its URI, the time that each took for what it was last handed or told. paced: whether
    any shows frames to people, so that a recording is to be played at its own speed.
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
                self.paced = self.paced or _module(uri).PACED
        except BaseException:
            for _, sink in self._open:
                _release(sink, End("", 0, 0))
            raise

    def write(self, result: Result) -> Request | None:
        """Hands the result to every sink; of two requests, "quit" outweighs "clear"."""
        seen = result.frame.index + 1 - result.dropped
        self._end = End(result.text, seen, result.dropped)
        return self._ask(lambda sink: sink.write(result))

    def note(self, vitals: Vitals) -> Request | None:
        """Tells those who want to know how the run is; requests are weighed as write() does."""
        return self._ask(lambda sink: sink.note(vitals) if isinstance(sink, Monitor) else None)

    def close(self, end: End) -> None:
        """Hands the last word to every sink; may be called twice."""
        self._end = end
        try:
            self._each(lambda sink: sink.close(end))
        finally:
            self._open.clear()

    def _ask(self, act: Callable[[Sink], Request | None]) -> Request | None:
        requests: set[Request | None] = set()
        self._each(lambda sink: requests.add(act(sink)))
        return "quit" if "quit" in requests else "clear" if "clear" in requests else None

    def _each(self, act: Callable[[Sink], None]) -> None:
        """Does it to every sink, and drops those that fail."""
        self.took_ms = {}
        for uri, sink in tuple(self._open):
            start_s = time.perf_counter()
            try:
                act(sink)
                self.took_ms[uri] = (time.perf_counter() - start_s) * 1000
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
