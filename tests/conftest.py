"""What tests need that may be absent, the hand models and the real data; and what they leave."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from edge.models import handmodels
from tests.support.command_line import logs_kept
from tests.support.leftovers import children, descriptors

# Tests say what happens, benchmarks how fast: no example has a deadline. HYPOTHESIS_PROFILE=full
# is for `make test-full`; tests/support/examples.py has those that cost more.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("full", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_finish() -> None:
    """Takes what is there by now out of every later search for garbage: it is all kept."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logs_are_kept() -> Iterator[None]:
    """A command that a test calls sets up the log, which would write into later tests' output."""
    with logs_kept():
        yield


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
