"""`images:FOLDER`: the pictures in a folder, in natural order, or `images:FILE`, a single one.

Options: `images:FOLDER?fps=10&repeat=15`
fps (default 1): the rate by which the frames are stamped.
repeat (default 1): how many frames each picture is shown for, for stages that need time.

A picture that cannot be read is skipped, and named in the log. Frames differ in size as the
pictures do. What can be read, and how, is told in edge/decoding/picture.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.decoding.picture import find_pictures, read_rgb
from edge.errors import SourceError, UsageError
from edge.sources import read_options, split_options
from edge.types import Frame, Source

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The options of this source."""

    fps: float = 1.0
    repeat: int = 1

    def __post_init__(self) -> None:
        if not 0.001 <= self.fps <= 1000:
            raise ValueError("fps is 0.001 to 1000")
        if self.repeat < 1:
            raise ValueError("repeat is at least 1")


def open(rest: str) -> Source:
    """Opens a folder of pictures, or a picture.

    Raises UsageError for a path that does not exist, a folder without pictures and a wrong
    option.
    """
    name, texts = rest, dict[str, str]()
    if not Path(rest).expanduser().exists():  # a path may hold "?size=" itself
        name, texts = split_options(rest)
    options = read_options(texts, Options)
    path = Path(name).expanduser()
    if not name or not path.exists():
        raise UsageError(f"there is no folder {name!r}; images: is followed by a folder")
    return Images(find_pictures(path) if path.is_dir() else [path], name, options)


class Images:
    """Pictures from disk, one frame each, or `repeat` frames."""

    live = False

    def __init__(self, paths: list[Path], shown: str, options: Options) -> None:
        self.fps: float | None = options.fps
        self._paths = paths
        self._shown = shown
        self._repeat = options.repeat
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """Yields the pictures that can be read; raises SourceError if there is none."""
        step_ns = 1e9 / (self.fps or 1.0)
        index = 0
        for path in self._paths:
            if self._closed:
                return
            try:
                rgb = read_rgb(path)
            except SourceError as error:
                if len(self._paths) == 1:
                    raise
                _log.warning("%s; skipped", error)
                continue
            for shown in range(self._repeat):
                if self._closed:
                    return
                yield Frame(rgb.copy() if shown else rgb, index, round(index * step_ns))
                index += 1
        if not index:
            raise SourceError(f"no picture in {self._shown} can be read; see the log for each")

    def close(self) -> None:
        """Ends the iteration before its next frame."""
        self._closed = True
