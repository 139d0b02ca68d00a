"""Hands in one photograph: there is no next frame, so the search tries harder than the live one.

The palm model knows palms of about a fifth of its picture: a hand that fills the photograph wants
room around it, a small one wants a part of the photograph. Each view is searched, each palm is
fitted and fitted again from its own landmarks, and the surest hands are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2

from edge.geometry import iou, region_of_hand
from edge.hands import PRESENCE, SAME_HAND
from edge.types import Box, Detector, Frame, Hand, Rgb

SURE = 0.9  # a hand as present as this ends the search
REFITS = 2  # after that a region moves by less than a pixel on shared photographs
MARGINS = (0.0, 0.3, 0.8)  # room around the photograph, in its sides
PARTS = 0.6  # sides of the parts, in sides of the photograph: they overlap by a hand's width


def hands_in(detector: Detector, rgb: Rgb, limit: int = 1) -> tuple[Hand, ...]:
    """Returns at most `limit` hands of a (H, W, 3) uint8 photograph, the surest first."""
    found: list[Hand] = []
    for view, left, top in _views(rgb):
        frame = Frame(view, 0, 0)
        for region in detector.find(frame, limit):
            hand = detector.fit(frame, region)
            for _ in range(REFITS):
                if hand is not None and hand.presence >= PRESENCE:
                    again = detector.fit(frame, region_of_hand(hand.landmarks))
                    hand = again if again and again.presence >= hand.presence else hand
            if hand is not None and hand.presence >= PRESENCE:
                found.append(_moved(hand, left, top))
        found = _distinct(found)
        if sum(hand.presence >= SURE for hand in found) >= limit:
            break
    return tuple(found[:limit])


def _views(rgb: Rgb) -> Iterator[tuple[Rgb, int, int]]:
    """Yields the photograph with more and more room around it, then its parts.

    Each comes with the position of its left upper corner in the photograph.
    """
    height, width = rgb.shape[:2]
    for margin in MARGINS:
        x, y = int(width * margin), int(height * margin)
        grey = (127, 127, 127)
        yield cv2.copyMakeBorder(rgb, y, y, x, x, cv2.BORDER_CONSTANT, value=grey), -x, -y
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
