"""Cameras in a process of their own, with little patience, and what they film."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from edge.capture import CameraConfig, open_guarded
from edge.capture.guarded import Guarded
from edge.types import Frame, Rgb

QUICK = CameraConfig(stall_s=0.7, frozen_s=2.0, patience_s=10.0)
SMALL = "size=160x120"
GREY, GREEN = (128, 128, 128), (0, 135, 0)


def guarded(uri: str, config: CameraConfig = QUICK) -> Guarded:
    source = open_guarded(uri, config)
    assert isinstance(source, Guarded)
    return source


def child_of(source: Guarded) -> int:
    """The number of the process that the camera lives in."""
    assert source._process is not None
    return source._process.pid


def until(frames: Iterator[Frame], seconds: float = 20.0) -> Iterator[Frame]:
    """Frames, until something is clearly wrong."""
    end_s = time.monotonic() + seconds
    for frame in frames:
        assert time.monotonic() < end_s, "it took too long"
        yield frame


def room(seed: int, height: int = 240, width: int = 320) -> Rgb:
    """A picture with noise, as of a sensor."""
    return np.random.default_rng(seed).integers(90, 170, (height, width, 3)).astype(np.uint8)
