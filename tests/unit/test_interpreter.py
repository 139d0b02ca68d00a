"""Loading, quantising and running .tflite files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ModelError
from edge.models import interpreter
from edge.models.interpreter import BYTES, Model, Quantisation, dequantise, quantise
from tests.support.tiny_model import Kind, adder

DTYPES = ("int8", "uint8", "int16")
KINDS = (
    Kind("float32"),
    Kind("int8", 0.05, -3),
    Kind("uint8", 0.05, 120),
    Kind("int16", 0.001, 0),
)


@st.composite
def quantisations(draw: st.DrawFn) -> Quantisation:
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    info = np.iinfo(dtype)
    zero_point = draw(st.integers(int(info.min), int(info.max)))
    scale = float(np.float32(draw(st.floats(1e-5, 1e3))))
    return Quantisation(scale, zero_point, dtype)


def _range(q: Quantisation) -> tuple[float, float]:
    info = np.iinfo(q.dtype)
    return (int(info.min) - q.zero_point) * q.scale, (int(info.max) - q.zero_point) * q.scale


@given(quantisations(), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_error_is_at_most_half_a_step(q: Quantisation, shares: list[float]) -> None:
    """Inside the range, a number comes back within half a scale of what it was."""
    low, high = _range(q)
    real = np.array([low + share * (high - low) for share in shares], np.float32)
    error = np.abs(dequantise(quantise(real, q), q) - real)
    # float32 itself holds a number near `high` to 1 in 2^24.
    assert np.all(error <= q.scale * 0.5 + 4e-7 * max(abs(low), abs(high)))


@given(quantisations())
def test_every_stored_number_survives(q: Quantisation) -> None:
    """Each integer of the dtype means one real number, and that number is stored as it again."""
    info = np.iinfo(q.dtype)
    stored = np.arange(info.min, int(info.max) + 1, max(1, (int(info.max) - info.min) // 300))
    stored = stored.astype(q.dtype)
    again = quantise(dequantise(stored, q), q)
    assert again.dtype == q.dtype
    np.testing.assert_array_equal(again, stored)


@given(quantisations(), st.floats(1, 1e6))
def test_what_is_out_of_range_is_clipped(q: Quantisation, beyond: float) -> None:
    """Numbers beyond the range are stored as its ends; none wraps round."""
    low, high = _range(q)
    info = np.iinfo(q.dtype)
    stored = quantise(np.array([low - beyond * q.scale, high + beyond * q.scale], np.float64), q)
    assert stored.tolist() == [info.min, info.max]


@pytest.mark.parametrize("dtype", DTYPES)
def test_halves_are_rounded_to_even(dtype: str) -> None:
    """A number midway between two steps goes to the even one, as TensorFlow Lite stores it."""
    q = Quantisation(1.0, 0, np.dtype(dtype))
    stored = quantise(np.array([0.5, 1.5, 2.5, 3.5], np.float32), q)
    assert stored.tolist() == [0, 2, 2, 4]


def test_pixels_are_stored_by_the_same_rule() -> None:
    """Every pixel, 0 to 255, is stored as it would be as a real number: 128 less."""
    pixels = np.arange(256, dtype=np.uint8)
    stored = quantise(pixels, BYTES)
    assert stored.dtype == np.int8
    assert stored.tolist() == list(range(-128, 128))
    assert np.array_equal(stored, quantise(pixels.astype(np.float32), BYTES))
    assert pixels.tolist() == list(range(256))


def test_infinite_numbers_are_clipped() -> None:
    """Infinity is stored as the end of the range."""
    q = Quantisation(0.1, 5, np.dtype("int8"))
    assert quantise(np.array([-np.inf, np.inf], np.float32), q).tolist() == [-128, 127]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.dtype)
def kind(request: pytest.FixtureRequest) -> Kind:
    result: Kind = request.param
    return result


@pytest.fixture
def path(tmp_path: Path, kind: Kind) -> Path:
    file = tmp_path / "adder.tflite"
    file.write_bytes(adder(kind))
    return file


def test_models_take_and_give_real_numbers(path: Path, kind: Kind) -> None:
    """Whatever a model stores, its inputs and outputs are real numbers, right to a step or two."""
    model = Model(path)
    a, b = np.array([0, 0.5, -1, 2], np.float32), np.array([1, 1, 0.25, -1.5], np.float32)
    (total,) = model.run(a, b)
    assert total.dtype == np.float32
    np.testing.assert_allclose(total, a + b, atol=1.5 * kind.scale + 1e-6)


def test_models_say_what_they_take(path: Path, kind: Kind) -> None:
    """Shapes, dtypes and quantisation come from the file."""
    model = Model(path)
    assert [t.shape for t in (*model.inputs, *model.outputs)] == [(4,)] * 3
    for tensor in (*model.inputs, *model.outputs):
        assert tensor.dtype == np.dtype(kind.dtype)
        if not kind.scale:
            assert tensor.quantisation is None
        else:
            assert tensor.quantisation is not None
            assert tensor.quantisation.scale == pytest.approx(kind.scale)
            assert tensor.quantisation.zero_point == kind.zero_point
            assert tensor.quantisation.dtype == np.dtype(kind.dtype)


def test_outputs_are_copies(path: Path) -> None:
    """A held output neither changes with the next run nor keeps it from happening."""
    model = Model(path)
    one = np.ones(4, np.float32)
    (first,) = model.run(one, one)
    kept = first.copy()
    (second,) = model.run(one, -one)
    np.testing.assert_array_equal(first, kept)
    first[:] = 99
    (third,) = model.run(one, -one)
    np.testing.assert_array_equal(second, third)


def test_time_inside_the_interpreter_is_summed(path: Path) -> None:
    """`invoke_ns` begins at nothing and grows with each run."""
    model = Model(path)
    assert model.invoke_ns == 0
    one = np.ones(4, np.float32)
    model.run(one, one)
    after_one = model.invoke_ns
    model.run(one, one)
    assert 0 < after_one < model.invoke_ns


def test_a_model_wants_all_its_inputs(path: Path) -> None:
    """An input too few is a programmer's mistake, and not passed over in silence."""
    with pytest.raises(ValueError, match="zip"):
        Model(path).run(np.ones(4, np.float32))


