"""The latency benchmark: what it tells apart, what it keeps, how it refuses. No time is judged."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.latency import __main__ as latency
from benchmarks.latency import startup, table
from benchmarks.latency.measuring import Wanted, run
from benchmarks.measure import result
from benchmarks.measure.memory import peak_memory_mb
from benchmarks.measure.result import KINDS, QUANTILES
from benchmarks.measure.times import FIRST_OF_A_KIND, Times
from edge.assembly import open_stages
from edge.config import Config
from edge.errors import FingerspellError, SinkError
from edge.running.stop import Stop
from edge.sources import open_source
from edge.types import Event, Frame
from tests.benchmarks.conftest import SMALL
from tests.support import fake_cameras, fake_v4l2

ROOT = Path(__file__).parents[2]
FEW = ["--frames", "60", "--warm-up", "5", "--starts", "0", "--no-work"]
QUICK = ["--source", SMALL, "--detector", "truth", *FEW]


def measured(config: Config, frames: int, warm_up: int = 0) -> dict[str, Any]:
    return run(config, Wanted(None, frames, warm_up), Stop())


def distributions(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where in a result there are quantiles."""
    if isinstance(found, dict):
        if "p50" in found:
            yield path
        for name, inner in found.items():
            yield from distributions(inner, (*path, name))


@pytest.fixture(scope="module")
def found(of_latency: Path) -> result.Result:
    """A result as it is read from its file, all of it but fresh processes."""
    assert of_latency.read_text().count("\n") == 1
    return result.read(of_latency)


def test_each_kind_of_frame_has_its_own_figures(found: result.Result) -> None:
    """The signer's first half second is searched, the rest tracked, and each is counted once."""
    counts = {kind: figures["count"] for kind, figures in found["frames"].items()}
    assert counts["searching"] > 0 < counts["tracked"]
    left_out = sum(min(FIRST_OF_A_KIND, found["total_frames"]) for _ in KINDS)
    assert found["total_frames"] - left_out <= sum(counts.values()) < found["total_frames"] == 70
    (sink,) = found["settings"]["sink"]
    stages = {kind: set(found["frames"][kind]["stages_ms"]) for kind in ("tracked", "searching")}
    assert stages["tracked"] == {"follow", "recognise", "spell", sink}
    assert stages["searching"] == {"find", *stages["tracked"]}
    for figures in (found["frames"]["tracked"], found["frames"]["searching"]):
        for values in (*figures["stages_ms"].values(), figures["frame_ms"]):
            assert values["count"] == figures["count"]
            assert values["p50"] <= values["p90"] <= values["p99"] <= values["max"]
    assert found["ended"] == "frames"
    assert 0 < found["share_with_hand"] < 1


def test_no_figure_is_of_a_mixture(found: result.Result) -> None:
    """Every distribution in the file is of one kind of frames."""
    places = list(distributions(found))
    assert len(places) > 10
    assert all(set(place) & set(KINDS) for place in places)
    mixed = deepcopy(found)
    mixed["frames"]["all"] = mixed["frames"]["tracked"]
    assert "there are tracked, searching, idle" in next(result._faults(mixed, "latency"))


def test_a_result_says_how_it_came_about(found: result.Result) -> None:
    """What it ran on, with what, and what it did besides."""
    assert found["machine"]["kernel"].startswith("Linux ")
    assert {"python", "litert", "numpy"} <= found["versions"].keys()
    assert {"letters", "motion"} == set(found["models"])  # the detector truth has no models
    assert all(len(sha256) == 64 for sha256 in found["models"].values())
    assert found["settings"]["sizes"] == ["160x120"]
    assert found["settings"]["live"] is False
    assert found["work"]["frames"]["tracked"]["model_calls"]["letters"] == 1
    assert found["cpu_s"]["loop"] > 0
    assert 0 < found["measuring_share"] < 1
    assert found["memory_mb"]["loop"] > 10
    assert "capture" not in found["memory_mb"]
    lengths = {len(values) for values in found["conditions"]["samples"].values()}
    assert len(lengths) == 1
    assert lengths.pop() >= 1


