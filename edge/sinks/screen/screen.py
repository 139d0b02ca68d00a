"""What the window shows after each frame, and what its keys do."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from edge.sinks._picture import draw_hand, scaled
from edge.sinks._window import colours
from edge.sinks._window.lettering import Type, wrap_on
from edge.sinks._window.window import open_window
from edge.sinks._window.x_server import XServer
from edge.sinks.screen import panels
from edge.sinks.screen.layout import Layout, arrange
from edge.types import End, Request, Result, Vitals

KEYS = (("C", "clear"), ("M", "mirror"), ("Q", "quit"), ("F", "full screen"), ("S", "skeleton"))
# How long the letter that was just written is shown in colour: long enough to be noticed, and over
# before the next one at an unhurried pace, 1.6 letters a second.
SETTLED_MS = 450
SURE = 0.5  # a letter with at least this score is shown bright: it is likelier than all others
WAITED_S = 0.4  # so long without a frame means trouble: at 30 a second, twelve frames are missing
ALONE_MS = 1500  # so long without a hand, a hint appears; hands rest for a second between words
# Of the last picture while no frame comes: two thirds of 255, so that it is seen to be an old one.
DARK_ALPHA = 170
_STALE = (
    pygame.WINDOWEXPOSED,
    pygame.WINDOWSIZECHANGED,
    pygame.WINDOWRESTORED,
    pygame.WINDOWSHOWN,
    pygame.VIDEORESIZE,
)


class Screen:
    """The window and its keys. It draws in write(), which also returns what the keys requested."""

    def __init__(
        self,
        size_px: tuple[int, int] | None,
        *,
        full: bool,
        mirror: bool,
        skeleton: bool,
        hints: bool,
        quit: bool,
    ) -> None:
        """Opens the window; without a size it covers most of the display. Raises SinkError."""
        self._size_px = size_px
        self._full = full
        self._mirror = mirror
        self._skeleton = skeleton
        self._keys = [key for key in KEYS if hints and (quit or key[1] != "quit")]
        self._may_quit = quit
        self._layout: Layout | None = None
        self._arranged_for: object = None
        self._shown: dict[str, object] = {}  # what each part of the window shows now
        self._lines: list[str] = []
        self._hand_ns: int | None = None  # the time of the last frame with a hand, or of the first
        self._settled: tuple[str, int] | None = None  # the last letter, and its time in ns
        self._figures = panels.Figures()
        self._last: Result | None = None
        self._trouble = ""
        self._open_window()
        self._type = Type()

    def write(self, result: Result) -> Request | None:
        """Draws what has changed; returns "clear" or "quit" if the user pressed its key."""
        request = self._handle_events()
        if request != "quit":
            self._draw_if_there(lambda: self._draw(result))
            self._last = result
        return "quit" if self._server.gone else request

    def note(self, vitals: Vitals) -> Request | None:
        """Shows what is wrong while no frame comes; the keys keep working."""
        self._trouble = vitals.trouble
        if vitals.waited_s < WAITED_S:
            return None  # frames flow, and write() draws
        request = self._handle_events()
        if request != "quit" and self._trouble:
            self._draw_if_there(self._draw_trouble)
        return "quit" if self._server.gone else request

    def close(self, end: End) -> None:
        """Closes the window, if its display is still there."""
        if not self._server.gone:
            pygame.display.quit()

    def _open_window(self) -> None:
        open_window(self._size_px, self._full)
        self._server = XServer()
        self._shown.clear()

    def _draw_if_there(self, draw: Callable[[], None]) -> None:
        """Draws; what fails because the X server has gone is no fault: the run then ends."""
        try:
            draw()
        except pygame.error:
            if not self._server.gone:
                raise

    def _handle_events(self) -> Request | None:
        """Does what the keys pressed since the last call mean; returns what they request."""
        request: Request | None = None
        for event in pygame.event.get():
            key = event.key if event.type == pygame.KEYDOWN else None
            quits = event.type == pygame.QUIT or key in (pygame.K_q, pygame.K_ESCAPE)
            if quits and self._may_quit:
                return "quit"
            if key == pygame.K_c:
                request = "clear"
            elif key == pygame.K_m:
                self._mirror = not self._mirror
            elif key == pygame.K_s:
                self._skeleton = not self._skeleton
            elif key in (pygame.K_f, pygame.K_F11):
                if not self._full:
                    self._size_px = pygame.display.get_window_size()
                self._full = not self._full
                self._open_window()
            elif event.type in _STALE:
                self._shown.clear()
        return request

    def _draw(self, result: Result) -> None:
        """Draws each part whose contents have changed, and updates only these parts."""
        window = pygame.display.get_surface()
        assert window is not None
        layout = self._arrange(window, result)
        changed: list[pygame.Rect] = []
        if not self._shown:
            window.fill(colours.GROUND)
            changed.append(window.get_rect())

        def stale(part: str, rect: pygame.Rect, *contents: object) -> bool:
            if self._shown.get(part) == contents:
                return False
            self._shown[part] = contents
            changed.append(rect)
            return True

        self._draw_picture(window, layout, result)
        changed.append(layout.picture)
        letter = self._letter(result)
        if stale("letter", layout.letter, letter):
            panels.draw_letter(window, self._type, layout, letter)
            self._shown.pop("score", None)  # the letter's card was drawn over it
        score = _score(result)
        if stale("score", layout.score.inflate(0, layout.score.h), score):
            panels.draw_score(window, self._type, layout, score)
        if stale("text", layout.text, result.text):
            self._lines = wrap_on(
                self._lines,
                result.text,
                panels.text_width(layout),
                lambda text: self._type.width(text, layout.text_cap_px),
            )
            panels.draw_text(window, self._type, layout, self._lines)
        figures = self._trouble or self._figures.after(result)
        if stale("footer", layout.footer, figures):
            panels.draw_footer(window, self._type, layout, self._keys, figures)
        pygame.display.update(changed)

    def _draw_trouble(self) -> None:
        """Draws the last picture darkened, no letter, and in the footer what is wrong."""
        window = pygame.display.get_surface()
        assert window is not None
        layout = self._arrange(window, self._last)
        window.fill(colours.GROUND)
        panels.draw_letter(
            window, self._type, layout, panels.Letter(None, colours.QUIET, "no picture")
        )
        panels.draw_score(window, self._type, layout, None)
        panels.draw_text(window, self._type, layout, self._lines)
        panels.draw_footer(window, self._type, layout, (), self._trouble)
        if self._last is not None:
            self._draw_picture(window, layout, self._last)
        dark = pygame.Surface(layout.picture.size)
        dark.set_alpha(DARK_ALPHA)
        window.blit(dark, layout.picture)
        pygame.display.update()
        self._shown.clear()

    def _arrange(self, window: pygame.Surface, result: Result | None) -> Layout:
        """Returns the layout for this window and picture; if it is new, all is drawn again."""
        height, width = result.frame.rgb.shape[:2] if result else (3, 4)
        arranged_for = (window.get_size(), width / height)
        if self._layout is None or arranged_for != self._arranged_for:
            self._layout, self._arranged_for = arrange(*arranged_for), arranged_for
            self._shown.clear()
            self._lines = []
        return self._layout

    def _draw_picture(self, window: pygame.Surface, layout: Layout, result: Result) -> None:
        height, width = result.frame.rgb.shape[:2]
        picture = scaled(result.frame.rgb, layout.picture.size, self._mirror)
        if self._skeleton:
            for hand in reversed(result.hands):
                colour = colours.ACCENT if hand is result.hands[0] else colours.QUIET
                draw_hand(picture, hand, (width, height), self._mirror, colour)
        window.blit(
            pygame.image.frombuffer(picture.data, layout.picture.size, "RGB"), layout.picture
        )
        self._type.round_off(window, layout.picture, layout.gap_px, colours.GROUND)

    def _letter(self, result: Result) -> panels.Letter:
        """Returns what the letter's card is to show."""
        now_ns = result.frame.t_ns
        for event in result.events:
            if event.kind == "letter":
                self._settled = (event.label, now_ns)
        if self._hand_ns is None or result.hands:
            self._hand_ns = now_ns
        if result.status is not None:
            return panels.Letter(result.status.large, colours.INK)
        prediction = result.prediction
        if prediction is None:
            alone = now_ns - self._hand_ns > ALONE_MS * 1e6
            return panels.Letter(None, colours.QUIET, "show your hand" if alone else None)
        if self._settled is not None:
            label, settled_ns = self._settled
            # A label without a score is a drawn letter (J, Z), or shares a hand shape (0 and O).
            unchanged = label == prediction.label or label not in prediction.scores
            if unchanged and now_ns - settled_ns < SETTLED_MS * 1e6:
                return panels.Letter(label, colours.ACCENT)
        tone = colours.INK if prediction.score >= SURE else colours.QUIET
        return panels.Letter(prediction.label, tone)


def _score(result: Result) -> float | None:
    """Returns the length of the bar under the letter, 0..1; None for no bar."""
    if result.status is not None:
        return round(result.status.progress, 2)
    return None if result.prediction is None else round(float(result.prediction.score), 2)
