"""Conversion of Keras models to int8, and the report on what it cost."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import ModelError, UsageError
from edge.models.manifest import load, open_model

pytest.importorskip("tensorflow", reason="conversion is done on a workstation, with TensorFlow")
pytestmark = pytest.mark.tensorflow

from convert import check, quantize  # noqa: E402 - they need TensorFlow
from convert.quiet_tensorflow import keras, save_model, silenced  # noqa: E402

INPUTS, LABELS = 6, ("A", "B", "none")
FIELDS = {
    "inputs": ["six numbers"],
    "outputs": ["logits"],
    "kind": "letters",
    "features": 1,
    "normalisation": "none",
    "colour_order": None,
    "margin": 0.0,
    "labels": LABELS,
    "alphabets": {"letters": ["A", "B"]},
    "shared": [],
    "training": {"hands": {}},
    "figures": {},
    "licence": "Apache-2.0",
}


def samples() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (300, INPUTS)).astype(np.float32)


def network(activation: str = "relu6") -> Any:
    """A small network whose first two logits are far apart for most inputs."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((INPUTS,))
    hidden = keras.layers.Dense(16, activation=activation)(inputs)
    return keras.Model(inputs, keras.layers.Dense(len(LABELS))(hidden))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a recipe leaves: letters.keras, calibration.npz and training.json; and it converted."""
    folder = tmp_path_factory.mktemp("trained")
    model = network()
    save_model(model, folder / "letters.keras")
    x = samples()
    best = np.asarray(model(x))[:, :2].argmax(1)
    np.savez(folder / "calibration.npz", x=x, label=np.array(LABELS)[best])
    (folder / "training.json").write_text(json.dumps(FIELDS))
    convert(folder)
    return folder


@pytest.fixture
def trained(once: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(once, tmp_path / "trained"))


def run(module: Any, monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, args)])
    status: int = module.main()
    return status


def convert(trained: Path) -> Path:
    out = trained / "models" / "letters.tflite"
    quantize.convert(trained / "letters.keras", trained / "calibration.npz", out)
    return out


def converted(trained: Path) -> Path:
    """The model that is converted already."""
    return trained / "models" / "letters.tflite"


def test_the_model_and_its_manifest_fit(trained: Path) -> None:
    """What is written is int8 in and out, and opens by its manifest."""
    out = converted(trained)
    manifest, model = open_model(out.with_suffix(".json"))
    assert [t.dtype.name for t in (*model.inputs, *model.outputs)] == ["int8", "int8"]
    assert manifest.labels == LABELS
    assert manifest.inputs[0].meaning == "six numbers"
    assert {"tensorflow", "keras"} <= set(manifest.tools)
    assert sorted(p.name for p in out.parent.iterdir()) == ["letters.json", "letters.tflite"]


def test_int8_gives_what_float_gives(trained: Path) -> None:
    """On the inputs that it was calibrated with, logits are right to a few steps."""
    _, model = open_model(converted(trained).with_suffix(".json"))
    exact = np.asarray(network()(samples()))
    near = np.concatenate([model.run(x[None])[0] for x in samples()])
    step = model.outputs[0].quantisation
    assert step is not None
    assert np.abs(exact - near).max() <= 6 * step.scale


def test_the_same_model_twice_is_the_same_file(trained: Path) -> None:
    """A conversion can be repeated, byte for byte."""
    first = converted(trained).read_bytes()
    converted(trained).unlink()
    assert convert(trained).read_bytes() == first


@pytest.mark.parametrize("name", ["erf", "sin"])
def test_what_int8_cannot_do_is_refused(name: str) -> None:
    """An operation that would stay in floating point is no full int8 model."""
    inputs = keras.Input((INPUTS,))
    hidden = keras.layers.Dense(4)(inputs)
    function = getattr(keras.ops, name)
    model = keras.Model(inputs, keras.layers.Dense(3)(function(hidden)))
    with pytest.raises(ModelError) as error:
        quantize.quantise(model, samples())
    assert "\n" not in str(error.value)


def test_inputs_of_another_shape_are_refused() -> None:
    """Calibration inputs that the model does not take are a usage error."""
    with pytest.raises(UsageError, match="calibration inputs"):
        quantize.quantise(network(), samples()[:, :3])


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"labels": ["A", "B"]}, 4), ({"labels": 3}, 2), ({"alphabets": {"letters": ["Q"]}}, 4)],
)
def test_fields_that_do_not_fit_leave_the_old_model(
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: dict[str, Any],
    status: int,
) -> None:
    """A wrong training.json is one line, and the model that was there still works."""
    out = converted(trained)
    (trained / "training.json").write_text(json.dumps(FIELDS | wrong))
    args = (trained / "letters.keras", "--calibration", trained / "calibration.npz", "--out", out)
    monkeypatch.setenv(quantize.APART, "1")
    assert run(quantize, monkeypatch, *args) == status
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert load(out.with_suffix(".json")).labels == LABELS
    open_model(out.with_suffix(".json"))


@pytest.mark.parametrize("missing", ["letters.keras", "calibration.npz", "training.json"])
def test_a_missing_file_is_one_line(
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str,
) -> None:
    """Whatever the recipe did not leave is named, with exit status 2."""
    (trained / missing).unlink()
    out = trained / "out.tflite"
    args = (trained / "letters.keras", "--calibration", trained / "calibration.npz", "--out", out)
    assert run(quantize, monkeypatch, *args) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert missing in line
    assert not out.exists()


def refused(
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    shape: tuple[int, ...],
) -> tuple[int, str]:
    """The status and the one line of the command for a model that cannot be converted."""
    np.savez(trained / "calibration.npz", x=np.zeros((5, *shape), np.float32))
    out = trained / "out.tflite"
    args = (trained / name, "--calibration", trained / "calibration.npz", "--out", out)
    capsys.readouterr()  # what making the model has said
    status = run(quantize, monkeypatch, *args)
    (line,) = capsys.readouterr().err.splitlines()
    assert not out.exists()
    return status, line


def test_a_converter_that_dies_is_told(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """TensorFlow's converter ends the process for an LSTM: one line says so and what to do."""
    inputs = keras.Input((10, 4))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.LSTM(8)(inputs)))
    save_model(model, trained / "lstm.keras")
    status, line = refused(trained, monkeypatch, capsys, "lstm.keras", (10, 4))
    assert status == 4
    assert "such as LSTM" in line


