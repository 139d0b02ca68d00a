"""Who may use the page: checks the Host, the Origin and the token of each request.

A page of another site that is open in the same browser must not read the camera. Its requests have
another Origin. A name that its owner has pointed at this machine makes another Host.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from fastapi import Response

HOSTS = ("127.0.0.1", "localhost", "[::1]")  # of this machine alone
COOKIE = "fingerspell"
KEPT_S = 365 * 24 * 3600  # how long a browser keeps the token; a deleted token file ends it sooner
HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """Lets only the page itself in, and adds security headers to each answer.

    token: what a request has to carry, as a cookie or as `Authorization: Bearer TOKEN`. The link
    `/?token=TOKEN` sets the cookie. None for a page that this machine alone can reach.
    """

    def __init__(self, app: Any, token: str | None = None) -> None:
        self.app = app
        self._token = token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request or WebSocket."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        refused = self._refusal(scope, headers)
        if refused is None:
            await self.app(scope, receive, send_guarded)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, send_guarded)

    def _refusal(self, scope: Any, headers: dict[bytes, str]) -> Response | None:
        """Returns what a request is answered with instead of the page; None if it may pass."""
        host = headers.get(b"host", "")
        secure = scope["scheme"] in ("https", "wss")
        if headers.get(b"origin") not in (None, f"{'https' if secure else 'http'}://{host}"):
            return Response("Pages of other sites may not use this one.", 403)
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self._token is None:
            own = name in HOSTS
            return None if own else Response("Only this machine may use this page.", 403)
        if not _names_this_machine(name):
            return Response("This machine has another name.", 403)
        if self._is_token(_cookie(headers)) or self._is_token(_bearer(headers)):
            return None
        query = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and self._is_token(query):
            return self._welcome(secure)
        return Response("Open the link with the token; the run's terminal shows it.", 401)

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), (self._token or "").encode())

    def _welcome(self, secure: bool) -> Response:
        """Keeps the token in a cookie, and takes it out of the address that is shown."""
        welcome = Response(status_code=303, headers={"location": "/"})
        # Lax, not Strict: the cookie has to come along when the link was opened from a message.
        welcome.set_cookie(
            COOKIE, self._token or "", KEPT_S, secure=secure, httponly=True, samesite="lax"
        )
        return welcome


def _names_this_machine(name: str) -> bool:
    """Whether a Host is an address or this machine's name, which no other site can take."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        own = socket.gethostname().lower().removesuffix(".local")
        return name.lower() in ("localhost", own, f"{own}.local")
    return True


def _cookie(headers: dict[bytes, str]) -> str:
    try:
        kept = SimpleCookie(headers.get(b"cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return kept.value if kept else ""


def _bearer(headers: dict[bytes, str]) -> str:
    kind, _, token = headers.get(b"authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""
