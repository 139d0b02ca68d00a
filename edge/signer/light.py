"""Lights a height map: by how a place faces the lamp, its depth in a fold, and cast shadows."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.signer.canvas import FAR, Canvas, Map
from edge.signer.scene import Scene
from edge.types import Rgb

# These are chosen by eye, to look like photographs of hands in a room.
WRAP = 0.35  # the cosine beyond the edge of the lit side up to which skin, being soft, is still lit
FOLD_REACH_MM, FOLD_DEPTH_MM, FOLD_DARKEST = 22.0, 26.0, 0.55
SHADOW_STEPS_MM, SHADOW_SOFTNESS_MM, SHADOW_DEPTH = (5.0, 10.0, 16.0), 5.0, 0.38
GLINT, GLINT_SHARPNESS = 0.10, 16


def colours(canvas: Canvas, scene: Scene) -> tuple[Rgb, npt.NDArray[np.uint8]]:
    """The lit hand as (h, w, 3) uint8 RGB, and a mask, (h, w) uint8, of where it is."""
    height = canvas.height
    mask = (height > FAR / 2).view(np.uint8)
    facing = _facing(_rounded_off(height, mask), scene)
    light = np.clip((facing + WRAP) * ((1 - scene.ambient) / (1 + WRAP)), 0, None) + scene.ambient
    light *= 1 - _folds(height, mask, scene.px_per_mm)
    lit = 1 - _shadows(height, mask, scene)
    light *= 1 - SHADOW_DEPTH * (1 - lit)
    light *= canvas.shade
    light += np.maximum(facing, 0) ** GLINT_SHARPNESS * lit * np.float32(GLINT * scene.gloss)
    level = light * 200
    level += scene.grain[: level.shape[0], : level.shape[1]]
    row = np.clip(level, 0, 255).astype(np.intp)
    row += canvas.tint.astype(np.intp) << 8
    return scene.palette.take(row, axis=0), mask


def _rounded_off(height: Map, mask: npt.NDArray[np.uint8]) -> Map:
    """The map with a rim two pixels lower, so that its edge has a slope and not a step."""
    rim = cv2.dilate(height, np.ones((3, 3), np.uint8)) - np.float32(2)
    np.copyto(rim, height, where=mask.view(np.bool_))
    return np.asarray(rim, dtype=np.float32)


def _facing(height: Map, scene: Scene) -> Map:
    """The cosine between the surface and the lamp."""
    slope_x = np.clip(cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125), -4, 4)
    slope_y = np.clip(cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125), -4, 4)
    lx, ly, lz = (np.float32(v) for v in scene.light)
    towards = lz - slope_x * lx - slope_y * ly
    return np.asarray(towards / np.sqrt(slope_x**2 + slope_y**2 + 1), dtype=np.float32)


def _folds(height: Map, mask: npt.NDArray[np.uint8], px_per_mm: float) -> Map:
    """How deep a place lies below its surroundings, 0 to FOLD_DARKEST."""
    side = int(FOLD_REACH_MM * px_per_mm) | 1
    weight = cv2.blur(mask.astype(np.float32), (side, side)) + np.float32(1e-3)
    around = cv2.blur(height * mask, (side, side)) / weight
    deep = (around - height) * np.float32(1 / (FOLD_DEPTH_MM * px_per_mm))
    return np.asarray(np.clip(deep, 0, FOLD_DARKEST), dtype=np.float32)


def _shadows(height: Map, mask: npt.NDArray[np.uint8], scene: Scene) -> Map:
    """How much of the lamp another part hides, 0 to 1: the map compared with itself, shifted."""
    lx, ly, lz = scene.light
    above = np.zeros_like(height)
    for step_mm in SHADOW_STEPS_MM:
        step = step_mm * scene.px_per_mm
        dx, dy = round(lx / max(lz, 0.3) * step), round(ly / max(lz, 0.3) * step)
        caster = cv2.warpAffine(
            height,
            np.array([[1, 0, -dx], [0, 1, -dy]], dtype=np.float32),
            (height.shape[1], height.shape[0]),
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=float(FAR),
        )
        np.maximum(above, caster - height - np.float32(step), out=above)
    depth = np.minimum(above * np.float32(1 / (SHADOW_SOFTNESS_MM * scene.px_per_mm)), 1)
    return np.asarray(cv2.blur(depth * mask, (3, 3)), dtype=np.float32)
