"""What tests need that may be absent, the hand models and the real data; and what they leave."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from benchmarks.peers import environment
from benchmarks.peers.footage import Film
from edge.models import handmodels
from tests.support import raced
from tests.support.leftovers import children, descriptors

# A busy machine is no fault: tests say what happens, benchmarks how fast.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def hand_models() -> Path:
    """The folder of MediaPipe's hand models; `make test` fetches them before the tests."""
    faults = handmodels.faults()
    if faults:
        wrong = ", ".join(f"{name} is {fault}" for name, fault in faults.items())
        pytest.skip(f"{wrong}; fingerspell models --fetch")
    return handmodels.folder()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real photographs and clips: ../shared/data, or $FINGERSPELL_SHARED/data."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    data = Path(os.environ.get("FINGERSPELL_SHARED") or beside) / "data"
    if not data.is_dir():
        pytest.skip(f"there is no real data in {data}")
    return data


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """After the test: no process, no shared memory, no descriptor, no thread's mapping."""
    gc.collect()
    processes, before = children(), descriptors()
    yield
    gc.collect()
    assert children() == processes
    left = {fd: what for fd, what in descriptors().items() if before.get(fd) != what}
    assert not left
    assert "fingerspell-frames" not in Path("/proc/self/maps").read_text()


@pytest.fixture
def peers_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of benchmarks/peers: not the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    return environment.folder()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """What most peers are raced on."""
    return raced.filmed(tmp_path_factory.mktemp("pictures"))
