"""Recorded gestures to train on: which takes there are, what is refused, what is held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("tensorflow", reason="training is done on a workstation, with TensorFlow")

from edge.errors import UsageError
from tests.support.gestures import TAKES, of, recorded
from train.motion import bags as cutting
from train.motion.bags import LETTERS, Vocabulary, bags, varied, vocabulary_of
from train.motion.gestures import Gathered, evened, gather, held_out

pytestmark = pytest.mark.tensorflow

Floats = npt.NDArray[np.float32]


# What is there.


def test_takes_are_gathered_by_their_folders(tmp_path: Path) -> None:
    """Each folder is a gesture, "none" is no gesture, and files that are no takes are named."""
    recorded(tmp_path, "hello", "J")
    recorded(tmp_path, "none", count=3)
    (tmp_path / "hello" / "002.npz").write_bytes(b"cut short")
    (tmp_path / "hello" / "notes.txt").write_text("mine")
    (tmp_path / "hello" / ".DS_Store").write_text("")
    (tmp_path / "README").write_text("mine, too")
    gathered = gather(tmp_path)
    assert gathered.gestures == ("J", "hello")
    assert gathered.counts() == {"J": TAKES, "hello": TAKES - 1, "none": 3}
    assert list(gathered.unread) == [str(tmp_path / "hello" / "002.npz")]
    assert [Path(name).name for name in gathered.unknown] == ["README", "notes.txt"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "there is no gesture in"),
        ({"none": 3}, "there is no gesture in"),
        ({"hello": TAKES, "J": 0}, "J holds no take that can be read"),
        ({"hello": 9}, "hello has 9 takes, 15 are needed: .* --takes 6"),
        ({"None": TAKES}, "cannot be named 'None'"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    given: dict[str, int], said: str, tmp_path: Path
) -> None:
    """A folder without gestures, an empty one, one with too few takes, one with a wrong name."""
    for name, count in given.items():
        (tmp_path / name).mkdir()
        recorded(tmp_path, name, count=count)
    with pytest.raises(UsageError, match=said) as caught:
        gather(tmp_path)
    assert "fingerspell record" in str(caught.value) or "for example" in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """It says how to come by one."""
    with pytest.raises(UsageError, match=r"there is no folder .*fingerspell record"):
        gather(tmp_path / "missing")


# What is held out.


def share(held: npt.NDArray[np.bool_], gathered: Gathered, label: str) -> float:
    mine = [out for one, out in zip(gathered.takes, held, strict=True) if one.label == label]
    return float(np.mean(mine))


def test_whole_sittings_are_held_out_where_there_are_several() -> None:
    """No sitting is on both sides, and every gesture has its share on either."""
    some = tuple(of(name, i, f"{name} {i // 4}") for name in ("J", "hello") for i in range(20))
    gathered = Gathered(("J", "hello"), some)
    held, how = held_out(gathered, 1)
    assert how.startswith("whole sittings")
    for sitting in {one.source for one in some}:
        mine = [out for one, out in zip(some, held, strict=True) if one.source == sitting]
        assert len(set(mine)) == 1
    for name in gathered.gestures:
        assert 0.12 <= share(held, gathered, name) <= 0.33


@pytest.mark.parametrize("count", [2, 5, 15, 40])
def test_takes_are_held_out_where_all_are_of_one_sitting(count: int) -> None:
    """A fifth to a quarter of each gesture, at least one; and it is said that it flatters."""
    some = tuple(of(name, i) for name in ("J", "hello", "none") for i in range(count))
    gathered = Gathered(("J", "hello"), some)
    held, how = held_out(gathered, 1)
    assert "another day reads worse" in how
    for name in ("J", "hello", "none"):
        assert share(held, gathered, name) == pytest.approx(max(1 / count, 0.225), abs=0.51 / count)
    again, _ = held_out(gathered, 1)
    np.testing.assert_array_equal(held, again)


def test_a_gesture_on_one_side_only_is_refused() -> None:
    """One take cannot both teach and test."""
    with pytest.raises(UsageError, match="hello has one take"):
        held_out(Gathered(("hello",), (of("hello", 1),)), 1)


def test_gestures_weigh_alike() -> None:
    """Takes of a gesture that has few are seen more often."""
    some = [of("J", i) for i in range(3)] + [of("hello", i) for i in range(20)]
    some += [replace(of("none", 1), label=label) for label in ("A", "B", "none")]
    labels = [one.label for one in evened(Gathered(("J", "hello"), tuple(some)), some, 12)]
    assert labels.count("J") == 12
    assert labels.count("hello") == 20
    assert [labels.count(label) for label in ("A", "B", "none")] == [4, 4, 4]


# What training makes of a take.


def test_a_swipe_is_never_seen_in_the_mirror() -> None:
    """To the left and to the right may be two gestures; a J is a J either way round."""
    some = [of("hello", seed) for seed in range(40)]
    own = vocabulary_of(["hello"])

    def turned(vocabulary: Vocabulary) -> int:
        return sum(
            varied(one, np.random.default_rng(i), vocabulary).left for i, one in enumerate(some)
        )

    assert turned(own) == 0
    assert 10 < turned(LETTERS) < 30


def test_the_beginning_of_a_take_is_no_gesture() -> None:
    """In the first quarter of its way a hand has made nothing yet; from the half on it may have."""
    own = vocabulary_of(["J", "hello"])
    bag = bags([of("hello", seed) for seed in range(12)], np.random.default_rng(1), own)
    none, maybe = len(own.gestures), cutting.MAYBE
    assert set(np.unique(bag.right)) == {none, cutting.IGNORED, maybe}
    assert (bag.intended == 1).all()
    assert (bag.right == maybe).any((1, 2)).all()


def test_takes_in_which_nothing_moves_are_refused() -> None:
    """There is nothing to cut."""
    with pytest.raises(UsageError, match="no hand moves"):
        bags([of("none", 1)], np.random.default_rng(1), replace(LETTERS))
