"""What the pictures of a camera say of its health, over all its reopenings."""

from __future__ import annotations

_BLACK_S = 5.0  # dark for so long is dark, and light for so long is light
_LONGEST_S = 60.0  # between reopenings of a camera that stays frozen


class Watch:
    """Looks at every picture; says what is wrong, and when reopening the camera might help.

    A camera that gives the same picture for frozen_s is reopened, and where that does not help,
    each time after twice as long. One that gives black pictures is reopened once, and again only
    after there was light: at night there is none, which is no fault.
    """

    def __init__(self, shown: str, frozen_s: float) -> None:
        self.trouble = ""  # one line; "" while the pictures are as they should be
        self._shown = shown
        self._frozen_s = frozen_s
        self._mark: int | None = None
        self._due_s = 0.0  # when a picture that stays the same leads to reopening
        self._next_s = 0.0  # and how long after that the next time
        self._lit_s: float | None = None  # since when there has been light
        self._dark_s: float | None = None  # since when there has been none
        self._tried = False

    def see(self, now_s: float, mark: int, black: bool) -> bool:
        """One picture, by its mark and whether it is black; returns whether to reopen now."""
        if mark != self._mark:
            self._mark = mark
            self._due_s, self._next_s = now_s + self._frozen_s, 2 * self._frozen_s
            self.trouble = self.trouble if black else ""
        if black:
            return self._see_dark(now_s)
        self._see_light(now_s)
        if not self._frozen_s or now_s < self._due_s:
            return False
        self.trouble = f"{self._shown} has given the same picture for {self._frozen_s:g} s or more"
        self._due_s = now_s + self._next_s
        self._next_s = max(self._frozen_s, min(2 * self._next_s, _LONGEST_S))
        return True

    def _see_light(self, now_s: float) -> None:
        self._dark_s = None
        self._lit_s = now_s if self._lit_s is None else self._lit_s
        if now_s - self._lit_s >= _BLACK_S:
            self._tried = False

    def _see_dark(self, now_s: float) -> bool:
        self._lit_s = None
        self._dark_s = now_s if self._dark_s is None else self._dark_s
        if now_s - self._dark_s < _BLACK_S:
            return False
        self.trouble = f"{self._shown} gives black pictures; is there light, and the lens free?"
        again, self._tried = not self._tried, True
        return again
