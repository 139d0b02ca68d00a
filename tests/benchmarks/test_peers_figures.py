"""What a race comes to: kinds, ratios, empty rooms, letters."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure.scoring import Shown
from benchmarks.peers import figures, footage
from benchmarks.peers.footage import Film, Recording
from benchmarks.peers.race import Sample
from tests.support.raced import FPS, recorded, row_of, sample, times_ns

pytestmark = pytest.mark.usefixtures("peers_cache")


def test_kinds_of_frames_are_told_apart() -> None:
    """Each kind has its own figures, the first frames of a recording are left out, and there is
    no figure of all."""
    warm = [sample(ms=1000.0)] * figures.WARM_UP
    tracked, searching = [sample(ms=4.0)] * 20, [sample("searching", 9.0)] * 5
    found = figures.times(row_of([*warm, *tracked], [*warm, *searching]))
    assert set(found) == {"tracked", "searching", "idle"}
    assert (found["tracked"]["count"], found["searching"]["count"]) == (20, 5)
    assert found["idle"] == {"count": 0}
    assert found["tracked"]["wall_ms"]["max"] == 4.0
    assert found["searching"]["cpu_ms"]["p50"] == 4.5


def test_ratios_are_of_the_same_frames() -> None:
    """Twice as long is 2, whatever disturbed both in some blocks; a frame that one tracked and the
    other searched counts in neither."""
    noise = np.repeat(np.random.default_rng(0).uniform(1, 5, 40), 15)
    ours = [sample(ms=float(n)) for n in noise]
    theirs = [sample(ms=2 * float(n)) for n in noise]
    for i in range(0, 600, 9):
        theirs[i] = sample("searching", 1e6)
    wall, cpu = figures.ratios(row_of(theirs), row_of(ours), 15)
    assert (wall["kind"], wall["measure"], cpu["measure"]) == ("tracked", "wall", "cpu")
    assert wall["ratio"] == wall["low"] == wall["high"] == 2
    assert wall["blocks"] == 40
    assert wall["frames"] == 600 - 67 - figures.WARM_UP + 1  # one of the 67 is warm-up, too


def test_intervals_hold_the_truth() -> None:
    """Blocks that differ give an interval around what they were made with."""
    random = np.random.default_rng(1)
    ours = [sample(ms=1.0) for _ in range(1500)]
    theirs = [sample(ms=float(m)) for m in np.repeat(random.lognormal(np.log(3), 0.2, 100), 15)]
    wall, _ = figures.ratios(row_of(theirs), row_of(ours), 15)
    assert wall["low"] < 3 < wall["high"]
    assert wall["high"] / wall["low"] < 1.2


def test_few_blocks_give_no_interval() -> None:
    """A ratio of two blocks is told without one."""
    wall, _ = figures.ratios(row_of([sample()] * 30), row_of([sample()] * 30), 15)
    assert (wall["low"], wall["high"]) == (None, None)


@pytest.mark.parametrize("kind", ["searching", "idle"])
def test_idle_frames_have_no_ratio(kind: str) -> None:
    """A frame that one skips is no measure of what the other does with it, or skips as well."""
    ours = [sample("idle", 0.01, "")] * 60
    assert figures.ratios(row_of([sample(kind, 8.0, "")] * 60), row_of(ours), 15) == []


def rooms(*seconds: float) -> list[Recording]:
    """Recordings without a hand, at 30 frames a second."""
    film = Film(footage.EMPTY_ROOMS, "empty:0", ())
    counts = [round(each * FPS) for each in seconds]
    return [Recording(film, Path(), (n, 4, 4), times_ns(n), (), True) for n in counts]


def test_an_empty_room_is_told_by_the_second_of_video() -> None:
    """All its frames, searched and idle, with a ratio to ours over the recordings; the first
    frames of each warm up."""
    warm = [sample("searching", 1e4, "")] * figures.WARM_UP
    resting = [sample("searching", 20.0, ""), *[sample("idle", 0.0, "")] * 4] * 12
    restless = [sample("searching", 20.0, "")] * 60
    ours, theirs = row_of(*[warm + resting] * 6), row_of(*[warm + restless] * 6)
    recordings = rooms(*[2 + figures.WARM_UP / FPS] * 6)
    found = figures.empty_rooms(ours, ours, recordings)
    assert found["cpu_ms_a_s"] == pytest.approx(6 * 10)  # six searches a second, of 10 ms CPU each
    assert (found["against"], found["ratio"], found["recordings"]) == (None, None, 6)
    found = figures.empty_rooms(theirs, ours, recordings)
    assert found["cpu_ms_a_s"] == pytest.approx(30 * 10)
    assert (found["ratio"], found["low"], found["high"]) == (5, 5, 5)
    assert found["against"] == ours.name


def test_only_whole_empty_rooms_count() -> None:
    """Neither what shows hands, nor what was cut, nor what one of the two did not finish; and few
    rooms give no interval."""
    whole, cut, short, hands = rooms(1, 1, 1, 1)
    cut, hands = replace(cut, whole=False), replace(hands, film=Film("signer", "signer:A"))
    ours = row_of(*[[sample("idle", 2.0)] * FPS] * 4)
    theirs = row_of(*[[sample("idle", 4.0)] * n for n in (FPS, FPS, FPS - 1, FPS)])
    found = figures.empty_rooms(theirs, ours, [whole, cut, short, hands])
    assert (found["recordings"], found["ratio"], found["low"]) == (1, 2, None)
    assert figures.empty_rooms(theirs, ours, [hands]) == {}


@given(st.text("ABC ", max_size=60), st.integers(1, 15))
def test_a_letter_that_stays_is_told_once(labels: str, n: int) -> None:
    """The rule of N equal frames tells each run of at least N, once, at its Nth frame."""
    samples = [sample(label=each.strip()) for each in labels]
    t_ns = list(range(len(samples)))
    runs = []
    for i, label in enumerate(labels):
        if i and label == labels[i - 1]:
            runs[-1][1] += 1
        else:
            runs.append([label, 1, i])
    told = [(e.label, e.t_ns) for e in figures.steady(samples, t_ns, n)]
    assert told == [(c, i + n - 1) for c, length, i in runs if c != " " and length >= n]


def test_letters_are_scored_by_each_rule() -> None:
    """A flicker is a letter where each change counts, and none where five equal frames do."""
    labels = "A" * 20 + "B" + "A" * 20
    found = figures.letters(
        row_of([sample(label=each) for each in labels]),
        [recorded(labels, [Shown(0.0, 41 / FPS, "A")])],
    )["f"]
    assert (found["same for 1"]["edits"], found["same for 5"]["edits"]) == (2, 1)
    assert found["same for 15"]["wrong"] == 1  # the second A, which nobody signed
    assert (found["frames_right"], found["frames"]) == (40, 41)


def test_a_peer_may_settle_letters_itself() -> None:
    """Then its own events count, deletions too, and no rule is put on top."""
    events = [("letter", "B", 0), ("delete", "", 10), ("letter", "A", 20)]
    samples = [Sample(1.0, 1.0, "tracked", "", [event]) for event in events]
    row = row_of(samples)
    row.adapter = Namespace(SETTLES=True)  # type: ignore[assignment]
    found = figures.letters(row, [recorded("AAA", [Shown(0.0, 0.1, "A")])])["f"]
    assert [name for name in found if name.startswith(("own", "same"))] == ["own"]
    assert (found["own"]["edits"], found["own"]["missed"]) == (0, 0)


@pytest.mark.parametrize(
    ("shown", "whole", "count"),
    [(None, True, 3), ([Shown(0, 1, "A")], False, 3), ([Shown(0, 1, "A")], True, 2)],
)
def test_what_is_not_known_is_not_scored(
    shown: list[Shown] | None, whole: bool, count: int
) -> None:
    """No truth, a recording that was cut, and one that a peer did not finish."""
    assert not figures.letters(row_of([sample()] * count), [recorded("AAA", shown, whole)])
