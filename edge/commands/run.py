"""`fingerspell run`: reads a source to its end, or until it is stopped."""

from __future__ import annotations

import logging

from edge.assembly import open_stages, some_source, windows
from edge.config import Config
from edge.hands.turned import TurnWatch, mend, where_fingers_point
from edge.running.stop import Stop
from edge.session import open_session
from edge.types import End

log = logging.getLogger(__name__)


def run(config: Config, stop: Stop) -> End:
    """Runs until the source ends, a stop is requested, or max_seconds are over.

    A warning says, once, that hands are seen only turned, as by a camera that hangs upside down.
    Returns what the sinks got at the end. Raises FingerspellError, and Stopped for a signal
    that comes while things are opened, or if max_seconds are over while a file is being opened.
    """

    def opening(seconds: float) -> None:
        if 0 < config.max_seconds <= seconds:
            stop.end_opening("time")

    with open_session(
        stop,
        lambda: some_source(config, opening),
        lambda source: open_stages(config, source),
        lambda source: windows(config.sink, source) or ("jsonl:-",),
        patience_s=config.camera.patience_s,
        max_seconds=config.max_seconds,
    ) as session:
        turned = TurnWatch()
        for result in session.results():
            turn = turned.take(next(iter(result.hands), None), result.frame.t_ns / 1e9)
            if turn is not None:
                where = where_fingers_point(turn)
                log.warning("the fingers of nearly all hands point %s; %s", where, mend(turn))
    return session.end
