"""What stands around the picture: the letter with its score, the text, the keys and the figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from pygame import Rect, Surface

from edge.sinks.screen.layout import LINE_HEIGHTS, Layout, score_cap
from edge.sinks.screen.lettering import Type
from edge.sinks.screen.picture import Colour
from edge.types import Result

GROUND: Colour = (11, 14, 19)
CARD: Colour = (22, 27, 35)
TRACK: Colour = (42, 50, 62)
QUIET: Colour = (139, 150, 166)
INK: Colour = (242, 245, 248)
ACCENT: Colour = (74, 222, 190)

_FIGURES_S = 0.5  # how often frames a second and latency are written anew


class Reading(NamedTuple):
    """What the letter's card shows.

    label: what the hand looks like; "" for no hand, when `hint` stands in its place.
    score: 0..1, to the percent that is shown.
    settled: the letter has just been taken.
    """

    label: str
    score: float
    settled: bool
    hint: str


def draw_letter(onto: Surface, type_: Type, layout: Layout, reading: Reading) -> None:
    """The card of the letter: large what the hand looks like, and below it how surely."""
    label, score, settled, hint = reading
    rect, gap = layout.letter, layout.gap_px
    type_.card(onto, rect, gap, CARD, GROUND)
    cap = score_cap(gap)
    foot = Rect(rect.left + gap, rect.bottom - gap - cap, rect.w - 2 * gap, cap)
    figure_w = type_.width("100 %", cap)
    bar = Rect(foot.left, 0, foot.w - figure_w - gap, max(4, gap // 2))
    bar.centery = foot.centery
    type_.card(onto, bar, bar.h, TRACK, CARD)
    room = Rect(rect.left, rect.top, rect.w, foot.top - rect.top)
    if not label:
        _draw_hint(onto, type_, room, cap, hint)
        return
    filled = Rect(bar.left, bar.top, max(bar.h, round(bar.w * min(score, 1.0))), bar.h)
    type_.card(onto, filled, bar.h, ACCENT, TRACK)
    type_.round_off(onto, bar, bar.h, CARD)
    figure = f"{score:.0%}".replace("%", " %")
    type_.draw(onto, figure, cap, INK, (foot.right - type_.width(figure, cap), foot.bottom))
    colour = ACCENT if settled else INK if score >= 0.5 else QUIET
    image, ascent = type_.render(label, layout.letter_cap_px, colour)
    ink = image.get_bounding_rect()
    # By what is seen: side bearings differ from letter to letter. Q reaches below the line.
    baseline = room.centery + layout.letter_cap_px // 2 + gap // 4
    onto.blit(image, (room.centerx - ink.centerx, baseline - ascent))


def _draw_hint(onto: Surface, type_: Type, room: Rect, cap_px: int, hint: str) -> None:
    """A few quiet words in the middle, one below the other."""
    words = hint.split()
    widest = max((type_.width(word, 100) for word in words), default=1)
    cap_px = max(8, min(2 * cap_px, int(100 * 0.8 * room.w / widest)))
    line = round(cap_px * 1.7)
    baseline = room.centery - (len(words) - 1) * line // 2 + cap_px // 2
    for word in words:
        left = room.centerx - type_.width(word, cap_px) // 2
        type_.draw(onto, word, cap_px, QUIET, (left, baseline))
        baseline += line


def draw_text(onto: Surface, type_: Type, layout: Layout, lines: Sequence[str]) -> None:
    """The card of the text: the last of its lines, and a cursor after the last."""
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
    """Where lines of text begin."""
    return layout.text.left + 2 * layout.gap_px


def text_width(layout: Layout) -> int:
    """How wide a line of text may be; the cursor still fits behind it."""
    return layout.text.w - 4 * layout.gap_px - layout.text_cap_px // 4


def draw_footer(
    onto: Surface, type_: Type, layout: Layout, keys: Sequence[tuple[str, str]], figures: str
) -> None:
    """The keys on the left, as far as there is room, and the figures on the right."""
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
    """Frames a second and latency, over the last half second."""

    def __init__(self) -> None:
        self._since_s = time.perf_counter()
        self._frames = 0
        self._busy_ms = 0.0
        self._text = ""

    def after(self, result: Result) -> str:
        """The figures to show after this frame."""
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
