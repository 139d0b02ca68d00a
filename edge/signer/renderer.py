"""Draws a posed hand: round cones along the bones, a fleshy palm, creases, nails and a sleeve.

Every part is a cone of canvas.py, drawn into one height map. The parts of palm and arm are smoothed
into one body; the fingers are not, so that their edges stay visible. light.py then turns the map
into a picture. Only the patch with the hand is drawn.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.signer.canvas import FAR, Canvas, Map, Window
from edge.signer.flesh import FOREARM_MM, Body, Flesh, cover
from edge.signer.light import colours
from edge.signer.scene import NAIL, PALMAR, SLEEVE, Scene
from edge.signer.skeleton import Array
from edge.types import Rgb

# The lengths over which cones are smoothed into one surface: the back of a hand is smooth, the palm
# has pads and folds. These and the depths below are chosen by eye.
ARM_SOFTNESS_MM, PALM_SOFTNESS_MM, BACK_SOFTNESS_MM = 8.0, 3.0, 9.0
FINGER_SOFTNESS_MM = 4.0  # fingers as near as this to the palm join it smoothly
CREASE_DEPTH, CREASE_MM = 0.13, 1.6  # of finger joints: the share of light taken, the width
PALM_CREASE_DEPTH, PALM_CREASE_MM = 0.30, 1.6
CLOTH_MM = 4.0  # of a sleeve, over the arm


def render(scene: Scene, body: Body) -> Rgb:
    """Draws the hand into a copy of the scene's background: (H, W, 3) uint8."""
    rgb = scene.background.copy()
    flesh = cover(scene, body)
    height, width = rgb.shape[:2]
    parts = (flesh.fingers, flesh.palm, flesh.arm)
    spheres = np.concatenate([part.reshape(-1, 4) for part in parts])
    centres, reach = spheres[:, :2], spheres[:, 3:] + 2
    x0, y0 = np.maximum((centres - reach).min(axis=0), 0).astype(int)
    x1, y1 = np.minimum((centres + reach).max(axis=0), (width, height)).astype(int)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return rgb
    canvas = Canvas(int(x0), int(y0), int(x1), int(y1))
    _draw_arm(canvas, scene, flesh)
    _draw_palm(canvas, scene, body, flesh)
    _draw_fingers(canvas, scene, body, flesh)
    patch = rgb[y0:y1, x0:x1]
    colour, mask = colours(canvas, scene)
    share = cv2.GaussianBlur(mask.astype(np.float32), (3, 3), 0.7)
    mixed = cv2.blendLinear(colour, patch, share, 1 - share)
    patch[:] = cv2.GaussianBlur(mixed, (3, 3), 0.55)  # a lens is never quite sharp
    return rgb


def _draw_arm(canvas: Canvas, scene: Scene, flesh: Flesh) -> None:
    scale = scene.px_per_mm
    for start, end in flesh.arm:
        window, height, _ = canvas.cone(start, end)
        canvas.add(window, height)
    covered = scene.sleeve_mm / FOREARM_MM
    for start, end in flesh.arm if covered < 1 else ():
        cuff = start + covered * (end - start)
        cuff[3] += CLOTH_MM * scale
        window, height, place = canvas.cone(cuff, end)
        height[place <= 0] = FAR  # a sleeve is cut off straight
        cloth = canvas.add(window, height)
        np.copyto(canvas.tint[window], np.float32(SLEEVE), where=cloth)
    canvas.smooth(ARM_SOFTNESS_MM * scale)


def _draw_palm(canvas: Canvas, scene: Scene, body: Body, flesh: Flesh) -> None:
    canvas.tint[canvas.tint != SLEEVE] = _tint(-body.palm[:, 2])
    for start, end in flesh.palm:
        window, height, _ = canvas.cone(start, end)
        canvas.add(window, height)
    back = float(np.clip(-2 * body.palm[2, 2] - 0.6, 0, 1))  # how far it is turned to the camera
    softness_mm = PALM_SOFTNESS_MM + back * (BACK_SOFTNESS_MM - PALM_SOFTNESS_MM)
    for _ in range(2 if back > 0 else 1):
        canvas.smooth(softness_mm * scene.px_per_mm)
    if body.palm[2, 2] > 0.1:
        _draw_palm_creases(canvas, scene, flesh, float(body.palm[2, 2]))


