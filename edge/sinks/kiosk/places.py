"""Where everything stands on a display of any size, wide or high."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from pygame import Rect

from edge.sinks._window.fitting import fit
from edge.sinks._window.sentences import LINE_HEIGHTS
from edge.sinks.kiosk.visit import Button

# The least height of a capital, in shares of the display's shorter side. On a 7-inch display of
# 800x480 (86 mm high) that is 12 mm: at two metres a third of a degree, four times the smallest
# letter that an eye of normal sight can read (5 minutes of arc).
TEXT_SHARE = 1 / 7
BUTTONS: tuple[Button, ...] = ("space", "delete", "clear", "next")
# The least height of a button, in shares of the shorter side: 15 mm on a 7-inch display, where a
# fingertip wants 9 mm (WCAG 2.2, 2.5.5: 44 CSS pixels are 11.6 mm).
BUTTON_SHARE = 0.17
LETTERS = 26
COLUMNS_WIDE, COLUMNS_HIGH = 13, 7  # of the alphabet, on a wide and on a high display


class Places(NamedTuple):
    """Rectangles in pixels; those that a display does not have are empty.

    Of both displays: picture (the camera's), card (what to do, or the letter). While nobody is
    there: title, spelling (the drawn hand that spells), alphabet, with so many columns. While
    somebody spells: text, buttons.
    """

    picture: Rect
    card: Rect
    title: Rect
    spelling: Rect
    alphabet: Rect
    columns: int
    text: Rect
    buttons: dict[Button, Rect]
    cap_px: int
    gap_px: int


def arrange(size_px: tuple[int, int], aspect: float, attract: bool) -> Places:
    """Lays out a display of (width, height) pixels.

    aspect: the camera's picture's width over its height. attract: whether nobody is there.
    """
    short = min(size_px)
    gap = max(4, round(short * 0.025))
    page = Rect((0, 0), size_px).inflate(-2 * gap, -2 * gap)
    cap = ceil(short * TEXT_SHARE)
    return _attract(page, aspect, cap, gap) if attract else _reading(page, aspect, cap, gap)


def _attract(page: Rect, aspect: float, cap: int, gap: int) -> Places:
    """A title, the picture beside or above the drawn hand, and the alphabet."""
    wide = page.w >= page.h
    title = Rect(page.left, page.top, page.w, round(cap * 0.9))
    columns = COLUMNS_WIDE if wide else COLUMNS_HIGH
    rows = -(-LETTERS // columns)
    cell = min(page.w // columns, round((0.34 if wide else 0.38) * page.h) // rows)
    alphabet = Rect(0, 0, cell * columns, cell * rows)
    alphabet.midbottom = page.midbottom
    room = Rect(page.left, title.bottom + gap, page.w, alphabet.top - title.bottom - 2 * gap)
    first, second = _split(room, 0.5, gap) if wide else _stack(room, 0.6, gap)
    card = Rect(first.left, 0, first.w, round(cap * 0.9))
    picture = fit(Rect(first.left, first.top, first.w, first.h - card.h - gap), aspect)
    card.top = picture.bottom + gap
    none = Rect(0, 0, 0, 0)
    spelling = fit(second, 1.0)
    return Places(picture, card, title, spelling, alphabet, columns, none, {}, cap, gap)


def _reading(page: Rect, aspect: float, cap: int, gap: int) -> Places:
    """The picture beside or above the letter, the text, and the buttons."""
    wide = page.w >= page.h
    button_h = round((min(page.size) + 2 * gap) * BUTTON_SHARE)
    columns = len(BUTTONS) if wide else 2
    rows = len(BUTTONS) // columns
    below = Rect(page.left, 0, page.w, rows * (button_h + gap) - gap)
    below.bottom = page.bottom
    each = (below.w - gap * (columns - 1)) // columns
    buttons = {}
    for n, name in enumerate(BUTTONS):
        row, column = divmod(n, columns)
        left, top = below.left + column * (each + gap), below.top + row * (button_h + gap)
        buttons[name] = Rect(left, top, each, button_h)
    text = Rect(page.left, 0, page.w, (1 if wide else 2) * round(cap * LINE_HEIGHTS) + gap)
    text.bottom = below.top - gap
    room = Rect(page.left, page.top, page.w, text.top - gap - page.top)
    if wide:
        picture = fit(Rect(room.left, room.top, round(room.w * 0.62), room.h), aspect)
        picture.topleft = room.topleft
        card = Rect(picture.right + gap, room.top, room.right - picture.right - gap, room.h)
    else:
        picture = fit(Rect(room.left, room.top, room.w, round(room.h * 0.62)), aspect)
        picture.midtop = room.midtop
        top = picture.bottom + gap
        card = Rect(room.left, top, room.w, room.bottom - top)
    none = Rect(0, 0, 0, 0)
    return Places(picture, card, none, none, none, 1, text, buttons, cap, gap)


def _split(room: Rect, share: float, gap: int) -> tuple[Rect, Rect]:
    """Two rectangles side by side."""
    first = round(room.w * share) - gap // 2
    left = Rect(room.left, room.top, first, room.h)
    return left, Rect(left.right + gap, room.top, room.right - left.right - gap, room.h)


def _stack(room: Rect, share: float, gap: int) -> tuple[Rect, Rect]:
    """Two rectangles, one above the other."""
    upper = Rect(room.left, room.top, room.w, round(room.h * share) - gap // 2)
    return upper, Rect(room.left, upper.bottom + gap, room.w, room.bottom - upper.bottom - gap)
