"""Training from end to end on made-up hands, and what the recipe wants of the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.hands.geometry import box_of
from edge.handshapes.letters import Letters, features
from edge.types import NONE, Frame, Hand
from train.data.datasets import NO_LETTER, Photo
from train.data.landmarks import VIEWS, Rows, join, row
from train.letters import augment
from train.letters.alphabets import ALPHABETS, LABELS, allowed
from train.letters.material import Recipe, epoch, hands_of

SIGNS = ("A", "L", "O", "1", "5")
TINY = Recipe(members=2, width=32, epochs=40, batch=64)


def hands(seed: int, signer: str, dataset: str) -> Rows:
    """Forty variations of each of five made-up handshapes, and some hands of none."""
    random = np.random.default_rng(seed)
    shapes = np.random.default_rng(7).normal(0, 60, (len(SIGNS), 21, 3))
    rows = []
    for i in range(40 * len(SIGNS) + 40):
        none = i >= 40 * len(SIGNS)
        shape = random.normal(0, 60, (21, 3)) if none else shapes[i % len(SIGNS)]
        views: list[Hand | None] = []
        for _ in VIEWS:
            xyz = (shape + random.normal(0, 3, (21, 3)) + 200).astype(np.float32)
            views.append(Hand(xyz, box_of(xyz), "right", 1.0))
        label = NONE if none else SIGNS[i % len(SIGNS)]
        rows.append(row(Photo(f"{dataset}/{i}.jpg", label, dataset, signer, ""), views))
    return join(rows)


def right_labels(label: str, alphabet: str) -> set[str]:
    """What the model is to read of such a hand; "anything" where the loss ignores it."""
    right, weight = allowed(label)
    a = list(ALPHABETS).index(alphabet)
    if weight[a] == 0:
        return {"anything"}
    return {LABELS[i] for i in np.flatnonzero(right[a])}


@pytest.mark.parametrize(
    ("label", "letters", "digits", "both"),
    [
        ("A", {"A"}, {NONE}, {"A"}),
        ("O", {"O"}, {"0"}, {"O", "0"}),
        ("6", {"W"}, {"6"}, {"W", "6"}),
        ("D", {"D"}, {"anything"}, {"D"}),
        ("8", {NONE}, {"8"}, {"8"}),
        (NONE, {NONE}, {NONE}, {NONE}),
        (NO_LETTER, {NONE}, {"anything"}, {"anything"}),
    ],
)
def test_each_alphabet_is_trained_as_it_is_used(
    label: str, letters: set[str], digits: set[str], both: set[str]
) -> None:
    """A letter is no digit, a shape that both have is either, and a near miss is left open."""
    assert right_labels(label, "letters") == letters
    assert right_labels(label, "digits") == digits
    assert right_labels(label, "both") == both


def test_missed_hands_are_not_trained_on() -> None:
    """A photograph without a hand has no landmarks to learn from."""
    missed = row(Photo("x.jpg", "A", "one", "a", ""), (None,) * len(VIEWS))
    assert len(hands_of(join([hands(1, "a", "one"), missed]), Recipe()).label) == 240


def test_a_varied_hand_is_the_same_hand() -> None:
    """It is finite, moved by less than it is wide, and mirrored where `mistaken` says so."""
    xyz = augment.upright(hands(1, "a", "one").xyz[:50, 0], np.zeros(50, bool))
    varied = augment.varied(xyz, np.random.default_rng(0), augment.Amounts(mistaken=0))
    assert np.isfinite(varied).all()
    assert np.abs(varied - xyz).mean() < 0.5 * np.abs(xyz).mean()
    still = augment.Amounts(0, 0, 0, 0, 0, 0, mistaken=1)
    mirrored = augment.varied(xyz, np.random.default_rng(0), still)
    np.testing.assert_allclose(mirrored, xyz * np.array([-1, 1, 1]), atol=1e-4)


def test_what_is_trained_on_is_what_the_device_makes() -> None:
    """Upright hands have the features that the device makes of the same hands in pixels."""
    rows = hands(1, "a", "one")
    left = np.arange(len(rows)) % 2 == 0
    xyz = rows.xyz[:, 0]
    made = features(augment.upright(xyz, left), np.zeros(len(rows), bool))
    np.testing.assert_allclose(made, features(xyz, left), atol=1e-4)


def test_an_epoch_adds_hands_without_a_sign() -> None:
    """Hands between two signs are made up, and they are to be no sign."""
    material = hands_of(hands(1, "a", "one"), Recipe())
    x, y = epoch(material, Recipe(apart=0.0), np.random.default_rng(0))
    assert len(x) > len(material.label)
    right = y[len(material.label) :, : len(ALPHABETS) * len(LABELS)]
    made = right.reshape(-1, len(ALPHABETS), len(LABELS))
    assert made[..., LABELS.index(NONE)].all()
    assert made.sum() == made.shape[0] * made.shape[1]


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_whole_way_from_landmarks_to_the_device(tmp_path: Path) -> None:
    """Train, convert, check and read: variations of the same hands are read right and surely,
    hands without a sign are not, and a left hand is read like a right one."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    from convert import check, quantize
    from train.letters.fit import train

    train(hands(1, "a", "one"), tmp_path, TINY, {"note": "made up"})
    out = tmp_path / "letters.tflite"
    quantize.convert(tmp_path / "letters.keras", tmp_path / "calibration.npz", out)
    parities = check.check(out, tmp_path / "letters.keras", tmp_path / "calibration.npz")
    assert {parity.alphabet for parity in parities} == set(ALPHABETS)
    assert all(parity.agreement > 0.95 for parity in parities)
    facts = json.loads(out.with_suffix(".json").read_text())
    assert facts["training"]["hands"] == {"one": 240}
    assert facts["figures"] == {"note": "made up"}

    reader = Letters(out.with_suffix(".json"), alphabet="both")
    test = hands(2, "b", "two")
    twins = {a: b for a, b in reader.manifest.shared} | {b: a for a, b in reader.manifest.shared}
    right, claimed = 0, 0
    frame = Frame(np.zeros((1, 1, 3), np.uint8), 0, 0)
    for i, label in enumerate(test.label):
        xyz = test.xyz[i, 0]
        prediction = reader.predict(frame, Hand(xyz, box_of(xyz), "right", 1.0))
        mirrored = xyz * np.array([-1, 1, 1], np.float32)
        assert reader.predict(frame, Hand(mirrored, box_of(mirrored), "left", 1.0)).label == (
            prediction.label
        )
        if label == NONE:
            claimed += prediction.score > 0.5
        else:
            right += prediction.label in (label, twins.get(str(label))) and prediction.score > 0.5
    assert right >= 0.95 * 40 * len(SIGNS)
    assert claimed <= 8
