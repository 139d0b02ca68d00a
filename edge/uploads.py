"""Pictures that a browser sends: the page's server puts them here, the source `browser` takes them.

A sink and a source of one run share this one place, since neither may know the other. It holds one
picture, the newest, as it came; nothing is decoded here.
"""

from __future__ import annotations

import time
from threading import Condition


class Uploads:
    """The newest picture of one sender at a time; every method may be called by any thread."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._takers = 0
        self._sender: object | None = None
        self._picture: tuple[bytes, int] | None = None

    @property
    def wanted(self) -> bool:
        """Whether a source is open that takes pictures."""
        return self._takers > 0

    @property
    def sending(self) -> bool:
        """Whether a browser sends pictures now."""
        return self._sender is not None

    def begin(self, sender: object) -> bool:
        """Lets a sender send; False if another one does, or if nobody takes pictures."""
        with self._changed:
            if not self.wanted or self._sender not in (None, sender):
                return False
            self._sender = sender
            return True

    def put(self, sender: object, jpeg: bytes) -> bool:
        """Keeps a picture in place of one that nobody took; False once the sender has to end."""
        with self._changed:
            if not self.wanted or self._sender is not sender:
                return False
            self._picture = jpeg, time.monotonic_ns()
            self._changed.notify_all()
            return True

    def end(self, sender: object) -> None:
        """Lets another sender begin."""
        with self._changed:
            if self._sender is sender:
                self._sender = None

    def open(self) -> None:
        """A source begins to take pictures; older ones are forgotten."""
        with self._changed:
            self._takers += 1
            self._picture = None

    def close(self) -> None:
        """A source takes no more; wakes the one that waits."""
        with self._changed:
            self._takers -= 1
            self._changed.notify_all()

    def take(self, patience_s: float) -> tuple[bytes, int] | None:
        """Returns the picture and when it came, in ns; None if none comes for so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._picture or not self.wanted, patience_s)
            taken, self._picture = self._picture, None
            return taken


UPLOADS = Uploads()
