"""`kiosk`: the whole display, for visitors who were told nothing.

In come results, one a frame. Out go pictures on the display and, from buttons that are touched or
clicked, requests to edit or clear the text. Options are joined by commas: `kiosk:idle=30,lang=de`.
No key and no touch ends it; `systemctl stop`, Ctrl-C in the terminal or SIGTERM does. This file
does not import pygame, so that what it declares can be read without it.

visit.py knows how far a visitor is, places.py where everything stands, drawing.py draws it,
alphabet.py has the drawn hands, sentences.py the words in each language, and kiosk.py the window.
"""

from __future__ import annotations

import re
from pathlib import Path

from edge.errors import UsageError
from edge.sinks._window import quieten
from edge.stages import Sink

EXTRA = "screen"  # the pip extra that installs pygame
PACED = True  # people watch the frames, so a recording is played at its own speed
MIRROR = True  # unless an option says no-mirror

# After so long without a hand the next visitor begins anew. Between two words hands rest for a
# second or two; who has walked away does not come back to an old text.
IDLE_S = 20.0
_OPTIONS = (
    "idle=SECONDS, lang=LANGUAGE, sentences=FILE, mirror, no-mirror, and a size such as 800x480 for"
    " a window in place of the whole display"
)


def open(rest: str) -> Sink:
    """Opens the display. `rest`: the options, joined by commas.

    Raises UsageError for a wrong option or wrong sentences, SinkError if there is no display, and
    ImportError without pygame.
    """
    from edge.sinks.kiosk import sentences

    size_px: tuple[int, int] | None = None
    idle_s, words, mirror = IDLE_S, sentences.load("en"), True
    for option in rest.split(",") if rest else ():
        name, _, value = option.partition("=")
        if match := re.fullmatch(r"([1-9]\d{2,4})x([1-9]\d{2,4})", option):
            size_px = int(match[1]), int(match[2])
        elif name == "idle" and re.fullmatch(r"\d{1,5}(\.\d+)?", value) and float(value) > 0:
            idle_s = float(value)
        elif option in ("mirror", "no-mirror"):
            mirror = option == "mirror"
        elif name == "lang":
            words = sentences.load(value)
        elif name == "sentences" and value:
            words = sentences.read(Path(value))
        else:
            raise UsageError(f"the kiosk has no option {option!r}; there are {_OPTIONS}")
    quieten()
    from edge.sinks.kiosk.kiosk import Kiosk

    return Kiosk(size_px, idle_s, words, mirror=mirror)
