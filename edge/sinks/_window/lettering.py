"""Text in the window: rendered once and kept, drawn, and broken into lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pygame
import pygame.freetype
from pygame import Rect, Surface

from edge.sinks._picture import Colour

_KEPT_BYTES = 8_000_000  # of rendered texts: enough for the hints and some lines on a large screen


class Type:
    """Text in FreeSans Bold, which is part of pygame and so the same on every machine.

    pygame.freetype sets it without kerning, since this font's kerning pairs tear words apart.
    """

    def __init__(self) -> None:
        """Loads the font; needs pygame.freetype to be started."""
        self._font = pygame.freetype.Font(None)
        self._font.pad = True  # each image reaches from ascender to descender
        # Measured on the digit 1, since digits are shown too; capitals are a little higher.
        self._cap = float(self._font.get_metrics("1", size=1000)[0][3]) / 1000
        self._rendered: dict[tuple[str, int, Colour], tuple[Surface, int]] = {}
        self._bytes = 0
        self._corners: dict[tuple[int, Colour], Surface] = {}

    def render(self, text: str, cap_px: int, colour: Colour) -> tuple[Surface, int]:
        """Returns the text as an image, and the height of its baseline below the image's top.

        cap_px: the least height of capitals and digits.
        """
        key = (text, cap_px, colour)
        if key not in self._rendered:
            image, rect = self._font.render(text, colour, size=cap_px / self._cap)
            self._rendered[key] = image, rect.top
            self._bytes += _bytes(image)
            while self._bytes > _KEPT_BYTES and len(self._rendered) > 1:
                self._bytes -= _bytes(self._rendered.pop(next(iter(self._rendered)))[0])
        # Moves it to the end of the dictionary, from whose front the oldest is dropped.
        self._rendered[key] = self._rendered.pop(key)
        return self._rendered[key]

    def width(self, text: str, cap_px: int) -> int:
        """The width of the text in pixels."""
        return self._font.get_rect(text, size=cap_px / self._cap).width

    def draw(
        self, onto: Surface, text: str, cap_px: int, colour: Colour, at: tuple[int, int]
    ) -> int:
        """Draws the text; `at` is its left end and its baseline. Returns its right end."""
        image, ascent = self.render(text, cap_px, colour)
        onto.blit(image, (at[0], at[1] - ascent))
        return at[0] + image.get_width()

    def round_off(self, onto: Surface, rect: Rect, radius: int, outside: Colour) -> None:
        """Rounds the corners of what is drawn in `rect`: they are painted in the outer colour."""
        radius = max(1, min(radius, rect.w // 2, rect.h // 2))
        if (radius, outside) not in self._corners:
            self._corners[radius, outside] = _corners(radius, outside)
        corners = self._corners[radius, outside]
        for right in (0, 1):
            for bottom in (0, 1):
                at = (rect.left + right * (rect.w - radius), rect.top + bottom * (rect.h - radius))
                onto.blit(corners, at, (right * radius, bottom * radius, radius, radius))

    def card(self, onto: Surface, rect: Rect, radius: int, fill: Colour, outside: Colour) -> None:
        """Draws a rectangle with round corners."""
        onto.fill(fill, rect)
        self.round_off(onto, rect, radius, outside)


def _bytes(image: Surface) -> int:
    return image.get_pitch() * image.get_height()


def _corners(radius: int, colour: Colour) -> Surface:
    """Returns a square in that colour with a disc left out, of that radius and a smooth edge."""
    offsets = np.arange(2 * radius) + 0.5 - radius
    distance = np.hypot(offsets[:, None], offsets[None, :])
    surface = Surface((2 * radius, 2 * radius), pygame.SRCALPHA)
    surface.fill(colour)
    alpha = np.clip(distance - radius + 0.5, 0, 1) * 255
    pygame.surfarray.pixels_alpha(surface)[:] = np.rint(alpha).astype(np.uint8)
    return surface


def wrap(text: str, width: int, measure: Callable[[str], int]) -> list[str]:
    """Breaks the text into lines that are no wider; joined together they are the text again.

    A line is broken after a space, or within a word that is wider than a line. Spaces at the end
    of a line may exceed the width.
    """
    lines = [""]
    for word in _words(text):
        if not lines[-1] or measure((lines[-1] + word).rstrip()) <= width:
            lines[-1] += word
        else:
            lines.append(word)
        while len(lines[-1].rstrip()) > 1 and measure(lines[-1].rstrip()) > width:
            fits = len(lines[-1].rstrip()) - 1
            while fits > 1 and measure(lines[-1][:fits]) > width:
                fits -= 1
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return lines


def wrap_on(lines: list[str], text: str, width: int, measure: Callable[[str], int]) -> list[str]:
    """Wraps as wrap(text) does, from the lines of an earlier text: only changes are measured.

    A text may grow for weeks. A last word that grows may move to the next line; all lines but the
    last two stay.
    """
    kept = lines[:-2]
    start, before = "".join(kept), "".join(lines)
    cut = before.startswith(text) and len(text) > len(start)
    if not (cut or text.startswith(before)):
        kept, start = [], ""
    return kept + wrap(text[len(start) :], width, measure)


def _words(text: str) -> list[str]:
    """The words, each with the spaces after it."""
    words: list[str] = []
    for char in text:
        if not words or (char != " " and words[-1].endswith(" ")):
            words.append(char)
        else:
            words[-1] += char
    return words
