"""The commands of train and convert: they say how they are called, and what is not installed."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import UsageError

Done = subprocess.CompletedProcess[str]
ROOT = Path(__file__).parents[2]
MODULES = [path for room in ("train", "convert") for path in sorted((ROOT / room).rglob("*.py"))]
COMMANDS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for path in MODULES
    if '\nif __name__ == "__main__":' in path.read_text()
]
ON_A_DEVICE = (
    "train.data.fetch", "train.data.label", "train.evaluate.baselines", "train.letters.shapes"
)  # fmt: skip
# What the extra `train` installs: these names cannot be imported.
HIDDEN = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in {"tensorflow", "keras", "sklearn", "matplotlib", "optuna", "kagglehub", "h5py"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
"""


# Calls the commands that its arguments name, each as `python -m` does; prints what came of each.
CALLED = """
import contextlib, io, json, runpy, sys
for command in sys.argv[1:]:
    said, status = io.StringIO(), None
    sys.modules.pop(command, None)  # another command may have imported it
    sys.argv = [command, "--help"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        try:
            runpy.run_module(command, run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            status = ended.code
    print(json.dumps([command, status, said.getvalue()]))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Done]:
    """Runs Python without the libraries that training needs."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(HIDDEN)

    def run(*arguments: str) -> Done:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_the_commands_are_found() -> None:
    """A list that is empty by mistake would let every test below pass."""
    assert {"train.letters", "train.motion", "train.evaluate", "convert.quantize"} <= {*COMMANDS}
    assert {*ON_A_DEVICE} < {*COMMANDS}


def test_without_tensorflow_a_command_is_one_line(bare: Callable[..., Done]) -> None:
    """It says what is missing and what to do, and has the exit status of a usage error."""
    done = bare("-m", "train.letters", "--landmarks", "hands.npz", "--out", "out")
    assert done.stderr == "train.letters: TensorFlow is not installed; make train-setup\n"
    assert (done.returncode, done.stdout) == (UsageError.exit_code, "")


def test_without_tensorflow_nothing_is_converted(bare: Callable[..., Done], tmp_path: Path) -> None:
    """The process that converts says the same line."""
    for name in ("model.keras", "x.npz", "training.json"):
        (tmp_path / name).touch()
    files = (tmp_path / "model.keras", "--calibration", tmp_path / "x.npz")
    files += ("--out", tmp_path / "out.tflite")
    done = bare("-m", "convert.quantize", *map(str, files))
    assert done.stderr == "convert.quantize: TensorFlow is not installed; make train-setup\n"
    assert done.returncode == UsageError.exit_code


def test_every_command_does_so_or_needs_none(bare: Callable[..., Done]) -> None:
    """Commands that download, or run bundled models only, work without TensorFlow."""
    done = bare("-c", CALLED, *COMMANDS)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [command for command, *_ in found] == COMMANDS, done.stderr
    for command, status, said in found:
        if command in (*ON_A_DEVICE, "convert.quantize"):  # its child process needs TensorFlow
            assert (status, said) == (0, ""), command
        else:
            assert said == f"{command}: TensorFlow is not installed; make train-setup\n"
            assert status == UsageError.exit_code


def test_another_importer_can_catch_it(bare: Callable[..., Done]) -> None:
    """A program that imports a recipe is not ended by it."""
    done = bare(
        "-c",
        "from edge.errors import UsageError\n"
        "try:\n    import train.recipes.digits\n"
        "except UsageError as error:\n    print(error)\n",
    )
    assert done.stdout == "TensorFlow is not installed; make train-setup\n"


def module_of(command: str) -> Any:
    """Imports what `python -m COMMAND` runs."""
    folder = (ROOT / command.replace(".", "/")).is_dir()
    return importlib.import_module(f"{command}.__main__" if folder else command)


@pytest.mark.tensorflow
@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_the_command(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--help says how to call it, by the name that it has now, and in one sentence what it does."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    module = module_of(command)
    monkeypatch.setattr(sys, "argv", [command, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert f"usage: python -m {command} " in said
    assert module.SUMMARY.split()[0] in said
    assert f"python -m {command} " in (module.__doc__ or "")


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("command", "wrong", "message"),
    [
        ("train.data.label --data . --out out", "--processes 0", "--processes is 0"),
        ("train.data.label --data . --out out", "--limit -5", "--limit is -5"),
        ("train.letters --landmarks none.npz --out out", "--epochs 0", "--epochs is 0"),
        ("train.letters --landmarks none.npz --out out", "", "none.npz holds no labelled"),
        ("train.letters --landmarks none.npz --out out", "--seed -1", "--seed is -1"),
        ("train.letters.closed --landmarks none.npz --out out", "--seed -1", "--seed is -1"),
        ("train.letters.doubtful --data .", "", "no landmark collections"),
        ("train.letters.shapes --data . --out x.json", "", "no landmark collections"),
        ("train.motion --data . --out out", "", "no recorded motions"),
        ("train.motion --data . --out out", "--seed -1", "--seed is -1"),
        ("train.sequences --data . --out out", "", "the word signs"),
        ("train.sequences --data . --out out", "--parts 0", "--parts is 0"),
        ("train.sequences --data . --out out", "--steps 0", "--steps is 0"),
        ("train.evaluate --landmarks none.npz --out out", "", "none.npz holds no labelled"),
        ("train.evaluate --landmarks none.npz --out out", "--processes 0", "--processes is 0"),
        ("train.evaluate.robustness --data . --out out", "--photographs 0", "--photographs is 0"),
        ("train.evaluate.robustness --data . --out out", "", "no data set of photographs"),
        ("train.evaluate.baselines --data . --out out", "", "no data set of photographs"),
    ],
)
def test_a_mistake_is_one_line(
    command: str,
    wrong: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit status 2, one line that begins with the command's name, and nothing is written."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    name, *arguments = f"{command} {wrong}".split()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    assert module_of(name).main() == UsageError.exit_code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{name}: ")
    assert message in line
    assert not list(tmp_path.iterdir())
