"""The whole loop: frames in, results out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from edge.hands.tracking import Hands
from edge.recognise.rules.debounce import Debouncer
from edge.recognise.rules.gestures import Gestures
from edge.spelling.speller import Speller
from edge.types import Event, Frame, Hand, Prediction, Result

UNREAD = Prediction("", 0.0, {})  # of a hand of which no still is read


class Letters(Protocol):
    """Reads one hand: its landmarks (edge/handshapes/letters.py) or its pixels (edge/handshapes/pixels.py)."""

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        ...

    def predict(self, frame: Frame, *looks: Hand) -> Prediction:
        """Says which label of the alphabet in use a hand of this frame shows, and how surely.

        looks: one hand, once or in several looks at it that are read together.
        """
        ...


class Motion(Protocol):
    """Follows one hand's path (edge/recognise/rules/motion.py)."""

    @property
    def scores(self) -> Mapping[str, float]:
        """How much the path up to now looks like each gesture, 0..1."""
        ...

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        ...

    def update(self, t_ns: int, hand: Hand | None) -> Prediction | None:
        """Takes every frame; says which gesture has just been made, on the frame that ends it."""
        ...


def results(  # noqa: PLR0917 - the stages, in the order that a frame goes through them
    frames: Iterable[Frame],
    hands: Hands,
    letters: Letters | None,
    motion: Motion | None,
    gestures: Gestures,
    debouncer: Debouncer,
    speller: Speller,
) -> Iterator[Result]:
    """Yields one result a frame, and one more for the last word if a word was begun at the end.

    letters: None where a motion model runs alone: the prediction is then what the path up to now
    looks like, and settles nothing. motion: None for an alphabet in which no letter is drawn.
    Frames are looked at in the order given; what was dropped shows as gaps in their indices.
    """
    watch = _Stopwatch()

    def invoke_ns() -> int:
        return sum(stage.invoke_ns for stage in (hands, letters, motion) if stage)

    in_view = False
    spelled: tuple[Event, ...] = ()
    result = None
    for seen, frame in enumerate(frames, 1):
        wait_ms = watch.lap_ms()
        before_ns = invoke_ns()
        found = hands.update(frame)
        follow_ms = watch.lap_ms() - hands.find_ms
        hand = found[0] if found else None
        prediction = letters.predict(frame, hand) if letters and hand else None
        drawn = motion.update(frame.t_ns, hand) if motion else None
        letter_ms = watch.lap_ms()
        edited = gestures.update(frame.t_ns, hand, spelled)
        sign = None if gestures.busy else prediction
        if motion and hand and not letters:
            prediction, sign = _likeliest(motion.scores), UNREAD
        spelled = debouncer.update(frame.t_ns, hand, sign, drawn)
        events = speller.update(frame.t_ns, debouncer.signing, spelled, edited)
        if bool(found) != in_view:
            in_view = bool(found)
            events = (_hand_event(hand, frame.t_ns), *events)
        debounce_ms = watch.lap_ms()
        invoke_ms = (invoke_ns() - before_ns) / 1e6
        timings_ms = {
            "wait": wait_ms,
            "follow": follow_ms,
            "letter": letter_ms,
            "debounce": debounce_ms,
            "invoke": invoke_ms,
        }
        if hands.searched:
            timings_ms["find"] = hands.find_ms
        dropped = max(0, frame.index + 1 - seen)
        result = Result(frame, found, prediction, events, speller.text, timings_ms, dropped)
        yield result
        watch.lap_ms()  # what the sinks did with it is theirs
    if result is not None:
        last = speller.end(result.frame.t_ns)
        if last:
            yield Result(result.frame, (), None, last, speller.text, {}, result.dropped)


def _likeliest(scores: Mapping[str, float]) -> Prediction:
    label = max(scores, key=scores.__getitem__)
    return Prediction(label if scores[label] else "", scores[label], scores)


def _hand_event(hand: Hand | None, t_ns: int) -> Event:
    if hand is None:
        return Event("hand", "lost", 1.0, t_ns)
    return Event("hand", "found", hand.presence, t_ns)


class _Stopwatch:
    """Times one stage after another."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def lap_ms(self) -> float:
        """Returns the time since the last call."""
        start, self._start = self._start, time.perf_counter()
        return (self._start - start) * 1000
