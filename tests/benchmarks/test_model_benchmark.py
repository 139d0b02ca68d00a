"""Models measured alone: what is in a file, its float twin, estimates, and the command."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure import result
from benchmarks.models import __main__ as models
from benchmarks.models import estimates, graph
from benchmarks.models.graph import Operation
from edge.errors import INTERRUPTED, ModelError, UsageError
from edge.models import manifests
from edge.models.interpreter import Model
from edge.models.manifest import BUNDLED
from tests.support.tiny_model import Kind, adder, classifier

Run = Callable[..., int]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A model of one product: 3 labels of 16 pixels."""
    weights = np.random.default_rng(1).uniform(0.1, 0.5, (3, 4, 4, 1))
    weights[0] = 1
    path = tmp_path / "tiny.tflite"
    path.write_bytes(classifier(weights))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command on the files given, and for an instant only."""

    def command(*argv: str | Path) -> int:
        short = ["--only", "--threads", "1", "--runs", "2", "--seconds", "0.01"]
        return models.main([*map(str, argv), *short])

    return command


def test_products_are_counted(tiny: Path) -> None:
    """A fully connected layer multiplies every input with every output's weights."""
    (found,) = graph.operations(tiny.read_bytes())
    assert found == Operation("fully connected", 3 * 16, "int8")


def test_additions_are_not_products() -> None:
    """An addition is known to have none, which is not the same as not being counted."""
    assert [o.macs for o in graph.operations(adder(Kind("float32")))] == [0]


def test_known_networks_have_the_counts_that_their_layers_add_up_to() -> None:
    """The motion model: 6 spans through three layers."""
    weights = [224 * 48, 48 * 32, 32 * 3]
    counted = estimates.macs(graph.operations((BUNDLED / "motion.tflite").read_bytes()))
    assert counted == {"int8": 6 * sum(weights)}


@pytest.mark.parametrize(
    "path", [path.with_suffix(".tflite") for path in manifests()], ids=lambda path: path.stem
)
def test_a_float_twin_computes_what_its_model_computes(path: Path, tmp_path: Path) -> None:
    """Outputs go together, as far as int8 does not clip what random inputs make; all is float."""
    twin = tmp_path / path.name
    twin.write_bytes(graph.float_twin(path.read_bytes()))
    both = Model(path), Model(twin)
    assert {t.dtype.name for t in (*both[1].inputs, *both[1].outputs)} == {"float32"}
    q = both[0].inputs[0].quantisation
    assert q is not None
    random = np.random.default_rng(0)
    stored = random.integers(-100, 100, both[0].inputs[0].shape)
    real = ((stored - q.zero_point) * q.scale).astype(np.float32)
    of_int8, of_float = (model.run(real)[0].ravel() for model in both)
    assert np.corrcoef(of_int8, of_float)[0, 1] > 0.95


def test_what_is_float_has_no_twin() -> None:
    """It is one."""
    with pytest.raises(ModelError, match="no float twin"):
        graph.float_twin(adder(Kind("float32")))


@given(st.binary(max_size=200))
def test_what_is_no_model_is_refused_in_a_line(content: bytes) -> None:
    """Whatever the bytes are: no traceback."""
    for read in (graph.operations, graph.float_twin):
        with pytest.raises(ModelError):
            read(b"\x08\0\0\0TFL3" + content)
        with pytest.raises(ModelError):
            read(content)


def test_a_model_cut_short_is_refused(tiny: Path) -> None:
    """Anywhere in its first half, where the references are."""
    content = tiny.read_bytes()
    for end in range(8, len(content) // 2, 7):
        with pytest.raises(ModelError):
            graph.operations(content[:end])


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_estimates_grow_with_the_work(int8: int, float32: int) -> None:
    """More products take longer, four cores less than one, and low is below high."""
    some = [Operation("convolution", int8, "int8")]
    more = [*some, Operation("convolution", float32, "float32")]
    of_some, of_more = (estimates.estimate(operations)[0] for operations in (some, more))
    for a, b in zip(of_some, of_more, strict=True):
        assert a["low_ms"] <= b["low_ms"]
        assert a["high_ms"] <= b["high_ms"]
        assert 0 < b["low_ms"] < b["high_ms"]
    for one, four in zip(of_more[::2], of_more[1::2], strict=True):
        assert (one["threads"], four["threads"]) == (1, 4)
        assert one["low_ms"] > four["low_ms"]


def test_the_models_that_the_rates_come_from_are_estimated_at_what_was_published() -> None:
    """MobileNet v2 in int8 on a Pi 4: 17 ms at that board's clock, and less at today's."""
    pi4 = estimates.estimate([Operation("convolution", 300_000_000, "int8")])[0][1]
    assert pi4["board"] == estimates.PI4
    assert pi4["low_ms"] < 17 <= pi4["high_ms"] * 1.001


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (Operation("operator 44", None, "int8"), "operator 44 is not counted"),
        (Operation("convolution", 10, "other"), "no rate"),
        (Operation("operator 0", 0, "int8"), "no multiply"),
    ],
)
def test_what_cannot_be_estimated_is_not(operation: Operation, why: str) -> None:
    """A number would be made up."""
    found, lack = estimates.estimate([operation])
    assert not found
    assert why in lack


def test_every_rate_says_where_it_comes_from() -> None:
    """A model, a time and a source each; and the slower end is not above the faster."""
    found = estimates.rates()
    assert {(r["board"], r["precision"]) for r in found} == {
        (board, precision)
        for board in (estimates.PI4, estimates.PI5)
        for precision in ("int8", "float32")
    }
    for rate in found:
        assert rate["from"]
        assert all(" ms: " in line for line in rate["from"])
        assert rate["low_gmacs"] < rate["high_gmacs"]


