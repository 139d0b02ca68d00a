"""`fingerspell read`: a line for each picture, whatever is in it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import sources
from tests.support.command_line import (
    ROOT,
    TIMEOUT_S,
    command,
    events,
    fault,
    fingerspell,
    in_little_memory,
    running,
)
from tests.support.tiny_model import classifier, save


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


def test_read_goes_on_after_a_folder_without_pictures(
    pictures: Path, tmp_path: Path, hand_models: object
) -> None:
    """The folder has a line that says so, the status is 1, and the other paths are read."""
    (tmp_path / "notes.txt").touch()
    done = fingerspell("read", tmp_path, pictures / "b_none.png")
    assert (done.returncode, done.stderr) == (1, "")
    folder, none = events(done.stdout)
    assert folder["path"] == str(tmp_path)
    assert "there is no picture in" in folder["error"]
    assert none["hands"] == []


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


def test_read_has_the_same_rules_by_name_and_in_folders(
    tmp_path: Path, hand_models: object
) -> None:
    """Sub-folders come after a folder's own files; HEIC is named, with how to convert it."""
    grey = np.full((40, 60, 3), 90, np.uint8)
    jpeg, jp2 = (cv2.imencode(suffix, grey)[1].tobytes() for suffix in (".jpg", ".jp2"))
    files = {"1.jfif": jpeg, "2.jpe": jpeg, "3.jp2": jp2, "4.heic": HEIC, "5.HEIF": HEIC,
             "a/b/6.JPG": jpeg, "a/b/.7.jpg": jpeg, ".b/8.jpg": jpeg}  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    lines = events(fingerspell("read", tmp_path).stdout)
    names = [str(Path(line["path"]).relative_to(tmp_path)) for line in lines]
    assert names == ["1.jfif", "2.jpe", "3.jp2", "4.heic", "5.HEIF", "a/b/6.JPG"]
    assert [line.get("hands") for line in lines] == [[], [], [], None, None, []]
    assert "is HEIC" in lines[3]["error"]
    assert "heif-convert" in lines[3]["error"]
    assert events(fingerspell("read", *(str(line["path"]) for line in lines)).stdout) == lines


def test_read_takes_a_picture_from_standard_input(pictures: Path, hand_models: object) -> None:
    """`-` is what is piped in; a file of this name is ./-"""
    for name, code in (("b_none.png", 0), ("d_text.png", 1)):
        with (pictures / name).open("rb") as file:
            done = subprocess.run(
                command(["read", "-"]), stdin=file, capture_output=True, text=True, cwd=ROOT,
                timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        assert (done.returncode, done.stderr) == (code, "")
        (line,) = events(done.stdout)
        assert line["path"] == "-"
        assert line.get("hands") == (None if code else [])
        assert ("standard input is damaged" in line.get("error", "")) == bool(code)


def on_a_terminal(*arguments: str | Path) -> str:
    """What a command that runs on a terminal of its own writes there, stderr and all."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        command(arguments), stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT
    )
    os.close(theirs)
    text = b""
    with contextlib.suppress(OSError):  # EIO: the command has ended
        while more := os.read(ours, 4096):
            text += more
    os.close(ours)
    process.wait(TIMEOUT_S)
    return text.decode().replace("\r\n", "\n")


def test_read_is_for_people_on_a_terminal(
    pictures: Path, tmp_path: Path, hand_models: object
) -> None:
    """A plain line there, JSON with --json; names cannot move the cursor or change colours."""
    name = "\x1b[31mred\x07.png"
    (tmp_path / name).write_bytes((pictures / "b_none.png").read_bytes())
    gone = tmp_path / "\x1b[2Jgone.png"
    paths: list[str | Path] = [pictures / "a_hand.png", tmp_path / name, gone, "-"]
    hand, none, missing, stdin = on_a_terminal("read", *paths).splitlines()
    assert re.fullmatch(rf"{re.escape(str(paths[0]))}  [A-Z]  \d+ %", hand)
    assert none == rf"{tmp_path}/\x1b[31mred\x07.png  no hand"
    assert missing == (
        rf"{tmp_path}/\x1b[2Jgone.png  not read: there is no {tmp_path}/\x1b[2Jgone.png"
    )
    assert stdin.startswith("-  not read: standard input holds no picture")
    (line,) = events(on_a_terminal("read", "--json", paths[0]))
    assert line["hands"]


def test_no_message_passes_terminal_escapes_on(tmp_path: Path) -> None:
    """Wherever a file's name is in an error, on stderr or in a log."""
    name = "\x1b[2Jgone"
    for arguments in (
        ["read", "--model", tmp_path / name, "x.png"],
        ["run", "--config", tmp_path / name],
        ["run", "--source", f"images:{tmp_path / name}"],
        ["run", "--source", f"video:{tmp_path / name}.mp4"],
    ):
        done = fingerspell(*arguments)
        assert done.returncode
        assert "\x1b" not in done.stderr
        assert r"\x1b[2Jgone" in done.stderr


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


@pytest.mark.parametrize("more_mb", [20, 160, 250, 290, 310, 330])
def test_out_of_memory_is_not_told_as_a_broken_model(
    more_mb: int, pictures: Path, hand_models: object
) -> None:
    """Statuses 2 and 4 are for what does not mend itself: systemd does not start it again then."""
    done = in_little_memory(more_mb, "read", pictures / "b_none.png")
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert "there is not enough memory" in done.stderr
