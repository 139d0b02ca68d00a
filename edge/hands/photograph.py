"""Finds hands in one photograph, where no next frame follows: the search is harder than in video.

The palm model finds palms whose side is about a fifth of its picture's. So a photograph that a hand
fills is searched with room around it, and one with a small hand is searched in parts too. The palm
model often misses fists and dark hands all the same, while the landmark model, given the whole
photograph, is sure of its hand. Of 200 photographs of ASL Alphabet the palm model missed 40 in
every view, and the landmark model found all 40; in 174 photographs without a hand it found 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import cast

import cv2
import numpy as np

from edge.hands.geometry import iou, region_of_hand
from edge.hands.tracking import PRESENCE, SAME_HAND
from edge.stages import Detector
from edge.types import Box, Frame, Hand, Region, Rgb

FILL_RGB = (127, 127, 127)  # the room around a photograph: grey, the middle of 0..255


@dataclass(frozen=True, slots=True)
class Search:
    """How hard a photograph is searched. Lengths are in sides of the photograph.

    sure_presence: a hand of at least this presence ends the search. Hands below it are read badly,
        10 to 25 % of them right (train/LOG.md, "Finding the hand").
    refits: how often a hand is fitted again from its own landmarks. After two the region moves by
        less than a pixel (the shared photographs).
    margins: of the room around the photograph, one view each.
    part: the side of the nine parts; they overlap by a hand's width.
    least_part_px: a part with a smaller side is not searched: that is a sixth of the palm model's
        192 px, in which a hand would be a few pixels.
    guessed_sizes, guessed_rotations_rad: of the regions around the middle of the photograph in
        which the landmark model fits a hand that fills it.
    guessed_presence: the least presence of a hand found so. With these regions no hand is found in
        0.4 % of ASL Alphabet, 0.2 % of lee and none of the other sets (train/LOG.md, "Finding the
        hand").
    small: a hand whose box has a shorter side than this may be a fingertip of one that fills the
        photograph: so were 40 of 2,059 of Sign Language Digits and 7 of 100 of Massey.
    whole_presence: the least presence of the whole hand that replaces it: those 47 had 0.98 and
        more.
    whole_size: the least side of the whole hand's box over the side of the small one's.
    within: the least share of the small hand's box that lies in the whole hand's. With these four,
        none of 264 small hands in whole scenes is taken for a part of another (multiuser, lee,
        people).
    """

    sure_presence: float = 0.9
    refits: int = 2
    margins: tuple[float, ...] = (0.0, 0.3, 0.8)
    part: float = 0.6
    least_part_px: int = 32
    guessed_sizes: tuple[float, ...] = (1.0, 1.4)
    guessed_rotations_rad: tuple[float, ...] = (0.0, -0.6, 0.6)
    guessed_presence: float = 0.7
    small: float = 0.45
    whole_presence: float = 0.98
    whole_size: float = 1.5
    within: float = 0.7


SEARCH = Search()


def hands_in(detector: Detector, rgb: Rgb, limit: int = 1) -> tuple[Hand, ...]:
    """Returns at most `limit` hands of a (H, W, 3) uint8 photograph, highest presence first."""
    found: list[Hand] = []
    for hands in (_searched(detector, rgb, limit), _guessed(detector, rgb)):
        for hand in hands:
            found = _distinct([*found, hand])
            if sum(hand.presence >= SEARCH.sure_presence for hand in found) >= limit:
                break
        if found:
            break
    return tuple(_without_parts(detector, rgb, found)[:limit])


def variants(detector: Detector, rgb: Rgb, hand: Hand) -> tuple[Hand, ...]:
    """Returns the hand and, if it is found there, the same hand fitted in the mirrored photograph.

    The two differ as two frames do. Read together they are right more often than either alone
    (train/LOG.md). Both are in pixels of the (H, W, 3) uint8 photograph, not of its mirror image.
    """
    last_column = rgb.shape[1] - 1
    mirror = Frame(np.ascontiguousarray(rgb[:, ::-1]), 0, 0)
    fitted = detector.fit(mirror, region_of_hand(mirrored(hand, last_column).landmarks))
    if fitted is None or fitted.presence < PRESENCE:
        return (hand,)
    return hand, mirrored(fitted, last_column)


def mirrored(hand: Hand, last_column: int) -> Hand:
    """Returns the hand as the mirrored photograph shows it.

    last_column: index of the photograph's last column. The pooled features stay those of the
    picture that the hand was fitted in.
    """
    landmarks = hand.landmarks.copy()
    landmarks[:, 0] = last_column - landmarks[:, 0]
    x0, y0, x1, y1 = hand.box_px
    return replace(
        hand,
        landmarks=landmarks,
        handedness="left" if hand.handedness == "right" else "right",
        box_px=Box(last_column - x1, y0, last_column - x0, y1),
    )


def _searched(detector: Detector, rgb: Rgb, limit: int) -> Iterator[Hand]:
    """Yields the hands that the detector finds in one view after the other."""
    for view, left, top in _views(rgb):
        frame = Frame(view, 0, 0)
        for region in detector.find(frame, limit):
            hand = _fitted(detector, frame, region)
            if hand is not None and hand.presence >= PRESENCE:
                yield _moved(hand, left, top)


def _guessed(detector: Detector, rgb: Rgb) -> Iterator[Hand]:
    """Yields hands that fill the photograph, as the landmark model fits them without a search."""
    height, width = rgb.shape[:2]
    frame = Frame(rgb, 0, 0)
    for scale, rotation_rad in product(SEARCH.guessed_sizes, SEARCH.guessed_rotations_rad):
        region = Region(width / 2, height / 2, scale * max(width, height), rotation_rad)
        hand = _fitted(detector, frame, region)
        if hand is not None and hand.presence >= SEARCH.guessed_presence:
            yield hand


def _without_parts(detector: Detector, rgb: Rgb, found: list[Hand]) -> list[Hand]:
    """Returns the hands without those that are part of a hand that fills the photograph.

    In close photographs the palm model takes fingertips for small fists. Their whole hand takes
    their place. It is also added, and comes first by its presence, if no other hand is sure.
    """
    side = max(rgb.shape[:2])
    if not found or min(_side(hand) for hand in found) >= SEARCH.small * side:
        return found
    whole = next(_guessed(detector, rgb), None)
    if whole is None or whole.presence < SEARCH.whole_presence:
        return found
    rest = [
        hand
        for hand in found
        if _side(hand) * SEARCH.whole_size > _side(whole)
        or _share_within(hand, whole) < SEARCH.within
    ]
    sure = any(hand.presence >= SEARCH.sure_presence for hand in rest)
    return found if sure and len(rest) == len(found) else _distinct([whole, *rest])


def _side(hand: Hand) -> float:
    x0, y0, x1, y1 = hand.box_px
    return max(x1 - x0, y1 - y0)


def _share_within(hand: Hand, other: Hand) -> float:
    """Returns the share of one hand's box that lies within another's, 0..1."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = hand.box_px, other.box_px
    width, height = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    return max(width, 0.0) * max(height, 0.0) / max((ax1 - ax0) * (ay1 - ay0), 1e-6)


def _fitted(detector: Detector, frame: Frame, region: Region) -> Hand | None:
    """Fits a hand, and fits it again from its own landmarks while its presence does not fall."""
    hand = detector.fit(frame, region)
    for _ in range(SEARCH.refits):
        if hand is None:
            break
        again = detector.fit(frame, region_of_hand(hand.landmarks))
        if again is None or again.presence < hand.presence:
            break
        hand = again
    return hand


def _views(rgb: Rgb) -> Iterator[tuple[Rgb, int, int]]:
    """Yields the photograph with more and more room around it, then its nine parts.

    With each view comes the position of its upper left corner in the photograph, (left, top).
    """
    height, width = rgb.shape[:2]
    for margin in SEARCH.margins:
        x, y = int(width * margin), int(height * margin)
        view = cv2.copyMakeBorder(rgb, y, y, x, x, cv2.BORDER_CONSTANT, value=FILL_RGB)
        yield cast(Rgb, view), -x, -y
    part_width, part_height = int(width * SEARCH.part), int(height * SEARCH.part)
    if min(part_width, part_height) < SEARCH.least_part_px:
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
    """Returns the hands, highest presence first, each of them once."""
    kept: list[Hand] = []
    for hand in sorted(hands, key=lambda hand: -hand.presence):
        if all(iou(hand.box_px, other.box_px) <= SAME_HAND for other in kept):
            kept.append(hand)
    return kept
