"""A share of the processor for a process and all that it starts, by the kernel's control groups."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

V1 = Path("/sys/fs/cgroup/cpu")
V2 = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def held_to(quota_us: int, period_us: int) -> Iterator[list[str]]:
    """Gives the words to put before a command: it may then run so long in each period.

    What it may have, it gets before others. Skips the test where no group can be made.
    """
    v2 = (V2 / "cgroup.controllers").exists()
    group = (V2 if v2 else V1) / f"fingerspell-{os.getpid()}"
    # Of version 1 the period comes first: a quota has to fit into it.
    limits = (
        {"cpu.max": f"{quota_us} {period_us}", "cpu.weight": 10_000}
        if v2
        else {"cpu.cfs_period_us": period_us, "cpu.cfs_quota_us": quota_us, "cpu.shares": 100_000}
    )
    try:
        if v2 and "cpu" not in (V2 / "cgroup.subtree_control").read_text().split():
            (V2 / "cgroup.subtree_control").write_text("+cpu")
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")
    try:
        try:
            for name, value in limits.items():
                (group / name).write_text(str(value))
        except OSError as error:
            pytest.skip(f"the processor cannot be shared out: {error}")
        yield ["sh", "-c", f'echo $$ >"{group}/cgroup.procs" && exec "$@"', "held"]
    finally:
        _remove(group)


def throttled(pid: int) -> int:
    """In how many periods the group of a process was held back; 0 once the process has ended."""
    try:
        groups = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return 0
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        at = {"cpu": V1, "": V2}.get(controllers)
        with contextlib.suppress(OSError):  # it has ended
            told = (at / path.lstrip("/") / "cpu.stat").read_text() if at else ""
            if match := re.search(r"nr_throttled (\d+)", told):
                return int(match[1])
    return 0


def _remove(group: Path) -> None:
    for _ in range(100):  # the dead leave it when they have been reaped
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)
