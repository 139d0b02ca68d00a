"""Video4Linux: what a device says about itself in answer to ioctl requests.

Source of the numbers and structures: the kernel's include/uapi/linux/videodev2.h. Every function
takes the descriptor of an open device. It raises OSError, with the number ENOTTY if the device is
not a Video4Linux device.
"""

from __future__ import annotations

import errno
import fcntl
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

# V4L2 requests: direction (2 reads, 3 writes and reads), size of the structure, "V", number.
_QUERYCAP = struct.Struct("16s32s32sIII12x")
_FMTDESC = struct.Struct("III32sI16x")
_FRMSIZE = struct.Struct("III6I8x")
_FRMIVAL = struct.Struct("IIIII6I8x")
_REQBUFS = struct.Struct("IIIII")


def _request(direction: int, layout: struct.Struct, number: int) -> int:
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


VIDIOC_QUERYCAP = _request(2, _QUERYCAP, 0)
VIDIOC_ENUM_FMT = _request(3, _FMTDESC, 2)
VIDIOC_REQBUFS = _request(3, _REQBUFS, 8)
VIDIOC_ENUM_FRAMESIZES = _request(3, _FRMSIZE, 74)
VIDIOC_ENUM_FRAMEINTERVALS = _request(3, _FRMIVAL, 75)

_CAP_VIDEO_CAPTURE = 0x1
_CAP_VIDEO_CAPTURE_MPLANE = 0x1000
_CAP_DEVICE_CAPS = 0x80000000
_BUF_TYPE_VIDEO_CAPTURE = 1
_MEMORY_MMAP = 1
_DISCRETE = 1
_MOST_ANSWERS = 1000  # ends an enumeration that a faulty driver never ends

# The sizes listed for a camera that offers every size within a range: QVGA, VGA, HD and full HD.
_USUAL_SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))


@dataclass(frozen=True, slots=True)
class Mode:
    """One way in which a camera gives pictures.

    format: the pixel format as four characters, such as MJPG.
    fps: the highest rate, in frames a second; None if the driver states none.
    """

    format: str
    width_px: int
    height_px: int
    fps: float | None


class Node(NamedTuple):
    """What a device is.

    driver: the driver's name. captures: whether it gives pictures. multi_planar: whether it gives
    them in several planes only, through requests of their own.
    """

    driver: str
    captures: bool
    multi_planar: bool


def node(fd: int) -> Node:
    """What the device says that it is."""
    driver, _, _, _, capabilities, device = _ioctl(fd, VIDIOC_QUERYCAP, _QUERYCAP)
    able = device if capabilities & _CAP_DEVICE_CAPS else capabilities
    name = driver.split(b"\0")[0].decode("ascii", "replace")
    planar = bool(able & _CAP_VIDEO_CAPTURE)
    return Node(name, planar, bool(able & _CAP_VIDEO_CAPTURE_MPLANE) and not planar)


def check_free(fd: int) -> None:
    """Raises OSError with EBUSY while another program captures from the device.

    The request for zero buffers changes nothing; the driver refuses it while another program has
    buffers.
    """
    _ioctl(fd, VIDIOC_REQBUFS, _REQBUFS, 0, _BUF_TYPE_VIDEO_CAPTURE, _MEMORY_MMAP)


def modes(fd: int) -> Iterator[Mode]:
    """Yields every mode that the device offers, in its own order."""
    for description in _each(fd, VIDIOC_ENUM_FMT, _FMTDESC, _BUF_TYPE_VIDEO_CAPTURE):
        fourcc = description[4]
        name = fourcc.to_bytes(4, "little").decode("ascii", "replace").strip()
        for width, height in _sizes(fd, fourcc):
            yield Mode(name, width, height, _fastest(fd, fourcc, width, height))


def _ioctl(fd: int, request: int, layout: struct.Struct, *values: int) -> tuple[Any, ...]:
    """Sends the first fields of a structure in one ioctl; returns all fields; raises OSError."""
    buffer = bytearray(layout.size)
    struct.pack_into(f"{len(values)}I", buffer, 0, *values)
    fcntl.ioctl(fd, request, buffer)
    return layout.unpack(buffer)


def _each(fd: int, request: int, layout: struct.Struct, *values: int) -> Iterator[tuple[Any, ...]]:
    """The answers to an enumerating ioctl, for index 0, 1, 2 ... until the driver says EINVAL."""
    for index in range(_MOST_ANSWERS):
        try:
            yield _ioctl(fd, request, layout, index, *values)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOTTY):
                return
            raise


def _sizes(fd: int, fourcc: int) -> Iterator[tuple[int, int]]:
    for answer in _each(fd, VIDIOC_ENUM_FRAMESIZES, _FRMSIZE, fourcc):
        kind, union = answer[2], answer[3:]
        if kind == _DISCRETE:
            yield union[0], union[1]
            continue
        least_w, most_w, _, least_h, most_h, _ = union
        for width, height in _USUAL_SIZES:
            if least_w <= width <= most_w and least_h <= height <= most_h:
                yield width, height
        return  # a range is the only answer


def _fastest(fd: int, fourcc: int, width: int, height: int) -> float | None:
    fastest = 0.0
    for answer in _each(fd, VIDIOC_ENUM_FRAMEINTERVALS, _FRMIVAL, fourcc, width, height):
        kind, numerator, denominator = answer[4:7]  # an interval, or the shortest of a range
        if numerator:
            fastest = max(fastest, denominator / numerator)
        if kind != _DISCRETE:
            break
    return round(fastest, 2) or None
