"""`web`: a page for browsers, with the picture, the letter and the text.

In come results, one a frame, and the state of the run. Out go a page, its events and pictures and,
from the page's button, requests to clear the text. `web:PORT` and `web:HOST:PORT` say where it
listens: on this machine alone (127.0.0.1, localhost or ::1) unless HOST is another of its
addresses, or 0.0.0.0 for all of them. Then each browser needs a token (edge.sinks.web.access).
`?cert=FILE&key=FILE` behind the port makes it https, without which other machines' browsers lend
it no camera.
This file does not import FastAPI, so that what it declares can be read without it.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import parse_qsl

from edge.errors import UsageError
from edge.sinks._address import HERE, host_and_port
from edge.stages import Sink

EXTRA = "web"  # the pip extra that installs FastAPI and uvicorn
PACED = True  # people watch the frames, so a recording is played at its own speed

PORT = 8080
HOSTS = (HERE, "localhost", "::1")


def open(rest: str) -> Sink:
    """Listens on HOST:PORT; port 0 is any free one.

    Raises UsageError for an address that makes no sense, SinkError where it cannot listen or has no
    token, and ImportError without FastAPI.
    """
    address, mark, query = rest.partition("?")
    host, port = host_and_port("web", address, PORT)
    options = dict(parse_qsl(query, keep_blank_values=True))
    if mark and (set(options) != {"cert", "key"} or not all(options.values())):
        raise UsageError(f"the page's options are ?cert=FILE&key=FILE, both, not ?{query}")
    certificate = (options["cert"], options["key"]) if options else None
    from edge.sinks.web import access
    from edge.sinks.web.web import Web

    if host in HOSTS:
        return Web(host, port, certificate=certificate)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise UsageError(
            f"web:{address} names no address of this machine; say web:{port} for this machine"
            f" alone, or web:0.0.0.0:{port} for others too, with a token"
        ) from None
    path = access.token_path()
    token = access.load_token(path)
    web = Web(host, port, token, certificate)
    access.announce(access.link(host, web.port, token, secure=bool(certificate)), path)
    return web
