"""Hands found once, read many times: what makes a change of the rules measurable in seconds.

`record` runs the hand stage over a source and keeps the hands of every frame, on disk too, under
a name that changes with the code and the models that found them. `replay` runs the other stages,
those of edge.assembly.open_stages, over what was kept.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import edge
from edge.assembly import open_stages
from edge.config import Config
from edge.errors import UsageError
from edge.files import write
from edge.hands.tracking import Tracked, Tracker
from edge.handshapes.closed import open_closed
from edge.handshapes.letters import Letters
from edge.models import find, handmodels
from edge.models.manifest import load
from edge.pipeline import Reading
from edge.recognise import Recogniser, open_recogniser
from edge.recognise.rules.recogniser import with_reader
from edge.sources import open_source
from edge.spelling.speller import Speller
from edge.stages import CountingModel, Source
from edge.types import Event, Frame, Hand, Prediction, Truth

EDGE = Path(edge.__file__).parent
# What decides which hands are found, and what the signer draws.
_FOUND_BY = (
    "types.py",
    "joints.py",
    "hands",
    "detectors",
    "models",
    "decoding",
    "sources",
    "signer",
)
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


class Transcript(NamedTuple):
    """What was read of a recording: the text, and all events, those of its end included."""

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
        tracker = open_stages(config, source).tracker
        for frame in source.frames():
            hands.append(tracker.update(frame).hands)
            truth = frame.truth and Truth(frame.truth.label, None)
            frames.append(replace(frame, rgb=_NO_PICTURE, truth=truth))
    finally:
        source.close()
    kept.parent.mkdir(parents=True, exist_ok=True)
    write(kept, pickle.dumps((frames, hands)))
    return Recording(uri, frames, hands)


def replay(recording: Recording, config: Config) -> Transcript:
    """Runs all stages but the first over a recording, with fresh state."""
    stages = Reading(_Kept(recording.hands), _recogniser(recording, config), Speller(config.text))
    events: list[Event] = []
    for result in stages.results(recording.frames):
        events += result.events
    if recording.frames:
        events += stages.end(recording.frames[-1].t_ns)
    return Transcript(stages.text, tuple(events))


def spell(uri: str, config: Config) -> Transcript:
    """Reads a source to its end."""
    return replay(record(uri, config), config)


def _recogniser(recording: Recording, config: Config) -> Recogniser:
    """Opens the recogniser of the settings; a letter model reads each hand of a recording once."""
    model = find(config.model)
    kind = load(model).kind
    if kind == "pixels":
        raise UsageError(f"{config.model} reads pixels, and a recording keeps none; use a film")
    pooled = next((h.pooled.size for h in _each_hand(recording) if h.pooled is not None), 0)
    if kind != "letters":
        return open_recogniser(model, config, pooled)
    known = recording.predictions.setdefault((config.model, config.alphabet), {})
    return with_reader(_Remembered(known, model, config.alphabet, pooled), config)


def _each_hand(recording: Recording) -> Iterator[Hand]:
    return (hand for hands in recording.hands for hand in hands)


class _Kept(Tracker):
    """The hands of a recording, frame by frame: the stage's form without its work."""

    def __init__(self, hands: Iterable[tuple[Hand, ...]]) -> None:
        self._kept = iter(hands)

    @property
    def models(self) -> tuple[CountingModel, ...]:
        return ()

    def update(self, frame: Frame, patience: float = 1.0) -> Tracked:
        return Tracked(next(self._kept), None)


class _Remembered(Letters):
    """A letter model that reads each hand of a recording once. known: what it read before."""

    def __init__(
        self, known: dict[int, Prediction], model: Path, alphabet: str, pooled: int
    ) -> None:
        super().__init__(model, alphabet=alphabet, closed=open_closed(model, pooled), live=True)
        self._known = known

    def predict(self, frame: Frame, *variants: Hand) -> Prediction:
        (hand,) = variants
        if id(hand) not in self._known:
            self._known[id(hand)] = super().predict(frame, hand)
        return self._known[id(hand)]


def _folder() -> Path:
    """Returns $XDG_CACHE_HOME/fingerspell/recordings, as the XDG says."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "fingerspell" / "recordings"


def _key(uri: str, config: Config) -> str:
    """Returns the hash of all that decides which hands are found."""
    digest = hashlib.sha256(f"{uri} {config.detector} {config.hands}".encode())
    for each in _FOUND_BY:
        files = [EDGE / each] if each.endswith(".py") else sorted((EDGE / each).rglob("*.py"))
        for path in files:
            digest.update(path.read_bytes())
    digest.update(repr(sorted(handmodels.SHA256.items())).encode())
    film = Path(uri.partition(":")[2])
    if uri.startswith("video:") and film.is_file():
        digest.update(film.read_bytes())
    return digest.hexdigest()[:24]
