"""The command line as a user meets it: every wrong use is one line and the right exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge import detectors, sinks, sources
from edge.service import true_interrupts
from tests.tiny_model import classifier, save

ROOT = Path(__file__).parents[1]
LIVE = "signer:HELLO?loop=yes&live=yes"
TIMEOUT_S = 60


def command(arguments: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "edge", *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """The environment without a screen, so that a run writes JSON lines."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | changes


def fingerspell(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end; `changes` are of the environment."""
    return subprocess.run(
        command(arguments),
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on until it is told to end."""
    process = subprocess.Popen(
        command(arguments),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def fault(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on stderr of a command that failed with this exit code."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("fingerspell: ")
    return line.removeprefix("fingerspell: ")


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def no_video(tmp_path: Path) -> Path:
    """A file that ends in .mp4 and is none."""
    path = tmp_path / "no_video.mp4"
    path.write_bytes(np.random.default_rng(1).bytes(20_000))
    return path


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


def test_help_names_every_plug_in() -> None:
    """A new source, sink or detector is in the help as soon as its file is there."""
    told = fingerspell("run", "--help").stdout
    assert all(name in told for name in (*sources.names(), *sinks.names(), *detectors.names()))


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


# --- a run, and its end


def test_a_run_tells_events_and_ends(tmp_path: Path) -> None:
    """Flags beat the file; the last line is the end, with every frame counted."""
    file = tmp_path / "fingerspell.toml"
    file.write_text('source = "usb:99"\ndetector = "truth"\n')
    done = fingerspell("run", "--config", file, "--source", "signer:A", "--sink", "jsonl:-")
    assert (done.returncode, done.stderr) == (0, "")
    *told, end = events(done.stdout)
    assert (told[0]["event"], told[0]["label"]) == ("hand", "found")
    assert end.keys() == {"event", "text", "frames", "dropped"}
    assert (end["event"], end["dropped"]) == ("end", 0)
    assert end["frames"] > 10


def test_max_seconds_ends_a_run() -> None:
    """A source without an end is left after that time, as if it had ended."""
    start = time.monotonic()
    done = fingerspell("run", "--source", LIVE, "--detector", "truth", "--max-seconds", "0.5")
    assert (done.returncode, done.stderr) == (0, "")
    assert events(done.stdout)[-1]["event"] == "end"
    assert time.monotonic() - start >= 0.5


def test_ctrl_c_ends_a_run_in_order() -> None:
    """The end is still told, then one line; the exit code is a shell's for Ctrl-C."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        assert first["label"] == "found"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (130, "fingerspell: stopped\n")
    assert events(out)[-1]["event"] == "end"


def test_sigterm_ends_a_run_in_order() -> None:
    """A service that is stopped has not failed."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (0, "")
    assert events(out)[-1]["event"] == "end"


@pytest.mark.parametrize("library", ["_multiarray_umath", "cv2.abi3", "_pywrap"])
def test_ctrl_c_while_libraries_are_loaded_is_one_line(library: str) -> None:
    """However early it comes, there is no traceback: numpy, OpenCV and LiteRT take a while."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        maps = Path(f"/proc/{process.pid}/maps")
        deadline = time.monotonic() + TIMEOUT_S
        while library not in maps.read_text():
            assert time.monotonic() < deadline, f"it never loaded {library}"
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (130, "fingerspell: stopped\n")
    assert not out or events(out)[-1]["event"] == "end"


def test_a_run_whose_reader_goes_away_ends_quietly() -> None:
    """As in `fingerspell run | head -1`."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT_S) == 0


@pytest.mark.parametrize("arguments", ["devices", "models", "doctor", "--help", "--version"])
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


def test_the_file_of_a_run_is_whole(tmp_path: Path) -> None:
    """Each of its lines is JSON, and stdout stays empty."""
    path = tmp_path / "out.jsonl"
    done = fingerspell(
        "run", "--source", "signer:A", "--detector", "truth", "--sink", f"jsonl:{path}"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert events(path.read_text())[-1]["event"] == "end"


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_a_run_needs_neither_stdin_nor_stderr(closed: str) -> None:
    """Nor does a file that is opened take their place, to be written to by libraries."""
    words = command(["run", "--source", "faulty:A?fault=end&after=2", "--detector", "truth"])
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *words, "--sink", "jsonl:-"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0
    assert "A" in [e.get("label") for e in events(done.stdout) if e["event"] == "letter"]


# --- read


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: the signer's B, a scene without a hand, and two files that are no pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    frames = sources.open_source("signer:B").frames()
    rgb = next(frame.rgb for frame in frames if frame.truth and frame.truth.label == "B")
    cv2.imwrite(str(folder / "a_hand.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    cv2.imwrite(str(folder / "b_none.png"), np.full((120, 160, 3), 90, np.uint8))
    (folder / "c_empty.jpg").touch()
    (folder / "d_text.png").write_text("no picture")
    return folder


def test_read_tells_of_each_picture_and_goes_on(pictures: Path, hand_models: object) -> None:
    """A line each in the order of names; one that cannot be read says why, and the status is 1."""
    done = fingerspell("read", pictures)
    assert (done.returncode, done.stderr) == (1, "")
    hand, none, empty, text = events(done.stdout)
    assert [Path(line["path"]).name for line in (hand, none, empty, text)] == [
        "a_hand.png", "b_none.png", "c_empty.jpg", "d_text.png"
    ]  # fmt: skip
    assert none["hands"] == []
    assert "empty" in empty["error"]
    assert "hands" not in text
    (found,) = hand["hands"]
    assert found.keys() == {
        "label", "score", "top", "box_px", "landmarks_px", "handedness"
    }  # fmt: skip
    assert found["top"][0] == [found["label"], found["score"]]
    assert np.shape(found["landmarks_px"]) == (21, 2)
    assert len(found["box_px"]) == 4


@pytest.mark.parametrize(("alphabet", "other"), [("both", "2"), ("letters", None)])
def test_read_tells_what_else_a_shape_may_be(
    alphabet: str, other: str | None, tmp_path: Path, hand_models: object
) -> None:
    """A V is a 2 as well where both are read; a still has no word around it that could decide."""
    for frame in sources.open_source("signer:V?seed=1&fps=10").frames():
        if frame.truth and frame.truth.label == "V":
            break
    bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(tmp_path / "v.png"), bgr)
    done = fingerspell("read", tmp_path / "v.png", "--alphabet", alphabet)
    ((found,),) = (line["hands"] for line in events(done.stdout))
    assert found["label"] == "V"
    assert found.get("or") == other


def test_read_by_a_model_of_motion(pictures: Path) -> None:
    """There is no motion in a photograph, and no label is made up for one."""
    done = fingerspell("read", pictures, "--model", "motion", "--detector", "truth")
    assert "reads motion, and a photograph holds none" in fault(done, 2)
    assert done.stdout == ""


@pytest.mark.parametrize("order", ["rgb", "grey"])
def test_read_by_a_model_of_pixels(
    order: str, pictures: Path, tmp_path: Path, hand_models: object
) -> None:
    """A model of one's own is named by its path; it reads the alphabet that it knows."""
    weights = np.zeros((2, 8, 8, 3 if order == "rgb" else 1))
    weights[0] = 1
    words = {"labels": ("7", "none"), "alphabets": {"digits": ("7",)}}
    path = save(
        tmp_path / "bright.json", classifier(weights), colour_order=order, margin=1.5, **words
    )
    arguments = ["read", pictures / "a_hand.png", "--model", path.with_suffix("")]
    ((found,),) = (line["hands"] for line in events(fingerspell(*arguments).stdout))
    assert found["label"] == "7"
    assert [label for label, _ in found["top"]] == ["7"]
    done = fingerspell(*arguments, "--alphabet", "letters")
    assert "bright reads no alphabet 'letters'; it reads: digits" in fault(done, 2)


def test_read_of_good_pictures_ends_well(pictures: Path, hand_models: object) -> None:
    """Several paths are read in the order given; the synthetic hand is a right one."""
    done = fingerspell("read", pictures / "b_none.png", pictures / "a_hand.png")
    assert (done.returncode, done.stderr) == (0, "")
    none, hand = events(done.stdout)
    assert none["hands"] == []
    assert hand["hands"][0]["handedness"] == "right"


def test_read_of_a_picture_that_is_not_there(hand_models: object) -> None:
    """It is told of in its line, as any other that cannot be read."""
    done = fingerspell("read", "/no/such.png")
    assert (done.returncode, done.stderr) == (1, "")
    assert events(done.stdout) == [{"path": "/no/such.png", "error": "there is no /no/such.png"}]


def test_read_whose_reader_goes_away_ends_quietly(pictures: Path, hand_models: object) -> None:
    """As in `fingerspell read | head -1`."""
    paths = [pictures / "b_none.png"] * 20
    with running("read", *paths) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT_S) == 0


def test_ctrl_c_ends_reading_with_one_line(pictures: Path, hand_models: object) -> None:
    """What was told until then stays, in whole lines."""
    with running("read", *[pictures / "b_none.png"] * 500) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (130, "fingerspell: stopped\n")
    assert all(line["hands"] == [] for line in events(out))


# --- the rest


def test_devices_and_models_list_what_there_is() -> None:
    """Both end well, with or without a camera or the models."""
    devices, models = fingerspell("devices"), fingerspell("models")
    assert (devices.returncode, devices.stderr, models.returncode, models.stderr) == (0, "", 0, "")
    assert devices.stdout
    assert "hand_landmark_full" in models.stdout
    assert "letters  landmarks  ok  " in models.stdout
    assert "motion  motion  ok  " in models.stdout
    assert "    letters: A B C " in models.stdout
    assert "    digits: 0 1 2 " in models.stdout


def test_the_doctor_ends_with_1_when_a_fault_was_found(tmp_path: Path) -> None:
    """Without hand models nothing runs; the doctor says what mends that."""
    done = fingerspell("doctor", XDG_DATA_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    assert "-> run: make models, or fingerspell models --fetch" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("faults")


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


@pytest.mark.usefixtures("hand_models")
def test_the_last_text_has_no_space_at_its_end() -> None:
    """A run that ends in a pause, after the space was made, ends with the words alone."""
    done = fingerspell(
        *("run", "--source", "signer:HI?speed=0.3", "--sink", "jsonl:-", "--detector", "truth")
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines].count("space") == 1
    assert lines[-1]["text"] == "HI"


def test_ctrl_c_that_a_library_takes_for_a_fault_is_ctrl_c() -> None:
    """An import that Ctrl-C broke says that something is missing: nothing is missing."""

    def load(*, broken_off: bool) -> None:
        with true_interrupts():
            try:
                if broken_off:
                    signal.raise_signal(signal.SIGINT)
            finally:
                raise ImportError("half a library")

    with pytest.raises(KeyboardInterrupt):
        load(broken_off=True)
    with pytest.raises(ImportError):
        load(broken_off=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
