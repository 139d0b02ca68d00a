"""Each peer says what it needs, and what they share reads alike."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers import __main__ as peers
from benchmarks.peers import landmarks
from edge.models.interpreter import Model

pytestmark = pytest.mark.usefixtures("peers_cache")


KNOWN = peers.found()


@pytest.mark.parametrize("name", KNOWN)
def test_a_peer_says_what_it_needs(name: str) -> None:
    """One file a peer, read by this Python without its libraries: all that the contract asks for,
    versions pinned, in a language that its oldest Python reads."""
    adapter = KNOWN[name]
    assert adapter.SUMMARY
    assert adapter.VARIANTS
    assert "\n" not in adapter.SUMMARY
    assert all("==" in each or each == "." for each in adapter.REQUIREMENTS)
    assert adapter.PYTHONS[0] <= adapter.PYTHONS[1]
    ast.parse(Path(adapter.__file__).read_text(), feature_version=adapter.PYTHONS[0])
    assert callable(adapter.open)


def test_our_own_is_first() -> None:
    """The others are told against it."""
    assert next(iter(KNOWN)) == "fingerspell"
    assert {"mediapipe", "mediapipe_tasks", "opencv_dnn"} <= set(KNOWN)


points = st.lists(st.integers(0, 2000), min_size=42, max_size=42).filter(lambda p: len(set(p)) > 2)


@given(points, st.integers(-500, 500), st.sampled_from([2, 3, 10]))
def test_landmarks_are_normalised(flat: list[int], shift: int, scale: int) -> None:
    """Where the hand is and how large makes no difference; the wrist is 0 and the largest 1."""
    hand = np.array(flat).reshape(1, 21, 2)
    found = landmarks.normalised(hand)
    assert found.shape == (1, 42)
    assert not found[0, :2].any()
    assert np.abs(found).max() in (0, 1)
    assert np.allclose(landmarks.normalised(hand * scale + shift), found, atol=1e-6)


def test_both_forms_of_the_classifier_agree() -> None:
    """What runs in NumPy is what runs in TFLite."""
    hands = np.random.default_rng(0).integers(0, 640, (50, 21, 2))
    x = landmarks.normalised(hands)
    model = Model(landmarks.TFLITE)
    perceptron = landmarks.Perceptron()
    for one, hand in zip(x, hands, strict=True):
        (scores,) = model.run(one[None])
        logits = perceptron.logits(one[None])
        soft = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert np.allclose(scores, soft, atol=1e-4)
        assert perceptron(hand[None]) == landmarks.LETTERS[int(scores.argmax())]
