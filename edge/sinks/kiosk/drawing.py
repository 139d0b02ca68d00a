"""Draws what a visitor sees: plain functions of what is to be shown and where."""

from __future__ import annotations

from pygame import Rect, Surface
from pygame import draw as shapes

from edge.sinks._window.colours import ACCENT, CARD, GROUND, INK, QUIET, TRACK
from edge.sinks._window.lettering import Type, wrap
from edge.sinks._window.sentences import (
    LEAST_PX,
    LINE_HEIGHTS,
    draw_sentence,
    first_baseline,
    fitted,
)
from edge.sinks.kiosk.alphabet import LETTERS, WORD, Hands
from edge.sinks.kiosk.places import Places
from edge.sinks.kiosk.sentences import Sentences
from edge.sinks.kiosk.visit import Button


def draw_alphabet(onto: Surface, type_: Type, places: Places, hands: Hands) -> None:
    """Draws all letters with their hands; a hand that is not drawn yet is an empty tile."""
    side = places.alphabet.w // places.columns
    cap = max(LEAST_PX, side // 5)
    for n, label in enumerate(LETTERS):
        row, column = divmod(n, places.columns)
        last = LETTERS[row * places.columns :][: places.columns]
        left = places.alphabet.left + (places.columns - len(last)) * side // 2  # the last row
        tile = Rect(left + column * side, places.alphabet.top + row * side, side, side)
        tile = tile.inflate(-side // 16, -side // 16)
        onto.fill(CARD, tile)
        if label in hands.small:
            onto.blit(hands.small[label], hands.small[label].get_rect(center=tile.center))
        draw_label(onto, type_, label, cap=cap, at=(tile.left + cap // 2, tile.top + cap * 3 // 2))


def draw_label(onto: Surface, type_: Type, label: str, *, cap: int, at: tuple[int, int]) -> None:
    """Draws a letter with a dark edge, which stands out on any picture."""
    edge = max(1, cap // 10)
    for x, y in ((-edge, 0), (edge, 0), (0, -edge), (0, edge)):
        type_.draw(onto, label, cap, GROUND, (at[0] + x, at[1] + y))
    type_.draw(onto, label, cap, INK, at)


def draw_spelling(onto: Surface, type_: Type, places: Places, hands: Hands, step: int) -> None:
    """Draws the hand that spells a word, and the word with the letter that it shows marked."""
    rect = places.spelling
    onto.fill(GROUND, rect)
    label = WORD[step % len(WORD)]
    cap = max(LEAST_PX, rect.h // 9)
    word_h = round(cap * LINE_HEIGHTS)
    picture = Rect(rect.left, rect.top, rect.w, rect.h - word_h)
    onto.fill(CARD, picture)
    if label in hands.large:
        hand = hands.large[label]
        onto.blit(hand, hand.get_rect(center=picture.center).clip(picture), _middle(hand, picture))
    widths = [type_.width(letter, cap) + cap // 2 for letter in WORD]
    left = rect.centerx - sum(widths) // 2
    for n, letter in enumerate(WORD):
        colour = ACCENT if n == step % len(WORD) else QUIET
        type_.draw(onto, letter, cap, colour, (left, rect.bottom - cap // 5))
        left += widths[n]


def _middle(image: Surface, room: Rect) -> Rect:
    """The part of an image that is seen where its middle lies in the middle of the room."""
    part = Rect(0, 0, min(image.get_width(), room.w), min(image.get_height(), room.h))
    part.center = image.get_rect().center
    return part


def draw_card(
    onto: Surface, type_: Type, places: Places, hint: str, *, letter: str, new: bool
) -> None:
    """Draws what to do; where there is nothing to say, the letter that was settled last.

    A gesture's name may be a whole word, which is drawn smaller.
    """
    rect = places.card
    inside = rect.inflate(-2 * places.gap_px, -2 * places.gap_px)
    if hint or not letter:
        onto.fill(GROUND, rect)
        draw_sentence(onto, type_, inside, hint, colour=ACCENT, most_px=places.cap_px)
        return
    type_.card(onto, rect, places.gap_px, CARD, GROUND)
    cap = max(LEAST_PX, round(inside.h / LINE_HEIGHTS))
    wide = type_.width(letter, cap)
    cap = cap if wide <= inside.w else max(LEAST_PX, cap * inside.w // wide)
    image, ascent = type_.render(letter, cap, ACCENT if new else INK)
    ink = image.get_bounding_rect()
    onto.blit(image, (rect.centerx - ink.centerx, first_baseline(inside, 1, cap) - ascent))


def draw_text(onto: Surface, type_: Type, places: Places, text: str) -> None:
    """Draws the last lines of the text, and a cursor after them."""
    rect, cap = places.text, places.cap_px
    type_.card(onto, rect, places.gap_px, CARD, GROUND)
    line, room = round(cap * LINE_HEIGHTS), rect.w - 4 * places.gap_px
    cursor = max(3, cap // 12)
    # So many of the last characters fill all lines in any case: none is narrower than a tenth of
    # the height of a capital.
    most = 10 * room // cap * max(1, rect.h // line)
    lines = wrap(text[-most:], room - 3 * cursor, lambda part: type_.width(part, cap))
    count = max(1, (rect.h - places.gap_px) // line)
    shown = lines[-count:]
    baseline = first_baseline(rect, len(shown), cap)
    right = left = rect.left + 2 * places.gap_px
    for part in shown:
        right = type_.draw(onto, part, cap, INK, (left, baseline)) if part else left
        baseline += line
    bar = Rect(right + cursor, baseline - line - round(cap * 1.1), cursor, round(cap * 1.2))
    onto.fill(ACCENT, bar)


def draw_buttons(
    onto: Surface, type_: Type, places: Places, sentences: Sentences, pressed: Button | None
) -> None:
    """Draws the buttons, all words as large as the longest one allows; a pressed one is bright."""
    inside = {
        name: rect.inflate(-3 * places.gap_px, -places.gap_px)
        for name, rect in places.buttons.items()
    }
    cap = min(fitted(type_, sentences[n], r, r.h // 3)[0] for n, r in inside.items())
    for name, rect in places.buttons.items():
        fill, ink = (ACCENT, GROUND) if name == pressed else (TRACK, INK)
        type_.card(onto, rect, places.gap_px, fill, GROUND)
        words = sentences[name]
        draw_sentence(onto, type_, inside[name], words, colour=ink, most_px=cap, ground=fill)


def draw_trouble(onto: Surface, type_: Type, sentences: Sentences) -> None:
    """Fills the display with a camera that is crossed out, and says what to do."""
    onto.fill(GROUND)
    width, height = onto.get_size()
    short = min(width, height)
    room = Rect(0, 0, width, height).inflate(-short // 8, -short // 8)
    body = Rect(0, 0, short * 5 // 12, short * 7 // 24)
    body.midtop = (room.centerx, room.top + short // 16)
    thick = max(4, short // 60)
    shapes.rect(onto, QUIET, body, thick, border_radius=short // 24)
    shapes.circle(onto, QUIET, body.center, body.h // 3, thick)
    shapes.rect(
        onto, QUIET, (body.left + body.w // 8, body.top - thick * 2, body.w // 5, thick * 2)
    )
    lower, upper = (body.left - thick, body.bottom + thick), (body.right + thick, body.top - thick)
    shapes.line(onto, GROUND, lower, upper, 4 * thick)
    shapes.line(onto, ACCENT, lower, upper, 2 * thick)
    below = Rect(room.left, body.bottom + short // 16, room.w, 0)
    below.h = room.bottom - below.top
    upper_half = Rect(below.left, below.top, below.w, below.h * 3 // 5)
    lower_half = Rect(below.left, upper_half.bottom, below.w, below.bottom - upper_half.bottom)
    draw_sentence(onto, type_, upper_half, sentences["trouble"], colour=INK, most_px=short // 7)
    draw_sentence(
        onto, type_, lower_half, sentences["trouble_help"], colour=QUIET, most_px=short // 10
    )


def draw_banner(onto: Surface, type_: Type, picture: Rect, sentence: str) -> None:
    """Draws a line over the upper edge of the picture."""
    strip = Rect(picture.left, picture.top, picture.w, max(16, picture.h // 9))
    onto.fill(GROUND, strip)
    inside = strip.inflate(-strip.h // 2, 0)
    most_px = max(LEAST_PX + 1, strip.h // 2)
    draw_sentence(onto, type_, inside, sentence, colour=ACCENT, most_px=most_px)
