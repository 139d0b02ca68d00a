"""Labelling: the hand models over real photographs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelError
from train.data import label
from train.data.datasets import photos
from train.data.landmarks import VIEWS, load

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hand_models")]


@pytest.fixture
def few(shared_data: Path, tmp_path: Path) -> Path:
    """Three scenes of one signer with their boxes, one box wrong, and a patch without a hand."""
    folder = Path("letters", "multiuser", "user_3")
    (tmp_path / folder).mkdir(parents=True)
    for name in ("A0.jpg", "B0.jpg", "L0.jpg"):
        shutil.copy(shared_data / folder / name, tmp_path / folder)
    header, *rows = (shared_data / folder / "boxes.csv").read_text().splitlines()
    kept = [row for row in rows if row.split(",")[0] in ("user_3/A0.jpg", "user_3/B0.jpg")]
    kept.append("user_3/L0.jpg,0,0,8,8")
    (tmp_path / folder / "boxes.csv").write_text("\n".join([header, *kept]) + "\n")
    patch = Path("hands", "no_hand", "neg_0.jpg")
    (tmp_path / patch).parent.mkdir(parents=True)
    shutil.copy(shared_data / patch, tmp_path / patch)
    return tmp_path


def test_hands_are_found_in_every_view(few: Path, tmp_path: Path) -> None:
    """Right hands are found where they are, in all views alike; a hand elsewhere is a miss."""
    rows = label.label(few, tmp_path / "out", processes=1)
    assert sorted(rows.path) == sorted(photo.path for photo in photos(few))
    for name in ("A0", "B0"):
        (scene,) = np.flatnonzero(
            np.char.endswith(rows.path, f"{name}.jpg") & (rows.dataset == "multiuser")
        )
        assert not rows.missed[scene]
        assert not rows.left[scene].any()
        size = np.ptp(rows.xyz[scene, 0, :, :2])
        for view in range(len(VIEWS)):
            off = rows.xyz[scene, view, :, :2] - rows.xyz[scene, 0, :, :2]
            assert np.abs(off).mean() < 0.1 * size, VIEWS[view]
    wrong_box = np.char.endswith(rows.path, "L0.jpg") & (rows.dataset == "multiuser")
    assert rows.missed[wrong_box].all()


def test_an_interrupted_run_goes_on(few: Path, tmp_path: Path) -> None:
    """What was kept is not read again, and nothing but the result is left in the end."""
    out = tmp_path / "out"
    first = label.label(few, out, processes=1)
    (out / "hands.npz").rename(tmp_path / "before.npz")
    kept = photos(few)
    parts = out / "parts"
    parts.mkdir()
    first.save(label.part_of(parts, kept))
    for photo in kept:
        (few / photo.path).write_bytes(b"no picture any more")
    again = label.label(few, out, processes=1)
    np.testing.assert_array_equal(again.xyz, first.xyz)
    assert [path.name for path in out.iterdir()] == ["hands.npz"]
    assert len(load(out / "hands.npz")) == len(first)


def test_a_picture_that_cannot_be_read_is_a_miss(few: Path, tmp_path: Path) -> None:
    """A broken file stops nothing, and counts as a hand that was not found."""
    (few / "letters" / "multiuser" / "user_3" / "A0.jpg").write_bytes(b"")
    rows = label.label(few, tmp_path / "out", processes=1)
    assert rows.missed[np.char.endswith(rows.path, "A0.jpg")].all()


def test_models_that_are_missing_are_told_at_once(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is started that could only fail, and be started again, for ever."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing"))
    monkeypatch.setattr(label, "multiprocessing", None)
    with pytest.raises(ModelError, match="make models"):
        label.label(few, tmp_path / "out")


def test_no_data_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without data sets is a usage error."""
    args = ["train.data.label", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", args)
    assert label.main() == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
