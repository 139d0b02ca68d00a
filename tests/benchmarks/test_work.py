"""Counted work: the same twice, and never more than what was agreed on."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import cv2
import pytest

from benchmarks.developers import instructions
from benchmarks.developers import work as command
from benchmarks.measure import conditions, result, work
from benchmarks.measure.held import held
from benchmarks.measure.times import kind_of
from edge import counting
from edge.assembly import open_stages
from edge.config import Config
from edge.errors import UsageError
from edge.hands import tracking as hands
from edge.handshapes.letters import Letters
from edge.sources import open_source
from edge.types import Frame, Hand, Prediction
from tests.support.examples import full_only

BEFORE = Path(work.__file__).parents[1] / "results" / "work.json"
TRUTH = Config(detector="truth")


@pytest.fixture(scope="module")
def counted_few(few: list[Frame]) -> dict[str, Any]:
    return work.count(TRUTH, few)


def test_it_is_the_same_twice(counted_few: dict[str, Any], few: list[Frame]) -> None:
    """Nothing in it hangs on time, on chance, or on who else is there.

    Memory may differ by some bytes: lists that grow, and what Python keeps for the next object.
    """
    again = work.count(TRUTH, few)
    for kind, figures in counted_few["frames"].items():
        peak_bytes = again["frames"][kind]["peak_bytes"]
        assert peak_bytes == pytest.approx(figures["peak_bytes"], rel=0.02)
        assert again["frames"][kind] == figures | {"peak_bytes": peak_bytes}
    assert again["models"] == counted_few["models"]


@pytest.mark.slow
def test_no_frame_costs_more_work_than_was_agreed_on(
    hand_models: Path, counted: dict[str, Any], footage: list[Frame]
) -> None:
    """CI fails where any count rises by more than 15 %; one that is meant to is written anew:
    python -m benchmarks.developers.work --json benchmarks/results/work.json."""
    before = result.read(BEFORE, "work")
    assert set(before["counted"]) == set(command.DETECTORS)
    after = {**before, "versions": conditions.versions()}
    after["counted"] = {
        detector: counted if detector == "truth" else work.count(Config(detector=detector), footage)
        for detector in command.DETECTORS
    }
    assert work.rises_of(before, after) == []


def test_each_model_is_counted_by_its_name(counted: dict[str, Any]) -> None:
    """One call a tracked frame, of the models that there are."""
    tracked = counted["frames"]["tracked"]
    assert tracked["model_calls"] == {"letters": 1.0, "motion": 1.0}
    assert set(counted["models"]) == {"letters", "motion"}
    assert tracked["copied_bytes"] >= 4 * (155 + 27)  # a letter's features and its logits
    assert tracked["calls"] > counted["frames"]["searching"]["calls"] > 0


def test_a_call_more_a_frame_is_found(
    counted_few: dict[str, Any], few: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter that is read twice, and a picture that is copied once more, show in the counts."""
    read = Letters.predict

    def twice(self: Letters, frame: Frame, *looks: Hand) -> Prediction:
        counting.counted(cv2.flip(frame.rgb, 1))
        read(self, frame, *looks)
        return read(self, frame, *looks)

    monkeypatch.setattr(Letters, "predict", twice)
    rose = work.rises(counted_few, work.count(TRUTH, few), alike=True)
    for what in ("calls of letters", "opencv calls", "copied bytes", "peak bytes"):
        assert any(line.startswith(f"tracked: {what} rose") for line in rose)


@pytest.mark.parametrize(
    ("factor", "rises"), [(1.14, False), (1.16, True), (0.5, False)], ids=["14%", "16%", "half"]
)
def test_what_is_let_pass(counted: dict[str, Any], factor: float, rises: bool) -> None:
    """15 % more, and any less."""
    after = deepcopy(counted)
    after["frames"]["tracked"]["copied_bytes"] *= factor
    assert bool(work.rises(counted, after, alike=True)) == rises


def test_calls_of_functions_count_only_among_the_same_versions(counted: dict[str, Any]) -> None:
    """Another Python calls otherwise for the same work."""
    after = deepcopy(counted)
    after["frames"]["tracked"]["calls"] *= 2
    assert work.rises(counted, after, alike=False) == []
    (line,) = work.rises(counted, after, alike=True)
    assert line.startswith("tracked: calls rose from ")
    after["frames"]["tracked"]["peak_bytes"] *= 2
    assert work.rises(counted, after, alike=False) == []
    assert len(work.rises(counted, after, alike=True)) == 2
    old = {"versions": {"python": "3.11.7", "numpy": "2.4.6"}}
    assert work.alike_versions(old, {"versions": {"python": "3.11.9", "numpy": "2.4.1"}})
    assert not work.alike_versions(old, {"versions": {"python": "3.13.1", "numpy": "2.4.6"}})
    opencv = {"opencv-python-headless": "4.11.0.86"}
    assert not work.alike_versions(old, {"versions": old["versions"] | opencv})


