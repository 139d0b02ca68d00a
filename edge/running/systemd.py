"""Tells systemd how the service is: its notification protocol, sd_notify(3).

Without systemd there is nobody to tell, and nothing is said.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """One datagram for each time something is told; never waits, never fails.

    watchdog_s: how long systemd waits for WATCHDOG=1 until it kills the service; None for ever.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID; a pid of others is not ours."""
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # a name outside the file system
            self._address = "\0" + self._address[1:]
        self.watchdog_s: float | None = None
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        with contextlib.suppress(ValueError):
            limit_us = int(environ.get("WATCHDOG_USEC", ""))
            self.watchdog_s = limit_us / 1e6 if mine and limit_us > 0 else None

    def tell(self, **states: str | int) -> bool:
        """Tells for example READY=1, STATUS="30 frames a second"; False if that was lost."""
        if not self._address:
            return True
        lines = "\n".join(f"{name}={value}" for name, value in states.items())
        # A datagram that finds no room is lost: the loop does not wait for systemd.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.setblocking(False)
            sender.connect(self._address)
            sender.send(lines.encode())
            return True
        return False