def test_the_table_shows_what_the_file_tells(found: result.Result) -> None:
    """Each kind, each stage, the goals, and at the end whether it may be quoted."""
    shown = table.table(found)
    assert all(f"{kind}: " in shown for kind in KINDS)
    sink = found["settings"]["sink"][0]
    assert all(f"\n  {stage}" in shown for stage in ("find", "follow", "recognise", "spell", sink))
    assert "overhead of tracked frames" in shown
    assert shown.splitlines()[-1].startswith("nothing to quote: ")
    assert "1000 are needed" in shown


def test_only_enough_tracked_frames_can_be_quoted(found: result.Result) -> None:
    """The line tells what the figure hangs on, and what speaks against it."""
    assert found["quote"] == ""
    enough = deepcopy(found)
    enough["frames"]["tracked"]["count"] = table.QUOTABLE
    enough["conditions"]["warnings"] = ["it was warm"]
    line, why_not = table.quote(enough)
    assert why_not == ""
    assert re.match(r"fingerspell \S+ on .+: a tracked frame takes p50 ", line)
    for part in (
        "p50",
        "p99",
        f"{SMALL} (synthetic) at 160x120",
        "letters",
        "1 thread",
        "BUT it was warm",
    ):
        assert part in line
    assert "\n" not in line


def test_a_quote_is_of_facts_told_once(found: result.Result) -> None:
    """What to do about a warning is for who measures, and the governor has a place of its own."""
    enough = deepcopy(found)
    enough["frames"]["tracked"]["count"] = table.QUOTABLE
    enough["machine"]["governor"] = "ondemand"
    enough["conditions"]["warnings"] = [
        "the machine runs on battery; plug it in",
        "the clock's governor is ondemand; for steady figures: echo performance | sudo tee /sys/x",
    ]
    line, _ = table.quote(enough)
    assert line.endswith("; BUT the machine runs on battery")
    assert line.count("governor ondemand") == 1
    assert "sudo" not in line
    enough["conditions"]["warnings"].pop(0)
    assert "BUT" not in table.quote(enough)[0]


@pytest.mark.parametrize(
    ("count", "seconds", "ended", "said"),
    [
        (649, 10.0, "seconds", "run for 20 s or more"),
        (100, 60.0, "interrupted", "run for 660 s or more"),
        (649, 10.0, "source", "choose a longer source"),
        (0, 10.0, "seconds", "hold one before the camera"),
    ],
)
def test_too_few_frames_say_what_to_do(
    found: result.Result, count: int, seconds: float, ended: str, said: str
) -> None:
    """As long as it takes at the rate that was seen, or another source."""
    few = deepcopy(found) | {"seconds": seconds, "ended": ended}
    few["frames"]["tracked"]["count"] = count
    line, why_not = table.quote(few)
    assert line == ""
    assert why_not.startswith(f"{count} tracked frames; 1000 are needed: ")
    assert why_not.endswith(said)


def test_what_drawing_takes_is_said(found: result.Result) -> None:
    """The synthetic signer is drawn by the very process whose time is told; a camera is not."""
    assert "the drawing of the synthetic signer with it: " in table.table(found)
    filmed = deepcopy(found)
    filmed["settings"]["source"] = "usb:0"
    assert "synthetic" not in table.table(filmed)


def test_only_letters_are_what_a_reader_waits_for() -> None:
    """A hand that comes or goes, and a space, are events too, and no frame is counted for them."""
    source = open_source(SMALL)
    stages = open_stages(Config(detector="truth"), source)
    (one,) = [r for r in stages.results(islice(source.frames(), 40)) if r.hands][-1:]
    times = Times()
    hand, space = Event("hand", "found", 1.0, 0, ""), Event("space", " ", 1.0, 0, "")
    letter = Event("letter", "H", 1.0, 0, "H")
    for events in [()] * FIRST_OF_A_KIND + [(hand,), (space,), (hand, letter)]:
        times.take(replace(one, events=events), {}, 1.0)
    assert times.count("tracked") == 3
    assert times.events()["tracked"]["count"] == 1


