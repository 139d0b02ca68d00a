"""Boxes, rotated squares and landmarks."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.hands.geometry import (
    box_of,
    crop,
    hand_size_px,
    iou,
    points_to_frame,
    region_of_hand,
    region_of_palm,
)
from edge.joints import BONES, MIDDLE_MCP, WRIST
from edge.types import Box, Landmarks, Region

SIDE_PX = 224
ANGLES = st.floats(-math.pi, math.pi)
SIZES = st.floats(60, 500)
POINTS = st.tuples(st.floats(5, SIDE_PX - 5), st.floats(5, SIDE_PX - 5))
BOXES = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    *[st.floats(-1000, 1000)] * 2,
    *[st.floats(0, 1000)] * 2,
)

# An open right hand, palm to the camera, fingers up, about 100 px from the wrist to the knuckles.
OPEN_HAND: Landmarks = np.array(
    [
        [0, 0, 0], [-30, -15, -5], [-55, -40, -8], [-75, -65, -10], [-90, -85, -12],
        [-25, -95, -2], [-30, -135, -6], [-32, -160, -9], [-33, -180, -11],
        [0, -100, 0], [0, -145, -3], [0, -172, -7], [0, -195, -10],
        [22, -92, 1], [26, -132, -2], [28, -156, -6], [29, -176, -9],
        [42, -80, 2], [50, -110, 0], [54, -128, -3], [57, -145, -5],
    ],
    np.float32,
)  # fmt: skip


@st.composite
def hands(draw: st.DrawFn) -> Landmarks:
    """The open hand with every joint moved, so that boxes and directions are no special case."""
    shifts = draw(st.lists(st.floats(-15, 15), min_size=42, max_size=42))
    hand = OPEN_HAND.copy()
    hand[:, :2] += np.reshape(shifts, (21, 2)).astype(np.float32)
    return hand


def _turned(landmarks: Landmarks, angle_rad: float, scale: float, x: float, y: float) -> Landmarks:
    cos, sin = math.cos(angle_rad) * scale, math.sin(angle_rad) * scale
    out = landmarks.copy()
    out[:, :2] = landmarks[:, :2] @ np.array([[cos, sin], [-sin, cos]], np.float32) + (x, y)
    out[:, 2] *= scale
    return out


@given(POINTS, ANGLES, SIZES)
def test_what_is_seen_in_a_crop_is_where_it_was(
    point: tuple[float, float], angle: float, size: float
) -> None:
    """A dot seen at a place of a crop lies where `points_to_frame` carries that place to."""
    region = Region(320, 240, size, angle)
    (x, y, z), *_ = points_to_frame(np.array([[*point, 10]], np.float32), region, SIDE_PX)
    assert z == pytest.approx(10 * size / SIDE_PX, rel=1e-5)
    margin = 5 * SIDE_PX / size  # so that neither the crop's edge nor the frame's cuts the dot
    assume(margin < min(point) and max(point) < SIDE_PX - margin)
    assume(4 <= x < 636 and 4 <= y < 476)
    picture = np.zeros((480, 640, 3), np.uint8)
    cv2.circle(picture, (round(x * 16), round(y * 16)), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    seen = crop(picture, region, SIDE_PX)[..., 0].astype(float)
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    centre = np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum()
    np.testing.assert_allclose(centre, point, atol=0.2 * max(1, SIDE_PX / size))


@given(ANGLES, SIZES)
def test_the_middle_of_a_crop_is_the_region_s(angle: float, size: float) -> None:
    """The middle of a crop is carried to the region's centre, whatever its turn and size."""
    middle = np.array([[SIDE_PX / 2, SIDE_PX / 2, 0]], np.float32)
    points = points_to_frame(middle, Region(100, 50, size, angle), SIDE_PX)
    np.testing.assert_allclose(points, [[100, 50, 0]], atol=1e-3)


def test_a_crop_of_the_whole_frame_is_the_frame() -> None:
    """A region as large as a square frame, upright, at its own size, changes no pixel."""
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    np.testing.assert_array_equal(crop(picture, Region(32, 32, 64, 0), 64), picture)


