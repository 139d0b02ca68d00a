"""One handshape as a square picture: for the sheet of all of them, and for the kiosk's alphabet."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from edge.signer.motion import trace
from edge.signer.script import TRACE_S
from edge.signer.signer import Signer
from edge.signer.skeleton import Array, rotation
from edge.types import Handedness, Rgb, Truth

SEEN_MM = 270.0  # a side of the square: a hand with its fingers spread, and some of the arm
TRAJECTORY_RGB = (255, 214, 64)


def cell(
    label: str,
    side_px: int,
    seed: int = 0,
    handedness: Handedness = "right",
    size: tuple[int, int] = (960, 720),
    *,
    behind: bool = False,
) -> Rgb:
    """Draws a handshape in the middle of its hold: (side_px, side_px, 3) uint8, red first.

    J and Z are drawn with their trajectory. size: of the signer's whole picture, (width, height) in
    pixels; a square is cut out of it that is 433 px wide where the picture is 960, and 216 of 480.
    behind: as the signer sees the own hand.
    """
    signer = Signer(label, seed=seed, handedness=handedness, size=size)
    if behind:
        signer.scene = replace(signer.scene, view=rotation(1, np.pi) @ signer.scene.view)
    segment = next(s for s in signer.timeline.segments if s.label == label)
    moment = segment.start_s if label in TRACE_S else (segment.start_s + segment.end_s) / 2
    rgb, truth = signer.draw(moment)
    if label in TRACE_S:
        _draw_trajectory(rgb, signer, label, moment)
    square = _square(rgb, truth, SEEN_MM * signer.scene.px_per_mm)
    small = cv2.resize(square, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _draw_trajectory(rgb: Rgb, signer: Signer, label: str, moment: float) -> None:
    """Draws the trajectory of the fingertip: the little finger's of J, the index finger's of Z."""
    tip = 20 if label == "J" else 8
    trajectory = trace(label, signer.timeline.at(moment)[1])
    bodies = [signer.body(trajectory(phase), moment) for phase in np.linspace(0, 1, 60)]
    points = signer.scene.project(np.array([body.joints[tip] for body in bodies]))[0][:, :2]
    cv2.polylines(
        rgb, [np.round(points * 16).astype(np.int32)], False, TRAJECTORY_RGB, 3, cv2.LINE_AA, 4
    )
    end, before = points[-1], points[-8]
    cv2.arrowedLine(rgb, _whole(before), _whole(end), TRAJECTORY_RGB, 3, cv2.LINE_AA, tipLength=0.9)


def _whole(point: Array) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _square(rgb: Rgb, truth: Truth, side_px: float) -> Rgb:
    assert truth.hand is not None
    box = truth.hand.box_px
    half = side_px / 2
    x = int(np.clip((box.x0 + box.x1) / 2 - half, 0, rgb.shape[1] - side_px))
    y = int(np.clip((box.y0 + box.y1) / 2 - 0.9 * half, 0, rgb.shape[0] - side_px))
    return rgb[y : y + int(side_px), x : x + int(side_px)]
