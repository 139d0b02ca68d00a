"""A mailbox with one slot between a source and the loop; it holds a live source's newest frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Condition, Thread
from types import TracebackType

from edge.stages import Source
from edge.types import Frame

_WAKE_S = 0.5  # the longest wait before the loop runs `waiting`: as fast as a person expects an end
_JOIN_S = 1.0  # then the thread is left behind, since OpenCV may hold it in a read for ever


class Mailbox:
    """Iterates over a source's frames, which a thread reads, so that a wait for one can be ended.

    A live source's newest frame is handed over, and frames that were not taken in time are dropped.
    Of any other source every frame is handed over, and the thread waits until it is taken.

        with Mailbox(source) as frames:
            for frame in frames:
                ...

    The iteration ends with the source. If the source fails, its exception is raised here. In both
    cases the last frame is handed over first. Leaving the context closes the source. There is one
    consumer.

    waiting: is called in the consumer's thread, twice a second, while no frame comes.
    dropped: how many frames the source has counted that were not handed over, up to the last one
        that was. They were overwritten here, or lost by the source (gaps in Frame.index).
    """

    def __init__(self, source: Source, waiting: Callable[[], None] = lambda: None) -> None:
        self.dropped = 0
        self._waiting = waiting
        self._source = source
        self._thread = Thread(target=self._read, name="mailbox", daemon=True)
        self._changed = Condition()
        self._slot: Frame | None = None
        self._taken = 0
        self._ended = False
        self._error: BaseException | None = None

    def __enter__(self) -> Mailbox:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """Waits for the next frame; raises what the source raised."""
        # The wait is interrupted now and then: a signal handler may close the mailbox just before
        # the wait begins, and its notification is then lost.
        while True:
            with self._changed:
                if self._changed.wait_for(self._is_due, _WAKE_S):
                    frame, self._slot = self._slot, None
                    self._changed.notify()
                    break
            self._waiting()
        if frame is None:
            raise self._error or StopIteration
        self._taken += 1
        self.dropped = frame.index + 1 - self._taken
        return frame

    def _is_due(self) -> bool:
        return self._slot is not None or self._ended

    def _is_free(self) -> bool:
        return self._slot is None or self._ended

    def close(self) -> None:
        """Closes the source and ends the iteration; may be called twice and from any thread."""
        with self._changed:
            self._ended = True
            self._slot = self._error = None
            self._changed.notify_all()
        self._source.close()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            for frame in self._source.frames():
                with self._changed:
                    if not self._source.live:
                        self._changed.wait_for(self._is_free)
                    if self._ended:
                        return
                    self._slot = frame
                    self._changed.notify()
        except BaseException as raised:  # every exception is raised again in the consumer
            error = raised
        with self._changed:
            if not self._ended:
                self._error = error
                self._ended = True
                self._changed.notify()
