"""A model and its manifest: both are what they say, or one clear line says which is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import ModelError
from edge.models import find, load, manifests, open_model
from tests.support.tiny_model import Kind, adder, save

LENGTH = 4


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A whole little model with its manifest; returns the manifest's path."""
    return save(
        tmp_path / "tiny.json",
        adder(Kind("int8", 0.05, -3), LENGTH),
        features=1,
        labels=("A", "B", "O", "0"),
        alphabets={"letters": ("A", "B", "O"), "digits": ("0",)},
        shared=(("O", "0"),),
    )


def change(path: Path, **fields: Any) -> None:
    """Writes other fields into a manifest file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def one_line(error: pytest.ExceptionInfo[ModelError]) -> str:
    """The message, which is one line and ends with exit status 4."""
    assert error.value.exit_code == 4
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_saved_is_loaded(tiny: Path) -> None:
    """A manifest comes back as it was, and the model beside it runs."""
    again = load(tiny)
    again.save(tiny.with_name("copy.json"))
    assert load(tiny.with_name("copy.json")) == again
    manifest, model = open_model(tiny)
    assert manifest.labels == ("A", "B", "O", "0")
    assert manifest.alphabets["digits"] == ("0",)
    assert model.inputs[0].shape == (LENGTH,)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"labels": ["A", "B", "O"]}, "3 labels for 4 outputs"),
        ({"labels": ["A", "A", "O", "0"]}, "twice"),
        ({"alphabets": {"letters": ["Q"]}}, "'Q'"),
        ({"shared": [["O", "Q"]]}, "'Q'"),
        ({"shared": [["O"]]}, "wrong"),
        ({"colour_order": "grb", "margin": 2.0}, "colour_order"),
        ({"colour_order": "rgb"}, "above 0 for pixels"),
        ({"margin": 2.0}, "above 0 for pixels"),
        ({"margin": -0.5}, "margin"),
        ({"margin": float("nan")}, "margin"),
        ({"colour_order": "rgb", "margin": float("inf")}, "margin"),
        ({"margin": "2"}, "margin must be float"),
        ({"colour_order": "rgb", "margin": 1.5}, "(1, side, side, 3)"),
        ({"features": "1"}, "features must be int"),
        ({"kind": "nonsense"}, "kind must be one of letters"),
        ({"kind": "pixels"}, "kind is 'pixels' and colour_order None"),
        ({"format": 99}, "format"),
        ({"favourite": 1}, "unknown field 'favourite'"),
        ({"outputs": []}, "outputs lacks a tensor"),
        ({"inputs": []}, "inputs lacks a tensor"),
        ({"alphabets": {"letters": []}}, "the alphabet letters is empty"),
        ({"inputs": [{"shape": [4]}]}, "wrong"),
        ({"alphabets": ["A"]}, "wrong"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    tiny: Path, fields: dict[str, Any], said: str
) -> None:
    """Fields that contradict each other, or that nobody knows, are named in one line."""
    change(tiny, **fields)
    with pytest.raises(ModelError) as error:
        load(tiny)
    assert said in one_line(error)


@pytest.mark.parametrize(
    ("order", "shape", "fits"),
    [
        ("rgb", (1, 28, 28, 3), True),
        ("bgr", (1, 28, 28, 3), True),
        ("grey", (1, 28, 28, 1), True),
        ("grey", (1, 28, 28, 3), False),
        ("bgr", (1, 28, 28, 1), False),
        ("rgb", (1, 28, 24, 3), False),
        ("rgb", (2, 28, 28, 3), False),
        ("rgb", (1, 0, 0, 3), False),
        ("grey", (1, 28), False),
    ],
)
def test_a_picture_has_the_shape_of_its_colours(
    tiny: Path, order: str, shape: tuple[int, ...], fits: bool
) -> None:
    """The input of a model that reads pixels is one square picture, of one channel where grey."""
    picture = json.loads(tiny.read_text())["inputs"][0] | {"shape": shape}
    change(tiny, kind="pixels", colour_order=order, margin=1.5, inputs=[picture])
    if fits:
        assert load(tiny).margin == 1.5
    else:
        with pytest.raises(ModelError) as error:
            load(tiny)
        assert "(1, side, side" in one_line(error)


@pytest.mark.parametrize("name", ["letters", "letters-closed", "motion", "digits"])
def test_a_manifest_of_format_1_is_read(tmp_path: Path, name: str) -> None:
    """A user's model that was made before goes on working: its other fields say its kind."""
    manifest = load(find(name))
    path = tmp_path / f"{name}.json"
    manifest.save(path)
    given = json.loads(path.read_text()) | {"format": 1}
    del given["kind"]
    path.write_text(json.dumps(given))
    assert load(path) == manifest