def test_rotation_turns_clockwise() -> None:
    """A region turned by a quarter clockwise has the frame's right side as its top."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 48:] = 255
    seen = crop(picture, Region(32, 32, 64, math.pi / 2), 64)
    assert seen[:12].min() == 255
    assert seen[20:].max() == 0


@pytest.mark.parametrize("rotation", [0.0, 0.7, -2.0])
@pytest.mark.parametrize("outside", ["border", "black"])
@pytest.mark.parametrize(
    ("cx", "cy"), [(0, 0), (640, 480), (-50, 240), (-5000, -5000), (320, 90000), (1e6, 1e6)]
)
def test_a_region_may_lie_outside_the_frame(
    cx: float, cy: float, outside: str, rotation: float
) -> None:
    """What lies outside repeats the frame's border, or is black, however far out it is."""
    picture = np.full((480, 640, 3), (10, 200, 90), np.uint8)
    seen = crop(picture, Region(cx, cy, 200, rotation), 96, outside)  # type: ignore[arg-type]
    assert seen.shape == (96, 96, 3)
    assert seen.dtype == np.uint8
    if outside == "border":
        assert np.abs(seen.astype(int) - (10, 200, 90)).max() <= 1
    elif max(abs(cx), abs(cy)) > 1000:
        assert seen.max() == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 1000), (1000, 3), (1, 640), (4000, 30)])
@pytest.mark.parametrize("region_size", [1e-3, 1.0, 50.0, 9000.0])
def test_frames_and_regions_of_any_size_are_cropped(
    size: tuple[int, int], region_size: float
) -> None:
    """A frame of one pixel, a strip, a region of nothing or larger than all: each gives a crop."""
    picture = np.full((*size, 3), 77, np.uint8)
    seen = crop(picture, Region(size[1] / 2, size[0] / 2, region_size, 0.4), SIDE_PX)
    assert seen.shape == (SIDE_PX, SIDE_PX, 3)
    assert np.abs(seen.astype(int) - 77).max() <= 1


def test_a_part_of_a_picture_is_cropped_like_a_copy_of_it() -> None:
    """A view into a larger picture, whose rows are not next to each other, is no special case."""
    whole = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    part = whole[50:150, 80:220]
    region = Region(70, 50, 90, 0.3)
    np.testing.assert_array_equal(crop(part, region, 96), crop(part.copy(), region, 96))


@given(hands(), ANGLES, st.floats(0.3, 3), st.floats(-300, 900), st.floats(-300, 900))
def test_a_hand_s_region_goes_with_the_hand(
    hand: Landmarks, angle: float, scale: float, x: float, y: float
) -> None:
    """Turning, scaling and moving a hand turns, scales and moves its region, and nothing else."""
    before = region_of_hand(hand)
    after = region_of_hand(_turned(hand, angle, scale, x, y))
    assert after.size == pytest.approx(before.size * scale, rel=2e-3)
    turn = math.remainder(after.rotation_rad - before.rotation_rad - angle, 2 * math.pi)
    assert turn == pytest.approx(0, abs=2e-3)
    centre = np.array([[before.cx, before.cy, 0]] * 21, np.float32)
    expected = _turned(centre, angle, scale, x, y)[0, :2]
    np.testing.assert_allclose((after.cx, after.cy), expected, atol=2e-3 * after.size)


def test_an_upright_hand_s_region_is_upright() -> None:
    """Fingers that point up need no turning, and all joints lie in the region."""
    region = region_of_hand(OPEN_HAND)
    assert region.rotation_rad == pytest.approx(0, abs=0.05)
    half = region.size / 2
    assert np.all(np.abs(OPEN_HAND[:, 0] - region.cx) < half)
    assert np.all(np.abs(OPEN_HAND[:, 1] - region.cy) < half)


@given(hands(), ANGLES)
def test_a_region_is_turned_by_half_a_turn_at_most(hand: Landmarks, angle: float) -> None:
    """Rotations stay in -pi..pi, however the hand is turned."""
    assert abs(region_of_hand(_turned(hand, angle, 1, 0, 0)).rotation_rad) <= math.pi


