"""The soak: what it holds to its bounds, and a short one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure.scoring import Read, Shown
from benchmarks.soak import drift
from benchmarks.soak.__main__ import main
from benchmarks.soak.drift import Bound, Process, Sample, bounds, process, slope
from benchmarks.soak.ledger import Ledger, compare
from edge.types import Box, Event, Frame, Hand, Result, Truth
from tests.support.examples import full_only

ROOT = Path(__file__).parents[2]
FPS = 30
EMPTY = np.full((48, 64, 3), 128, np.uint8)
HAND = Hand(np.zeros((21, 3), np.float32), Box(0, 0, 9, 9), "right", 1.0)


def samples(count: int = 50, *, mb: float = 0.0, files: int = 0, ms: float = 0.0) -> list[Sample]:
    """A run of a sample each 10,000 frames, of which memory, files or time grow so much each."""
    return [
        Sample(
            frames=(n + 1) * 10_000,
            seconds=n * 30.0,
            parent=Process(100.0 + n * mb + n % 2, 12 + n * files, 4),
            child=Process(200.0 + n % 3, 8, 2),
            child_frames=9_000,
            tracked_ms=4.0 + n * ms,
            tracked_cpu_ms=4.0 + n * ms,
            reopened=n,
            letters=n,
            load=1.0,
        )
        for n in range(count)
    ]


def broken(run: list[Sample]) -> list[str]:
    return [bound.name for bound in bounds(run) if bound.met is False]


@given(st.floats(-5, 5), st.floats(-1000, 1000), st.integers(0, 3))
def test_a_slope_is_found_whatever_a_few_points_are(rate: float, start: float, wild: int) -> None:
    """Exactly on a line; nearly, where up to 3 of 40 points are anywhere."""
    x = [float(n) for n in range(40)]
    y = [start + rate * n + (1e6 if n % 13 == 5 and n // 13 < wild else 0.0) for n in x]
    assert slope(x, y) == pytest.approx(rate, abs=1e-6)


def test_a_level_run_breaks_no_bound() -> None:
    """Samples that only shake are kept within all bounds, and none is left unsaid."""
    held = bounds(samples())
    assert all(bound.met for bound in held), held


@pytest.mark.parametrize(
    ("growth", "name"),
    [
        ({"mb": 0.11}, "memory in 100,000 frames, MB"),
        ({"files": 1}, "open files, spread"),
        ({"ms": 0.02}, "rise of a tracked frame's processor time"),
    ],
    ids=["memory", "files", "time"],
)
def test_what_creeps_breaks_its_bound(growth: dict[str, Any], name: str) -> None:
    """1.1 MB in 100,000 frames, a file a sample, a time that rises by a quarter: each is found."""
    assert broken(samples(**growth)) == [name]


def test_a_short_run_says_nothing_of_memory() -> None:
    """Within 50,000 frames memory may still settle: its bound is neither kept nor broken."""
    met = {bound.name: bound.met for bound in bounds(samples(5, mb=3.0))}
    assert met["memory in 100,000 frames, MB"] is None
    assert Bound("", None, 1.0).met is None


def test_a_process_is_read_from_proc(tmp_path: Path) -> None:
    """Its own memory, and a file more once one more is open."""
    before = process("self")
    assert before
    assert before.memory_mb > 10
    assert before.threads >= 1
    with (tmp_path / "open").open("w"):
        after = process("self")
        assert after
        assert after.files == before.files + 1


def test_a_process_that_has_just_ended_is_not_measured() -> None:
    """Nor one that is gone. Until its parent has waited for it, it is listed with nothing in it."""
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{child.pid}/statm").exists()
        assert process(child.pid) is None
    assert process(child.pid) is None


def test_a_measurement_that_could_not_be_taken_breaks_no_bound() -> None:
    """A sample without its capture process, or without a followed hand, is left out."""
    run = [
        replace(sample, child=None, tracked_cpu_ms=None) if n % 7 == 3 else sample
        for n, sample in enumerate(samples())
    ]
    assert all(bound.met for bound in bounds(run)), bounds(run)


def test_a_process_that_took_the_place_of_another_is_not_measured_for_it() -> None:
    """While the source still gives frames of the capture process before it."""
    sampler = drift.Sampler(every=1)
    result = Result(Frame(EMPTY, 0, 0), (), None, (), "", {})
    sleep = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    for reopened in (0, 0, 1):
        with subprocess.Popen(sleep, stdin=subprocess.PIPE):
            sampler.after(result, reopened)
    assert [sample.child is None for sample in sampler.samples] == [False, True, False]


def test_letters_are_compared_in_their_time() -> None:
    """A letter is read from a little before its hold to a second after it; each once."""
    shown = [Shown(1.0, 1.4, "A"), Shown(1.6, 2.0, "B")]
    assert compare(shown, [Read(1.3, "A"), Read(2.9, "B")]) == ([], [])
    assert compare(shown, [Read(1.3, "A"), Read(3.1, "B")]) == ([(1.6, "B")], [(3.1, "B")])
    assert compare(shown, [Read(1.3, "A"), Read(1.4, "A"), Read(1.9, "B")])[1] == [(1.4, "A")]


def spell(told: dict[float, str], *, gap_s: float = 0.0, black: bool = False) -> Ledger:
    """A signer holds A at 2 s and B at 3 s, half a second each; `told` says what is read when.

    gap_s: for how long no frame comes, from 2.7 s on. black: as long as that, they are black.
    """
    ledger = Ledger()
    for n in range(10 * FPS):
        t_s = n / FPS
        label = "A" if 2 <= t_s < 2.5 else "B" if 3 <= t_s < 3.5 else ""
        if 2.7 <= t_s < 2.7 + gap_s and not black:
            continue
        rgb = EMPTY * (not (black and 2.7 <= t_s < 2.7 + gap_s))
        rgb[0, 0] = n % 256
        events = [
            Event("letter", letter, 1.0, 0, "")
            for at_s, letter in told.items()
            if n == round(at_s * FPS)
        ]
        truth = Truth(label, HAND if 1.5 <= t_s < 4 else None)
        ledger.see(Frame(rgb, n, round(t_s * 1e9), truth), events, 1 / FPS)
    ledger.close()
    return ledger


def test_every_letter_is_accounted_for() -> None:
    """Read in time it is read; one that is not is missed, by name; one more is one too many."""
    well = spell({2.3: "A", 3.3: "B"})
    assert (well.shown, well.read, well.missed, well.extra) == (2, 2, [], [])
    missed = spell({2.3: "A"})
    assert (missed.shown, missed.read) == (2, 1)
    assert missed.missed == ["3.0 s: B (AB read as A)"]
    extra = spell({2.3: "A", 3.3: "B", 7.0: "C"})
    assert extra.extra == ["7.0 s: C ( read as C)"]


@pytest.mark.parametrize("black", [False, True])
def test_a_word_that_a_fault_interrupts_is_counted_apart(black: bool) -> None:
    """Where no frames come for a while amid a word, or black ones, it is told how much of it was
    read, and no letter of it counts as missed."""
    ledger = spell({2.3: "A"}, gap_s=0.2, black=black)
    assert (ledger.shown, ledger.touched, ledger.touched_read) == (0, 2, 1)
    assert ledger.disturbances == 1
    assert (ledger.missed, ledger.extra) == ([], [])


def test_wrong_flags_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, with exit status 2."""
    assert main(["--frames", "-3"]) == 2
    assert "--frames not below" in capsys.readouterr().err


