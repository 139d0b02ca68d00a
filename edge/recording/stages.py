"""The stages of a run that records: frames -> hands -> takes, kept as files."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from edge.hands.tracking import Tracker
from edge.recording.recorder import Order, Recorder, Step
from edge.recording.takes import next_number, save
from edge.running.stopwatch import Stopwatch
from edge.types import Edit, Event, Frame, Result

log = logging.getLogger(__name__)


class Recording:
    """Keeps takes until there are as many as were ordered.

    facts: what each take is to say of its origin. stopped: whether the user has stopped the run: a
    take that was begun then is none.
    kept: how many takes are kept. seen: whether any hand was seen. text: what was said last.
    """

    def __init__(
        self, tracker: Tracker, order: Order, facts: dict[str, str], stopped: Callable[[], bool]
    ) -> None:
        self.folder = order.folder / order.name
        self.kept = 0
        self.text = ""
        self._tracker = tracker
        self._order = order
        self._facts = facts | {"sitting": _now()}
        self._stopped = stopped
        self._recorder = Recorder(order)
        self._first = next_number(self.folder)

    @property
    def seen(self) -> bool:
        """Whether any hand was seen."""
        return self._recorder.seen

    def results(self, frames: Iterable[Frame], patience: Callable[[], float]) -> Iterator[Result]:
        """Yields one result a frame, until all takes are kept."""
        watch = Stopwatch()
        for count, frame in enumerate(frames, 1):
            timings_ms = {"wait": watch.lap_ms()}
            hands, find_ms = self._tracker.update(frame, patience())
            self._facts["size"] = "{1}x{0}".format(*frame.rgb.shape)
            step = self._recorder.update(frame.t_ns, hands[0] if hands else None)
            self._heed(step)
            if find_ms is not None:
                timings_ms["find"] = find_ms
            timings_ms["follow"] = watch.lap_ms() - (find_ms or 0.0)
            dropped = max(0, frame.index + 1 - count)
            yield Result(frame, hands, None, (), self.text, timings_ms, dropped, step.status)
            if self.kept == self._order.takes:
                return
            watch.lap_ms()  # what the sinks did with it is theirs

    def clear(self) -> None:
        """Forgets what was said last."""
        self.text = ""

    def edit(self, edit: Edit) -> None:
        """A recording has no text that could be edited."""

    def end(self, t_ns: int) -> tuple[Event, ...]:
        """Keeps the take that the end of the source completes, if there is one. t_ns: unused."""
        if self.kept < self._order.takes and not self._stopped():
            step = self._recorder.end()
            self._heed(step)
        return ()

    def _heed(self, step: Step) -> None:
        """Keeps a take, and says what is to be said."""
        if step.take is not None:
            save(
                replace(step.take, facts=self._facts),
                self.folder / f"{self._first + self.kept:03}.npz",
            )
            self.kept += 1
            step.say = f"kept: take {self.kept} of {self._order.takes}"
        if step.say:
            log.info("%s", step.say)
            self.text = step.say


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
