"""`diary:PATH`: a sink of the tests: a JSON line a frame, what it showed and when it was read."""

from __future__ import annotations

import json
import time
from pathlib import Path

from edge.types import End, Request, Result


def open(rest: str) -> Diary:
    """Writes to a new file."""
    return Diary(Path(rest))


class Diary:
    """Times are CLOCK_MONOTONIC's, the same in all processes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, result: Result) -> Request | None:
        """Writes what the frame showed, and what was read."""
        line = {
            "now_s": time.monotonic(),
            "frame": result.frame.index,
            "shown": result.frame.truth.label if result.frame.truth else "",
            "letters": [event.label for event in result.events if event.kind == "letter"],
            "words": [event.label for event in result.events if event.kind == "word"],
            "dropped": result.dropped,
        }
        self._file.write(json.dumps(line) + "\n")
        return None

    def close(self, end: End) -> None:
        """Writes what is left."""
        self._file.close()
