"""Rectangles of a given shape."""

from __future__ import annotations

from pygame import Rect


def fit(room: Rect, aspect: float) -> Rect:
    """The largest rectangle of that aspect in the middle of the room."""
    width, height = max(1, room.w), max(1, room.h)
    if width / height > aspect:
        width = max(1, round(height * aspect))
    else:
        height = max(1, round(width / aspect))
    found = Rect(0, 0, width, height)
    found.center = room.center
    return found
