"""Models from elsewhere: what the file says, what has to be given, and what they then read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.commands.cli import main
from edge.errors import FingerspellError, ModelError, UsageError
from edge.handshapes.pixels import Pixels
from edge.models.adopt import adopt, alphabets, read_labels
from edge.models.interpreter import Model
from edge.models.manifest import load
from edge.models.scaling import PROBABILITIES, Scale, gives_probabilities, logits, scale_of
from edge.types import Box, Frame, Hand
from tests.support.tiny_model import Kind, adder, classifier, crashing

SIDE_PX = 8
FLOAT = Kind("float32")
MINUS_ONE_TO_ONE = Kind("int8", 1 / 127.5, 0)  # nearly, as converters write it
ZERO_TO_ONE = Kind("int8", 1 / 255, -128)  # as Edge Impulse writes it
HAND = Hand(np.zeros((21, 3), np.float32), Box(10, 10, 40, 40), "right", 1.0)


def colours(folder: Path, kind: Kind, name: str = "model.tflite") -> Path:
    """A model that says which colour most of the picture has: three labels."""
    weights = np.zeros((3, SIDE_PX, SIDE_PX, 3))
    for channel in range(3):
        weights[channel, ..., channel] = 1
    (folder / name).write_bytes(classifier(weights, kind))
    return folder / name


def labels(folder: Path, text: str = "0 A\n1 B\n2 nothing\n") -> Path:
    (folder / "labels.txt").write_bytes(text.encode())
    return folder / "labels.txt"


def filled(rgb: tuple[int, int, int]) -> Frame:
    return Frame(np.full((60, 60, 3), rgb, np.uint8), 0, 0)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0 A\n1 B\n2 Background\n", ("A", "B", "none")),
        ("\ufeffa\r\nb\r\n\r\n", ("A", "B")),
        ("0\n1\n2\n", ("0", "1", "2")),
        ("0 0\n1 1\n", ("0", "1")),
        ("hello\nthank you\n", ("hello", "thank you")),
    ],
)
def test_labels_are_read_as_people_have_them(
    tmp_path: Path, text: str, read: tuple[str, ...]
) -> None:
    """With Teachable Machine's numbers or none, a BOM, CRLF, blank lines, small letters."""
    assert read_labels(labels(tmp_path, text)) == read


@pytest.mark.parametrize("text", ["", "\n\n", "A\na\n"])
def test_labels_that_name_nothing_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="one label a line"):
        read_labels(labels(tmp_path, text))


def test_labels_make_alphabets() -> None:
    """What is neither a letter nor a digit is read only where there are none of these."""
    assert alphabets(("A", "none", "3", "space")) == {"letters": ("A",), "digits": ("3",)}
    assert alphabets(("hello", "none")) == {"words": ("hello",)}


