"""The parent's side of one child process (edge/capture/child.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol
from weakref import ref

from edge.capture.channel import (
    SLOTS,
    Memory,
    Message,
    is_ready,
    new_memory,
    new_sockets,
    receive,
    send,
)
from edge.types import Rgb

_REAP_S = 1.0

# Processes that were killed but still exist: a driver can hold a process in the kernel for long.
_undead: list[subprocess.Popen[bytes]] = []


class Child(Protocol):
    """A process that has a source open, or is about to open it."""

    @property
    def ended(self) -> str:
        """How it ended, in words; "" until receive() or end() has found that it has."""
        ...

    def receive(self, timeout_s: float) -> Message | None:
        """The next message; None after timeout_s, and when the child has ended (see `ended`)."""
        ...

    def end(self) -> None:
        """Kills it if it still runs, and releases what it had, except pictures."""
        ...


class Process:
    """A Child that is a real process.

    No method waits without a time limit. `kill` may be called by any thread and by a signal
    handler; the thread that receives then finds that the child is gone.
    """

    def __init__(self, uri: str, shown: str, start: int, flat_is_whole: bool) -> None:
        """Starts it; raises OSError if the system has no process or memory left.

        uri: the source. shown: how messages name it. start: the index at which a recording goes on.
        flat_is_whole: pictures with a flat lower part are not left out.
        """
        _undead[:] = [process for process in _undead if process.poll() is None]
        self._using = Lock()
        self._lent: dict[int, ref[Rgb]] = {}
        self._socket, theirs = new_sockets()
        memory_fd = -1
        try:
            memory_fd = new_memory()
            self._memory = Memory(memory_fd)
            fds = (theirs.fileno(), memory_fd)
            self._process = subprocess.Popen(
                # -P: the folder that the user stands in may hold a numpy.py.
                [sys.executable, "-P", "-m", "edge.capture.child", *map(str, fds)],
                stdin=subprocess.PIPE,  # never written to: it closes when this process ends
                stdout=subprocess.DEVNULL,
                stderr=None if sys.stderr else subprocess.DEVNULL,
                pass_fds=fds,
                start_new_session=True,  # Ctrl-C in a terminal is not for it
                env=_environment(),
            )
        except BaseException:
            self._socket.close()
            raise
        finally:
            theirs.close()
            if memory_fd >= 0:
                os.close(memory_fd)
        self._socket.setblocking(False)
        self.pid = self._process.pid
        self.ended = ""
        order = {"uri": uri, "shown": shown, "start": start, "flat_is_whole": flat_is_whole}
        with suppress(OSError):  # if it is gone already, receive() finds that
            send(self._socket, "open", **order)

    def receive(self, timeout_s: float) -> Message | None:
        """As Child.receive. The message of a frame has its picture as `rgb`, (H, W, 3) uint8.

        The picture is a view of shared memory. Once nobody holds a view of it, the next call gives
        its slot back to the child. If nearly all slots are held, the picture is a copy.
        """
        with self._using:
            if self.ended:
                return None
            self._free([slot for slot, held in self._lent.items() if held() is None])
            if not is_ready(self._socket, timeout_s):
                return None
            message = receive(self._socket)
            if message and message["kind"] == "frame":
                message["rgb"] = self._picture(message)
        if message is None:
            self.end()
        return message

    def _picture(self, message: Message) -> Rgb:
        slot = message["slot"]
        rgb, held = self._memory.picture(slot, message["height"], message["width"])
        self._lent[slot] = ref(held)
        if (
            len(self._lent) > SLOTS - 2
        ):  # one is left to write to, and one for a frame that was sent
            rgb = rgb.copy()
            self._free([slot])
        return rgb

    def _free(self, slots: list[int]) -> None:
        """Gives slots back to the child."""
        for slot in slots:
            del self._lent[slot]
        if slots:
            with suppress(OSError):  # it has ended; receive() finds that
                send(self._socket, "free", slots=slots)

    def kill(self) -> None:
        """Kills the child, whatever it does; neither waits for its end nor releases anything."""
        self._process.kill()

    def end(self) -> None:
        """As Child.end. While another thread receives, its next receive() releases."""
        self.kill()
        if not self._using.acquire(blocking=False):
            return
        try:
            if not self.ended:
                self._socket.close()
                self.ended = self._reap()
                del self._memory
        finally:
            self._using.release()

    def _reap(self) -> str:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            code = self._process.wait(_REAP_S)
        except subprocess.TimeoutExpired:
            _undead.append(self._process)
            return "does not even die"
        return f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _environment() -> dict[str, str]:
    """The child's environment, in which it finds the same edge as this process does."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # it needs no matrices
    home = Path(__file__).parents[2]
    if home.name not in (
        "site-packages",
        "dist-packages",
    ):  # Python finds an installed edge by itself
        further = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{home}{os.pathsep}{further}" if further else str(home)
    return environment
