"""The stages of a run that records: one result a frame, and a file for each take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.detectors import open_detector
from edge.hands.tracking import Tracker
from edge.pipeline import unhurried
from edge.recording import takes
from edge.recording.recorder import Order
from edge.recording.stages import Recording
from edge.types import Frame, Hand, Result, Truth
from tests.support.sample_results import hand

PICTURE = np.zeros((48, 64, 3), np.uint8)
FPS = 30


def waving(t_s: float) -> Hand | None:
    """A hand that comes after half a second of every three, and moves."""
    return hand(200 + 100 * float(np.sin(5 * t_s)), 100, 200) if t_s % 3 > 0.5 else None


def filmed(seconds: float, first: int = 0) -> Iterator[Frame]:
    """So many seconds of it, from a frame on."""
    for index in range(first, round(seconds * FPS)):
        seen = waving(index / FPS)
        yield Frame(PICTURE, index, round(index * 1e9 / FPS), Truth("", seen))


class Recorded:
    """The stages, and what they give."""

    def __init__(self, folder: Path, wanted: int = 2) -> None:
        self.stopped = False
        order = Order("wave", folder, takes=wanted, seconds=1.5, countdown_s=0)
        tracker = Tracker(open_detector("truth"))
        self.stages = Recording(
            tracker, order, {"source": "film", "detector": "truth"}, lambda: self.stopped
        )

    def play(self, frames: Iterator[Frame]) -> list[Result]:
        return list(self.stages.results(frames, unhurried))

    def files(self) -> list[str]:
        return sorted(path.name for path in self.stages.folder.glob("*"))


def test_results_end_when_all_takes_are_kept(tmp_path: Path) -> None:
    """The frame that completes the last take is the last one; the source may go on."""
    recorded = Recorded(tmp_path)
    seen = recorded.play(filmed(60))
    assert recorded.stages.kept == 2
    assert recorded.files() == ["001.npz", "002.npz"]
    assert len(seen) / FPS == pytest.approx(3.5 + 1.5, abs=0.3)
    assert seen[-1].text == "kept: take 2 of 2"


def test_a_result_shows_the_hand_and_a_status_and_no_letter(tmp_path: Path) -> None:
    """What stands large, how much is over, and as the text what was said last."""
    seen = Recorded(tmp_path).play(filmed(3))
    assert all(result.prediction is None and result.events == () for result in seen)
    assert [bool(result.hands) for result in seen] == [
        waving(result.frame.t_ns / 1e9) is not None for result in seen
    ]
    assert {result.status.large for result in seen if result.status} == {"go"}
    assert seen[0].status is None
    assert seen[0].text == "show your hand"


def test_a_result_tells_its_times_and_what_was_dropped(tmp_path: Path) -> None:
    """ "find" only where the whole frame was searched."""
    seen = Recorded(tmp_path).play(filmed(2, first=3))
    assert {result.dropped for result in seen} == {3}
    assert "find" in seen[0].timings_ms
    followed = [result for result in seen if result.hands][1:]
    assert all(set(result.timings_ms) == {"wait", "follow"} for result in followed)
    assert all(ms >= 0 for result in seen for ms in result.timings_ms.values())


@pytest.mark.parametrize("stopped", [False, True])
def test_the_end_keeps_a_take_that_is_half_over(tmp_path: Path, stopped: bool) -> None:
    """If the source ended; not if the user stopped the run."""
    recorded = Recorded(tmp_path)
    recorded.play(filmed(0.5 + 1.2))
    assert recorded.stages.kept == 0
    recorded.stopped = stopped
    assert recorded.stages.end(0) == ()
    assert recorded.files() == ([] if stopped else ["001.npz"])
    assert recorded.stages.kept == (0 if stopped else 1)


def test_the_end_keeps_no_more_than_was_ordered(tmp_path: Path) -> None:
    """Nothing is under way once all are kept."""
    recorded = Recorded(tmp_path, wanted=1)
    recorded.play(filmed(60))
    recorded.stages.end(0)
    assert recorded.files() == ["001.npz"]


def test_what_was_said_can_be_cleared(tmp_path: Path) -> None:
    """It is the text of such a run."""
    recorded = Recorded(tmp_path)
    recorded.play(filmed(0.5))
    assert recorded.stages.text
    recorded.stages.clear()
    assert not recorded.stages.text


def test_it_knows_whether_a_hand_was_ever_seen(tmp_path: Path) -> None:
    """A film that ends without one ends with another message."""
    recorded = Recorded(tmp_path)
    recorded.play(filmed(0.4))
    assert not recorded.stages.seen
    recorded.play(filmed(1.5))
    assert recorded.stages.seen


def test_a_take_says_where_it_comes_from(tmp_path: Path) -> None:
    """The facts that were given, when the sitting began, and how large the pictures were."""
    recorded = Recorded(tmp_path, wanted=1)
    recorded.play(filmed(60))
    facts = takes.load(recorded.stages.folder / "001.npz").facts
    assert (facts["source"], facts["detector"], facts["size"]) == ("film", "truth", "64x48")
    assert facts["sitting"]
