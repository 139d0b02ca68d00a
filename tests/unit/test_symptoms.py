"""What a camera's pictures and stamps tell of its health."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture import symptoms
from edge.capture.stamps import Stamps
from edge.capture.watch import Watch
from tests.support.guarded import GREEN, GREY, room

# Pictures.


@given(st.integers(8, 300), st.integers(8, 300), st.integers(0, 2**32 - 1), st.integers(0, 10**6))
def test_a_changed_region_changes_the_checksum(
    height: int, width: int, seed: int, where: int
) -> None:
    """The same picture has the same checksum; a change as large as the grid shows in it."""
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    step = max(1, round((height * width / 4800) ** 0.5))
    other = rgb.copy()
    y, x = where % (height - step + 1), where // 1000 % (width - step + 1)
    other[y : y + step, x : x + step] ^= 255
    before = symptoms.checksum(symptoms.some_pixels(rgb))
    assert before == symptoms.checksum(symptoms.some_pixels(rgb.copy()))
    inside = y + step > step // 2 and x + step > step // 2
    grid = symptoms.some_pixels(rgb).shape
    if inside and y <= (grid[0] - 1) * step + step // 2 and x <= (grid[1] - 1) * step + step // 2:
        assert before != symptoms.checksum(symptoms.some_pixels(other))


@given(st.integers(0, 23), st.integers(0, 2**32 - 1))
def test_noise_without_light_is_black(level: int, seed: int) -> None:
    """A sensor in the dark has noise, and a few hot pixels."""
    random = np.random.default_rng(seed)
    rgb = random.integers(0, level + 1, (120, 160, 3)).astype(np.uint8)
    rgb.reshape(-1)[random.choice(rgb.size, rgb.size // 1000, replace=False)] = 255
    assert symptoms.is_black(symptoms.some_pixels(rgb))


@given(st.integers(60, 255), st.floats(0.03, 1.0))
def test_a_lamp_in_the_dark_is_no_black_picture(level: int, share: float) -> None:
    """Where a part of the picture has light, it is a picture."""
    rgb = np.zeros((120, 160, 3), np.uint8)
    rgb[: max(4, round(120 * share))] = level
    assert not symptoms.is_black(symptoms.some_pixels(rgb))


@given(
    st.sampled_from([GREY, GREEN]), st.floats(0.1, 1.0), st.integers(0, 1000), st.integers(-2, 2)
)
def test_what_a_decoder_fills_in_is_seen(
    colour: tuple[int, int, int], share: float, seed: int, off: int
) -> None:
    """Grey or green up to the lower edge is the part of the picture that did not come."""
    rgb = room(seed)
    rows = round(240 * share)
    rgb[240 - rows :] = np.clip(np.add(colour, off), 0, 255)
    found = symptoms.flat_end_rows(rgb)
    assert rows - 4 <= found <= rows + 4
    assert symptoms.BrokenPictures().is_broken(found)


@given(st.integers(0, 1000), st.floats(0, 0.4), st.integers(0, 60))
def test_pictures_with_black_bars_are_whole(seed: int, share: float, level: int) -> None:
    """A film in a wider or higher picture than its own is no half picture, nor is any other."""
    rgb = room(seed)
    bar = round(240 * share)
    rgb[:bar] = rgb[240 - bar :] = level
    assert symptoms.flat_end_rows(rgb) == 0


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_jpeg_that_is_cut_is_half_a_picture(share: float) -> None:
    """What libjpeg makes of a webcam's picture of which the end is missing."""
    whole = cv2.imencode(".jpg", room(1))[1].tobytes()
    assert symptoms.flat_end_rows(cv2.imdecode(np.frombuffer(whole, np.uint8), 1)) == 0
    cut = np.frombuffer(whole[: int(share * len(whole))] + b"\xff\xd9", np.uint8)
    rows = symptoms.flat_end_rows(np.asarray(cv2.imdecode(cut, 1), np.uint8))
    assert rows == pytest.approx(240 * (1 - share), abs=24)


