"""`practice`: a window that asks for letters and words, and says what to change.

In come results, one a frame. Out go pictures in the window, a file with the learner's progress, and
requests to clear the text between words. `fingerspell practice` opens it; as a sink it is
`practice:words=FILE`, `practice:receptive`, and a size such as 1280x720, joined by commas. This
file does not import pygame, so that what it declares can be read without it.

words.py has what is asked for, lesson.py how far the learner is, progress.py what is kept,
drawing.py what is shown, and practice.py the window. edge/handshapes/advice.py says what to change.
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

_OPTIONS = "words=FILE, receptive, mirror, no-mirror, and a size such as 1280x720"


def open(rest: str) -> Sink:
    """Opens the window. `rest`: the options, joined by commas.

    Raises UsageError for a wrong option or a list without words, SinkError if there is no display
    or the progress cannot be kept, and ImportError without pygame.
    """
    from edge.sinks.practice import words

    size_px: tuple[int, int] | None = None
    path, receptive, mirror = words.OURS, False, True
    for option in rest.split(",") if rest else ():
        name, _, value = option.partition("=")
        if match := re.fullmatch(r"([1-9]\d{2,4})x([1-9]\d{2,4})", option):
            size_px = int(match[1]), int(match[2])
        elif name == "words" and value:
            path = Path(value)
        elif option == "receptive":
            receptive = True
        elif option in ("mirror", "no-mirror"):
            mirror = option == "mirror"
        else:
            raise UsageError(f"practice has no option {option!r}; there are {_OPTIONS}")
    asked = words.read(path)
    quieten()
    from edge.sinks.practice.practice import Practice

    return Practice(size_px, asked, receptive=receptive, mirror=mirror)
