"""Guards the bundled models: what they once read, they go on reading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.models.manifest import BUNDLED, load
from train.data.datasets import NEVER_TRAINED, Photo, photos
from train.data.landmarks import VIEWS, join, row, to_train_on
from train.evaluate import baselines
from train.letters.alphabets import DIGITS, LETTERS

RESULTS = Path(__file__).parents[2] / "train" / "results"
BASELINES = json.loads((RESULTS / baselines.FILE).read_text())
MODELS = pytest.mark.parametrize("name", baselines.bundled())


def test_every_bundled_model_has_its_baselines() -> None:
    """A new model comes with baselines of its own, and a model that is renamed keeps its own."""
    assert [*baselines.bundled(), baselines.MOTION] == sorted(BASELINES)


@MODELS
def test_leave_out_figures_do_not_fall(name: str) -> None:
    """No figure that a manifest quotes, nor their mean, is more than a point below its
    baseline; a data set that is no longer quoted counts as a fall."""
    held = {key: figure for key, figure in BASELINES[name].items() if key != baselines.SHARE}
    assert len(held) == 8
    assert baselines.falls(held, baselines.quoted(name)) == {}


@MODELS
def test_the_mean_is_that_of_the_sets(name: str) -> None:
    """The headline is not quoted apart from what it is the mean of."""
    quoted = baselines.quoted(name)
    assert "mean" in quoted
    mean = quoted.pop("mean")
    assert mean == pytest.approx(sum(quoted.values()) / len(quoted), abs=2e-4)


@MODELS
def test_what_is_quoted_was_evaluated(name: str) -> None:
    """A manifest quotes the evaluation beside the baselines, and that is of its own recipes."""
    evaluated = json.loads((RESULTS / f"{name}.json").read_text())
    accuracies = {s: figure["accuracy"] for s, figure in evaluated["sets"].items()}
    figures = {**accuracies, "mean": evaluated["mean accuracy"]}
    assert baselines.quoted(name) == pytest.approx(figures, abs=1e-4)
    for half, recipe in ((name, "recipe"), (name + baselines.CLOSED, "closed")):
        assert load(BUNDLED / f"{half}.json").training["recipe"] == evaluated[recipe]


def test_j_and_z_do_not_fall() -> None:
    """What the motion model's manifest quotes was evaluated, of its own recipe, and neither
    letter's mean F1 is more than a point below its baseline."""
    evaluated = json.loads((RESULTS / "motion.json").read_text())
    manifest = load(BUNDLED / "motion.json")
    assert set(BASELINES[baselines.MOTION]) == {"F1 of J", "F1 of Z"}
    assert baselines.falls(BASELINES[baselines.MOTION], baselines.quoted(baselines.MOTION)) == {}
    assert manifest.figures == {name: evaluated[name] for name in manifest.figures}
    assert manifest.training["recipe"] == evaluated["recipe"]


@MODELS
@pytest.mark.slow
def test_the_shipped_file_reads_what_it_never_saw(
    name: str, hand_models: Path, shared_data: Path
) -> None:
    """The bundled model itself, from the picture on, reads photographs that no training used
    within a point of its record."""
    now = {baselines.SHARE: baselines.read_right(name, shared_data)}
    assert baselines.falls({baselines.SHARE: BASELINES[name][baselines.SHARE]}, now) == {}


def test_the_unseen_photographs_are_many_and_signed(shared_data: Path) -> None:
    """The record is of 144 photographs, every letter among them."""
    unseen = [photo for photo in photos(shared_data) if photo.path.startswith(NEVER_TRAINED)]
    assert len(unseen) == 144
    assert {photo.label for photo in unseen} <= {*LETTERS, *DIGITS}
    assert len({photo.label for photo in unseen}) >= 25


def test_training_leaves_the_unseen_photographs_out() -> None:
    """Whatever else is in a set of rows is trained on."""
    paths = [f"{NEVER_TRAINED}A/1.jpg", "letters/lee/train/A/1.jpg"]
    rows = [row(Photo(path, "A", "lee", "lee", ""), (None,) * len(VIEWS)) for path in paths]
    assert to_train_on(join(rows)).path.tolist() == paths[1:]


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
    assert set(baselines.falls({"lee": 0.9, "mean": 0.9}, now)) == fallen


SOME = st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1))


@given(SOME, SOME)
def test_baselines_are_only_raised(old: dict[str, float], now: dict[str, float]) -> None:
    """No baseline is lowered or forgotten, and what is reached now is one from now on."""
    new = baselines.raised(old, now)
    assert set(new) == set(old) | set(now)
    assert all(new[name] >= figure for name, figure in {**old, **now}.items())
    assert baselines.falls(new, new) == {}
    assert all(new[name] in (old.get(name), now.get(name)) for name in new)