def test_writing_that_fails_does_not_cost_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is none any more is one line, after all that was measured was shown."""
    folder = tmp_path / "results"
    folder.mkdir()
    count = latency._count

    def and_meanwhile(*arguments: Any) -> None:
        count(*arguments)
        folder.rmdir()
        folder.write_text("")

    monkeypatch.setattr(latency, "_count", and_meanwhile)
    assert latency.main([*QUICK, "--json", str(folder / "latency.json")]) == 2
    out, err = capsys.readouterr()
    assert "whole frame" in out
    assert "cannot write" in err.splitlines()[-1]


def test_what_was_left_out_is_told(few: list[Frame], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves the counts out and says so, but in no quote; a time that is over does not."""
    monkeypatch.setattr(latency.work, "footage", lambda: few)
    arguments = latency._parser().parse_args(["--source", SMALL, "--starts", "0"])
    config = Config(source=SMALL, detector="truth")
    for reason, missing in (("seconds", 0), ("SIGINT", 1)):
        stop = Stop()
        stop.request(reason)
        kept: dict[str, Any] = {"work": {}, "start": {}, "conditions": {"warnings": []}}
        latency._count(arguments, config, stop, kept)
        assert len(kept["conditions"]["warnings"]) == missing
        assert bool(kept["work"]) == (not missing)
    (line,) = kept["conditions"]["warnings"]
    assert line == "calls, copies and memory were not measured: it was stopped"


def test_what_was_chosen_for_a_camera_is_counted_and_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Goals stand beside one model's figures, although a picture has time for another."""
    given: list[str] = []
    monkeypatch.setattr(latency.work, "footage", list)
    monkeypatch.setattr(
        latency.work, "count", lambda c, _: given.append(c.detector) or {"frames": {}}
    )
    monkeypatch.setattr(startup, "measure", lambda c, _: given.append(c.detector) or {})
    lite = {"hand_landmark_lite": "0" * 64, "letters": "1" * 64}
    measured_with = {
        "models": lite,
        "settings": {"live": True, "sizes": ["640x480"]},
        "conditions": {"samples": {}, "warnings": [], "quiet": True},
        "seconds": 1.0,
        "ended": "frames",
        "frames": {kind: {"count": 0} for kind in KINDS},
    }
    for detector, models, expected in (
        ("mediapipe", lite, "mediapipe:lite"),
        ("mediapipe:full", {"hand_landmark_full": "0" * 64}, "mediapipe:full"),
        ("mediapipe", {"hand_landmark_full": "0" * 64}, "mediapipe"),
    ):
        given.clear()
        monkeypatch.setattr(
            latency, "run", lambda *_, models=models: deepcopy(measured_with) | {"models": models}
        )
        flags = ["--source", "usb:0", "--detector", detector, "--starts", "1"]
        latency.measure(latency._parser().parse_args(flags))
        assert given == [expected] * 2


