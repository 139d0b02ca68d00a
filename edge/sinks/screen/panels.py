"""The parts around the picture: the letter with its score, the text, the keys and the figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from pygame import Rect, Surface

from edge.sinks._picture import Colour
from edge.sinks._window.colours import ACCENT, CARD, GROUND, INK, QUIET, TRACK
from edge.sinks._window.lettering import Type
from edge.sinks.screen.layout import LINE_HEIGHTS, Layout
from edge.types import Result

_FIGURES_S = 0.5  # between two updates of frame rate and latency: figures that can be read


class Letter(NamedTuple):
    """What the letter's card shows.

    label: of the hand in view; None without a hand, and then the hint is shown.
    tone: the label's colour. hint: a few words, or None.
    """

    label: str | None
    tone: Colour
    hint: str | None = None


def draw_letter(onto: Surface, type_: Type, layout: Layout, letter: Letter) -> None:
    """Draws the letter as large as its card allows, in the middle of the room above the score.

    A gesture's name may be a whole word, which is drawn smaller.
    """
    rect = layout.letter
    type_.card(onto, rect, layout.gap_px, CARD, GROUND)
    room = Rect(rect.left, rect.top, rect.w, layout.score.top - rect.top)
    if letter.label is None:
        _draw_hint(onto, type_, room, 2 * layout.score.h, letter.hint or "")
        return
    cap_px, widest = layout.letter_cap_px, room.w - 2 * layout.gap_px
    wide = type_.width(letter.label, cap_px) if len(letter.label) > 1 else 0
    if wide > widest:
        cap_px = max(3, cap_px * widest // wide)
    image, ascent = type_.render(letter.label, cap_px, letter.tone)
    # Centred by the ink, since side bearings differ from letter to letter. All letters stand on one
    # baseline; a Q reaches below it.
    baseline = room.centery + cap_px // 2 + layout.gap_px // 4
    onto.blit(image, (room.centerx - image.get_bounding_rect().centerx, baseline - ascent))


def draw_score(onto: Surface, type_: Type, layout: Layout, score: float | None) -> None:
    """Draws the foot of the letter's card: a bar as long as the score, 0..1, and a percentage."""
    row, cap = layout.score, layout.score.h
    onto.fill(CARD, row.inflate(0, cap))  # the % reaches beyond the capitals
    thick = max(4, cap // 3)
    bar = Rect(row.left, row.centery - thick // 2, row.w - type_.width("100 %", cap) - cap, thick)
    type_.card(onto, bar, thick, TRACK, CARD)
    if score is None:
        return
    filled = Rect(bar.left, bar.top, max(thick, round(bar.w * min(score, 1.0))), thick)
    type_.card(onto, filled, thick, ACCENT, TRACK)
    type_.round_off(onto, bar, thick, CARD)
    figure = f"{100 * score:.0f} %"
    type_.draw(onto, figure, cap, INK, (row.right - type_.width(figure, cap), row.bottom))


def _draw_hint(onto: Surface, type_: Type, room: Rect, cap_px: int, hint: str) -> None:
    """Draws a few words in the middle, one below the other."""
    words = hint.split()
    widest = max((type_.width(word, 100) for word in words), default=1)
    cap_px = max(8, min(cap_px, int(100 * 0.8 * room.w / widest)))
    line = round(cap_px * 1.7)
    baseline = room.centery - (len(words) - 1) * line // 2 + cap_px // 2
    for word in words:
        left = room.centerx - type_.width(word, cap_px) // 2
        type_.draw(onto, word, cap_px, QUIET, (left, baseline))
        baseline += line


def draw_text(onto: Surface, type_: Type, layout: Layout, lines: Sequence[str]) -> None:
    """Draws the card of the text: its last lines, and a cursor after them."""
    rect, cap = layout.text, layout.text_cap_px
    type_.card(onto, rect, layout.gap_px, CARD, GROUND)
    shown = list(lines[-layout.text_lines :]) or [""]
    pitch = round(cap * LINE_HEIGHTS)
    tall = cap + (layout.text_lines - 1) * pitch
    baseline = rect.top + (rect.h - tall) // 2 + cap
    left = text_left(layout)
    for line in shown:
        right = type_.draw(onto, line, cap, INK, (left, baseline))
        baseline += pitch
    cursor_w = max(2, cap // 10)
    cursor = Rect(right + cursor_w, baseline - pitch - round(cap * 1.1), cursor_w, round(cap * 1.2))
    type_.card(onto, cursor, cursor_w, ACCENT, CARD)


def text_left(layout: Layout) -> int:
    """The left end of the lines of text, in pixels of the window."""
    return layout.text.left + 2 * layout.gap_px


def text_width(layout: Layout) -> int:
    """The width of a line of text, in pixels; the cursor still fits after it."""
    return layout.text.w - 4 * layout.gap_px - layout.text_cap_px // 4


def draw_footer(
    onto: Surface, type_: Type, layout: Layout, keys: Sequence[tuple[str, str]], figures: str
) -> None:
    """Draws the keys on the left, as many as fit, and the figures on the right."""
    rect = layout.footer
    onto.fill(GROUND, rect)
    cap = max(7, round(rect.h * 0.4))
    baseline = rect.centery + cap // 2
    end = rect.right - type_.width(figures, cap)
    type_.draw(onto, figures, cap, QUIET, (end, baseline))
    left = rect.left
    for key, meaning in keys:
        cap_w = max(rect.h, type_.width(key, cap) + cap)
        if left + cap_w + type_.width(meaning, cap) + 3 * cap > end:
            return
        button = Rect(left, rect.top, cap_w, rect.h)
        type_.card(onto, button, rect.h // 4, TRACK, GROUND)
        type_.draw(onto, key, cap, INK, (button.centerx - type_.width(key, cap) // 2, baseline))
        right = type_.draw(onto, meaning, cap, QUIET, (button.right + cap, baseline))
        left = right + 2 * cap


class Figures:
    """The frame rate and the latency, averaged over the last half second."""

    def __init__(self) -> None:
        self._since_s = time.perf_counter()
        self._frames = 0
        self._busy_ms = 0.0
        self._text = ""

    def after(self, result: Result) -> str:
        """Counts a frame; returns the figures to show, as text."""
        self._frames += 1
        # "invoke" is a part of the other stages, and "wait" is for the camera.
        self._busy_ms += sum(
            ms for stage, ms in result.timings_ms.items() if stage not in ("wait", "invoke")
        )
        now_s = time.perf_counter()
        if now_s - self._since_s >= _FIGURES_S:
            rate = self._frames / (now_s - self._since_s)
            self._text = f"{rate:.0f} frames/s    latency {self._busy_ms / self._frames:.0f} ms"
            self._since_s, self._frames, self._busy_ms = now_s, 0, 0.0
        return self._text
