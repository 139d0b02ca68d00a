"""`screen`: a window, or the whole display, with the picture, the letter and the text.

In come results, one a frame. Out go pictures on a display and, from the keys and the window's
frame, requests to clear the text or to quit. Options are words joined by commas, as in
`screen:full,no-mirror` (see OPTIONS). pygame draws the window with SDL2, which needs a desktop (X11
or Wayland) or, on the console, KMS/DRM. This file does not import pygame, so that what it declares
can be read without it; screen.py has the window's contents.
"""

from __future__ import annotations

import re

from edge.errors import UsageError
from edge.sinks._window import quieten
from edge.stages import Sink

EXTRA = "screen"  # the pip extra that installs pygame
PACED = True  # people watch the frames, so a recording is played at its own speed
MIRROR = True  # unless an option says no-mirror

# Each option, and its default. "no-" before its name switches it off.
OPTIONS = {
    "full": False,  # the whole display
    "mirror": True,  # as in a mirror, which is what people who face a camera expect
    "skeleton": True,  # the hand's box and bones
    "hints": True,  # the keys and their meaning
    "quit": True,  # by a key or the window's frame; visitors of a kiosk must not quit
}


def open(rest: str) -> Sink:
    """Opens the window. `rest`: options joined by commas, and a size such as 1280x720.

    Raises UsageError for an unknown option, SinkError if there is no display, and ImportError
    without pygame.
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
    quieten()
    from edge.sinks.screen.screen import Screen

    return Screen(size_px, **options)
