"""Hands: where they are in a frame or a photograph, and their landmarks.

In come frames, with a detector (edge/detectors) that searches them. Out go Hand values in pixels of
the frame. tracking.py follows hands through video: it finds them, follows them from frame to frame
and loses them. photograph.py finds hands in one photograph. geometry.py has the crops, regions and
boxes that both need, and that the detectors and models use too.
"""

from __future__ import annotations

from edge.hands.geometry import (
    box_of,
    crop,
    hand_size_px,
    iou,
    points_to_frame,
    region_of_box,
    region_of_hand,
    region_of_palm,
)
from edge.hands.photograph import hands_in, variants
from edge.hands.tracking import Tracked, Tracker

__all__ = [
    "Tracked",
    "Tracker",
    "box_of",
    "crop",
    "hand_size_px",
    "hands_in",
    "iou",
    "points_to_frame",
    "region_of_box",
    "region_of_hand",
    "region_of_palm",
    "variants",
]
