"""What is left out when there is too much to do, or when it is too hot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.running.load import LIMITS, Load
from edge.types import Frame

RGB = np.zeros((2, 2, 3), np.uint8)


def frames(count: int, fps: float = 30.0) -> list[Frame]:
    return [Frame(RGB, i, round(i * 1e9 / fps)) for i in range(count)]


def work(load: Load, busy_ms: float, windows: float, *, fps: float = 30.0) -> None:
    """So many windows of frames that each take so long."""
    for frame in frames(round(windows * LIMITS.window) + 1, fps):
        load.after(frame, busy_ms)
    load._before = None  # the next frames are stamped anew


def test_frames_that_overrun_make_searches_rarer(caplog: pytest.LogCaptureFixture) -> None:
    """Step by step, and it is said."""
    load = Load(live=True)
    work(load, 40.0, 1)
    assert load.patience == LIMITS.patience[1]
    assert "frames take 40 ms and come every 33 ms" in load.shed
    work(load, 40.0, 5)
    assert load.patience == LIMITS.patience[-1]
    assert len(caplog.records) == 2


def test_frames_in_time_again_bring_the_searches_back(caplog: pytest.LogCaptureFixture) -> None:
    """Once there is room for half a minute, not as soon as it just fits."""
    load = Load(live=True)
    work(load, 40.0, 1)
    work(load, 20.0, 5 * LIMITS.easy_windows)
    assert load.patience == LIMITS.patience[1]
    work(load, 10.0, LIMITS.easy_windows - 1)
    assert load.patience == LIMITS.patience[1]
    work(load, 10.0, 1)
    assert load.patience == 1
    assert not load.shed


def test_searches_that_fit_only_because_they_are_rare_stay_rare(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is eased too early is eased later the next time: no to and fro, no full journal."""
    load = Load(live=True)
    changes, before = 0, load.patience
    for _ in range(1800):  # an hour
        work(load, 36.0 if load.patience == 1 else 12.0, 1)
        changes += load.patience != before
        before = load.patience
    assert changes <= 16
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("fps", "shed"), [(10.0, False), (30.0, True)])
def test_what_counts_is_the_rate_that_frames_come_at(fps: float, shed: bool) -> None:
    """40 ms are time enough where a camera gives ten frames a second, whatever it promised."""
    load = Load(live=True)
    work(load, 40.0, 3, fps=fps)
    assert bool(load.shed) == shed


@given(st.lists(st.floats(0, 1e4), max_size=300))
def test_a_recording_is_never_shortened(busy_ms: list[float]) -> None:
    """Where every frame counts, nothing is left out, however long it takes, however hot it is."""
    load = Load(live=False)
    for frame, value in zip(frames(300), busy_ms, strict=False):
        load.after(frame, value)
    load.heat(0.5, ("throttled",))
    assert load.patience == 1
    assert not load.shed
    assert [frame.index for frame in load.paced(frames(50))] == list(range(50))


def test_a_hot_machine_gets_fewer_frames_before_it_is_slowed_down() -> None:
    """Half of them 4 degrees below the limit, 8 a second just below it, all when it is cool."""
    load = Load(live=True)
    load.heat(5.0, ())
    assert load.fps is None
    load.heat(3.5, ())
    assert load.fps == 15.0
    assert "4 °C below" in load.shed
    load.heat(0.5, ())
    assert load.fps == 8.0
    load.heat(3.0, ())
    assert load.fps == 8.0  # not to and fro
    load.heat(7.0, ())
    assert load.fps is None
    assert not load.shed


def test_a_board_that_is_slowed_down_gets_fewer_frames() -> None:
    """Whatever its temperature; a weak power supply alone is no reason."""
    load = Load(live=True)
    load.heat(20.0, ("under-voltage",))
    assert load.fps is None
    load.heat(20.0, ("throttled",))
    assert load.fps == 8.0
    assert "throttled" in load.shed
    load.heat(20.0, ())
    assert load.fps is None


def test_without_sensors_nothing_is_hot() -> None:
    """A machine that does not say from when on it suffers is left alone."""
    load = Load(live=True)
    load.heat(None, ())
    assert load.fps is None


@pytest.mark.parametrize("fps", [10.0, 24.0, 30.0, 60.0])
def test_a_paced_loop_sees_frames_at_about_that_rate(fps: float) -> None:
    """Whatever the camera's, and whatever its stamps say."""
    now_s = 100.0
    load = Load(live=True, clock=lambda: now_s)
    load.heat(0.5, ())

    def camera() -> Iterator[Frame]:
        nonlocal now_s
        for frame in frames(int(10 * fps)):
            yield Frame(RGB, frame.index, 10**15 + frame.index)
            now_s += 1 / fps

    seen = list(load.paced(camera()))
    assert 75 <= len(seen) <= 85
    assert seen[0].index == 0
