"""The hands that a synthetic frame says it shows: for tests and demonstrations without models."""

from __future__ import annotations

from edge.errors import UsageError
from edge.hands.geometry import region_of_hand
from edge.types import Detector, Frame, Hand, Region


def open(rest: str = "", *, fps: float | None = None, threads: int = 1) -> Detector:
    """Opens the detector; it takes no options and runs no model."""
    if rest:
        raise UsageError(f"the detector truth takes no options, not {rest!r}")
    return TruthDetector()


class TruthDetector:
    """Believes `Frame.truth`; sees nothing in a frame that has none."""

    pooled = 0

    @property
    def invoke_ns(self) -> int:
        """No time: there is no interpreter here."""
        return 0

    def find(self, frame: Frame, limit: int) -> tuple[Region, ...]:
        """Returns the region of the true hand, if one is in view."""
        hand = frame.truth.hand if frame.truth else None
        return (region_of_hand(hand.landmarks),) if hand and limit else ()

    def fit(self, frame: Frame, region: Region) -> Hand | None:
        """Returns the true hand wherever it is looked for, or None."""
        return frame.truth.hand if frame.truth else None
