"""The true hands of synthetic frames, for tests and demonstrations without models."""

from __future__ import annotations

from edge.errors import UsageError
from edge.hands import region_of_hand
from edge.stages import CountingModel, Detector
from edge.types import Frame, Hand, Region

HIDDEN = True  # not offered to users: it finds nothing in a real picture


def open(rest: str = "", *, fps: float | None = None, threads: int = 1) -> Detector:
    """Opens the detector; it has no options and runs no model. Raises UsageError for an option."""
    if rest:
        raise UsageError(f"the detector truth takes no options, not {rest!r}")
    return TruthDetector()


class TruthDetector:
    """Finds the hand of `Frame.truth`, and none in a frame without it."""

    pooled = 0
    models: tuple[CountingModel, ...] = ()

    def find(self, frame: Frame, limit: int) -> tuple[Region, ...]:
        """Returns the region of the true hand, or () if none is in view."""
        hand = frame.truth.hand if frame.truth else None
        return (region_of_hand(hand.landmarks),) if hand and limit else ()

    def fit(self, frame: Frame, region: Region) -> Hand | None:
        """Returns the true hand, whatever the region, or None if none is in view."""
        return frame.truth.hand if frame.truth else None