def test_a_start_that_fails_is_one_line(tmp_path: Path) -> None:
    """What its process said last, as an error of ours."""
    picture = tmp_path / "none.png"
    with pytest.raises(FingerspellError, match=r"prints its steps failed: .*none\.png"):
        startup._steps(picture, Config(detector="truth", threads=1))
    cv2.imwrite(str(picture), np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(FingerspellError, match="it found no hand"):
        startup._steps(picture, Config(detector="truth", threads=1))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dynamic", "motion"])
def test_motion_models_start_too(hand_models: Path, tmp_path: Path, model: str) -> None:
    """They read no stills, and their first prediction is measured all the same."""
    config = Config(detector="mediapipe:lite", model=model, threads=1)
    steps = startup._steps(startup._picture_of_a_hand(tmp_path), config)
    assert [step["step"] for step in steps][-2:] == ["letter and motion models", "first prediction"]


def test_json_on_stdout_is_all_there(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, so that another program can read it; the table goes to stderr."""
    assert latency.main([*QUICK, "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["kind"] == "latency"
    assert out.count("\n") == 1
    assert "whole frame" in err


def test_nothing_to_quote_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A script that wants the line gets no other; what was measured is kept."""
    path = tmp_path / "latency.json"
    assert latency.main([*QUICK, "--quote", "--json", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "tracked frames; 1000 are needed" in err
    assert result.read(path)["total_frames"] == 60


def test_a_source_that_ends_early_is_told() -> None:
    """What there was is kept, and marked."""
    found = run(
        Config(source="signer:A?size=160x120", detector="truth"), Wanted(60.0, None, 5), Stop()
    )
    assert found["ended"] == "source"
    assert any("the source has no more" in line for line in found["conditions"]["warnings"])
    assert found["seconds"] < 60


def test_a_camera_that_is_lost_costs_nothing_of_what_was_measured() -> None:
    """The reason stands beside the figures."""
    source = "faulty:HI?fault=gone&after=1&live=yes"
    config = Config(source=source, detector="truth")
    config = replace(config, camera=replace(config.camera, patience_s=0.01))
    found = run(config, Wanted(60.0, None, 2), Stop())
    assert found["ended"] == "source"
    assert found["total_frames"] > 5
    assert "was lost" in found["conditions"]["warnings"][-1]


def test_a_sink_that_fails_costs_nothing_of_what_was_measured(tmp_path: Path) -> None:
    """The disk that is full ends the run, and the figures stay."""
    config = Config(source=f"{SMALL}&loop=yes", detector="truth", sink=("jsonl:/dev/full",))
    found = run(config, Wanted(60.0, None, 0), Stop())
    assert found["ended"] == "sink"
    assert "no sink works" in found["conditions"]["warnings"][-1]
    assert found["total_frames"] > 5


def test_a_run_that_lost_its_sink_ends_as_one(tmp_path: Path) -> None:
    """With the exit status of a sink's failure, not of Ctrl-C, and with its file."""
    path = tmp_path / "latency.json"
    flags = ["--source", f"{SMALL}&loop=yes", "--detector", "truth", "--warm-up", "0"]
    flags += ["--starts", "0", "--no-work", "--sink", "jsonl:/dev/full", "--json", str(path)]
    assert latency.main(flags) == SinkError.exit_code
    assert result.read(path)["ended"] == "sink"


def test_a_last_word_that_cannot_be_written_costs_nothing() -> None:
    """A sink that fails only when it is closed had been told of every frame."""
    config = Config(source=SMALL, detector="truth", sink=("jsonl:/dev/full",))
    found = measured(config, 8)  # no event yet, so that nothing is written before the end
    assert found["ended"] == "frames"
    assert found["total_frames"] == 8
    assert "cannot write to /dev/full" in found["conditions"]["warnings"][-1]


def test_a_sink_that_drops_out_is_told(tmp_path: Path) -> None:
    """The run goes on with the other, and the figures of the one are not all frames'."""
    sinks = ("jsonl:/dev/full", f"jsonl:{tmp_path / 'events.jsonl'}")
    found = measured(Config(source=f"{SMALL}&loop=yes", detector="truth", sink=sinks), 60)
    assert found["ended"] == "frames"
    assert any("events did not reach it" in line for line in found["conditions"]["warnings"])
    assert not any("events.jsonl" in line for line in found["conditions"]["warnings"])


def test_a_camera_is_measured_in_its_own_process(
    hand_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reading and colours are told, its process's time and memory, and the time since glass."""
    small = open_source("signer:B?size=320x240").frames()
    drawn = [frame.rgb[..., ::-1] for frame in islice(small, 60)]
    np.save(tmp_path / "pictures.npy", np.stack(drawn))
    machine = fake_cameras.install(monkeypatch, tmp_path)
    pictures = str(tmp_path / "pictures.npy")
    machine.plug(0, fake_v4l2.Device(pictures=pictures, interval_s=0.03))
    config = Config(source="usb:0", detector="mediapipe:lite")
    found = measured(config, 120)
    assert found["settings"]["live"]
    for kind in ("tracked", "searching"):
        figures = found["frames"][kind]
        assert {"capture", "convert", "share"} <= figures["stages_ms"].keys()
        whole = figures["frame_ms"]
        assert figures["stages_ms"]["capture"]["p50"] < 15  # the camera is waited for 30 ms
        assert figures["glass_ms"]["p50"] >= figures["stages_ms"]["follow"]["p50"]
        assert whole["mean"] == pytest.approx(
            sum(stage["mean"] for stage in figures["stages_ms"].values()), rel=0.01
        )
    assert found["event_ms"]["tracked"]["count"] >= 1  # the letter, in each round of the pictures
    assert "searching" not in found["event_ms"]  # the hand that was found again is none
    assert found["memory_mb"]["capture"] > 10
    assert found["cpu_s"]["capture"] > 0
    assert set(found["models"]) == {
        "palm_detection_lite", "hand_landmark_lite", "letters", "motion",
    }  # fmt: skip


def test_a_camera_module_tells_its_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its colours are made by the camera itself."""
    fake_cameras.install(monkeypatch, tmp_path, {})
    found = measured(Config(source="picamera:0?size=320x240", detector="truth"), 10)
    stages = found["frames"]["searching"]["stages_ms"]
    assert {"capture", "share"} <= stages.keys()
    assert "convert" not in stages


def test_a_camera_that_hangs_does_not_hold_the_end_up() -> None:
    """The time is over when it is, whether or not frames come."""
    source = "faulty:HI?fault=hang&after=0.3&live=yes"
    found = run(Config(source=source, detector="truth"), Wanted(1.5, None, 1), Stop())
    assert found["ended"] == "seconds"
    assert 1 <= found["total_frames"] < 30


def test_recorded_frames_tell_their_reading(tmp_path: Path) -> None:
    """A file is read in a process of its own; its stamps are no time of this machine's."""
    path = tmp_path / "grey.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 240))
    for grey in range(20):
        writer.write(np.full((240, 320, 3), grey, np.uint8))
    writer.release()
    found = measured(Config(source=f"video:{path}", detector="truth"), 15)
    stages = found["frames"]["searching"]["stages_ms"]
    assert {"capture", "convert", "share", "find"} <= stages.keys()
    assert found["event_ms"] == {}
    assert "glass_ms" not in found["frames"]["searching"]
    assert found["settings"]["sizes"] == ["320x240"]


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    """The file is whole, says so, and the exit status does."""
    path = tmp_path / "latency.json"
    sink = tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "benchmarks.latency", "--source", f"{SMALL}&loop=yes"]
    command += ["--detector", "truth", "--warm-up", "0", "--sink", f"jsonl:{sink}"]
    process = subprocess.Popen(
        [*command, "--json", str(path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        while process.poll() is None and not (sink.exists() and b"letter" in sink.read_bytes()):
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err.decode()
    found = result.read(path)
    assert found["ended"] == "interrupted"
    assert found["frames"]["tracked"]["count"] > 0
    assert found["start"] == {}
    assert b"stopped early" in out
    assert b"Traceback" not in err


def test_writing_a_frame_down_is_little_work() -> None:
    """Counted: of a frame's hundreds of calls and 800 kB, measuring adds tens and a few bytes."""
    source = open_source(SMALL)
    stages = open_stages(Config(detector="truth"), source)
    seen = [r for r in stages.results(islice(source.frames(), 40)) if r.hands]
    times, calls = Times(), 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    for _ in range(FIRST_OF_A_KIND + 1):
        times.take(seen[-1], {"jsonl:-": 0.1}, 1.0)
    before = sys.getprofile()
    sys.setprofile(count)
    times.take(seen[-1], {"jsonl:-": 0.1}, 1.0)
    sys.setprofile(before)
    assert 5 < calls < 45
    kept = sum(len(column.tobytes()) for column in times._columns["tracked"].values())
    assert kept / times.count("tracked") <= 40


def test_a_frames_time_is_that_of_its_stages() -> None:
    """Waiting is no part of it; what is outside the interpreter is overhead; the first are not."""
    source = open_source(SMALL)
    stages = open_stages(Config(detector="truth"), source)
    (one,) = [r for r in stages.results(islice(source.frames(), 40)) if r.hands][-1:]
    times = Times()
    for number in range(FIRST_OF_A_KIND + 2):
        slow = number == FIRST_OF_A_KIND + 1
        timings_ms = {"wait": 1000.0, "spell": 0.0, "follow": 8.0, "recognise": 2.0, "invoke": 9.0}
        if slow:
            timings_ms |= {"follow": 25.0, "recognise": 5.0, "invoke": 24.0}
        frame = replace(one.frame, cost_ms={"capture": 4.0})
        times.take(replace(one, frame=frame, timings_ms=timings_ms), {"screen": 6.0}, None)
    figures = times.figures("tracked", ["screen"], live=True)
    assert figures["count"] == 2
    expected = {"p50": 30.0, "p90": 38.0, "p99": 39.8, "max": 40.0}
    assert {q: figures["frame_ms"][q] for q in QUANTILES} == pytest.approx(expected, abs=1e-3)
    assert figures["overhead_ms"]["max"] == pytest.approx(6)
    assert figures["overhead_share"] == pytest.approx(1 - 33 / 40)
    assert figures["fps"] == pytest.approx(1000 / 26, abs=0.01)  # capture is done elsewhere
    assert times.figures("tracked", [], live=False)["fps"] == pytest.approx(1000 / 30, abs=0.01)
    assert times.figures("idle", [], live=True) == {"count": 0}


@pytest.mark.parametrize(
    ("overhead", "memory", "seconds", "met"),
    [(0.15, 150.0, 1.5, True), (0.151, 150.1, 1.51, False)],
)
def test_a_missed_goal_is_said(overhead: float, memory: float, seconds: float, met: bool) -> None:
    """Each goal stands beside what was measured, met or not."""
    goals = latency._goals(
        {
            "frames": {"tracked": {"overhead_share": overhead}},
            "start": {"memory_mb": memory, "first_prediction_s": {"median": seconds}},
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
        (["--source", "signer:A?size=160x120", "--warm-up", "9999"], 3, "gave no frame to measure"),
        (["--seconds", "0"], 2, "--seconds must be above 0"),
        (["--seconds", "inf"], 2, "--seconds must be above 0"),
        (["--frames", "0"], 2, "--frames must be above 0"),
        (["--warm-up", "-1"], 2, "must not be below 0"),
        (["--detector", "haar"], 2, "there is no detector"),
        (["--model", "none"], 2, "there is no model"),
        (["--source", ""], 2, "--source is empty"),
        (["--sink", "jsonl:-", "--json", "-"], 2, "want stdout"),
        (["--sink", "jsonl:", "--json", "-"], 2, "want stdout"),
        (["--sink", "jsonl", "--json", "-"], 2, "want stdout"),
        (["--sink", "jsonl://-", "--json", "-"], 2, "want stdout"),
        (["--sink", "jsonl://", "--quote"], 2, "want stdout"),
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
    lines = [line for line in capsys.readouterr().err.splitlines() if ": measuring " not in line]
    assert len(lines) == 1
    assert said.format(folder=tmp_path) in lines[0]
    assert os.listdir(tmp_path) == []


def test_a_password_stays_at_home() -> None:
    """A result is made to be shown; who may see a camera is nobody else's business."""
    given = ["--source", "video:rtsp://me:secret@10.0.0.2/live"]
    assert result.typed("latency", given).endswith("video:rtsp://10.0.0.2/live")


def test_peak_memory_is_the_processs_own() -> None:
    """A child of a large process does not begin with what its parent had."""
    ballast = bytearray(100_000_000)
    child = "from benchmarks.measure.memory import peak_memory_mb; print(peak_memory_mb())"
    done = subprocess.run(
        [sys.executable, "-c", child],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 100 < peak_memory_mb()
    del ballast


@pytest.mark.slow
def test_start_up_and_memory_come_from_fresh_processes(
    hand_models: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every step takes some time and memory, after the one before it."""
    path = tmp_path / "latency.json"
    more = ["--detector", "mediapipe:lite", "--starts", "1", "--json", str(path)]
    assert latency.main([*QUICK, *more]) == 0
    found = result.read(path)
    assert set(found["goals"]) == set(latency.GOALS)
    start = found["start"]
    for figure in ("s", "memory_mb"):
        values = [step[figure] for step in start["steps"]]
        assert values == sorted(values)
        assert values[0] > 0
    assert start["steps"][-1]["step"] == "first prediction"
    assert len(start["first_prediction_s"]["all"]) == 1
    assert start["memory_mb"] > start["steps"][1]["memory_mb"]
    assert "start to first prediction" in capsys.readouterr().out
