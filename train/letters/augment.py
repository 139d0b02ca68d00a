"""Landmarks made from landmarks: variations of the same sign, and hands that make no sign.

All take and give (N, 21, 3) float32 landmarks of right hands in palm sizes (`upright`), and
draw from the generator they are given, so that a seed repeats a training run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.joints import PALM, PARENT, TIPS

Floats = npt.NDArray[np.float32]
_PALM = list(PALM)
_FINGERS = [list(range(tip - 3, tip + 1)) for tip in TIPS]  # four joints each, root to tip
_PARENT = list(PARENT)


@dataclass(frozen=True)
class Amounts:
    """How much variations differ: standard deviations.

    Source: train/LOG.md, 2026-11-21, where more tilt, turn, bone change and joint noise read worse.

    tilt_rad: about the two axes in the picture's plane; turn_rad: in the picture's plane.
    depth: of the logarithm of z's scale, which cameras and models disagree on most.
    wide: of the logarithm of the width, for pictures with other proportions.
    bone: of the logarithm of each bone's length. joint: of each joint, in palm sizes.
    mistaken: share of hands that are mirrored, as if their handedness had been mistaken.
    """

    tilt_rad: float = 0.2
    turn_rad: float = 0.17
    depth: float = 0.2
    wide: float = 0.06
    bone: float = 0.06
    joint: float = 0.02
    mistaken: float = 0.05


def upright(landmarks: Floats, left: npt.NDArray[np.bool_]) -> Floats:
    """Returns (N, 21, 3) landmarks as right hands, the palm's middle at 0, in palm sizes."""
    xyz = landmarks - landmarks[:, _PALM].mean(1, keepdims=True)
    xyz = xyz / np.sqrt((xyz[:, _PALM] ** 2).sum((1, 2), keepdims=True))
    xyz[..., 0] *= np.where(left, -1, 1)[:, None]
    return np.asarray(xyz, np.float32)


def varied(xyz: Floats, random: np.random.Generator, amounts: Amounts) -> Floats:
    """Returns each hand as another camera, model and signer would show it."""
    n = len(xyz)
    scale = np.exp(random.normal(0, amounts.bone, (n, 21, 1)))
    bones = (xyz - xyz[:, _PARENT]) * scale
    bones[:, 0] = xyz[:, 0]
    out = bones.copy()
    for joint in range(1, 21):  # parents come first
        out[:, joint] += out[:, _PARENT[joint]]
    out[..., 2] *= np.exp(random.normal(0, amounts.depth, (n, 1)))
    out = out @ rotations(
        random.normal(0, amounts.tilt_rad, n),
        random.normal(0, amounts.tilt_rad, n),
        random.normal(0, amounts.turn_rad, n),
    )
    out[..., 0] *= np.exp(random.normal(0, amounts.wide, (n, 1)))
    out += random.normal(0, amounts.joint, out.shape) * np.exp(random.normal(0, 0.5, (n, 1, 1)))
    out[..., 0] *= np.where(random.random(n) < amounts.mistaken, -1, 1)[:, None]
    return out.astype(np.float32)


def rotations(
    x_rad: npt.NDArray[np.float64], y_rad: npt.NDArray[np.float64], z_rad: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Returns (N, 3, 3) matrices for row vectors: about x, then y, then z."""
    out = np.eye(3)[None]
    for angle, (a, b) in ((x_rad, (1, 2)), (y_rad, (2, 0)), (z_rad, (0, 1))):
        turn = np.tile(np.eye(3), (len(angle), 1, 1))
        turn[:, a, a] = turn[:, b, b] = np.cos(angle)
        turn[:, a, b], turn[:, b, a] = np.sin(angle), -np.sin(angle)
        out = out @ turn
    return out


def between(a: Floats, b: Floats, random: np.random.Generator) -> Floats:
    """Returns hands half-way from one to another, as fingers are between two letters."""
    share = random.uniform(0.35, 0.65, (len(a), 1, 1))
    return (a + share * (b - a)).astype(np.float32)


def mixed(a: Floats, b: Floats, random: np.random.Generator) -> Floats:
    """Returns hands with some fingers of one and the others of another: handshapes at random."""
    out = a.copy()
    take = random.random((len(a), 5)) < 0.5
    for f, finger in enumerate(_FINGERS):
        base = finger[0]
        moved = b[:, finger] - b[:, base, None] + a[:, base, None]
        out[:, finger] = np.where(take[:, f, None, None], moved, a[:, finger])
    return out
