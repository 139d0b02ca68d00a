"""A recording on this machine, by URL: as a web server sends a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import cv2

from edge.types import Rgb


def record(path: Path, pictures: Iterable[Rgb]) -> bytes:
    """A recording of 160x120."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (160, 120))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path.read_bytes()


@contextmanager
def serve(clip: bytes, port: int = 0, *, stalls: bool = False) -> Iterator[str]:
    """Its URI while it is served; whoever asks first gets half of it if it stalls."""
    asked, gone = list[str](), Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(clip)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(clip[: len(clip) // 2])
                if stalls and len(asked) == 1:
                    gone.wait(20)
                self.wfile.write(clip[len(clip) // 2 :])

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"video:http://127.0.0.1:{server.server_port}/clip.avi"
        finally:
            gone.set()
            server.shutdown()
            thread.join()
