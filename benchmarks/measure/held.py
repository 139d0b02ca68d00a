"""One frame with a hand in it, for what is measured on a hand and not on a source."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from edge.sources.signer import open as open_signer
from edge.types import Frame


def held(frames: int) -> Iterator[Frame]:
    """Yields the first frame in which the signer holds a letter, again and again."""
    signer = open_signer("B").signer  # which draws no frame before it: slow under Valgrind
    held_s = next(s for s in (index / 30 for index in count()) if signer.timeline.at(s)[0])
    rgb, truth = signer.draw(held_s)
    for index in range(frames):
        yield Frame(rgb, index, index * 33_333_333, truth)
