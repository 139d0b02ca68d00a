"""Addresses and files that give no video: what is the matter is named."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from edge.errors import FingerspellError, SourceError, UsageError
from edge.sources import open_source
from tests.support.mjpeg_server import jpeg

FFMPEG = shutil.which("ffmpeg")
PICTURE = jpeg(np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8))
PART = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE
WEBP = b"RIFF\x3a\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x3f\0\0\x2f\0\0ANIM\x06\0\0\0\0\0\0\0\0\0"


@contextmanager
def serve(status: int, kind: str, body: bytes, length: bool = True) -> Iterator[str]:
    """The host of a server that answers everything like this."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def told(uri: str) -> FingerspellError:
    """What a source says that gives no video."""
    with pytest.raises(FingerspellError) as error, closing(open_source(uri)) as source:
        list(source.frames())
    assert "\n" not in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("status", "kind", "body", "word"),
    [
        (200, "text/html", b"<html>Log in</html>", "is a web page"),
        (404, "text/plain", b"", "answers 404"),
        (401, "text/plain", b"", "wants a user name and a password"),
        (200, "multipart/x-mixed-replace; boundary=b", PART, "without its first boundary"),
        (200, "image/webp", WEBP, "is an animated WebP"),
    ],
)
def test_an_address_is_told_for_what_it_is(status: int, kind: str, body: bytes, word: str) -> None:
    """And not: check the password."""
    with serve(status, kind, body) as host:
        error = told(f"video:http://{host}/video#timeout=2")
    assert isinstance(error, SourceError)
    assert word in str(error)


def test_a_password_that_is_refused_is_told_and_not_shown() -> None:
    """The user knows which it was."""
    with serve(401, "text/plain", b"") as host:
        error = told(f"video:http://me:cret/word@{host}/video?token=cret#timeout=2")
    assert "refuses this user name or password" in str(error)
    assert "cret" not in str(error)


@pytest.mark.parametrize("path", ["snapshot.jpg", "snapshot"])
@pytest.mark.parametrize("length", [True, False])
def test_a_single_picture_is_no_stream(path: str, length: bool) -> None:
    """The address is a mistake: opening it again would give the same picture."""
    with serve(200, "image/jpeg", PICTURE, length) as host:
        error = told(f"video:http://{host}/{path}#timeout=2")
    assert isinstance(error, UsageError)
    assert "is a single picture" in str(error)


@pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")
@pytest.mark.parametrize(
    ("name", "codec", "word"),
    [("a.mp4", "libaom-av1", "AV1"), ("a.webp", "libwebp_anim", "an animated WebP")],
)
def test_a_codec_is_named(tmp_path: Path, name: str, codec: str, word: str) -> None:
    """Copying the file again would not help; converting it does."""
    path = tmp_path / name
    moving = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=0.6", "-c:v", codec]
    command = [str(FFMPEG), "-v", "error", *moving, str(path)]
    if subprocess.run(command, timeout=60, check=False).returncode:
        pytest.skip(f"this ffmpeg lacks {codec}")
    try:
        error = str(told(f"video:{path}"))
    except pytest.fail.Exception:
        return  # this OpenCV decodes it
    assert f"{path} is {word}" in error
    assert "convert it" in error
