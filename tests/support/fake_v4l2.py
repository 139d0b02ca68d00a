"""USB cameras that need no kernel module: device files, the driver's ioctls, OpenCV's capture.

The ioctl half answers in the kernel's own structures, byte by byte. It is the only half that the
listing of cameras sees; the capture half stands in for cv2.VideoCapture. What is plugged in is kept
in the machine's folder, so that several processes see the same cameras come and go.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras import listing as cameras
from edge.cameras import v4l2

RED_BGR = (10, 20, 250)
CAPTURE, META, M2M, STREAMING = 0x1, 0x00800000, 0x8000, 0x04000000

# name -> [(width, height, [(numerator, denominator) of each frame interval])]
WEBCAM = {
    "MJPG": [(640, 480, [(1, 30)]), (1280, 720, [(1, 30), (1, 15)])],
    "YUYV": [(640, 480, [(1, 30)]), (1280, 720, [(1, 10)])],
}


@dataclass
class Device:
    """One /dev/videoN."""

    name: str = "HD Webcam: HD Webcam"
    driver: str = "uvcvideo"
    caps: int = CAPTURE | STREAMING
    formats: dict[str, list[Any]] = field(default_factory=lambda: WEBCAM)
    stepwise: bool = False
    busy: bool = False
    error: int = 0  # errno of every ioctl
    frames: int = 10**9
    stamped: bool = True
    hangs: bool = False  # a read never returns, once all frames were given
    interval_s: float = 0.005
    pictures: str = ""  # an .npy file of (N, H, W, 3), BGR, shown round and round; else all is red
    leaps: int = 0  # this frame's stamp, counted from 1, is an hour ahead
    noise: bool = False  # each picture differs from the one before, as a sensor's do


class Machine:
    """A machine with these cameras, in place of the real one's as long as the test runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.captures: list[Capture] = []
        self.dev, self.sysfs = folder / "dev", folder / "video4linux"
        self.dev.mkdir(parents=True, exist_ok=True)
        self.sysfs.mkdir(exist_ok=True)
        monkeypatch.setattr(cameras, "DEV", self.dev)
        monkeypatch.setattr(cameras, "SYSFS", self.sysfs)
        monkeypatch.setattr(v4l2.fcntl, "ioctl", self.ioctl)
        real = cv2.VideoCapture
        monkeypatch.setattr(
            cv2,
            "VideoCapture",
            lambda target, backend, params=(): (
                self.capture(target, backend)
                if isinstance(target, int)
                else real(target, backend, params)
            ),
        )

    def plug(self, number: int, device: Device) -> Device:
        """Adds a camera."""
        (self.sysfs / f"video{number}").mkdir()
        (self.sysfs / f"video{number}" / "name").write_text(device.name + "\n")
        (self.sysfs / f"video{number}" / "device").write_text(json.dumps(asdict(device)))
        (self.dev / f"video{number}").touch()
        return device

    def unplug(self, number: int) -> None:
        """Takes a camera away, in the midst of whatever it does."""
        (self.dev / f"video{number}").unlink()
        shutil.rmtree(self.sysfs / f"video{number}")

    def device(self, number: int) -> Device:
        """What is plugged in there."""
        return Device(**json.loads((self.sysfs / f"video{number}" / "device").read_text()))

    def capture(self, number: int, backend: int) -> Capture:
        """What cv2.VideoCapture(number, cv2.CAP_V4L2) returns."""
        assert backend == cv2.CAP_V4L2
        self.captures.append(Capture(self.device(number), self.dev / f"video{number}"))
        return self.captures[-1]

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> int:
        """Answers as the kernel does."""
        number = int(os.readlink(f"/proc/self/fd/{fd}").rpartition("video")[2])
        device = self.device(number)
        assert request >> 16 & 0x3FFF == len(buffer)
        if device.error:
            raise OSError(device.error, os.strerror(device.error))
        answer = {0: querycap, 2: enum_fmt, 8: reqbufs, 74: enum_framesizes, 75: enum_intervals}
        answer[request & 0xFF](device, buffer)
        return 0


def querycap(device: Device, buffer: bytearray) -> None:
    """struct v4l2_capability: a device with several nodes tells each node's part apart."""
    buffer[0:16] = device.driver.encode().ljust(16, b"\0")
    buffer[16:48] = device.name.encode().ljust(32, b"\0")
    everything = device.caps | CAPTURE | META | 0x80000000
    struct.pack_into("III", buffer, 80, 0x060C00, everything, device.caps)


