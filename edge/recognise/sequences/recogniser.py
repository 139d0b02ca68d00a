"""The recogniser that runs a sequence model: hands over time -> signs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.errors import ModelError, UsageError
from edge.handshapes import Reader, open_reader
from edge.handshapes.alphabet import DRAWN
from edge.models import Manifest, open_model
from edge.recognise.pause import Pause
from edge.recognise.rules.gestures import Gestures
from edge.recognise.sequences.decoder import Decoder
from edge.recognise.sequences.features import (
    FEATURES,
    GRID_HZ,
    MOMENT,
    MOTION,
    PAIR,
    SCORED,
    SPEED_UNIT,
    STEP,
    Floats,
)
from edge.recognise.sequences.steps import Steps
from edge.recognise.settings import Settings
from edge.types import NONE, Frame, Hand, Prediction, Sign

# The outputs are of the moment that is so many steps, 200 ms, before the last one. With the frame
# and the grid it is about 250 ms, the look-ahead that the model was designed for.
AHEAD = 3
SPELLING = "spelling"  # the last of the labels; the one before is NONE, for no letter
STEP_NS = round(1e9 * PAIR / GRID_HZ)
LETTERS = "letters"  # the bundled letter model, whose scores are a part of the input

_BEGUN_WITH = {"J": ("I",), "Z": ("D", "X")}  # what the first pose of a drawn letter is read as
# The longest from reading that pose to the end of the trajectory. Chosen without a comparison.
_DRAWING_NS = 1_500_000_000
_ANEW_NS = 1_000_000_000  # a time stamp that goes back so far begins another recording


class Sequence:
    """Runs a sequence model on the first hand of each frame, and settles what it reads.

    The open hand's space and deletion are those of the rules, and a pause makes a space too. While
    an open hand is or may become such a gesture, the model gets no hand. A letter is settled about
    250 ms after it is shown, so that one that is shown just before a deletion may come after it.

    path: of the manifest. reader: the bundled letter model, live. Raises ModelError when the model
    is missing, altered, or made for other features than this version's.
    """

    def __init__(self, path: Path, reader: Reader, settings: Settings) -> None:
        manifest, self._model = open_model(path)
        _check(manifest, path)
        if settings.alphabet not in ("", *manifest.alphabets):
            raise UsageError(
                f"the model {manifest.name} reads no alphabet {settings.alphabet!r}; it reads: "
                + ", ".join(manifest.alphabets)
            )
        self.models = (*reader.models, self._model)
        self.prediction: Prediction | None = None
        self._reader = reader
        self._settings = settings
        self._labels = manifest.labels[:-2]
        self._length = manifest.inputs[0].shape[1]  # steps that the model gets at once
        self._t_ns: int | None = None  # of the last frame
        self._last: tuple[str, int] | None = None  # the letter that was settled last, and when
        self._begun = False  # something was signed: only then does a pause mean anything
        self._begin()
        self._clear()

    def update(self, frame: Frame, hands: tuple[Hand, ...]) -> tuple[Sign, ...]:
        """Takes a frame and the hands in it, of which the first is read.

        A frame that is not later than the one before settles nothing; one that is earlier by a
        second or more begins another recording.
        """
        t_ns, hand = frame.t_ns, hands[0] if hands else None
        self.prediction = self._reader.predict(frame, hand) if hand else None
        since_ns = t_ns - self._t_ns if self._t_ns is not None else 1
        if since_ns <= -_ANEW_NS:
            self._begin()
            self._clear()
        elif since_ns <= 0:
            return ()
        elif since_ns > self._length * STEP_NS:
            self._clear()  # nothing of before is in the window
        self._t_ns = t_ns
        edit = self._gestures.update(t_ns, hand)
        signs = self._read(t_ns, None if self._gestures.busy else hand)
        if edit:
            signs.append(Sign(edit.kind, None, None, t_ns))
            self._last = None
        self._begun = self._begun or bool(signs)
        signing = not self._begun or bool(signs) or self._decoder.signing
        if self._pause.update(t_ns, signing):
            signs.append(Sign("space", None, None, t_ns))
            self._last = None
        return tuple(signs)

    def _begin(self) -> None:
        """As if no frame had come."""
        self._gestures = Gestures(self._settings.gestures)
        self._pause = Pause(self._settings.text)
        self._begun = False

    def _clear(self) -> None:
        """As if no hand had been seen."""
        self._steps = Steps()
        self._decoder = Decoder(self._labels)
        self._window = np.zeros((1, self._length, STEP), np.float32)
        self._last = None

    def _read(self, t_ns: int, hand: Hand | None) -> list[Sign]:
        """Runs the model on the steps that a frame completes."""
        scores = None
        if self.prediction is not None:
            known = self.prediction.scores
            scores = np.array([known.get(label, 0.0) for label in SCORED], np.float32)
        signs: list[Sign] = []
        for step in self._steps.update(t_ns, hand, scores):
            self._window[0, :-1] = self._window[0, 1:]
            self._window[0, -1] = step
            if not self._window.any():  # nobody has been there: the model is not run
                if self._decoder.signing:
                    self._decoder = Decoder(self._labels)
                continue
            (logits,) = self._model.run(self._window)
            aside, speed = _motion(self._window[0, -1 - AHEAD])
            for label, score in self._decoder.step(logits[0], aside, speed):
                signs += self._letter(label, score, t_ns)
        return signs

    def _letter(self, label: str, score: float, t_ns: int) -> list[Sign]:
        """Returns a letter, and before it what takes back the first pose of a drawn one."""
        last, self._last = self._last, (label, t_ns)
        sign = Sign("drawn" if label in DRAWN else "letter", label, score, t_ns)
        if last and last[0] in _BEGUN_WITH.get(label, ()) and t_ns - last[1] <= _DRAWING_NS:
            return [Sign("retract", None, None, t_ns), sign]
        return [sign]


def _motion(step: Floats) -> tuple[float, float]:
    """Returns how far the palm goes sideways in a step, in palm lengths, and its speed a second."""
    velocity = step.reshape(PAIR, MOMENT)[:, MOTION] * SPEED_UNIT
    return float(velocity[:, 0].sum() / GRID_HZ), float(np.hypot(*velocity.T).mean())


def _check(manifest: Manifest, path: Path) -> None:
    """Raises ModelError for a model that is no sequence model for this version's features."""
    if manifest.kind != "sequence" or manifest.labels[-2:] != (NONE, SPELLING):
        raise ModelError(f"the model of {path} reads no sequences; choose another")
    if manifest.features != FEATURES:
        raise ModelError(
            f"the model of {path} is for features {manifest.features}, "
            f"this version makes {FEATURES}; train it again"
        )
    inputs = [t.shape for t in manifest.inputs]
    if len(inputs) != 1 or len(inputs[0]) != 3 or inputs[0][1] <= AHEAD or inputs[0][2] != STEP:
        raise ModelError(f"the model of {path} reads no sequences; reinstall it")
    if [t.shape for t in manifest.outputs] != [(1, len(manifest.labels))]:
        raise ModelError(f"the model of {path} reads no sequences; reinstall it")
    letters = set(manifest.labels[:-2])
    if not manifest.alphabets or any(set(x) != letters for x in manifest.alphabets.values()):
        raise ModelError(f"an alphabet of {path} has not all of its letters; train it again")


def open_sequence(model: Path, settings: Settings, pooled: int) -> Sequence:
    """Opens a sequence model; see edge.recognise.open_recogniser.

    pooled: goes to the bundled letter model, whose scores are a part of the input. The settings of
    debounce are for the rules alone and are not used.
    """
    reader = open_reader(LETTERS, alphabet="letters", pooled=pooled, live=True)
    return Sequence(model, reader, settings)
