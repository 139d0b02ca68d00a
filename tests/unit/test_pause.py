"""A pause in the signing is told once, by the time in the stream alone."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from edge.recognise.pause import Pause, PauseConfig

GAPS_MS = st.lists(st.integers(1, 250), min_size=1, max_size=80)


def said(pause: Pause, gaps_ms: list[int], signing: list[bool], start_ns: int = 0) -> list[bool]:
    """What it says of each frame; the first comes at start_ns."""
    times_ms = accumulate(gaps_ms, initial=0)
    return [
        pause.update(start_ns + t_ms * 10**6, signs)
        for t_ms, signs in zip(times_ms, signing, strict=False)
    ]


@given(gaps_ms=GAPS_MS, origin_ns=st.integers(0, 2**60))
def test_a_pause_is_said_once_when_it_has_lasted(gaps_ms: list[int], origin_ns: int) -> None:
    """On the first frame that is pause_ms after the last sign, and never again."""
    times_ms = list(accumulate(gaps_ms, initial=0))
    quiet = [False] * len(gaps_ms)
    found = said(Pause(), gaps_ms, [True, *quiet], origin_ns)
    due = [t_ms for t_ms in times_ms if t_ms >= PauseConfig().pause_ms]
    assert [t_ms for t_ms, is_due in zip(times_ms, found, strict=True) if is_due] == due[:1]


@given(gaps_ms=GAPS_MS, signing=st.lists(st.booleans(), min_size=81, max_size=81))
def test_there_is_one_pause_at_most_after_each_sign(
    gaps_ms: list[int], signing: list[bool]
) -> None:
    """It is never said on a frame with signs, and between two of them once or not at all."""
    found = said(Pause(), gaps_ms, signing)
    run = 0
    for signs, due in zip(signing, found, strict=False):
        assert not (signs and due)
        run = 0 if signs else run + due
        assert run <= 1


@given(gaps_ms=GAPS_MS)
def test_signing_is_no_pause(gaps_ms: list[int]) -> None:
    """However long somebody signs."""
    assert not any(said(Pause(), gaps_ms, [True] * (len(gaps_ms) + 1)))


@given(ms=st.integers(301, 10**7))
def test_a_stalled_camera_is_no_pause(ms: int) -> None:
    """A gap between two frames counts gap_ms at most: who knows what was signed in it."""
    pause = Pause(PauseConfig(pause_ms=900, gap_ms=300))
    assert said(pause, [ms, ms, ms, 1], [True, False, False, False, False]) == [
        False, False, False, True, False,
    ]  # fmt: skip


@given(back_s=st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_time_that_stands_still_or_goes_back_is_no_pause(back_s: list[int]) -> None:
    """Such a frame adds nothing, and the next one counts from it."""
    pause = Pause()
    pause.update(10**15, True)
    t_ns = 10**15
    for seconds in back_s:
        t_ns -= seconds * 10**9
        assert not pause.update(t_ns, False)


def test_a_stream_that_begins_without_signs_begins_with_a_pause() -> None:
    """What comes of it is the speller's matter: no text begins with a space."""
    assert said(Pause(), [250] * 4, [False] * 5) == [False, False, False, False, True]


@pytest.mark.parametrize("name", ["pause_ms", "gap_ms"])
@pytest.mark.parametrize("value", [0.0, -5.0, float("nan"), float("inf")])
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: float) -> None:
    """The message names the setting as the settings file does."""
    with pytest.raises(UsageError, match=f"text.{name}"):
        PauseConfig(**{name: value})
