"""The drawn hands: the alphabet, and a larger hand for each letter of the word that is spelled.

The synthetic signer draws them on the device, in the size that the display needs: a hand takes some
hundredths of a second, on a Raspberry Pi a tenth by estimate. So one is drawn a frame, as long as
nobody is there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pygame

from edge.signer.cell import cell

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORD = "HELLO"  # what the hand spells that shows how it is done
SIGNER = 7  # the seed of a signer whose hand stands out from a plain, light wall, chosen by eye
# The signer's whole picture. The square of it that is shown is 216 px wide of the first, and 433 of
# the second.
SMALL_PX, LARGE_PX = (480, 360), (960, 720)


class Hands:
    """Pictures of hands as pygame's surfaces; those that are not drawn yet are absent."""

    def __init__(self, small_px: int, large_px: int) -> None:
        """The sides of the squares, in pixels."""
        self.sides_px = small_px, large_px
        self.small: dict[str, pygame.Surface] = {}
        self.large: dict[str, pygame.Surface] = {}
        self._todo = self._drawn(max(1, small_px), max(1, large_px))

    def draw_one(self) -> bool:
        """Draws one more; returns False once there is none left to draw."""
        return next(self._todo, False)

    def _drawn(self, small_px: int, large_px: int) -> Iterator[bool]:
        for label in dict.fromkeys(WORD):
            self.large[label] = _surface(label, large_px, LARGE_PX)
            yield True
        for label in LETTERS:
            self.small[label] = _surface(label, small_px, SMALL_PX)
            yield True


def _surface(label: str, side_px: int, size: tuple[int, int]) -> pygame.Surface:
    rgb = cell(label, side_px, SIGNER, size=size)
    return pygame.image.frombuffer(rgb.tobytes(), (side_px, side_px), "RGB")
