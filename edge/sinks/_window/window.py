"""Opens the window on a desktop or the console, or says why it cannot be opened."""

from __future__ import annotations

import os
import sys

import pygame
import pygame.freetype

from edge.errors import SinkError
from edge.sinks._window.colours import ACCENT, GROUND
from edge.sinks._window.lettering import Type


def open_window(size_px: tuple[int, int] | None, full: bool) -> None:
    """Opens pygame's window anew: over the whole display, or a part of it.

    An open window is closed first: if it covered the whole display, it forgot its former size.
    size_px: (width, height) if not full; None for most of the display.
    Raises SinkError if there is no display.
    """
    pygame.display.quit()
    _start_video()
    pygame.display.set_caption("fingerspell")
    pygame.display.set_icon(_icon())
    full = full or pygame.display.get_driver() == "kmsdrm"  # there are no windows on the console
    wide, high = pygame.display.get_desktop_sizes()[0]
    size_px = size_px or (min(1280, wide * 9 // 10), min(720, high * 8 // 10))
    try:
        if full:
            pygame.display.set_mode((0, 0), pygame.FULLSCREEN)
        else:
            pygame.display.set_mode(size_px, pygame.RESIZABLE)
    except pygame.error as error:
        raise _no_display(error) from error
    pygame.mouse.set_visible(not full)


def _start_video() -> None:
    """Starts SDL's video and fonts; raises SinkError if there is no display."""
    # In shared memory only the changed parts are sent to the display. A GPU texture is sent as a
    # whole, which without a GPU takes 12 ms a frame instead of 3 (measured under Xvfb).
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    chosen = os.environ.get("SDL_VIDEODRIVER")
    if chosen is None and sys.platform == "linux":
        # Without this, SDL falls back to its "offscreen" driver, which shows nothing.
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


def _icon() -> pygame.Surface:
    """A letter on a tile."""
    icon = pygame.Surface((64, 64), pygame.SRCALPHA)
    pygame.draw.rect(icon, ACCENT, icon.get_rect(), border_radius=14)
    glyph, _ = Type().render("A", 34, GROUND)
    icon.blit(glyph, glyph.get_rect(center=(32, 33)))
    return icon
