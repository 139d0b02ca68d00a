"""What is left out when there is too much to do, or when it is too hot."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.load import PATIENCE, WINDOW, Load
from edge.types import Frame

RGB = np.zeros((2, 2, 3), np.uint8)


def frames(count: int, fps: float = 30.0) -> list[Frame]:
    return [Frame(RGB, i, round(i * 1e9 / fps)) for i in range(count)]


def test_frames_that_overrun_make_searches_rarer(caplog: pytest.LogCaptureFixture) -> None:
    """Step by step, and it is said."""
    load = Load(30.0, None)
    for _ in range(WINDOW):
        load.after(40.0)
    assert load.patience == PATIENCE[1]
    assert "frames take 40 ms and have 33" in load.shed
    for _ in range(WINDOW * 5):
        load.after(40.0)
    assert load.patience == PATIENCE[-1]
    assert len(caplog.records) == 2


def test_frames_in_time_again_bring_the_searches_back(caplog: pytest.LogCaptureFixture) -> None:
    """Once there is room, not as soon as it just fits: else it would go to and fro."""
    caplog.set_level(logging.INFO)
    load = Load(30.0, None)
    for _ in range(WINDOW):
        load.after(40.0)
    for _ in range(WINDOW * 5):
        load.after(28.0)
    assert load.patience == PATIENCE[1]
    for _ in range(WINDOW * 5):
        load.after(10.0)
    assert load.patience == 1
    assert not load.shed
    assert "in time again" in caplog.text


@given(st.lists(st.floats(0, 1e4), max_size=500))
def test_a_recording_is_never_shortened(busy_ms: list[float]) -> None:
    """Where every frame counts, nothing is left out, however long it takes."""
    load = Load(None, None)
    for value in busy_ms:
        load.after(value)
    assert load.patience == 1
    assert not load.shed
    assert [frame.index for frame in load.paced(frames(50))] == list(range(50))


def test_a_hot_machine_gets_fewer_frames_before_it_is_slowed_down() -> None:
    """Half of them 4 degrees below the limit, 8 a second just below it, all when it is cool."""
    load = Load(30.0, 80.0)
    load.heat(75.0, ())
    assert load.fps is None
    load.heat(76.5, ())
    assert load.fps == 15.0
    assert "76 °C of 80" in load.shed
    load.heat(79.5, ())
    assert load.fps == 8.0
    load.heat(77.0, ())
    assert load.fps == 8.0  # not to and fro
    load.heat(73.0, ())
    assert load.fps is None
    assert not load.shed


def test_a_board_that_is_slowed_down_gets_fewer_frames() -> None:
    """Whatever its temperature; a weak power supply alone is no reason."""
    load = Load(30.0, 80.0)
    load.heat(60.0, ("under-voltage",))
    assert load.fps is None
    load.heat(60.0, ("throttled",))
    assert load.fps == 8.0
    assert "throttled" in load.shed
    load.heat(60.0, ())
    assert load.fps is None


def test_without_sensors_nothing_is_hot() -> None:
    """A machine that does not say how warm it is, or from when on it suffers, is left alone."""
    load = Load(30.0, None)
    load.heat(99.0, ())
    assert load.fps is None
    load = Load(30.0, 80.0)
    load.heat(None, ())
    assert load.fps is None


@pytest.mark.parametrize("fps", [10.0, 24.0, 30.0, 60.0])
def test_a_paced_loop_sees_frames_at_about_that_rate(fps: float) -> None:
    """Whatever the camera's."""
    load = Load(fps, 80.0)
    load.heat(79.5, ())
    seen = list(load.paced(frames(int(10 * fps), fps)))
    assert 75 <= len(seen) <= 85
    assert seen[0].index == 0


def test_a_clock_that_jumps_back_stops_nothing() -> None:
    """Frames of a camera that was opened again may be stamped anew."""
    load = Load(30.0, 80.0)
    load.heat(79.5, ())
    late = [Frame(RGB, 0, 10**15), *frames(30)]
    assert len(list(load.paced(late))) > 5
