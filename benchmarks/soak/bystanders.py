"""What surrounds a long run: a service manager, a log reader, Prometheus, a camera that waits."""

from __future__ import annotations

import collections
import contextlib
import logging
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge.running.notifier import Notifier
from edge.stages import Source
from edge.types import Frame


class Systemd:
    """Receives what a run reports to the service manager.

    ready: how often READY=1 was received. beats_s: when WATCHDOG=1 was received, to the time of
    listen().
    """

    def __init__(self, path: Path, watchdog_s: float) -> None:
        self.ready = 0
        self.beats_s: list[float] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.notifier = Notifier(
            {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(round(watchdog_s * 1e6))}
        )

    def listen(self) -> None:
        """Receives what was sent. Call it often: a socket keeps few messages."""
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = self._socket.recv(4096).decode().splitlines()
                self.ready += "READY=1" in lines
                if "WATCHDOG=1" in lines:
                    self.beats_s.append(time.monotonic())

    def silence_s(self) -> float:
        """The longest time from one WATCHDOG=1 to the next; infinite without any."""
        if not self.beats_s:
            return float("inf")
        return float(max(np.diff(self.beats_s), default=0.0))

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()


class Troubles(logging.Handler):
    """Counts the warnings of a run by their kind, and shows none of them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.counted: collections.Counter[str] = collections.Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Counts one, without its figures, in which warnings of one kind differ."""
        text = re.sub(r"faulty:[^:]*?(?=:? [a-z])", "camera", record.getMessage())
        self.counted[re.sub(r"\d+(\.\d+)?", "N", text)] += 1


class Page:
    """The metrics sink's pages, fetched as Prometheus does."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"

    def fetch(self) -> None:
        """Fetches both."""
        for path in ("metrics", "healthz"):
            with contextlib.suppress(urllib.error.HTTPError):  # "unhealthy" is an answer too
                urllib.request.urlopen(f"http://{self.address}/{path}", timeout=10).read()


class Unhurried:
    """A camera that is read as a recording is: its next frame waits until one was taken.

    So every frame is read, as fast as the machine can. reopened, trouble, broken: as of the camera,
    or those of one that nothing happens to where it is not a guarded one.
    """

    live = False

    def __init__(self, camera: Source) -> None:
        self.fps = camera.fps
        self._camera = camera

    @property
    def reopened(self) -> int:
        """How often it was opened again since the start."""
        return getattr(self._camera, "reopened", 0)

    @property
    def trouble(self) -> str:
        """What is wrong with it now, in a line; "" while frames flow."""
        return getattr(self._camera, "trouble", "")

    @property
    def broken(self) -> int:
        """How many half pictures were left out."""
        return getattr(self._camera, "broken", 0)

    def frames(self) -> Iterator[Frame]:
        """Yields the camera's frames."""
        return self._camera.frames()

    def close(self) -> None:
        """Closes the camera; may be called twice."""
        self._camera.close()
