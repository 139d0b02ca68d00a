"""A hand's picture is the same square of the frame wherever it is cut out, and by whomever."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.geometry import region_of_box
from edge.pixels import picture
from edge.types import Box, Region, Rgb

ORDERS = ("rgb", "bgr", "grey")
WIDTH, HEIGHT = 90, 70
BOXES = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    *[st.floats(-200, 200)] * 2,
    *[st.floats(1, 300)] * 2,
)
MARGINS = st.floats(0.5, 3)
SIDES = st.integers(1, 64)


def scene(seed: int = 0) -> Rgb:
    """A picture in which no two places look the same, smooth enough to be resampled."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


@given(BOXES, MARGINS)
def test_the_square_is_upright_around_the_middle_of_the_box(box: Box, margin: float) -> None:
    """Its side is the margin times the longer side of the box, which it holds from margin 1 on."""
    region = region_of_box(box, margin)
    long = max(box.x1 - box.x0, box.y1 - box.y0)
    assert region.rotation_rad == 0
    assert region.size == pytest.approx(margin * long)
    assert (region.cx, region.cy) == ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    if margin >= 1:
        half = region.size / 2 + 1e-9 * (1 + abs(region.cx) + abs(region.cy))
        assert region.cx - half <= box.x0 <= box.x1 <= region.cx + half
        assert region.cy - half <= box.y0 <= box.y1 <= region.cy + half


@settings(max_examples=50)
@given(BOXES, MARGINS, SIDES, st.sampled_from(ORDERS), st.booleans())
def test_a_picture_has_its_size_and_colours_wherever_it_lies(
    box: Box, margin: float, side_px: int, order: str, flip: bool
) -> None:
    """Any square gives a whole picture of the size asked for, the same one each time."""
    rgb = scene()
    region = region_of_box(box, margin)
    made = picture(rgb, region, side_px, order, flip)
    assert made.shape == (side_px, side_px, 1 if order == "grey" else 3)
    assert made.dtype == np.uint8
    assert made.flags.c_contiguous
    assert np.array_equal(made, picture(rgb, region, side_px, order, flip))
    assert np.array_equal(made, picture(rgb, region, side_px, order, not flip)[:, ::-1])


@settings(max_examples=50)
@given(BOXES, MARGINS, SIDES)
def test_colours_are_those_of_the_rgb_picture(box: Box, margin: float, side_px: int) -> None:
    """Blue first is the same picture turned round; grey is OpenCV's grey of it."""
    region = region_of_box(box, margin)
    rgb, bgr, grey = (picture(scene(), region, side_px, order, False) for order in ORDERS)
    assert np.array_equal(bgr, rgb[..., ::-1])
    assert np.array_equal(grey[..., 0], cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


@settings(max_examples=50)
@given(BOXES, MARGINS, SIDES)
def test_a_mirrored_hand_in_a_mirrored_picture_looks_the_same(
    box: Box, margin: float, side_px: int
) -> None:
    """A left hand's flipped picture is that of the right hand that it mirrors, but for rounding."""
    rgb = scene()
    mirror = np.ascontiguousarray(rgb[:, ::-1])
    mirrored = Box(WIDTH - box.x1, box.y0, WIDTH - box.x0, box.y1)
    left = picture(rgb, region_of_box(box, margin), side_px, "rgb", True)
    right = picture(mirror, region_of_box(mirrored, margin), side_px, "rgb", False)
    assert np.abs(left.astype(int) - right).max() <= 4  # bilinear weights are in 32nds


@pytest.mark.parametrize("times", [1, 2, 3, 8])
def test_a_square_of_whole_pixels_is_averaged_exactly(times: int) -> None:
    """Each pixel is the mean of those it covers, where it covers whole ones."""
    side_px = 24 // times
    made = picture(scene(), Region(30, 40, 24, 0), side_px, "rgb", False)
    part = scene()[28:52, 18:42].astype(float)
    mean = part.reshape(side_px, times, side_px, times, 3).mean((1, 3))
    assert np.abs(made - mean).max() <= 0.5


def test_fine_stripes_become_grey() -> None:
    """What is finer than the picture is averaged, and does not come through as coarse stripes."""
    rgb = np.zeros((480, 640, 3), np.uint8)
    rgb[:, ::2] = 255
    for size in (300, 333.3, 401, 420.5):
        made = picture(rgb, Region(320, 240, size, 0), 28, "grey", False)
        assert np.abs(made - 127.5).max() <= 20


def test_what_lies_outside_the_frame_repeats_its_border() -> None:
    """A hand at the edge is no hand before a black wall."""
    rgb = np.full((50, 50, 3), 200, np.uint8)
    assert picture(rgb, Region(0, 0, 80, 0), 28, "rgb", False).min() == 200
    assert picture(rgb, Region(-500, 700, 80, 0), 28, "rgb", False).min() == 200
