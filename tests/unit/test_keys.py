"""The keys sink, which types into a device that is made of a file: no real uinput is needed."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from edge.errors import SinkError
from edge.sinks import keys, open_sink
from edge.types import End, Event
from tests.support.sample_results import result

H, I, ONE = 35, 23, 2  # noqa: E741 - the keys' names


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in place of /dev/uinput; what would be asked of a kernel is kept in ASKED."""
    ASKED.clear()
    monkeypatch.setattr(keys, "NOTICED_S", 0.0)
    monkeypatch.setattr(keys.fcntl, "ioctl", lambda fd, *order: ASKED.append(order))
    (tmp_path / "uinput").touch()
    return tmp_path / "uinput"


ASKED: list[tuple[object, ...]] = []


def pressed(device: Path) -> list[int]:
    """The keys that were pressed and let go, in their order; nothing else may be in the file."""
    events = [event[2:] for event in keys.EVENT.iter_unpack(device.read_bytes())]
    codes = [code for _, code, value in events[::4]]
    for i, code in enumerate(codes):
        press, release = (keys.EV_KEY, code, 1), (keys.EV_KEY, code, 0)
        done = (keys.EV_SYN, 0, 0)
        assert events[4 * i : 4 * i + 4] == [press, done, release, done]
    return codes


def test_what_is_spelled_is_typed(device: Path) -> None:
    """Letters, digits, a space, a backspace, a gesture that is a word; other events are no keys."""
    sink = open_sink(f"keys:{device}")
    sink.write(result(0, events=(("hand", "found"), ("letter", "H"), ("letter", "1"))))
    sink.write(result(1, events=(("delete", ""), ("letter", "I"), ("word", "HI"), ("space", " "))))
    sink.write(result(2, events=(("letter", "hi!"),)))
    sink.close(End("HI", 2, 0, (Event("word", "HI", None, 0, "HI"),)))
    sink.close(End("HI", 2, 0))
    assert pressed(device) == [H, ONE, keys.BACKSPACE, I, keys.SPACE, H, I]


def test_the_keyboard_is_made_with_its_keys_and_taken_away(device: Path) -> None:
    """In the order that the kernel wants: abilities, name, creation, and at last destruction."""
    open_sink(f"keys:{device}").close(End("", 0, 0))
    orders = [order[0] for order in ASKED]
    assert orders[0] == keys.UI_SET_EVBIT
    assert orders[-3:] == [keys.UI_DEV_SETUP, keys.UI_DEV_CREATE, keys.UI_DEV_DESTROY]
    enabled = {order[1] for order in ASKED if order[0] == keys.UI_SET_KEYBIT}
    assert enabled == {*range(2, 12), *range(16, 26), *range(30, 39), *range(44, 51), 14, 57}


def test_the_structures_have_the_sizes_that_the_kernel_expects() -> None:
    """The order of UI_DEV_SETUP holds the size of its structure, in its third byte."""
    assert keys.SETUP.size == keys.UI_DEV_SETUP >> 16 & 0x3FFF
    assert keys.EVENT.size == 24  # of a 64-bit Linux


def test_what_cannot_be_typed_into_is_told(tmp_path: Path) -> None:
    """A module of the kernel that is not loaded; a file that is no device."""
    with pytest.raises(SinkError, match="sudo modprobe uinput"):
        open_sink(f"keys:{tmp_path}/missing")
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="is no uinput device"):
        open_sink(f"keys:{tmp_path}/file")


def test_a_keyboard_that_fails_is_told(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next frame, so that it is opened again."""

    def fail(fd: int, data: bytes) -> int:
        raise OSError(errno.ENODEV, "No such device")

    sink = open_sink(f"keys:{device}")
    with monkeypatch.context() as broken:
        broken.setattr(keys.os, "write", fail)
        sink.write(result(0, events=(("letter", "H"),)))
        while not sink._fault:  # type: ignore[attr-defined]
            pass
    with pytest.raises(SinkError, match="No such device"):
        sink.write(result(1))
    sink.close(End("", 1, 0))
