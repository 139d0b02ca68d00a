"""The parent's side of one child process (edge/capture/child.py): frames out of shared memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
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

# Killed, and not dead: a driver that holds its process in the kernel lets go of it when it likes.
_undead: list[subprocess.Popen[bytes]] = []


class Process:
    """A child that has a source open, or is about to.

    Nothing here waits without a limit. `kill` may come from any thread and from a signal handler;
    the thread that receives then finds that the child is gone.
    """

    def __init__(self, uri: str, shown: str, start: int, flat: bool) -> None:
        """Starts it; raises OSError where the system has no process or memory left."""
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
        self.ended = ""  # how, once receive() has found that it has, or end() was called
        with suppress(OSError):  # where it is gone already, receive() finds that
            send(self._socket, "open", uri=uri, shown=shown, start=start, flat=flat)

    def receive(self, timeout_s: float) -> Message | None:
        """The next message; None after timeout_s, or (see `ended`) when the child has ended.

        A frame's picture is in it as `rgb`, (H, W, 3): a view of shared memory, whose slot the
        child gets back, at the next call, once nobody holds a view of it any more. Where nearly
        all slots are held, it is a copy.
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
        if len(self._lent) > SLOTS - 2:  # leaves one to be written to, and one on its way
            rgb = rgb.copy()
            self._free([slot])
        return rgb

    def _free(self, slots: list[int]) -> None:
        """Gives slots back to the child."""
        for slot in slots:
            del self._lent[slot]
        if slots:
            with suppress(OSError):  # it has ended, as receive() will find
                send(self._socket, "free", slots=slots)

    def kill(self) -> None:
        """Ends the child, whatever it is doing; does not wait for that, nor tidy up."""
        self._process.kill()

    def end(self) -> None:
        """Kills the child if need be, reaps it, and lets go of all that it had, but for pictures.

        While another thread receives, this is left to that one's next receive().
        """
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
    """The child's: it finds the same edge as this process, installed or not."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # it multiplies nothing
    home = Path(__file__).parents[2]
    if home.name not in ("site-packages", "dist-packages"):  # those are found
        further = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{home}{os.pathsep}{further}" if further else str(home)
    return environment
