"""Gestures of one's own: takes become a model that reads them, and bad takes a clear line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("tensorflow", reason="training is done on a workstation, with TensorFlow")

from edge.assembly import open_stages
from edge.config import Config
from edge.errors import UsageError
from edge.hands.tracking import Tracked
from edge.models.manifest import load
from edge.recognise.rules.motion import Motion
from edge.recognise.rules.trajectory import ANY, J_AND_Z
from edge.recording import takes
from edge.sources import open_source
from edge.types import Event, Frame, Hand
from tests.support.examples import full_only
from tests.support.filmed import drawn, film, waved
from tests.support.gestures import of, recorded
from train.motion import bags as cutting
from train.motion.bags import vocabulary_of
from train.motion.trajectories import Take, made

pytestmark = pytest.mark.tensorflow

Floats = npt.NDArray[np.float32]


# What a device and a training make of a take.


class Recorder:
    """Stands between Motion and its model, and keeps the windows that the model gets."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.windows: list[Floats] = []

    def run(self, windows: Floats) -> Any:
        self.windows.append(windows[0])
        return self._model.run(windows)


@pytest.mark.parametrize("left", [False, True])
def test_training_cuts_the_windows_of_a_device(
    model: Path, left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The windows of one take, bit for bit, at the same moments: both run the same code."""
    acts = drawn("J", 0.8)
    seen = film((1.0, acts[1][1]), *acts[1:4], (1.0, acts[3][1]), fps=25, left=left, seed=5)
    motion = Motion(model, on=2.0)  # so that nothing is read, which would end a trajectory
    recorder = Recorder(motion._model)
    monkeypatch.setattr(motion, "_model", recorder)
    for t_ns, hand in seen:
        motion.update(t_ns, hand)
    monkeypatch.setattr(cutting, "ENDS", 1000)
    t_ms = np.array([t_ns / 1e6 for t_ns, _ in seen])
    landmarks = np.stack([hand.landmarks for _, hand in seen])
    whole = Take(t_ms, landmarks, left, "J", "today")
    cut = cutting.cut_windows(whole, np.random.default_rng(1), ANY)
    assert cut is not None
    np.testing.assert_array_equal(cut[0], np.stack(recorder.windows))
    assert 20 < len(recorder.windows) < len(seen) - 5  # the gate has stopped some


# The recipe, whole.


def recipe(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    from train.recipes import dynamic

    monkeypatch.setattr("sys.argv", ["dynamic", *map(str, arguments)])
    return dynamic.main()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """J and a wave, four sittings of each."""
    folder = tmp_path_factory.mktemp("gestures")
    recorded(folder, "J", "hello", sittings=lambda seed: f"sitting {seed % 4}")
    (folder / "hello" / "999.npz").write_bytes(b"cut short")
    return folder


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the recipe makes of a few of them."""
    folder = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as monkeypatch:
        given = ("--data", data, "--out", folder, "--limit", "5", "--epochs", "2")
        assert recipe(monkeypatch, *given) == 0
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a model that has learnt J and a wave, as the recipe trains it but smaller."""
    from train.motion import fit as motion_fit
    from train.motion.figures import int8

    own = vocabulary_of(["J", "hello"])
    some = [of(name, seed) for name in own.gestures for seed in range(takes.LEAST)]
    plan = motion_fit.Recipe(made=40, sets=2, epochs=80, batch=16)
    sets = motion_fit.bags_of([*some, *made(plan.made, 1, ("letter", "rest"))], plan, own)
    folder = tmp_path_factory.mktemp("model")
    trained, _ = motion_fit.fit(sets, plan, own)
    motion_fit.save(trained, sets, folder, motion_fit.manifest_fields(sets, plan, {}, own))
    return int8(folder)


def test_it_ends_in_what_every_recipe_ends_in(out: Path) -> None:
    """A Keras model, an int8 one with its manifest, figures and a page that needs no other file."""
    there = {path.name for path in out.iterdir()}
    assert {"dynamic.keras", "dynamic.tflite", "dynamic.json", "figures.json"} <= there
    manifest = load(out / "dynamic.json")
    assert manifest.labels == ("J", "hello", "none")
    assert manifest.features == ANY.version
    assert manifest.inputs[0].dtype == "int8"
    figures = json.loads((out / "figures.json").read_text())
    assert figures["takes"] == {"J": 5, "hello": 5, "none": 0}
    assert len(figures["unread"]) == 1
    for name in ("J", "hello"):
        of_it = figures["held out"][name]
        assert set(of_it) >= {"precision", "recall", "f1", "right", "missed", "false"}
        assert manifest.figures[f"F1 of {name}, held out"] == of_it["f1"]
        assert of_it["right"] + of_it["missed"] == 1
    assert np.sum(figures["held out"]["confusion"]) == 2
    assert figures["parity"]["agreement"] > 0.95
    assert figures["no gesture"]["hands of the skeleton"]["minutes"] > 0.5
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64") == 4
    assert "999.npz" in page
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_the_model_reads_what_it_learnt_live(model: Path) -> None:
    """Through the whole runtime, takes that it never saw: a letter, and a word of its own."""
    stages = open_stages(Config(detector="truth", model=str(model)), open_source("signer:A"))
    events: list[Event] = []
    gap_s, start_s = 3.0, 0.0
    seen: list[tuple[int, Hand | None]] = []
    for acts in (drawn("J", 0.9)[1:4], waved(99), drawn("J", 0.8)[1:4]):
        some = film(*acts, seed=98)
        seen += [(t_ns + round(start_s * 1e9), hand) for t_ns, hand in some]
        start_s = seen[-1][0] / 1e9
        seen += [(round((start_s + i / 30) * 1e9), None) for i in range(1, int(gap_s * 30))]
        start_s += gap_s
    picture = np.zeros((48, 64, 3), np.uint8)
    frames = [Frame(picture, i, t_ns) for i, (t_ns, _) in enumerate(seen)]
    stages.tracker = _Seen(hand for _, hand in seen)  # type: ignore[assignment]
    for result in stages.results(frames):
        events += result.events
    read = [(event.kind, event.label) for event in events if event.kind != "hand"]
    assert read == [
        ("letter", "J"), ("word", "J"), ("space", " "),
        ("letter", "hello"), ("word", "hello"), ("space", " "),
        ("letter", "J"), ("word", "J"), ("space", " "),
    ]  # fmt: skip
    assert stages.end(frames[-1].t_ns) == ()
    assert stages.text == "J hello J"


def test_a_wave_that_goes_on_is_read_once(model: Path) -> None:
    """However long a hand waves, it has waved once; after a rest it may wave again."""
    motion = Motion(model)
    long = waved(7, swings=6)
    for acts, times in ((long, 1), ([*long, (1.0, long[-1][1]), *long], 2)):
        motion.update(0, None)
        motion.update(-1_000_000_000, None)
        read = [motion.update(t_ns, hand) for t_ns, hand in film(*acts, seed=7)]
        assert [found.label for found in read if found] == ["hello"] * times


class _Seen:
    """Hands that were made beforehand, in the place of edge.hands.tracking.Tracker."""

    models = ()

    def __init__(self, hands: Any) -> None:
        self._hands = hands

    def update(self, frame: Frame, patience: float) -> Tracked:
        hand = next(self._hands)
        return Tracked((hand,) if hand else (), None)


def test_a_killed_training_goes_on_to_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after any epoch and resumed, it ends with the very weights that it would have had."""
    from train.motion import fit as motion_fit

    own = vocabulary_of(["J", "hello"])
    some = [of(name, seed) for name in own.gestures for seed in range(6)]
    plan = motion_fit.Recipe(epochs=4, sets=2, batch=4)
    sets = motion_fit.bags_of(some, plan, own)
    whole, curves = motion_fit.fit(sets, plan, own, held_out=sets[0])
    file = tmp_path / "checkpoint.npz"
    keep = motion_fit._save

    def killed(path: Path, key: str, state: Any, now: motion_fit.Curves) -> None:
        keep(path, key, state, now)
        if len(now.loss) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(motion_fit, "_save", killed)
    with pytest.raises(KeyboardInterrupt):
        motion_fit.fit(sets, plan, own, held_out=sets[0], checkpoint=file)
    monkeypatch.setattr(motion_fit, "_save", keep)
    resumed, again = motion_fit.fit(sets, plan, own, held_out=sets[0], checkpoint=file, resume=True)
    assert again == curves
    for mine, theirs in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(UsageError, match="of other takes or settings"):
        motion_fit.fit(sets, replace(plan, seed=2), own, checkpoint=file, resume=True)
    file.write_bytes(b"cut short")
    with pytest.raises(UsageError, match="no checkpoint"):
        motion_fit.fit(sets, plan, own, checkpoint=file, resume=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--limit", "1"], "--limit is 1"),
        (["--limit", "-2"], "--limit is -2"),
        (["--epochs", "0"], "--epochs is 0"),
        (["--data", "nowhere"], "there is no folder"),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    data: Path, given: list[str], said: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Exit code 2, and nothing is written."""
    assert recipe(monkeypatch, "--data", data, "--out", tmp_path / "out", *given) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert error.startswith("train.recipes.dynamic: ")
    assert "\n" not in error
    assert not (tmp_path / "out").exists()


def test_a_disk_that_is_full_is_one_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A checkpoint that cannot be written ends it, and nothing half-written is left."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.files.os.replace", full)
    given = ("--data", data, "--out", tmp_path, "--limit", "5", "--epochs", "1")
    assert recipe(monkeypatch, *given) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@full_only
def test_one_gesture_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against what is none; takes of "none" help."""
    recorded(tmp_path / "data", "hello")
    recorded(tmp_path / "data", "none", count=4)
    out = tmp_path / "out"
    given = ("--data", tmp_path / "data", "--out", out, "--limit", "5", "--epochs", "2")
    assert recipe(monkeypatch, *given) == 0
    assert load(out / "dynamic.json").labels == ("hello", "none")
    assert f"next: fingerspell run --model {out / 'dynamic'}" in capsys.readouterr().out


@full_only
@pytest.mark.slow
def test_j_and_z_of_collections_are_learnt(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """shared/data itself is a set of gestures: whole collections are held out."""
    given = ("--data", shared_data, "--out", tmp_path, "--limit", "20", "--epochs", "2")
    assert recipe(monkeypatch, *given) == 0
    manifest = load(tmp_path / "dynamic.json")
    assert manifest.labels == ("J", "Z", "none")
    assert manifest.features == J_AND_Z.version
    assert "whole collections" in json.loads((tmp_path / "figures.json").read_text())["how"]
