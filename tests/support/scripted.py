"""A recogniser by the rules whose model is a script: what each hand looks like is known before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import ascii_uppercase
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from edge.config import Config
from edge.recognise.rules.recogniser import HandshapeRules, with_reader
from edge.types import Frame, Hand, Prediction, Sign

STILLS = "ABCDEFGHIKLMNOPQRSTUVWXY"  # the letters that are not drawn in the air
PICTURE = np.zeros((48, 64, 3), np.uint8)


def prediction(scores: dict[str, float]) -> Prediction:
    """A prediction with these scores, and 0 for the letters that are not named."""
    every = dict.fromkeys(ascii_uppercase, 0.0) | scores
    label = max(every, key=every.__getitem__)
    return Prediction(label, every[label], every)


class ScriptedReader:
    """Has what edge.handshapes.Reader has, and reads `next` of every hand.

    read: the hands that it was asked about.
    """

    def __init__(
        self, labels: Iterable[str] = STILLS, shared: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.labels = tuple(labels)
        self.manifest = SimpleNamespace(shared=tuple(shared))
        self.model = SimpleNamespace(path=Path("script"), calls=0, invoke_ns=0, copied_bytes=0)
        self.models = (self.model,)
        self.next = prediction({})
        self.read: list[Hand] = []

    def predict(self, frame: Frame, *looks: Hand) -> Prediction:
        """Says `next`, and takes a millisecond."""
        (hand,) = looks
        self.read.append(hand)
        self.model.invoke_ns += 1_000_000
        return self.next


def rules(reader: ScriptedReader) -> HandshapeRules:
    """The recogniser of a model of single frames, as a run has it, around a script."""
    # Any: Reader is two classes, each of which wants its model's file.
    return with_reader(cast(Any, reader), Config())


class Scene:
    """Plays hands to a recogniser, one frame after another."""

    def __init__(self, reader: ScriptedReader, recogniser: HandshapeRules) -> None:
        self._reader = reader
        self._recogniser = recogniser
        self._count = 0

    def show(
        self, t_ns: int, hand: Hand | None, seen: Prediction | None = None
    ) -> tuple[Sign, ...]:
        """Shows a frame with this hand in it, or none; seen: what it looks like."""
        self._reader.next = seen or prediction({})
        frame = Frame(PICTURE, self._count, t_ns)
        self._count += 1
        return self._recogniser.update(frame, (hand,) if hand else ())


def labels(signs: Sequence[Sign]) -> list[str]:
    """The label of each letter, and the kind of each other sign, in order."""
    return [sign.label or sign.kind for sign in signs]
