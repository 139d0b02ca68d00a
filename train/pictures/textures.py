"""Hands on other backgrounds: where the hand is in a picture, and textures to lay it on.

Where the hand's landmarks are known, two mixtures of normal distributions are fitted: to the
colours along its bones, and to those far from it. Each pixel near the hand belongs to the likelier
of the two, and GrabCut (Rother et al. 2004) then moves the border to where the picture has an edge.
Without landmarks, skin is what lies within a fixed range of chrominance (Chai and Ngan 1999).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.decoding.picture import find_pictures, read_rgb
from edge.errors import SourceError, UsageError
from edge.joints import BONES, KNUCKLES, MIDDLE_MCP, WRIST
from edge.types import Rgb

Mask = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float32]
# How many colours a hand has (lit, in shade, nails, a sleeve), and how many a room.
HAND_COLOURS, ROOM_COLOURS = 4, 8
SAMPLE = 3000  # pixels that a mixture is fitted to
VARIANCE = 20.0  # added to each colour's, in 8-bit Lab, so that a camera's noise is no new colour
ROUNDS = 3  # of GrabCut; further ones change less than a hundredth of the mask
# In palm lengths from the bones: what is surely hand, what may be hand, and how much of the arm is
# cut out with the hand.
SURE, NEAR, ARM = 0.075, 0.4, 0.5
FARTHEST = 0.1  # share of the pixels that count as the room where the hand fills the picture
SKIN = (np.array([0, 133, 77], np.uint8), np.array([255, 173, 127], np.uint8))  # Y, Cr, Cb
# A patch of skin's colour is a hand if it covers these shares: of the picture, of all skin in it,
# and of its own convex outline. It may cover at most a share of the picture's border, since walls
# and wood have that colour too. The border is measured a little inside the picture, because some
# sets draw a frame.
LEAST_SKIN, MAIN_SKIN, SOLID, EDGE_SKIN, INSET = 0.02, 0.8, 0.55, 0.15, 0.04
TEXTURES, TEXTURE_PX = 1000, 512  # of a folder: how many are kept, and how large, in memory
_OUTLINE = [WRIST, 1, *KNUCKLES]  # of the palm; 1 is the thumb's first joint
_Colours = list[tuple[npt.NDArray[Any], npt.NDArray[Any], float]]


def hand_mask(rgb: Rgb, landmarks: Floats | None) -> Mask:
    """Returns how much each pixel belongs to the hand: (H, W) float32, 0 to 1.

    rgb: (H, W, 3) uint8. landmarks: (21, 2) pixels, or None where no hand was found; where
    no skin is found either, all of the picture is.
    """
    if landmarks is None:
        return _skin(rgb)
    sure, near = _drawn(rgb.shape[:2], landmarks, SURE), _drawn(rgb.shape[:2], landmarks, NEAR)
    room = near == 0
    if room.mean() < FARTHEST:
        away = cv2.distanceTransform(1 - sure, cv2.DIST_L2, 5)
        room = away >= np.quantile(away, 1 - FARTHEST)
    lab = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab), np.float64)
    hand = _likelihood(lab[near > 0], _colours(lab[sure > 0], HAND_COLOURS))
    rest = _likelihood(lab[near > 0], _colours(lab[room], ROOM_COLOURS))
    kind = np.full(rgb.shape[:2], cv2.GC_BGD, np.uint8)
    kind[near > 0] = np.where(hand > rest, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    kind[sure > 0] = cv2.GC_FGD
    if np.isin(kind, (cv2.GC_BGD, cv2.GC_PR_BGD)).any():
        cv2.setRNGSeed(1)  # GrabCut begins with k-means, and k-means at random
        models = np.zeros((2, 1, 65), np.float64)
        cv2.grabCut(rgb, kind, None, models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return _smooth(np.isin(kind, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8))


def _drawn(shape: tuple[int, ...], joints: Floats, width: float) -> npt.NDArray[np.uint8]:
    """Draws bones, palm and a piece of the arm, `width` palm lengths to either side."""
    ink = np.zeros(shape, np.uint8)
    palm = joints[MIDDLE_MCP] - joints[WRIST]
    width_px = max(1, round(width * float(np.linalg.norm(palm))))
    points = np.round(joints).astype(np.int32)
    for a, b in BONES:
        cv2.line(ink, points[a].tolist(), points[b].tolist(), 1, 2 * width_px)
    elbow = np.round(joints[WRIST] - ARM * palm).astype(int)
    cv2.line(ink, points[WRIST].tolist(), elbow.tolist(), 1, 3 * width_px)
    cv2.fillPoly(ink, [points[_OUTLINE]], 1)
    return ink


def _colours(pixels: npt.NDArray[np.float64], count: int) -> _Colours:
    """Returns a mixture of normal distributions: mean, inverse covariance, log of the weight."""
    random = np.random.default_rng(0)
    seen = pixels[random.permutation(len(pixels))[:SAMPLE]].astype(np.float32)
    cv2.setRNGSeed(1)
    _, cluster, _ = cv2.kmeans(  # type: ignore[call-overload]
        seen,
        min(count, len(seen)),
        None,
        (cv2.TERM_CRITERIA_COUNT, 12, 0),
        1,
        cv2.KMEANS_PP_CENTERS,
    )
    out = []
    for number in range(count):
        of_it = seen[cluster[:, 0] == number].astype(np.float64)
        if len(of_it) > 1:
            covariance = np.cov(of_it.T) + np.eye(3) * VARIANCE
            weight = np.log(len(of_it) / len(seen)) - 0.5 * np.log(np.linalg.det(covariance))
            out.append((of_it.mean(0), np.linalg.inv(covariance), float(weight)))
    return out


def _likelihood(pixels: npt.NDArray[np.float64], colours: _Colours) -> npt.NDArray[np.float64]:
    """Returns the log likelihood of (N, 3) pixels under the nearest of the colours."""
    out = np.full(len(pixels), -np.inf)
    for mean, inverse, weight in colours:
        off = pixels - mean
        np.maximum(out, weight - 0.5 * ((off @ inverse) * off).sum(1), out=out)
    return out


def _skin(rgb: Rgb) -> Mask:
    """Returns the patch of skin's chrominance; all of the picture where it cannot be a hand."""
    skin = cv2.inRange(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), *SKIN)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    _, patch, about, _ = cv2.connectedComponentsWithStats(
        cv2.morphologyEx(skin, cv2.MORPH_OPEN, kernel)
    )
    areas = about[1:, cv2.CC_STAT_AREA]
    if len(areas):
        hand = (patch == 1 + areas.argmax()).astype(np.uint8)
        inset = 1 + int(INSET * min(hand.shape))
        edge = np.concatenate([hand[inset], hand[-inset], hand[:, inset], hand[:, -inset]]).mean()
        outline = cv2.convexHull(cv2.findNonZero(hand))
        solid = areas.max() / max(1.0, cv2.contourArea(outline))
        if (
            areas.max() > LEAST_SKIN * hand.size
            and areas.max() > MAIN_SKIN * areas.sum()
            and edge < EDGE_SKIN
            and solid > SOLID
        ):
            return _smooth(hand)
    return np.ones(rgb.shape[:2], np.float32)


def _smooth(mask: npt.NDArray[np.uint8]) -> Mask:
    """Closes small holes, drops specks, and softens the edge by a pixel or two."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
    whole = cv2.morphologyEx(closed, cv2.MORPH_OPEN, kernel)
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
    """Reads the user's own textures, evenly chosen where there are more than TEXTURES.

    Raises UsageError for a folder without pictures, or a picture that cannot be read.
    """
    files = find_pictures(path)
    try:
        return [_small(read_rgb(file)) for file in files[:: -(-len(files) // TEXTURES)]]
    except SourceError as error:
        raise UsageError(f"{error}; take it out of the textures") from error


def _small(rgb: Rgb) -> Rgb:
    shrink = TEXTURE_PX / max(rgb.shape[:2])
    if shrink >= 1:
        return rgb
    size = [max(1, round(side * shrink)) for side in rgb.shape[1::-1]]
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


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
