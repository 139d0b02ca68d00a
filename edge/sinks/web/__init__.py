"""`web`: a page for browsers on this machine, with the picture, the letter and the text.

In come results, one a frame, and the state of the run. Out go a page, its events and pictures and,
from the page's button, requests to clear the text. `web:PORT` and `web:HOST:PORT` say where it
listens. HOST is of this machine alone (127.0.0.1, localhost or ::1), since the page has no
password. This file does not import FastAPI, so that what it declares can be read without it.
"""

from __future__ import annotations

import re

from edge.errors import UsageError
from edge.stages import Sink

EXTRA = "web"  # the pip extra that installs FastAPI and uvicorn
PACED = True  # people watch the frames, so a recording is played at its own speed

PORT = 8080
HOSTS = ("127.0.0.1", "localhost", "::1")


def open(rest: str) -> Sink:
    """Listens on HOST:PORT; port 0 is any free one.

    Raises UsageError for an address that makes no sense or that other machines reach, SinkError
    where it cannot listen, and ImportError without FastAPI.
    """
    host, _, port = rest.rpartition(":")
    host = host.strip("[]") or HOSTS[0]
    if not re.fullmatch(r"\d{0,5}", port) or int(port or PORT) > 65535:
        raise UsageError(f"web:{rest} has no port; say web:{PORT} or web:{HOSTS[0]}:{PORT}")
    if host not in HOSTS:
        raise UsageError(
            f"web:{rest} would show the camera to other machines without a password; say"
            f" web:{HOSTS[0]}:{port or PORT}, and reach it from elsewhere through ssh -L"
        )
    from edge.sinks.web.web import Web

    return Web(host, int(port or PORT))
