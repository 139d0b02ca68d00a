"""What many of the benchmarks' tests need, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import work
from benchmarks.peers import environment
from benchmarks.peers.footage import Film
from edge.config import Config
from edge.types import Frame
from tests.support import raced


@pytest.fixture(scope="session")
def footage() -> list[Frame]:
    """The frames that work is counted on."""
    return work.footage()


@pytest.fixture(scope="session")
def counted(footage: list[Frame]) -> dict[str, Any]:
    """Work with the detector that knows where the hand is: no hand models."""
    return work.count(Config(detector="truth"), footage)


@pytest.fixture
def peers_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of benchmarks/peers: not the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    return environment.folder()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """What most peers are raced on."""
    return raced.filmed(tmp_path_factory.mktemp("pictures"))
