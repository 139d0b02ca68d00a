"""Reports the state of the service to systemd, by its notification protocol, sd_notify(3).

Without systemd nothing is sent.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends one datagram for each report. It never waits and never raises an error.

    watchdog_s: systemd kills the service if it gets no WATCHDOG=1 for so long; None if it never
        does.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.

        If the last names another process, the watchdog does not concern this one.
        """
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # unix(7): an abstract name, outside the file system
            self._address = "\0" + self._address[1:]
        self.watchdog_s: float | None = None
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        with contextlib.suppress(ValueError):
            limit_us = int(environ.get("WATCHDOG_USEC", ""))
            self.watchdog_s = limit_us / 1e6 if mine and limit_us > 0 else None

    def send(self, **states: str | int) -> bool:
        """Sends states such as READY=1 or STATUS="reading"; returns False if they were lost."""
        if not self._address:
            return True
        lines = "\n".join(f"{name}={value}" for name, value in states.items())
        # If systemd's queue is full the datagram is lost, since the loop must not wait for systemd.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.setblocking(False)
            sender.connect(self._address)
            sender.send(lines.encode())
            return True
        return False
