"""A server that answers as Kaggle's does."""

from __future__ import annotations

import io
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "KGAT_of_a_test"


def archive(files: dict[str, bytes]) -> bytes:
    """A zip file of these, by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return file.getvalue()


class Kaggle(ThreadingHTTPServer):
    """Answers as Kaggle does: the version, a redirection to the archive, and the archive.

    refuses: answers every request with this status. cut: breaks off that many bytes before the
    end. requests: those that came, as (path, token, range).
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content = archive({"a": b"b"})
        self.refuses = 0
        self.cut = 0
        self.requests: list[tuple[str, str, str]] = []


class _Answer(BaseHTTPRequestHandler):
    server: Kaggle

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._note()
        if self.server.refuses or self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(self.server.refuses or 401, b'{"message": "no"}', "application/json")
        elif self.path.endswith("/GetDataset"):
            self._send(200, b'{"currentVersionNumber": 3}', "application/json")
        else:
            self.send_response(302)
            self.send_header("Location", "/archive.zip")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self) -> None:
        self._note()
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self._send(206 if start else 200, self.server.content[start:], "application/zip")

    def _note(self) -> None:
        token = self.headers.get("Authorization", "")
        self.server.requests.append((self.path, token, self.headers.get("Range", "")))

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if kind == "application/zip" and self.server.cut:
            content, self.server.cut = content[: -self.server.cut], 0
        self.wfile.write(content)
