"""Settings -> the parts of a run: its source, its stages, its sinks."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

from edge.capture import open_guarded
from edge.config import Config
from edge.detectors import open_detector
from edge.hands.tracking import Tracker
from edge.handshapes import Reader, open_reader
from edge.models import find
from edge.pipeline import Reading
from edge.recognise import open_recogniser
from edge.sinks import is_mirror
from edge.sources import first_camera, open_source
from edge.spelling.speller import Speller
from edge.stages import Detector, Source

log = logging.getLogger(__name__)

USUAL_FPS = 30.0  # of cameras and streams that do not say
SIGNER = "signer:HELLO WORLD?live=yes&loop=yes"


def threads(config: Config) -> int:
    """Returns how many threads the hand models may use: half the cores leave room for the rest."""
    return config.threads or max(1, min(4, (os.cpu_count() or 1) // 2))


def open_stages(config: Config, source: Source) -> Reading:
    """Opens the stages that read letters from one source.

    Raises UsageError for a detector, model or alphabet that there is not, ModelError for a model
    that is missing or broken.
    """
    return with_detector(config, _live_detector(config, source))


def with_detector(config: Config, detector: Detector) -> Reading:
    """Opens the stages behind a detector that is open already; raises as open_stages does."""
    recogniser = open_recogniser(find(config.model), config, detector.pooled)
    return Reading(Tracker(detector, limit=config.hands), recogniser, Speller(config.text))


def open_tracker(config: Config, source: Source) -> Tracker:
    """Opens the first of the stages alone, for one hand; raises as open_stages does."""
    return Tracker(_live_detector(config, source))


def open_photograph_reader(config: Config) -> tuple[Detector, Reader]:
    """Opens what reads a photograph; raises as open_stages does.

    The detector "auto" chooses by a camera's frame rate. A photograph has none, and there is time
    enough for the full models.
    """
    automatic = config.detector in ("mediapipe", "mediapipe:auto")
    name = "mediapipe:full" if automatic else config.detector
    detector = open_detector(name, threads=threads(config))
    return detector, open_reader(config.model, alphabet=config.alphabet, pooled=detector.pooled)


def _live_detector(config: Config, source: Source) -> Detector:
    fps = (source.fps or USUAL_FPS) if source.live else None
    return open_detector(config.detector, fps=fps, threads=threads(config))


def some_source(
    config: Config, opening: Callable[[float], None] = lambda opening_s: None
) -> Source:
    """Opens the source of the settings, else the first camera that works, else the signer.

    opening: as of edge.capture.open_guarded.
    """
    source = chosen_source(config, opening)
    if source is None:
        log.info("no camera works (see fingerspell devices): showing the synthetic signer")
    return source or open_source(SIGNER)


def chosen_source(
    config: Config, opening: Callable[[float], None] = lambda opening_s: None
) -> Source | None:
    """Opens the source of the settings, else the first camera that works; None if there is none.

    opening: as of edge.capture.open_guarded.
    """
    if config.source:
        return open_guarded(config.source, config.camera, opening)
    # One that does not open is not waited for: the next may.
    at_once = replace(config.camera, wait=False)
    return first_camera(lambda uri: open_guarded(uri, at_once))


def windows(sinks: tuple[str, ...], source: Source) -> tuple[str, ...]:
    """Returns the sinks of the settings or, if there are none, a window where there is a screen.

    A window is a mirror for who stands before a camera, and none for a recording, whose captions
    would read backwards. Where a sink's own words say "mirror" or "no-mirror", that holds.
    """
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not sinks and display and find_spec("pygame"):
        sinks = ("screen",)
    return sinks if source.live else tuple(_without_mirror(uri) for uri in sinks)


def _without_mirror(uri: str) -> str:
    name, _, rest = uri.partition(":")
    words = rest.split(",") if rest else []
    if not is_mirror(uri) or {"mirror", "no-mirror"} & set(words):
        return uri
    return f"{name}:{','.join([*words, 'no-mirror'])}"
