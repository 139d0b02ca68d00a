"""The command line as a user meets it: every wrong use is one line and the right exit code.

Most commands run in this process; those that end as only a process can have one of their own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge import detectors, plugins, sinks, sources
from tests.support.command_line import (
    ROOT,
    TIMEOUT_S,
    command,
    environment,
    fault,
    fingerspell,
    started,
)

# --- usage


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sing"],
        ["run", "--hands", "3"],
        ["run", "--threads", "two"],
        ["run", "--alphabet", "greek"],
        ["run", "--colour", "red"],
        ["read"],
        ["devices", "all"],
    ],
)
def test_wrong_flags_end_with_2(arguments: list[str]) -> None:
    """What the parser refuses is shown below its usage, without a traceback."""
    done = fingerspell(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert "error: " in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["doctor", "--help"]])
def test_help_is_no_failure(arguments: list[str]) -> None:
    """It goes to stdout."""
    done = fingerspell(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: fingerspell")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--version"], 0), (["sing"], 2), (["run", "--source", "usb:99"], 3)],
)
def test_a_process_of_its_own_says_and_returns_the_same(arguments: list[str], code: int) -> None:
    """As a shell starts it: `fingerspell` is what the tests here call."""
    there, here = started(*arguments), fingerspell(*arguments)
    assert there.returncode == here.returncode == code
    assert (there.stdout, there.stderr) == (here.stdout, here.stderr)


def test_help_names_every_plug_in() -> None:
    """A source, sink or detector is in the help as soon as its file is there, unless it hides."""
    told = fingerspell("run", "--help").stdout
    for room in (sources, sinks, detectors):
        shown = set(plugins.shown_names(room.__path__))
        assert {name for name in plugins.names(room.__path__) if name in told} == shown


def test_the_version_is_one_line() -> None:
    """It is that of the installed package; a folder that was not installed says so."""
    done = fingerspell("--version")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert line == "not installed" or line[0].isdecimal()


# --- what cannot be opened


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--source", "usb:99"], 3, "there is no camera usb:99"),
        (["--source", "usb:front"], 2, "no camera number"),
        (["--source", "cam:0"], 2, "names no source"),
        (["--source", "0"], 2, "did you mean usb:0?"),
        (["--source", "http://host/video"], 2, "did you mean video:http://host/video?"),
        (["--source", "video:/no/such.mp4"], 2, "there is no file '/no/such.mp4'"),
        (["--source", "images:/no/such"], 2, "there is no folder '/no/such'"),
        (["--source", "signer:"], 2, "no text to spell"),
        (["--source", "signer:HELLO, YOU"], 2, "cannot spell ','"),
        (["--source", "signer:A?speed=fast"], 2, "option speed=fast is wrong"),
        (["--source", "signer:A?sped=1"], 2, "no option 'sped'"),
        (["--detector", "haar"], 2, "there is no detector 'haar'"),
        (["--detector", "truth:full"], 2, "takes no options"),
        (["--detector", "mediapipe:huge"], 2, "auto, full and lite, not 'huge'"),
        (["--sink", "tape:-"], 2, "there is no sink 'tape'"),
        (["--sink", "jsonl:/no/such/folder/out.jsonl"], 5, "cannot write to"),
        (["--model", "no_such_model"], 2, "there is no model 'no_such_model'; there are: "),
        (["--max-seconds", "-1"], 2, "max_seconds is -1"),
        (["--threads", "-1"], 2, "threads is -1"),
        (["--config", "/no/such.toml"], 2, "cannot read the configuration"),
    ],
)
def test_what_cannot_be_had_is_one_line(arguments: list[str], code: int, said: str) -> None:
    """It says what is wrong, before anything has been read, and nothing goes to stdout."""
    rest = [] if "--source" in arguments else ["--source", "signer:A"]
    rest += [] if "--detector" in arguments else ["--detector", "truth"]
    done = fingerspell("run", *arguments, *rest)
    assert said in fault(done, code)
    assert done.stdout == ""


@pytest.fixture
def no_video(tmp_path: Path) -> Path:
    """A file that ends in .mp4 and is none."""
    path = tmp_path / "no_video.mp4"
    path.write_bytes(np.random.default_rng(1).bytes(20_000))
    return path


def test_a_video_that_is_no_video(no_video: Path) -> None:
    """Neither FFmpeg nor OpenCV add lines of their own."""
    line = fault(fingerspell("run", "--source", f"video:{no_video}", "--detector", "truth"), 3)
    assert "no_video.mp4 is no video" in line


def test_an_empty_video(tmp_path: Path) -> None:
    """A download that never began."""
    (tmp_path / "empty.mp4").touch()
    done = fingerspell("run", "--source", f"video:{tmp_path}/empty.mp4", "--detector", "truth")
    assert "is empty" in fault(done, 3)


@pytest.mark.parametrize("arguments", [["run", "--source", "images:{}"], ["read", "{}"]])
def test_a_folder_without_pictures(arguments: list[str], tmp_path: Path) -> None:
    """It is a wrong use, in both commands."""
    (tmp_path / "notes.txt").write_text("no picture")
    line = fault(fingerspell(*[a.format(tmp_path) for a in arguments]), 2)
    assert str(tmp_path) in line


@pytest.mark.parametrize("arguments", [["run", "--source", "signer:A"], ["read", "a.png"]])
def test_hand_models_that_are_missing(arguments: list[str], tmp_path: Path) -> None:
    """The line says which command fetches them."""
    line = fault(fingerspell(*arguments, XDG_DATA_HOME=str(tmp_path)), 4)
    assert line.endswith("is not installed; run: make models, or fingerspell models --fetch")


def test_a_hand_model_cut_short(tmp_path: Path) -> None:
    """A file that is there and is not what it should be is no model."""
    folder = tmp_path / "fingerspell" / "models"
    folder.mkdir(parents=True)
    for name in ("palm_detection_lite", "hand_landmark_full"):
        (folder / f"{name}.tflite").write_bytes(b"TFL3" * 100)
    done = fingerspell("run", "--source", "signer:A", XDG_DATA_HOME=str(tmp_path))
    assert "fingerspell models --fetch" in fault(done, 4)
    listed = fingerspell("models", XDG_DATA_HOME=str(tmp_path))
    assert "altered or cut short" in listed.stdout
    assert "missing" in listed.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hand = 2", "there is no setting hand; did you mean hands?"),
        ("hands = '2'", "it must be a whole number"),
        ("hands", "this is not TOML"),
        ("[debounce]\nhold_ms = -1", "hold_ms"),
        ("source = 'usb:99'", "there is no camera usb:99"),
    ],
)
def test_a_wrong_configuration_file(text: str, said: str, tmp_path: Path) -> None:
    """The line names the file and the key; a source named there is opened like any other."""
    file = tmp_path / "fingerspell.toml"
    file.write_text(text)
    done = fingerspell("run", "--config", file)
    line = fault(done, 3 if "usb" in text else 2)
    assert said in line
    assert ("usb" in text) or line.startswith(str(file))


# --- what is listed, and where it goes


def test_devices_and_models_list_what_there_is() -> None:
    """Both end well, with or without a camera or the models."""
    devices, models = fingerspell("devices"), fingerspell("models")
    assert (devices.returncode, devices.stderr, models.returncode, models.stderr) == (0, "", 0, "")
    assert devices.stdout
    assert "hand_landmark_full" in models.stdout
    assert "letters  letters  ok  " in models.stdout
    assert "motion  motion  ok  " in models.stdout
    assert "    letters: A B C " in models.stdout
    assert "    digits: 0 1 2 " in models.stdout


def test_the_doctor_ends_with_1_when_a_fault_was_found(tmp_path: Path) -> None:
    """Without hand models nothing runs; the doctor says what mends that."""
    done = fingerspell("doctor", XDG_DATA_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    assert "-> run: make models, or fingerspell models --fetch" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("faults")


@pytest.mark.parametrize("arguments", ["devices", "--help"])
def test_any_output_may_be_closed(arguments: str) -> None:
    """A pipe that takes nothing leaves no complaint."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command([arguments]),
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    os.close(writer)
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    """What cannot be printed is said on stderr, once, with the exit code of sinks."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command(["devices"]),
            cwd=ROOT,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert done.returncode == 5
    assert done.stderr == "fingerspell: cannot write to stdout: No space left on device\n"
