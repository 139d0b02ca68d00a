"""The one-slot mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Semaphore, active_count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import SourceError
from edge.running.mailbox import Mailbox
from edge.types import Frame

RGB = np.zeros((2, 2, 3), np.uint8)


class Scripted:
    """A source that gives these frames, and between them waits for what the test says."""

    live = True
    fps = None

    def __init__(self, indices: list[int], error: Exception | None = None) -> None:
        self._indices = indices
        self._error = error
        self.may_end = Event()  # the source ends, or fails, after this
        self.all_sent = Event()
        self.closed = Event()

    def frames(self) -> Iterator[Frame]:
        for index in self._indices:
            yield Frame(RGB, index, index)
        self.all_sent.set()
        self.may_end.wait(10)
        if self._error:
            raise self._error

    def close(self) -> None:
        self.closed.set()
        self.may_end.set()


def test_the_newest_frame_is_handed_over() -> None:
    """A slow consumer gets the newest frame, and hears how many it missed."""
    source = Scripted(list(range(10)))
    with Mailbox(source) as frames:
        assert source.all_sent.wait(10)
        assert next(frames).index == 9
        assert frames.dropped == 9


def test_a_frame_is_handed_over_once() -> None:
    """The consumer waits for the next frame instead of getting one twice."""
    source = Scripted([0])
    with Mailbox(source) as frames:
        assert next(frames).index == 0
        source.may_end.set()
        assert list(frames) == []


def test_the_last_frame_comes_before_the_end() -> None:
    """A source that has ended gives its last frame first."""
    source = Scripted([0, 1])
    source.may_end.set()
    with Mailbox(source) as frames:
        assert [frame.index for frame in frames][-1] == 1


def test_the_last_frame_comes_before_the_error() -> None:
    """A source that fails gives its last frame, then its own exception, at every call."""
    source = Scripted([0], SourceError("usb:0 was lost"))
    source.may_end.set()
    with Mailbox(source) as frames:
        assert next(frames).index == 0
        for _ in range(2):
            with pytest.raises(SourceError, match="usb:0 was lost"):
                next(frames)


def test_gaps_in_the_source_count_as_dropped() -> None:
    """Frames that the source itself lost are among the dropped."""
    source = Scripted([5])
    with Mailbox(source) as frames:
        assert next(frames).index == 5
        assert frames.dropped == 5


def test_leaving_closes_the_source_and_its_thread() -> None:
    """No thread is left behind, however the loop was left."""
    before = active_count()
    source = Scripted([0, 1, 2])
    with pytest.raises(ZeroDivisionError), Mailbox(source) as frames:
        divmod(next(frames).index, 0)
    assert source.closed.is_set()
    assert active_count() == before


def test_closing_ends_a_consumer_that_waits() -> None:
    """A consumer that waits for a frame is let go, without an error."""
    source = Scripted([], SourceError("closed under it"))
    with Mailbox(source) as frames:
        frames.close()
        frames.close()
        assert list(frames) == []


def test_a_source_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing does not wait for a source that never comes back."""
    monkeypatch.setattr("edge.running.mailbox._JOIN_S", 0.01)
    hang = Event()

    class Hanging(Scripted):
        def frames(self) -> Iterator[Frame]:
            yield Frame(RGB, 0, 0)
            hang.wait(10)

    with Mailbox(Hanging([])) as frames:
        assert next(frames).index == 0
    assert list(frames) == []
    hang.set()


class Chunked:
    """A source that sends frames in chunks, and after each waits for the consumer."""

    live = True
    fps = None

    def __init__(self, chunks: list[int], gap: int) -> None:
        self._chunks = chunks
        self._gap = gap
        self.sent = Semaphore(0)
        self.taken = Semaphore(0)

    def frames(self) -> Iterator[Frame]:
        index = -1
        for chunk in self._chunks:
            for _ in range(chunk):
                index += 1 + self._gap
                yield Frame(RGB, index, index)
            self.sent.release()
            self.taken.acquire(timeout=10)

    def close(self) -> None:
        self.taken.release()


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(0, 3))
def test_every_frame_is_handed_over_or_counted(chunks: list[int], gap: int) -> None:
    """Of the frames since its last call the consumer gets the newest; the others are counted."""
    source = Chunked(chunks, gap)
    with Mailbox(source) as frames:
        sent = 0
        for number, chunk in enumerate(chunks, 1):
            source.sent.acquire(timeout=10)
            sent += chunk
            assert next(frames).index + 1 == sent * (1 + gap)
            assert frames.dropped == sent * (1 + gap) - number
            source.taken.release()
        assert list(frames) == []
