"""What makes a frame dearer: lanes that take turns, slopes with intervals, and the command."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.developers.scaling import __main__ as scaling
from benchmarks.developers.scaling import axes, lanes
from benchmarks.developers.scaling.lanes import Lane, Picture, beside, interval, scaled, slope
from benchmarks.measure import result
from edge.config import Config
from edge.errors import INTERRUPTED, UsageError
from edge.running.stop import Stop
from edge.sources import open_source
from tests.support.examples import examples

TRUTH = Config(detector="truth", threads=1)


@pytest.fixture(scope="module")
def small() -> tuple[list[Picture], Picture]:
    """Pictures in which a letter is held, and one without a hand."""
    source = open_source("signer:B?size=160x120")
    frames = list(source.frames())
    held = [f for f in frames if f.truth and f.truth.label == "B" and f.truth.hand]
    first = frames[0]
    assert first.truth is not None
    return (
        [Picture(f.rgb, f.truth) for f in held[10:14] if f.truth],
        Picture(first.rgb, first.truth),
    )


@pytest.fixture
def quick(
    small: tuple[list[Picture], Picture], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """Runs the command on small pictures and without hand models, for an instant only."""
    sizes = {"small": (160, 120), "large": (320, 240)}
    monkeypatch.setattr(lanes, "drawn", lambda seed=0: small)
    monkeypatch.setattr(axes, "SIZES", sizes)
    monkeypatch.setattr(axes, "ROUND", "signer:A?size=160x120")

    def command(*argv: str | Path) -> int:
        short = ["--seconds", "0.01", "--length", "0.01", "--detector", "truth"]
        return scaling.main([*short, *map(str, argv)])

    return command


def test_pictures_are_drawn_once_with_a_hand_that_holds_a_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And one without a hand; both in the size that others are scaled from."""
    monkeypatch.setattr(lanes, "DRAWN", (320, 180))
    held, empty = lanes.drawn()
    assert len(held) == lanes.PICTURES
    for picture in (*held, empty):
        assert picture.rgb.shape == (lanes.DRAWN[1], lanes.DRAWN[0], 3)
    assert {p.truth.label for p in held} == {"B"}
    assert all(p.truth.hand for p in held)
    assert empty.truth.hand is None


@given(factor=st.integers(1, 4))
def test_a_scaled_picture_is_of_the_same_hand(
    small: tuple[list[Picture], Picture], factor: int
) -> None:
    """Its truth grows with it."""
    picture = small[0][0]
    larger = scaled(picture, (160 * factor, 120 * factor))
    assert larger.rgb.shape == (120 * factor, 160 * factor, 3)
    assert picture.truth.hand is not None
    assert larger.truth.hand is not None
    before, after = picture.truth.hand, larger.truth.hand
    np.testing.assert_allclose(after.landmarks, factor * before.landmarks, rtol=1e-6)
    np.testing.assert_allclose(after.box_px, [factor * edge for edge in before.box_px])


def test_two_pictures_are_put_beside_each_other(small: tuple[list[Picture], Picture]) -> None:
    """Left and right, with the left one's hand."""
    both = beside(small[0][0], small[1])
    assert both.rgb.shape == (120, 320, 3)
    assert np.array_equal(both.rgb[:, 160:], small[1].rgb)
    assert both.truth is small[0][0].truth


def test_a_lane_counts_the_frames_that_it_is_for(small: tuple[list[Picture], Picture]) -> None:
    """Tracked frames where a hand is held; none where there is no hand."""
    held, empty = small
    assert Lane(TRUTH, held, ("tracked", 1)).turn_ms() > 0
    assert np.isnan(Lane(TRUTH, [empty], ("tracked", 1)).turn_ms())
    searching = Lane(TRUTH, [empty], ("searching", 0), axes.SEARCH_MS)
    assert searching.turn_ms() > 0


def test_the_calls_of_models_are_counted_and_the_same_twice(
    small: tuple[list[Picture], Picture],
) -> None:
    """One call of the letter model for a held letter, however busy the machine is."""
    lane = Lane(TRUTH, small[0], ("tracked", 1))
    lane.turn_ms()
    first, second = lane.model_calls(), lane.model_calls()
    assert first == second
    assert first["letters"] == 1
    assert "letters" in lane.models()


