"""The latency benchmark: what it counts, what it writes, and how it refuses. No time is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import latency, startup

QUICK = ["--source", "signer:HI", "--detector", "truth", "--frames", "60", "--starts", "0"]


def quantiles(value: float) -> dict[str, float]:
    return {"p50": value, "p90": value, "p99": value, "max": value}


def test_a_report_tells_each_kind_of_frame_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signer's first half second is searched, the rest tracked, and each is counted once."""
    path = tmp_path / "latency.json"
    assert latency.main([*QUICK, "--json", str(path)]) == 0
    report = json.loads(path.read_text())
    assert report["total_frames"] == 60
    counts = {kind: figures["count"] for kind, figures in report["frames"].items()}
    assert counts["searching"] > 0 < counts["tracked"]
    left_out = sum(min(latency.WARM_UP_FRAMES, count) for count in counts.values())
    assert sum(counts.values()) + left_out <= 60
    assert set(report["frames"]["tracked"]["stages_ms"]) == {"follow", "letter", "debounce"}
    assert set(report["frames"]["searching"]["stages_ms"]) == set(latency.STAGES)
    assert {"machine", "versions", "settings", "command", "date", "goals"} <= report.keys()
    shown = capsys.readouterr().out
    assert all(f"{kind}: " in shown for kind in latency.KINDS)
    assert "overhead of tracked frames" in shown
    assert os.listdir(tmp_path) == ["latency.json"]


def timing(**stages: float) -> dict[str, float]:
    return {"wait": 1000.0, "debounce": 0.0, **stages}


def test_a_frames_time_is_that_of_its_stages() -> None:
    """Waiting is no part of it; what is outside the interpreter is overhead."""
    frames = [timing(follow=8, letter=2, invoke=9), timing(follow=25, letter=5, invoke=24)]
    figures = latency._summary(frames)
    assert figures["count"] == 2
    assert figures["frame_ms"] == {"p50": 20, "p90": 28, "p99": 29.8, "max": 30}
    assert figures["fps"] == 50
    assert figures["overhead_ms"]["max"] == 6
    assert figures["overhead_share"] == pytest.approx(1 - 33 / 40)
    assert figures["overhead_share_p50"] == pytest.approx(0.15)


def test_a_kind_without_frames_has_no_figures() -> None:
    """Nothing is made up for it, neither in the file nor in the table."""
    figures = latency._summary([])
    assert figures == {"count": 0}
    assert latency._kind_lines("idle", figures) == ["idle: no such frame, or not enough of them"]


@pytest.mark.parametrize(
    ("overhead", "memory", "seconds", "met"),
    [(0.15, 150.0, 1.5, True), (0.151, 150.1, 1.51, False)],
)
def test_a_missed_goal_is_said(overhead: float, memory: float, seconds: float, met: bool) -> None:
    """Each goal stands beside what was measured, met or not."""
    goals = latency._goals(
        {
            "frames": {"tracked": {"overhead_share": overhead}},
            "memory_mb": memory,
            "first_prediction_s": {"median": seconds},
        }
    )
    assert [goal["met"] for goal in goals.values()] == [met] * 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--source", "usb:99"], 3, "no camera usb:99"),
        (["--source", "video:/no/such.mp4"], 2, "there is no file"),
        (["--source", "{folder}"], 2, "names no source"),
        (["--source", "images:{folder}"], 2, "{folder}"),
        (["--seconds", "0"], 2, "--seconds must be above 0"),
        (["--seconds", "1e-9"], 3, "gave no frame to measure"),
        (["--detector", "haar"], 2, "there is no detector"),
        (["--json", "{folder}/none/latency.json"], 2, "there is no folder"),
        (["--json", "{folder}"], 2, "cannot write"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the exit codes of fingerspell, and nothing half-written."""
    given = [argument.format(folder=tmp_path) for argument in arguments]
    assert latency.main([*QUICK, *given]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert said.format(folder=tmp_path) in line
    assert os.listdir(tmp_path) == []


def test_peak_memory_is_the_processs_own() -> None:
    """A child of a large process does not begin with what its parent had."""
    ballast = bytearray(100_000_000)
    child = "from benchmarks.startup import peak_memory_mb; print(peak_memory_mb())"
    done = subprocess.run(
        [sys.executable, "-c", child],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 100 < startup.peak_memory_mb()
    del ballast


@pytest.mark.slow
def test_start_up_and_memory_come_from_fresh_processes(
    hand_models: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every step takes some time and memory, after the one before it."""
    path = tmp_path / "latency.json"
    more = ["--detector", "mediapipe:lite", "--starts", "1", "--json", str(path)]
    assert latency.main([*QUICK, *more]) == 0
    report = json.loads(path.read_text())
    assert set(report["goals"]) == set(latency.GOALS)
    for figure in ("s", "memory_mb"):
        values = [step[figure] for step in report["steps"]]
        assert values == sorted(values)
        assert values[0] > 0
    assert report["steps"][-1]["step"] == "first prediction"
    assert len(report["first_prediction_s"]["all"]) == 1
    assert report["memory_mb"] > report["steps"][1]["memory_mb"]
    assert "start to first prediction" in capsys.readouterr().out
