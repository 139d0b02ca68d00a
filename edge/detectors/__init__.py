"""Detectors: hands in frames, one file for each detector.

In comes a name as the command line has it, `NAME` or `NAME:OPTION`. Out goes a Detector
(edge/stages.py), which searches a whole frame for hands and fits the landmarks of one hand. The
file `NAME.py` has `open(rest, fps, threads) -> Detector` and is imported when it is first named. A
file that declares `HIDDEN = True` opens as every other does, but users are not offered it.

Other rooms use open_detector, names and shown_names.
"""

from __future__ import annotations

from importlib import import_module

from edge import plugins
from edge.errors import UsageError
from edge.stages import Detector


def names() -> tuple[str, ...]:
    """The names of all detectors that can be opened, in alphabetical order."""
    return plugins.names(__path__)


def shown_names() -> tuple[str, ...]:
    """The names of the detectors that users are offered, in alphabetical order."""
    return plugins.shown_names(__path__)


def open_detector(name: str, *, fps: float | None = None, threads: int = 1) -> Detector:
    """Opens `NAME` or `NAME:OPTION`.

    fps: the rate, in frames a second, that the detector has to keep up with, which is a live
    source's; None if there is time for every frame.
    threads: of the models' interpreter.
    Raises UsageError for a name or option that is unknown, ModelError if a model is missing.
    """
    kind, _, rest = name.partition(":")
    if kind not in names():
        known = plugins.known(kind, shown_names())
        raise UsageError(f"there is no detector {kind!r}; there are: {known}")
    detector: Detector = import_module(f"{__name__}.{kind}").open(rest, fps=fps, threads=threads)
    return detector
