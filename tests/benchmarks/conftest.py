"""What the tests of benchmarks/peers share."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import environment
from benchmarks.peers.footage import Film
from tests.support import raced


@pytest.fixture
def peers_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of benchmarks/peers: not the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    return environment.folder()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """What most peers are raced on."""
    return raced.filmed(tmp_path_factory.mktemp("pictures"))
