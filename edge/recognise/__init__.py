"""Recognisers: hands over time -> signs, the letters and edits that are settled.

Comes in: each frame with the hands in it. Goes out: the signs that this frame settled, and, for
display, what is read on the last frame. The model's kind decides which recogniser runs it:
`KIND.py` here has `open(model, settings, pooled) -> Recogniser`. Those of kind letters, pixels and
motion are run by the rules of `rules/`, a folder that can go when a better recogniser is there.
Those of kind sequence are run by `sequences/`; none is bundled yet.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol, get_args

from edge.errors import UsageError
from edge.models import RUNNABLE, Kind, hint, load
from edge.recognise.settings import Settings
from edge.stages import CountingModel
from edge.types import Frame, Hand, Prediction, Sign


class Recogniser(Protocol):
    """Follows the hands of a stream of frames, and returns what they have signed."""

    @property
    def models(self) -> tuple[CountingModel, ...]:
        """The models that it runs; () for none."""
        ...

    @property
    def prediction(self) -> Prediction | None:
        """What is read of the first hand on the last frame, settled or not; None for nothing."""
        ...

    def update(self, frame: Frame, hands: tuple[Hand, ...]) -> tuple[Sign, ...]:
        """Takes a frame and the hands in it, the one that is read first; returns what it settled.

        Frames come in the order of the stream. Times are the frames' own: no clock is read.
        """
        ...


def kinds() -> list[str]:
    """Returns the kinds of models that there is a recogniser for."""
    return sorted(m.name for m in iter_modules(__path__) if m.name in get_args(Kind))


def open_recogniser(model: Path, settings: Settings, pooled: int) -> Recogniser:
    """Opens the recogniser of a model's kind.

    model: its manifest. pooled: how many pooled features the detector's hands have. Raises
    UsageError for a model that no recogniser runs, or an alphabet that it does not read; ModelError
    for one that is missing or broken.
    """
    kind = load(model).kind
    if kind not in kinds():
        why = f"of kind {kind}, which nothing runs" if kind in RUNNABLE else "a part of another"
        raise UsageError(f"the model {model.stem!r} is {why}; {hint()}")
    recogniser: Recogniser = import_module(f"{__name__}.{kind}").open(model, settings, pooled)
    return recogniser
