"""Hands on other backgrounds: where the hand is in a picture, and textures to lay it on.

With the hand's landmarks, GrabCut (Rother et al. 2004) learns the colours of hand and room from the
pixels along the bones and those far from them. Without, skin is what lies within a fixed range of
chrominance (Chai and Ngan 1999).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.geometry import BONES
from edge.picture import find_pictures, read_rgb
from edge.types import Rgb

Mask = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float32]
SKIN = (np.array([0, 133, 77], np.uint8), np.array([255, 173, 127], np.uint8))  # Y, Cr, Cb
ROUNDS = 3  # of GrabCut; more change less than a hundredth of the mask
# In palm lengths: how thick a finger surely is, how far from its bones a hand may reach.
SURE, MAY_BE, FAR = 0.10, 0.20, 0.32
_PALM = [0, 1, 5, 9, 13, 17]


def hand_mask(rgb: Rgb, landmarks: Floats | None) -> Mask:
    """Returns how much each pixel belongs to the hand: (H, W) float32, 0 to 1.

    rgb: (H, W, 3) uint8. landmarks: (21, 2) pixels, or None where no hand was found.
    """
    if landmarks is None:
        chroma = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
        return _smooth(cv2.inRange(chroma, *SKIN).astype(np.uint8) // 255)
    palm = float(np.linalg.norm(landmarks[9] - landmarks[0])) + 1e-6
    # The wrist is the last joint, but not the end of the hand: a piece of the arm goes with it.
    arm = landmarks[0] + 0.5 * (landmarks[0] - landmarks[9])
    sure, may_be, near = (
        _drawn(rgb.shape[:2], landmarks, arm, max(1, round(width * palm)))
        for width in (SURE, MAY_BE, FAR)
    )
    trimap = np.full(rgb.shape[:2], cv2.GC_BGD, np.uint8)
    trimap[near > 0] = cv2.GC_PR_BGD
    trimap[may_be > 0] = cv2.GC_PR_FGD
    trimap[sure > 0] = cv2.GC_FGD
    if (trimap == cv2.GC_BGD).any():
        cv2.setRNGSeed(1)  # GrabCut begins with k-means, and k-means by chance
        models = np.zeros((2, 1, 65), np.float64)
        cv2.grabCut(rgb, trimap, None, models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    hand = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    return _smooth(hand)


def _drawn(
    shape: tuple[int, ...], joints: Floats, arm: Floats, width: int
) -> npt.NDArray[np.uint8]:
    """Draws bones, palm and a piece of the arm, `width` pixels to either side."""
    ink = np.zeros(shape, np.uint8)
    points = np.round(joints).astype(np.int32)
    for a, b in BONES:
        cv2.line(ink, points[a].tolist(), points[b].tolist(), 1, 2 * width)
    cv2.line(ink, points[0].tolist(), np.round(arm).astype(int).tolist(), 1, 3 * width)
    cv2.fillPoly(ink, [points[_PALM]], 1)
    return ink


def _smooth(mask: npt.NDArray[np.uint8]) -> Mask:
    """Closes small holes, drops specks, and softens the edge by a pixel or two."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    whole = cv2.morphologyEx(
        cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), cv2.MORPH_OPEN, kernel
    )
    return np.asarray(cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 1.0))


def on_texture(rgb: Rgb, mask: Mask, texture: Rgb, random: np.random.Generator) -> Rgb:
    """Returns the hand before another background: some part of the texture, either way round."""
    height, width = mask.shape
    side = int(min(texture.shape[:2]) * random.uniform(0.5, 1.0))
    y = int(random.integers(0, texture.shape[0] - side + 1))
    x = int(random.integers(0, texture.shape[1] - side + 1))
    part = cv2.resize(texture[y : y + side, x : x + side], (width, height))
    part = np.ascontiguousarray(part[:, :: int(random.choice((-1, 1)))])
    return np.asarray(cv2.blendLinear(rgb, part, mask, 1 - mask), np.uint8)


def folder(path: Path) -> list[Rgb]:
    """Reads the user's own textures; raises UsageError for a folder without pictures."""
    return [read_rgb(file) for file in find_pictures(path)]


def synthetic(random: np.random.Generator, side_px: int) -> Rgb:
    """Returns a (side_px, side_px, 3) uint8 texture: a pattern between two or three colours."""
    y, x = np.mgrid[0:side_px, 0:side_px].astype(np.float32) / side_px
    angle = random.uniform(0, np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    kinds: tuple[Callable[[], Floats], ...] = (
        lambda: _noise(random, side_px, int(random.integers(1, 5))),
        lambda: _wave(along * random.uniform(3, 20)),
        lambda: _wave(along * random.uniform(3, 12) + 3 * _noise(random, side_px, 3)),  # wood
        lambda: _checks(along, across, random.uniform(2, 12)),
        lambda: _bricks(along, across, random.uniform(3, 9)),
        lambda: along - along.min(),
        lambda: _spots(random, x, y),
    )
    pattern = kinds[int(random.integers(len(kinds)))]()
    pattern = pattern + random.uniform(0, 0.3) * _noise(random, side_px, 5)
    pattern = (pattern - pattern.min()) / (np.ptp(pattern) + 1e-6)
    stops = random.uniform(0, 255, (int(random.integers(2, 4)), 3))
    at = np.linspace(0, 1, len(stops))
    rgb = np.stack([np.interp(pattern, at, stops[:, c]) for c in range(3)], -1)
    rgb += random.normal(0, random.uniform(0, 6), rgb.shape)
    return np.asarray(np.clip(rgb, 0, 255), np.uint8)


def _noise(random: np.random.Generator, side_px: int, octaves: int) -> Floats:
    """Noise of several sizes, each finer one half as strong."""
    out = np.zeros((side_px, side_px), np.float32)
    for octave in range(octaves):
        cells = 2 ** (octave + 2)
        coarse = random.random((cells, cells)).astype(np.float32)
        fine = cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
        out += np.asarray(fine, np.float32) / 2**octave
    return out


def _wave(phase: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.sin(2 * np.pi * phase), np.float32)


def _checks(along: Floats, across: Floats, count: float) -> Floats:
    return np.asarray((np.floor(along * count) + np.floor(across * count)) % 2, np.float32)


def _bricks(along: Floats, across: Floats, count: float) -> Floats:
    row = np.floor(across * 2 * count)
    joint_x = np.abs((along * count + 0.5 * (row % 2)) % 1 - 0.5) > 0.45
    joint_y = np.abs((across * 2 * count) % 1 - 0.5) > 0.42
    return np.asarray(joint_x | joint_y, np.float32)


def _spots(random: np.random.Generator, x: Floats, y: Floats) -> Floats:
    out = np.zeros_like(x)
    for cx, cy, radius in random.uniform(
        (0, 0, 0.03), (1, 1, 0.2), (int(random.integers(5, 30)), 3)
    ):
        out[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] += random.uniform(0.3, 1)
    return out
