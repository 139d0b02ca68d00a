"""Turns a trained Keras model into a full int8 TFLite model and its manifest.

    python -m convert.quantize MODEL.keras --calibration FILE.npz --out NAME.tflite

Weights per channel, activations per tensor, int8 in and out. What cannot be done in integers is
refused: a float operation in the middle would be slower than no quantisation at all. The manifest
takes labels, alphabets and training from training.json beside the Keras model, and sizes, tensors
and sums from the converted file. TensorFlow's converter ends the whole process for some models. The
command therefore runs it in a process of its own, whose death is told in one line.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError, UsageError, command
from edge.files import write
from edge.models.interpreter import Model
from edge.models.manifest import Manifest, facts, load, sha256_of

SAMPLES = 2000  # calibration inputs at most: ranges hardly move after a few hundred
# Activations and weights are INT8, biases and shapes INT32, biases of wide layers INT64.
INTEGERS = ("INT8", "INT32", "INT64")
TOOLS = ("tensorflow", "keras", "numpy")
APART = "FINGERSPELL_CONVERTS"  # is set in the environment of the process that converts
ROOT = Path(__file__).parents[1]
SUMMARY = "Turns a trained Keras model into a full int8 TFLite model and its manifest."


def quantise(model: Any, samples: npt.NDArray[np.float32]) -> bytes:
    """Returns a Keras model as the bytes of a full int8 .tflite file.

    samples: (N, ...) float32 inputs as the model will see them.
    Raises UsageError where they do not fit the model or the model has no size of its own,
    ModelError, naming the tensor, where something would stay in floating point.
    """
    from convert.quiet_tensorflow import silenced, tf

    if not isinstance(model.input_shape, tuple):
        raise UsageError(f"the model has {len(model.input_shape)} inputs; one can be converted")
    shape = tuple(model.input_shape[1:])
    if None in shape:
        raise UsageError(
            f"the model takes inputs of any size, {shape}; "
            "give keras.Input the size that it is to be run with, and save it again"
        )
    if not len(samples) or samples.shape[1:] != shape:
        raise UsageError(
            f"the calibration inputs are {samples.shape}, the model wants (N, *{shape})"
        )
    converter = _converter(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = _representative(samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    try:
        with silenced():
            content: bytes = converter.convert()
    except Exception as error:  # the converter raises whatever its passes raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[0][:200] if lines else type(error).__name__
        raise ModelError(f"the model cannot be made full int8: {reason}") from error
    _refuse_floats(content)
    return content


def floating(model: Any) -> bytes:
    """Returns a Keras model as the bytes of a float32 .tflite file, to compare with."""
    from convert.quiet_tensorflow import silenced

    with silenced():
        content: bytes = _converter(model).convert()
    return content


def _converter(model: Any) -> Any:
    from convert.quiet_tensorflow import keras, tf

    # A device runs one sample at a time; the names make a conversion repeatable, byte for byte.
    one = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="input")
    return tf.lite.TFLiteConverter.from_keras_model(keras.Model(one, model(one), name="one"))


def _representative(samples: npt.NDArray[np.float32]) -> Callable[[], Iterator[list[Any]]]:
    step = max(1, len(samples) // SAMPLES)
    return lambda: ([sample[None]] for sample in samples[::step])


def _refuse_floats(content: bytes) -> None:
    """Raises ModelError if any tensor of the file is not an integer."""
    from convert.quiet_tensorflow import silenced

    with silenced():
        from tensorflow.lite.tools import flatbuffer_utils

        file = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    for graph in file.subgraphs:
        for tensor in graph.tensors:
            kind = flatbuffer_utils.type_to_name(tensor.type)
            if kind not in INTEGERS:
                raise ModelError(
                    f"{tensor.name.decode()} stays {kind}: use operations that int8 knows "
                    "(Dense, Conv2D, ReLU6, Add, Concatenate)"
                )


def describe(out: Path, fields: dict[str, Any]) -> Manifest:
    """Returns the manifest of a converted model; `fields` are those of training.json.

    Raises UsageError where they are of another model, KeyError where one is missing.
    """
    content = out.read_bytes()
    model = Model(out)
    meanings = fields["inputs"], fields["outputs"]
    if len(model.inputs) != len(meanings[0]) or len(model.outputs) != len(meanings[1]):
        raise UsageError("training.json has other inputs or outputs than the model")
    return Manifest(
        name=out.stem,
        kind=fields["kind"],
        sha256=sha256_of(content),
        size_bytes=len(content),
        inputs=tuple(facts(t, m) for t, m in zip(model.inputs, meanings[0], strict=True)),
        outputs=tuple(facts(t, m) for t, m in zip(model.outputs, meanings[1], strict=True)),
        features=fields["features"],
        normalisation=fields["normalisation"],
        colour_order=fields["colour_order"],
        margin=float(fields["margin"]),
        labels=tuple(fields["labels"]),
        alphabets={name: tuple(labels) for name, labels in fields["alphabets"].items()},
        shared=tuple((first, second) for first, second in fields["shared"]),
        training=fields["training"],
        figures=fields["figures"],
        date=datetime.date.today().isoformat(),
        licence=fields["licence"],
        tools={name: version(name) for name in TOOLS},
    )


def convert(keras_path: Path, calibration: Path, out: Path) -> Manifest:
    """Writes OUT and, beside it, its manifest; returns the manifest."""
    from convert.quiet_tensorflow import load_model

    model = load_model(keras_path)
    samples, fields = _samples(calibration), _fields(keras_path.with_name("training.json"))
    content = quantise(model, samples)
    out.parent.mkdir(parents=True, exist_ok=True)
    # The manifest is made from a copy: when it is refused, what was there before still fits.
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / out.name
        copy.write_bytes(content)
        try:
            manifest = describe(copy, fields)
            manifest.save(copy.with_suffix(".json"))
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"training.json lacks or misstates {error}; train again") from error
        load(copy.with_suffix(".json"))
    write(out, content)
    manifest.save(out.with_suffix(".json"))
    return manifest


def _samples(path: Path) -> npt.NDArray[np.float32]:
    try:
        with np.load(path) as file:
            return np.asarray(file["x"], np.float32)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UsageError(f"{path} holds no calibration inputs `x`") from error


def _fields(path: Path) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is missing or no JSON; training writes it") from error
    return fields


def apart(arguments: Sequence[str]) -> int:
    """Runs the command with these arguments in a process of its own; returns its exit status.

    Raises ModelError if a signal ended that process.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "convert.quantize", *arguments],
        env={**os.environ, "PYTHONPATH": path, APART: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        why = (
            "memory was short, or somebody ended it"
            if name in ("SIGKILL", "SIGTERM")
            else "the model has a layer that it cannot make full int8, such as LSTM or GRU; "
            "use Dense, Conv2D, ReLU6, Add and Concatenate"
        )
        raise ModelError(f"TensorFlow's converter was ended by {name}: {why}")
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


@command("convert.quantize")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m convert.quantize", description=SUMMARY)
    parser.add_argument("model", type=Path, metavar="MODEL.keras")
    parser.add_argument("--calibration", type=Path, required=True, help="an .npz with inputs `x`")
    parser.add_argument("--out", type=Path, required=True, help="NAME.tflite; NAME.json beside it")
    args = parser.parse_args()
    for path in (args.model, args.calibration, args.model.with_name("training.json")):
        if not path.exists():  # said here, since loading TensorFlow takes ten seconds
            raise UsageError(f"{path} is missing; training writes it")
    if APART not in os.environ:
        return apart(sys.argv[1:])
    manifest = convert(args.model, args.calibration, args.out)
    print(f"{args.out}: {manifest.size_bytes} bytes, int8, {len(manifest.labels)} labels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
