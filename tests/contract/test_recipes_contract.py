"""What every recipe does: one suite over all the files of train/recipes, on data that the synthetic
signer makes. A new recipe is tested once MADE knows how to make its data."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from edge.recording import takes
from tests.support.examples import FULL, full_case
from tests.support.filmed import take
from tests.support.signed import class_folders, photograph, sign_csv
from train import recipes

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.slow,
    # Of Keras 3.15 with NumPy 2.4, as it reads its own learning rate.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def _sign_mnist(folder: Path) -> list[str]:
    sign_csv(folder / "sign_mnist_test.csv", "ABCY", 12)
    return ["--epochs", "1"]


def _digits(folder: Path) -> list[str]:
    class_folders(folder / "Dataset", "0159", 6)
    return ["--epochs", "1", "--side", "32"]


def _alphabet_transfer(folder: Path) -> list[str]:
    class_folders(folder / "asl_alphabet_train", ("A", "B", "del", "nothing"), 6)
    return ["--epochs", "1", "--side", "32", "--backbone", "own", "--weights", "none"]


def _a_to_i(folder: Path) -> list[str]:
    class_folders(folder, "ABF", 6)
    return ["--epochs", "1", "--side", "32", "--backbone", "own", "--weights", "none"]


def _dynamic(folder: Path) -> list[str]:
    for name in ("J", "hello"):
        for seed in range(15):
            takes.save(take(name, seed), folder / name / f"{seed + 1:03}.npz")
    return ["--epochs", "1", "--limit", "5"]


MADE: dict[str, Callable[[Path], list[str]]] = {
    "sign_mnist": _sign_mnist,
    "digits": _digits,
    "alphabet_transfer": _alphabet_transfer,
    "a_to_i": _a_to_i,
    "dynamic": _dynamic,
}


# What all recipes of pictures share, the quick profile tries with one of them.
QUICK = ("digits",)


@pytest.fixture(scope="module", autouse=True)
def training_begins_at_once() -> Iterator[None]:
    """Steps of training run one operation after another, where a graph takes longer to build than
    these few steps take. The full profile builds the graphs, as a real training does."""
    if FULL or find_spec("tensorflow") is None:
        yield
        return
    from keras.src.trainers.trainer import Trainer

    with pytest.MonkeyPatch.context() as monkeypatch:
        eager = property(lambda _: True, lambda _, value: None)
        monkeypatch.setattr(Trainer, "run_eagerly", eager)
        yield


def run(name: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Runs a recipe as its command line does; returns the exit status."""
    module = importlib.import_module(f"train.recipes.{name}")
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    status: int = module.main()
    return status


@dataclass
class Done:
    """A recipe that has run: its name, data, results and the other arguments."""

    name: str
    data: Path
    out: Path
    more: list[str]
    said: str


@pytest.fixture(scope="module", params=recipes.names())
def done(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, hand_models: Path
) -> Done:
    """Each recipe once, on a few pictures for one epoch."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    name: str = request.param
    data, out = tmp_path_factory.mktemp(name), tmp_path_factory.mktemp(f"{name}-out")
    more = MADE[name](data)
    with pytest.MonkeyPatch.context() as monkeypatch:
        said: list[str] = []
        monkeypatch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(words)))
        assert run(name, monkeypatch, "--data", str(data), "--out", str(out), *more) == 0, said
    return Done(name, data, out, more, "\n".join(said))


def test_it_ends_in_a_model_its_facts_and_a_report(done: Done) -> None:
    """A Keras model, an int8 model with its manifest, figures, and a page with plots."""
    from edge import models
    from edge.models.manifest import open_model

    assert (done.out / f"{done.name}.keras").is_file()
    path = models.find(str(done.out / done.name))
    manifest, model = open_model(path)
    assert model.inputs[0].dtype.name == model.outputs[0].dtype.name == "int8"
    assert manifest.training
    figures = json.loads((done.out / "figures.json").read_text())
    assert figures["parity"]
    page = (done.out / "report.html").read_text()
    assert f"fingerspell run --model {done.out / done.name}" in page
    assert "<table>" in page


def test_it_says_how_to_run_it(done: Done) -> None:
    """The last line is the command that reads live with the new model."""
    assert done.said.splitlines()[-1] == f"next: fingerspell run --model {done.out / done.name}"


def test_the_model_reads_live(done: Done, tmp_path: Path) -> None:
    """The edge loop runs it on the signer, to the end."""
    from edge.commands.cli import main

    source = "signer:AB?fps=10&size=320x240"
    model = str(done.out / done.name)
    sink = tmp_path / "events.jsonl"
    assert main(["run", "--source", source, "--sink", f"jsonl:{sink}", "--model", model]) == 0
    lines = [json.loads(line) for line in sink.read_text().splitlines()]
    assert lines[0]["event"] == "hand"
    assert lines[-1]["event"] == "end"


def test_the_model_reads_photographs(
    done: Done, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`fingerspell read` tells a label of its own of a hand; a model of motion says it cannot."""
    import cv2

    from edge.commands.cli import main
    from edge.models.manifest import load

    path = tmp_path / "a.png"
    cv2.imwrite(str(path), cv2.cvtColor(photograph("B", 3), cv2.COLOR_RGB2BGR))
    manifest = load(done.out / f"{done.name}.json")
    status = main(["read", str(path), "--model", str(done.out / done.name)])
    told = capsys.readouterr()
    if not manifest.alphabets:
        assert status == 2
        assert len(told.err.splitlines()) == 1
        return
    assert status == 0
    (hand,) = json.loads(told.out)["hands"]
    assert hand["label"] in manifest.labels


