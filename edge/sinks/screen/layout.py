"""The places of all parts in a window of any size, so that they can be read from three metres.

The letter is at least a quarter of the window's height, a line of text at least a twelfth. The
picture gets the room that is left, and keeps its proportions.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from pygame import Rect

# The least heights of a capital letter, in heights of the window. On a display 0.3 m high, text is
# then 25 mm high: at three metres that is half a degree, six times the smallest letter that an eye
# of normal sight can read (5 minutes of arc).
LETTER_SHARE = 1 / 4
TEXT_SHARE = 1 / 12
LINE_HEIGHTS = 1.45  # from line to line, in heights of a capital: room for the tail of a Q
WIDEST = 1.32  # the width of a W in FreeSans Bold, in heights of a capital
CARD_HEIGHTS = 1.05  # of the letter's card, in heights of its capital: room for the tail of a Q


class Layout(NamedTuple):
    """Rectangles of the window, in pixels; `cap` is the height of a capital letter."""

    picture: Rect
    letter: Rect
    score: Rect  # inside the letter's card, as high as its own capitals
    text: Rect
    footer: Rect
    letter_cap_px: int
    text_cap_px: int
    text_lines: int
    gap_px: int


def arrange(size_px: tuple[int, int], aspect: float) -> Layout:
    """Lays out a window of (width, height) pixels.

    aspect: the picture's width over its height. The letter stands beside the picture or below it,
    whichever leaves the larger picture.
    """
    beside, below = (_arrange(size_px, aspect, stacked) for stacked in (False, True))
    return below if below.picture.w > beside.picture.w else beside


def _arrange(size_px: tuple[int, int], aspect: float, stacked: bool) -> Layout:
    width, height = size_px
    gap = max(3, round(min(size_px) * 0.025))
    letter_cap = ceil(height * LETTER_SHARE)
    text_cap = ceil(height * TEXT_SHARE)
    footer_h = max(12, round(min(size_px) * 0.04))
    line = round(text_cap * LINE_HEIGHTS)
    # Half a capital's height more than two lines, for the room above and below them.
    text_h = line * 2 + round(text_cap * 0.5)
    above_h = height - text_h - footer_h - 4 * gap
    letter_w = round(letter_cap * WIDEST) + 2 * gap
    score_cap = round(gap * 1.4)
    spare_h = 3 * gap + 2 * score_cap  # of the card, above and below the letter
    letter_h = round(letter_cap * CARD_HEIGHTS) + spare_h
    if stacked:
        picture = _fit(width - 2 * gap, above_h - letter_h - gap, aspect)
        picture.midtop = (width // 2, gap)
        letter = Rect(gap, picture.bottom + gap, width - 2 * gap, letter_h)
        text_top = letter.bottom + gap
    else:
        picture = _fit(width - 3 * gap - letter_w, above_h, aspect)
        picture.topleft = (gap, gap)
        letter = Rect(picture.right + gap, gap, width - 3 * gap - picture.w, above_h)
        letter.h = max(picture.h, letter_h)
        text_top = letter.bottom + gap
    footer = Rect(gap, height - gap - footer_h, width - 2 * gap, footer_h)
    text = Rect(gap, text_top, width - 2 * gap, footer.top - gap - text_top)
    score = Rect(letter.left + gap, letter.bottom - gap - score_cap, letter.w - 2 * gap, score_cap)
    roomy = min((letter.h - spare_h) / CARD_HEIGHTS, (letter.w - 2 * gap) / WIDEST)
    return Layout(
        picture=picture,
        letter=letter,
        score=score,
        text=text,
        footer=footer,
        letter_cap_px=max(letter_cap, int(roomy * 0.92)),
        text_cap_px=text_cap,
        text_lines=max(1, (text.h - round(text_cap * 0.5)) // line),
        gap_px=gap,
    )


def _fit(width: int, height: int, aspect: float) -> Rect:
    """The largest rectangle of that aspect that fits, at the origin."""
    width, height = max(1, width), max(1, height)
    if width / height > aspect:
        return Rect(0, 0, max(1, round(height * aspect)), height)
    return Rect(0, 0, width, max(1, round(width / aspect)))
