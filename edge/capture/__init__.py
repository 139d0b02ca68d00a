"""Capture: cameras, streams and files live in a process of their own, and cannot stop the loop.

    source = open_guarded("usb:0", CameraConfig())

In comes a source's URI; out comes a Source whose frames go on when the camera or its driver fails.
A driver that hangs does so in a child process (edge/capture/child.py). The child copies each
picture into shared memory, and sends everything else through a socket (edge/capture/channel.py).
The loop's own process waits for the child with a time limit only (edge/capture/process.py). When
no frame comes, or when the pictures show a fault (edge/capture/symptoms.py, edge/capture/watch.py),
it kills the child and opens the camera again (edge/capture/guarded.py). What a decoder complains of
is told (edge/capture/complaints.py).
"""

from __future__ import annotations

from collections.abc import Callable

from edge.capture.settings import USUAL, CameraConfig
from edge.sources import is_guarded, open_source
from edge.stages import Source

__all__ = ["CameraConfig", "open_guarded"]


def open_guarded(
    uri: str,
    config: CameraConfig = USUAL,
    opening: Callable[[float], None] = lambda opening_s: None,
) -> Source:
    """Opens the source of this URI; most kinds are opened in a process of their own.

    Which sources may hang, their modules declare (edge.sources.is_guarded). They are opened as a
    GuardedSource, which is an edge.stages.Guarded: it says how often it was `reopened`, and what
    its `trouble` is. Every other source is opened in this process.

    opening: is called several times a second while a file is being opened, which may be a pipe into
    which nobody writes. It gets the seconds that this has taken so far, and may raise an exception.

    Raises what edge.sources.open_source raises, and SourceError for a camera that does not open in
    time. With config.wait a camera that does not open raises nothing: it is tried again.
    """
    if not is_guarded(uri):
        return open_source(uri)
    from edge.capture.guarded import GuardedSource  # only a run with a camera waits for this import

    return GuardedSource(uri, config, opening=opening)
