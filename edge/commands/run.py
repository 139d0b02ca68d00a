"""`fingerspell run`: reads a source to its end, or until it is stopped."""

from __future__ import annotations

from edge.assembly import open_stages, some_source, windows
from edge.config import Config
from edge.running.stop import Stop
from edge.session import open_session
from edge.types import End


def run(config: Config, stop: Stop) -> End:
    """Runs until the source ends, a stop is requested, or max_seconds are over.

    Returns what the sinks got at the end. Raises FingerspellError, and Stopped for a signal
    that comes while things are opened.
    """
    with open_session(
        stop,
        lambda: some_source(config),
        lambda source: open_stages(config, source),
        lambda source: windows(config.sink, source) or ("jsonl:-",),
        patience_s=config.camera.patience_s,
        max_seconds=config.max_seconds,
    ) as session:
        for _ in session.results():
            pass
    return session.end
