"""The whole loop: frames in, results out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from edge.hands.tracking import Tracker
from edge.recognise import Recogniser
from edge.running.stopwatch import Stopwatch
from edge.spelling.speller import Speller
from edge.stages import CountingModel
from edge.types import Edit, Event, Frame, Hand, Result, Sign


def unhurried() -> float:
    """Returns the patience of a loop that has time enough."""
    return 1.0


@dataclass(slots=True)
class Reading:
    """The stages between frames and results, of a run that reads letters."""

    tracker: Tracker
    recogniser: Recogniser
    speller: Speller
    edits: list[Edit] = field(default_factory=list)  # that the next frame is to make

    def results(
        self, frames: Iterable[Frame], patience: Callable[[], float] = unhurried
    ) -> Iterator[Result]:
        """Yields one result a frame, in their order. Indices that are left out count as dropped.

        patience: called before each frame; returns the factor by which searches are spaced out.
        """
        watch = Stopwatch()
        in_view, models = False, self.models
        for seen, frame in enumerate(frames, 1):
            timings_ms = {"wait": watch.lap_ms()}
            before_ns, text = _invoke_ns(models), self.text

            hands, find_ms = self.tracker.update(frame, patience())
            follow_ms = watch.lap_ms()
            signs = self.recogniser.update(frame, hands)
            if self.edits:
                signs += tuple(Sign(edit, None, None, frame.t_ns) for edit in self.edits)
                self.edits.clear()
            timings_ms["recognise"] = watch.lap_ms()
            events = self.speller.update(signs)
            if bool(hands) != in_view:
                in_view = bool(hands)
                events = (_hand_event(hands, frame.t_ns, text), *events)
            timings_ms["spell"] = watch.lap_ms()

            if find_ms is not None:
                timings_ms["find"] = find_ms
            timings_ms["follow"] = follow_ms - (find_ms or 0.0)
            timings_ms["invoke"] = (_invoke_ns(models) - before_ns) / 1e6
            dropped = max(0, frame.index + 1 - seen)
            prediction = self.recogniser.prediction
            yield Result(frame, hands, prediction, events, self.text, timings_ms, dropped)
            watch.lap_ms()  # the time that the sinks take is in no stage

    @property
    def models(self) -> tuple[CountingModel, ...]:
        """The models of all stages."""
        return self.tracker.models + self.recogniser.models

    @property
    def text(self) -> str:
        """All that was spelled so far."""
        return self.speller.text

    def clear(self) -> None:
        """Starts an empty text."""
        self.speller.clear()
        self.edits.clear()

    def edit(self, edit: Edit) -> None:
        """Adds a space, or takes back the last sign, with the next frame."""
        self.edits.append(edit)

    def end(self, t_ns: int) -> tuple[Event, ...]:
        """Ends the word that was begun. t_ns: of the last frame. The text loses a last space."""
        return self.speller.end(t_ns)


def _hand_event(hands: tuple[Hand, ...], t_ns: int, text: str) -> Event:
    if not hands:
        return Event("hand", "lost", None, t_ns, text)
    return Event("hand", "found", hands[0].presence, t_ns, text)


def _invoke_ns(models: Iterable[CountingModel]) -> int:
    """Returns the time spent inside the models' interpreter since they were opened."""
    return sum([model.invoke_ns for model in models])
