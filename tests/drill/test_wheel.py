"""The wheel that `make dist` builds, installed alone, with each Python that it is for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.examples import full_case

ROOT = Path(__file__).parents[2]
PROGRAM = "from edge import Fingerspeller as F; print(*[e.kind for e in F(S, detector='truth')])"
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")

pytestmark = [pytest.mark.drill, pytest.mark.slow]


def interpreter(version: str) -> str | None:
    """A Python of this version that runs; None where there is none.

    A name that pyenv puts on the path runs only for the versions that are switched on.
    """
    found = [str(path) for path in sorted((PYENV / "versions").glob(f"{version}.*/bin/python"))]
    found += [shutil.which(f"python{version}") or ""]
    for python in filter(None, found):
        if not subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode:
            return python
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made in a folder of its own."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(["make", "-C", str(ROOT), "dist", f"DIST={folder}"], check=True)
    (built,) = folder.glob("fingerspell-*.whl")
    return built


@pytest.mark.parametrize("version", [full_case("3.11"), full_case("3.12"), "3.13"])
def test_the_wheel_is_all_there_is_to_install(wheel: Path, version: str, tmp_path: Path) -> None:
    """With pip alone, in a clean environment: it runs, is imported, and writes its settings."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"needs Python {version}")
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            [str(part) for part in command], check=True, cwd=tmp_path, env=clean,
            stdout=subprocess.PIPE, text=True, timeout=600,
        )  # fmt: skip
        return done.stdout

    run(python, "-m", "venv", tmp_path / "venv")
    programs = tmp_path / "venv" / "bin"
    run(programs / "pip", "install", "--quiet", wheel)
    arguments = ("--source", "signer:HI", "--detector", "truth", "--sink", "jsonl:-")
    lines = run(programs / "fingerspell", "run", *arguments).splitlines()
    assert json.loads(lines[-1])["text"] == "HI"
    kinds = run(programs / "python", "-c", f"S = 'signer:HI'\n{PROGRAM}").split()
    assert kinds == ["hand", "letter", "letter", "hand", "word"]
    run(programs / "fingerspell", "config", "--write")
    assert (tmp_path / "fingerspell.toml").is_file()