def test_an_empty_room_is_searched_now_and_then(
    counted: dict[str, Any], footage: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Searches that come more often cost no more each, but there are more, and that is found."""
    assert counted["frames"]["idle"]["count"] > 30
    monkeypatch.setattr(hands, "IDLE_MS", 60)
    (line,) = work.rises(counted, work.count(TRUTH, footage), alike=True)
    assert line.startswith("searching: frames rose from 75 to ")
    monkeypatch.setattr(hands, "IDLE_MS", 0)
    rose = work.rises(counted, work.count(TRUTH, footage), alike=True)
    assert any(line.startswith("searching: frames rose from 75 to ") for line in rose)
    assert "idle: such frames there were only before" in rose


def test_a_kind_that_comes_or_goes_is_told(counted: dict[str, Any]) -> None:
    """What is in one count alone cannot be compared, and is no silence."""
    fewer = deepcopy(counted)
    del fewer["frames"]["tracked"]
    assert work.rises(counted, fewer, alike=True) == ["tracked: such frames there were only before"]
    assert work.rises(fewer, counted, alike=True) == ["tracked: such frames there are only now"]


def test_other_footage_is_refused(counted: dict[str, Any]) -> None:
    """More frames are more work, and none of the code's."""
    with pytest.raises(UsageError, match="counted on different frames"):
        work.rises(counted | {"source": "signer:HI?seed=0"}, counted, alike=True)


def test_a_model_that_was_not_called_before_is_a_rise(counted: dict[str, Any]) -> None:
    """From none to one is more than 15 %."""
    after = deepcopy(counted)
    after["frames"]["tracked"]["model_calls"]["second"] = 1.0
    (line,) = work.rises(counted, after, alike=True)
    assert "calls of second rose from 0.00 to 1.00" in line


def test_the_command_fails_where_a_count_rose(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    few: list[Frame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit status 1 and a line for each; 0 against itself; 2 for a file that is no result."""
    monkeypatch.setattr(work, "footage", lambda: few)
    path = tmp_path / "work.json"
    assert command.main(["--detector", "truth", "--json", str(path)]) == 0
    assert command.main(["--detector", "truth", "--against", str(path)]) == 0
    before = json.loads(path.read_text())
    before["counted"]["truth"]["frames"]["tracked"]["peak_bytes"] /= 2
    path.write_text(json.dumps(before))
    capsys.readouterr()
    assert command.main(["--detector", "truth", "--against", str(path)]) == 1
    assert "truth, tracked: peak bytes rose" in capsys.readouterr().out
    path.write_text("{}")
    assert command.main(["--detector", "truth", "--against", str(path)]) == 2
    assert command.main(["--detector", "haar"]) == 2
    assert all(line.startswith("work: ") for line in capsys.readouterr().err.splitlines())


def test_instructions_want_valgrind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is not installed that is one line, and so is a count of nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert instructions.main([]) == 2
    assert instructions.main(["--frames", "0"]) == 2
    missing, nothing = capsys.readouterr().err.splitlines()
    assert "sudo apt install valgrind" in missing
    assert "--frames must be above 0" in nothing


def test_instructions_are_counted_on_tracked_frames() -> None:
    """What runs under Valgrind follows one hand from its second frame on."""
    source = open_source("signer:B")
    frames = held(8)
    seen = list(open_stages(Config(detector="truth"), source).results(frames))[:8]
    assert [kind_of(one) for one in seen] == ["searching"] + 7 * ["tracked"]
    assert instructions.main(["--child", "truth", "3", "1"]) == 0


def test_measuring_costs_less_than_a_hundredth() -> None:
    """As Valgrind counted it: what is recorded is of a frame with models, and within the goal."""
    found = result.read(BEFORE.with_name("instructions.json"), "instructions")
    for counted in found["a_tracked_frame"].values():
        assert counted["share"] == pytest.approx(counted["measuring"] / counted["frame"], rel=0.01)
        assert 0 < counted["share"] < 0.01


@full_only
@pytest.mark.skipif(not shutil.which("valgrind"), reason="there is no valgrind here")
def test_measuring_still_costs_less_than_a_hundredth() -> None:
    """Counted now, of the frame with the lite models that was recorded: the cheapest that there is.

    Two runs of the same differ by up to 56 million instructions, so that each frame is written down
    thousands of times.
    """
    recorded = result.read(BEFORE.with_name("instructions.json"), "instructions")
    frame = recorded["a_tracked_frame"]["mediapipe:lite"]["frame"]
    frames, takes = 2, 4000
    without, measured = (instructions.of_a_run("truth", frames, n) for n in (0, takes))
    assert 0 < (measured - without) / (frames * takes) < frame / 100
