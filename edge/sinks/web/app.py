"""The page's addresses, and what each answers; edge.sinks.web.guard says who may use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any, Literal, Protocol

from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, StreamingResponse

from edge.sinks.web.guard import Guard
from edge.sinks.web.photograph import Reader
from edge.types import Request
from edge.uploads import UPLOADS

PUSH_S = 0.1  # between two looks for something new to send
SEND_S = 10.0  # after which a browser that takes nothing, or sends no more pictures, has gone
MOST_PICTURE_BYTES = 1_000_000  # of a browser's camera: JPEG of 1280x720 has some 200,000
REFUSED = 4409  # the WebSocket's status for a camera that is not taken; 4000 to 4999 are free
KINDS = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript"}


class Shown(Protocol):
    """What the addresses serve: edge.sinks.web.web.Web."""

    viewers: int
    jpeg: bytes | None
    closed: Any

    def state(self) -> dict[str, Any]:
        """Returns what the page shows."""
        ...

    def events(self) -> list[dict[str, Any]]:
        """Returns the last events."""
        ...

    def ask(self, request: Request) -> None:
        """Has the text edited."""
        ...


def make_app(shown: Shown, token: str | None = None) -> FastAPI:
    """Returns the application that serves what is `shown`, to those who have the token if any."""
    app = FastAPI(title="fingerspell", docs_url=None, redoc_url=None)
    app.add_middleware(Guard, token=token)
    reader = Reader()

    def add_page(address: str, name: str) -> None:
        body = (files(__package__) / "page" / name).read_bytes()
        kind = KINDS[name.rpartition(".")[2]]

        @app.get(address, include_in_schema=False)
        def page() -> Response:
            return Response(body, media_type=kind)

    for address, name in (("/", "index.html"), ("/page.css", "page.css"), ("/page.js", "page.js")):
        add_page(address, name)

    @app.get("/api/state")
    async def state() -> dict[str, Any]:
        """What is read now, the text, and the state of the run."""
        return shown.state()

    @app.get("/api/events")
    async def events() -> list[dict[str, Any]]:
        """The last hundred events, the oldest first."""
        return shown.events()

    @app.post("/api/edit/{edit}", status_code=202)
    async def edit(edit: Literal["space", "delete", "clear"]) -> dict[str, str]:
        """Adds a space, takes back the last sign, or clears the text, with the next frame."""
        shown.ask(edit)
        return {"asked": edit}

    @app.post(
        "/api/read",
        response_model=None,
        openapi_extra={"requestBody": {"required": True, "content": {"image/*": {}}}},
        responses={408: {}, 413: {}, 422: {}, 429: {}},
    )
    async def read(request: HttpRequest) -> JSONResponse:
        """Reads a photograph, the body of the request: the JSON of `fingerspell read`."""
        return await reader.answer(request)

    @app.get("/picture.mjpg", include_in_schema=False)
    async def pictures() -> StreamingResponse:
        return StreamingResponse(
            _pictures(shown), media_type="multipart/x-mixed-replace; boundary=picture"
        )

    @app.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await _push(shown, socket)
        except (WebSocketDisconnect, RuntimeError, TimeoutError):
            return  # the browser has gone, or takes nothing

    @app.websocket("/api/camera")
    async def camera(socket: WebSocket) -> None:
        await socket.accept()
        await _take_pictures(shown, socket)

    return app


async def _take_pictures(shown: Shown, socket: WebSocket) -> None:
    """Takes JPEG pictures, one a message, and answers each, so that the next is a new one."""
    if not UPLOADS.begin(socket):
        reason = "another browser's camera is in use" if UPLOADS.wanted else "it has a camera"
        await socket.close(REFUSED, reason)
        return
    try:
        while not shown.closed.is_set():
            picture = await asyncio.wait_for(socket.receive_bytes(), SEND_S)
            if not UPLOADS.put(socket, picture):
                break
            await asyncio.wait_for(socket.send_text("next"), SEND_S)
        await socket.close(1001)
    except (WebSocketDisconnect, RuntimeError, TimeoutError, KeyError):
        return  # the browser has gone, sleeps, or sent text, which has no bytes
    finally:
        UPLOADS.end(socket)


async def _push(shown: Shown, socket: WebSocket) -> None:
    """Sends the state, with the events since the last, whenever it has changed."""
    before: dict[str, Any] = {}
    number = shown.state()["event"]
    while not shown.closed.is_set():
        state = shown.state()
        if state != before:
            new = [e for e in shown.events() if e["number"] > number]
            number = new[-1]["number"] if new else number
            before = state
            await asyncio.wait_for(socket.send_json({**state, "events": new}), SEND_S)
        await asyncio.sleep(PUSH_S)
    await socket.close(1001)


async def _pictures(shown: Shown) -> AsyncIterator[bytes]:
    """Yields each new picture; a browser that takes them slowly loses those between."""
    shown.viewers += 1
    try:
        last: bytes | None = None
        while not shown.closed.is_set():
            jpeg = shown.jpeg
            if jpeg is not None and jpeg is not last:
                last = jpeg
                head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
                yield head.encode() + b"\r\n" + jpeg + b"\r\n"
            await asyncio.sleep(PUSH_S / 2)
    finally:
        shown.viewers -= 1
