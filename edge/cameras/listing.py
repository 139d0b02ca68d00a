"""Lists the cameras that are plugged in, what they offer, and why one cannot be used.

USB cameras are found through Video4Linux, camera modules through picamera2.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge.cameras import v4l2
from edge.cameras.v4l2 import Mode
from edge.errors import SourceError

DEV = Path("/dev")
SYSFS = Path("/sys/class/video4linux")

# Drivers on a Raspberry Pi whose devices say that they capture pictures but are no cameras to open:
# the raw side of a camera module, which picamera2 opens, and converters and decoders. Source: the
# Raspberry Pi's kernel, drivers/media/platform and drivers/staging/vc04_services.
_NO_CAMERA = ("unicam", "rp1-cfe", "bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec")

_MULTI_PLANAR = (
    "gives pictures in several planes (V4L2 multi-planar), which is not supported; "
    "use a USB camera, or picamera: for a Raspberry Pi's module"
)
# Pixel formats without colour, of infrared cameras. Source: the kernel's
# Documentation/userspace-api/media/v4l, pixfmt-yuv-luma, pixfmt-z16 and pixfmt-inzi.
_GREY = {"GREY", "Y8I", "Y04", "Y06", "Y10", "Y10B", "Y10P", "Y12", "Y12I", "Y12P", "Y14", "Y14P"}
_GREY |= {"Y16", "Z16", "INZI"}


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is plugged in.

    modes: the formats, sizes and rates that it offers, in its own order; () for a camera module,
        which scales to any size.
    problem: why it cannot be used now and what to do about it; None if it can be used.
    """

    kind: Literal["usb", "picamera"]
    number: int
    name: str
    modes: tuple[Mode, ...] = ()
    problem: str | None = None

    @property
    def uri(self) -> str:
        """What to pass to `fingerspell run --source`."""
        return f"{self.kind}:{self.number}"

    @property
    def infrared(self) -> bool:
        """Whether it sees in infrared, as those for face recognition do: it says so, or is grey."""
        grey = {mode.format for mode in self.modes} <= _GREY
        named = re.search(r"\b(ir|infrared)\b", self.name, re.IGNORECASE)
        return named is not None or (bool(self.modes) and grey)


def list_cameras() -> list[Camera]:
    """All cameras, usable or not, in the order in which a run tries them.

    Camera modules come first, then USB cameras by their numbers, those in colour before those that
    see in infrared.
    """
    return _modules() + sorted(_usb_cameras(), key=lambda camera: camera.infrared)


def describe(cameras: list[Camera]) -> str:
    """Describes the cameras in text for people, one paragraph each."""
    if not cameras:
        return (
            "no camera found: plug in a USB camera, or for a camera module\n"
            "sudo apt install python3-picamera2, in an environment with --system-site-packages"
        )
    return "\n".join(line for camera in cameras for line in _lines(camera))


def usb_camera(number: int, name: str = "") -> Camera:
    """Returns the camera at /dev/videoNUMBER or, with a name, the camera of that name.

    Of several cameras with that name, the one with the given number is preferred. Raises
    SourceError, with what to do, if there is no such camera or it cannot be used.
    """
    if name and _name(number) != name:
        numbers = [n for n in _v4l2_numbers() if _name(n) == name]
        found = [camera for n in numbers if (camera := _examine(n))]
        if not found:
            raise SourceError(f"there is no camera {name!r} (usb:{number}); plug it in")
        number = found[0].number
    path = DEV / f"video{number}"
    if not path.exists():
        # Camera modules are left out: importing picamera2 takes a second on a Pi, and this runs
        # again and again while the program waits for a camera.
        others = [c.uri for c in _usb_cameras() if not c.problem]
        instead = f"use {' or '.join(others)}" if others else "plug it in"
        raise SourceError(f"there is no camera usb:{number}; {instead}, or see fingerspell devices")
    camera = _examine(number)
    if camera is None:
        raise SourceError(f"{path} is no camera; fingerspell devices lists those there are")
    if camera.problem:
        raise SourceError(f"usb:{number} ({camera.name}) {camera.problem}")
    return camera