def test_a_finished_run_is_not_trained_again(
    done: Done, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--resume after the end gives the same model, at once."""
    if done.name not in QUICK and not FULL:
        pytest.skip("make test-full runs it")
    before = json.loads((done.out / "figures.json").read_text())
    args = ["--data", str(done.data), "--out", str(done.out), *done.more, "--resume"]
    assert run(done.name, monkeypatch, *args) == 0
    assert "step" not in capsys.readouterr().out
    after = json.loads((done.out / "figures.json").read_text())
    assert after | {"cost": None} == before | {"cost": None}


@pytest.mark.parametrize("name", recipes.names())
@pytest.mark.parametrize(
    "wrong", [("--data", "nowhere"), ("--epochs", "0"), ("--limit", "-1")], ids=lambda w: w[0]
)
def test_what_makes_no_sense_is_one_line(
    name: str,
    wrong: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No traceback, exit status 2, and nothing is written."""
    args = {"--data": str(tmp_path), "--out": str(tmp_path / "out")} | dict([wrong])
    assert run(name, monkeypatch, *(word for pair in args.items() for word in pair)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


BROWSED = ["--epochs", "1", "--side", "32", "--weights", "none"]


@pytest.mark.usefixtures("hand_models")
def test_backbones_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One table of all; a stranger's pictures judge them, and what cannot be read there is named;
    one that cannot begin is left out."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    data = class_folders(tmp_path / "data", "AB", 6)
    other = class_folders(tmp_path / "other", "AB", 5, first_seed=50)
    (other / "A" / "0.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    args = ["--data", str(data), "--out", str(out), *BROWSED, "--unseen", str(other)]
    assert run("alphabet_transfer", monkeypatch, *args, "--backbone", "own,alexnet") == 0
    assert "alexnet is left out: alexnet needs pictures of 63 px" in capsys.readouterr().err
    page = (out / "report.html").read_text()
    assert "<td>own</td>" in page
    figures = json.loads((out / "own" / "figures.json").read_text())
    assert figures["splits"]["strangers"]["photographs"] == 9
    assert "other/A/0.png" in (out / "own" / "report.html").read_text()


@pytest.mark.usefixtures("hand_models")
def test_settings_are_searched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So many trials in all, those before counted with --resume; the best settings are used; own
    textures are read; mistakes are told before anything is trained."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    data = class_folders(tmp_path / "data", "AB", 6)
    out = tmp_path / "out"
    args = ["--data", str(data), "--out", str(out), *BROWSED, "--backbone", "own"]
    args += ["--search-epochs", "1", "--textures", str(data / "A")]
    assert run("a_to_i", monkeypatch, *args, "--search", "1") == 0
    assert run("a_to_i", monkeypatch, *args, "--search", "2", "--resume") == 0
    assert "2 trials" in (out / "report.html").read_text()
    capsys.readouterr()
    for wrong in (["--backbone", "owl"], ["--weights", "none.keras"], ["--textures", "nowhere"]):
        assert run("a_to_i", monkeypatch, *args, *wrong, "--search", "2") == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize(
    ("name", "labels"),
    [full_case("alphabet_transfer", "AB"), full_case("a_to_i", "AB"), ("digits", "01")],
)
def test_a_data_sets_own_split_is_trained_with(
    name: str,
    labels: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What lies in train and valid is learnt from, and what lies in test alone judges the model."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    many = {"train": (7, 6), "valid": (5, 5), "test": (3, 4)}  # of each class
    for seed, (part, counts) in enumerate(many.items()):
        for label, each in zip(labels, counts, strict=True):
            class_folders(tmp_path / "set" / part, label, each, first_seed=20 * seed)
    args = ["--data", str(tmp_path / "set"), "--out", str(tmp_path / "out"), "--epochs", "1"]
    args += ["--side", "32", "--crop", "whole"]
    if name != "digits":
        args += ["--backbone", "own", "--weights", "none"]
    if name == "a_to_i":
        args += ["--textures", "none"]  # which hands are cut out for: it takes most of the time
    assert run(name, monkeypatch, *args) == 0
    assert "learnt from train and valid, judged by test" in capsys.readouterr().err
    (split,) = json.loads((tmp_path / "out" / "figures.json").read_text())["splits"].values()
    assert split["trained on"] == sum(many["train"]) + sum(many["valid"])
    judged = {label: split["classes"][label]["photographs"] for label in labels}
    assert judged == dict(zip(labels, many["test"], strict=True))
