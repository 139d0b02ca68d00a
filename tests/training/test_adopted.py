"""Models as Teachable Machine exports them, made by TensorFlow's converter, are adopted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.handshapes.pixels import Pixels
from edge.models.adopt import adopt
from edge.models.scaling import Scale, gives_probabilities, scale_of
from edge.types import Box, Frame, Hand

pytest.importorskip("tensorflow", reason="a workstation's library makes the models")
pytestmark = pytest.mark.tensorflow

from convert.quiet_tensorflow import keras, silenced, tf  # noqa: E402 - it needs TensorFlow

SIDE_PX = 32
HAND = Hand(np.zeros((21, 3), np.float32), Box(10, 10, 40, 40), "right", 1.0)


def network() -> Any:
    """Says which colour a picture of -1 to 1 has most of, as probabilities."""
    inputs = keras.Input((SIDE_PX, SIDE_PX, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(inputs, dense(pooled))
    dense.set_weights([4 * np.eye(3, dtype=np.float32), np.zeros(3, np.float32)])
    return model


def exported(path: Path, quantised: bool) -> Path:
    """The network as a .tflite file: of floats, or with uint8 in and out."""
    converter = tf.lite.TFLiteConverter.from_keras_model(network())
    if quantised:
        noise = np.random.default_rng(0).uniform(-1, 1, (50, 1, SIDE_PX, SIDE_PX, 3))
        whole = [np.full((1, SIDE_PX, SIDE_PX, 3), value, np.float32) for value in (-1, 1)]
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [x.astype(np.float32)] for x in [*whole, *noise]
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    with silenced():
        path.write_bytes(converter.convert())
    return path


@pytest.mark.parametrize("quantised", [False, True], ids=["float", "uint8"])
def test_a_model_of_teachable_machine_reads(tmp_path: Path, quantised: bool) -> None:
    """Its scores are those of the network; the uint8 file says its range itself."""
    path = exported(tmp_path / "model.tflite", quantised)
    scale = None if quantised else Scale(-1, 1)
    manifest = adopt(path, ("A", "B", "none"), scale=scale)
    assert manifest.inputs[0].dtype == ("uint8" if quantised else "float32")
    assert scale_of(manifest) == pytest.approx((-1, 1), abs=0.02)
    assert gives_probabilities(manifest)
    reader = Pixels(path.with_suffix(".json"))
    for label, rgb in (("A", (200, 90, 60)), ("B", (40, 180, 90))):
        prediction = reader.predict(Frame(np.full((60, 60, 3), rgb, np.uint8), 0, 0), HAND)
        x = np.full((1, SIDE_PX, SIDE_PX, 3), rgb, np.float32) / 127.5 - 1
        expected = np.asarray(network()(x))[0]
        assert prediction.label == label
        assert list(prediction.scores.values()) == pytest.approx(expected[:2], abs=0.02)
