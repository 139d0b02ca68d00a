"""The practice window: what a learner sees and presses. drawing.py has the layout."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import pygame
from pygame import Rect

from edge.handshapes.advice import advice
from edge.signer.cell import cell
from edge.sinks._picture import draw_hand, scaled
from edge.sinks._window.colours import ACCENT, GROUND, QUIET
from edge.sinks._window.lettering import Type
from edge.sinks._window.window import open_window
from edge.sinks._window.x_server import XServer
from edge.sinks.practice import drawing
from edge.sinks.practice.drawing import Places, arrange
from edge.sinks.practice.lesson import Lesson, Shown
from edge.sinks.practice.progress import load, progress_path, save
from edge.sinks.practice.receptive import Receptive
from edge.types import End, Request, Result, Vitals

SIGNERS = 36  # so many different hands show the handshapes, by choice
SIGNER_SIZE = (640, 480)  # of the signer's picture where the learner reads
KEYS = "right arrow: another word    Q: quit"
KEYS_TYPED = "Enter: check, then go on    Esc: quit"


class Practice:
    """Draws in write() and note(), which also return what the keys request."""

    def __init__(
        self,
        size_px: tuple[int, int] | None,
        words: Sequence[str],
        *,
        receptive: bool,
        mirror: bool,
        seed: int | None = None,
    ) -> None:
        """Opens the window; raises SinkError. seed: of what is chosen by chance."""
        self._path = progress_path()
        self._progress = load(self._path)
        open_window(size_px, full=False)
        self._server = XServer()
        self._type = Type()
        self._mirror = mirror
        self._chance = random.Random(seed)
        self._lesson = Lesson(words, self._progress, advice, seed)
        self._receptive = Receptive(words, self._progress, SIGNER_SIZE, seed) if receptive else None
        self._shapes: tuple[str, list[pygame.Surface]] = ("", [])
        self._drawn: dict[str, object] = {}
        self._places: Places | None = None
        self._arranged_for: object = None
        self._word = ""
        self._skip = False
        self._trouble = ""

    def write(self, result: Result) -> Request | None:
        """Draws what has changed; returns "quit" for its key, and "clear" between two words."""
        request = self._handle_events()
        if request != "quit":
            try:
                request = self._draw(result) or request
            except pygame.error:  # where the X server has gone, this is no fault: the run ends
                if not self._server.gone:
                    raise
        return "quit" if self._server.gone else request

    def note(self, vitals: Vitals) -> Request | None:
        """Says what is wrong while no picture comes; the keys keep working."""
        self._trouble = vitals.trouble
        return self._handle_events() if vitals.waited_s > 1 else None

    def close(self, end: End) -> None:
        """Keeps the progress, and closes the window."""
        if not self._server.gone:
            pygame.display.quit()
        save(self._progress, self._path)

    def _handle_events(self) -> Request | None:
        """Does what the keys mean; returns what they request."""
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                return "quit"
            if event.type in (pygame.WINDOWEXPOSED, pygame.WINDOWSIZECHANGED):
                self._drawn.clear()
            if event.type != pygame.KEYDOWN:
                continue
            if event.key == pygame.K_ESCAPE:
                return "quit"
            if self._receptive is not None:
                self._typed(self._receptive, event.key, event.unicode)
            elif event.key == pygame.K_q:
                return "quit"
            elif event.key == pygame.K_RIGHT:
                self._skip = True
        return None

    def _typed(self, receptive: Receptive, key: int, letter: str) -> None:
        if key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            receptive.enter(time.monotonic())
            save(self._progress, self._path)
        elif key == pygame.K_BACKSPACE:
            receptive.type("")
        elif letter.isascii() and letter.isalpha():
            receptive.type(letter.upper())

    def _draw(self, result: Result) -> Request | None:
        window = pygame.display.get_surface()
        assert window is not None
        receptive = self._receptive
        rgb = receptive.draw(time.monotonic()) if receptive else result.frame.rgb
        places = self._arrange(window, rgb.shape[1] / rgb.shape[0])
        if self._skip:
            self._lesson.skip(result.frame.t_ns)
            self._skip = False
        shown = Shown("", 0, finished=True) if receptive else self._lesson.after(result)
        changed = [places.picture]
        if not self._drawn:
            window.fill(GROUND)
            changed = [window.get_rect()]

        def stale(part: str, rect: Rect, *contents: object) -> bool:
            if self._drawn.get(part) == contents:
                return False
            self._drawn[part] = contents
            changed.append(rect)
            return True

        picture = scaled(rgb, places.picture.size, self._mirror and receptive is None)
        for hand in reversed(result.hands if receptive is None else ()):
            colour = ACCENT if hand is result.hands[0] else QUIET
            size = rgb.shape[1], rgb.shape[0]
            draw_hand(picture, hand, size, self._mirror, colour)
        window.blit(
            pygame.image.frombuffer(picture.data, places.picture.size, "RGB"), places.picture
        )
        if receptive is not None:
            typed = receptive.shown
            word = Shown(typed.typed, len(typed.typed), finished=True)
            said, bright, keys = drawing.told(typed), typed.right, KEYS_TYPED
        else:
            word, said, bright = shown, drawing.sentence(shown), shown.finished
            keys = KEYS
            if stale("shapes", places.shapes[0].union(places.shapes[1]), shown.asked):
                shapes = self._shapes_of(shown.asked, places.shapes[0].w)
                drawing.draw_shapes(window, self._type, places, shapes, shown.asked)
        if stale("word", places.word, word.word, word.done):
            drawing.draw_word(window, self._type, places, word)
        if stale("said", places.advice, said):
            drawing.draw_line(window, self._type, places.advice, said, bright=bright)
        if stale("footer", places.footer, footer := self._footer(shown, keys)):
            drawing.draw_line(window, self._type, places.footer, footer, bright=False)
        pygame.display.update(changed)
        return self._between(shown, result.text)

    def _between(self, shown: Shown, text: str) -> Request | None:
        """Keeps the progress and clears the text whenever another word is asked for."""
        if self._receptive is not None or shown.word == self._word:
            return None
        self._word = shown.word
        save(self._progress, self._path)
        return "clear" if text else None

    def _footer(self, shown: Shown, keys: str) -> str:
        progress = self._progress
        parts = [f"{shown.seconds:.0f} s"] if self._receptive is None else []
        parts += [f"in a row: {progress.streak}, at best {progress.best}"]
        if hard := progress.hard():
            parts.append(f"to work on: {' '.join(hard)}")
        return self._trouble or "    ".join([*parts, keys])

    def _arrange(self, window: pygame.Surface, aspect: float) -> Places:
        arranged_for = (window.get_size(), aspect)
        if self._places is None or arranged_for != self._arranged_for:
            self._places = arrange(*arranged_for, alone=self._receptive is not None)
            self._arranged_for = arranged_for
            self._shapes = ("", [])
            self._drawn.clear()
        return self._places

    def _shapes_of(self, letter: str, side_px: int) -> list[pygame.Surface]:
        """The handshape from both sides, of a hand chosen by chance; [] for no letter."""
        if not letter:
            return []
        if self._shapes[0] != letter:
            seed = self._chance.randrange(SIGNERS)
            sides = [cell(letter, side_px, seed, behind=behind) for behind in (False, True)]
            self._shapes = (
                letter,
                [
                    pygame.image.frombuffer(rgb.tobytes(), (side_px, side_px), "RGB")
                    for rgb in sides
                ],
            )
        return self._shapes[1]
