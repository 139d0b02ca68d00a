"""The camera's picture at the window's size, with the box and skeleton of each hand."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.joints import BONES
from edge.types import Hand, Rgb

Colour = tuple[int, int, int]  # red, green, blue

_BONES = np.array(BONES)
_FRACTION_BITS = 4  # cv2 draws with coordinates in sixteenths of a pixel
_SHADOW = (8, 12, 16)  # around each bone, so that it stands out on any skin and any wall
_JOINT = (255, 255, 255)
_FAR_PX = 100_000  # the farthest coordinate: no window is as large, and cv2's integers can hold it


def scaled(rgb: Rgb, size_px: tuple[int, int], mirror: bool) -> Rgb:
    """Returns a new picture of (width, height) pixels from (H, W, 3) uint8, mirrored or not.

    A much larger picture is halved first by averaging, since thin lines would flicker otherwise.
    Halving takes 0.3 ms for 1280x720; cv2's averaging to any other size takes 4.7 ms.
    """
    width, height = size_px
    picture = np.ascontiguousarray(rgb)
    while picture.shape[0] >= 2 * height and picture.shape[1] >= 2 * width:
        half = picture.shape[1] // 2, picture.shape[0] // 2
        even = picture[: 2 * half[1], : 2 * half[0]]
        picture = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    picture = np.asarray(cv2.resize(picture, size_px, interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.flip(picture, 1), np.uint8) if mirror else picture


def draw_hand(
    picture: Rgb, hand: Hand, frame_size_px: tuple[int, int], mirror: bool, colour: Colour
) -> None:
    """Draws box and skeleton into a scaled picture.

    frame_size_px: (width, height) of the frame that the hand's coordinates belong to.
    """
    height, width = picture.shape[:2]
    factor = np.array([width / frame_size_px[0], height / frame_size_px[1]])
    box_px = np.array(hand.box_px, np.float64).reshape(2, 2)
    joints = _place(hand.landmarks[:, :2], factor, mirror, width)
    box = _place(box_px, factor, mirror, width)
    # The thickness of a bone follows the hand's size: a fifth of a finger's, with an upper limit.
    reach = min(float(np.ptp(box, axis=0).max()) / 60, min(width, height) / 120)
    thick = max(1, round(reach))
    _draw_box(picture, box, thick, colour)
    _draw_lines(picture, joints[_BONES], thick, 2, colour)
    for point in _fixed(joints):
        centre = (int(point[0]), int(point[1]))
        for radius, fill in ((thick * 0.9 + 1.5, _SHADOW), (thick * 0.9 + 0.5, _JOINT)):
            size = round(radius * (1 << _FRACTION_BITS))
            cv2.circle(picture, centre, size, fill, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS)


def _draw_box(picture: Rgb, box: npt.NDArray[np.float64], thick: int, colour: Colour) -> None:
    """Draws the four corners of the box, a little outside of the hand."""
    (x0, y0), (x1, y1) = box.min(axis=0), box.max(axis=0)
    margin = 0.08 * max(x1 - x0, y1 - y0)
    arm = 0.16 * max(x1 - x0, y1 - y0)
    x0, y0, x1, y1 = x0 - margin, y0 - margin, x1 + margin, y1 + margin
    corners = np.array(
        [
            [(x, y + dy * arm), (x, y), (x + dx * arm, y)]
            for x, dx in ((x0, 1), (x1, -1))
            for y, dy in ((y0, 1), (y1, -1))
        ]
    )
    _draw_lines(picture, corners, thick, 2, colour)


def _draw_lines(
    picture: Rgb, lines: npt.NDArray[np.float64], thick: int, edge: int, colour: Colour
) -> None:
    """Draws (N, points, 2) open lines, each with a dark edge."""
    points = list(_fixed(lines))
    for stroke, width in ((_SHADOW, thick + edge), (colour, thick)):
        cv2.polylines(picture, points, False, stroke, width, cv2.LINE_AA, _FRACTION_BITS)


def _place(
    points: npt.NDArray[np.float32] | npt.NDArray[np.float64],
    factor: npt.NDArray[np.float64],
    mirror: bool,
    width: int,
) -> npt.NDArray[np.float64]:
    """Converts (N, 2) pixels of the frame to pixels of the scaled picture."""
    placed: npt.NDArray[np.float64] = points.astype(np.float64) * factor
    if mirror:
        placed[:, 0] = width - placed[:, 0]
    placed = placed.clip(-_FAR_PX, _FAR_PX)
    placed[np.isnan(placed)] = -_FAR_PX
    return placed


def _fixed(points: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Converts coordinates to cv2's integers; cv2 counts from the middle of the first pixel."""
    return np.rint((points - 0.5) * (1 << _FRACTION_BITS)).astype(np.int32)