@pytest.mark.parametrize("x", [0.0, 123.4, -1e5])
def test_joints_in_one_place_make_a_region_of_nothing(x: float) -> None:
    """A model that puts all joints in one place gives numbers, not NaN, and can be cropped."""
    hand = np.full((21, 3), x, np.float32)
    region = region_of_hand(hand)
    assert all(math.isfinite(value) for value in region)
    assert region.size == 0
    assert crop(np.zeros((48, 64, 3), np.uint8), region, 32).shape == (32, 32, 3)
    assert box_of(hand) == Box(*[pytest.approx(x)] * 4)
    assert hand_size_px(hand) == 0


@given(ANGLES, st.floats(20, 300), st.floats(-100, 700), st.floats(-100, 500))
def test_a_palm_s_region_lies_ahead_of_it(angle: float, side: float, x: float, y: float) -> None:
    """From a palm, the region is 2.6 times as large, turned with it, moved towards the fingers."""
    ahead = math.sin(angle), -math.cos(angle)  # up, turned clockwise by `angle`
    box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    wrist = x - ahead[0] * side / 2, y - ahead[1] * side / 2
    middle = x + ahead[0] * side / 2, y + ahead[1] * side / 2
    region = region_of_palm(box, wrist, middle)
    assert region.size == pytest.approx(2.6 * side)
    assert math.remainder(region.rotation_rad - angle, 2 * math.pi) == pytest.approx(0, abs=1e-6)
    expected = x + ahead[0] * side / 2, y + ahead[1] * side / 2
    np.testing.assert_allclose((region.cx, region.cy), expected, atol=1e-6 * side + 1e-6)


def test_a_palm_without_direction_makes_a_region() -> None:
    """Keypoints that fall together give a region all the same."""
    region = region_of_palm(Box(0, 0, 10, 20), (5, 5), (5, 5))
    assert all(math.isfinite(value) for value in region)


@given(BOXES, BOXES)
def test_iou_is_symmetric_and_a_share(a: Box, b: Box) -> None:
    """Intersection over union does not depend on the order, and lies in 0..1."""
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1 + 1e-9


@given(BOXES)
def test_a_box_is_itself(box: Box) -> None:
    """A box that has an area overlaps itself wholly; an empty one overlaps nothing."""
    assert iou(box, box) == pytest.approx(1 if (box.x1 - box.x0) * (box.y1 - box.y0) > 0 else 0)


@given(BOXES, st.floats(1, 100))
def test_boxes_apart_do_not_overlap(box: Box, gap: float) -> None:
    """Boxes beside or below each other share nothing."""
    width, height = box.x1 - box.x0, box.y1 - box.y0
    right = Box(box.x1 + gap, box.y0, box.x1 + gap + width, box.y1)
    below = Box(box.x0, box.y1 + gap, box.x1, box.y1 + gap + height)
    assert iou(box, right) == iou(box, below) == 0


def test_iou_of_a_half() -> None:
    """Two boxes that share half of each have a third of their union in common."""
    assert iou(Box(0, 0, 2, 1), Box(1, 0, 3, 1)) == pytest.approx(1 / 3)


@given(hands(), ANGLES)
def test_a_box_touches_its_landmarks(hand: Landmarks, angle: float) -> None:
    """No joint lies outside the box, and each side has one on it."""
    turned = _turned(hand, angle, 1, 300, 200)
    box = box_of(turned)
    low, high = turned[:, :2].min(0), turned[:, :2].max(0)
    assert box == Box(*low, *high)
    assert all(type(side) is float for side in box)


@given(hands(), ANGLES, st.floats(0.3, 3))
def test_a_hand_s_size_is_its_palm_s_length(hand: Landmarks, angle: float, scale: float) -> None:
    """The unit of hand sizes grows with the hand and does not care how it is turned."""
    size = hand_size_px(hand)
    assert size == pytest.approx(float(np.linalg.norm(hand[MIDDLE_MCP] - hand[WRIST])))
    assert hand_size_px(_turned(hand, angle, scale, 9, 9)) == pytest.approx(size * scale, rel=1e-3)


def test_bones_join_all_joints() -> None:
    """The skeleton is one piece: from the wrist each of the 21 joints can be reached."""
    reached = {WRIST}
    for _ in range(21):
        reached |= {b for a, b in BONES if a in reached} | {a for a, b in BONES if b in reached}
    assert reached == set(range(21))
