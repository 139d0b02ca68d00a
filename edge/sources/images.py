"""`images:FOLDER`: the pictures in a folder, in natural order; `images:FILE`: a single picture.

Options: `images:FOLDER?fps=10&repeat=15`
fps (default 1): the rate from which the frames' time stamps are made.
repeat (default 1): for how many frames each picture is shown. A letter has to be held for some
frames before it is written.

The pictures are read in a process of their own, so that a network share that stalls does not keep a
run from ending. Python and OpenCV take some tenths of a second to start there; pictures are then
decoded while the run reads those before.

A picture that cannot be read is skipped and named in the log. Frames differ in size if the
pictures do. edge/decoding/picture.py says which files can be read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.decoding import find_pictures, read_rgb
from edge.errors import SourceError, UsageError
from edge.sources import read_options, split_options
from edge.stages import Source
from edge.types import Frame

GUARDED = True  # a network share may stall
RECORDINGS = True
SIZES_VARY = True

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
    """Pictures from disk; each is shown for `repeat` frames."""

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
