"""One run: frames from a source through stages into sinks, watched over until it is to end.

    with open_session(stop, source, stages, sinks, patience_s=120) as session:
        for result in session.results():
            ...

Every command that reads frames one after another runs them here.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from edge.errors import SinkError
from edge.running.health import Health
from edge.running.mailbox import Mailbox
from edge.running.notifier import Notifier
from edge.running.stop import Stop
from edge.sinks import Sinks
from edge.stages import Guarded, Source
from edge.types import Edit, End, Event, Frame, Request, Result, Vitals

WAIT_S = 0.5  # a wait for a recorded frame's time is interrupted so often, to check whether to end


class Stages(Protocol):
    """What makes results of frames: edge.pipeline.Reading, edge.recording.stages.Recording."""

    @property
    def text(self) -> str:
        """What is shown as the text now."""
        ...

    def results(self, frames: Iterable[Frame], patience: Callable[[], float]) -> Iterator[Result]:
        """Yields one result a frame."""
        ...

    def clear(self) -> None:
        """Starts an empty text."""
        ...

    def edit(self, edit: Edit) -> None:
        """Adds a space, or takes back the last sign, with the next frame."""
        ...

    def end(self, t_ns: int) -> tuple[Event, ...]:
        """The source has ended, t_ns is of its last frame; returns what this settles."""
        ...


AnyStages = TypeVar("AnyStages", bound=Stages)


class Session(Generic[AnyStages]):
    """A context in which one run goes on; `end` says how it ended, or how far it is.

    On leaving it, the sinks get the end and everything is closed.
    """

    def __init__(
        self,
        source: Source,
        stages: AnyStages,
        sinks: Sinks,
        stop: Stop,
        *,
        patience_s: float,
        max_seconds: float = 0.0,
        notifier: Notifier | None = None,
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        """patience_s: how long the source tries to get frames back before it gives up.

        max_seconds: after which the run ends; 0 for never. notifier: of the service manager; by
        default the one of the environment. waiting: is called twice a second while no frame comes.
        """
        self.source = source
        self.stages = stages
        self.sinks = sinks
        self.stop = stop
        self.health = Health(source, patience_s=patience_s, outputs=sinks, notifier=notifier)
        self.end = End("", 0, 0)
        self._max_seconds = max_seconds
        self._waiting = waiting

    def __enter__(self) -> Session[AnyStages]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.end = End(
                self.stages.text.rstrip(" "), self.end.frames, self.end.dropped, self.end.events
            )
            self.sinks.close(self.end)
        except SinkError:
            if error is None:  # else that is what the user has to know
                raise
        finally:
            self.health.stopping()
            self.source.close()

    def results(self) -> Generator[Result, None, None]:
        """Yields each result once all sinks have it, until the source ends or a stop is requested.

        Raises SourceError when the source is lost, SinkError when no sink is left.
        """
        load = self.health.load
        result = None
        with _taken(self.source, self.sinks.paced, self.stop, self._wait) as frames:
            paced = load.paced(self.stop.frames(frames, self._max_seconds))
            for result in self.stages.results(paced, lambda: load.patience):
                frames_read = result.frame.index + 1 - result.dropped
                self.end = End(result.text, frames_read, result.dropped)
                self._heed(self.sinks.write(result))
                self._note(self.health.after(result))
                yield result
        if result is not None:
            events = self.stages.end(result.frame.t_ns)
            self.end = End(self.stages.text, self.end.frames, self.end.dropped, events)

    def _wait(self) -> None:
        """No frame has come for a while."""
        self._note(self.health.waiting())
        self._waiting()
        self.stop.check_time()

    def _note(self, vitals: Vitals | None) -> None:
        if vitals:
            self._heed(self.sinks.note(vitals))

    def _heed(self, request: Request | None) -> None:
        if request == "clear":
            self.stages.clear()
        elif request == "quit":
            self.stop.request("quit")
        elif request is not None:
            self.stages.edit(request)


@contextlib.contextmanager
def open_session(
    stop: Stop,
    source: Callable[[], Source],
    stages: Callable[[Source], AnyStages],
    sinks: Callable[[Source], Iterable[str]],
    *,
    patience_s: float,
    max_seconds: float = 0.0,
    notifier: Notifier | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> Iterator[Session[AnyStages]]:
    """Opens a source, the stages and the sinks for it, and gives the session that they make.

    All is opened before the first frame is read, so that a fault is reported at once. If one part
    cannot be opened, those that are open are closed again. The options are those of Session.
    Raises what the three raise, and Stopped for a signal that comes before all is open.
    """
    with contextlib.ExitStack() as stack:
        with stop.at_once():
            opened = source()
            stack.callback(opened.close)
            ready = stages(opened)
            session = Session(
                opened, ready, Sinks(sinks(opened)), stop, patience_s=patience_s,
                max_seconds=max_seconds, notifier=notifier, waiting=waiting,
            )  # fmt: skip
        yield stack.enter_context(session)


@contextlib.contextmanager
def _taken(
    source: Source, paced: bool, stop: Stop, waiting: Callable[[], None]
) -> Iterator[Iterable[Frame]]:
    """Gives a source's frames as they are to be taken: the newest of a live one, else every one.

    paced: recorded frames come no faster than they were recorded. waiting: as of Mailbox.
    """
    with contextlib.ExitStack() as stack:
        frames: Iterable[Frame]
        if source.live or isinstance(source, Guarded):  # a guarded one may keep the loop waiting
            frames = mailbox = stack.enter_context(Mailbox(source, waiting))
            stop.on_request(mailbox.close)
        else:
            frames = source.frames()
        if paced and not source.live:
            frames = _at_their_time(frames, stop, waiting)
        yield frames


def _at_their_time(
    frames: Iterable[Frame], stop: Stop, waiting: Callable[[], None]
) -> Iterator[Frame]:
    """Yields recorded frames no faster than they were recorded, for eyes to follow."""
    ahead_s = None
    for frame in frames:
        due_s = frame.t_ns / 1e9
        ahead_s = due_s - time.monotonic() if ahead_s is None else ahead_s
        while (early_s := due_s - time.monotonic() - ahead_s) > 0 and not stop.reason:
            time.sleep(min(early_s, WAIT_S))
            if early_s > WAIT_S:
                waiting()
        yield frame
