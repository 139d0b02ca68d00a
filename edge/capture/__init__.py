"""Capture that cannot hang the loop: cameras and streams run in a process that can be killed.

    source = open_guarded("usb:0", CameraConfig())

A driver that hangs, hangs in a child process (edge/capture/child.py). Its pictures come through
shared memory, copied once, there; its words through a socket (edge/capture/channel.py). The loop's
own process only ever waits with a time limit (edge/capture/process.py), and when no frame comes,
or frames that are none (edge/capture/symptoms.py, edge/capture/watch.py), it kills the child and
opens the camera anew (edge/capture/guarded.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from edge.errors import UsageError
from edge.sources import open_source
from edge.types import Source

_DEVICES = ("usb", "picamera", "faulty")


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """What is done about a camera or stream that falls ill. Times in seconds.

    stall_s: no frame for so long, and it is reopened. Longer than the slowest stream's interval.
    frozen_s: the same picture for so long, and it is reopened; 0 is never. A sensor has noise, so
        that no two of its pictures are the same.
    patience_s: no frame for so long, whatever was tried, and the run ends with exit code 3.
    wait: have the same patience with a camera that is not there at the start; else the run ends
        at once.
    """

    stall_s: float = 3.0
    frozen_s: float = 10.0
    patience_s: float = 120.0
    wait: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        for name in ("stall_s", "patience_s"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise UsageError(f"camera.{name} is {value}; it must be a number above 0")
        if not (isfinite(self.frozen_s) and self.frozen_s >= 0):
            raise UsageError(f"camera.frozen_s is {self.frozen_s}; it must be 0 (never) or more")


def open_guarded(uri: str, config: CameraConfig = CameraConfig()) -> Source:
    """Opens what `uri` names: a camera or a stream guarded, in a process of its own.

    Files, folders and the signer cannot hang; they are opened in this process. A guarded source
    (edge.capture.guarded.Guarded) also says how often it was `reopened` and what its `trouble` is.
    Raises what edge.sources.open_source raises; SourceError too for a camera that does not open in
    time, and none at all with config.wait.
    """
    name, _, rest = uri.partition(":")
    if name in _DEVICES or (name == "video" and "://" in rest):
        from edge.capture.guarded import Guarded  # it waits for whoever has a camera

        return Guarded(uri, config)
    return open_source(uri)
