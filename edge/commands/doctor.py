"""`fingerspell doctor`: checks everything that a run needs, and says how to repair what is wrong.

A fault keeps fingerspell from running. A note is good to know, or names what makes it slow.
"""

from __future__ import annotations

import grp
import os
import platform
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Literal

import numpy as np

from edge.cameras import describe, list_cameras, picamera2_class
from edge.errors import FingerspellError, ModelError, SourceError, lacks_memory
from edge.models import BUNDLED, RECIPES, handmodels, interpreter, open_model
from edge.running import machine

# The most memory that a run takes: 127 MB by `python -m benchmarks.latency`, and a fifth more.
RUN_MB = 150
LITTLE_MEMORY_MB = RUN_MB + 50  # and some for other programs
LITTLE_DISK_MB = 150  # for the wheel that holds the hand models (36 MB), unpacked, and the models
# The packages on PyPI that install OpenCV, all into the folder cv2.
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
    """The result of one check.

    mark: as in the module's description. repair: one line, what to do; None if there is nothing.
    """

    mark: Literal["ok", "note", "fault"]
    subject: str
    text: str
    repair: str | None = None


def examine() -> int:
    """Prints all findings; returns 1 if one of them keeps fingerspell from running, else 0."""
    return show([*software(), *models(), *cameras(), *display(), *computer()], "ready to run")


def show(found: Sequence[Finding], well: str) -> int:
    """Prints findings, and `well` if none is a fault; returns 1 if one is, else 0."""
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        head = f"{finding.mark:<7}{finding.subject:<{width + 2}}"
        print(head + finding.text.replace("\n", "\n" + " " * len(head)))
        if finding.repair:
            print(f"{'':{len(head)}}-> {finding.repair}")
    faults = sum(finding.mark == "fault" for finding in found)
    print(f"\n{faults} fault{'s' * (faults != 1)}" if faults else f"\n{well}")
    return FingerspellError.exit_code if faults else 0


def software() -> Iterator[Finding]:
    """Checks Python and the libraries."""
    wide = sys.maxsize > 2**32
    python = f"{platform.python_version()}, {'64' if wide else '32'}-bit, in {sys.prefix}"
    if not wide:
        repair = "install a 64-bit system: LiteRT has no 32-bit wheels"
        yield Finding("fault", "Python", python, repair)
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
    repair = "for the window (--sink screen): pip install pygame-ce"
    yield _library("pygame", "pygame", "note", repair)


def _library(subject: str, module: str, bad: Literal["note", "fault"], repair: str) -> Finding:
    """Imports a library, since one that is installed may still not load."""
    try:
        with warnings.catch_warnings():  # pygame warns of each of its parts that does not load
            warnings.simplefilter("ignore")
            return Finding("ok", subject, str(import_module(module).__version__))
    except ImportError as error:
        if lacks_memory(error):
            raise
        missing = isinstance(error, ModuleNotFoundError) and error.name == module
        return Finding(bad, subject, "not installed" if missing else _line(error), repair)


def _opencv() -> Finding:
    """Checks OpenCV. Its wheels all write the same folder, so only one of them may be there."""
    names = {(d.metadata["Name"] or "").lower() for d in distributions()}
    installed = [name for name in OPENCV if name in names]
    if len(installed) > 1:
        repair = f"pip uninstall -y {' '.join(installed)}; pip install opencv-python-headless"
        return Finding("fault", "OpenCV", f"{' and '.join(installed)} overwrite each other", repair)
    repair = "pip install --force-reinstall opencv-python-headless"
    found = _library("OpenCV", "cv2", "fault", repair)
    return replace(found, text=" ".join([found.text, *installed]))


def models() -> Iterator[Finding]:
    """Checks the hand models' checksums, and opens every installed model: in use, and recipes'."""
    faults = handmodels.faults()
    for name, fault in faults.items():
        yield Finding("fault", name, f"{fault}: {handmodels.path(name)}", handmodels.MEND)
    if not faults:
        text = f"all {len(handmodels.SHA256)}, with right checksums, in {handmodels.folder()}"
        yield Finding("ok", "hand models", text)
    if not list(BUNDLED.glob("*.json")):
        yield Finding("fault", "letters", "no model is installed", REINSTALL)
    for use, folder in (("in use", BUNDLED), ("of a recipe", RECIPES)):
        for path in sorted(folder.glob("*.json")):
            try:
                facts, _ = open_model(path)
            except ModelError as error:
                yield Finding("fault", path.stem, f"{use}: {error}")
            else:
                size = f"{facts.size_bytes / 1000:.0f} kB"
                text = f"{use}: right checksum, made {facts.date}, {size}"
                yield Finding("ok", path.stem, text)


def cameras() -> Iterator[Finding]:
    """Checks the cameras, and the permission to open them."""
    found = list_cameras()
    for camera in found:
        # A camera that cannot be used is no fault where another one can.
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
        repair = "sudo usermod -aG video $USER, then log in again"
        text = "this user is not in it, and may not be allowed to open cameras"
        yield Finding("note", "group video", text, repair)


def _picamera2() -> Iterator[Finding]:
    try:
        there = picamera2_class() is not None
    except SourceError:  # list_cameras has it as a camera with a problem
        return
    if there:
        yield Finding("ok", "picamera2", "loads")
    else:
        repair = "sudo apt install python3-picamera2; make clean run"
        yield Finding("note", "picamera2", "not installed: camera modules cannot be read", repair)


def _in_group(name: str) -> bool:
    try:
        group = grp.getgrnam(name).gr_gid
    except KeyError:  # a system without this group has other rules
        return True
    return group in (os.getegid(), *os.getgroups())


def display() -> Iterator[Finding]:
    """Checks whether there is a display for a window."""
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
    """Checks the machine: its temperature, power supply, memory and disk."""
    board = machine.board()
    yield Finding(
        "ok", "machine", f"{board}, {platform.machine()}" if board else machine.processor()
    )
    yield Finding("ok", "system", f"{_system()}, kernel {platform.release()}")
    celsius = machine.temperature_c()
    if celsius is not None:
        hot = celsius >= machine.PI_LIMIT_C
        repair = "fit a heat sink or a fan" if hot else None
        yield Finding("note" if hot else "ok", "temperature", f"{celsius:.0f} °C", repair)
    bits = machine.throttled_bits()
    if bits is not None:
        yield _throttling(bits)
    memory = machine.memory_mb()
    if memory is not None:
        little = memory[0] < LITTLE_MEMORY_MB
        repair = f"close other programs: a run takes up to {RUN_MB} MB" if little else None
        text = f"{memory[0]} MB free of {memory[1]}"
        yield Finding("note" if little else "ok", "memory", text, repair)
    free_mb = machine.disk_mb(handmodels.folder())
    if free_mb is None:
        return
    little = free_mb < LITTLE_DISK_MB
    # Only fetching the hand models needs much space.
    mark: Literal["note", "fault"] = "fault" if handmodels.faults() else "note"
    repair = f"make room where {handmodels.folder()} is" if little else None
    yield Finding(mark if little else "ok", "disk", f"{free_mb} MB free", repair)


def _throttling(bits: int) -> Finding:
    now, before = machine.throttling(bits)
    times = {"now": now, "since boot": before}
    texts = [f"{time}: {', '.join(names)}" for time, names in times.items() if names]
    if not texts:
        return Finding("ok", "throttling", "none since boot")
    if "under-voltage" in now + before:
        repair = "use the official power supply, and a short cable"
    else:
        repair = "fit a heat sink or a fan"
    return Finding("note", "throttling", f"{'; '.join(texts)} ({bits:#x})", repair)


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
