"""The reader of the evaluation says what the device says, and its closed hands can be learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.hands.geometry import box_of
from edge.handshapes import open_reader
from edge.handshapes.closed import CLOSED, Closed
from edge.models.manifest import BUNDLED, open_model
from edge.types import Hand
from tests.unit.test_letters import FRAME, SHAPES
from train.data.datasets import Photo
from train.data.landmarks import POOLED, VIEWS, Rows, join, row
from train.evaluate import readings

pytest.importorskip("tensorflow", reason="training is done on a workstation")

from train.letters.reader import STILL_VIEWS, Reader

pytestmark = pytest.mark.tensorflow


class Bundled:
    """A converted model, called as a Keras one is."""

    def __init__(self, name: str) -> None:
        _, self._model = open_model(BUNDLED / f"{name}.json")

    def __call__(self, x: np.ndarray, *, training: bool) -> np.ndarray:
        assert not training
        return np.stack([self._model.run(one[None])[0][0] for one in x])


def seen(shape: np.ndarray, random: np.random.Generator) -> Hand:
    """One view of a handshape; its pooled features are whole in half precision, as rows keep."""
    xyz = (shape + random.normal(0, 3, (21, 3))).astype(np.float32)
    pooled = random.uniform(0, 3, POOLED).astype(np.float16).astype(np.float32)
    return Hand(xyz, box_of(xyz), "left" if random.random() < 0.3 else "right", 1.0, pooled)


@pytest.mark.parametrize("alphabet", ["letters", "digits", "both"])
def test_photographs_are_read_as_the_device_reads_them(alphabet: str) -> None:
    """The same models over the same views, one or two, give the same labels and scores."""
    random = np.random.default_rng(5)
    views = [
        [seen(shape, random) for _ in STILL_VIEWS[: 1 + i % len(STILL_VIEWS)]]
        for i, shape in enumerate(SHAPES)
    ]
    rows = join(
        [
            row(
                Photo(f"{i}.jpg", "A", "lee", "lee", ""),
                (*hands, *[None] * len(VIEWS))[: len(VIEWS)],
            )
            for i, hands in enumerate(views)
        ]
    )
    reader = Reader(Bundled("letters"), Bundled("letters-closed"))
    labels, scores = readings.best(reader.logits(rows), alphabet)
    device = open_reader("letters", alphabet=alphabet, pooled=POOLED)
    predictions = [device.predict(FRAME, *hands) for hands in views]
    assert labels.tolist() == [prediction.label for prediction in predictions]
    np.testing.assert_allclose(scores, [prediction.score for prediction in predictions], atol=1e-5)


def fists(seed: int) -> Rows:
    """Forty hands of each closed letter, whose label a few pooled features give away."""
    random = np.random.default_rng(seed)
    rows = []
    for label in CLOSED * 40:
        pooled = random.uniform(0, 1, POOLED).astype(np.float32)
        pooled[9 * CLOSED.index(label) : 9 * CLOSED.index(label) + 9] += 2
        xyz = np.ones((21, 3), np.float32)
        hand = Hand(xyz, box_of(xyz), "right", 1.0, pooled)
        photo = Photo(f"{len(rows)}.jpg", label, "lee", "lee", "")
        rows.append(row(photo, [hand] * len(VIEWS)))
    return join(rows)


@pytest.mark.slow
def test_closed_hands_are_learned_and_converted(tmp_path: Path) -> None:
    """Trained on features as they come, converted and opened on the device, it tells new hands
    apart; its logits are damped by `trust`, and other letters are no material for it."""
    from convert import quantize
    from train.letters import closed

    recipe = closed.Recipe(width=32, epochs=12, batch=32)
    material = fists(1)
    closed.train(material, tmp_path, recipe)
    out = tmp_path / "closed.tflite"
    quantize.convert(tmp_path / "closed.keras", tmp_path / "calibration.npz", out)
    device = Closed(out.with_suffix(".json"))
    new = fists(2)
    logits = np.stack([device.logits(pooled[0].astype(np.float32)) for pooled in new.pooled])
    right = np.array(CLOSED)[logits.argmax(1)] == new.label
    assert right.mean() > 0.9

    def spread(trust: float) -> float:
        model: Any = closed.fit(material, closed.Recipe(width=32, epochs=1, trust=trust))
        x = new.pooled[:, 0].astype(np.float32)
        return float(np.asarray(model(x, training=False)).std())

    assert spread(0.5) == pytest.approx(spread(1.0) / 2, rel=1e-3)
    others = join([row(Photo("b.jpg", "B", "lee", "lee", ""), [None] * len(VIEWS)), material])
    assert len(closed.closed_of(others)) == len(material)
