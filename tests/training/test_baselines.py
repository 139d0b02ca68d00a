"""Guards the bundled models: what they were once worth, they stay worth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.models.manifest import BUNDLED, load
from train.data.datasets import photos
from train.evaluate import baselines as floors
from train.letters.alphabets import DIGITS, LETTERS

RESULTS = Path(__file__).parents[2] / "train" / "results"
FLOORS = json.loads((RESULTS / "floors.json").read_text())
MODELS = pytest.mark.parametrize("name", floors.bundled())


def test_every_bundled_model_has_its_floors() -> None:
    """A new model comes with floors of its own, and none of them is let go with its name."""
    assert [*floors.bundled(), floors.MOTION] == sorted(FLOORS)


@MODELS
def test_leave_out_figures_do_not_fall(name: str) -> None:
    """No figure that a manifest quotes, nor their mean, is more than a point under its floor; a
    data set that is no longer quoted is a fall too."""
    held = {figure: floor for figure, floor in FLOORS[name].items() if figure != floors.SHARE}
    assert len(held) == 8
    assert floors.falls(held, floors.quoted(name)) == {}


@MODELS
def test_the_mean_is_that_of_the_sets(name: str) -> None:
    """The headline is not quoted apart from what it is the mean of."""
    quoted = floors.quoted(name)
    assert "mean" in quoted
    mean = quoted.pop("mean")
    assert mean == pytest.approx(sum(quoted.values()) / len(quoted), abs=2e-4)


@MODELS
def test_what_is_quoted_was_evaluated(name: str) -> None:
    """A manifest quotes the evaluation that is kept beside the floors, and of its own recipes."""
    evaluated = json.loads((RESULTS / f"{name}.json").read_text())
    accuracies = {s: figure["accuracy"] for s, figure in evaluated["sets"].items()}
    told = {**accuracies, "mean": evaluated["mean accuracy"]}
    assert floors.quoted(name) == pytest.approx(told, abs=1e-4)
    for half, recipe in ((name, "recipe"), (name + floors.CLOSED, "closed")):
        assert load(BUNDLED / f"{half}.json").training["recipe"] == evaluated[recipe]


def test_j_and_z_do_not_fall() -> None:
    """What the motion model's manifest quotes was evaluated, of its own recipe, and neither
    letter's mean F1 is more than a point under its floor."""
    evaluated = json.loads((RESULTS / "motion.json").read_text())
    manifest = load(BUNDLED / "motion.json")
    assert set(FLOORS[floors.MOTION]) == {"F1 of J", "F1 of Z"}
    assert floors.falls(FLOORS[floors.MOTION], floors.quoted(floors.MOTION)) == {}
    assert manifest.figures == {name: evaluated[name] for name in manifest.figures}
    assert manifest.training["recipe"] == evaluated["recipe"]


@MODELS
@pytest.mark.slow
def test_the_shipped_file_reads_what_it_never_saw(
    name: str, hand_models: Path, shared_data: Path
) -> None:
    """The bundled model itself, from the picture on, reads photographs that no training used
    within a point of its record."""
    now = {floors.SHARE: floors.read_right(name, shared_data)}
    assert floors.falls({floors.SHARE: FLOORS[name][floors.SHARE]}, now) == {}


def test_the_unseen_photographs_are_many_and_signed(shared_data: Path) -> None:
    """The record is of 144 photographs, every letter among them."""
    unseen = [photo for photo in photos(shared_data) if photo.path.startswith(floors.UNSEEN)]
    assert len(unseen) == 144
    assert {photo.label for photo in unseen} <= {*LETTERS, *DIGITS}
    assert len({photo.label for photo in unseen}) >= 25


@pytest.mark.tensorflow
def test_the_unseen_photographs_are_those_that_training_leaves_out() -> None:
    """What the record is read from is what the recipe sets aside."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    from train.letters import __main__ as letters

    assert letters.VALIDATION == floors.UNSEEN


@pytest.mark.parametrize(
    ("now", "fallen"),
    [
        ({"lee": 0.9, "mean": 0.9}, set()),
        ({"lee": 0.89, "mean": 0.95}, set()),
        ({"lee": 0.889, "mean": 0.9}, {"lee"}),
        ({"mean": 0.88}, {"lee", "mean"}),
    ],
)
def test_a_fall_is_more_than_a_point(now: dict[str, float], fallen: set[str]) -> None:
    """A point is let pass, more is not, and neither is a figure that is no longer there."""
    assert set(floors.falls({"lee": 0.9, "mean": 0.9}, now)) == fallen


SOME = st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1))


@given(SOME, SOME)
def test_floors_are_only_raised(old: dict[str, float], now: dict[str, float]) -> None:
    """No floor is lowered or forgotten, and what is reached now is held from now on."""
    new = floors.raised(old, now)
    assert set(new) == set(old) | set(now)
    assert all(new[name] >= floor for name, floor in {**old, **now}.items())
    assert floors.falls(new, new) == {}
    assert all(new[name] in (old.get(name), now.get(name)) for name in new)
