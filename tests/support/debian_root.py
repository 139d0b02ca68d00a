"""What the installation's test wants and no repository holds: a Debian system, a folder of wheels.

Both are made once, which takes the network and half a minute, and are kept in the cache folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = os.environ.get("DEBIAN_SUITE", "bookworm")  # or trixie
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}[SUITE]
# As on a Raspberry Pi without a desktop: three for a window, as install.sh asks for them, and what
# picamera2 brings along.
PACKAGES = "systemd-sysv,dbus,udev,python3-venv,libgbm1,libegl1,libgles2,python3-numpy"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
PROJECT = ("edge", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def cache() -> Path:
    """The folder for what is made once."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "fingerspell" / "install"


def debian() -> Path:
    """The folder of a Debian system with Python, made by mmdebstrap."""
    made = cache() / f"{SUITE}-{digest(PACKAGES.encode())}"
    if not made.is_dir():
        if os.geteuid() or not shutil.which("mmdebstrap"):
            pytest.skip("a Debian system is made by root with mmdebstrap: apt install mmdebstrap")
        made.parent.mkdir(parents=True, exist_ok=True)
        part = made.with_name(f"{made.name}.{os.getpid()}")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", SUITE]
        mirror = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
        done = run(*command, str(part), mirror)
        if done.returncode:
            shutil.rmtree(part, ignore_errors=True)
            pytest.skip(f"mmdebstrap cannot make a system here: {done.stderr.strip()[-300:]}")
        part.rename(made)
    return made


def project(folder: Path) -> Path:
    """A copy of what is installed, for pip to leave its traces in."""
    for name in PROJECT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    return folder


def wheel(folder: Path) -> Path:
    """This checkout's wheel, made in a folder."""
    copy = folder / "copy"
    copy.mkdir()
    built = run(*PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(project(copy)))
    assert built.returncode == 0, built.stderr
    return next(folder.glob("fingerspell-*.whl"))


def wheels(folder: Path, wheel: Path, constraints: Path = Path(os.devnull)) -> Path:
    """Fills a folder with a wheel of ours and all that it needs, for that Debian's Python."""
    wanted = (ROOT / "setup.cfg").read_bytes() + constraints.read_bytes()
    kept = cache() / f"wheels-{PYTHON}-{digest(wanted)}"
    if not kept.is_dir():
        part = kept.with_name(f"{kept.name}.{os.getpid()}")
        only = ["--only-binary=:all:", f"--python-version={PYTHON}", "--dest", str(part)]
        only += ["--constraint", str(constraints)]
        done = run(*PIP, "download", *only, f"{wheel}[screen,metrics,mqtt,web]", "setuptools>=77")
        if done.returncode:
            shutil.rmtree(part, ignore_errors=True)
            pytest.skip(f"the wheels cannot be fetched: {done.stderr.strip()[-300:]}")
        for ours in part.glob("fingerspell-*.whl"):
            ours.unlink()
        part.rename(kept)
    folder.mkdir()
    for path in (wheel, *kept.iterdir()):
        (folder / path.name).symlink_to(path)
    return folder


def digest(content: bytes) -> str:
    """A name for what was made of this content."""
    return hashlib.sha256(content).hexdigest()[:12]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, and keeps what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False)
