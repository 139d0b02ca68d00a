"""A peer's own environment: made by venv and pip where it is not there, under the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from benchmarks.peers.contract import Adapter
from edge.errors import FingerspellError

ROOT = Path(__file__).resolve().parents[2]
OURS = ("edge", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")  # what pip makes a wheel of
INSTALL_LIMIT_S = 1800.0
_STAMP = "peer.json"
SCRATCH = "frames-"  # what begins so in the folder is a run's, and goes with it


class UnavailableError(FingerspellError):
    """A peer cannot be run here; the message, one line, says why."""


def folder() -> Path:
    """Returns $XDG_CACHE_HOME/fingerspell/peers, as the XDG says."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "fingerspell" / "peers"


@contextmanager
def reserved() -> Iterator[None]:
    """Keeps the environments for one run: another might make one anew that this one works with.

    Raises FingerspellError where another run has them.
    """
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "lock").open("w") as file:
        try:
            fcntl.flock(
                file, fcntl.LOCK_EX | fcntl.LOCK_NB
            )  # gone with the process, however it ends
        except OSError:
            raise FingerspellError(
                "another benchmarks.peers is running, and two disturb each other; wait for its end"
            ) from None
        for left in folder().glob(f"{SCRATCH}*"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield


def prepared(name: str, adapter: Adapter) -> Path:
    """Returns the Python of a peer's environment, made anew where its requirements changed.

    Raises UnavailableError where no Python serves, or what it wants cannot be installed.
    """
    home = folder() / name
    python = home / "bin" / "python"
    wanted = _wanted(adapter.REQUIREMENTS)
    if _stamp(home) == wanted and python.exists():
        return python
    base = _python(adapter.PYTHONS)
    shutil.rmtree(home, ignore_errors=True)
    try:
        _made(base, home, name, adapter.REQUIREMENTS)
    except BaseException:  # Ctrl-C, too, leaves no half of it
        shutil.rmtree(home, ignore_errors=True)
        raise
    (home / _STAMP).write_text(json.dumps(wanted))
    return python


def versions(python: Path) -> dict[str, str]:
    """Returns what is installed there, all of it."""
    done = subprocess.run(
        [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        capture_output=True,
        check=False,
    )
    rows = json.loads(done.stdout) if not done.returncode else []
    return {row["name"]: row["version"] for row in rows}


def size_mb(home: Path, files: Sequence[str] = ()) -> float:
    """Returns what an environment, and models outside it, take on disk, in MB (10^6 bytes)."""
    paths = [*home.rglob("*"), *(Path(each) for each in files)]
    return sum(p.lstat().st_blocks * 512 for p in paths if p.is_file() and not p.is_symlink()) / 1e6


def _wanted(requirements: Sequence[str]) -> list[str]:
    """Returns the requirements, and the sum of our own files if they are one of them."""
    if "." not in requirements:
        return list(requirements)
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.read_bytes())
    return [*requirements, digest.hexdigest()]


def _sources() -> Iterator[Path]:
    for name in OURS:
        path = ROOT / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (p for p in found if p.is_file() and "__pycache__" not in p.parts)


def _stamp(home: Path) -> object:
    try:
        return json.loads((home / _STAMP).read_text())
    except (OSError, ValueError):
        return None


def _python(bounds: tuple[tuple[int, int], tuple[int, int]]) -> str:
    """Returns a Python between two versions, this one if it is."""
    oldest, newest = bounds
    if oldest <= sys.version_info[:2] <= newest:
        return sys.executable
    for minor in range(newest[1], oldest[1] - 1, -1):
        path = shutil.which(f"python3.{minor}")
        # A name on the PATH may be a shim of a version manager that has no such Python.
        if (
            path
            and not subprocess.run([path, "-c", ""], check=False, capture_output=True).returncode
        ):
            return path
    lowest, highest = (".".join(map(str, each)) for each in bounds)
    raise UnavailableError(f"it needs Python {lowest} to {highest}, and there is none; install one")


def _made(base: str, home: Path, name: str, requirements: Sequence[str]) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    _run([base, "-m", "venv", str(home)], name)
    with tempfile.TemporaryDirectory() as scratch:
        if "." in requirements:  # a copy: building leaves folders where it builds
            for path in _sources():
                copy = Path(scratch) / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        wanted = [scratch if each == "." else each for each in requirements]
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        _run([*pip, *wanted], name)


def _run(command: list[str], name: str) -> None:
    """Runs one step and shows how far it is; raises UnavailableError with its last word."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    limit = threading.Timer(INSTALL_LIMIT_S, end)
    limit.start()
    said = []
    try:
        assert process.stdout
        with tqdm(desc=f"installing {name}", unit=" packages", leave=False) as bar:
            for line in process.stdout:
                if line.strip():
                    said.append(line.strip())
                bar.update(line.startswith("Collecting "))
        code = process.wait()
    finally:
        limit.cancel()
        process.kill()
        process.communicate()
    if code:
        errors = [line for line in said if line.startswith("ERROR")] or said or ["it said nothing"]
        reason = errors[-1].removeprefix("ERROR: ")
        if code < 0:
            reason = f"signal {-code} ({signal.strsignal(-code)}) ended it"
        if code == -signal.SIGKILL:
            reason = (
                "it was killed, as a system does that lacks memory; close programs, or add swap"
            )
        if late.is_set():
            reason = f"it took more than {INSTALL_LIMIT_S:.0f} s"
        raise UnavailableError(f"cannot be installed here: {reason[:200]}")
