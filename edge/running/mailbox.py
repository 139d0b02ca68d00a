"""The one-slot mailbox between a source and the pipeline: the newest frame of a live one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Condition, Thread
from types import TracebackType

from edge.types import Frame, Source

_LOOK_S = 0.5
_JOIN_S = 1.0  # a source that OpenCV holds in a read is left to its daemon thread after this


class Mailbox:
    """Iterates over a source's frames, read by a thread, so that a wait for one can be left.

    Of a live source it is the newest frame, and those that nobody took in time are dropped; of any
    other it is every frame, and the thread waits until one is taken.

        with Mailbox(source) as frames:
            for frame in frames:
                ...

    When the source ends, so does the iteration;
    when it fails, its exception is raised here; in both cases the last frame is handed over first.
    Leaving the context closes the source. For one consumer.

    waiting: called by the consumer's own thread, twice a second, while no frame comes.

    dropped: frames that the source counted and that were not handed over, up to the last one that
        was: overwritten here, or lost by the source itself (gaps in Frame.index).
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
        # Looked at again now and then: a signal handler that closes the mailbox just before the
        # wait begins finds nobody to wake.
        while True:
            with self._changed:
                if self._changed.wait_for(self._is_due, _LOOK_S):
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
        except BaseException as raised:  # whatever it is, it is the consumer's to hear
            error = raised
        with self._changed:
            if not self._ended:
                self._error = error
                self._ended = True
                self._changed.notify()
