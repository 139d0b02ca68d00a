"""`mediapipe:auto`: the full landmark model where it keeps up with the camera, else lite."""

from __future__ import annotations

import numpy as np
import pytest

from edge.detectors import open_detector
from edge.sources import open_source
from edge.types import Landmarks

pytestmark = pytest.mark.usefixtures("hand_models")


def landmarks(name: str, fps: float | None) -> Landmarks:
    """What the detector sees of one drawn hand."""
    source = open_source("signer:L?seed=1")
    frame = next(f for f in source.frames() if f.truth and f.truth.label == "L")
    assert frame.truth is not None
    assert frame.truth.hand is not None
    detector = open_detector(name, fps=fps)
    # The palm models differ with the landmark models; the hand is fitted in the same region.
    (region,) = open_detector("truth").find(frame, 1)
    hand = detector.fit(frame, region)
    assert hand is not None
    return hand.landmarks


@pytest.mark.parametrize(
    ("fps", "model"),
    [(None, "full"), (0.1, "full"), (100_000.0, "lite")],
    ids=["no camera", "a slow camera", "an impossible camera"],
)
def test_the_camera_decides(fps: float | None, model: str) -> None:
    """No hurry, or ten seconds a frame: full. Ten microseconds a frame: lite."""
    other = {"full": "lite", "lite": "full"}[model]
    seen = landmarks("mediapipe:auto", fps)
    np.testing.assert_array_equal(seen, landmarks(f"mediapipe:{model}", None))
    assert not np.array_equal(seen, landmarks(f"mediapipe:{other}", None))
