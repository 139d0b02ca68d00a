"""`screen`: a window, or the whole display, with the picture, the letter and the text.

Options are words joined by commas, as in `screen:full,no-mirror` (see OPTIONS). It is drawn with
pygame on SDL2, which needs a desktop (X11 or Wayland) or, on the console, KMS/DRM.
"""

from __future__ import annotations

import os
import re

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from edge.errors import UsageError
from edge.sinks.screen import panels
from edge.sinks.screen.layout import Layout, arrange
from edge.sinks.screen.lettering import Type, wrap_on
from edge.sinks.screen.picture import draw_hand, scaled
from edge.sinks.screen.window import open_window
from edge.types import End, Request, Result, Vitals

# Each may be written with "no-" before it; here is what holds when nothing is said.
OPTIONS = {
    "full": False,  # the whole display
    "mirror": True,  # as in a mirror: who faces a camera expects that
    "skeleton": True,  # the hand's box and bones
    "hints": True,  # which keys there are
    "quit": True,  # by a key or the window's frame; a kiosk's visitors may not
}
KEYS = (("C", "clear"), ("M", "mirror"), ("Q", "quit"), ("F", "full screen"), ("S", "skeleton"))
SETTLED_MS = 450  # how long a letter that was just taken is shown in colour
SURE = 0.5  # the score from which a letter is shown in full
WAITED_S = 0.4  # without a frame for so long, none comes
ALONE_MS = 1500  # how long without a hand until one is asked for
_STALE = (
    pygame.WINDOWEXPOSED,
    pygame.WINDOWSIZECHANGED,
    pygame.WINDOWRESTORED,
    pygame.WINDOWSHOWN,
    pygame.VIDEORESIZE,
)

EXTRA = "screen"  # the pip extra that installs pygame
PACED = True  # people watch the frames: a recording is played at its own speed


def open(rest: str) -> Screen:
    """Opens the window. `rest`: options joined by commas, and a size such as 1280x720.

    Raises UsageError for an unknown option, SinkError where there is no display.
    """
    options = dict(OPTIONS)
    size_px: tuple[int, int] | None = None
    for word in rest.split(",") if rest else ():
        name = word.removeprefix("no-")
        if match := re.fullmatch(r"([1-9]\d{2,4})x([1-9]\d{2,4})", word):
            size_px = int(match[1]), int(match[2])
        elif name in options:
            options[name] = name == word
        else:
            known = ", ".join(options)
            raise UsageError(
                f"the screen has no option {word!r}; there are {known}, each also with no- before"
                " it, and a size such as 1280x720"
            )
    return Screen(size_px, **options)


