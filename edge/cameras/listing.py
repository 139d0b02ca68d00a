"""What cameras there are, what they can do, and what keeps them from it.

USB cameras are asked through Video4Linux, camera modules through picamera2.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge.cameras import v4l2
from edge.cameras.v4l2 import Mode
from edge.errors import SourceError

DEV = Path("/dev")
SYSFS = Path("/sys/class/video4linux")

# On a Raspberry Pi these too call themselves capture devices: the camera module's raw side, which
# picamera2 opens for us, and the converters and decoders.
_NO_CAMERA = ("unicam", "rp1-cfe", "bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec")


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is plugged in.

    modes: what it offers, in its own order; () for a camera module, which scales to any size.
    problem: why it cannot be used now and what to do about it; "" if it can.
    """

    kind: Literal["usb", "picamera"]
    number: int
    name: str
    modes: tuple[Mode, ...] = ()
    problem: str = ""

    @property
    def uri(self) -> str:
        """What to pass to `fingerspell run --source`."""
        return f"{self.kind}:{self.number}"


def list_cameras() -> list[Camera]:
    """All cameras, usable or not: camera modules first, then V4L2's in the order of numbers."""
    return _modules() + _usb_cameras()


def describe(cameras: list[Camera]) -> str:
    """The cameras for people to read, one paragraph each."""
    if not cameras:
        return (
            "no camera found: plug in a USB camera, or for a camera module\n"
            "sudo apt install python3-picamera2, in an environment with --system-site-packages"
        )
    return "\n".join(line for camera in cameras for line in _lines(camera))


def usb_camera(number: int, name: str = "") -> Camera:
    """Looks at /dev/videoNUMBER, or, with a name, at the camera of that name whatever its number.

    The given number is tried first: two cameras may have the same name. Raises SourceError if it
    cannot be used, saying what to do.
    """
    if name and _name(number) != name:
        numbers = [n for n in _v4l2_numbers() if _name(n) == name]
        found = [camera for n in numbers if (camera := _look(n))]
        if not found:
            raise SourceError(f"there is no camera {name!r} (usb:{number}); plug it in")
        number = found[0].number
    path = DEV / f"video{number}"
    if not path.exists():
        # Camera modules are not asked: to import picamera2 takes a second on a Pi, and this is
        # asked again and again while a camera is waited for.
        others = [c.uri for c in _usb_cameras() if not c.problem]
        instead = f"use {' or '.join(others)}" if others else "plug it in"
        raise SourceError(f"there is no camera usb:{number}; {instead}, or see fingerspell devices")
    camera = _look(number)
    if camera is None:
        raise SourceError(f"{path} is no camera; fingerspell devices lists those there are")
    if camera.problem:
        raise SourceError(f"usb:{number} ({camera.name}) {camera.problem}")
    return camera


def _usb_cameras() -> list[Camera]:
    return [camera for n in _v4l2_numbers() if (camera := _look(n))]


def _v4l2_numbers() -> list[int]:
    names = [p.name.removeprefix("video") for p in SYSFS.glob("video*")]
    return sorted(int(name) for name in names if name.isdecimal())


def _name(number: int) -> str:
    """What the camera at /dev/videoNUMBER is called; "videoNUMBER" where nothing says so."""
    try:
        return (SYSFS / f"video{number}" / "name").read_text().strip()
    except OSError:
        return f"video{number}"


def _look(number: int) -> Camera | None:
    """Asks /dev/videoNUMBER what it is; None if it is something else than a camera."""
    path = DEV / f"video{number}"
    name = _name(number)
    try:
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return Camera("usb", number, name, problem=_problem(error, path))
    modes: tuple[Mode, ...] = ()
    try:
        driver = v4l2.capture_driver(fd)
        if driver is None or driver in _NO_CAMERA:
            return None
        modes = tuple(v4l2.modes(fd))
        v4l2.check_free(fd)
    except OSError as error:
        if error.errno == errno.ENOTTY:  # no video device at all
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
    return f"cannot be asked: {error.strerror}; plug it in again"


def _modules() -> list[Camera]:
    try:
        camera_class = picamera2_class()
    except SourceError as error:
        return [Camera("picamera", 0, "camera module", problem=str(error))]
    if camera_class is None:
        return []
    found = enumerate(camera_class.global_camera_info())
    # libcamera counts USB cameras too, but V4L2 is asked about those.
    modules = [(n, info) for n, info in found if "usb" not in str(info.get("Id"))]
    return [Camera("picamera", n, str(info.get("Model", "camera module"))) for n, info in modules]


def picamera2_class() -> Any | None:
    """picamera2.Picamera2, or None where the library is missing.

    Imported when first wanted, since that takes a second on a Pi; libcamera and picamera2 then
    tell stderr of errors only. Raises SourceError if the library is there but does not load.
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
    for name in dict.fromkeys(mode.format for mode in camera.modes):
        modes = [mode for mode in camera.modes if mode.format == name]
        rates = [f" at {mode.fps:g}" if mode.fps else "" for mode in modes]
        sizes = [f"{m.width_px}x{m.height_px}{r}" for m, r in zip(modes, rates, strict=True)]
        yield f"    {name}: {', '.join(sizes)}"
