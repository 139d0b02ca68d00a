"""Other views of a hand: made for training, and repeatable."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.detectors import open_detector
from edge.hands.geometry import hand_size_px
from edge.hands.tracking import PRESENCE
from edge.sources import open_source
from tests.support.examples import examples
from train.data.views import relit, view


@examples(20)
@given(st.integers(0, 10_000), st.floats(20, 300), st.integers(16, 80), st.integers(16, 80))
def test_another_light_keeps_the_picture_s_form(
    seed: int, region_px: float, height: int, width: int
) -> None:
    """Size and type stay, and the same generator makes the same picture."""
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    first, second = (relit(rgb, region_px, np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == rgb.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_view_shows_the_same_hand(mirrored: bool) -> None:
    """Mirrored and altered views come back in the pixels of the picture as it is."""
    detector = open_detector("mediapipe:full")
    near = total = 0
    for frame in islice(open_source("signer:LAB FLY?fps=10&seed=4").frames(), 8, 60, 4):
        regions = detector.find(frame, 1)
        hand = detector.fit(frame, regions[0]) if regions else None
        if hand is None or hand.presence < PRESENCE:
            continue
        altered = np.random.default_rng(frame.index)
        seen = view(detector, frame.rgb, hand, mirrored=mirrored, altered=altered)
        total += 1
        if seen is None:
            continue
        off = np.linalg.norm(seen.landmarks[:, :2] - hand.landmarks[:, :2], axis=1).mean()
        near += off < 0.15 * hand_size_px(hand.landmarks) and seen.handedness == hand.handedness
    assert total >= 4
    assert near >= total - 1  # an altered picture may be too dark or small to see it
