"""benchmarks.peers: processes that read the same frames by turns, and those that fail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers import __main__ as peers
from benchmarks.peers import figures, footage, race
from benchmarks.peers.footage import Film
from benchmarks.peers.process import FailedError, Process, quiet_cpus
from edge.errors import UsageError
from edge.sources import open_source
from tests.support.raced import FAKE, LIMITS_S, PICTURES, fake, interrupt, raced

pytestmark = pytest.mark.usefixtures("peers_cache")


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
        ("babbles", "it reported a 'dreaming' frame; there are tracked, searching, idle"),
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
    monkeypatch.setattr(race, "decoded", interrupt)
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
