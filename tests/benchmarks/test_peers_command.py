"""python -m benchmarks.peers: one command tells of all, and mistakes in a line."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import result
from benchmarks.measure.result import read
from benchmarks.peers import __main__ as peers
from benchmarks.peers import environment, figures, footage, race
from benchmarks.peers.environment import UnavailableError
from benchmarks.peers.footage import Film
from benchmarks.peers.process import Process
from benchmarks.peers.race import Row
from benchmarks.peers.table import best, table
from edge.errors import INTERRUPTED, UsageError
from edge.sources import open_source
from tests.support import fake_peer
from tests.support.raced import FAKE, FPS, LIMITS_S, PICTURES, interrupt, raced

pytestmark = pytest.mark.usefixtures("peers_cache")

KNOWN = peers.found()


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
        return interrupt() or real(self, first, count) if first else real(self, first, count)

    monkeypatch.setattr(Process, "read", interrupted)
    written = tmp_path / "peers.json"
    arguments = ("--peers", "fake:well", "--source", film.uri, "--starts", 0)
    assert with_fakes(*arguments, "--json", written) == INTERRUPTED
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
