"""The format of log lines: text for people, or for systemd's journal, or JSON for programs.

A line's figures are in its record's `fields`, a dict given as `extra={"fields": ...}`. Only JSON
shows them.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Literal

Style = Literal["text", "json"]

# The journal's number for each level: sd-daemon(3).
_PRIORITY = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}


def set_up(style: Style = "text") -> None:
    """Sends log lines to stderr; may be called again with another style."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, Stderr)]:
        root.removeHandler(handler)
    formatter: logging.Formatter = Json() if style == "json" else logging.Formatter()
    if _is_journal():
        formatter = Journal(formatter)
    elif style == "text":
        formatter = logging.Formatter("fingerspell: %(message)s")
    root.addHandler(Stderr(formatter))
    root.setLevel(logging.INFO)
    # Health's line a minute is left out on a terminal, where somebody sees the run.
    attended = sys.stderr is not None and sys.stderr.isatty()
    logging.getLogger("edge.running.health").setLevel(
        logging.WARNING if attended else logging.NOTSET
    )


class Stderr(logging.Handler):
    """Writes to the present sys.stderr, each line at once: a child process writes there too."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record's line; a stderr that is closed or full does not end the run."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


class Journal(logging.Formatter):
    """Lines for systemd's journal, which reads "<4>" as the priority and adds the name itself."""

    def __init__(self, plain: logging.Formatter) -> None:
        super().__init__()
        self._plain = plain

    def format(self, record: logging.LogRecord) -> str:
        """Puts the priority before each line, also of a traceback."""
        priority = f"<{_PRIORITY.get(record.levelname, 6)}>"
        return "\n".join(priority + line for line in self._plain.format(record).splitlines())


class Json(logging.Formatter):
    """Lines for programs: {"time": "2026-01-31T12:00:00.000+00:00", "level": "info", ...}."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns one object in one line, with "from" (the logger), "message" and all fields."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _is_journal() -> bool:
    """Whether stderr is systemd's journal: $JOURNAL_STREAM has its device and inode."""
    try:
        there = os.fstat(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"
