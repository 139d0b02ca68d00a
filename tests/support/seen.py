"""A frame of two colours, and what is seen of it, or of anything else, in a window's pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pygame

from edge.types import Rgb

RED, BLUE = (220, 40, 30), (30, 60, 220)


def halves(width: int = 640, height: int = 480) -> Rgb:
    """A frame whose left half is red and whose right half is blue."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:, : width // 2], rgb[:, width // 2 :] = RED, BLUE
    return rgb


def near(image: Rgb, colour: tuple[int, int, int], within: int = 12) -> npt.NDArray[np.bool_]:
    """Which pixels have that colour, nearly."""
    return (np.abs(image.astype(int) - colour) <= within).all(axis=-1)


def cut(image: Rgb, rect: pygame.Rect) -> Rgb:
    """The part of a window's picture within the rectangle."""
    return image[rect.top : rect.bottom, rect.left : rect.right]


def extent(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Width and height of what is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert rows.size, "nothing of that colour"
    return int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)
