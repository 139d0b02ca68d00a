"""The settings of guarded capture: the table [camera] of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from edge.errors import UsageError, check_above_0


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """When a camera or stream is opened again, and when the run gives up. Times in seconds.

    stall_s: the camera is opened again after so long without a frame. It has to be longer than the
        interval between two frames of the slowest stream.
    frozen_s: the camera is opened again after giving the same picture for so long; 0 is never.
        The pictures of a sensor have noise, so that no two of them are the same.
    patience_s: after so long without a frame, whatever was tried, the run ends with exit code 3.
    wait: whether a camera that is not there at the start is tried for as long; otherwise the run
        ends at once.
    """

    stall_s: float = 3.0
    frozen_s: float = 10.0
    patience_s: float = 120.0
    wait: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        check_above_0("camera", self, ("stall_s", "patience_s"))
        if not (isfinite(self.frozen_s) and self.frozen_s >= 0):
            raise UsageError(f"camera.frozen_s is {self.frozen_s}; it must be 0 (never) or more")


USUAL = CameraConfig()
