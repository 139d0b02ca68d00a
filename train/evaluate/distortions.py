"""What a camera, a room or a signer's stance does to a photograph, by measured amounts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from edge.types import Box, Rgb

Matrix = npt.NDArray[np.float64]  # (2, 3): takes points of the photograph to those of the result

CAMERA_PX = 640, 480  # the picture in which a hand of a given height is shown: a webcam's
GREY = (127, 127, 127)  # what lies outside a photograph, as in edge.hands.photograph


@dataclass(frozen=True)
class Distortion:
    """One way to distort, and by how much.

    apply: takes a (H, W, 3) uint8 photograph, an amount, and the box of the hand in pixels; returns
    the photograph distorted, and where its points went. amounts: rising. identity: the amount that
    leaves a photograph as it is; None where there is none. unit: what amounts count.
    """

    apply: Callable[[Rgb, float, Box], tuple[Rgb, Matrix]]
    amounts: tuple[float, ...]
    identity: float | None
    unit: str


def undone(points: npt.NDArray[np.float32], matrix: Matrix) -> npt.NDArray[np.float32]:
    """Takes (N, 2) points of the result back to the photograph."""
    back = cv2.invertAffineTransform(matrix)
    return cast(npt.NDArray[np.float32], cv2.transform(points[:, None], back)[:, 0])


def _brightness(rgb: Rgb, factor: float, hand: Box) -> tuple[Rgb, Matrix]:
    return _mapped(rgb, np.arange(256) / 255 * factor), np.eye(2, 3)


def _gamma(rgb: Rgb, exponent: float, hand: Box) -> tuple[Rgb, Matrix]:
    return _mapped(rgb, (np.arange(256) / 255) ** exponent), np.eye(2, 3)


def _mapped(rgb: Rgb, levels: npt.NDArray[np.float64]) -> Rgb:
    table = np.clip(np.rint(255 * levels), 0, 255).astype(np.uint8)
    return cast(Rgb, cv2.LUT(rgb, table))


def _blur(rgb: Rgb, percent: float, hand: Box) -> tuple[Rgb, Matrix]:
    sigma_px = percent / 100 * _height_px(hand)
    out = cv2.GaussianBlur(rgb, (0, 0), sigma_px) if sigma_px > 0 else rgb
    return cast(Rgb, out), np.eye(2, 3)


def _jpeg(rgb: Rgb, quality: float, hand: Box) -> tuple[Rgb, Matrix]:
    """100 stands for the photograph as it came, which was a JPEG already."""
    if quality == 100:
        return rgb, np.eye(2, 3)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded a line above
    return cast(Rgb, cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)), np.eye(2, 3)


def _height(rgb: Rgb, height_px: float, hand: Box) -> tuple[Rgb, Matrix]:
    """Returns a webcam's picture with the hand in its middle, the photograph scaled.

    What lies beyond the photograph is grey, what lies beyond the picture is cut off.
    """
    height, width = rgb.shape[:2]
    scale = height_px / _height_px(hand)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(rgb, size, interpolation=how)
    sx, sy = size[0] / width, size[1] / height
    x = round(CAMERA_PX[0] / 2 - sx * (hand.x0 + hand.x1) / 2)
    y = round(CAMERA_PX[1] / 2 - sy * (hand.y0 + hand.y1) / 2)
    shift = np.array([[1, 0, x], [0, 1, y]], np.float64)
    out = cv2.warpAffine(scaled, shift, CAMERA_PX, flags=cv2.INTER_NEAREST, borderValue=GREY)
    # Half a pixel: resizing keeps the corners of a picture in place, not the middle of its pixels.
    return cast(Rgb, out), np.array([[sx, 0, x + sx / 2 - 0.5], [0, sy, y + sy / 2 - 0.5]])


def _height_px(hand: Box) -> float:
    return max(hand.y1 - hand.y0, 1.0)


def _turn(rgb: Rgb, degrees: float, hand: Box) -> tuple[Rgb, Matrix]:
    """Returns it turned clockwise on screen, in a picture that holds all of it."""
    height, width = rgb.shape[:2]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    wide = round(width * abs(cos) + height * abs(sin))
    high = round(width * abs(sin) + height * abs(cos))
    x, y = (width - 1) / 2, (height - 1) / 2
    matrix = np.array(
        [
            [cos, -sin, (wide - 1) / 2 - cos * x + sin * y],
            [sin, cos, (high - 1) / 2 - sin * x - cos * y],
        ]
    )
    out = cv2.warpAffine(rgb, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderValue=GREY)
    return cast(Rgb, out), matrix


def _mirror(rgb: Rgb, mirrored: float, hand: Box) -> tuple[Rgb, Matrix]:
    if not mirrored:
        return rgb, np.eye(2, 3)
    wide = rgb.shape[1]
    return np.ascontiguousarray(rgb[:, ::-1]), np.array([[-1.0, 0, wide - 1], [0, 1, 0]])


DISTORTIONS = {
    "brightness": Distortion(
        _brightness,
        (0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.5, 2.0, 3.0, 4.0),
        1.0,
        "factor of the pixels' values",
    ),
    "gamma": Distortion(
        _gamma, (0.25, 0.4, 0.6, 1.0, 1.6, 2.5, 4.0), 1.0, "exponent; over 1 is darker"
    ),
    "blur": Distortion(
        _blur, (0.0, 1.0, 2.0, 3.0, 4.5, 7.0), 0.0, "Gaussian sigma, % of the hand's height"
    ),
    "JPEG": Distortion(_jpeg, (3.0, 5.0, 10.0, 20.0, 40.0, 80.0, 100.0), 100.0, "quality"),
    "hand height": Distortion(
        _height,
        (60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 400.0),
        None,
        f"pixels in a picture of {CAMERA_PX[0]}x{CAMERA_PX[1]}",
    ),
    "turn": Distortion(
        _turn, (-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0), 0.0, "degrees, clockwise on screen"
    ),
    "mirror": Distortion(_mirror, (0.0, 1.0), 0.0, "0 as it is, 1 mirrored: the other hand"),
}
