"""What is reported to systemd; a bound socket takes its place."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.running.notifier import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that receives the reports."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(5)
        yield bound


def test_each_call_is_one_datagram_of_lines(systemd: socket.socket) -> None:
    """As sd_notify(3) has it: NAME=value, a line each."""
    Notifier({"NOTIFY_SOCKET": systemd.getsockname()}).send(READY=1, STATUS="30 a second")
    assert systemd.recv(999) == b"READY=1\nSTATUS=30 a second"


def test_a_socket_outside_the_file_system() -> None:
    """Its name is written with @ at the front, which stands for a zero byte."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("")  # the kernel chooses a name
        name = bound.getsockname().decode()
        Notifier({"NOTIFY_SOCKET": "@" + name[1:]}).send(WATCHDOG=1)
        bound.settimeout(5)
        assert bound.recv(99) == b"WATCHDOG=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/no/such/socket"}])
def test_systemd_may_be_absent(environ: dict[str, str]) -> None:
    """Without a socket nothing is sent; a socket that is gone loses the report."""
    assert Notifier(environ).send(READY=1) == (not environ)


def test_a_systemd_that_does_not_read_delays_nothing(systemd: socket.socket) -> None:
    """Once its queue is full, reports are lost, and the loop goes on."""
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    assert not all(notifier.send(WATCHDOG=1) for _ in range(5000))
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
