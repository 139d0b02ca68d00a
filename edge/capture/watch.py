"""When a camera's pictures show a fault, and when opening it again may help."""

from __future__ import annotations

_BLACK_S = 5.0  # how long pictures have to be black, or lit, before it counts
_LONGEST_S = 60.0  # between two openings of a camera whose picture stays the same


class Watch:
    """Follows every picture, over all openings of the camera.

    A camera that gives the same picture for frozen_s is opened again; if that does not help, the
    time until the next opening doubles each time. A camera that gives black pictures is opened
    again once, and then only after there was light: a dark room at night is no fault.
    """

    def __init__(self, shown: str, frozen_s: float) -> None:
        self.trouble = ""  # one line; "" while the pictures are as they should be
        self._shown = shown
        self._frozen_s = frozen_s
        self._checksum: int | None = None
        # When a picture that stays the same leads to an opening, and how long after it to the next.
        self._due_s = self._next_s = 0.0
        self._lit_s: float | None = None  # since when pictures have been lit
        self._dark_s: float | None = None  # since when they have been black
        self._tried = False  # whether it was opened again for the darkness that there is

    def take(self, now_s: float, checksum: int, black: bool) -> bool:
        """Takes a picture's checksum and whether it is black; returns whether to open again now."""
        if checksum != self._checksum:
            self._checksum = checksum
            self._due_s, self._next_s = now_s + self._frozen_s, 2 * self._frozen_s
            self.trouble = self.trouble if black else ""
        if black:
            return self._take_dark(now_s)
        self._take_lit(now_s)
        if not self._frozen_s or now_s < self._due_s:
            return False
        self.trouble = f"{self._shown} has given the same picture for {self._frozen_s:g} s or more"
        self._due_s = now_s + self._next_s
        self._next_s = max(self._frozen_s, min(2 * self._next_s, _LONGEST_S))
        return True

    def _take_lit(self, now_s: float) -> None:
        self._dark_s = None
        self._lit_s = now_s if self._lit_s is None else self._lit_s
        if now_s - self._lit_s >= _BLACK_S:
            self._tried = False

    def _take_dark(self, now_s: float) -> bool:
        self._lit_s = None
        self._dark_s = now_s if self._dark_s is None else self._dark_s
        if now_s - self._dark_s < _BLACK_S:
            return False
        self.trouble = f"{self._shown} gives black pictures; is there light, and the lens free?"
        again, self._tried = not self._tried, True
        return again