SOURCE = "faulty:HI JO?size=320x240&rest=6&fault=crash,black,half,gone&after=8&every=12&lasts=9"


@full_only
def test_a_short_soak_keeps_its_bounds(
    hand_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1,500 frames with a crash, black and half pictures: all letters are accounted for, files
    and threads stay, the watchdog is content, and the report is written."""
    flags = ["--frames", "1500", "--every", "400", "--json", str(tmp_path / "soak.json")]
    code = main([*flags, "--source", SOURCE])
    told = capsys.readouterr().out
    assert code == 0, told
    assert told.endswith("PASSED\n")
    report = json.loads((tmp_path / "soak.json").read_text())
    assert report["passed"]
    assert report["frames"] == 1500
    assert report["faults"] >= 2
    assert report["letters"]["read"] == report["letters"]["shown"] >= 8


@pytest.mark.slow
def test_a_bound_that_is_broken_fails_the_soak(
    hand_models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not even as many open files as before are allowed, the verdict and the exit status
    say so."""
    monkeypatch.setattr(drift, "SPREAD", -1)
    assert main(["--frames", "300", "--every", "50", "--source", SOURCE]) == 1
    told = capsys.readouterr().out
    assert re.search(r"open files, spread +\d +-1  BROKEN", told)
    assert told.endswith("FAILED\n")


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_measured(hand_models: Path, tmp_path: Path) -> None:
    """Ended early, a soak tells what it saw up to then, and ends with status 130."""
    line = [sys.executable, "-m", "benchmarks.soak", "--source", SOURCE, "--json", "soak.json"]
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        line, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True
    ) as soak:
        while not any(path.stat().st_size for path in tmp_path.glob("soak-*/letters.jsonl")):
            assert soak.poll() is None
            time.sleep(0.1)
        soak.send_signal(signal.SIGINT)
        told, _ = soak.communicate(timeout=60)
    assert soak.returncode == 130
    assert "(stopped by SIGINT)" in told
    assert json.loads((tmp_path / "soak.json").read_text())["frames"] > 0
    assert not list(tmp_path.glob("soak-*"))
