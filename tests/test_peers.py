"""benchmarks.peers: the protocol, the accounting, and peers that fall ill."""

from __future__ import annotations

import ast
import errno
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import result
from benchmarks.accuracy.scoring import Shown
from benchmarks.peers import __main__ as peers
from benchmarks.peers import environment, figures, footage, landmarks, race
from benchmarks.peers.environment import UnavailableError
from benchmarks.peers.footage import Film, Recording
from benchmarks.peers.process import FailedError, Process, quiet_cpus
from benchmarks.peers.race import Row, Sample
from benchmarks.peers.table import best, table
from benchmarks.result import read
from edge.errors import FingerspellError, SourceError, UsageError
from edge.interpreter import Model
from edge.sources import open_source
from edge.types import Frame
from tests import fake_peer

FAKE = Path(fake_peer.__file__)
FPS = 30
PICTURES = 45  # of the film that most tests are about
LIMITS_S = (30.0, 1.0)


def fake(variant: str, limits_s: tuple[float, float] = LIMITS_S) -> Row:
    """A row with a real process behind it, in this very environment."""
    start = partial(Process, Path(sys.executable), FAKE, variant, [0], {}, limits_s=limits_s)
    return Row(f"fake:{variant}", variant, fake_peer, start)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The peers' folder: not the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    return environment.folder()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Pictures: 15 that are black, 15 of an A, 15 of a B."""
    folder = tmp_path_factory.mktemp("pictures")
    for i in range(PICTURES):
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[..., 2] = i // 15
        cv2.imwrite(str(folder / f"{i:03}.png"), picture)
    return Film("pictures", f"images:{folder}")


def raced(rows: Sequence[Row], *films: Film, **options: Any) -> race.Race:
    return race.run(rows, films, bar=False, **options)


def sample(kind: str = "tracked", ms: float = 1.0, label: str = "A") -> Sample:
    return Sample(ms, ms / 2, kind, label, ())


def row_of(*read: list[Sample], variant: str = "well") -> Row:
    return Row(f"fake:{variant}", variant, fake_peer, read=list(read))  # type: ignore[arg-type]


def times_ns(count: int) -> list[int]:
    return [round(i * 1e9 / FPS) for i in range(count)]


def recorded(labels: str, shown: Sequence[Shown] | None, whole: bool = True) -> Recording:
    count = len(labels)
    return Recording(Film("f", "f"), Path(), (count, 4, 4), times_ns(count), shown, whole)


# The protocol


def test_every_peer_reads_the_same_frames(film: Film) -> None:
    """Two peers, each a process: the same frames in the same order, in blocks; nothing else."""
    rows = [fake("well"), fake("chatters")]
    done = raced(rows, film, film, block=7)
    assert done.ended == "source"
    assert [row.error for row in rows] == ["", ""]
    for row in rows:
        assert ["".join(s.label or "-" for s in each) for each in row.read] == [
            "-" * 15 + "A" * 15 + "B" * 15
        ] * 2
        assert row.read[0][15].kind == "searching"
        assert row.read[0][16].kind == "tracked"
        assert all(s.wall_ms > 0 for each in row.read for s in each)
        assert row.memory_mb["peak_rss"] > 5
    assert done.recordings[0].shape == (PICTURES, 48, 64)


def test_work_is_seen_in_its_time(film: Film) -> None:
    """A peer that computes for 2 ms a frame is told to take at least that, in CPU time, too."""
    well, slow = fake("well"), fake("slow")
    raced([well, slow], film)
    assert min(s.cpu_ms for s in slow.read[0]) >= 2
    assert min(s.wall_ms for s in slow.read[0]) >= 1.9
    assert np.median([s.cpu_ms for s in well.read[0]]) < 2
    (wall,) = [
        r
        for r in figures.ratios(slow, well, race.BLOCK)
        if (r["kind"], r["measure"]) == ("tracked", "cpu")
    ]
    assert wall["ratio"] > 5


