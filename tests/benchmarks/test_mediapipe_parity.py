"""Our hands against MediaPipe 0.10.18's own, frame by frame, on real clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.developers import parity
from benchmarks.developers.parity import NoReferenceError, Tally
from tests.support.examples import full_only
from tests.unit.test_geometry import OPEN_HAND
from tests.unit.test_hands import a_hand


@pytest.fixture(scope="module")
def reference() -> None:
    """MediaPipe in an environment of its own; installed if it can be."""
    try:
        parity.environment()
    except NoReferenceError as error:
        pytest.skip(str(error))


@full_only
@pytest.mark.parametrize("model", parity.MODELS)
def test_hands_agree_with_mediapipe(
    model: str, reference: None, hand_models: Path, shared_data: Path
) -> None:
    """In 95 % of frames the joints are within 2 % of the hand's size, and no hand is missed."""
    tallies = dict(parity.compare(model, shared_data / "clips"))
    hands, none = parity.pooled(tallies)
    print(model, hands.figures(), none.figures())
    missed = {name: tally.missed for name, tally in tallies.items() if tally.missed}
    assert hands.both > 4000
    assert hands.close_share >= 0.95
    assert hands.missed == 0, missed


def test_errors_are_in_hand_sizes() -> None:
    """Joints 3 px to the right and 4 px down, of a hand 280 px long, are 5 / 280 apart."""
    theirs = a_hand().landmarks
    size = float(np.ptp(OPEN_HAND[:, :2], axis=0).max())
    tally = Tally()
    tally.count(a_hand(303, y=304), theirs, right=True)
    assert tally.errors == [pytest.approx(5 / size, rel=1e-4)]
    assert tally.figures()["within_2_percent"] == float(5 / size < 0.02)


def test_what_one_has_and_the_other_has_not_is_counted() -> None:
    """Missed, extra, both and none are told apart, and only both have an error."""
    tally = Tally()
    tally.count(None, OPEN_HAND, right=True)
    tally.count(a_hand(), None, right=False)
    tally.count(None, None, right=False)
    tally.count(a_hand(handedness="left"), OPEN_HAND, right=True)
    assert (tally.frames, tally.missed, tally.extra, tally.both) == (4, 1, 1, 1)
    assert tally.agreed == 0
    assert len(tally.errors) == 1


def test_scenes_without_hands_are_pooled_apart() -> None:
    """What is found where there is no hand is neither missed nor close."""
    flowers, lesson = Tally(frames=5, missed=2), Tally(frames=7, both=1, errors=[0.5])
    hands, none = parity.pooled({"no_letters/no_hand/flowers.mp4": flowers, "lesson/a.mp4": lesson})
    assert (hands.frames, hands.missed, hands.close_share) == (7, 0, 0.0)
    assert (none.frames, none.missed) == (5, 2)


def test_no_python_that_is_old_enough_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is only a newer Python, one line says what is wanted, and nothing is made."""
    monkeypatch.setattr(parity, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setattr("sys.version_info", (3, 13, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoReferenceError, match=r"3\.12") as error:
        parity.environment()
    assert "\n" not in str(error.value)
    assert not (tmp_path / "environment").exists()


@pytest.mark.slow
def test_no_index_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where MediaPipe cannot be installed, one line says so, and no half of it is left."""
    monkeypatch.setattr(parity, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(NoReferenceError, match="cannot be installed") as error:
        parity.environment()
    assert "\n" not in str(error.value)
    assert not (tmp_path / "environment").exists()
