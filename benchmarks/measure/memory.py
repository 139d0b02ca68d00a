"""The most memory that a process ever had. Imports little: a fresh process starts with it."""

from __future__ import annotations

import re
from pathlib import Path


def peak_memory_mb(pid: int | str = "self") -> float:
    """Returns the most memory that a process ever had (VmHWM), in MB; 0 once it is gone.

    Not ru_maxrss, in which a child starts with what its parent had.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    match = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(match[1]) * 1024 / 1e6 if match else 0.0
