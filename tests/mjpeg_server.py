"""A network camera on this machine: Motion JPEG over HTTP, as phones and cheap cameras send it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import cv2
import numpy as np

RED_BGR = (10, 20, 250)


@dataclass
class Camera:
    """What the camera does; `url` and `paths` are filled in by serve()."""

    frames: int = 10**9  # it sends that many pictures
    then: str = "drop"  # and then drops the connection, or stalls
    interval_s: float = 0.01
    silent: bool = False  # it accepts connections and never says a word
    url: str = ""
    paths: list[str] = field(default_factory=list)
    outlasted: bool = False  # the silent camera hung up before its client did
    gone: Event = field(default_factory=Event)  # set when the test is over


@contextmanager
def serve(camera: Camera) -> Iterator[Camera]:
    """Runs the camera on a free port of 127.0.0.1."""
    jpeg = cv2.imencode(".jpg", np.full((120, 160, 3), RED_BGR, np.uint8))[1].tobytes()

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
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            try:
                for _ in range(camera.frames):
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    time.sleep(camera.interval_s)
            except (BrokenPipeError, ConnectionResetError):
                return
            if camera.then == "stall":
                camera.gone.wait(20)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    camera.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield camera
    finally:
        camera.gone.set()
        server.shutdown()
        server.server_close()
