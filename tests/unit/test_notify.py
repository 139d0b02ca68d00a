"""What systemd is told: a bound socket stands for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.running.systemd import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that hears what is told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(5)
        yield bound


def test_each_call_is_one_datagram_of_lines(systemd: socket.socket) -> None:
    """As sd_notify(3) has it: NAME=value, a line each."""
    Notifier({"NOTIFY_SOCKET": systemd.getsockname()}).tell(READY=1, STATUS="30 a second")
    assert systemd.recv(999) == b"READY=1\nSTATUS=30 a second"


def test_a_socket_outside_the_file_system() -> None:
    """Its name begins with @, and with a zero byte in truth."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("")  # the kernel chooses a name
        name = bound.getsockname().decode()
        Notifier({"NOTIFY_SOCKET": "@" + name[1:]}).tell(WATCHDOG=1)
        bound.settimeout(5)
        assert bound.recv(99) == b"WATCHDOG=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/no/such/socket"}])
def test_nobody_need_listen(environ: dict[str, str]) -> None:
    """Without systemd, or with one that is gone, nothing happens; the latter is known."""
    assert Notifier(environ).tell(READY=1) == (not environ)


def test_a_systemd_that_does_not_listen_holds_nobody_up(systemd: socket.socket) -> None:
    """Once its queue is full, what is told is lost, and the loop goes on."""
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    assert not all(notifier.tell(WATCHDOG=1) for _ in range(5000))
    assert systemd.recv(99) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "10000000"}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),  # another process is watched
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdogs_patience_is_known(environ: dict[str, str], expected: float | None) -> None:
    """As sd_watchdog_enabled(3) has it."""
    assert Notifier(environ).watchdog_s == expected
