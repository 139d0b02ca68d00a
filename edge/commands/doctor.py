"""`fingerspell doctor`: looks at everything a run needs, and says what mends what is wrong.

A fault keeps fingerspell from running; a note is worth knowing, or makes it slow.
"""

from __future__ import annotations

import grp
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Literal

import numpy as np

from edge.cameras.listing import describe, list_cameras, picamera2_class
from edge.errors import FingerspellError, ModelError, SourceError
from edge.models import handmodels, interpreter, manifest, manifests
from edge.running import machine

HOT_C = 80.0  # a Raspberry Pi slows down from here on: its soft limit
LITTLE_MEMORY_MB = 200  # a run takes up to 150
LITTLE_DISK_MB = 150  # the wheel that holds the hand models, and the models
OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
REINSTALL = "in the folder of the project: pip install --force-reinstall ."
DRI = Path("/dev/dri")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` is the one line that mends it, "" where none need."""

    mark: Literal["ok", "note", "fault"]
    subject: str
    text: str
    mend: str = ""


def examine() -> int:
    """Prints all findings; returns 1 if one of them keeps fingerspell from running, else 0."""
    found = [*software(), *models(), *cameras(), *display(), *computer()]
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        head = f"{finding.mark:<7}{finding.subject:<{width + 2}}"
        print(head + finding.text.replace("\n", "\n" + " " * len(head)))
        if finding.mend:
            print(f"{'':{len(head)}}-> {finding.mend}")
    faults = sum(finding.mark == "fault" for finding in found)
    print(f"\n{faults} fault{'s' * (faults != 1)}" if faults else "\nready to run")
    return FingerspellError.exit_code if faults else 0


def software() -> Iterator[Finding]:
    """Looks at Python and the libraries."""
    wide = sys.maxsize > 2**32
    python = f"{platform.python_version()}, {'64' if wide else '32'}-bit, in {sys.prefix}"
    if not wide:
        mend = "install a 64-bit system: LiteRT has no 32-bit wheels"
        yield Finding("fault", "Python", python, mend)
    elif not (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Finding("note", "Python", python, "3.11 to 3.13 are tested: make PYTHON=python3.13")
    else:
        yield Finding("ok", "Python", python)
    try:
        yield Finding("ok", "fingerspell", version("fingerspell"))
    except PackageNotFoundError:
        yield Finding(
            "note", "fingerspell", "runs from its folder", "pip install . puts it on PATH"
        )
    yield Finding("ok", "numpy", np.__version__)
    yield _opencv()
    try:
        yield Finding("ok", "LiteRT", interpreter.runtime())
    except ModelError as error:
        yield Finding("fault", "LiteRT", str(error))
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    mend = "for the window (--sink screen): pip install pygame-ce"
    yield _library("pygame", "pygame", "note", mend)


def _library(subject: str, module: str, bad: Literal["note", "fault"], mend: str) -> Finding:
    """Imports a library: whether it is installed does not tell whether it loads."""
    try:
        return Finding("ok", subject, str(import_module(module).__version__))
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == module
        return Finding(bad, subject, "not installed" if missing else _line(error), mend)


def _opencv() -> Finding:
    """Its wheels all write the same folder: of two, what is in there is left to chance."""
    names = {(d.metadata["Name"] or "").lower() for d in distributions()}
    installed = [name for name in OPENCV if name in names]
    if len(installed) > 1:
        mend = f"pip uninstall -y {' '.join(installed)}; pip install opencv-python-headless"
        return Finding("fault", "OpenCV", f"{' and '.join(installed)} overwrite each other", mend)
    mend = "pip install --force-reinstall opencv-python-headless"
    found = _library("OpenCV", "cv2", "fault", mend)
    return replace(found, text=" ".join([found.text, *installed]))


def models() -> Iterator[Finding]:
    """Looks at the hand models' sums, and opens every bundled model."""
    faults = handmodels.faults()
    for name, fault in faults.items():
        yield Finding("fault", name, f"{fault}: {handmodels.path(name)}", handmodels.MEND)
    if not faults:
        text = f"all {len(handmodels.SHA256)}, with the right sums, in {handmodels.folder()}"
        yield Finding("ok", "hand models", text)
    bundled = manifests()
    if not bundled:
        yield Finding("fault", "letters", "no model is bundled", REINSTALL)
    for path in bundled:
        try:
            facts, _ = manifest.open_model(path)
        except ModelError as error:
            yield Finding("fault", path.stem, str(error))
        else:
            text = f"sum right, made {facts.date}, {facts.size_bytes / 1000:.0f} kB"
            yield Finding("ok", path.stem, text)


def cameras() -> Iterator[Finding]:
    """Looks at the cameras, and at the right to open them."""
    found = list_cameras()
    for camera in found:
        # That one camera cannot be used keeps nobody from running who has another.
        bad: Literal["note", "fault"] = "note" if any(not c.problem for c in found) else "fault"
        lines = describe([camera]).partition("\n")[2] or camera.name
        text = "\n".join([camera.name, *(line.strip() for line in lines.splitlines())])
        yield Finding(bad if camera.problem else "ok", camera.uri, text)
    if not found:
        text = "none found; run shows the synthetic signer instead"
        yield Finding("note", "camera", text, "plug in a USB camera, or connect a camera module")
    if (machine.board() or "").startswith("Raspberry Pi"):
        yield from _picamera2()
    if os.geteuid() and not _in_group("video"):
        mend = "sudo usermod -aG video $USER, then log in again"
        yield Finding("note", "group video", "this user is not in it; cameras may be closed", mend)


def _picamera2() -> Iterator[Finding]:
    try:
        there = picamera2_class() is not None
    except SourceError:  # told of as a camera with a problem
        return
    if there:
        yield Finding("ok", "picamera2", "loads")
    else:
        mend = "sudo apt install python3-picamera2; make clean run"
        yield Finding("note", "picamera2", "not installed: camera modules cannot be read", mend)


def _in_group(name: str) -> bool:
    try:
        group = grp.getgrnam(name).gr_gid
    except KeyError:  # this system has no such group, and so no such rule
        return True
    return group in (os.getegid(), *os.getgroups())


def display() -> Iterator[Finding]:
    """Looks for something to show a window on."""
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(variable):
            yield Finding("ok", "display", f"{variable}={os.environ[variable]}")
            return
    if list(DRI.glob("card*")):
        text = "no desktop, but a screen may be connected"
        yield Finding("note", "display", text, "fingerspell run --sink screen")
    else:
        text = "none; run writes JSON lines to stdout"
        yield Finding("note", "display", text)


def computer() -> Iterator[Finding]:
    """Looks at the machine: its power, its heat, and its room."""
    board = machine.board()
    yield Finding(
        "ok", "machine", f"{board}, {platform.machine()}" if board else machine.processor()
    )
    yield Finding("ok", "system", f"{_system()}, kernel {platform.release()}")
    celsius = machine.temperature_c()
    if celsius is not None:
        hot = celsius >= HOT_C
        mend = "fit a heat sink or a fan" if hot else ""
        yield Finding("note" if hot else "ok", "temperature", f"{celsius:.0f} °C", mend)
    bits = machine.throttled_bits()
    if bits is not None:
        yield _throttling(bits)
    memory = machine.memory_mb()
    if memory is not None:
        little = memory[0] < LITTLE_MEMORY_MB
        mend = "close other programs: a run takes up to 150 MB" if little else ""
        text = f"{memory[0]} MB free of {memory[1]}"
        yield Finding("note" if little else "ok", "memory", text, mend)
    free = machine.disk_mb(handmodels.folder())
    little = free < LITTLE_DISK_MB
    # Room is needed to fetch the hand models, and for little after that.
    mark: Literal["note", "fault"] = "fault" if handmodels.faults() else "note"
    mend = f"make room where {handmodels.folder()} is" if little else ""
    yield Finding(mark if little else "ok", "disk", f"{free} MB free", mend)


def _throttling(bits: int) -> Finding:
    now, before = machine.throttling(bits)
    told = [f"now: {', '.join(now)}"] * bool(now) + [f"since boot: {', '.join(before)}"] * bool(
        before
    )
    if not told:
        return Finding("ok", "throttling", "none since boot")
    if "under-voltage" in now + before:
        mend = "use the official power supply, and a short cable"
    else:
        mend = "fit a heat sink or a fan"
    return Finding("note", "throttling", f"{'; '.join(told)} ({bits:#x})", mend)


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