def _draw_palm_creases(canvas: Canvas, scene: Scene, flesh: Flesh, facing: float) -> None:
    width = max(1, round(PALM_CREASE_MM * scene.px_per_mm))
    lines = [line[:, :2] - (canvas.x0, canvas.y0) for line in flesh.creases]
    ink = np.zeros(canvas.shade.shape, np.uint8)
    points = [np.round(line * 16).astype(np.int32) for line in lines]
    cv2.polylines(ink, points, False, 255, width, cv2.LINE_AA, 4)
    depth = np.float32(PALM_CREASE_DEPTH * min(1.0, 2 * facing) / 255)
    canvas.shade -= cv2.GaussianBlur(ink, (3, 3), 0.8) * depth


def _draw_fingers(canvas: Canvas, scene: Scene, body: Body, flesh: Flesh) -> None:
    for finger, chain in enumerate(flesh.fingers):
        for bone in range(1 if finger == 0 else 0, 3):  # the thumb's first bone is in the palm
            start, end = chain[bone], chain[bone + 1]
            window, height, place = canvas.cone(start, end)
            if bone == 0:
                front = canvas.melt(window, height, FINGER_SOFTNESS_MM * scene.px_per_mm)
            else:
                front = canvas.add(window, height)
            np.copyto(canvas.tint[window], _tint(body.dorsal[finger, bone]), where=front)
            bone_px = float(np.linalg.norm(end[:3] - start[:3]))
            crease = _creases(place, CREASE_MM * scene.px_per_mm / bone_px)
            np.copyto(canvas.shade[window], crease, where=front)
        _draw_nail(canvas, (window, height, front), (start, end), body.dorsal[finger, 2])


def _tint(dorsal: Array) -> np.float32:
    """The palette's row for a part, from the back of the hand (0) to the palm (PALMAR)."""
    return np.float32(np.clip(0.5 - 0.9 * dorsal[2], 0, 1) * PALMAR)


def _creases(place: Map, reach: float) -> Map:
    """Fine dark lines across both ends of a bone, where skin folds over the joint."""
    depth = np.maximum(np.abs(place - np.float32(0.5)) - np.float32(0.5 - reach), 0)
    return np.asarray(1 - depth * np.float32(CREASE_DEPTH / reach), dtype=np.float32)


def _draw_nail(
    canvas: Canvas,
    drawn: tuple[Window, Map, npt.NDArray[np.bool_]],
    bone: tuple[Array, Array],
    dorsal: Array,
) -> None:
    """Paints the nail onto the last bone, just `drawn`, where its back is in view."""
    window, height, front = drawn
    start, end = bone
    out = dorsal * (1, -1, 1)  # pictures count y downwards
    if out[2] < -0.35:
        return
    axis = end[:3] - start[:3]
    axis /= np.linalg.norm(axis) + 1e-6
    across = np.cross(axis, out)
    radius = float(end[3])
    x, y = canvas.grid(window, end[:3] - axis * 0.15 * radius)
    z = height - np.float32(end[2] - axis[2] * 0.15 * radius)

    def along(way: Array, half_mm: float) -> Map:
        wx, wy, wz = (np.float32(v / half_mm) for v in way)
        return np.asarray((x * wx + y * wy) + z * wz, dtype=np.float32)

    long, broad = np.abs(along(axis, 1.05 * radius)), np.abs(along(across, 0.78 * radius))
    edge = long * long * long + broad * broad * broad  # a rounded square: 1 at the nail's edge
    nail = front & (edge < 1) & (along(out, radius) > 0.3)
    np.copyto(canvas.tint[window], np.float32(NAIL), where=nail)
    np.copyto(canvas.shade[window], np.float32(1.12) - np.float32(0.25) * edge * edge, where=nail)
