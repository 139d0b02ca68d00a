"""Who stands around a long run: a service manager, a reader of the log, Prometheus; and a brake."""

from __future__ import annotations

import collections
import contextlib
import logging
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Semaphore

import numpy as np

from edge.running.notifier import Notifier
from edge.types import Frame, Source


class Systemd:
    """Hears what a run tells the service manager.

    ready: how often it was told READY=1. beats_s: when WATCHDOG=1, to the time of listening.
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
        """Takes what has been told; to be called often, since a socket keeps few messages."""
        with contextlib.suppress(BlockingIOError):
            while True:
                told = self._socket.recv(4096).decode().splitlines()
                self.ready += "READY=1" in told
                if "WATCHDOG=1" in told:
                    self.beats_s.append(time.monotonic())

    def silence_s(self) -> float:
        """The longest time from one WATCHDOG=1 to the next; infinite without any."""
        if not self.beats_s:
            return float("inf")
        return float(max(np.diff(self.beats_s), default=0.0))

    def close(self) -> None:
        """Listens no more."""
        self._socket.close()


class Troubles(logging.Handler):
    """Counts the warnings of a run by their kind, and shows none of them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.counted: collections.Counter[str] = collections.Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Counts one; figures, which tell one from another of its kind, are left out."""
        text = re.sub(r"faulty:[^:]*?(?=:? [a-z])", "camera", record.getMessage())
        self.counted[re.sub(r"\d+(\.\d+)?", "N", text)] += 1


class Page:
    """The metrics sink's pages, asked for as Prometheus would."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"

    def ask(self) -> None:
        """Asks for both."""
        for path in ("metrics", "healthz"):
            with contextlib.suppress(urllib.error.HTTPError):  # "unhealthy" is an answer too
                urllib.request.urlopen(f"http://{self.address}/{path}", timeout=10).read()


class Unhurried:
    """A source that gives its next frame when the one before was taken: a mailbox drops none.

    unhurried = Unhurried(source)
    with Mailbox(unhurried) as mailbox:
        for frame in unhurried.each(mailbox):
    """

    def __init__(self, source: Source) -> None:
        self.live, self.fps = source.live, source.fps
        self._source = source
        self._room = Semaphore(1)
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """Yields the source's frames, each when there is room for it."""
        for frame in self._source.frames():
            self._room.acquire()
            if self._closed:
                return
            yield frame

    def each(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yields what comes out of the mailbox, and makes room."""
        for frame in frames:
            self._room.release()
            yield frame

    def close(self) -> None:
        """Closes the source; may be called twice."""
        self._closed = True
        self._room.release()
        self._source.close()
