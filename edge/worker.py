"""A thread with a bounded queue: slow work is done there, and whoever hands it over never waits."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread, current_thread
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item")


class Worker(Generic[Item]):
    """Does something with each item, one after another, in a thread of its own.

    When the queue is full, its oldest item is left out: what was spelled last matters more. The log
    says so once. An exception is logged, and the work goes on with the next item.

    lost: how many items were left out, up to now.
    """

    def __init__(self, name: str, act: Callable[[Item], None], *, most: int) -> None:
        """name: for the log. act: what is done with an item. most: how many items may wait."""
        self.lost = 0
        self._name = name
        self._act = act
        self._most = most
        self._items: deque[Item] = deque()
        self._busy = False
        self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Adds an item to the queue; returns at once."""
        with self._changed:
            if self._closed:
                return
            self._items.append(item)
            if len(self._items) > self._most:
                self._items.popleft()
                self.lost += 1
                if self.lost == 1:
                    log.warning("%s is too slow: what waited longest is left out", self._name)
            self._changed.notify_all()

    def close(self, wait_s: float) -> int:
        """Takes no more items; returns how many were left undone after `wait_s` seconds.

        An item that is being worked on still counts as undone. May be called twice, and by `act`.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if current_thread() is not self._thread:
                self._changed.wait_for(lambda: not self._items and not self._busy, wait_s)
            undone = len(self._items) + self._busy
            self._items.clear()
        if not undone and current_thread() is not self._thread:
            self._thread.join(1.0)
        return undone

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed)
                if not self._items:
                    return
                item, self._busy = self._items.popleft(), True
            try:
                self._act(item)
            except Exception:
                log.exception("%s failed", self._name)
            with self._changed:
                self._busy = False
                self._changed.notify_all()