def test_a_model_is_measured_alone(tiny: Path, tmp_path: Path, run: Run) -> None:
    """Init, first and steady times, memory, and int8 against its float twin, in a result."""
    assert run(tiny, "--json", tmp_path / "r.json") == 0
    found = result.read(tmp_path / "r.json", "models")
    (model,) = found["models"]
    assert (model["name"], model["precision"]) == ("tiny", "int8")
    (alone,) = model["alone"]
    assert alone["steady_ms"]["count"] >= 2
    assert alone["steady_ms"]["min"] <= alone["steady_ms"]["p50"] <= alone["steady_ms"]["p90"]
    assert min(alone["init_ms"], alone["first_ms"]) > 0
    (turn,) = model["against_float"]["turns"]
    assert "twin" in model["against_float"]["floats"]
    assert turn["low"] <= turn["ratio"] <= turn["high"]
    assert found["ended"] == "all"


def test_a_float_model_that_is_given_is_what_int8_is_measured_against(
    tiny: Path, tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one that takes other inputs is refused."""
    other = tmp_path / "float.tflite"
    other.write_bytes(graph.float_twin(tiny.read_bytes()))
    assert run(tiny, "--float", other, "--json", tmp_path / "r.json") == 0
    (model,) = json.loads((tmp_path / "r.json").read_text())["models"]
    assert model["against_float"]["floats"].startswith("given")
    other.write_bytes(adder(Kind("float32")))
    assert run(tiny, "--float", other) == ModelError.exit_code
    assert "other inputs" in capsys.readouterr().err


def test_the_table_marks_estimates(
    tiny: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody takes them for measurements."""
    assert run(tiny) == 0
    printed = capsys.readouterr().out
    assert "ESTIMATES, not measured" in printed
    assert "XNNPACK's README" in printed
    assert "calling it costs more" in printed


@pytest.mark.parametrize(
    ("argv", "code", "why"),
    [
        (["none.tflite"], ModelError.exit_code, "none.tflite"),
        ([], UsageError.exit_code, "give one"),
        (["--float", "x.tflite"], UsageError.exit_code, "one FILE"),
        (["--json", "no/such/folder.json"], UsageError.exit_code, "make it first"),
    ],
)
def test_bad_input_is_one_line(
    argv: list[str], code: int, why: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, before anything is measured."""
    assert run(*argv) == code
    printed = capsys.readouterr().err.strip()
    assert why in printed
    assert printed.count("\n") == 0


@pytest.mark.parametrize("threads", ["0", "x", "1,,2", "-1", "65"])
def test_threads_are_numbers(threads: str, capsys: pytest.CaptureFixture[str]) -> None:
    """From 1 to 64."""
    with pytest.raises(SystemExit) as ended:
        models.main([f"--threads={threads}"])
    assert ended.value.code == UsageError.exit_code
    assert "1 to 64" in capsys.readouterr().err


def test_ctrl_c_keeps_what_was_measured(
    tiny: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models that were done are in the result, and the exit code tells."""
    measured = models._measured

    def stopped(path: Path, options: object) -> object:
        if path != tiny:
            raise KeyboardInterrupt
        return measured(path, options)  # type: ignore[arg-type]

    monkeypatch.setattr(models, "_measured", stopped)
    second = tmp_path / "second.tflite"
    second.write_bytes(tiny.read_bytes())
    assert run(tiny, second, "--json", tmp_path / "r.json") == INTERRUPTED
    found = result.read(tmp_path / "r.json", "models")
    assert [model["name"] for model in found["models"]] == ["tiny"]
    assert found["ended"] == "interrupted"
    assert not math.isnan(found["models"][0]["alone"][0]["init_ms"])


def test_a_model_that_dies_is_a_row_and_the_others_are_kept(
    tiny: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As of an instruction that a board's processor lacks; an error where none was measured."""
    dies = tmp_path / "dies.tflite"
    dies.write_bytes(tiny.read_bytes())
    python = tmp_path / "python"  # what models are measured with
    python.write_text(
        f'#!/bin/sh\n[ "${{3##*/}}" = dies.tflite ] && kill -ILL $$\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert run(dies, tiny, "--json", tmp_path / "r.json") == 0
    found = result.read(tmp_path / "r.json", "models")
    assert [model["name"] for model in found["models"]] == ["tiny"]
    why = "dies.tflite cannot be measured: it was ended by a signal: Illegal instruction"
    assert found["missing"] == {"dies": why}
    assert f"missing: dies: {why}" in capsys.readouterr().out
    assert run(dies, "--json", tmp_path / "none.json") == ModelError.exit_code
    assert capsys.readouterr().err.strip() == f"models: {why}"
    assert not (tmp_path / "none.json").exists()


def test_a_failed_write_does_not_lose_the_measurement(
    tiny: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The table is printed all the same."""
    path, measured = tmp_path / "r.json", models._measured

    def in_the_way(model: Path, options: argparse.Namespace) -> dict[str, Any]:
        path.mkdir()
        return measured(model, options)

    monkeypatch.setattr(models, "_measured", in_the_way)
    assert run(tiny, "--json", path) == UsageError.exit_code
    printed = capsys.readouterr()
    assert "ESTIMATES" in printed.out
    assert "cannot write" in printed.err
