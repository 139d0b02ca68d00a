"""Hands in one photograph: there is no next frame, so the search tries harder than the live one.

The palm model knows palms of about a fifth of its picture: a hand that fills the photograph wants
room around it, a small one wants a part of the photograph. Fists and dark hands it often misses
all the same, where the landmark model, looking at the whole photograph, is sure of its hand: of
200 ASL Alphabet photographs the palm model missed 40 in every view, and the landmark model found
all 40, against 2 false ones on 174 photographs without a hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import cast

import cv2
import numpy as np

from edge.hands.geometry import iou, region_of_hand
from edge.hands.tracking import PRESENCE, SAME_HAND
from edge.types import Box, Detector, Frame, Hand, Region, Rgb

SURE = 0.9  # a hand as present as this ends the search
REFITS = 2  # after that a region moves by less than a pixel on shared photographs
MARGINS = (0.0, 0.3, 0.8)  # room around the photograph, in its sides
GUESSED_SIZES = (1.0, 1.4)  # of the region in which a hand is guessed, in sides
GUESSED_ROTATIONS_RAD = (0.0, -0.6, 0.6)
GUESSED_PRESENCE = 0.7
# A small hand may be a fingertip of one that fills the photograph: so were 40 of 2,059 of Sign
# Language Digits and 7 of 100 of Massey. The whole hand then has a presence of 0.98 and more.
# Of 264 small hands in whole scenes none was taken for a part of another (multiuser, lee, people).
SMALL = 0.45  # of the photograph's longer side
WHOLE_PRESENCE, WHOLE_SIZE = 0.98, 1.5  # of the whole hand; its box's side over that of the part
PART = 0.7  # share of the part's box that lies within the whole hand's
PARTS = 0.6  # sides of the parts, in sides of the photograph: they overlap by a hand's width


def hands_in(detector: Detector, rgb: Rgb, limit: int = 1) -> tuple[Hand, ...]:
    """Returns at most `limit` hands of a (H, W, 3) uint8 photograph, the surest first."""
    found: list[Hand] = []
    for search in (_searched(detector, rgb, limit), _guessed(detector, rgb)):
        for hand in search:
            found = _distinct([*found, hand])
            if sum(hand.presence >= SURE for hand in found) >= limit:
                break
        if found:
            break
    return tuple(_whole(detector, rgb, found)[:limit])


def looks(detector: Detector, rgb: Rgb, hand: Hand) -> tuple[Hand, ...]:
    """Returns the hand, and the same hand as the landmark model sees it in the mirror.

    The two differ as two frames do; read together they are right more often than either alone
    (train/LOG.md). Both are in pixels of the (H, W, 3) uint8 photograph as it is.
    """
    wide = rgb.shape[1] - 1
    turned = Frame(np.ascontiguousarray(rgb[:, ::-1]), 0, 0)
    seen = detector.fit(turned, region_of_hand(mirrored(hand, wide).landmarks))
    if seen is None or seen.presence < PRESENCE:
        return (hand,)
    return hand, mirrored(seen, wide)


def mirrored(hand: Hand, wide: int) -> Hand:
    """Returns the hand as the mirrored photograph shows it; wide: index of the last column.

    Its pooled features stay those of the picture that it was seen in.
    """
    landmarks = hand.landmarks.copy()
    landmarks[:, 0] = wide - landmarks[:, 0]
    x0, y0, x1, y1 = hand.box_px
    return replace(
        hand,
        landmarks=landmarks,
        handedness="left" if hand.handedness == "right" else "right",
        box_px=Box(wide - x1, y0, wide - x0, y1),
    )


def _searched(detector: Detector, rgb: Rgb, limit: int) -> Iterator[Hand]:
    """Yields what the detector finds in one view after the other."""
    for view, left, top in _views(rgb):
        frame = Frame(view, 0, 0)
        for region in detector.find(frame, limit):
            hand = _fitted(detector, frame, region)
            if hand is not None and hand.presence >= PRESENCE:
                yield _moved(hand, left, top)


def _guessed(detector: Detector, rgb: Rgb) -> Iterator[Hand]:
    """Yields the hand that fills the photograph, if one does."""
    height, width = rgb.shape[:2]
    frame = Frame(rgb, 0, 0)
    for scale, rotation_rad in product(GUESSED_SIZES, GUESSED_ROTATIONS_RAD):
        region = Region(width / 2, height / 2, scale * max(width, height), rotation_rad)
        hand = _fitted(detector, frame, region)
        if hand is not None and hand.presence >= GUESSED_PRESENCE:
            yield hand


def _whole(detector: Detector, rgb: Rgb, found: list[Hand]) -> list[Hand]:
    """Returns the hands, but for those that are a part of a hand that fills the photograph.

    In close photographs fingertips look like small fists to the palm model. A hand that fills the
    photograph comes before small ones that are unsure, too.
    """
    side = max(rgb.shape[:2])
    if not found or min(_side(hand) for hand in found) >= SMALL * side:
        return found
    whole = next(_guessed(detector, rgb), None)
    if whole is None or whole.presence < WHOLE_PRESENCE:
        return found
    rest = [
        hand
        for hand in found
        if _side(hand) * WHOLE_SIZE > _side(whole) or _share_within(hand, whole) < PART
    ]
    sure = any(hand.presence >= SURE for hand in rest)
    return found if sure and len(rest) == len(found) else _distinct([whole, *rest])


def _side(hand: Hand) -> float:
    x0, y0, x1, y1 = hand.box_px
    return max(x1 - x0, y1 - y0)


def _share_within(hand: Hand, other: Hand) -> float:
    """Returns how much of one hand's box lies within another's, 0..1."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = hand.box_px, other.box_px
    width, height = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    return max(width, 0.0) * max(height, 0.0) / max((ax1 - ax0) * (ay1 - ay0), 1e-6)


