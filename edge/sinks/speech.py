"""`speech` or `speech:VOICE`: says each finished word aloud, with espeak-ng.

VOICE is one that `espeak-ng --voices` lists, by default "en-us". Letters are not said: a word that
is corrected while it is spelled is said once, as it was meant.
"""

from __future__ import annotations

import re
import shutil

from edge.errors import SinkError, UsageError
from edge.sinks._program import ProgramSink
from edge.types import Event

PROGRAM = "espeak-ng"
VOICE = "en-us"  # of American Sign Language


def open(rest: str) -> ProgramSink:
    """Raises UsageError for a voice that cannot be one, SinkError without espeak-ng."""
    if not re.fullmatch(r"[\w+/-]*", rest) or rest.startswith("-"):
        raise UsageError(f"speech:{rest} is no voice; espeak-ng --voices lists them")
    program = shutil.which(PROGRAM)
    if program is None:
        raise SinkError(f"speech needs {PROGRAM}: sudo apt install {PROGRAM}")
    voice = rest or VOICE

    def of(event: Event) -> list[str]:
        # In capitals a short word may be taken for an abbreviation, and spelled.
        return [program, "-v", voice, "--", event.label.lower()]

    return ProgramSink("speech", of)