def test_a_missing_field_is_named(tiny: Path) -> None:
    """A manifest without its sum says so."""
    given = json.loads(tiny.read_text())
    del given["sha256"]
    tiny.write_text(json.dumps(given))
    with pytest.raises(ModelError) as error:
        load(tiny)
    assert "sha256" in one_line(error)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"null"])
def test_what_is_no_manifest_is_refused(tiny: Path, content: bytes) -> None:
    """Anything else in its place is one line."""
    tiny.write_bytes(content)
    with pytest.raises(ModelError) as error:
        load(tiny)
    one_line(error)


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _altered(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("harm", [_cut, _altered, lambda _: b""])
def test_a_harmed_model_is_refused(tiny: Path, harm: Callable[[bytes], bytes]) -> None:
    """A file that was cut short, altered or emptied is never run."""
    path = tiny.with_suffix(".tflite")
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(ModelError) as error:
        open_model(tiny)
    assert "tiny.tflite" in one_line(error)


def test_a_missing_model_is_named(tiny: Path) -> None:
    """So is one that is not there, and a manifest that is not."""
    tiny.with_suffix(".tflite").unlink()
    with pytest.raises(ModelError) as error:
        open_model(tiny)
    assert "tiny.tflite" in one_line(error)
    tiny.unlink()
    with pytest.raises(ModelError) as error:
        open_model(tiny)
    assert "tiny.json" in one_line(error)


@pytest.mark.parametrize(
    "wrong", [{"shape": [5]}, {"dtype": "uint8"}, {"scale": 0.06}, {"zero_point": -4}]
)
def test_another_model_with_the_right_sum_is_refused(tiny: Path, wrong: dict[str, Any]) -> None:
    """A manifest whose tensors differ from the model's does not fit it."""
    inputs = json.loads(tiny.read_text())["inputs"]
    change(tiny, inputs=[inputs[0] | wrong, *inputs[1:]])
    with pytest.raises(ModelError) as error:
        open_model(tiny)
    assert "not those of its manifest" in one_line(error)


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.stem)
def test_the_installed_models_are_whole(path: Path) -> None:
    """Every model in the package is as its manifest describes it, and has its file's name."""
    manifest, _ = open_model(path)
    assert manifest.name == path.stem
    assert manifest.licence == "Apache-2.0"
    assert manifest.training


@pytest.mark.parametrize("depth", [1_100, 100_000])
def test_a_manifest_without_end_is_no_json(tiny: Path, depth: int) -> None:
    """Brackets nested deeper than Python reads are one line, too."""
    tiny.write_text("[" * depth + "]" * depth)
    with pytest.raises(ModelError, match="is not JSON") as error:
        load(tiny)
    one_line(error)


def test_a_shape_without_bound_is_wrong(tiny: Path) -> None:
    """A number that no integer holds does not end in a traceback."""
    tiny.write_text(tiny.read_text().replace(f"   {LENGTH}\n", "   1e999\n"))
    with pytest.raises(ModelError, match="wrong") as error:
        load(tiny)
    one_line(error)
