"""`fingerspell devices`: the cameras there are, and what they can do."""

from __future__ import annotations

from edge.cameras.listing import describe, list_cameras


def devices() -> int:
    """Prints a line for each camera and mode; returns 0."""
    print(describe(list_cameras()))
    return 0
