"""The kiosk's display: what a visitor sees and touches. places.py has the layout."""

from __future__ import annotations

import pygame
from pygame import Rect

from edge.sinks._picture import draw_hand, scaled
from edge.sinks._window.colours import ACCENT, GROUND, INK, QUIET
from edge.sinks._window.lettering import Type
from edge.sinks._window.sentences import draw_sentence
from edge.sinks._window.window import open_window
from edge.sinks._window.x_server import XServer
from edge.sinks.kiosk import drawing
from edge.sinks.kiosk.alphabet import Hands
from edge.sinks.kiosk.places import Places, arrange
from edge.sinks.kiosk.sentences import Sentences
from edge.sinks.kiosk.visit import Button, Shown, Visit
from edge.types import End, Request, Result, Vitals

WAITED_S = 2.0  # so long without a picture is trouble; a camera that is opened again takes a second
PRESSED_S = 0.25  # a button is bright for so long after it was pressed: long enough to be seen
SPELL_S = 1.2  # the drawn hand shows a letter for so long: a beginner's pace


class Kiosk:
    """Draws in write() and note(), which also return what the buttons request."""

    def __init__(
        self, size_px: tuple[int, int] | None, idle_s: float, words: Sentences, *, mirror: bool
    ) -> None:
        """Opens the display, or a window of that size; raises SinkError.

        idle_s: after how long without a hand a visitor counts as gone. mirror: shows the camera's
        picture as a mirror does, which is what people who face a camera expect.
        """
        open_window(size_px, full=size_px is None)
        self._server = XServer()
        self._type = Type()
        self._words = words
        self._mirror = mirror
        self._visit = Visit(idle_s)
        self._places: Places | None = None
        self._arranged_for: object = None
        self._hands = Hands(1, 1)
        self._drawn: dict[str, object] = {}  # what each part of the display shows now
        self._requests: list[Request] = []
        self._pressed: tuple[Button, int] | None = None  # the button, and when, in ms of pygame

    def write(self, result: Result) -> Request | None:
        """Draws what has changed; returns what a button or the end of a visit requests."""
        self._handle_events()
        shown, request = self._visit.after(result)
        if request is None and self._requests:
            request = self._requests.pop(0)
        try:
            self._draw(shown, result)
        except pygame.error:  # where the X server has gone, this is no fault: the run then ends
            if not self._server.gone:
                raise
        return "quit" if self._server.gone else request

    def note(self, vitals: Vitals) -> Request | None:
        """Says in large words that no picture comes, while none does."""
        if vitals.waited_s < WAITED_S:
            return None
        self._handle_events()
        window = pygame.display.get_surface()
        if window is not None and vitals.trouble and not self._server.gone:
            drawing.draw_trouble(window, self._type, self._words)
            pygame.display.update()
            self._drawn.clear()
            self._arranged_for = None
        return "quit" if self._server.gone else None

    def close(self, end: End) -> None:
        """Closes the display, if it is still there."""
        if not self._server.gone:
            pygame.display.quit()

    def _handle_events(self) -> None:
        """Takes note of the button that was touched; a touch comes as a click too."""
        for event in pygame.event.get():
            if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                self._press(event.pos)
            elif event.type == pygame.MOUSEMOTION:
                pygame.mouse.set_visible(not getattr(event, "touch", False))
            elif event.type in (pygame.WINDOWEXPOSED, pygame.WINDOWSIZECHANGED):
                self._drawn.clear()

    def _press(self, at: tuple[int, int]) -> None:
        buttons = self._places.buttons if self._places else {}
        for name, rect in buttons.items():
            if rect.collidepoint(at):
                self._pressed = name, pygame.time.get_ticks()
                if name == "next":
                    self._visit.next_visitor()
                else:
                    self._requests.append(name)

    def _draw(self, shown: Shown, result: Result) -> None:
        window = pygame.display.get_surface()
        assert window is not None
        places = self._arrange(window, shown, result)
        changed: list[Rect] = []
        if not self._drawn:
            window.fill(GROUND)
            changed.append(window.get_rect())

        def stale(part: str, rect: Rect, *contents: object) -> bool:
            if self._drawn.get(part) == contents:
                return False
            self._drawn[part] = contents
            changed.append(rect)
            return True

        self._draw_picture(window, places, shown, result)
        changed.append(places.picture)
        if stale("card", places.card, shown.hint, shown.letter, shown.new):
            hint = self._words[shown.hint] if shown.hint else ""
            drawing.draw_card(window, self._type, places, hint, letter=shown.letter, new=shown.new)
        if shown.phase == "attract":
            if stale("title", places.title):
                title, most = self._words["title"], places.title.h * 2 // 3
                draw_sentence(window, self._type, places.title, title, colour=INK, most_px=most)
            if self._hands.draw_one() or stale("alphabet", places.alphabet):
                drawing.draw_alphabet(window, self._type, places, self._hands)
                changed.append(places.alphabet)
            step = int(result.frame.t_ns / 1e9 / SPELL_S)
            if stale("spelling", places.spelling, step, len(self._hands.large)):
                drawing.draw_spelling(window, self._type, places, self._hands, step)
        else:
            if stale("text", places.text, shown.text):
                drawing.draw_text(window, self._type, places, shown.text)
            row = places.buttons["space"].union(places.buttons["next"])  # the first and the last
            if stale("buttons", row, pressed := self._bright()):
                drawing.draw_buttons(window, self._type, places, self._words, pressed)
        pygame.display.update(changed)

    def _bright(self) -> Button | None:
        """The button that was pressed just now."""
        if self._pressed and pygame.time.get_ticks() - self._pressed[1] < PRESSED_S * 1000:
            return self._pressed[0]
        return None

    def _arrange(self, window: pygame.Surface, shown: Shown, result: Result) -> Places:
        """Returns the layout; where it is another than before, all is drawn again."""
        height, width = result.frame.rgb.shape[:2]
        attract = shown.phase == "attract"
        arranged_for = (window.get_size(), width / height, attract)
        if self._places is None or arranged_for != self._arranged_for:
            self._places = arrange(*arranged_for)
            if attract:
                self._hands = self._hands_for(self._places)
            self._arranged_for = arranged_for
            self._drawn.clear()
        return self._places

    def _hands_for(self, places: Places) -> Hands:
        """The drawn hands of this size: those that are there, or new ones."""
        small, large = places.alphabet.w // places.columns * 15 // 16, places.spelling.h
        if self._hands.sides_px != (small, large):
            return Hands(small, large)
        return self._hands

    def _draw_picture(
        self, window: pygame.Surface, places: Places, shown: Shown, result: Result
    ) -> None:
        height, width = result.frame.rgb.shape[:2]
        picture = scaled(result.frame.rgb, places.picture.size, self._mirror)
        for hand in reversed(result.hands if shown.phase == "reading" else ()):
            colour = ACCENT if hand is result.hands[0] else QUIET
            draw_hand(picture, hand, (width, height), self._mirror, colour)
        window.blit(
            pygame.image.frombuffer(picture.data, places.picture.size, "RGB"), places.picture
        )
        if shown.demonstration:
            banner = self._words["demonstration"]
            drawing.draw_banner(window, self._type, places.picture, banner)
        self._type.round_off(window, places.picture, places.gap_px, GROUND)
