"""A real systemd, booted in a container that forgets everything when it ends (systemd-nspawn)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.patience import patience_s

BOOT_S = 60.0
LIVE = Path("/")  # this system's own files, of which only /usr is seen, and nothing is written


class Machine:
    """A booted container; `run` runs a command in it as root."""

    def __init__(self, nspawn: subprocess.Popen[bytes], console: Path) -> None:
        self.nspawn = nspawn
        self._console = console
        self._leader = 0

    def said(self) -> str:
        """What the container wrote on its console."""
        return self._console.read_text(errors="replace")

    def wait_for_boot(self) -> None:
        """Waits until systemd has started everything; skips if it never does."""
        children = Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
        until_s = time.monotonic() + patience_s(BOOT_S)
        while time.monotonic() < until_s and self.nspawn.poll() is None:
            pids = children.read_text().split()
            if pids and Path(f"/proc/{pids[0]}/comm").read_text().strip() == "systemd":
                self._leader = int(pids[0])
                said = self.run("systemctl", "is-system-running", check=False).stdout.strip()
                if said in ("running", "degraded"):
                    return
            time.sleep(0.2)
        pytest.skip(f"systemd does not boot in a container here: {self.said()[-300:]!r}")

    def run(
        self,
        *command: str,
        check: bool = True,
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end; fails the test with what it said if its status is not 0."""
        done = subprocess.run(
            self.entering(*command, env=env),
            capture_output=True,
            text=True,
            timeout=patience_s(timeout),
            check=False,
        )
        if check and done.returncode:
            pytest.fail(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def entering(self, *command: str, env: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs `command` inside; nothing of our environment goes along."""
        inside = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        inside |= env or {}
        enter = ["nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net"]
        pairs = [f"{name}={value}" for name, value in inside.items()]
        return [*enter, "--pid", "--", "/usr/bin/env", "-i", "-C", "/", *pairs, *command]

    def show(self, unit: str, *properties: str) -> list[str]:
        """The values of a unit's properties, in their order, all of one moment."""
        said = self.run("systemctl", "show", f"--property={','.join(properties)}", unit).stdout
        values = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return [values[name] for name in properties]

    def journal(self, unit: str) -> str:
        """All that a unit has said, and what was said of it."""
        return self.run("journalctl", "--quiet", "--no-pager", "-o", "cat", "-u", unit).stdout

    def files(self, *folders: str) -> set[str]:
        """The paths of everything in these folders."""
        found = self.run("find", *folders, "-xdev", check=False).stdout
        return set(found.splitlines())


@contextlib.contextmanager
def boot(
    root: Path, scratch: Path, binds: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[Machine]:
    """Boots the system in `root`, and powers it off at the end; skips where that cannot be done.

    Nothing is ever written into `root`: with the live system as root, only its /usr is seen and
    all else is empty memory; of any other root, all is seen below a layer of memory. Without that
    a booting systemd would empty the temporary folders of the live system.
    """
    program = shutil.which("systemd-nspawn")
    if program is None:
        pytest.skip("there is no systemd-nspawn: apt install systemd-container")
    if os.geteuid():
        pytest.skip("only root may boot a container")
    volatile = "yes" if root == LIVE else "overlay"
    command = [program, "--quiet", f"--directory={root}", f"--volatile={volatile}"]
    command += ["--private-network", "--register=no", "--keep-unit", "--machine=fingerspell"]
    command += [f"--bind-ro={bind}" for bind in binds] + list(options)
    tried = subprocess.run([*command, "/bin/true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"systemd-nspawn cannot start a container here: {tried.stderr.strip()}")
    console = scratch / "console"
    with console.open("wb") as log:
        nspawn = subprocess.Popen(
            [*command, "--boot", "--console=pipe"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    machine = Machine(nspawn, console)
    try:
        machine.wait_for_boot()
        yield machine
    finally:
        nspawn.send_signal(signal.SIGTERM)  # an orderly power off
        try:
            nspawn.wait(timeout=20)
        except subprocess.TimeoutExpired:
            nspawn.kill()
            nspawn.wait()


def descendants(pid: int) -> list[int]:
    """The children of a process, each before its own."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [d for child in children for d in (int(child), *descendants(int(child)))]
