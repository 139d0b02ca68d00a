"""Closed hands read from pixels too, and what pixels do not change."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.errors import ModelError
from edge.hands.geometry import box_of
from edge.handshapes import open_reader
from edge.handshapes.closed import CLOSED, Closed, combined, open_closed
from edge.models.manifest import BUNDLED
from edge.types import Frame, Hand

POOLED = 1152
FRAME = Frame(np.zeros((1, 1, 3), np.uint8), 0, 0)  # its pixels are not read
LOGITS = hnp.arrays(np.float32, len(CLOSED), elements=st.floats(-30, 30, width=32))


def likelihood(logits: np.ndarray) -> float:
    return float(np.logaddexp.reduce(logits.astype(np.float64)))


@given(LOGITS, LOGITS)
def test_closed_letters_stay_as_likely_together(logits: np.ndarray, pixels: np.ndarray) -> None:
    """Pixels share probability out among the closed letters; its total stays the landmarks'."""
    logits_together = combined(logits, pixels)
    assert likelihood(logits_together) == pytest.approx(likelihood(logits), abs=1e-3)


@given(LOGITS, st.floats(-5, 5))
def test_pixels_that_prefer_nothing_change_nothing(logits: np.ndarray, level: float) -> None:
    """Equal logits for every letter leave the landmarks' logits unchanged."""
    logits_together = combined(logits, np.full(len(CLOSED), level, np.float32))
    np.testing.assert_allclose(logits_together, logits, atol=1e-3)


@given(LOGITS, st.sampled_from(range(len(CLOSED))))
def test_pixels_raise_what_they_prefer(logits: np.ndarray, preferred: int) -> None:
    """The letter that pixels prefer gains on every other one."""
    pixels = np.zeros(len(CLOSED), np.float32)
    pixels[preferred] = 2
    gain = combined(logits, pixels) - logits
    assert (gain[preferred] >= gain - 1e-3).all()
    assert gain[preferred] >= -1e-3


def hand_of(pooled: np.ndarray | None) -> Hand:
    """A fist-like bundle of joints: which letter it is does not matter here."""
    xyz = np.random.default_rng(3).normal(0, 30, (21, 3)).astype(np.float32) + 200
    return Hand(xyz, box_of(xyz), "right", 1.0, pooled)


def test_only_closed_letters_are_shared_out_anew() -> None:
    """The score of every other letter is that of the landmarks, whatever the pixels show."""
    letters = open_reader("letters", pooled=POOLED)
    alone = letters.predict(FRAME, hand_of(None)).scores
    changed = False
    for seed in range(8):
        pooled = np.random.default_rng(seed).uniform(0, 3, POOLED).astype(np.float32)
        scores = letters.predict(FRAME, hand_of(pooled)).scores
        for label in set(alone) - set(CLOSED):
            assert scores[label] == pytest.approx(alone[label], abs=1e-5)
        assert sum(scores[c] for c in CLOSED) == pytest.approx(
            sum(alone[c] for c in CLOSED), abs=1e-5
        )
        changed |= any(abs(scores[c] - alone[c]) > 1e-3 for c in CLOSED)
    assert changed


def test_other_features_have_no_word() -> None:
    """The lite model's features, or none at all, leave closed hands to the landmarks."""
    assert open_closed(BUNDLED / "letters.json", 0) is None
    assert open_closed(BUNDLED / "letters.json", 672) is None
    assert open_closed(BUNDLED / "nonsense.json", POOLED) is None
    assert open_closed(BUNDLED / "letters.json", POOLED) is not None


def test_digits_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an alphabet without closed letters the pixels are not read."""
    letters = open_reader("letters", alphabet="digits", pooled=POOLED)
    monkeypatch.setattr(Closed, "logits", lambda *_: pytest.fail("the pixels were read"))
    letters.predict(FRAME, hand_of(np.zeros(POOLED, np.float32)))


def test_another_model_in_its_place_is_refused(tmp_path: Path) -> None:
    """A model with other labels does not pass for this one."""
    for end in ("json", "tflite"):
        shutil.copy(BUNDLED / f"letters-closed.{end}", tmp_path / f"other.{end}")
    manifest = json.loads((tmp_path / "other.json").read_text())
    manifest["labels"] = list("ABCDEFGH")
    manifest["alphabets"] = {"letters": list("ABCDEFGH")}
    (tmp_path / "other.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="does not read closed hands"):
        Closed(tmp_path / "other.json")
