"""The computer: its name, temperature, power supply, memory and disk, from files of Linux."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

# raspberrypi.com/documentation/computers/raspberry-pi.html, "Frequency management and thermal
# control": from here on a Raspberry Pi's firmware slows its processor down.
PI_LIMIT_C = 80.0
LEAST_TRIP_C = 50.0  # lower trip points are not used: some boards state 0 for one that is off

PROC = Path("/proc")
THERMAL = Path("/sys/class/thermal")
FIRMWARE = Path("/sys/devices/platform")

# The bits that `vcgencmd get_throttled` sets, and 16 bits above each the same for "since boot":
# raspberrypi.com/documentation/computers/os.html#get_throttled
THROTTLED = {0: "under-voltage", 1: "capped clock", 2: "throttled", 3: "soft temperature limit"}


def _found(folder: Path, pattern: str) -> Iterable[Path]:
    """Returns the paths of a pattern, none where they cannot be listed: no more files may be open.

    What is read for information ends no run.
    """
    try:
        return list(folder.glob(pattern))
    except OSError:
        return ()


def board() -> str | None:
    """Returns the name of the board, "Raspberry Pi 5 Model B Rev 1.0"; None if there is none."""
    try:
        return (PROC / "device-tree" / "model").read_text().strip("\0\n ") or None
    except OSError:
        return None


def processor() -> str:
    """Returns the processor's name, its architecture and the number of cores that may be used."""
    try:
        names = re.findall(r"^model name\s*:\s*(.+)$", (PROC / "cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        names = []
    cores = len(os.sched_getaffinity(0))
    name = names[0] if names else board() or "unknown"
    return f"{name}, {platform.machine()}, {cores} core{'s' * (cores != 1)}"


def temperature_c() -> float | None:
    """Returns the temperature of the hottest sensor, in degrees Celsius; None without sensors."""
    temperatures = []
    for sensor in _found(THERMAL, "thermal_zone*/temp"):
        try:
            temperatures.append(int(sensor.read_text()) / 1000)
        except (OSError, ValueError):  # a sensor that is switched off answers with an error
            continue
    return max(temperatures, default=None)


def headroom_c() -> float | None:
    """Returns how many degrees are left before the processor is slowed down; None if unknown.

    On a Raspberry Pi the firmware does that at PI_LIMIT_C. Elsewhere the kernel does it at the
    lowest passive trip point of each sensor, and the sensor that is nearest to its own counts.
    """
    hottest_c = temperature_c()
    if hottest_c is not None and (board() or "").startswith("Raspberry Pi"):
        return PI_LIMIT_C - hottest_c
    found = []
    for zone in _found(THERMAL, "thermal_zone*"):
        try:
            trips = [
                int(kind.with_name(kind.name.replace("_type", "_temp")).read_text()) / 1000
                for kind in _found(zone, "trip_point_*_type")
                if kind.read_text().strip() == "passive"
            ]
            limit_c = min((trip for trip in trips if trip >= LEAST_TRIP_C), default=None)
            if limit_c is not None:
                found.append(limit_c - int((zone / "temp").read_text()) / 1000)
        except (OSError, ValueError):
            continue
    return min(found, default=None)


def throttled_now() -> tuple[str, ...]:
    """Returns in words what a Raspberry Pi's firmware slows down now, from a file of the kernel.

    The file is read since a service may not open the device that vcgencmd needs.
    """
    return tuple(throttling(throttled_file_bits() or 0)[0])


def throttled_file_bits() -> int | None:
    """Reads the bits of throttled_bits() from a file of the kernel; None if there is no such file.

    Newer kernels log a warning about it, once. They give the bits that they read last, without
    those that the firmware itself keeps since the start.
    """
    for file in _found(FIRMWARE, "soc*/soc*:firmware/get_throttled"):
        with contextlib.suppress(OSError, ValueError):
            return int(file.read_text(), 16)
    return None


def throttled_bits() -> int | None:
    """Reads the bits from a Raspberry Pi's firmware; None if there is none or it fails."""
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "get_throttled"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"throttled=0x([0-9a-fA-F]+)", done.stdout)
    return int(match[1], 16) if match else None


def throttling(bits: int) -> tuple[list[str], list[str]]:
    """Returns the bits in words: those that are set now, and those set earlier since boot."""
    now = [name for bit, name in THROTTLED.items() if bits >> bit & 1]
    before = [name for bit, name in THROTTLED.items() if bits >> bit + 16 & 1 and name not in now]
    return now, before


def memory_mb() -> tuple[int, int] | None:
    """Returns the memory that is available and the total, in MB; None if unknown."""
    try:
        table = (PROC / "meminfo").read_text()
    except OSError:
        return None
    found = {name: int(kb) for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", table, re.MULTILINE)}
    if "MemAvailable" not in found or "MemTotal" not in found:
        return None
    return found["MemAvailable"] * 1024 // 10**6, found["MemTotal"] * 1024 // 10**6


def resident_mb() -> float:
    """Returns the memory in use by this process and its children, in MB; 0 if unknown.

    Pages that they share are counted once for each.
    """
    pids = {"self"}
    with contextlib.suppress(OSError):  # a kernel without CONFIG_PROC_CHILDREN
        for task in (PROC / "self" / "task").iterdir():
            pids.update((task / "children").read_text().split())
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):  # the process has ended meanwhile
            pages += int((PROC / pid / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def disk_mb(folder: Path) -> int | None:
    """Returns the free space in MB where `folder` is or would be made; None if unknown."""
    for place in (folder, *folder.absolute().parents):
        try:
            return shutil.disk_usage(place).free // 10**6
        except OSError:
            continue
    return None
