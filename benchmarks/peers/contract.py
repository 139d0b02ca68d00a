"""What a peer's file, benchmarks/peers/adapters/NAME.py, has to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KINDS = ("tracked", "searching", "idle")


class Reading(NamedTuple):
    """What a peer made of one frame.

    kind: what work it did: "tracked" (it followed the hand of the frame before), "searching" (it
        searched the whole frame), "idle" (neither, as there was no hand).
    label: the letter that is read from the frame alone, "" for none.
    events: (kind, label, t_ns) of letters and deletions that it settled, as edge.types.Event; of a
        peer with a rule of its own for that.
    """

    kind: str
    label: str
    events: Sequence[tuple[str, str, int]] = ()


class Reader(Protocol):
    """A peer at work."""

    files: Sequence[str]  # models that it needs and that lie outside its environment

    def begin(self) -> None:
        """Forgets everything: another recording begins. Called before the first one, too."""
        ...

    def read(self, rgb: npt.NDArray[np.uint8], t_ns: int) -> Reading:
        """Reads the next frame, (H, W, 3) uint8; times grow within a recording."""
        ...


class Adapter(Protocol):
    """The module."""

    __file__: str
    SUMMARY: str  # a line
    VARIANTS: Sequence[str]
    REQUIREMENTS: Sequence[str]  # for pip, pinned; "." is this checkout
    PYTHONS: tuple[tuple[int, int], tuple[int, int]]  # the oldest and the newest that it runs on
    FILES: Mapping[str, str]  # option that names a file it needs -> what file that is
    SETTLES: bool  # whether it reports letter events of its own

    def open(self, variant: str, threads: int, files: Mapping[str, str]) -> Reader:
        """Loads everything; whatever it raises is shown in the peer's row."""
        ...