def test_a_grey_bar_is_part_of_the_picture() -> None:
    """A camera's own grey footer does not cost all of its pictures: no JPEG is cut there always."""
    broken = symptoms.BrokenPictures()
    judged = [broken.is_broken(40) for _ in range(100)]
    assert sum(judged) < 30
    assert not judged[-1]
    assert broken.is_broken(100)


# Stamps.

_INTERVALS = st.lists(st.floats(0.001, 2.9), min_size=3, max_size=40)
_LEAPS = st.floats(6, 1e6) | st.floats(-1e6, -6)


@given(_INTERVALS, _LEAPS, st.integers(1, 39), st.integers(1, 39))
def test_stamps_go_on_with_time_whatever_the_clock_does(
    intervals: list[float], leap_s: float, start: int, count: int
) -> None:
    """A live camera's clock that is off for some frames, or from one on, does not show."""
    stamps, now_s, given = Stamps(), 1e7, []
    for number, interval_s in enumerate(intervals):
        now_s += interval_s
        off_s = leap_s if start <= number < start + count else 0.0
        t_ns = stamps.take(round((now_s + off_s) * 1e9), now_s, live=True, recorded=False)
        given.append(t_ns / 1e9 - now_s)
    assert given == pytest.approx([0.0] * len(given), abs=1e-4)


@given(st.lists(st.integers(1, 10**12), min_size=2, max_size=40), st.integers(1, 39))
def test_stamps_of_a_recording_are_its_own(steps: list[int], where: int) -> None:
    """Neither gaps in it, however long, nor another opening of it change any."""
    stamps, t_ns = Stamps(), 0
    for number, step_ns in enumerate(steps):
        t_ns += step_ns
        if number == where:
            stamps.reopened()
        assert stamps.take(t_ns, 0.01 * number, live=False, recorded=True) == t_ns


# Pictures one after the other.


@given(st.lists(st.tuples(st.floats(0.001, 5), st.integers(0, 2**32)), max_size=60))
def test_pictures_that_differ_are_no_trouble(steps: list[tuple[float, int]]) -> None:
    """As long as each picture differs from the one before, a camera is well."""
    watch, now_s = Watch("cam", 10.0), 0.0
    for number, (dt_s, mark) in enumerate(steps):
        now_s += dt_s
        assert not watch.take(now_s, 2 * mark + number % 2, False)
        assert watch.trouble == ""


@given(st.floats(0.5, 30), st.floats(0.01, 1.0))
def test_a_camera_that_stays_frozen_is_reopened_less_and_less(frozen_s: float, dt: float) -> None:
    """The first time after frozen_s, then after twice as long each time, at most a minute."""
    watch = Watch("cam", frozen_s)
    times = [n * dt for n in range(round(600 / dt)) if watch.take(n * dt, 7, False)]
    assert times[0] == pytest.approx(frozen_s, abs=dt + 1e-6)
    gaps = [b - a for a, b in pairwise([0.0, *times])]
    assert all(b >= a - 2 * dt for a, b in pairwise(gaps))
    assert max(gaps) <= max(60, 2 * frozen_s) + 2 * dt
    assert "same picture" in watch.trouble
    assert not watch.take(601.0, 8, False)
    assert watch.trouble == ""


def test_frozen_s_of_0_is_never() -> None:
    """Whoever films a picture on a wall turns it off."""
    watch = Watch("cam", 0.0)
    assert not any(watch.take(n, 7, False) for n in range(10000))


@given(st.booleans(), st.floats(0.03, 1.0))
def test_a_dark_night_is_no_fault(noisy: bool, dt: float) -> None:
    """A camera in the dark is reopened once, told of once, and not again until there was light."""
    watch = Watch("cam", 10.0)
    for n in range(round(10 / dt)):
        assert not watch.take(n * dt, n, False)
    night = [watch.take(10 + n * dt, n if noisy else -1, True) for n in range(round(3600 / dt))]
    assert sum(night) == 1
    assert "black" in watch.trouble
    day = [watch.take(3700 + n * dt, n, False) for n in range(round(10 / dt))]
    assert not any(day)
    assert watch.trouble == ""
    assert sum(watch.take(3800 + n * dt, n, True) for n in range(round(100 / dt))) == 1