class Screen:
    """The window and its keys. write() draws, and tells what was pressed since the last frame."""

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
        """Opens the window, of most of the display when no size is given; raises SinkError."""
        self._size_px = size_px
        self._full = full
        self._mirror = mirror
        self._skeleton = skeleton
        self._keys = [key for key in KEYS if hints and (quit or key[1] != "quit")]
        self._may_quit = quit
        self._layout: Layout | None = None
        self._arranged_for: object = None
        self._shown: dict[str, object] = {}  # what each part of the window shows
        self._lines: list[str] = []
        self._seen_ns: int | None = None  # when a hand was last in view, or the start
        self._settled: tuple[str, int] | None = None  # the last letter, and when
        self._figures = panels.Figures()
        self._last: Result | None = None
        self._trouble = ""
        self._open_window()
        self._type = Type()

    def write(self, result: Result) -> Request | None:
        """Draws what has changed; "clear" and "quit" when the user asked for it."""
        request = self._heed()
        if request != "quit":
            self._draw(result)
            self._last = result
        return request

    def note(self, vitals: Vitals) -> Request | None:
        """Says what is wrong while no picture comes; the keys go on working."""
        self._trouble = vitals.trouble
        if vitals.waited_s < WAITED_S:
            return None  # frames flow, and write() draws
        request = self._heed()
        if request != "quit" and self._trouble:
            self._draw_trouble()
        return request

    def close(self, end: End) -> None:
        """Closes the window."""
        pygame.display.quit()

    def _open_window(self) -> None:
        open_window(self._size_px, self._full)
        self._shown.clear()

    def _heed(self) -> Request | None:
        """Does what the keys say since the last call."""
        request: Request | None = None
        for event in pygame.event.get():
            key = event.key if event.type == pygame.KEYDOWN else None
            leave = event.type == pygame.QUIT or key in (pygame.K_q, pygame.K_ESCAPE)
            if leave and self._may_quit:
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
        """Draws each part whose contents have changed, and shows these alone."""
        window = pygame.display.get_surface()
        assert window is not None
        layout = self._arrange(window, result)
        changed: list[pygame.Rect] = []
        if not self._shown:
            window.fill(panels.GROUND)
            changed.append(window.get_rect())

        def stale(part: str, rect: pygame.Rect, *contents: object) -> bool:
            if self._shown.get(part) == contents:
                return False
            self._shown[part] = contents
            changed.append(rect)
            return True

        self._draw_picture(window, layout, result)
        changed.append(layout.picture)
        reading = self._read(result)
        if stale("letter", layout.letter, reading):
            panels.draw_letter(window, self._type, layout, reading)
            self._shown.pop("score", None)  # the card lies under it
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
        """The last picture, dark, no letter, and below it what is wrong."""
        window = pygame.display.get_surface()
        assert window is not None
        layout = self._arrange(window, self._last)
        window.fill(panels.GROUND)
        panels.draw_letter(
            window, self._type, layout, panels.Reading("", panels.QUIET, "no picture")
        )
        panels.draw_score(window, self._type, layout, None)
        panels.draw_text(window, self._type, layout, self._lines)
        panels.draw_footer(window, self._type, layout, (), self._trouble)
        if self._last is not None:
            self._draw_picture(window, layout, self._last)
        dark = pygame.Surface(layout.picture.size)
        dark.set_alpha(170)
        window.blit(dark, layout.picture)
        pygame.display.update()
        self._shown.clear()

    def _arrange(self, window: pygame.Surface, result: Result | None) -> Layout:
        """The layout for this window and picture; all is drawn anew when it differs."""
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
                colour = panels.ACCENT if hand is result.hands[0] else panels.QUIET
                draw_hand(picture, hand, (width, height), self._mirror, colour)
        window.blit(
            pygame.image.frombuffer(picture.data, layout.picture.size, "RGB"), layout.picture
        )
        self._type.round_off(window, layout.picture, layout.gap_px, panels.GROUND)

    def _read(self, result: Result) -> panels.Reading:
        """What the letter's card is to show."""
        now_ns = result.frame.t_ns
        for event in result.events:
            if event.kind == "letter":
                self._settled = (event.label, now_ns)
        if self._seen_ns is None or result.hands:
            self._seen_ns = now_ns
        if result.status is not None:
            return panels.Reading(result.status.large, panels.INK, "")
        seen = result.prediction
        if seen is None:
            alone = now_ns - self._seen_ns > ALONE_MS * 1e6
            return panels.Reading("", panels.QUIET, "show your hand" if alone else "")
        label, settled_ns = self._settled or ("", 0)
        # A label without a score was drawn (J, Z), or is its shape's other reading (0, O).
        told = label == seen.label or label not in seen.scores
        if told and now_ns - settled_ns < SETTLED_MS * 1e6:
            return panels.Reading(label, panels.ACCENT, "")
        return panels.Reading(seen.label, panels.INK if seen.score >= SURE else panels.QUIET, "")


def _score(result: Result) -> float | None:
    """Returns how long the bar under the letter is, 0..1; None for no bar."""
    if result.status is not None:
        return round(result.status.progress, 2)
    return None if result.prediction is None else round(float(result.prediction.score), 2)
