"""The frames that every peer reads: decoded once, written raw, and what they show."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from benchmarks.accuracy.items import PHRASES
from benchmarks.measure.held import held
from benchmarks.measure.scoring import Shown, shown_in
from benchmarks.peers import environment
from edge.errors import FingerspellError, SourceError, UsageError
from edge.signer.signer import Signer
from edge.sources import VGA, open_source, public
from edge.types import Frame

EMPTY_ROOMS = "empty rooms"  # the group of recordings in which there is never a hand
HELD = "held:"  # no source: the first frame in which the signer holds a letter
_EMPTY = "empty:"  # no source: a signer's room, by the signer's seed
MOST_FRAMES = 3000  # of one recording: a source without an end is cut here
EMPTY_S = 8.0  # a room without a hand


@dataclass(frozen=True)
class Film:
    """A recording that is to be read, not yet decoded.

    uri: a source. group: what its letters are counted with. shown: the letters that it shows; None
    where the frames carry it themselves, or nobody knows. text: what is spelled, with its spaces.
    """

    group: str
    uri: str
    shown: Sequence[Shown] | None = None
    text: str | None = None


@dataclass(frozen=True)
class Recording:
    """Decoded frames: `file` holds them raw, (N, H, W, 3) uint8 RGB.

    shown: None where nobody knows. whole: that it was not cut short.
    """

    film: Film
    file: Path
    shape: tuple[int, int, int]
    t_ns: Sequence[int] = field(repr=False)
    shown: Sequence[Shown] | None
    whole: bool

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return (self.t_ns[-1] - self.t_ns[0]) / 1e9


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Gives a folder for raw frames, until the end: on the disk where the environments are.

    Not in /tmp, which on a small board is memory. Raises FingerspellError where there can be none.
    """
    try:
        environment.folder().mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=environment.folder(), prefix=environment.SCRATCH)
    except OSError as error:
        raise FingerspellError(
            f"cannot make a folder for frames in {environment.folder()}: {error.strerror}; "
            "free some space, or set XDG_CACHE_HOME to a folder that has more"
        ) from error
    with folder as path:
        yield Path(path)


def phrases(count: int = len(PHRASES)) -> list[Film]:
    """The synthetic signer's phrases, each by another signer, and the same rooms without a hand."""
    return [
        film
        for seed, text in enumerate(PHRASES[:count])
        for film in (
            Film("signer", f"signer:{text}?seed={seed}", None, text),
            Film(EMPTY_ROOMS, f"{_EMPTY}{seed}", ()),
        )
    ]


def clips(folder: Path) -> list[Film]:
    """The clips of FOLDER/truth.json; raises UsageError where it cannot be read."""
    try:
        truth = json.loads((folder / "truth.json").read_text())["clips"]
        return [
            Film(
                str(Path(clip["path"]).parent),
                f"video:{folder / clip['path']}",
                [Shown(*segment) for segment in clip["segments"]],
            )
            for clip in truth
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder} has no truth.json that can be read; name the folder of the clips"
        ) from error


def mixed(films: Sequence[Film]) -> list[Film]:
    """Returns them with the groups taking turns, so that a run that ends early has seen each."""
    groups: dict[str, list[Film]] = {}
    for film in films:
        groups.setdefault(film.group, []).append(film)
    return [film for turn in zip_longest(*groups.values()) for film in turn if film]


def decoded(film: Film, file: Path, most: int = MOST_FRAMES) -> Recording:
    """Writes a film's frames to `file`.

    Raises SourceError where it has none, or sizes change; FingerspellError where the disk is full.
    Then it leaves no file.
    """
    try:
        return _written(film, file, most)
    except OSError as error:
        _drop(file)
        raise FingerspellError(
            f"cannot write the frames of {public(film.uri)} to {file.parent}: {error.strerror}; "
            "free some space, or set XDG_CACHE_HOME to a folder that has more"
        ) from error
    except BaseException:
        _drop(file)
        raise


def _drop(file: Path) -> None:
    """Gives its space back at once, though peers may still have it open, and removes it."""
    with contextlib.suppress(OSError):
        os.truncate(file, 0)
        file.unlink()


def _written(film: Film, file: Path, most: int) -> Recording:
    t_ns: list[int] = []
    labelled = []
    shape = None
    whole = True
    with file.open("wb") as out:
        for frame in _frames(film):
            if len(t_ns) == most:
                whole = False
                break
            shape = shape or frame.rgb.shape
            if frame.rgb.shape != shape:
                raise SourceError(f"{public(film.uri)} changes its size on the way; choose another")
            out.write(np.ascontiguousarray(frame.rgb).data)
            t_ns.append(frame.t_ns)
            if frame.truth:
                labelled.append(frame)
    if shape is None:
        raise SourceError(f"{public(film.uri)} gave no frame to read; choose another source")
    shown = film.shown
    if shown is None and len(labelled) == len(t_ns):
        shown = shown_in(labelled)
    return Recording(film, file, (len(t_ns), shape[0], shape[1]), t_ns, shown, whole)


def _frames(film: Film) -> Iterator[Frame]:
    if film.uri == HELD:
        yield from held(1)
        return
    if film.uri.startswith(_EMPTY):
        rgb = Signer("A", seed=int(film.uri.removeprefix(_EMPTY)), size=VGA).scene.background
        yield from (Frame(rgb, i, round(i * 1e9 / 30)) for i in range(round(EMPTY_S * 30)))
        return
    source = open_source(film.uri)
    try:
        yield from source.frames()
    finally:
        source.close()
