"""MediaPipe's hand models: kept, checked, fetched."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelError
from edge.models import handmodels
from edge.models.interpreter import Model

NAMES = sorted(handmodels.SHA256)
WHEEL = "mediapipe-0.10.18-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data folder without any models; returns where they would be kept."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "fingerspell" / "models"


@pytest.fixture
def kept(hand_models: Path, empty: Path) -> Path:
    """A user's data folder with copies of the real models."""
    empty.mkdir(parents=True)
    for name in NAMES:
        shutil.copy(hand_models / f"{name}.tflite", empty)
    return empty


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No index for pip; wheels come only from the folder that is returned, which is empty."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


def _make_wheel(folder: Path, contents: dict[str, bytes]) -> None:
    """Makes a mediapipe wheel that pip accepts and that holds these models."""
    info = "mediapipe-0.10.18.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for name, content in contents.items():
            wheel.writestr(handmodels.MEMBERS[name], content)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.18"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n"
            "Tag: cp311-cp311-manylinux_2_17_x86_64\nTag: cp311-cp311-manylinux2014_x86_64\n",
        )
        wheel.writestr(f"{info}/RECORD", "")


def _real(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.tflite").read_bytes() for name in NAMES}


def _line(error: pytest.ExceptionInfo[ModelError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert "fingerspell models --fetch" in message
    return message


def test_models_are_kept_in_the_user_s_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$XDG_DATA_HOME where it is set, else ~/.local/share."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert handmodels.folder() == tmp_path / "fingerspell" / "models"
    for unset in (None, ""):
        if unset is None:
            monkeypatch.delenv("XDG_DATA_HOME")
        else:
            monkeypatch.setenv("XDG_DATA_HOME", unset)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert handmodels.folder() == tmp_path / ".local" / "share" / "fingerspell" / "models"


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_model_says_what_to_do(empty: Path, name: str) -> None:
    """A model that was never fetched gives one line with the command that fetches it."""
    with pytest.raises(ModelError) as error:
        handmodels.load(name)
    assert name in _line(error)
    assert not empty.exists()


def test_a_missing_model_is_fetched_where_somebody_watches(
    hand_models: Path,
    empty: Path,
    offline: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """On a terminal the first run downloads the models; nothing of that is written to stdout."""
    _make_wheel(offline, _real(hand_models))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert handmodels.load("palm_detection_lite")
    assert not handmodels.faults()
    said = capfd.readouterr()
    assert said.out == ""
    assert "fetching the hand models" in said.err


@pytest.mark.parametrize("spoil", ["cut", "altered", "empty"])
def test_a_spoiled_model_is_refused(kept: Path, spoil: str) -> None:
    """A model that is not byte for byte the one expected is not loaded; the others are."""
    path = kept / "palm_detection_lite.tflite"
    content = bytearray(path.read_bytes())
    if spoil == "altered":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "altered": content, "empty": b""}[spoil])
    with pytest.raises(ModelError) as error:
        handmodels.load("palm_detection_lite")
    assert "palm_detection_lite" in _line(error)
    assert handmodels.faults() == {"palm_detection_lite": "altered or cut short"}
    assert len(handmodels.load("hand_landmark_lite").outputs) == 5


def test_whole_models_have_no_faults(kept: Path) -> None:
    """Four files with the right checksums are enough."""
    assert handmodels.faults() == {}


def test_missing_models_are_faults(empty: Path) -> None:
    """Each model that is not there is named."""
    assert handmodels.faults() == dict.fromkeys(handmodels.SHA256, "missing")


def test_a_model_that_cannot_be_read_is_a_fault(kept: Path) -> None:
    """A folder where a file should be is a fault that is listed."""
    path = kept / "palm_detection_full.tflite"
    path.unlink()
    path.mkdir()
    (fault,) = handmodels.faults().items()
    assert fault[0] == "palm_detection_full"
    with pytest.raises(ModelError) as error:
        handmodels.load("palm_detection_full")
    _line(error)


def test_models_are_fetched_from_the_wheel(hand_models: Path, empty: Path, offline: Path) -> None:
    """The four files are taken out of the wheel that pip finds, and nothing else is kept."""
    _make_wheel(offline, _real(hand_models))
    handmodels.fetch()
    assert handmodels.faults() == {}
    assert sorted(p.name for p in empty.iterdir()) == [f"{name}.tflite" for name in NAMES]
    for path in empty.iterdir():
        assert path.stat().st_mode & 0o444 == 0o444


@pytest.mark.slow
def test_fetching_mends_what_was_altered(kept: Path, offline: Path) -> None:
    """A spoiled model is replaced by the right one."""
    _make_wheel(offline, _real(kept))
    (kept / "hand_landmark_full.tflite").write_bytes(b"")
    handmodels.fetch()
    assert handmodels.faults() == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_altered_wheel_is_refused(kept: Path, offline: Path, name: str) -> None:
    """An altered model is not kept, nor are the others of its wheel."""
    contents = _real(kept)
    contents[name] = contents[name][:-1] + b"?"
    _make_wheel(offline, contents)
    before = _sums(kept)
    with pytest.raises(ModelError) as error:
        handmodels.fetch()
    assert f"{name} is altered" in _line(error)
    assert _sums(kept) == before


@pytest.mark.slow
def test_a_wheel_without_a_model_is_refused(kept: Path, offline: Path) -> None:
    """A wheel in which a model is missing is damaged."""
    contents = _real(kept)
    del contents["palm_detection_full"]
    _make_wheel(offline, contents)
    before = _sums(kept)
    with pytest.raises(ModelError) as error:
        handmodels.fetch()
    assert "damaged" in _line(error)
    assert _sums(kept) == before


@pytest.mark.slow
def test_a_wheel_cut_short_is_refused(kept: Path, offline: Path) -> None:
    """A download that broke off leaves what was there."""
    _make_wheel(offline, _real(kept))
    wheel = offline / WHEEL
    wheel.write_bytes(wheel.read_bytes()[:100_000])
    before = _sums(kept)
    with pytest.raises(ModelError) as error:
        handmodels.fetch()
    _line(error)
    assert _sums(kept) == before


def test_no_network_is_one_line(
    kept: Path, offline: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without an index nothing changes, and pip's own complaints are put in one line."""
    before = _sums(kept)
    with pytest.raises(ModelError) as error:
        handmodels.fetch()
    assert "network" in _line(error)
    assert _sums(kept) == before
    assert capfd.readouterr().err == ""


def test_an_index_out_of_reach_is_one_line(
    empty: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An index that refuses the connection gives one line, and leaves nothing half-written."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelError) as error:
        handmodels.fetch()
    _line(error)
    assert list(empty.iterdir()) == []
    assert capfd.readouterr().err == ""


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: Path
) -> None:
    """A file where the data folder should be is told in one line."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError) as error:
        handmodels.fetch()
    message = str(error.value)
    assert "cannot keep" in message
    assert "\n" not in message


def _sums(folder: Path) -> dict[str, str]:
    """All that lies in the folder, hidden or not, with its sum."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.mark.parametrize("name", sorted(handmodels.POOLED))
def test_landmark_models_give_what_their_heads_see(name: str, hand_models: Path) -> None:
    """Pooled features come last, and the other outputs are those of the file as it is fetched."""
    picture = np.random.default_rng(0).random((1, 224, 224, 3), np.float32)
    *heads, pooled = handmodels.load(name).run(picture)
    for got, wanted in zip(heads, Model(handmodels.path(name)).run(picture), strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert pooled.shape == (1, {"hand_landmark_full": 1152, "hand_landmark_lite": 672}[name])
    assert (pooled >= 0).all()  # after ReLU6
    assert pooled.std() > 0


def test_what_a_killed_download_left_is_swept_by_the_next(
    hand_models: Path, empty: Path, offline: Path
) -> None:
    """A download of another process, which goes on, keeps its folder."""
    _make_wheel(offline, _real(hand_models))
    left, busy = empty / ".fetch-left", empty / ".fetch-busy"
    for folder in (left, busy):
        folder.mkdir(parents=True)
        (folder / "part.whl").write_bytes(b"part")
    handle = os.open(busy, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    handmodels.fetch()
    os.close(handle)
    assert [path.name for path in empty.glob(".fetch-*")] == [".fetch-busy"]
