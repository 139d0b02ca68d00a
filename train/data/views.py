"""Other views of a photographed hand: in the mirror, off its place, in another light.

The hand models run on each view anew, so that landmarks and pooled features differ as much as they
do from signer to signer and from frame to frame on a device.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from edge.hands.geometry import region_of_hand
from edge.hands.photograph import mirrored as mirrored_hand
from edge.hands.tracking import PRESENCE
from edge.stages import Detector
from edge.types import Frame, Hand, Region, Rgb

# Of an altered view: how far its region is off, as standard deviations. SHIFT is a share of the
# region's side, SCALE of the logarithm of its side. Following a hand from frame to frame puts a
# region off by about as much, and so does another detector. What such
# views gain: train/LOG.md, "More looks at each photograph".
SHIFT, SCALE, TURN_RAD = 0.04, 0.08, 0.17
# Its brightness, as standard deviations: of the logarithm of gamma, of the logarithm of each
# colour's gain, and of what is added to all pixels, which are 0 to 1.
GAMMA, GAIN, OFFSET = 0.35, 0.15, 0.04
SIDE_PX = (28, 160)  # a small hand's region is as small as this, in one view of two
BLUR_PX = (0.5, 2.0)  # standard deviation in pixels of the landmark model, in two views of five
NOISE = (0.01, 0.05)  # standard deviation of each pixel, which is 0 to 1, in one view of two
MODEL_SIDE_PX = 224  # of the landmark model's picture


def view(
    detector: Detector,
    rgb: Rgb,
    hand: Hand,
    *,
    mirrored: bool = False,
    altered: np.random.Generator | None = None,
) -> Hand | None:
    """Fits the hand once more; returns it in pixels of the picture as it is, None if it is lost.

    mirrored: in the mirrored picture. altered: in a region and a light that this generator draws.
    """
    wide = rgb.shape[1] - 1
    if mirrored:
        rgb = np.ascontiguousarray(rgb[:, ::-1])
        hand = mirrored_hand(hand, wide)
    region = region_of_hand(hand.landmarks)
    if altered is not None:
        rgb = relit(rgb, region.size, altered)
        region = Region(
            region.cx + altered.normal(0, SHIFT) * region.size,
            region.cy + altered.normal(0, SHIFT) * region.size,
            region.size * float(np.exp(altered.normal(0, SCALE))),
            region.rotation_rad + altered.normal(0, TURN_RAD),
        )
    seen = detector.fit(Frame(rgb, 0, 0), region)
    if seen is None or seen.presence < PRESENCE:
        return None
    return mirrored_hand(seen, wide) if mirrored else seen


def relit(rgb: Rgb, region_px: float, random: np.random.Generator) -> Rgb:
    """Returns the (H, W, 3) uint8 picture in another light, by a poorer camera.

    region_px: the side of the hand's region, which blur and size are relative to.
    """
    height, width = rgb.shape[:2]
    picture = rgb.astype(np.float32) / 255
    side_px = random.integers(*SIDE_PX)
    if random.random() < 0.5 and side_px < region_px:
        share = side_px / region_px
        small = (max(1, round(width * share)), max(1, round(height * share)))
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        picture = cv2.resize(picture, (width, height))  # type: ignore[assignment]
    picture = picture ** np.float32(np.exp(random.normal(0, GAMMA)))
    picture = picture * np.exp(random.normal(0, GAIN, 3)) + random.normal(0, OFFSET)
    if random.random() < 0.4:
        sigma_px = random.uniform(*BLUR_PX) * region_px / MODEL_SIDE_PX
        picture = cv2.GaussianBlur(picture, (0, 0), max(0.3, sigma_px))  # type: ignore[assignment]
    if random.random() < 0.5:
        noise = random.standard_normal(picture.shape, np.float32)
        picture = picture + np.float32(random.uniform(*NOISE)) * noise
    return cast(Rgb, (np.clip(picture, 0, 1) * 255).astype(np.uint8))