def test_a_lambda_layer_is_named(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is Python code in the file, which Keras does not run; it is no broken file."""
    inputs = keras.Input((INPUTS,))
    doubled = keras.layers.Lambda(lambda x: x * 2)(inputs)
    save_model(keras.Model(inputs, keras.layers.Dense(3)(doubled)), trained / "lambda.keras")
    monkeypatch.setenv(quantize.APART, "1")
    status, line = refused(trained, monkeypatch, capsys, "lambda.keras", (INPUTS,))
    assert status == 2
    assert "has a Lambda layer" in line


def test_inputs_of_any_size_are_named(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An integer model is made for one size; where the network has none, that is said."""
    inputs = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    save_model(keras.Model(inputs, keras.layers.Dense(3)(pooled)), trained / "any.keras")
    monkeypatch.setenv(quantize.APART, "1")
    status, line = refused(trained, monkeypatch, capsys, "any.keras", (8, 8, 3))
    assert status == 2
    assert "any size" in line


def test_a_file_of_keras_2_is_one_line(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A layer has an option that Keras 3 does not know: what to do is said, without a traceback."""
    h5py = pytest.importorskip("h5py")
    with silenced():
        network().save(trained / "old.h5")
    layer = {"name": "conv", "kernel_size": [3, 3], "groups": 1}
    first = {"name": "input_1", "batch_input_shape": [None, 8, 8, 3]}
    layers = [
        {"class_name": "InputLayer", "config": first},
        {"class_name": "DepthwiseConv2D", "config": layer},
    ]
    with h5py.File(trained / "old.h5", "r+") as file:
        file.attrs["keras_version"] = "2.4.0"
        config = {"name": "sequential", "layers": layers}
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
    monkeypatch.setenv(quantize.APART, "1")
    status, line = refused(trained, monkeypatch, capsys, "old.h5", (8, 8, 3))
    assert status == 2
    assert "if Keras 2 saved it" in line


def test_parity_is_reported_and_passes(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check prints a line an alphabet, writes JSON, and ends with 0 when int8 is as good."""
    args = (converted(trained), "--keras", trained / "letters.keras")
    args += ("--data", trained / "calibration.npz", "--json", trained / "parity.json")
    status = run(check, monkeypatch, *args)
    (parity,) = json.loads((trained / "parity.json").read_text())
    assert parity["float_accuracy"] == 1
    assert parity["int8_accuracy"] > 0.97
    assert parity["agreement"] > 0.97
    assert status == (0 if parity["passed"] else 1)
    assert "letters" in capsys.readouterr().out


def test_a_loss_shows_in_the_exit_status(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against another Keras model than it was made from, int8 has lost, and the status is 1."""
    out = converted(trained)
    model = network()
    model.layers[-1].set_weights([-w for w in model.layers[-1].get_weights()])
    save_model(model, trained / "other.keras")
    x = samples()
    label = np.array(LABELS)[np.asarray(model(x))[:, :2].argmax(1)]
    np.savez(trained / "other.npz", x=x, label=label)
    args = (out, "--keras", trained / "other.keras", "--data", trained / "other.npz")
    assert run(check, monkeypatch, *args) == 1
    assert "LOST" in capsys.readouterr().out
