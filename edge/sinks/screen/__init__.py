"""`screen`: a window, or the whole display, with the picture, the letter and the text.

Options are words joined by commas, as in `screen:full,no-mirror` (see OPTIONS). It is drawn with
pygame on SDL2, which needs a desktop (X11 or Wayland) or, on the console, KMS/DRM.
"""

from __future__ import annotations

import os
import re
import sys

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame
import pygame.freetype

from edge.errors import SinkError, UsageError
from edge.sinks.screen import panels
from edge.sinks.screen.layout import Layout, arrange
from edge.sinks.screen.lettering import Type, wrap_on
from edge.sinks.screen.picture import draw_hand, scaled
from edge.types import End, Request, Result

# Each may be written with "no-" before it; here is what holds when nothing is said.
OPTIONS = {
    "full": False,  # the whole display
    "mirror": True,  # as in a mirror: who faces a camera expects that
    "skeleton": True,  # the hand's box and bones
    "hints": True,  # which keys there are
}
KEYS = (("C", "clear"), ("M", "mirror"), ("Q", "quit"), ("F", "full screen"), ("S", "skeleton"))
SETTLED_MS = 450  # how long a letter that was just taken is shown in colour
SURE = 0.5  # the score from which a letter is shown in full
ALONE_MS = 1500  # how long without a hand until one is asked for
_STALE = (
    pygame.WINDOWEXPOSED,
    pygame.WINDOWSIZECHANGED,
    pygame.WINDOWRESTORED,
    pygame.WINDOWSHOWN,
    pygame.VIDEORESIZE,
)


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
        self, size_px: tuple[int, int] | None, full: bool, mirror: bool, skeleton: bool, hints: bool
    ) -> None:
        """Opens the window, of most of the display when no size is given; raises SinkError."""
        _start_video()
        desktop_w, desktop_h = pygame.display.get_desktop_sizes()[0]
        self._size_px = size_px or (min(1280, desktop_w * 9 // 10), min(720, desktop_h * 8 // 10))
        # There are no windows on the console.
        self._full = full or pygame.display.get_driver() == "kmsdrm"
        self._mirror = mirror
        self._skeleton = skeleton
        self._keys = KEYS if hints else ()
        self._type = Type()
        self._layout: Layout | None = None
        self._arranged_for: object = None
        self._shown: dict[str, object] = {}  # what each part of the window shows
        self._lines: list[str] = []
        self._seen_ns: int | None = None  # when a hand was last in view, or the start
        self._settled: tuple[str, int] | None = None  # the last letter, and when
        self._figures = panels.Figures()
        pygame.display.set_caption("fingerspell")
        pygame.display.set_icon(self._icon())
        self._set_mode()

    def write(self, result: Result) -> Request | None:
        """Draws what has changed; "clear" and "quit" when the user asked for it."""
        request = self._heed()
        if request != "quit":
            self._draw(result)
        return request

    def close(self, end: End) -> None:
        """Closes the window."""
        pygame.display.quit()

    def _set_mode(self) -> None:
        try:
            if self._full:
                pygame.display.set_mode((0, 0), pygame.FULLSCREEN)
            else:
                pygame.display.set_mode(self._size_px, pygame.RESIZABLE)
        except pygame.error as error:
            raise _no_display(error) from error
        pygame.mouse.set_visible(not self._full)
        self._shown.clear()

    def _heed(self) -> Request | None:
        """Does what the keys say since the last call."""
        request: Request | None = None
        for event in pygame.event.get():
            key = event.key if event.type == pygame.KEYDOWN else None
            if event.type == pygame.QUIT or key in (pygame.K_q, pygame.K_ESCAPE):
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
                self._set_mode()
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
        score = None if result.prediction is None else round(float(result.prediction.score), 2)
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
        figures = self._figures.after(result)
        if stale("footer", layout.footer, figures):
            panels.draw_footer(window, self._type, layout, self._keys, figures)
        pygame.display.update(changed)

    def _arrange(self, window: pygame.Surface, result: Result) -> Layout:
        """The layout for this window and picture; all is drawn anew when it differs."""
        height, width = result.frame.rgb.shape[:2]
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
        seen = result.prediction
        if seen is None:
            alone = now_ns - self._seen_ns > ALONE_MS * 1e6
            return panels.Reading("", panels.QUIET, "show your hand" if alone else "")
        label, settled_ns = self._settled or ("", 0)
        if label == seen.label and now_ns - settled_ns < SETTLED_MS * 1e6:
            return panels.Reading(seen.label, panels.ACCENT, "")
        return panels.Reading(seen.label, panels.INK if seen.score >= SURE else panels.QUIET, "")

    def _icon(self) -> pygame.Surface:
        """A hand's letter on a tile."""
        icon = pygame.Surface((64, 64), pygame.SRCALPHA)
        pygame.draw.rect(icon, panels.ACCENT, icon.get_rect(), border_radius=14)
        glyph, _ = self._type.render("A", 34, panels.GROUND)
        icon.blit(glyph, glyph.get_rect(center=(32, 33)))
        return icon


def _start_video() -> None:
    """Starts SDL's video and fonts; raises SinkError where there is no display."""
    # Plain shared memory, of which only what changed is sent: a GPU texture is sent as a whole, and
    # where there is no GPU (measured under Xvfb) it costs 12 ms a frame instead of 3.
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    chosen = os.environ.get("SDL_VIDEODRIVER")
    if chosen is None and sys.platform == "linux":
        # Left to itself, SDL ends with its "offscreen" driver, and nobody sees anything.
        desktops = {"x11": "DISPLAY", "wayland": "WAYLAND_DISPLAY"}
        found = [driver for driver, variable in desktops.items() if os.environ.get(variable)]
        os.environ["SDL_VIDEODRIVER"] = ",".join([*found, "kmsdrm"])
    try:
        pygame.display.init()
        pygame.freetype.init()
    except pygame.error as error:
        raise _no_display(error) from error
    finally:
        if chosen is None:
            os.environ.pop("SDL_VIDEODRIVER", None)


def _no_display(error: pygame.error) -> SinkError:
    return SinkError(
        f"no display for the window ({error}): run it on a desktop or on the console of the"
        " machine, or use --sink jsonl:-"
    )