def test_the_right_sum_is_accepted(path: Path) -> None:
    """A file whose SHA-256 is the one expected is loaded."""
    Model(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_wrong_sum_is_refused(path: Path) -> None:
    """A file that was altered is named and not loaded, though it may be a model."""
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes() + b" ")
    _fails(path, "SHA-256", sha256=right)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A model that is not there is named, with what to do."""
    _fails(tmp_path / "nothing.tflite", "No such file")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """A folder in a model's place is a model that cannot be read."""
    _fails(tmp_path, "cannot read")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_model_cut_short_is_refused(path: Path, share: float) -> None:
    """A download that broke off anywhere gives one line, and never a crash."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    _fails(path, "not a whole")


def test_a_large_model_cut_short_is_refused(hand_models: Path, tmp_path: Path) -> None:
    """Megabytes of a real model without their end are no model."""
    content = (hand_models / "hand_landmark_lite.tflite").read_bytes()
    part = tmp_path / "part.tflite"
    for share in (0.001, 0.3, 0.99):
        part.write_bytes(content[: int(len(content) * share)])
        _fails(part, "not a whole")


def test_other_files_are_no_models(tmp_path: Path) -> None:
    """A picture or a text in a model's place gives one line."""
    file = tmp_path / "other.tflite"
    for content in (b"hello\n", b"\x89PNG\r\n\x1a\n" + bytes(1000), bytes(4096)):
        file.write_bytes(content)
        _fails(file, "not a whole")


def test_a_failed_load_writes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The runtime's own complaints stay off the user's terminal."""
    file = tmp_path / "other.tflite"
    file.write_bytes(b"hello\n")
    _fails(file, "not a whole")
    assert capfd.readouterr() == ("", "")


def test_a_model_loads_without_stderr(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has none where it was closed before the start; number 2 is another file then."""
    monkeypatch.setattr("sys.stderr", None)
    with interpreter._native_stderr_silenced():
        assert os.readlink("/proc/self/fd/2") != os.devnull
    Model(path)


def test_the_runtime_is_named() -> None:
    """`runtime` says which interpreter runs, and its version."""
    name, version = interpreter.runtime().split()
    assert name in ("ai-edge-litert", "tflite-runtime")
    assert version[0].isdigit()


def _fails(path: Path, because: str, sha256: str | None = None) -> None:
    with pytest.raises(ModelError) as caught:
        Model(path, sha256=sha256)
    message = str(caught.value)
    assert because in message
    assert str(path) in message
    assert "\n" not in message


def test_another_tensor_can_be_had_as_an_output(tmp_path: Path) -> None:
    """Any tensor of the graph becomes the last output on request; the others stay as they were."""
    path = tmp_path / "adder.tflite"
    path.write_bytes(adder(Kind("float32")))
    a, b = np.arange(4, dtype=np.float32), np.full(4, 10, np.float32)
    total, second = Model(path, also=1).run(a, b)
    np.testing.assert_array_equal(total, a + b)
    np.testing.assert_array_equal(second, b)


def test_a_file_cut_short_has_no_further_output(tmp_path: Path) -> None:
    """A reference that points outside the file is a broken model, in one line."""
    path = tmp_path / "cut.tflite"
    path.write_bytes(adder(Kind("float32"))[:24])
    with pytest.raises(ModelError, match="not a whole"):
        Model(path, also=1)


def lacking(what: str) -> bytes:
    """The bytes of a model that adds, one of whose tensors is missing where it is needed."""
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(adder(Kind("float32")), 0))
    (graph,) = model.subgraphs
    graph.inputs, graph.outputs = [0, 1], [2]
    if what == "input":
        graph.inputs = [0, -1]
    elif what == "output":
        graph.outputs = [-1]
    elif what == "every input":
        graph.inputs = []
    elif what == "input of an operator":
        graph.operators[0].inputs = [0, -1]
    elif what == "third input of an operator":
        (code,) = model.operatorCodes
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONCATENATION
        graph.operators[0].builtinOptionsType = schema.BuiltinOptions.ConcatenationOptions
        graph.operators[0].builtinOptions = schema.ConcatenationOptionsT()
        graph.operators[0].inputs = [0, 1, -1]
    elif what == "second input of a split":
        (code,) = model.operatorCodes
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SPLIT
        graph.operators[0].builtinOptionsType = schema.BuiltinOptions.NONE
        graph.operators[0].builtinOptions = None
        graph.operators[0].inputs = [0]
    else:
        graph.tensors = graph.tensors[:2]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def open_and_run(path: Path) -> None:
    model = Model(path)
    model.run(*(np.ones(tensor.shape, np.float32) for tensor in model.inputs))


@pytest.mark.parametrize(
    "what",
    [
        "input",
        "output",
        "every input",
        "tensor",
        "input of an operator",
        "third input of an operator",
        "second input of a split",
    ],
)
def test_a_missing_tensor_is_one_line(what: str, tmp_path: Path) -> None:
    """It is told when the model is opened, or, if only running it shows it, then."""
    path = tmp_path / "lacking.tflite"
    path.write_bytes(lacking(what))
    with pytest.raises(ModelError) as caught:
        open_and_run(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
