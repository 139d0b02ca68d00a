"""`keys` or `keys:DEVICE`: types what is spelled, as a keyboard would, through Linux's uinput.

Letters, digits and spaces are typed as they are read, and a deletion is a backspace. DEVICE is by
default /dev/uinput, which only root may write unless a rule of udev says otherwise. The codes name
places on an American keyboard: with another layout of keys, other letters are typed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time
from collections.abc import Iterator

from edge.errors import SinkError
from edge.types import End, Event, Request, Result
from edge.worker import Worker

DEVICE = "/dev/uinput"
# Source of the numbers below: <linux/uinput.h>, <linux/input.h> and <linux/input-event-codes.h>.
UI_SET_EVBIT, UI_SET_KEYBIT = 0x40045564, 0x40045565
UI_DEV_SETUP, UI_DEV_CREATE, UI_DEV_DESTROY = 0x405C5503, 0x5501, 0x5502
SETUP = struct.Struct("HHHH80sI")  # bus, vendor, product, version; name; force feedback effects
EVENT = struct.Struct("llHHi")  # seconds, microseconds; type, code, value
EV_SYN, EV_KEY, BUS_VIRTUAL = 0, 1, 6
SPACE, BACKSPACE = 57, 14
ROWS = {2: "1234567890", 16: "QWERTYUIOP", 30: "ASDFGHJKL", 44: "ZXCVBNM"}  # from a code on
CODES = {key: first + i for first, row in ROWS.items() for i, key in enumerate(row)} | {" ": SPACE}

# Programs need a moment to notice a new keyboard, as the kernel's example of uinput says:
# https://docs.kernel.org/input/uinput.html
NOTICED_S = 1.0
WAITING = 1000  # keys that wait meanwhile
LAST_S = 2.0


def open(rest: str) -> Keys:
    """Makes a keyboard. Raises SinkError where uinput is missing or may not be used."""
    return Keys(rest or DEVICE)


class Keys:
    """A keyboard that a thread types on."""

    def __init__(self, device: str) -> None:
        """Raises SinkError."""
        self._device = device
        self._closed = False
        self._noticed_s = time.monotonic() + NOTICED_S
        self._fault: str | None = None
        try:
            self._fd = os.open(device, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            mend = "sudo modprobe uinput" if isinstance(error, FileNotFoundError) else "allow it"
            raise SinkError(f"cannot type through {device}: {error.strerror}; {mend}") from error
        try:
            fcntl.ioctl(self._fd, UI_SET_EVBIT, EV_KEY)
            for code in {*CODES.values(), BACKSPACE}:
                fcntl.ioctl(self._fd, UI_SET_KEYBIT, code)
            setup = SETUP.pack(BUS_VIRTUAL, 0, 0, 1, b"fingerspell", 0)
            fcntl.ioctl(self._fd, UI_DEV_SETUP, setup)
            fcntl.ioctl(self._fd, UI_DEV_CREATE)
        except OSError as error:
            os.close(self._fd)
            raise SinkError(f"{device} is no uinput device: {error.strerror}") from error
        self._worker: Worker[int] = Worker("keys", self._press, most=WAITING)

    def write(self, result: Result) -> Request | None:
        """Types what was spelled. Raises SinkError where the keyboard has failed."""
        if self._fault:
            raise SinkError(f"cannot type through {self._device}: {self._fault}")
        self._type(result.events)
        return None

    def close(self, end: End) -> None:
        """Types the last keys, and takes the keyboard away. Raises SinkError if keys were lost."""
        if self._closed:
            return
        self._closed = True
        self._type(end.events)
        missed = self._worker.close(LAST_S) + self._worker.lost
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, UI_DEV_DESTROY)
        os.close(self._fd)
        if missed:
            raise SinkError(f"{missed} keys were not typed through {self._device}")

    def _type(self, events: tuple[Event, ...]) -> None:
        for event in events:
            for code in _codes(event):
                self._worker.put(code)

    def _press(self, code: int) -> None:
        """Presses a key and lets it go."""
        time.sleep(max(0.0, self._noticed_s - time.monotonic()))
        try:
            for value in (1, 0):
                os.write(
                    self._fd,
                    EVENT.pack(0, 0, EV_KEY, code, value) + EVENT.pack(0, 0, EV_SYN, 0, 0),
                )
        except OSError as error:
            self._fault = error.strerror


def _codes(event: Event) -> Iterator[int]:
    """Yields the keys of an event; a character that has no key is left out."""
    if event.kind == "delete":
        yield BACKSPACE
    elif event.kind in ("letter", "space"):
        yield from (CODES[c] for c in event.label.upper() if c in CODES)