def _usb_cameras() -> list[Camera]:
    return [camera for n in _v4l2_numbers() if (camera := _examine(n))]


def _v4l2_numbers() -> list[int]:
    names = [p.name.removeprefix("video") for p in SYSFS.glob("video*")]
    return sorted(int(name) for name in names if name.isdecimal())


def _name(number: int) -> str:
    """The name of the camera at /dev/videoNUMBER; "videoNUMBER" if the system has none."""
    try:
        return (SYSFS / f"video{number}" / "name").read_text().strip()
    except OSError:
        return f"video{number}"


def _examine(number: int) -> Camera | None:
    """Describes the camera at /dev/videoNUMBER; None if the device is not a camera."""
    path = DEV / f"video{number}"
    name = _name(number)
    try:
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return Camera("usb", number, name, problem=_problem(error, path))
    modes: tuple[Mode, ...] = ()
    try:
        node = v4l2.node(fd)
        if node.driver in _NO_CAMERA or not (node.captures or node.multi_planar):
            return None
        if node.multi_planar:
            return Camera("usb", number, name, problem=_MULTI_PLANAR)
        modes = tuple(v4l2.modes(fd))
        v4l2.check_free(fd)
    except OSError as error:
        if error.errno == errno.ENOTTY:  # it is not a video device
            return None
        return Camera("usb", number, name, modes, _problem(error, path))
    finally:
        os.close(fd)
    return Camera("usb", number, name, modes)


def _problem(error: OSError, path: Path) -> str:
    if error.errno == errno.EBUSY:
        return f"is held by another program; close that one (fuser -v {path} names it)"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "may not be opened: sudo usermod -aG video $USER, then log in again"
    if error.errno in (errno.ENODEV, errno.ENXIO, errno.ENOENT):
        return "is gone; plug it in again"
    return f"does not answer: {error.strerror}; plug it in again"


def _modules() -> list[Camera]:
    try:
        camera_class = picamera2_class()
    except SourceError as error:
        return [Camera("picamera", 0, "camera module", problem=str(error))]
    if camera_class is None:
        return []
    found = enumerate(camera_class.global_camera_info())
    # libcamera lists USB cameras too, but those come from V4L2.
    modules = [(n, info) for n, info in found if "usb" not in str(info.get("Id"))]
    return [Camera("picamera", n, str(info.get("Model", "camera module"))) for n, info in modules]


def picamera2_class() -> Any | None:
    """Returns the class picamera2.Picamera2, or None if the library is not installed.

    The library is imported here, when it is first needed, since that takes a second on a Pi. From
    then on libcamera and picamera2 write nothing but errors to stderr. Raises SourceError if the
    library is installed but does not load.
    """
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    try:
        from picamera2 import Picamera2
    except ModuleNotFoundError as error:
        if error.name == "picamera2":
            return None
        raise SourceError(f"picamera2 lacks {error.name}; reinstall python3-picamera2") from None
    except (ImportError, ValueError, RuntimeError) as error:
        # ValueError: apt's libraries on Bookworm were built for NumPy 1.
        reason = str(error).partition("\n")[0]
        raise SourceError(
            f"picamera2 does not load ({reason}); try pip install 'numpy<2'"
        ) from None
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    return Picamera2


def _lines(camera: Camera) -> Iterator[str]:
    yield f"{camera.uri}  {camera.name}"
    if camera.problem:
        yield f"    {camera.problem}"
    if camera.infrared:
        yield "    infrared, without colour: a run takes it only if there is no other camera"
    for name in dict.fromkeys(mode.format for mode in camera.modes):
        modes = [mode for mode in camera.modes if mode.format == name]
        rates = [f" at {mode.fps:g}" if mode.fps else "" for mode in modes]
        sizes = [f"{m.width_px}x{m.height_px}{r}" for m, r in zip(modes, rates, strict=True)]
        yield f"    {name}: {', '.join(sizes)}"
