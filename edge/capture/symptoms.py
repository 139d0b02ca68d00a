"""Pictures that are none: looked at in a few places, in a tenth of a millisecond."""

from __future__ import annotations

import zlib

import numpy as np

from edge.types import Rgb

_PLACES = 4800  # how many pixels are looked at: 80x60
_DARK = 24  # of 255: the noise of a sensor without light stays below
_LIT = 0.01  # so many lit values are a picture's; fewer are hot pixels
_SLIGHT = 16  # a flat end that is a smaller part of the picture, one in so many, is left alone
_BAR = 25  # so many pictures in a row with the same flat end, and it is part of the picture


def sample(rgb: Rgb) -> Rgb:
    """About 4800 pixels of a picture (H, W, 3), evenly spread: (h, w, 3), contiguous."""
    step = max(1, round((rgb.shape[0] * rgb.shape[1] / _PLACES) ** 0.5))
    return np.ascontiguousarray(rgb[step // 2 :: step, step // 2 :: step])


def mark(sampled: Rgb) -> int:
    """A number that is the same for the same picture, and hardly for another."""
    return zlib.crc32(sampled.data)


def is_black(sampled: Rgb) -> bool:
    """Whether there is no light: nearly every value is dark."""
    return bool(np.count_nonzero(sampled >= _DARK) <= _LIT * sampled.size)


def flat_end(rgb: Rgb) -> int:
    """How many rows at the picture's lower end are one flat grey or green; 0 where few or none.

    libjpeg makes mid-grey of the part of a JPEG that did not come (jdhuff.c), FFmpeg green, which
    is what zeros in YUV look like. Black, as above and below a film, is neither.
    """
    height, width = rgb.shape[:2]
    row = rgb[-1]
    if not _is_unfilled(row[0]) or not _is_flat(row[:: max(1, width // 64)], row[0]):
        return 0
    step = max(1, height // 64)
    across = max(1, width // 64)
    rows = 0
    while rows < height and _is_flat(rgb[height - 1 - rows, ::across], row[0]):
        rows += step
    return min(rows, height) if rows > height // _SLIGHT else 0


def _is_unfilled(pixel: Rgb) -> bool:
    red, green, blue = (int(v) for v in pixel)
    grey = 120 <= red <= 136 and abs(red - green) <= 4 and abs(green - blue) <= 4
    return grey or (red <= 8 and blue <= 8 and 70 <= green <= 160)


def _is_flat(row: Rgb, pixel: Rgb) -> bool:
    return bool((np.abs(row.astype(np.int16) - pixel) <= 2).all())


class Halves:
    """Tells half pictures from those with a bar: no JPEG is cut in the same place for long."""

    def __init__(self) -> None:
        self._rows = 0
        self._alike = 0

    def is_half(self, rows: int) -> bool:
        """Whether a picture with such a flat end, by flat_end(), is half a picture."""
        self._alike = self._alike + 1 if rows == self._rows else 0
        self._rows = rows
        return rows > 0 and self._alike < _BAR