def test_starts_are_timed_to_the_first_result() -> None:
    """Each start is a fresh process; one that fails then is a row that says so, and one that names
    no letter is known for it."""
    rows = [fake("well"), fake("unable"), fake("blind")]
    race.startups(rows, peers.START, 2, bar=False)
    assert len(rows[0].startup_s) == 2
    assert min(rows[0].startup_s) > 0.02
    assert all(rows[0].startup_letters)
    assert rows[1].error == "it failed: RuntimeError: the model is not what it was"
    assert len(rows[2].startup_s) == 2
    assert rows[2].startup_letters == ["", ""]


def test_a_start_is_timed_with_a_letter_in_sight(tmp_path: Path) -> None:
    """The frame holds one: without a hand in it, no landmark model and no classifier would run."""
    (first,) = footage.decoded(peers.START, tmp_path / "frame", most=1).t_ns
    seen = next(f for f in open_source("signer:B").frames() if f.truth and f.truth.label)
    assert first == 0
    assert (tmp_path / "frame").read_bytes() == seen.rgb.tobytes()


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        ("dies", "it died: exit status 7, no memory left on the device"),
        ("killed", "it died: SIGILL (the processor lacks an instruction)"),
        ("hangs", "it hung: no answer in 1 s"),
        ("raises", "it failed: ValueError: a frame it cannot read"),
        ("babbles", "it told of a 'dreaming' frame; there are tracked, searching, idle"),
        ("unable", "it failed: RuntimeError: the model is not what it was"),
    ],
)
def test_a_peer_that_fails_is_a_row_that_says_so(variant: str, why: str, film: Film) -> None:
    """In the middle of a recording; the others read on to its end."""
    ill, well = fake(variant), fake("well")
    done = raced([ill, well], film, film)
    read_by_then = " (after 15 frames)" if variant in ("dies", "killed", "hangs", "raises") else ""
    assert ill.error == why + read_by_then
    assert well.error == ""
    assert [len(each) for each in well.read] == [PICTURES, PICTURES]
    assert done.ended == "source"


def test_a_process_is_gone_when_it_is_closed() -> None:
    """A peer that hangs leaves no process behind."""
    with Process(Path(sys.executable), FAKE, "well", [0], {}) as process:
        assert process.ready() == []
        pid = process._process.pid
    assert process._process.returncode is not None
    assert not Path(f"/proc/{pid}").exists()


def test_the_quietest_cores_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that worked least while they were watched; of like ones the last."""
    told = iter(
        ["cpu 9\ncpu0 0 0 0\ncpu1 5 0 9\ncpu2 0 0 0\n", "cpu0 9 0 0\ncpu1 5 1 9\ncpu2 0 1 0\n"]
    )
    monkeypatch.setattr(Path, "read_text", lambda self: next(told))
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2})
    assert quiet_cpus(1, 0.0) == [2]
    monkeypatch.undo()
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2})
    assert quiet_cpus(2, 0.0, tmp_path / "none") == [1, 2]


def test_a_peer_that_hangs_is_ended(film: Film) -> None:
    """It is not waited for again, and not left behind."""
    with Process(Path(sys.executable), FAKE, "hangs", [0], {}, limits_s=LIMITS_S) as process:
        process.ready()
        decoded = footage.decoded(film, Path(film.uri.removeprefix("images:")) / "raw")
        process.begin(decoded.file, decoded.shape, decoded.t_ns)
        decoded.file.unlink()
        with pytest.raises(FailedError, match="hung"):
            process.read(0, 30)
        assert process._process.returncode is not None


@pytest.mark.parametrize(
    ("limit", "ended", "frames"),
    [({"frames": 20}, "frames", 20), ({"seconds": 1e-9}, "seconds", 15)],
)
def test_a_run_ends_when_it_is_told_to(
    limit: dict[str, Any], ended: str, frames: int, film: Film
) -> None:
    """And what was cut short is not scored."""
    row = fake("well")
    done = raced([row], film, film, **limit)
    assert done.ended == ended
    assert [len(each) for each in row.read] == [frames]
    assert not done.recordings[-1].whole


def test_ctrl_c_keeps_what_was_read(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks until then are there, and the recording is marked as cut."""
    real, calls = Process.read, []

    def interrupted(self: Process, first: int, count: int) -> list[list[Any]]:
        calls.append(first)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, first, count)

    monkeypatch.setattr(Process, "read", interrupted)
    row = fake("well")
    done = raced([row], film)
    assert done.ended == "interrupted"
    assert [len(each) for each in row.read] == [30]
    assert not done.recordings[-1].whole


