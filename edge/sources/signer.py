"""`signer:TEXT`: a synthetic hand that fingerspells a text, with the truth of every frame.

    signer:HELLO WORLD?seed=3&speed=1.5&hand=left&fps=30&size=640x480&loop=1&live=1

The same URI gives the same frames. The text may be quoted. In it, "_" is an open hand that is held
and means a space; "<" is an open hand that sweeps aside and takes back a letter
(edge/recognise/rules/gestures.py). edge/signer draws the pictures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from edge.signer import Signer, spelling
from edge.sources import VGA, Size, read_options, split_options
from edge.types import Frame, Handedness


@dataclass(frozen=True, slots=True)
class Options:
    """What may follow the text.

    seed: decides skin, light, room, camera, and how the signer forms the signs.
    speed: 1 is about 1.6 letters a second, 2 is twice as fast.
    loop: the text is repeated without end.
    live: frames come at the rate of `fps`, not as fast as they are taken.
    """

    seed: int = 0
    speed: float = 1.0
    hand: Handedness = "right"
    fps: float = 30.0
    size: Size = VGA
    loop: bool = False
    live: bool = False

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError("seed is 0 or more")
        if not 0.2 <= self.speed <= 5:
            raise ValueError("speed is between 0.2 and 5")
        if not 1 <= self.fps <= 240:
            raise ValueError("fps is between 1 and 240")
        if not (160 <= self.size.width <= 3840 and 120 <= self.size.height <= 2160):
            raise ValueError("size is between 160x120 and 3840x2160")


class SignerSource:
    """A source of drawn frames; the truth of each says what it shows."""

    live = False  # every frame is read, in order, also where they come in real time

    def __init__(self, text: str, options: Options) -> None:
        self.fps: float | None = options.fps
        self.signer = Signer(
            text,
            seed=options.seed,
            speed=options.speed,
            handedness=options.hand,
            size=options.size,
        )
        self._fps = options.fps
        self._loops = options.loop
        self._paced = options.live
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """Yields the frames from the start; each call starts from the beginning."""
        length = int(self.signer.end_s * self._fps) + 1
        start_s = time.monotonic()
        index = 0
        while not self._closed and (self._loops or index < length):
            rgb, truth = self.signer.draw(index % length / self._fps)
            if self._paced:
                time.sleep(max(0.0, start_s + index / self._fps - time.monotonic()))
            yield Frame(rgb, index, round(index * 1e9 / self._fps), truth)
            index += 1

    def close(self) -> None:
        """Ends the frames after the one being drawn."""
        self._closed = True


def open(rest: str) -> SignerSource:
    """Opens "TEXT?name=value&..."; raises UsageError for a text that cannot be spelled."""
    quoted, options = split_options(rest)
    return SignerSource(spelling(quoted), read_options(options, Options))
