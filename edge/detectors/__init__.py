"""Detectors find hands: one file each, named as on the command line (`--detector NAME[:REST]`)."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from edge.errors import UsageError
from edge.types import Detector


def names() -> list[str]:
    """Returns the names of all detectors: the files of this folder."""
    return sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))


def open_detector(name: str, *, fps: float | None = None, threads: int = 1) -> Detector:
    """Opens `NAME` or `NAME:REST`.

    fps: frames a second that a live source will ask for; None when there is time for each frame.
    Raises UsageError for a name that is no detector, ModelError where its models are missing.
    """
    kind, _, rest = name.partition(":")
    if kind not in names():
        raise UsageError(f"there is no detector {kind!r}; there are: {', '.join(names())}")
    detector: Detector = import_module(f"{__name__}.{kind}").open(rest, fps=fps, threads=threads)
    return detector
