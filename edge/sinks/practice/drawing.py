"""Draws the practice window: plain functions of what is to be shown and where."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from pygame import Rect, Surface

from edge.sinks._window.colours import ACCENT, CARD, GROUND, INK, QUIET
from edge.sinks._window.fitting import fit
from edge.sinks._window.lettering import Type
from edge.sinks._window.sentences import draw_sentence
from edge.sinks.practice.lesson import Shown
from edge.sinks.practice.receptive import Shown as Typed

SIDES = ("as others see it", "as you see it")


class Places(NamedTuple):
    """Rectangles in pixels: the camera's picture, the two handshapes, and three lines of words."""

    picture: Rect
    shapes: tuple[Rect, Rect]
    word: Rect
    advice: Rect
    footer: Rect
    gap_px: int


def arrange(size_px: tuple[int, int], aspect: float, alone: bool = False) -> Places:
    """Lays out a window of (width, height) pixels.

    aspect: the picture's width over its height. alone: without handshapes beside it.
    """
    short = min(size_px)
    gap = max(4, round(short * 0.025))
    page = Rect((0, 0), size_px).inflate(-2 * gap, -2 * gap)
    footer = Rect(page.left, 0, page.w, ceil(short * 0.06))
    footer.bottom = page.bottom
    advice = Rect(page.left, 0, page.w, ceil(short * 0.13))
    advice.bottom = footer.top - gap
    word = Rect(page.left, 0, page.w, ceil(short * 0.17))
    word.bottom = advice.top - gap
    room = Rect(page.left, page.top, page.w, word.top - gap - page.top)
    if alone:
        none = Rect(0, 0, 0, 0)
        return Places(fit(room, aspect), (none, none), word, advice, footer, gap)
    if page.w >= page.h:
        picture = fit(Rect(room.left, room.top, round(room.w * 0.5), room.h), aspect)
        picture.left = room.left
        side = min((room.right - picture.right) // 2 - gap, room.h)
        second = Rect(room.right - side, 0, side, side)
        second.centery = room.centery
        first = second.move(-side - gap, 0)
    else:
        side = min((room.w - gap) // 2, round(room.h * 0.4))
        first = Rect(room.centerx - side - gap // 2, room.bottom - side, side, side)
        second = first.move(side + gap, 0)
        picture = fit(Rect(room.left, room.top, room.w, first.top - gap - room.top), aspect)
    return Places(picture, (first, second), word, advice, footer, gap)


def draw_shapes(
    onto: Surface, type_: Type, places: Places, shapes: Sequence[Surface], asked: str
) -> None:
    """Draws the handshape that is asked for from both sides; none once a word is done."""
    cap = max(8, places.shapes[0].h // 16)
    for rect, shape, side in zip(places.shapes, shapes or (None, None), SIDES, strict=True):
        onto.fill(CARD, rect)
        if shape is None:
            continue
        onto.blit(shape, rect)
        strip = Rect(rect.left, rect.bottom - 2 * cap, rect.w, 2 * cap)
        said = f"{asked}, {side}"
        draw_sentence(onto, type_, strip, said, colour=INK, most_px=cap, ground=CARD)


def draw_word(onto: Surface, type_: Type, places: Places, shown: Shown) -> None:
    """Draws the word: letters that are done are bright, and the one that is asked for is marked."""
    rect = places.word
    type_.card(onto, rect, places.gap_px, CARD, GROUND)
    room = rect.inflate(-4 * places.gap_px, 0)
    cap = round(rect.h * 0.62)
    wide = _width(type_, shown.word, cap)
    cap = cap if wide <= room.w else max(8, cap * room.w // wide)
    left = rect.centerx - _width(type_, shown.word, cap) // 2
    baseline = rect.centery + cap // 2 - cap // 12
    for n, letter in enumerate(shown.word):
        colour = ACCENT if n < shown.done else INK if n == shown.done else QUIET
        right = type_.draw(onto, letter, cap, colour, (left, baseline))
        if n == shown.done:
            onto.fill(ACCENT, Rect(left, baseline + cap // 8, right - left, max(2, cap // 14)))
        left = right + cap // 6


def _width(type_: Type, word: str, cap: int) -> int:
    return sum(type_.width(letter, cap) + cap // 6 for letter in word)


def sentence(shown: Shown) -> str:
    """What is said of the hand: the letter that was read instead, and what to change."""
    if shown.finished:
        return f"{shown.word}: well done"
    if not shown.instead:
        return f"Show {shown.asked}" if shown.asked not in "JZ" else f"Draw {shown.asked}"
    advice = f"; for {shown.asked}, {shown.advice}" if shown.advice else f", not {shown.asked}"
    return f"That was {shown.instead}{advice}"


def told(typed: Typed) -> str:
    """What is said of a word that was typed."""
    if not typed.word:
        return "Type what is spelled, then Enter"
    return f"{typed.word}: right" if typed.right else f"It was {typed.word}"


def draw_line(onto: Surface, type_: Type, rect: Rect, words: str, *, bright: bool) -> None:
    """Draws a line of words in the middle of a rectangle."""
    colour = ACCENT if bright else QUIET
    draw_sentence(onto, type_, rect, words, colour=colour, most_px=max(9, rect.h // 2))
