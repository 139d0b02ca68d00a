"""One run: frames go through stages into sinks, requests come back, all is closed at the end."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge import sinks
from edge.errors import SinkError, SourceError, UsageError
from edge.running.stop import Stop, Stopped
from edge.session import Session, open_session
from edge.types import End, Event, Frame, Result

RGB = np.zeros((2, 2, 3), np.uint8)
KEPT = """
ALL = []

class Kept:
    '''Keeps what it is given; REST is "N=WORD": with the Nth result it asks for WORD.'''

    def __init__(self, rest):
        at, _, self.word = rest.partition("=")
        self.at = int(at or 0)
        self.results, self.ends = [], []
        ALL.append(self)

    def write(self, result):
        self.results.append(result)
        if len(self.results) == self.at:
            if self.word == "fail":
                raise ValueError("out of paper")
            return self.word
        return None

    def close(self, end):
        self.ends.append(end)

def open(rest):
    return Kept(rest)
"""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Any]]:
    """The sinks that were opened by the names "kept" and "watched", which is paced."""
    (tmp_path / "kept.py").write_text(KEPT)
    (tmp_path / "watched.py").write_text("from edge.sinks.kept import open\nPACED = True\n")
    monkeypatch.setattr(sinks, "__path__", [*sinks.__path__, str(tmp_path)])
    yield importlib.import_module("edge.sinks.kept").ALL
    for name in ("edge.sinks.kept", "edge.sinks.watched"):
        sys.modules.pop(name, None)


class Film:
    """A recording of frames at these times, which may fail at its end."""

    live = False
    fps: float | None = 30.0

    def __init__(self, times_s: Iterable[float] = (0, 1, 2, 3), error: Exception | None = None):
        self._times_s = times_s
        self._error = error
        self.closed = 0

    def frames(self) -> Iterator[Frame]:
        for index, t_s in enumerate(self._times_s):
            yield Frame(RGB, index, round(t_s * 1e9))
        if self._error:
            raise self._error

    def close(self) -> None:
        self.closed += 1


class Counting:
    """Stages that write an "x" on every frame, and end their word at the end."""

    def __init__(self) -> None:
        self.text = ""

    def results(self, frames: Iterable[Frame], patience: Callable[[], float]) -> Iterator[Result]:
        for frame in frames:
            assert patience() >= 1
            self.text += "x"
            yield Result(frame, (), None, (), self.text, {"wait": 0.0})

    def clear(self) -> None:
        self.text = ""

    def end(self, t_ns: int) -> tuple[Event, ...]:
        self.text += " "
        return (Event("word", self.text, None, t_ns, self.text),)


def run(source: Film, *uris: str, stop: Stop | None = None, **options: Any) -> Session[Counting]:
    """Runs to the end, and returns the session."""
    with open_session(
        stop or Stop(), lambda: source, lambda _: Counting(), lambda _: uris,
        patience_s=10, **options,
    ) as session:  # fmt: skip
        for _ in session.results():
            pass
    return session


def test_every_sink_gets_every_result_and_the_end(kept: list[Any]) -> None:
    """What the end settles comes with the end, whose text has no space after it."""
    source = Film()
    session = run(source, "kept", "kept")
    for sink in kept:
        assert [result.text for result in sink.results] == ["x", "xx", "xxx", "xxxx"]
        word = Event("word", "xxxx ", None, 3_000_000_000, "xxxx ")
        assert sink.ends == [End("xxxx", 4, 0, (word,))]
    assert session.end == kept[0].ends[0]
    assert source.closed


def test_a_source_without_frames_ends_with_nothing(kept: list[Any]) -> None:
    """No stage is asked for what the end settles: there is no time that it could have."""
    run(Film([]), "kept")
    assert kept[0].ends == [End("", 0, 0)]


def test_frames_that_were_dropped_are_told(kept: list[Any]) -> None:
    """The end counts what was read, and what was not."""

    class Dropping(Counting):
        def results(
            self, frames: Iterable[Frame], patience: Callable[[], float]
        ) -> Iterator[Result]:
            for frame in frames:
                yield Result(frame, (), None, (), "", {"wait": 0.0}, dropped=1)

    with open_session(
        Stop(), Film, lambda _: Dropping(), lambda _: ["kept"], patience_s=10
    ) as session:
        assert len(list(session.results())) == 4
    assert (kept[0].ends[0].frames, kept[0].ends[0].dropped) == (3, 1)


def test_a_result_is_with_all_sinks_before_it_is_handed_on(kept: list[Any]) -> None:
    """Whoever follows the session sees nothing that a sink has not seen."""
    with open_session(
        Stop(), Film, lambda _: Counting(), lambda _: ["kept"], patience_s=10
    ) as session:
        for number, result in enumerate(session.results(), 1):
            assert kept[0].results[-1] is result
            assert session.end == End("x" * number, number, 0)


def test_a_sink_may_clear_the_text(kept: list[Any]) -> None:
    """The next frame begins an empty one."""
    run(Film(), "kept:2=clear")
    assert [result.text for result in kept[0].results] == ["x", "xx", "x", "xx"]


def test_a_sink_may_end_the_run(kept: list[Any]) -> None:
    """After the frame on which it asks; the end is one like any other."""
    stop = Stop()
    run(Film(), "kept", "kept:2=quit", stop=stop)
    assert stop.reason == "quit"
    assert [len(sink.results) for sink in kept] == [2, 2]
    assert kept[0].ends[0].text == "xx"
    assert kept[0].ends[0].events[0].t_ns == 1_000_000_000


def test_a_lost_source_is_an_error_after_the_sinks_know_the_end(kept: list[Any]) -> None:
    """They are closed with what was read; nothing more is settled."""
    source = Film(error=SourceError("unplugged"))
    with pytest.raises(SourceError, match="unplugged"):
        run(source, "kept")
    assert kept[0].ends == [End("xxxx", 4, 0)]
    assert source.closed


def test_a_run_whose_last_sink_fails_is_over(kept: list[Any]) -> None:
    """With the reason, and with the source closed."""
    source = Film()
    with pytest.raises(SinkError, match="no sink works: kept:2=fail: out of paper"):
        run(source, "kept:2=fail")
    assert kept[0].ends == [End("xx", 2, 0)]
    assert source.closed


def test_time_that_is_over_ends_the_run(kept: list[Any]) -> None:
    """max_seconds counts from the first frame on."""

    def slow() -> Iterator[float]:
        yield 0
        time.sleep(0.02)
        yield 1

    stop = Stop()
    run(Film(slow()), "kept", stop=stop, max_seconds=0.01)
    assert stop.reason == "time"
    assert len(kept[0].results) == 1


def test_a_recording_that_is_watched_can_be_left(kept: list[Any]) -> None:
    """Between two frames a minute apart it is noticed within a moment that the run is to end."""
    stop, waits = Stop(), []

    def waiting() -> None:
        waits.append(1)
        if len(waits) == 2:
            stop.request("quit")

    begun_s = time.monotonic()
    run(Film([0, 60]), "watched", stop=stop, waiting=waiting)
    assert len(waits) == 2
    assert len(kept[0].results) == 1
    assert time.monotonic() - begun_s < 30


def test_a_recording_that_nobody_watches_does_not_wait(kept: list[Any]) -> None:
    """An hour of frames is read as fast as it can be."""
    begun_s = time.monotonic()
    run(Film([0, 3600, 7200]), "kept")
    assert len(kept[0].results) == 3
    assert time.monotonic() - begun_s < 30


def test_a_source_is_closed_where_the_stages_cannot_be_opened(kept: list[Any]) -> None:
    """No sink is opened then."""
    source = Film()

    def broken(_: object) -> Counting:
        raise UsageError("no such model")

    with (
        pytest.raises(UsageError, match="no such model"),
        open_session(Stop(), lambda: source, broken, lambda _: ["kept"], patience_s=10),
    ):
        pytest.fail("it was opened")
    assert source.closed
    assert kept == []


def test_what_is_open_is_closed_where_a_sink_cannot_be_opened(kept: list[Any]) -> None:
    """The sinks before it are closed with an empty end, and the source is closed."""
    source = Film()
    with pytest.raises(UsageError, match="telegraph"):
        run(source, "kept", "telegraph")
    assert kept[0].ends == [End("", 0, 0)]
    assert source.closed


def test_a_stop_before_all_is_open_opens_nothing(kept: list[Any]) -> None:
    """It is raised as Stopped, which is no error."""
    stop = Stop()
    stop.request("SIGTERM")
    source = Film()
    with pytest.raises(Stopped):
        run(source, "kept", stop=stop)
    assert kept == []
    assert not source.closed