def _fitted(detector: Detector, frame: Frame, region: Region) -> Hand | None:
    """Fits a hand, and again from its own landmarks while that does no harm."""
    hand = detector.fit(frame, region)
    for _ in range(REFITS):
        if hand is None:
            break
        again = detector.fit(frame, region_of_hand(hand.landmarks))
        if again is None or again.presence < hand.presence:
            break
        hand = again
    return hand


def _views(rgb: Rgb) -> Iterator[tuple[Rgb, int, int]]:
    """Yields the photograph with more and more room around it, then its parts.

    Each comes with the position of its left upper corner in the photograph.
    """
    height, width = rgb.shape[:2]
    for margin in MARGINS:
        x, y = int(width * margin), int(height * margin)
        grey = (127, 127, 127)
        view = cv2.copyMakeBorder(rgb, y, y, x, x, cv2.BORDER_CONSTANT, value=grey)
        yield cast(Rgb, view), -x, -y
    part_width, part_height = int(width * PARTS), int(height * PARTS)
    if min(part_width, part_height) < 32:
        return
    for top in (0, (height - part_height) // 2, height - part_height):
        for left in (0, (width - part_width) // 2, width - part_width):
            yield rgb[top : top + part_height, left : left + part_width], left, top


def _moved(hand: Hand, left: int, top: int) -> Hand:
    landmarks = hand.landmarks.copy()
    landmarks[:, :2] += (left, top)
    box = hand.box_px
    moved = Box(box.x0 + left, box.y0 + top, box.x1 + left, box.y1 + top)
    return replace(hand, landmarks=landmarks, box_px=moved)


def _distinct(hands: list[Hand]) -> list[Hand]:
    """Returns the hands, the surest first, each of them once."""
    kept: list[Hand] = []
    for hand in sorted(hands, key=lambda hand: -hand.presence):
        if all(iou(hand.box_px, other.box_px) <= SAME_HAND for other in kept):
            kept.append(hand)
    return kept
