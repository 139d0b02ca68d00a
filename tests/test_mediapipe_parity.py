"""Our hands against MediaPipe 0.10.18's own, frame by frame, on real clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import parity

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reference() -> None:
    """MediaPipe in an environment of its own; installed if it can be."""
    try:
        parity.environment()
    except parity.NoReferenceError as error:
        pytest.skip(str(error))


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
