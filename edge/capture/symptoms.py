"""What a picture shows of a camera's faults, found in a tenth of a millisecond."""

from __future__ import annotations

import zlib

import numpy as np

from edge.types import Rgb

_PIXELS = 4800  # about how many pixels are read: 80x60
_DARK = 24  # of 255: the noise of a sensor without light stays below
_LIT = 0.01  # a picture has at least this share of lit values; hot pixels are fewer
_SLIGHT = 16  # a flat lower end of less than the picture's height through this is left alone
_BAR = 25  # a flat end of the same height in so many pictures in a row belongs to the picture


def some_pixels(rgb: Rgb) -> Rgb:
    """About 4800 pixels of a picture (H, W, 3), evenly spread: (h, w, 3), contiguous."""
    step = max(1, round((rgb.shape[0] * rgb.shape[1] / _PIXELS) ** 0.5))
    return np.ascontiguousarray(rgb[step // 2 :: step, step // 2 :: step])


def checksum(pixels: Rgb) -> int:
    """A number that is the same for the same pixels, and nearly always another for others."""
    return zlib.crc32(pixels.data)


def is_black(pixels: Rgb) -> bool:
    """Whether there is no light: nearly every value is dark."""
    return bool(np.count_nonzero(pixels >= _DARK) <= _LIT * pixels.size)


def flat_end_rows(rgb: Rgb) -> int:
    """How many rows at the picture's lower end are one flat grey or green; 0 if few or none.

    A decoder fills the part of a picture that did not arrive. libjpeg fills it with mid-grey
    (jdhuff.c). FFmpeg leaves zeros in YUV, which are green. Black is not counted: films have black
    bars above and below the picture.
    """
    height, width = rgb.shape[:2]
    row = rgb[-1]
    if not _is_filling(row[0]) or not _is_flat(row[:: max(1, width // 64)], row[0]):
        return 0
    step = max(1, height // 64)
    across = max(1, width // 64)
    rows = 0
    while rows < height and _is_flat(rgb[height - 1 - rows, ::across], row[0]):
        rows += step
    return min(rows, height) if rows > height // _SLIGHT else 0


def _is_filling(pixel: Rgb) -> bool:
    red, green, blue = (int(v) for v in pixel)
    grey = 120 <= red <= 136 and abs(red - green) <= 4 and abs(green - blue) <= 4
    return grey or (red <= 8 and blue <= 8 and 70 <= green <= 160)


def _is_flat(row: Rgb, pixel: Rgb) -> bool:
    return bool((np.abs(row.astype(np.int16) - pixel) <= 2).all())


class BrokenPictures:
    """Distinguishes pictures with a part missing from those that have a flat bar of their own.

    A camera's own bar has the same height in every picture; a missing part changes its height.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._alike = 0

    def is_broken(self, rows: int) -> bool:
        """Whether a part of a picture with so many flat_end_rows() is missing."""
        self._alike = self._alike + 1 if rows == self._rows else 0
        self._rows = rows
        return rows > 0 and self._alike < _BAR
