"""Sentences in a rectangle: as large as they fit, in the middle, with their tails whole."""

from __future__ import annotations

from pygame import Rect, Surface

from edge.sinks._picture import Colour
from edge.sinks._window.colours import GROUND
from edge.sinks._window.lettering import Type, wrap

LEAST_PX = 8  # of a capital: smaller ones are not read
LINE_HEIGHTS = 1.45  # from line to line, in heights of a capital: room for the tail of a Q
TAIL_HEIGHTS = 0.32  # how far a g reaches below the line, in heights of a capital of FreeSans Bold


def draw_sentence(
    onto: Surface,
    type_: Type,
    rect: Rect,
    sentence: str,
    *,
    colour: Colour,
    most_px: int,
    ground: Colour = GROUND,
) -> None:
    """Draws a sentence in the middle of a rectangle, as large as it fits; most_px: its capitals."""
    onto.fill(ground, rect)
    cap, lines = fitted(type_, sentence, rect, most_px)
    baseline = first_baseline(rect, len(lines), cap)
    for part in lines:
        width = type_.width(part.rstrip(), cap)
        type_.draw(onto, part.rstrip(), cap, colour, (rect.centerx - width // 2, baseline))
        baseline += round(cap * LINE_HEIGHTS)


def first_baseline(rect: Rect, lines: int, cap: int) -> int:
    """Where the first of so many lines stands that lie in the middle of a rectangle, with tails."""
    line = round(cap * LINE_HEIGHTS)
    return rect.centery - lines * line // 2 + line - round(cap * TAIL_HEIGHTS)


def fitted(type_: Type, sentence: str, rect: Rect, most_px: int) -> tuple[int, list[str]]:
    """Returns the height of a capital with which a sentence fits a rectangle, and its lines."""
    for cap in range(most_px, LEAST_PX, -max(1, most_px // 24)):
        lines = wrap(sentence, rect.w, lambda text, cap=cap: type_.width(text, cap))  # type: ignore[misc]
        whole = all(type_.width(word, cap) <= rect.w for word in sentence.split())
        if whole and round(cap * LINE_HEIGHTS) * len(lines) <= rect.h:
            return cap, lines
    return LEAST_PX, wrap(sentence, rect.w, lambda text: type_.width(text, LEAST_PX))
