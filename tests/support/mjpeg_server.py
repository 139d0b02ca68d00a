"""A network camera on this machine: Motion JPEG over HTTP, as phones and cheap cameras send it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import cv2
import numpy as np

from edge.types import Rgb

RED_BGR = (10, 20, 250)


def jpeg(bgr: Rgb) -> bytes:
    """A picture as a camera sends it."""
    return cv2.imencode(".jpg", bgr)[1].tobytes()


RED = jpeg(np.full((120, 160, 3), RED_BGR, np.uint8))


@dataclass
class Camera:
    """What the camera does; `url` and `paths` are filled in by serve().

    Its pictures are sent round and round, going on where they were with each new connection.
    """

    frames: int = 10**9  # it sends that many pictures
    then: str = "drop"  # and then drops the connection, or stalls, or goes black, halves or resizes
    interval_s: float = 0.01
    silent: bool = False  # it accepts connections and never says a word
    pictures: Sequence[bytes] = (RED,)
    faults: int = 10**9  # so many connections end as `then` says; those after them go on for ever
    url: str = ""
    paths: list[str] = field(default_factory=list)
    outlasted: bool = False  # the silent camera hung up before its client did
    gone: Event = field(default_factory=Event)  # set when the test is over
    lasts: int = 10**9  # so many black, half or small pictures, and it works again
    failed_s: float = 0.0  # when `frames` were sent, on the monotonic clock
    sent: int = 0

    def next(self) -> bytes:
        """The picture that comes next."""
        self.sent += 1
        return self.pictures[(self.sent - 1) % len(self.pictures)]


def _spoilt(picture: bytes, how: str) -> bytes:
    if how == "half":
        return picture[: len(picture) // 2] + b"\xff\xd9"  # and the mark of its end
    bgr = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    height, width = bgr.shape[:2]
    if how == "resize":
        return jpeg(np.asarray(cv2.resize(bgr, (width // 2, height // 2)), np.uint8))
    return jpeg(np.zeros_like(bgr))


@contextmanager
def serve(camera: Camera, port: int = 0) -> Iterator[Camera]:
    """Runs the camera on a port of 127.0.0.1, by default a free one."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            camera.paths.append(self.path)
            if camera.silent:
                camera.outlasted = not camera.gone.wait(10)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            ill = len(camera.paths) <= camera.faults
            try:
                for _ in range(camera.frames if ill else 10**9):
                    self._send(camera.next())
                camera.failed_s = time.monotonic()
                if camera.then == "stall":
                    camera.gone.wait(20)
                elif camera.then == "freeze":
                    picture = camera.next()
                    while True:
                        self._send(picture)
                elif camera.then != "drop":
                    for _ in range(camera.lasts):
                        self._send(_spoilt(camera.next(), camera.then))
                    while True:
                        self._send(camera.next())
            except OSError:  # its client hung up
                return

        def _send(self, picture: bytes) -> None:
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self.wfile.write(head.encode() + picture + b"\r\n")
            if camera.gone.wait(camera.interval_s):
                raise OSError("the test is over")

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    camera.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield camera
    finally:
        camera.gone.set()
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
