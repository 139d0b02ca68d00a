"""A run under a service manager: what it is told from start to end, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import command

LIVE = "signer:HI?live=yes&loop=yes&size=160x120"


class Manager:
    """Starts a run, hears what it tells, and ends it."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        self.socket.settimeout(60)
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str, watchdog_s: float = 1.0) -> None:
        environ = os.environ | {
            "NOTIFY_SOCKET": self.socket.getsockname(),
            "WATCHDOG_USEC": str(round(watchdog_s * 1e6)),
        }
        self.process = subprocess.Popen(
            command(["run", "--detector", "truth", *arguments], plugins=True),
            env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def hear(self) -> dict[str, str]:
        """The next datagram."""
        lines = self.socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def hear_until_silent(self, patience_s: float = 0.0) -> list[dict[str, str]]:
        """What else is told, until there is silence for so long; fails if there never is."""
        self.socket.settimeout(patience_s)
        told = []
        while len(told) < 200:
            try:
                told.append(self.hear())
            except (BlockingIOError, TimeoutError):
                return told
        raise AssertionError(f"there is no silence of {patience_s} s; last of all {told[-1]}")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Sends a signal; returns the exit status and both outputs."""
        assert self.process
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    yield made
    made.socket.close()
    if made.process:
        made.process.kill()
        made.process.communicate()


def test_ready_then_alive_then_stopping(manager: Manager) -> None:
    """And a clean end: the last line is written, and the status is 0."""
    manager.start("--source", LIVE, "--sink", "jsonl:-")
    assert manager.hear()["READY"] == "1"
    told = [manager.hear() for _ in range(8)]
    assert sum("WATCHDOG" in one for one in told) >= 4
    assert any("frames a second" in one.get("STATUS", "") for one in told)
    code, out, err = manager.end()
    assert code == 0
    assert json.loads(out.splitlines()[-1])["event"] == "end"
    assert manager.hear_until_silent()[-1]["STOPPING"] == "1"
    assert err == ""


def test_a_run_that_cannot_begin_is_never_ready(manager: Manager) -> None:
    """A wrong setting ends it with 2 before anything is told."""
    manager.start("--source", "usb:front")
    assert manager.process
    _, err = manager.process.communicate(timeout=30)
    assert manager.process.returncode == 2
    assert "camera number" in err
    assert not [one for one in manager.hear_until_silent() if "READY" in one]


def test_a_sink_that_hangs_is_no_life(manager: Manager) -> None:
    """The loop stands in it, and nobody else says that it lives."""
    manager.start("--source", LIVE, "--sink", "stuck:5", watchdog_s=1.0)
    assert manager.hear()["READY"] == "1"
    assert len(manager.hear_until_silent(patience_s=5)) < 20
    assert manager.process
    assert manager.process.poll() is None  # it hangs, and says nothing


def test_log_lines_as_json(manager: Manager) -> None:
    """Each line on stderr is an object."""
    manager.start(
        "--source", LIVE, "--log", "json", "--sink", "jsonl:-", "--sink", "jsonl:/dev/full"
    )
    assert manager.hear()["READY"] == "1"
    while "WATCHDOG" not in manager.hear():
        pass
    assert manager.process
    assert manager.process.stderr
    line = json.loads(manager.process.stderr.readline())
    assert line["level"] == "warning"
    assert "No space left" in line["message"]
    status, _, _ = manager.end()
    assert status == 5  # what did not reach the other sink is lost
