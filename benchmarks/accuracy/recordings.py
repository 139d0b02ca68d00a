"""Hands found once, read many times: what makes a change of the rules measurable in seconds.

`record` runs the hand stage over a source and keeps the hands of every frame, on disk too, under
a name that changes with the code and the models that found them. `replay` runs the other stages,
those of edge.commands.run.open_stages in edge.pipeline.results, over what was kept.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edge.commands.run import Stages, open_stages
from edge.config import Config
from edge.errors import UsageError
from edge.files import write
from edge.hands.tracking import Hands
from edge.handshapes import open_reader
from edge.handshapes.pixels import Pixels
from edge.models import handmodels
from edge.pipeline import Letters, results
from edge.sources import open_source
from edge.types import Event, Frame, Hand, Prediction, Source, Truth

EDGE = Path(handmodels.__file__).parent
# What decides which hands are found, and what the signer draws.
_FOUND_BY = ("types", "geometry", "hands", "handmodels", "interpreter", "picture")
_FOUND_IN = ("detectors", "sources", "signer")
_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


@dataclass(eq=False)
class Recording:
    """The frames of a source without their pictures, and the hands in each.

    predictions: of letter models, by model and alphabet, of each hand that was read.
    """

    uri: str
    frames: list[Frame]
    hands: list[tuple[Hand, ...]]
    predictions: dict[tuple[str, str], dict[int, Prediction]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return (self.frames[-1].t_ns - self.frames[0].t_ns) / 1e9 if self.frames else 0.0


class Reading(NamedTuple):
    """What was read of a recording: the text, and all events."""

    text: str
    events: tuple[Event, ...]


def record(uri: str, config: Config, source: Source | None = None) -> Recording:
    """Finds the hands of a source, or takes those found before.

    source: what `uri` stands for, where it is no URI; `uri` must then name all it depends on.
    """
    kept = _folder() / f"{_key(uri, config)}.pickle"
    try:
        frames, hands = pickle.loads(kept.read_bytes())
        return Recording(uri, frames, hands)
    except (OSError, pickle.UnpicklingError, EOFError, AttributeError, TypeError):
        pass
    source = source or open_source(uri)
    frames, hands = [], []
    try:
        finder = open_stages(config, source).hands
        for frame in source.frames():
            hands.append(finder.update(frame))
            truth = frame.truth and Truth(frame.truth.label, None)
            frames.append(replace(frame, rgb=_NO_PICTURE, truth=truth))
    finally:
        source.close()
    kept.parent.mkdir(parents=True, exist_ok=True)
    write(kept, pickle.dumps((frames, hands)))
    return Recording(uri, frames, hands)


def replay(recording: Recording, config: Config) -> Reading:
    """Runs all stages but the first over a recording, with fresh state."""
    stages = _stages(recording, config)
    events: list[Event] = []
    for result in results(recording.frames, *stages):
        events += result.events
    return Reading(stages.speller.text, tuple(events))


def _stages(recording: Recording, config: Config) -> Stages:
    source = open_source("signer:A")  # recorded, like these frames; only that is asked of it
    stages = open_stages(replace(config, detector="truth"), source)
    if stages.letters is None:
        return stages._replace(hands=_Kept(recording.hands))
    read = recording.predictions.setdefault((config.model, config.alphabet), {})
    seen = (h.pooled.size for hands in recording.hands for h in hands if h.pooled is not None)
    letters = open_reader(config.model, alphabet=config.alphabet, pooled=next(seen, 0), live=True)
    if isinstance(letters, Pixels):
        raise UsageError(f"{config.model} reads pixels, and a recording keeps none; use a film")
    remembered = _Remembered(letters, read)
    return stages._replace(hands=_Kept(recording.hands), letters=remembered)


class _Kept(Hands):
    """The hands of a recording, frame by frame: the stage's form without its work."""

    def __init__(self, hands: Iterable[tuple[Hand, ...]]) -> None:
        self._hands = iter(hands)
        self.find_ms = 0.0
        self.searched = False

    @property
    def invoke_ns(self) -> int:
        return 0

    def update(self, frame: Frame) -> tuple[Hand, ...]:
        return next(self._hands)


class _Remembered:
    """A letter model that reads each hand of a recording once."""

    def __init__(self, letters: Letters, read: dict[int, Prediction]) -> None:
        self._letters = letters
        self._read = read
        self.invoke_ns = 0

    def predict(self, frame: Frame, *looks: Hand) -> Prediction:
        (hand,) = looks
        if id(hand) not in self._read:
            self._read[id(hand)] = self._letters.predict(frame, hand)
        return self._read[id(hand)]


def _folder() -> Path:
    """Returns $XDG_CACHE_HOME/fingerspell/recordings, as the XDG says."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "fingerspell" / "recordings"


def _key(uri: str, config: Config) -> str:
    """Returns the hash of all that decides which hands are found."""
    told = hashlib.sha256(f"{uri} {config.detector} {config.hands}".encode())
    for path in sorted(
        [EDGE / f"{name}.py" for name in _FOUND_BY]
        + [path for name in _FOUND_IN for path in (EDGE / name).rglob("*.py")]
    ):
        told.update(path.read_bytes())
    told.update(repr(sorted(handmodels.SHA256.items())).encode())
    film = Path(uri.partition(":")[2])
    if uri.startswith("video:") and film.is_file():
        told.update(film.read_bytes())
    return told.hexdigest()[:24]
