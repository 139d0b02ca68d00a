"""A peer's own environment: made once, refused with a reason."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.peers import environment
from benchmarks.peers.environment import UnavailableError
from edge.errors import FingerspellError
from tests.support import fake_peer
from tests.support.raced import interrupt

pytestmark = pytest.mark.usefixtures("peers_cache")


def test_no_python_that_serves_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name on the path that is only a version manager's shim is no Python."""
    shim = tmp_path / "python3.8"
    shim.write_text("#!/bin/sh\necho no such version >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    old = Namespace(REQUIREMENTS=("x==1",), PYTHONS=((3, 7), (3, 8)))
    with pytest.raises(UnavailableError, match=r"needs Python 3\.7 to 3\.8") as error:
        environment.prepared("old", old)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_what_cannot_be_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the last word of pip; no half of an environment is left."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(UnavailableError, match=r"cannot be installed here: .*no-such") as error:
        environment.prepared("fake", fake_peer)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "fingerspell" / "peers").iterdir())


@pytest.mark.slow
def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when its requirements change."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made: list[Sequence[str]] = []
    real = environment._run
    monkeypatch.setattr(
        environment, "_run", lambda command, name: (made.append(command), real(command, name))
    )
    bare = Namespace(REQUIREMENTS=("pip",), PYTHONS=((3, 11), (3, 13)))
    python = environment.prepared("bare", bare)  # type: ignore[arg-type]
    assert "pip" in environment.versions(python)
    assert environment.size_mb(python.parents[1]) > 5
    count = len(made)
    environment.prepared("bare", bare)  # type: ignore[arg-type]
    assert len(made) == count
    bare.REQUIREMENTS = ("pip", "setuptools")
    (tmp_path / "fingerspell" / "peers" / "bare" / "left").touch()
    monkeypatch.setattr(environment, "_run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment.prepared("bare", bare)  # type: ignore[arg-type]
    assert not (tmp_path / "fingerspell" / "peers" / "bare").exists()


@pytest.mark.parametrize(
    ("script", "limit_s", "why"),
    [
        ("sleep 60", 0.2, r"it took more than 0 s$"),
        ("kill -KILL $$", 60.0, r"it was killed, .* lacks memory"),
        ("kill -TERM $$", 60.0, r"signal 15 \(Terminated\) ended it$"),
        ("echo ERROR: no such thing; exit 1", 60.0, r": no such thing$"),
    ],
)
def test_what_ended_an_installation_is_told(
    script: str, limit_s: float, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own limit, the system that lacks memory, another signal, or pip's last word."""
    monkeypatch.setattr(environment, "INSTALL_LIMIT_S", limit_s)
    with pytest.raises(UnavailableError, match=why):
        environment._run(["sh", "-c", f"exec {script}" if "sleep" in script else script], "fake")


def test_one_run_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one would disturb the first, and might take its environments away."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with environment.reserved():
        second = environment.reserved()
        with pytest.raises(FingerspellError, match=r"another benchmarks\.peers is running"):
            second.__enter__()
    with environment.reserved():
        pass


def test_size_counts_files_once(tmp_path: Path) -> None:
    """Links are not counted, models outside are."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "file").write_bytes(b"x" * 1_000_000)
    (tmp_path / "home" / "link").symlink_to("file")
    (tmp_path / "model").write_bytes(b"x" * 500_000)
    size = environment.size_mb(tmp_path / "home", [str(tmp_path / "model")])
    assert size == pytest.approx(1.5, abs=0.02)
