"""What the sinks with a window share: how it is opened and may end, its letters and its colours."""

from __future__ import annotations

import os


def quieten() -> None:
    """Keeps pygame from greeting on stdout, where JSON lines may go; call it before its import."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
