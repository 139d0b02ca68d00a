"""The stages that values flow through: where frames come from, what finds hands, where results go.

Stages are Protocols: whatever has these methods is one, and the contract tests in tests/contract
say what else is expected of it. The recogniser's is in edge/recognise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from edge.types import End, Frame, Hand, Region, Request, Result, Vitals


@runtime_checkable
class Source(Protocol):
    """Where frames come from. `edge/sources/NAME.py` has `open(rest: str) -> Source`."""

    live: bool  # True: frames that nobody takes in time are lost (edge/running/mailbox.py)
    fps: float | None  # frames a second as promised by the source; None if it does not say

    def frames(self) -> Iterator[Frame]:
        """Yields frames until the source ends; raises SourceError when it is lost."""
        ...

    def close(self) -> None:
        """Releases the source; may be called twice, and from another thread."""
        ...


@runtime_checkable
class Guarded(Source, Protocol):
    """A source that is opened again when it fails (edge/capture)."""

    @property
    def reopened(self) -> int:
        """How often it was opened again since the start."""
        ...

    @property
    def trouble(self) -> str:
        """What is wrong with it now, in a line; "" while frames flow."""
        ...


@runtime_checkable
class Renamed(Source, Protocol):
    """A source that may have another URI when it is opened again, as a camera's number changes."""

    @property
    def again(self) -> str:
        """The URI that opens the same source once more."""
        ...


class CountingModel(Protocol):
    """A model that counts its work since it was opened: edge.models.interpreter.Model.

    path: of its file. calls: how often it was run. invoke_ns: the time inside the interpreter.
    copied_bytes: of its inputs as they were given, and of its outputs as they were returned.
    """

    path: Path
    calls: int
    invoke_ns: int
    copied_bytes: int


@runtime_checkable
class Detector(Protocol):
    """Finds hands and fits landmarks. `edge/detectors/NAME.py` has `open(rest, fps, threads)`."""

    pooled: int  # how many pooled features its hands have; 0 for none

    @property
    def models(self) -> tuple[CountingModel, ...]:
        """The models that it runs; () for none."""
        ...

    def find(self, frame: Frame, limit: int) -> tuple[Region, ...]:
        """Searches the whole frame; at most `limit` regions, the surest first."""
        ...

    def fit(self, frame: Frame, region: Region) -> Hand | None:
        """Fits the 21 landmarks of the hand in `region`; None when it holds no hand at all."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Where results go. `edge/sinks/NAME.py` has `open(rest: str) -> Sink`."""

    def write(self, result: Result) -> Request | None:
        """Takes one frame's result; may return a request: to edit or clear the text, or to quit."""
        ...

    def close(self, end: End) -> None:
        """Takes how the run ended, and releases the sink."""
        ...


@runtime_checkable
class Monitor(Sink, Protocol):
    """A sink that also gets the state of the run."""

    def note(self, vitals: Vitals) -> Request | None:
        """Takes it once a second, and twice while no frame comes; returns what write() does."""
        ...
