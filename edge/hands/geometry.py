"""Boxes, rotated squares and landmarks; crops of pictures are made here and nowhere else.

Landmarks are fitted in a rotated square (`Region`) in which the fingers point up. Its proportions
are those that MediaPipe's hand models were trained with; each constant names the file of MediaPipe
0.10.18 that states it, in mediapipe/modules. Models that read pixels get an upright square.
"""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from edge.counting import counted
from edge.joints import INDEX_MCP, MIDDLE_MCP, RING_MCP, WRIST
from edge.types import Box, Landmarks, Region, Rgb

# hand_landmark/hand_landmark_landmarks_to_roi.pbtxt: the joints that move least as fingers bend,
# the side of the square over that of the box around them, and its shift towards the fingers.
_STEADY = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
_HAND_SCALE, _HAND_SHIFT = 2.0, -0.1
# palm_detection/palm_detection_detection_to_roi.pbtxt: the same for the box of a palm.
_PALM_SCALE, _PALM_SHIFT = 2.6, -0.5

# A fourth channel makes a crop faster while it reads fewer pixels of the frame than this for each
# of its own. OpenCV 5 warps 224 px of four channels in 0.11 ms and of three in 0.31 ms, but adding
# the channel takes time for every pixel that is read.
_FOURTH_CHANNEL_BELOW = 5


def region_of_palm(box: Box, wrist: tuple[float, float], middle: tuple[float, float]) -> Region:
    """Returns the square in which to fit landmarks, from a palm box and two of its keypoints.

    All in pixels of the frame; `middle` is the knuckle of the middle finger.
    """
    rotation = _upright(middle[0] - wrist[0], middle[1] - wrist[1])
    centre = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    long = max(box.x1 - box.x0, box.y1 - box.y0)
    return _shifted(centre, box.y1 - box.y0, rotation, _PALM_SHIFT, long * _PALM_SCALE)


def region_of_hand(landmarks: Landmarks) -> Region:
    """Returns the square in which to fit this hand in the next frame; landmarks: (21, 3)."""
    # With plain numbers, which for a dozen points take a fifth of the time of arrays.
    points = [(x, y) for x, y, _ in landmarks.tolist()]
    wrist, index, middle, ring = (points[i] for i in (WRIST, INDEX_MCP, MIDDLE_MCP, RING_MCP))
    ahead = [(i + r) / 4 + m / 2 - w for w, i, m, r in zip(wrist, index, middle, ring, strict=True)]
    rotation = _upright(ahead[0], ahead[1])
    cos, sin = math.cos(rotation), math.sin(rotation)
    # The box around the points lies along the hand's own axes.
    across = [points[i][0] * cos + points[i][1] * sin for i in _STEADY]
    down = [points[i][1] * cos - points[i][0] * sin for i in _STEADY]
    width, height = max(across) - min(across), max(down) - min(down)
    x, y = min(across) + width / 2, min(down) + height / 2
    centre = x * cos - y * sin, x * sin + y * cos
    return _shifted(centre, height, rotation, _HAND_SHIFT, max(width, height) * _HAND_SCALE)


def region_of_box(box: Box, margin: float) -> Region:
    """Returns the upright square around a box's middle, `margin` times its longer side wide."""
    long = max(box.x1 - box.x0, box.y1 - box.y0)
    return Region((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, margin * long, 0.0)


def _upright(dx: float, dy: float) -> float:
    """Returns the rotation, in (-pi, pi], that makes the direction (dx, dy) point up."""
    return math.remainder(math.pi / 2 - math.atan2(-dy, dx), 2 * math.pi)


def _shifted(
    centre: tuple[float, float], height: float, rotation: float, shift: float, size: float
) -> Region:
    """Returns a square of side `size`, its centre moved by shift * height along the hand's axis."""
    down = height * shift
    return Region(
        centre[0] - down * math.sin(rotation), centre[1] + down * math.cos(rotation), size, rotation
    )


def crop(
    rgb: Rgb, region: Region, side_px: int, outside: Literal["border", "black"] = "border"
) -> Rgb:
    """Cuts the region out, turned upright, as (side_px, side_px, 3) uint8; bilinear.

    rgb: (H, W, 3) uint8. outside: how pixels outside the frame are filled. MediaPipe's landmark
    models were trained with a repeated border, its palm models with black.
    """
    (ax, bx, x), (ay, by, y) = _crop_to_frame(region, side_px)
    height, width = rgb.shape[:2]
    x0, x1 = _touched(x, ax * side_px, bx * side_px, width)
    y0, y1 = _touched(y, ay * side_px, by * side_px, height)
    part = rgb[y0:y1, x0:x1]
    matrix = np.array([(ax, bx, x - x0), (ay, by, y - y0)])
    wide = part.shape[0] * part.shape[1] < _FOURTH_CHANNEL_BELOW * side_px**2
    out = counted(
        cv2.warpAffine(
            counted(cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)) if wide else part,
            matrix,
            (side_px, side_px),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE if outside == "border" else cv2.BORDER_CONSTANT,
        )
    )
    return counted(cv2.cvtColor(out, cv2.COLOR_RGBA2RGB)) if wide else out


def _touched(start: float, a: float, b: float, length: int) -> tuple[int, int]:
    """Returns the range of pixels, of `length`, that a crop can touch along one axis.

    It holds at least one pixel, since a region outside the frame repeats the nearest border.
    """
    low, high = start + min(a, 0) + min(b, 0) - 2, start + max(a, 0) + max(b, 0) + 3
    first = int(min(max(low, 0), length - 1))
    return first, int(max(first + 1, min(high, length)))


def points_to_frame(points: npt.NDArray[np.float32], region: Region, side_px: int) -> Landmarks:
    """Converts (N, 3) points from pixels of a crop to pixels of the frame; z is only scaled."""
    (a, b, x), (c, d, y) = _crop_to_frame(region, side_px)
    matrix = np.array([(a, b, 0, x), (c, d, 0, y), (0, 0, region.size / side_px, 0)])
    return counted(cv2.transform(points[:, None], matrix))[:, 0]


def _crop_to_frame(
    region: Region, side_px: int
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Returns the two rows of the matrix that converts pixels of a crop to pixels of the frame."""
    scale = region.size / side_px
    cos, sin = scale * math.cos(region.rotation_rad), scale * math.sin(region.rotation_rad)
    half = side_px / 2
    return (
        (cos, -sin, region.cx - half * cos + half * sin),
        (sin, cos, region.cy - half * sin - half * cos),
    )


def box_of(landmarks: Landmarks) -> Box:
    """Returns the upright box around (21, 3) landmarks, in their pixels."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def hand_size_px(landmarks: Landmarks) -> float:
    """Returns the length of the palm in 3-D, wrist to middle knuckle: the unit of hand sizes.

    It hardly changes as fingers bend or the hand turns, while the side of a box does.
    """
    return float(np.linalg.norm(landmarks[MIDDLE_MCP] - landmarks[WRIST]))


def iou(a: Box, b: Box) -> float:
    """Returns the intersection over union of two boxes, 0..1; 0 if either is empty."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    if width <= 0 or height <= 0:
        return 0.0
    inter = width * height
    union = _area(a) + _area(b) - inter
    return inter / union if union > 0 else 0.0


def _area(box: Box) -> float:
    return (box.x1 - box.x0) * (box.y1 - box.y0)