def test_ctrl_c_before_the_first_frame_is_ctrl_c(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was measured, and nothing is wrong with the source."""
    monkeypatch.setattr(race, "decoded", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        raced([fake("well")], film)


def test_a_broken_clip_spoils_no_run(film: Film, tmp_path: Path) -> None:
    """It is skipped, and told; alone, it is the error."""
    broken = Film("clips", f"video:{tmp_path / 'none.mp4'}")
    row = fake("well")
    done = raced([row], broken, film)
    assert [len(each) for each in row.read] == [PICTURES]
    assert "there is no file" in str(done.skipped[0])
    with pytest.raises(UsageError, match="there is no file"):
        raced([fake("well")], broken)


# Footage


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


def test_raw_frames_lie_on_the_disk_of_the_cache(cache: Path, film: Film) -> None:
    """Not in /tmp, which may be memory; and nothing of them is left."""
    with footage.scratch() as folder:
        assert folder.parent == cache
        footage.decoded(film, folder / "frames")
    raced([fake("well")], film)
    race.startups([fake("well")], peers.START, 1, bar=False)
    assert not list(cache.iterdir())


def test_what_a_killed_run_left_goes_with_the_next(cache: Path) -> None:
    """Frames take gigabytes; environments stay."""
    (cache / f"{environment.SCRATCH}x").mkdir(parents=True)
    (cache / f"{environment.SCRATCH}x" / "frames.rgb").touch()
    (cache / "mediapipe").mkdir()
    with environment.reserved():
        assert sorted(path.name for path in cache.iterdir()) == ["lock", "mediapipe"]


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


# The accounting


def test_kinds_of_frames_are_told_apart() -> None:
    """Each kind has its own figures, the first frames of a recording are left out, and there is
    no figure of all."""
    warm = [sample(ms=1000.0)] * figures.WARM_UP
    tracked, searching = [sample(ms=4.0)] * 20, [sample("searching", 9.0)] * 5
    found = figures.times(row_of([*warm, *tracked], [*warm, *searching]))
    assert set(found) == {"tracked", "searching", "idle"}
    assert (found["tracked"]["count"], found["searching"]["count"]) == (20, 5)
    assert found["idle"] == {"count": 0}
    assert found["tracked"]["wall_ms"]["max"] == 4.0
    assert found["searching"]["cpu_ms"]["p50"] == 4.5


def test_ratios_are_of_the_same_frames() -> None:
    """Twice as long is 2, whatever disturbed both in some blocks; a frame that one tracked and the
    other searched counts in neither."""
    noise = np.repeat(np.random.default_rng(0).uniform(1, 5, 40), 15)
    ours = [sample(ms=float(n)) for n in noise]
    theirs = [sample(ms=2 * float(n)) for n in noise]
    for i in range(0, 600, 9):
        theirs[i] = sample("searching", 1e6)
    wall, cpu = figures.ratios(row_of(theirs), row_of(ours), 15)
    assert (wall["kind"], wall["measure"], cpu["measure"]) == ("tracked", "wall", "cpu")
    assert wall["ratio"] == wall["low"] == wall["high"] == 2
    assert wall["blocks"] == 40
    assert wall["frames"] == 600 - 67 - figures.WARM_UP + 1  # one of the 67 is warm-up, too


def test_intervals_hold_the_truth() -> None:
    """Blocks that differ give an interval around what they were made with."""
    random = np.random.default_rng(1)
    ours = [sample(ms=1.0) for _ in range(1500)]
    theirs = [sample(ms=float(m)) for m in np.repeat(random.lognormal(np.log(3), 0.2, 100), 15)]
    wall, _ = figures.ratios(row_of(theirs), row_of(ours), 15)
    assert wall["low"] < 3 < wall["high"]
    assert wall["high"] / wall["low"] < 1.2


def test_few_blocks_give_no_interval() -> None:
    """A ratio of two blocks is told without one."""
    wall, _ = figures.ratios(row_of([sample()] * 30), row_of([sample()] * 30), 15)
    assert (wall["low"], wall["high"]) == (None, None)


@pytest.mark.parametrize("kind", ["searching", "idle"])
def test_idle_frames_have_no_ratio(kind: str) -> None:
    """A frame that one skips is no measure of what the other does with it, or skips as well."""
    ours = [sample("idle", 0.01, "")] * 60
    assert figures.ratios(row_of([sample(kind, 8.0, "")] * 60), row_of(ours), 15) == []


def rooms(*seconds: float) -> list[Recording]:
    """Recordings without a hand, at 30 frames a second."""
    film = Film(footage.EMPTY_ROOMS, "empty:0", ())
    counts = [round(each * FPS) for each in seconds]
    return [Recording(film, Path(), (n, 4, 4), times_ns(n), (), True) for n in counts]


def test_an_empty_room_is_told_by_the_second_of_video() -> None:
    """All its frames, searched and idle, with a ratio to ours over the recordings; the first
    frames of each warm up."""
    warm = [sample("searching", 1e4, "")] * figures.WARM_UP
    resting = [sample("searching", 20.0, ""), *[sample("idle", 0.0, "")] * 4] * 12
    restless = [sample("searching", 20.0, "")] * 60
    ours, theirs = row_of(*[warm + resting] * 6), row_of(*[warm + restless] * 6)
    recordings = rooms(*[2 + figures.WARM_UP / FPS] * 6)
    found = figures.empty_rooms(ours, ours, recordings)
    assert found["cpu_ms_a_s"] == pytest.approx(6 * 10)  # six searches a second, of 10 ms CPU each
    assert (found["against"], found["ratio"], found["recordings"]) == (None, None, 6)
    found = figures.empty_rooms(theirs, ours, recordings)
    assert found["cpu_ms_a_s"] == pytest.approx(30 * 10)
    assert (found["ratio"], found["low"], found["high"]) == (5, 5, 5)
    assert found["against"] == ours.name


def test_only_whole_empty_rooms_count() -> None:
    """Neither what shows hands, nor what was cut, nor what one of the two did not finish; and few
    rooms give no interval."""
    whole, cut, short, hands = rooms(1, 1, 1, 1)
    cut, hands = replace(cut, whole=False), replace(hands, film=Film("signer", "signer:A"))
    ours = row_of(*[[sample("idle", 2.0)] * FPS] * 4)
    theirs = row_of(*[[sample("idle", 4.0)] * n for n in (FPS, FPS, FPS - 1, FPS)])
    found = figures.empty_rooms(theirs, ours, [whole, cut, short, hands])
    assert (found["recordings"], found["ratio"], found["low"]) == (1, 2, None)
    assert figures.empty_rooms(theirs, ours, [hands]) == {}


@given(st.text("ABC ", max_size=60), st.integers(1, 15))
def test_a_letter_that_stays_is_told_once(labels: str, n: int) -> None:
    """The rule of N equal frames tells each run of at least N, once, at its Nth frame."""
    samples = [sample(label=each.strip()) for each in labels]
    t_ns = list(range(len(samples)))
    runs = []
    for i, label in enumerate(labels):
        if i and label == labels[i - 1]:
            runs[-1][1] += 1
        else:
            runs.append([label, 1, i])
    told = [(e.label, e.t_ns) for e in figures.steady(samples, t_ns, n)]
    assert told == [(c, i + n - 1) for c, length, i in runs if c != " " and length >= n]


def test_letters_are_scored_by_each_rule() -> None:
    """A flicker is a letter where each change counts, and none where five equal frames do."""
    labels = "A" * 20 + "B" + "A" * 20
    found = figures.letters(
        row_of([sample(label=each) for each in labels]),
        [recorded(labels, [Shown(0.0, 41 / FPS, "A")])],
    )["f"]
    assert (found["same for 1"]["edits"], found["same for 5"]["edits"]) == (2, 1)
    assert found["same for 15"]["wrong"] == 1  # the second A, which nobody signed
    assert (found["frames_right"], found["frames"]) == (40, 41)


def test_a_peer_may_settle_letters_itself() -> None:
    """Then its own events count, deletions too, and no rule is put on top."""
    events = [("letter", "B", 0), ("delete", "", 10), ("letter", "A", 20)]
    samples = [Sample(1.0, 1.0, "tracked", "", [event]) for event in events]
    row = row_of(samples)
    row.adapter = Namespace(SETTLES=True)  # type: ignore[assignment]
    found = figures.letters(row, [recorded("AAA", [Shown(0.0, 0.1, "A")])])["f"]
    assert [name for name in found if name.startswith(("own", "same"))] == ["own"]
    assert (found["own"]["edits"], found["own"]["missed"]) == (0, 0)


@pytest.mark.parametrize(
    ("shown", "whole", "count"),
    [(None, True, 3), ([Shown(0, 1, "A")], False, 3), ([Shown(0, 1, "A")], True, 2)],
)
def test_what_is_not_known_is_not_scored(
    shown: list[Shown] | None, whole: bool, count: int
) -> None:
    """No truth, a recording that was cut, and one that a peer did not finish."""
    assert not figures.letters(row_of([sample()] * count), [recorded("AAA", shown, whole)])


# The environment


def test_no_python_that_serves_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name on the path that is only a version manager's shim is no Python."""
    shim = tmp_path / "python3.8"
    shim.write_text("#!/bin/sh\necho no such version >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    old = Namespace(REQUIREMENTS=("x==1",), PYTHONS=((3, 7), (3, 8)))
    with pytest.raises(UnavailableError, match=r"needs Python 3\.7 to 3\.8") as error:
        environment.prepared("old", old)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_what_cannot_be_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the last word of pip; no half of an environment is left."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(UnavailableError, match=r"cannot be installed here: .*no-such") as error:
        environment.prepared("fake", fake_peer)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "fingerspell" / "peers").iterdir())


