"""`fingerspell read`: a line for each picture, whatever is in it."""

from __future__ import annotations

import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import sources
from tests.support.command_line import TIMEOUT_S, events, fault, fingerspell, running
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
