"""What many of the benchmarks' tests need, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.latency import __main__ as latency
from benchmarks.measure import work
from benchmarks.measure.work import ROOM_FRAMES
from benchmarks.peers import environment
from benchmarks.peers.footage import Film
from edge.config import Config
from edge.types import Frame
from tests.support import raced

SMALL = "signer:HI?size=160x120"  # drawn in a tenth of the time


@pytest.fixture(scope="session")
def footage() -> list[Frame]:
    """The frames that work is counted on."""
    return work.footage()


@pytest.fixture(scope="session")
def few(footage: list[Frame]) -> list[Frame]:
    """A part of them, in which a hand is searched for, and then followed."""
    return footage[ROOM_FRAMES - 10 : ROOM_FRAMES + 50]


@pytest.fixture(scope="session")
def counted(footage: list[Frame]) -> dict[str, Any]:
    """Work with the detector that knows where the hand is: no hand models."""
    return work.count(Config(detector="truth"), footage)


@pytest.fixture(scope="session")
def of_latency(tmp_path_factory: pytest.TempPathFactory, counted: dict[str, Any]) -> Path:
    """A result of a real run of 70 small frames, with counted work, and no fresh processes."""
    path = tmp_path_factory.mktemp("latency") / "latency.json"
    flags = ["--source", SMALL, "--detector", "truth", "--frames", "70", "--warm-up", "0"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "count", lambda config, frames: counted)  # what it would count again
        patch.setattr(work, "footage", list)
        flags += ["--starts", "0", "--sink", f"jsonl:{path}l", "--json", str(path)]
        assert latency.main(flags) == 0
    return path


@pytest.fixture
def peers_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of benchmarks/peers: not the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    return environment.folder()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """What most peers are raced on."""
    return raced.filmed(tmp_path_factory.mktemp("pictures"))
