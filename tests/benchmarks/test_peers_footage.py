"""The frames that peers read: decoded, kept on disk, cut, and what they show."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.peers import __main__ as peers
from benchmarks.peers import environment, footage, race
from benchmarks.peers.footage import Film
from edge.errors import FingerspellError, SourceError, UsageError
from edge.types import Frame
from tests.support.raced import fake, raced

pytestmark = pytest.mark.usefixtures("peers_cache")


def test_the_signer_tells_what_it_shows(tmp_path: Path) -> None:
    """A film of the signer is decoded to raw frames, with its letters in their time."""
    recording = footage.decoded(Film("signer", "signer:AB?speed=3"), tmp_path / "frames")
    count, height, width = recording.shape
    assert (tmp_path / "frames").stat().st_size == count * height * width * 3
    assert recording.shown is not None
    assert [s.label for s in recording.shown] == ["A", "B"]
    assert recording.whole
    assert recording.seconds == pytest.approx((count - 1) / 30)


def test_an_endless_source_is_cut(tmp_path: Path) -> None:
    """At the most frames of one recording, and says so."""
    film = Film("signer", "signer:A?loop=yes&size=160x120&speed=5")
    recording = footage.decoded(film, tmp_path / "frames", most=7)
    assert recording.shape[0] == 7
    assert not recording.whole


def test_raw_frames_lie_on_the_disk_of_the_cache(peers_cache: Path, film: Film) -> None:
    """Not in /tmp, which may be memory; and nothing of them is left."""
    with footage.scratch() as folder:
        assert folder.parent == peers_cache
        footage.decoded(film, folder / "frames")
    raced([fake("well")], film)
    race.startups([fake("well")], peers.START, 1, bar=False)
    assert not list(peers_cache.iterdir())


def test_what_a_killed_run_left_goes_with_the_next(peers_cache: Path) -> None:
    """Frames take gigabytes; environments stay."""
    (peers_cache / f"{environment.SCRATCH}x").mkdir(parents=True)
    (peers_cache / f"{environment.SCRATCH}x" / "frames.rgb").touch()
    (peers_cache / "mediapipe").mkdir()
    with environment.reserved():
        assert sorted(path.name for path in peers_cache.iterdir()) == ["lock", "mediapipe"]


def test_a_full_disk_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it, no password, and nothing half-written."""

    def frames(film: Film) -> Iterator[Frame]:
        yield Frame(np.zeros((8, 8, 3), np.uint8), 0, 0)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(footage, "_frames", frames)
    with pytest.raises(FingerspellError, match=r"No space left.*XDG_CACHE_HOME") as error:
        footage.decoded(Film("source", "rtsp://me:secret@door/1"), tmp_path / "frames")
    assert "secret" not in str(error.value)
    assert not (tmp_path / "frames").exists()


def test_a_cache_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file where the folder should be."""
    (tmp_path / "fingerspell").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(FingerspellError, match="set XDG_CACHE_HOME"), footage.scratch():
        pass


def test_a_room_is_empty(tmp_path: Path) -> None:
    """Beside each phrase there is the room without a hand, in which no letter is shown."""
    phrase, room = footage.phrases(1)
    assert phrase.text
    recording = footage.decoded(room, tmp_path / "frames")
    assert recording.shape == (240, 480, 640)
    assert recording.shown == ()


def test_sizes_that_change_are_refused(tmp_path: Path) -> None:
    """All frames of a film have one size."""
    for name, size in (("a", 8), ("b", 9)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((size, 8, 3), np.uint8))
    with pytest.raises(SourceError, match="changes its size"):
        footage.decoded(Film("f", f"images:{tmp_path}"), tmp_path / "frames")


def test_groups_take_turns() -> None:
    """A run that ends early has seen something of each."""
    films = [Film(group, str(i)) for i, group in enumerate("aaabbc")]
    assert [film.group for film in footage.mixed(films)] == list("abcaba")


@pytest.mark.parametrize("truth", [None, "no JSON", "[]", '{"clips": [{"path": "a"}]}'])
def test_clips_need_their_truth(truth: str | None, tmp_path: Path) -> None:
    """A folder whose truth.json is not there, or something else, is a user's mistake."""
    if truth is not None:
        (tmp_path / "truth.json").write_text(truth)
    with pytest.raises(UsageError, match=r"truth\.json"):
        footage.clips(tmp_path)