def enum_fmt(device: Device, buffer: bytearray) -> None:
    """struct v4l2_fmtdesc."""
    index, kind = struct.unpack_from("II", buffer, 0)
    if kind != 1 or index >= len(device.formats):
        raise OSError(errno.EINVAL, "Invalid argument")
    fourcc = list(device.formats)[index].encode().ljust(4)
    buffer[12:44] = b"a description".ljust(32, b"\0")
    buffer[44:48] = fourcc


def _sizes(device: Device, buffer: bytearray) -> list[Any]:
    return device.formats[bytes(buffer[4:8]).decode().strip()]


def enum_framesizes(device: Device, buffer: bytearray) -> None:
    """struct v4l2_frmsizeenum."""
    (index,) = struct.unpack_from("I", buffer, 0)
    sizes = _sizes(device, buffer)
    if index >= (1 if device.stepwise else len(sizes)):
        raise OSError(errno.EINVAL, "Invalid argument")
    if device.stepwise:
        struct.pack_into("7I", buffer, 8, 3, 32, 1300, 2, 32, 800, 2)
    else:
        struct.pack_into("III", buffer, 8, 1, sizes[index][0], sizes[index][1])


def enum_intervals(device: Device, buffer: bytearray) -> None:
    """struct v4l2_frmivalenum."""
    index, _, width, height = struct.unpack_from("4I", buffer, 0)
    if device.stepwise:
        if index:
            raise OSError(errno.EINVAL, "Invalid argument")
        struct.pack_into("7I", buffer, 16, 3, 1, 60, 1, 1, 0, 1)
        return
    intervals = next(i for w, h, i in _sizes(device, buffer) if (w, h) == (width, height))
    if index >= len(intervals):
        raise OSError(errno.EINVAL, "Invalid argument")
    struct.pack_into("3I", buffer, 16, 1, *intervals[index])


def reqbufs(device: Device, buffer: bytearray) -> None:
    """struct v4l2_requestbuffers."""
    assert struct.unpack_from("3I", buffer, 0) == (0, 1, 1)
    if device.busy:
        raise OSError(errno.EBUSY, "Device or resource busy")


class Capture:
    """cv2.VideoCapture on one of these cameras; it must not be read and released at once."""

    def __init__(self, device: Device, node: Path) -> None:
        self.properties: dict[int, float] = {}
        self._node = node
        self._plugged = node.stat().st_ctime_ns
        self.released = 0
        self._device = device
        self._frames = 0
        self._stamp_ms = 0.0
        self._using = Lock()

    def isOpened(self) -> bool:
        return not self.released

    def set(self, prop: int, value: float) -> bool:
        self.properties[prop] = value
        return True

    def get(self, prop: int) -> float:
        if prop == cv2.CAP_PROP_POS_MSEC:
            return self._stamp_ms
        return self.properties.get(prop, 0.0)

    def read(self) -> tuple[bool, Any]:
        assert self._using.acquire(blocking=False), "read and release at once"
        try:
            assert not self.released, "read after release"
            time.sleep(self._device.interval_s)
            if self._frames >= self._device.frames:
                while self._device.hangs:
                    self._node.with_name("hangs").touch()
                    time.sleep(60)
                return False, None
            if not self._node.exists() or self._node.stat().st_ctime_ns != self._plugged:
                return False, None
            if self._device.stamped:
                self._stamp_ms = time.monotonic() * 1000 - 3
            self._frames += 1
            if self._frames == self._device.leaps:
                self._stamp_ms += 3_600_000
            if self._device.pictures:
                pictures = np.load(self._device.pictures, mmap_mode="r")
                return True, np.array(pictures[self._frames % len(pictures)])
            width = int(self.properties[cv2.CAP_PROP_FRAME_WIDTH])
            height = int(self.properties[cv2.CAP_PROP_FRAME_HEIGHT])
            bgr = np.empty((height, width, 3), np.uint8)
            bgr[:] = RED_BGR
            if self._device.noise:
                bgr[:16, :16] = self._frames % 256
            return True, bgr
        finally:
            self._using.release()

    def release(self) -> None:
        assert self._using.acquire(blocking=False), "read and release at once"
        self.released += 1
        self._using.release()