@pytest.mark.parametrize(
    ("kind", "given", "scale"),
    [
        (Kind("int8", 1.0, -128), None, Scale(0, 255)),
        (ZERO_TO_ONE, None, Scale(0, 1)),
        (MINUS_ONE_TO_ONE, None, Scale(-1.0039, 0.9961)),
        (FLOAT, Scale(0, 255), Scale(0, 255)),
        (FLOAT, Scale(-1, 1), Scale(-1, 1)),
    ],
)
def test_an_adopted_model_reads(
    tmp_path: Path, kind: Kind, given: Scale | None, scale: Scale
) -> None:
    """Each colour gets its label, whatever range the model takes and whoever says so."""
    path = colours(tmp_path, kind)
    manifest = adopt(path, ("A", "B", "C"), scale=given)
    assert scale_of(load(path.with_suffix(".json"))) == scale
    assert manifest.inputs[0].shape == (1, SIDE_PX, SIDE_PX, 3)
    assert not gives_probabilities(manifest)
    reader = Pixels(path.with_suffix(".json"))
    for label, rgb in zip("ABC", ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        assert reader.predict(filled(rgb), HAND).label == label


def test_a_quantised_model_is_given_the_very_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 256 values of a pixel arrive as its 256 steps."""
    path = colours(tmp_path, ZERO_TO_ONE)
    adopt(path, ("A", "B", "C"))
    scale = scale_of(load(path.with_suffix(".json")))
    assert scale
    model = Model(path)
    stored: list[Any] = []
    monkeypatch.setattr(model._interpreter, "set_tensor", lambda _, value: stored.append(value))
    monkeypatch.setattr(model._interpreter, "invoke", lambda: None)
    pixels = np.arange(SIDE_PX * SIDE_PX * 3, dtype=np.uint8).reshape(1, SIDE_PX, SIDE_PX, 3)
    model.run(scale.apply(pixels))
    model.run(scale.apply(255 - pixels))
    assert np.array_equal(stored[0].astype(int) + 128, pixels)
    assert np.array_equal(stored[1].astype(int) + 128, 255 - pixels)


def test_probabilities_come_through() -> None:
    """Their logits give them again; a zero does no harm."""
    given = np.array([0.7, 0.2, 0.1, 0.0], np.float32)
    again = np.exp(logits(given))
    assert again / again.sum() == pytest.approx(given, abs=1e-4)


def test_outputs_that_sum_to_one_are_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Teachable Machine's are, which end in a softmax."""

    def softmax(self: Model, *inputs: Any) -> Any:
        rows = run(self, *inputs)[0]
        e = np.exp(rows - rows.max())
        return (np.float32(e / e.sum()),)

    run = Model.run
    path = colours(tmp_path, FLOAT)
    monkeypatch.setattr(Model, "run", softmax)
    manifest = adopt(path, ("A", "B", "C"), scale=Scale(-1, 1))
    assert manifest.outputs[0].meaning == PROBABILITIES
    prediction = Pixels(path.with_suffix(".json")).predict(filled((255, 0, 0)), HAND)
    assert sum(prediction.scores.values()) == pytest.approx(1, abs=1e-4)


def refused(error: type[FingerspellError], path: Path, names: str = "ABC", **given: Any) -> str:
    with pytest.raises(error) as caught:
        adopt(path, tuple(names), **given)
    assert "\n" not in str(caught.value)
    assert not path.with_suffix(".json").exists()
    return str(caught.value)


def test_what_the_file_does_not_say_is_asked_for(tmp_path: Path) -> None:
    """The range of a float model's pixels, with what the usual tools have; the right labels."""
    path = colours(tmp_path, FLOAT)
    assert "--scale=-1..1 (Teachable Machine)" in refused(UsageError, path)
    assert "3 outputs, and there are 2 labels" in refused(UsageError, path, "AB", scale=Scale(0, 1))
    assert "--colours" in refused(UsageError, path, colours="grey", scale=Scale(0, 1))


def test_what_is_no_classifier_of_pictures_is_refused(tmp_path: Path) -> None:
    """Another kind of model, a file that is cut short, one that is not there."""
    (tmp_path / "sum.tflite").write_bytes(adder(FLOAT))
    assert "no classifier of pictures" in refused(ModelError, tmp_path / "sum.tflite")
    whole = colours(tmp_path, FLOAT)
    whole.write_bytes(whole.read_bytes()[:300])
    assert "cannot be run" in refused(ModelError, whole)
    assert "there is no" in refused(UsageError, tmp_path / "gone.tflite")
    assert "does not end in .tflite" in refused(UsageError, tmp_path / "keras.h5")


def test_a_model_that_crashes_the_runtime_is_one_line(tmp_path: Path) -> None:
    """It ends another process than that of the command."""
    path = tmp_path / "crash.tflite"
    path.write_bytes(crashing())
    assert "TensorFlow Lite crashes on it" in refused(ModelError, path)


def test_a_json_file_of_another_purpose_is_kept(tmp_path: Path) -> None:
    """TensorFlow.js exports have a model.json of their own. Adopting again replaces ours."""
    path = colours(tmp_path, FLOAT)
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(UsageError, match="move it away"):
        adopt(path, tuple("ABC"), scale=Scale(0, 1))
    assert path.with_suffix(".json").read_text() == "{}"
    path.with_suffix(".json").unlink()
    adopt(path, tuple("ABC"), scale=Scale(0, 1))
    assert adopt(path, tuple("ABC"), scale=Scale(-1, 1)).normalisation.endswith("-1 to 1")


def test_the_command_says_how_to_run_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what the model is, tries it on a picture, and ends with the command."""
    path = colours(tmp_path, FLOAT, "my model.tflite")
    arguments = ["models", "--adopt", str(path), "--labels", str(labels(tmp_path))]
    assert main([*arguments, "--scale=-1..1"]) == 0
    said = capsys.readouterr().out
    assert "letters: A B" in said
    assert "tried on the synthetic signer's B: it reads " in said
    assert said.endswith(f"run it: fingerspell run --model '{tmp_path}/my model'\n")
    assert main([*arguments, "--scale=1"]) == 2
    assert main(arguments[:3]) == 2