@pytest.mark.slow
def test_a_second_hand_is_a_second_call(hand_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the landmark model, and of no other; a frame without hands has none."""
    monkeypatch.setattr(lanes, "DRAWN", axes.HALF)
    found = axes.hands(Config(threads=1), 0.01, Stop())
    none, one, two = found["kinds"]["followed"]["model_calls"]
    assert none == {}
    assert (one["hand_landmark_full"], two["hand_landmark_full"]) == (1, 2)
    assert one["letters"] == two["letters"] == 1


def test_the_order_of_turns_goes_round_until_it_is_stopped(
    small: tuple[list[Picture], Picture],
) -> None:
    """At least LEAST turns; none once it was asked to stop."""
    some = [Lane(TRUTH, small[0], ("tracked", 1)) for _ in range(2)]
    assert lanes.in_turns(some, 0.0, Stop()).shape == (lanes.LEAST, 2)
    stop = Stop()
    stop.request("SIGINT")
    assert lanes.in_turns(some, 60.0, stop).shape == (0, 2)


@given(st.floats(-5, 5), st.floats(0, 50), st.lists(st.floats(0, 100), min_size=5, max_size=20))
def test_a_slope_is_found_whatever_the_machine_adds_to_a_turn(
    true: float, base: float, moods: list[float]
) -> None:
    """What all lanes of a turn have in common is not in it."""
    x = [0.4, 0.9, 2.1, 8.3]
    turns = np.array([[base + mood + true * each for each in x] for mood in moods])
    found = slope(x, turns)
    assert found["value"] == pytest.approx(true, rel=1e-3, abs=1e-3)
    assert found["low"] <= found["value"] <= found["high"]


def test_an_interval_is_told_of_enough_turns_only() -> None:
    """Turns in which nothing was measured do not count."""
    assert interval(np.array([1.0, 2.0, np.nan, np.nan, 3.0, 4.0])) == {}
    found = interval(np.array([1.0, 2.0, np.nan, 3.0, 4.0, 5.0]))
    assert found["low"] <= found["value"] == 3 <= found["high"]


@examples(30)
@given(st.floats(-50, 50), st.integers(6, 30))
def test_a_drift_is_found_beside_a_turn_that_was_disturbed(percent: float, turns: int) -> None:
    """One of them says nothing of the others."""
    x = 100.0 * np.arange(1, turns + 1)
    y = percent * x / 10_000
    y[turns // 2] += 300
    found = axes._drift(x, y, 10_000)
    assert found["value"] == pytest.approx(percent, abs=1 + abs(percent))
    assert found["low"] <= found["value"] <= found["high"]


@pytest.mark.slow
def test_every_axis_is_measured_and_drawn(
    quick: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A result, a table with slopes, and a picture; hands want the hand models, and say so."""
    path, out = tmp_path / "s.json", tmp_path / "drawn"
    axis = [flag for name in ("resolution", "sinks", "length") for flag in ("--axis", name)]
    assert quick(*axis, "--json", path, "--out", out) == 0
    found = result.read(path, "scaling")
    assert set(found["axes"]) == {"resolution", "sinks", "length"}
    assert (out / "scaling.png").read_bytes().startswith(b"\x89PNG")
    tracked = found["axes"]["resolution"]["kinds"]["tracked"]
    assert [ms["count"] for ms in tracked["ms"]] == [lanes.LEAST] * 2
    assert tracked["slope"]["low"] <= tracked["slope"]["value"] <= tracked["slope"]["high"]
    told = found["axes"]["sinks"]
    assert told["names"][0] == "jsonl"
    assert told["names"][-1] == "all"
    assert found["models"]["letters"]
    long_frames = found["axes"]["length"]["x"][0]
    long = found["axes"]["length"]["kinds"]["tracked"]
    assert long["last_calls"] == pytest.approx(long["first_calls"], rel=0.02)
    # A leak leaves a block or more on every frame. The other threads of the tests leave some too.
    assert long["blocks_kept"] < axes.KEEPS * long_frames / 2
    printed = capsys.readouterr().out
    for words in ("ms a megapixel", "ms a frame", "% in 10,000 frames"):
        assert words in printed


def test_sinks_together_cost_what_they_cost_one_by_one(
    quick: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is above nothing; and the window that nobody sees is that measurement's alone."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    found = axes.sinks(TRUTH, 0.01, Stop())
    *each, every = [ms["mean"] for ms in found["kinds"]["told"]["ms"]]
    assert min(each) > 0
    assert sum(each) == pytest.approx(every, abs=0.001)
    assert os.environ["SDL_VIDEODRIVER"] == "dummy"


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--seconds", "0"], "--seconds"),
        (["--length", "nan"], "--length"),
        (["--json", "no/such/folder.json"], "make it first"),
        (["--model", "none"], "no model"),
        (["--threads", "99"], "threads"),
    ],
)
def test_bad_input_is_one_line(
    argv: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, before anything is measured."""
    short = ["--axis", "sinks", "--seconds", "0.01", "--detector", "truth"]
    assert scaling.main([*short, *argv]) == UsageError.exit_code
    printed = capsys.readouterr().err.strip()
    assert why in printed
    assert printed.count("\n") == 0


def test_stopping_keeps_the_axes_that_were_measured(
    quick: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those after them are not begun, and the exit code tells."""

    def asks(config: Config, seconds: float, stop: Stop) -> axes.Axis:
        stop.request("SIGINT")
        return {"turns": 0}

    monkeypatch.setitem(axes.AXES, "length", asks)  # type: ignore[misc]
    path = tmp_path / "s.json"
    axis = ("--axis", "sinks", "--axis", "length", "--axis", "resolution")
    assert quick(*axis, "--json", path) == INTERRUPTED
    found = result.read(path, "scaling")
    assert (list(found["axes"]), found["ended"]) == (["sinks"], "interrupted")
    assert quick("--axis", "length", "--json", tmp_path / "none.json") == INTERRUPTED
    assert not (tmp_path / "none.json").exists()


def test_a_failed_write_does_not_lose_the_measurement(
    quick: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The table is printed all the same."""
    path, sinks = tmp_path / "s.json", axes.AXES["sinks"]

    def in_the_way(config: Config, seconds: float, stop: Stop) -> axes.Axis:
        path.mkdir()
        return sinks(config, seconds, stop)

    monkeypatch.setitem(axes.AXES, "sinks", in_the_way)  # type: ignore[misc]
    assert quick("--axis", "sinks", "--json", path) == UsageError.exit_code
    printed = capsys.readouterr()
    assert "ms a frame" in printed.out
    assert "cannot write" in printed.err
