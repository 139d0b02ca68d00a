"""The computer: what it is, how hot, how well fed, and what room it has. Linux's own files tell."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

PROC = Path("/proc")
THERMAL = Path("/sys/class/thermal")

# The bits that `vcgencmd get_throttled` sets, and 16 bits above each the same for "since boot":
# raspberrypi.com/documentation/computers/os.html#get_throttled
THROTTLED = {0: "under-voltage", 1: "capped clock", 2: "throttled", 3: "soft temperature limit"}


def board() -> str | None:
    """Returns the name of the board, "Raspberry Pi 5 Model B Rev 1.0"; None where none is told."""
    try:
        return (PROC / "device-tree" / "model").read_text().strip("\0\n ") or None
    except OSError:
        return None


def processor() -> str:
    """Returns the processor's name, its architecture and how many cores may be used."""
    try:
        names = re.findall(r"^model name\s*:\s*(.+)$", (PROC / "cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        names = []
    cores = len(os.sched_getaffinity(0))
    return f"{names[0] if names else board() or 'unknown'}, {platform.machine()}, {cores} cores"


def temperature_c() -> float | None:
    """Returns the temperature of the hottest sensor, in degrees Celsius; None without sensors."""
    temperatures = []
    for sensor in THERMAL.glob("thermal_zone*/temp"):
        try:
            temperatures.append(int(sensor.read_text()) / 1000)
        except (OSError, ValueError):  # a sensor that is switched off answers with an error
            continue
    return max(temperatures, default=None)


def throttled_bits() -> int | None:
    """Asks a Raspberry Pi's firmware; None where there is none or it does not answer."""
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
    """Returns in words what the bits say: what holds now, and what only did since boot."""
    now = [name for bit, name in THROTTLED.items() if bits >> bit & 1]
    before = [name for bit, name in THROTTLED.items() if bits >> bit + 16 & 1 and name not in now]
    return now, before


def memory_mb() -> tuple[int, int] | None:
    """Returns the memory that programs can still have and all there is, in MB; None if untold."""
    try:
        table = (PROC / "meminfo").read_text()
    except OSError:
        return None
    found = {name: int(kb) for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", table, re.MULTILINE)}
    if "MemAvailable" not in found or "MemTotal" not in found:
        return None
    return found["MemAvailable"] * 1024 // 10**6, found["MemTotal"] * 1024 // 10**6


def disk_mb(folder: Path) -> int:
    """Returns the free space in MB where `folder` is, or would be made; 0 if that is untold."""
    for place in (folder, *folder.absolute().parents):
        try:
            return shutil.disk_usage(place).free // 10**6
        except OSError:
            continue
    return 0
