"""The recognisers that go by rules: for models of single frames, and for models of motion alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from edge.errors import UsageError
from edge.handshapes import Reader, open_reader
from edge.handshapes.alphabet import DRAWN
from edge.recognise.pause import Pause
from edge.recognise.rules.debounce import Debouncer
from edge.recognise.rules.gestures import OPEN_HAND, Edit, Gestures
from edge.recognise.rules.motion import Motion
from edge.recognise.settings import Settings
from edge.types import Frame, Hand, Prediction, Sign

# Labels of models that are no letters but edits, as the data set ASL Alphabet names its classes.
SPACE, DELETE = "space", "del"
_REMEMBERED = 32  # letters settled of late: more than a swipe's stop of 0.7 s can hold


class HandshapeRules:
    """Reads the shape of the hand on every frame, and settles what is held or drawn."""

    def __init__(
        self, reader: Reader, motion: Motion | None, gestures: Gestures, debouncer: Debouncer,
        pause: Pause,
    ) -> None:  # fmt: skip
        """motion: reads letters that are drawn; None for an alphabet that has none."""
        self.models = reader.models + (motion.models if motion else ())
        self._reader = reader
        self._motion = motion
        self._gestures = gestures
        self._debouncer = debouncer
        self._pause = pause
        mine = set(reader.labels)
        pairs = [(a, b) for a, b in reader.manifest.shared if {a, b} <= mine]
        self._alternatives = dict(pairs) | {b: a for a, b in pairs}
        self._settled_ns: deque[int] = deque(maxlen=_REMEMBERED)  # when, of the letters of late
        self.prediction: Prediction | None = None

    def update(self, frame: Frame, hands: tuple[Hand, ...]) -> tuple[Sign, ...]:
        """Takes a frame and the hands in it, of which the first is read."""
        t_ns, hand = frame.t_ns, hands[0] if hands else None
        if self._settled_ns and t_ns < self._settled_ns[-1]:  # another recording
            self._settled_ns.clear()
        self.prediction = self._reader.predict(frame, hand) if hand else None
        drawn = self._motion.update(t_ns, hand) if self._motion else None
        edit = self._gestures.update(t_ns, hand)
        settled: tuple[Sign, ...] = ()
        if hand is None or self._gestures.busy:
            self._debouncer.miss(t_ns)
        else:
            settled = self._debouncer.update(t_ns, hand, self.prediction, drawn)
        edits = tuple(self._edits(edit, t_ns)) if edit else ()
        self._settled_ns.extend(s.t_ns for s in settled if s.kind != "retract")
        signs = (*_named(settled, self._alternatives), *edits)
        return _with_pause(signs, self._pause, t_ns, self._debouncer.signing)

    def _edits(self, edit: Edit, t_ns: int) -> Iterator[Sign]:
        """Yields the signs of a gesture: a swipe deletes what its own stop was read as, too."""
        yield Sign(edit.kind, None, None, t_ns)
        if edit.stop_ns:
            first_ns, end_ns = edit.stop_ns
            for settled_ns in self._settled_ns:
                if first_ns <= settled_ns < end_ns:
                    yield Sign("delete", None, None, t_ns)


class MotionRules:
    """Settles the gestures of a motion model, which runs alone: no shape is read.

    Nor are the open hand's own space and deletion: a user's wave would be one of these.
    """

    def __init__(self, motion: Motion, debouncer: Debouncer, pause: Pause) -> None:
        self.models = motion.models
        self._motion = motion
        self._debouncer = debouncer
        self._pause = pause
        self.prediction: Prediction | None = None

    def update(self, frame: Frame, hands: tuple[Hand, ...]) -> tuple[Sign, ...]:
        """Takes a frame and the hands in it, of which the first is read."""
        t_ns, hand = frame.t_ns, hands[0] if hands else None
        drawn = self._motion.update(t_ns, hand)
        self.prediction = _likeliest(self._motion.scores) if hand else None
        settled: tuple[Sign, ...] = ()
        if hand is None:
            self._debouncer.miss(t_ns)
        else:
            settled = self._debouncer.update(t_ns, hand, None, drawn)
        signs = tuple(_named(settled, {}))
        return _with_pause(signs, self._pause, t_ns, self._debouncer.signing)


def _named(signs: Iterable[Sign], alternatives: Mapping[str, str]) -> Iterator[Sign]:
    """Yields signs with what else they may mean; labels that are edits become edits."""
    for sign in signs:
        if sign.label == SPACE:
            yield Sign("space", None, None, sign.t_ns)
        elif sign.label == DELETE:
            yield Sign("delete", None, None, sign.t_ns)
        else:
            yield replace(sign, alternative=alternatives.get(sign.label or ""))


def _with_pause(
    signs: tuple[Sign, ...], pause: Pause, t_ns: int, signing: bool
) -> tuple[Sign, ...]:
    """Returns the signs, and a space after them where a pause has lasted long enough."""
    if pause.update(t_ns, signing or bool(signs)):
        return (*signs, Sign("space", None, None, t_ns))
    return signs


def _likeliest(scores: Mapping[str, float]) -> Prediction | None:
    """Returns the gesture with the highest score; None where all scores are 0."""
    label = max(scores, key=scores.__getitem__)
    return Prediction(label, scores[label], scores) if scores[label] else None


def open_handshapes(model: Path, settings: Settings, pooled: int) -> HandshapeRules:
    """Opens a model that reads single frames; see edge.recognise.open_recogniser."""
    reader = open_reader(str(model), alphabet=settings.alphabet, pooled=pooled, live=True)
    return with_reader(reader, settings)


def with_reader(reader: Reader, settings: Settings) -> HandshapeRules:
    """Opens all that goes with what reads single frames; raises as open_handshapes does."""
    motion = Motion() if set(DRAWN) & set(reader.labels) else None
    gestures = Gestures(settings.gestures, space=OPEN_HAND not in reader.labels)
    return HandshapeRules(
        reader, motion, gestures, Debouncer(settings.debounce), Pause(settings.text)
    )


def open_motion(model: Path, settings: Settings, pooled: int) -> MotionRules:
    """Opens a model of motion; see edge.recognise.open_recogniser. pooled: is not used."""
    if settings.alphabet:
        raise UsageError(
            f"the model {model.stem!r} reads motion and no alphabet; leave --alphabet out"
        )
    debouncer = Debouncer(settings.debounce, stills=False)
    return MotionRules(Motion(model), debouncer, Pause(settings.text))
