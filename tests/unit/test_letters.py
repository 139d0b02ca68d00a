"""The bundled letter model: what it must not care about, and when it must doubt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ModelError, UsageError
from edge.hands.geometry import box_of
from edge.handshapes import open_reader
from edge.handshapes.letters import SIZE, Letters, features
from edge.models.manifest import BUNDLED
from edge.types import Frame, Hand, Handedness, Landmarks

LETTERS = open_reader("letters")
FRAME = Frame(np.zeros((1, 1, 3), np.uint8), 0, 0)  # its pixels are not read
MIRROR = np.array([-1, 1, 1], np.float32)


def hand_of(landmarks: Landmarks, handedness: Handedness = "right") -> Hand:
    xyz = np.asarray(landmarks, np.float32)
    return Hand(xyz, box_of(xyz), handedness, 1.0)


def drawn(straight: tuple[bool, bool, bool, bool], thumb_out: bool) -> Landmarks:
    """A right hand, palm to the camera, with these fingers (index first) straight, in pixels."""
    xyz = np.zeros((21, 3), np.float32)
    xyz[0] = 100, 200, 0
    step = np.array([18, -12, -2] if thumb_out else [4, -16, -8], np.float32)
    xyz[1] = 120, 180, -5
    for joint in (2, 3, 4):
        xyz[joint] = xyz[joint - 1] + step
    for finger, is_straight in enumerate(straight):
        first = 5 + 4 * finger
        xyz[first] = 125 - 17 * finger, 120 + 4 * abs(finger - 1), -3
        if is_straight:
            steps = [(0, -30, -2), (0, -20, -2), (0, -18, -2)]
        else:
            steps = [(0, -14, -22), (0, 18, -14), (0, 16, 4)]
        for joint, step_xyz in enumerate(steps, first + 1):
            xyz[joint] = xyz[joint - 1] + np.array(step_xyz, np.float32)
    return xyz


SHAPES = [
    drawn((a, b, c, d), thumb)
    for a in (True, False)
    for b in (True, False)
    for c in (True, False)
    for d in (True, False)
    for thumb in (True, False)
]


@given(st.sampled_from(SHAPES), st.floats(0.05, 20), st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_place_and_size_do_not_matter(shape: Landmarks, scale: float, x: float, y: float) -> None:
    """A near hand and a far hand, anywhere in the frame, have the same features."""
    moved = (shape * np.float32(scale) + np.array([x, y, 0], np.float32)).astype(np.float32)
    # float32 pixels near 2000 are known to 1e-4 of a pixel, and a hand may be 8 pixels wide.
    np.testing.assert_allclose(features(moved, False), features(shape, False), atol=2e-3)


@given(st.sampled_from(SHAPES))
def test_a_left_hand_reads_as_the_right_one(shape: Landmarks) -> None:
    """A mirrored hand that is known to be a left hand gives the same label and scores."""
    right = LETTERS.predict(FRAME, hand_of(shape))
    left = LETTERS.predict(FRAME, hand_of(shape * MIRROR + np.float32(5), "left"))
    assert left.label == right.label
    assert left.score == pytest.approx(right.score, abs=0.03)  # a step of int8 either way


def test_many_hands_at_once_have_the_features_of_each() -> None:
    """Training makes features in batches, the device one by one: by the same rule."""
    left = np.arange(len(SHAPES)) % 2 == 1
    together = features(np.stack(SHAPES), left)
    assert together.shape == (len(SHAPES), SIZE)
    for i, shape in enumerate(SHAPES):
        np.testing.assert_allclose(features(shape, bool(left[i])), together[i], atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_noise_is_no_letter(seed: int) -> None:
    """21 points at random are no hand, and nothing is sure of a letter in them."""
    noise = np.random.default_rng(seed).uniform(0, 200, (21, 3)).astype(np.float32)
    prediction = LETTERS.predict(FRAME, hand_of(noise))
    assert sum(prediction.scores.values()) <= 1 + 1e-6
    assert prediction.score < 0.9


def test_most_noise_gets_a_low_score() -> None:
    """Over many draws, hardly any set of random points scores above a half."""
    draws = np.random.default_rng(1).uniform(0, 200, (300, 21, 3)).astype(np.float32)
    scores = np.array([LETTERS.predict(FRAME, hand_of(draw)).score for draw in draws])
    assert (scores > 0.5).mean() < 0.05


@pytest.mark.parametrize("alphabet", ["letters", "digits", "both"])
@given(shape=st.sampled_from(SHAPES))
def test_only_the_alphabet_in_use_is_read(alphabet: str, shape: Landmarks) -> None:
    """Only labels of the alphabet have scores, and these sum to at most 1."""
    letters = LETTERS if alphabet == "letters" else open_reader("letters", alphabet=alphabet)
    prediction = letters.predict(FRAME, hand_of(shape))
    shared = {second for _, second in letters.manifest.shared} if alphabet == "both" else set()
    labels = letters.manifest.alphabets[alphabet]
    assert tuple(prediction.scores) == tuple(x for x in labels if x not in shared)
    assert prediction.score == max(prediction.scores.values())
    assert prediction.scores[prediction.label] == prediction.score
    assert 0 <= sum(prediction.scores.values()) <= 1 + 1e-6


@given(st.sampled_from(SHAPES))
def test_a_shared_shape_is_read_once(shape: Landmarks) -> None:
    """With both alphabets in use, O has all that O and 0 would share, and 0 no score."""
    prediction = open_reader("letters", alphabet="both").predict(FRAME, hand_of(shape))
    assert {a for a, _ in LETTERS.manifest.shared} == {"O", "V", "W", "F"}
    for _, second in LETTERS.manifest.shared:
        assert second not in prediction.scores


def test_open_hands_differ_from_fists() -> None:
    """Shapes that differ in every finger are not the same label."""
    spread = LETTERS.predict(FRAME, hand_of(drawn((True, True, True, True), False)))
    fist = LETTERS.predict(FRAME, hand_of(drawn((False, False, False, False), False)))
    assert spread.label != fist.label


def test_an_unknown_alphabet_is_told() -> None:
    """An alphabet that is not there is a usage error that lists what is."""
    with pytest.raises(UsageError, match="no alphabet 'runes'; it reads: letters, digits, both"):
        open_reader("letters", alphabet="runes")


def _copied(folder: Path, **fields: object) -> Path:
    """Copies the bundled model with other words in its manifest."""
    shutil.copy(BUNDLED / "letters.tflite", folder / "letters.tflite")
    given_fields = json.loads((BUNDLED / "letters.json").read_text())
    path = folder / "letters.json"
    path.write_text(json.dumps(given_fields | fields))
    return path


def test_a_model_of_other_features_is_refused(tmp_path: Path) -> None:
    """Features of another version would be read as other letters."""
    with pytest.raises(ModelError, match="features 99") as error:
        Letters(_copied(tmp_path, features=99))
    assert error.value.exit_code == 4


def test_a_model_without_a_none_is_refused(tmp_path: Path) -> None:
    """A letter model has an output for no sign."""
    labels = [
        "nothing" if label == "none" else label
        for label in json.loads((BUNDLED / "letters.json").read_text())["labels"]
    ]
    with pytest.raises(ModelError, match="no letter model"):
        Letters(_copied(tmp_path, labels=labels))


@given(st.sampled_from(SHAPES))
def test_drawn_letters_are_not_read_from_a_live_hand(shape: Landmarks) -> None:
    """J and Z are trajectories: while a hand is followed, they have no score."""
    scores = open_reader("letters", live=True).predict(FRAME, hand_of(shape)).scores
    assert not {"J", "Z"} & set(scores)
    assert sum(scores.values()) <= 1 + 1e-5


def test_two_variants_are_read_together() -> None:
    """The scores of two variants of a hand lie between those of each alone, in any order."""
    a, b = hand_of(SHAPES[0]), hand_of(SHAPES[-1])
    together = LETTERS.predict(FRAME, a, b).scores
    assert together == LETTERS.predict(FRAME, b, a).scores
    assert LETTERS.predict(FRAME, a, a).scores == pytest.approx(
        LETTERS.predict(FRAME, a).scores, abs=1e-6
    )
    best = LETTERS.predict(FRAME, a).label
    assert together[best] < LETTERS.predict(FRAME, a).scores[best]
