"""Models by name and by path: what is found, what reads it, and what is said of all else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import ModelError, UsageError
from edge.handshapes import open_reader
from edge.handshapes.letters import Letters
from edge.handshapes.pixels import Pixels
from edge.models import RUNNABLE, find, manifests, names
from edge.models.manifest import BUNDLED, load
from tests.support.tiny_model import classifier, save
from train import recipes


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A folder in which a recipe has left its model of counts; the other files are no models."""
    folder = tmp_path / "out"
    folder.mkdir()
    small(folder / "counts.json")
    (folder / "figures.json").write_text("{}")
    (folder / "counts.keras").write_bytes(b"")
    return folder


def small(path: Path, **fields: Any) -> Path:
    given: dict[str, Any] = {
        "colour_order": "grey",
        "margin": 1.5,
        "labels": ("0", "1"),
        "alphabets": {"digits": ("0", "1")},
    }
    return save(path, classifier(np.ones((2, 4, 4, 1))), **given | fields)


def said_of(name: str) -> str:
    """The one line about a model that cannot be had."""
    with pytest.raises(UsageError) as error:
        open_reader(name)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2
    return str(error.value)


def test_a_bundled_model_is_found_by_its_name() -> None:
    """What the package holds needs no path."""
    assert find("letters") == BUNDLED / "letters.json"
    assert "letters" in names(*RUNNABLE)
    assert "letters-closed" not in names(*RUNNABLE)  # a part of another


@pytest.mark.parametrize("ending", ["", ".json", ".tflite"])
def test_any_model_is_found_by_its_path(
    trained: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user would write it: absolute, from here, from home, with an ending or without."""
    assert find(f"{trained}/counts{ending}") == trained / "counts.json"
    monkeypatch.setenv("HOME", str(trained.parent))
    assert find(f"~/out/counts{ending}") == trained / "counts.json"
    monkeypatch.chdir(trained.parent)
    for start in ("out/", "./out/", "../" + trained.parent.name + "/out/"):
        assert find(f"{start}counts{ending}").samefile(trained / "counts.json")
    monkeypatch.chdir(trained)
    assert find(f"counts{ending}").samefile(trained / "counts.json")


def test_a_name_may_have_a_dot(trained: Path) -> None:
    """What follows the last dot is an ending only where it is one of ours."""
    path = small(trained / "counts.v2.json")
    assert find(str(trained / "counts.v2")) == path


def test_a_bundled_name_comes_first(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the same name beside the user does not take its place; its path names it."""
    mine = small(trained / "letters.json")
    monkeypatch.chdir(trained)
    assert find("letters") == BUNDLED / "letters.json"
    assert find("./letters").samefile(mine)


def test_a_missing_model_is_one_line_that_says_what_there_is(trained: Path) -> None:
    """The name that was meant, else those there are: bundled ones, or those in the same folder."""
    there = ", ".join(names(*RUNNABLE))
    assert (
        f"no model 'greek'; there are: {there} (or the path of one, such as out/digits)"
        in said_of("greek")
    )
    assert "did you mean letters?" in said_of("leters")
    assert f"did you mean {trained}/counts?" in said_of(f"{trained}/countz.tflite")
    assert f"there are: {trained}/counts" in said_of(f"{trained}/vowels")
    assert f"{trained}/counts" in said_of(str(trained))
    assert f"there are: {trained}/counts" in said_of(f"{trained}/")
    assert f"there are: {there}" in said_of("/no/such/folder/x")


@pytest.mark.parametrize("name", ["", ".", "/", "~", ".json", "a\0b", "a/b\0", "x" * 5000])
def test_what_is_no_name_is_no_model(name: str) -> None:
    """Nothing that can be written after --model is more than one line."""
    assert "there is no model" in said_of(name)


def test_half_a_model_is_told_of(trained: Path) -> None:
    """Of a manifest without its model, and the reverse, it is said which is missing."""
    os.unlink(trained / "counts.tflite")
    with pytest.raises(ModelError, match=r"counts\.tflite is missing"):
        open_reader(str(trained / "counts"))
    small(trained / "counts.json").unlink()
    with pytest.raises(ModelError, match=r"cannot read the manifest .*counts\.json"):
        open_reader(str(trained / "counts"))


def test_each_model_is_opened_by_what_reads_it(trained: Path) -> None:
    """Landmarks or pixels: the manifest says which."""
    assert isinstance(open_reader("letters"), Letters)
    reader = open_reader(str(trained / "counts"))
    assert isinstance(reader, Pixels)
    assert reader.labels == ("0", "1")


def test_kinds_are_told_from_manifests(trained: Path) -> None:
    """Each of the bundled models is what it is."""
    kinds = {path.stem: load(path).kind for path in manifests()}
    known = {"letters": "letters", "letters-closed": "closed_hands", "motion": "motion"}
    assert known.items() <= kinds.items()
    assert set(kinds) - set(known) <= set(recipes.names())
    assert all(kinds[name] == "pixels" for name in set(kinds) - {*known, "dynamic"})
    assert load(trained / "counts.json").kind == "pixels"


def test_models_that_read_no_single_hand_are_refused() -> None:
    """A still holds no motion, and a part of a model reads nothing alone."""
    assert "the model 'motion' reads motion, and a photograph holds none" in said_of("motion")
    assert f"is a part of another; there are: {', '.join(names(*RUNNABLE))}" in said_of(
        "letters-closed"
    )


def test_a_copy_keeps_the_word_of_pixels_among_closed_hands(tmp_path: Path) -> None:
    """NAME-closed is looked for beside NAME, wherever that is."""
    for name in ("letters", "letters-closed"):
        for ending in ("json", "tflite"):
            content = (BUNDLED / f"{name}.{ending}").read_bytes()
            (tmp_path / f"{name}.{ending}").write_bytes(content)
    reader = open_reader(str(tmp_path / "letters"), pooled=1152)
    assert isinstance(reader, Letters)
    assert reader._closed is not None
    os.unlink(tmp_path / "letters-closed.json")
    reader = open_reader(str(tmp_path / "letters"), pooled=1152)
    assert isinstance(reader, Letters)
    assert reader._closed is None