@pytest.mark.slow
def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when its requirements change."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made: list[Sequence[str]] = []
    real = environment._run
    monkeypatch.setattr(
        environment, "_run", lambda command, name: (made.append(command), real(command, name))
    )
    bare = Namespace(REQUIREMENTS=("pip",), PYTHONS=((3, 11), (3, 13)))
    python = environment.prepared("bare", bare)  # type: ignore[arg-type]
    assert "pip" in environment.versions(python)
    assert environment.size_mb(python.parents[1]) > 5
    count = len(made)
    environment.prepared("bare", bare)  # type: ignore[arg-type]
    assert len(made) == count
    bare.REQUIREMENTS = ("pip", "setuptools")
    (tmp_path / "fingerspell" / "peers" / "bare" / "left").touch()
    monkeypatch.setattr(environment, "_run", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment.prepared("bare", bare)  # type: ignore[arg-type]
    assert not (tmp_path / "fingerspell" / "peers" / "bare").exists()


def _interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("script", "limit_s", "why"),
    [
        ("sleep 60", 0.2, r"it took more than 0 s$"),
        ("kill -KILL $$", 60.0, r"it was killed, .* lacks memory"),
        ("kill -TERM $$", 60.0, r"signal 15 \(Terminated\) ended it$"),
        ("echo ERROR: no such thing; exit 1", 60.0, r": no such thing$"),
    ],
)
def test_what_ended_an_installation_is_told(
    script: str, limit_s: float, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own limit, the system that lacks memory, another signal, or pip's last word."""
    monkeypatch.setattr(environment, "INSTALL_LIMIT_S", limit_s)
    with pytest.raises(UnavailableError, match=why):
        environment._run(["sh", "-c", f"exec {script}" if "sleep" in script else script], "fake")


def test_one_run_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one would disturb the first, and might take its environments away."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with environment.reserved():
        second = environment.reserved()
        with pytest.raises(FingerspellError, match=r"another benchmarks\.peers is running"):
            second.__enter__()
    with environment.reserved():
        pass


def test_size_counts_files_once(tmp_path: Path) -> None:
    """Links are not counted, models outside are."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "file").write_bytes(b"x" * 1_000_000)
    (tmp_path / "home" / "link").symlink_to("file")
    (tmp_path / "model").write_bytes(b"x" * 500_000)
    size = environment.size_mb(tmp_path / "home", [str(tmp_path / "model")])
    assert size == pytest.approx(1.5, abs=0.02)


# The peers


KNOWN = peers.found()


@pytest.mark.parametrize("name", KNOWN)
def test_a_peer_says_what_it_needs(name: str) -> None:
    """One file a peer, read by this Python without its libraries: all that the contract asks for,
    versions pinned, in a language that its oldest Python reads."""
    adapter = KNOWN[name]
    assert adapter.SUMMARY
    assert adapter.VARIANTS
    assert "\n" not in adapter.SUMMARY
    assert all("==" in each or each == "." for each in adapter.REQUIREMENTS)
    assert adapter.PYTHONS[0] <= adapter.PYTHONS[1]
    ast.parse(Path(adapter.__file__).read_text(), feature_version=adapter.PYTHONS[0])
    assert callable(adapter.open)


def test_our_own_is_first() -> None:
    """The others are told against it."""
    assert next(iter(KNOWN)) == "fingerspell"
    assert {"mediapipe", "mediapipe_tasks", "opencv_dnn"} <= set(KNOWN)


points = st.lists(st.integers(0, 2000), min_size=42, max_size=42).filter(lambda p: len(set(p)) > 2)


@given(points, st.integers(-500, 500), st.sampled_from([2, 3, 10]))
def test_landmarks_are_normalised(flat: list[int], shift: int, scale: int) -> None:
    """Where the hand is and how large makes no difference; the wrist is 0 and the largest 1."""
    hand = np.array(flat).reshape(1, 21, 2)
    found = landmarks.normalised(hand)
    assert found.shape == (1, 42)
    assert not found[0, :2].any()
    assert np.abs(found).max() in (0, 1)
    assert np.allclose(landmarks.normalised(hand * scale + shift), found, atol=1e-6)


def test_both_forms_of_the_classifier_agree() -> None:
    """What runs in NumPy is what runs in TFLite."""
    hands = np.random.default_rng(0).integers(0, 640, (50, 21, 2))
    x = landmarks.normalised(hands)
    model = Model(landmarks.TFLITE)
    perceptron = landmarks.Perceptron()
    for one, hand in zip(x, hands, strict=True):
        (scores,) = model.run(one[None])
        logits = perceptron.logits(one[None])
        soft = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert np.allclose(scores, soft, atol=1e-4)
        assert perceptron(hand[None]) == landmarks.LETTERS[int(scores.argmax())]


# The command


@pytest.fixture
def with_fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """The command with fake peers, which need no installing."""
    python = tmp_path / "home" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def prepared(name: str, adapter: Any) -> Path:
        if name == "missing":
            raise UnavailableError("cannot be installed here: no network")
        return python

    monkeypatch.setattr(environment, "prepared", prepared)
    monkeypatch.setattr(environment, "versions", lambda python: {"numpy": "1"})
    monkeypatch.setattr(race, "Process", partial(Process, limits_s=LIMITS_S))
    facts = {name: getattr(fake_peer, name) for name in dir(fake_peer) if name.isupper()}
    some = facts | {"__file__": str(FAKE)}
    known = {
        "fake": Namespace(**some | {"VARIANTS": ("well", "slow", "dies", "unable", "blind")}),
        "missing": Namespace(**some | {"VARIANTS": ("one",)}),
        "modelless": Namespace(**some | {"VARIANTS": ("one",), "FILES": {"its-model": "a file"}}),
    }
    monkeypatch.setattr(peers, "found", lambda: known)
    return lambda *arguments: peers.main([str(each) for each in arguments])


def test_one_command_tells_of_all(
    with_fakes: Callable[..., int],
    film: Film,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Times by kind, ratios, cost and, for each peer that there is none of, why."""
    written = tmp_path / "peers.json"
    assert with_fakes("--source", film.uri, "--starts", 1, "--json", written) == 0
    told = capsys.readouterr().out
    assert "tracked frames" in told
    assert "fake:slow" in told
    assert "missing:one: not measured: cannot be installed here: no network" in told
    assert "fake:unable: not measured: it failed: RuntimeError" in told
    assert "fake:dies: failed: it died: exit status 7, no memory left" in told
    assert "(after 15 frames)" in told
    assert "modelless:one: not measured: name its model: --its-model FILE (a file)" in told
    found = read(written, "peers")
    assert found["frames_each"] == PICTURES
    rows = {row["name"]: row for row in found["peers"]}
    assert rows["fake:well"]["frames"]["tracked"]["count"] == 29
    assert rows["fake:slow"]["ratios"][0]["against"] == "fake:well"
    assert rows["fake:well"]["startup_s"]["median"] > 0
    assert rows["fake:unable"].keys() == {"name", "summary", "error"}
    assert rows["fake:dies"]["frames"]["searching"]["count"] == 15 - figures.WARM_UP
    assert rows["fake:dies"]["letters"] == {}
    assert "whole" not in json.dumps(found["peers"])


def test_an_empty_room_has_its_own_block(
    with_fakes: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each peer with its CPU time a second of video; an older result, without, is told as well."""
    monkeypatch.setattr(footage, "EMPTY_S", 0.4)
    monkeypatch.setattr(peers, "_films", lambda options: [Film(footage.EMPTY_ROOMS, "empty:0", ())])
    written = tmp_path / "peers.json"
    assert with_fakes("--peers", "fake:well,fake:slow", "--starts", 0, "--json", written) == 0
    told = capsys.readouterr().out
    assert "a room without a hand" in told
    found = read(written, "peers")
    well, slow = (row["empty_rooms"] for row in found["peers"])
    assert slow["cpu_ms_a_s"] >= 2 * FPS
    assert slow["ratio"] == pytest.approx(slow["cpu_ms_a_s"] / well["cpu_ms_a_s"], rel=0.01)
    assert f"{slow['cpu_ms_a_s']:.1f}   {slow['ratio']:.2f} [too few] of fake:well" in told
    for row in found["peers"]:
        del row["empty_rooms"]
    assert "a room without a hand" not in table(found)


def test_a_peer_that_reads_nothing_at_its_start_has_no_time_to_a_letter(
    with_fakes: Callable[..., int], film: Film, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so instead, and its times stay in the file. An older result, whose starts were on an
    empty room, has none either."""
    written = tmp_path / "peers.json"
    told = ("--peers", "fake:well,fake:blind", "--source", film.uri, "--starts", 1)
    assert with_fakes(*told, "--json", written) == 0
    (line,) = (x for x in capsys.readouterr().out.splitlines() if "reads none" in x)
    assert "fake:blind" in line
    found = read(written, "peers")
    well, blind = (row["startup_s"] for row in found["peers"])
    assert well["median"] > 0
    assert blind["letters"] == [""]
    assert len(blind["all"]) == 1
    assert "median" not in blind
    for each in (well, blind):
        each |= {"median": 98.76}
        del each["letters"]
    assert "98.76" not in table(found)


def test_no_password_is_written(
    with_fakes: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the settings nor anywhere else of a result."""
    secret = "rtsp://me:secret@door/1"
    monkeypatch.setattr(sys, "argv", ["peers", "--source", secret])
    monkeypatch.setattr(footage, "open_source", lambda uri: open_source("signer:A?size=160x120"))
    written = tmp_path / "peers.json"
    arguments = ("--peers", "fake:well", "--source", secret, "--starts", 0, "--frames", 5)
    assert with_fakes(*arguments, "--json", written) == 0
    assert "secret" not in written.read_text()
    assert read(written, "peers")["settings"]["source"] == "rtsp://door/1"


def test_ctrl_c_writes_what_was_read_and_says_so(
    with_fakes: Callable[..., int],
    film: Film,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The table and the file are there, and the exit status is that of Ctrl-C."""
    real = Process.read

    def interrupted(self: Process, first: int, count: int) -> list[list[Any]]:
        return _interrupt() or real(self, first, count) if first else real(self, first, count)

    monkeypatch.setattr(Process, "read", interrupted)
    written = tmp_path / "peers.json"
    arguments = ("--peers", "fake:well", "--source", film.uri, "--starts", 0)
    assert with_fakes(*arguments, "--json", written) == result.INTERRUPTED
    assert "(ended: interrupted)" in capsys.readouterr().out
    assert read(written, "peers")["frames_each"] == 15


def test_a_file_that_cannot_be_written_costs_no_table(
    with_fakes: Callable[..., int],
    film: Film,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The figures of a long run are told before the disk, full by now, can take them away."""

    def full(path: Path, measured: dict[str, Any]) -> None:
        raise UsageError("the disk is full")

    monkeypatch.setattr(result, "write", full)
    arguments = ("--peers", "fake:well", "--source", film.uri, "--starts", 0)
    assert with_fakes(*arguments, "--json", tmp_path / "peers.json") == 2
    out, err = capsys.readouterr()
    assert "tracked frames" in out
    assert "the disk is full" in err


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (["--peers", "nobody"], "there is no peer 'nobody'; there are: fake", 2),
        (["--peers", "fake:nobody"], "there is no peer 'fake:nobody'", 2),
        (["--source", "video:/no/such.mp4"], "there is no file", 2),
        (["--clips", "/no/such"], "truth.json", 2),
        (["--frames", "-1"], "--frames is -1", 2),
        (["--seconds", "nan"], "--seconds is nan", 2),
        (["--threads", "0"], "--threads is 0", 2),
        (["--threads", "9999"], "--threads is 9999, and there are", 2),
        (["--its-model", "/no/such"], "--its-model: there is no file", 2),
        (["--json", "/no/such/file"], "there is no folder", 2),
        (["--table", "/no/such/file"], "cannot read /no/such/file", 2),
        (["--table", str(FAKE)], "is not JSON", 2),
    ],
)
def test_a_mistake_is_told_in_a_line(
    arguments: list[str],
    told: str,
    code: int,
    with_fakes: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the exit code of edge/errors.py, and nothing else."""
    assert with_fakes("--phrases", 0, "--starts", 0, *arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("benchmarks.peers:")]
    assert len(lines) == 1
    assert told in lines[0]


def test_a_source_without_frames_is_told(
    with_fakes: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to measure on an empty one."""
    (tmp_path / "pictures").mkdir()
    assert with_fakes("--source", f"images:{tmp_path / 'pictures'}", "--starts", 0) in (2, 3)
    assert "benchmarks.peers: " in capsys.readouterr().err


def test_peers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """With what they are, and the files that they need."""
    assert peers.main(["--list"]) == 0
    told = capsys.readouterr().out
    assert "mediapipe:lite" in told
    assert "needs --hand-landmarker" in told


def test_a_result_without_its_figures_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line that says what it lacks."""
    file = tmp_path / "peers.json"
    file.write_text('{"kind": "peers", "version": 1}')
    assert peers.main(["--table", str(file)]) == 2
    assert "is no whole result: it lacks 'peers'" in capsys.readouterr().err


def test_the_table_reads_what_was_recorded() -> None:
    """The reference result is one, and its table has a row for each peer."""
    found = read(Path(peers.__file__).parents[1] / "results/xeon-2-cores/peers.json", "peers")
    told = table(found)
    for row in found["peers"]:
        assert row["name"] in told
    for kind in ("tracked", "searching", "idle"):
        assert f"{kind} frames" in told


def test_a_peer_is_drawn_by_the_rule_that_serves_it_best() -> None:
    """On clips with letters: neither the signer nor false letters where none is shown count."""

    def group(letters: int, *edits: int) -> dict[str, dict[str, int]]:
        rules = ("same for 5", "same for 10")
        return {
            rule: {"letters": letters, "edits": n} for rule, n in zip(rules, edits, strict=True)
        }

    read = {"signer": group(9, 9, 9), "words": group(4, 3, 1), "lesson": group(5, 0, 1)}
    row = {"letters": read | {"signs": group(0, 0, 7)}}
    assert best(row) == {"rule": "same for 10", "letters": 9, "edits": 2}
    assert best({"letters": {}}) == {}


@pytest.mark.slow
def test_our_own_peer_reads_a_letter(hand_models: Path) -> None:
    """The stages of `fingerspell run`, in a process: a held B is found, followed and settled."""
    adapter = KNOWN["fingerspell"]
    start = partial(Process, Path(sys.executable), Path(adapter.__file__), "lite", [0], {})
    row = Row("fingerspell:lite", "lite", adapter, start)
    done = raced([row], Film("signer", "signer:B"))
    assert row.error == ""
    (samples,) = row.read
    assert {s.kind for s in samples} >= {"tracked", "searching"}
    assert figures.letters(row, done.recordings)["signer"]["own"]["missed"] == 0
    race.startups([row], peers.START, 1, bar=False)
    assert row.startup_letters == ["B"]
    assert [Path(file).name for file in row.files] == [
        "palm_detection_lite.tflite",
        "hand_landmark_lite.tflite",
    ]
