"""The arithmetic of the evaluation: intervals, calibration, confusion, figures of readings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from train.data.datasets import NO_LETTER
from train.evaluate import figures, readings
from train.evaluate.readings import Readings
from train.letters.alphabets import LABELS

SHARES = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_the_literature(right: int, n: int, low: float, high: float) -> None:
    """Wilson's interval, to the digits that are published."""
    assert figures.wilson(right, n) == pytest.approx((low, high), abs=5e-5)


@given(SHARES)
def test_intervals_hold_the_share_and_narrow(pair: tuple[int, int]) -> None:
    """An interval lies in 0 to 1, holds the share, and is narrower for more photographs."""
    right, n = pair
    low, high = figures.wilson(right, n)
    assert 0 <= low <= right / n + 1e-12
    assert right / n - 1e-12 <= high <= 1
    wider = figures.wilson(4 * right, 4 * n)
    assert wider[1] - wider[0] < high - low


@given(st.lists(SHARES, min_size=1, max_size=9))
def test_the_mean_counts_each_set_alike(pairs: list[tuple[int, int]]) -> None:
    """The mean is of the sets' accuracies, whatever their sizes, and lies in its interval."""
    parts = {
        str(i): {"accuracy": right / n, "photographs": n} for i, (right, n) in enumerate(pairs)
    }
    mean = figures.mean_share(parts)
    assert mean["accuracy"] == pytest.approx(np.mean([right / n for right, n in pairs]))
    assert mean["interval"][0] - 1e-9 <= mean["accuracy"] <= mean["interval"][1] + 1e-9


def test_a_mean_of_sets_is_surer_than_a_set() -> None:
    """Seven sets of a hundred photographs tell as much as one of seven hundred."""
    parts = {str(i): {"accuracy": 0.9, "photographs": 100} for i in range(7)}
    mean, pooled = figures.mean_share(parts)["interval"], figures.wilson(630, 700)
    assert mean == pytest.approx(pooled, abs=0.004)


def test_calibration_error_of_honest_and_of_boastful_scores() -> None:
    """Nine of ten right at 0.9 is honest; five of ten is wrong by 0.4."""
    score = np.full(10, 0.9, np.float32)
    for count, error in ((9, 0.0), (5, 0.4)):
        steps = figures.bins(score, np.arange(10) < count)
        assert sum(step["hands"] for step in steps) == 10
        assert figures.calibration_error(steps) == pytest.approx(error, abs=1e-6)


def test_calibration_error_weighs_steps_by_their_hands() -> None:
    """One hand in four at 1.0 that is wrong, three at 0.5 of which none is right: 0.625."""
    score = np.array([1.0, 0.5, 0.5, 0.5], np.float32)
    steps = figures.bins(score, np.zeros(4, bool))
    assert figures.calibration_error(steps) == pytest.approx(0.625)
    assert figures.calibration_error([]) == 0


def said(pairs: list[tuple[str, str]], dataset: str = "lee", signer: str = "a") -> Readings:
    """Readings that show the first and read the second of each pair; "" is a missed hand."""
    n = len(pairs)
    truth, read = (np.array(column, dtype="<U9") for column in zip(*pairs, strict=True))
    logits = np.zeros((n, len(LABELS)), np.float32)
    for i, label in enumerate(read):
        logits[i, LABELS.index(label) if label else 0] = 5 if label else np.nan
    score = np.where(read == "", 0, 0.8).astype(np.float32)
    same = {"dataset": np.full(n, dataset), "signer": np.full(n, signer)}
    return Readings(truth, read, score, read, logits, **same, person=same["signer"])


def test_confusion_and_what_it_amounts_to() -> None:
    """Two A right, one read as B, one missed; one B right: counts, precision, recall, F1."""
    read = said([("A", "A"), ("A", "A"), ("A", "B"), ("A", ""), ("B", "B")])
    table = figures.confusion(read, ("A", "B"))
    assert table.tolist() == [[2, 1, 1], [0, 1, 0]]
    by = figures.by_label(table, ("A", "B"))
    assert by["A"] == {"photographs": 4, "precision": 1, "recall": 0.5, "F1": pytest.approx(2 / 3)}
    assert by["B"] == {"photographs": 1, "precision": 0.5, "recall": 1, "F1": pytest.approx(2 / 3)}


@given(st.lists(st.tuples(*[st.sampled_from("ABC")] * 2), min_size=1, max_size=60))
def test_confusion_counts_every_photograph_once(pairs: list[tuple[str, str]]) -> None:
    """Rows sum to what is shown, the diagonal to what is right."""
    read = said(pairs)
    table = figures.confusion(read, tuple("ABC"))
    assert table.sum(1).tolist() == [sum(truth == label for truth, _ in pairs) for label in "ABC"]
    assert np.trace(table) == read.right.sum()


def test_a_label_that_shares_its_shape_is_read_as_the_first() -> None:
    """In both alphabets a W and a 6 are one shape, and their scores add up."""
    logits = np.zeros((1, len(LABELS)), np.float32)
    logits[0, [LABELS.index("W"), LABELS.index("6"), LABELS.index("B")]] = 3, 3, 3.2
    assert readings.best(logits, "both")[0] == ["W"]
    assert readings.best(logits, "letters")[0] == ["B"]
    assert readings.best(logits, "digits")[0] == ["6"]


def test_figures_of_sets_and_signers() -> None:
    """A missed hand is wrong, J and Z can be left aside, the worst are named, idle hands apart."""
    lee = said([("A", "A"), ("B", ""), ("J", "I"), ("L", "L")])
    users = [
        said([("A", "A"), *[("B", "B")] * 9], "multiuser", "user_1a"),
        said([("A", "B"), *[("B", "B")] * 9], "multiuser", "user_2a"),
    ]
    idle = said([(NO_LETTER, "C"), (NO_LETTER, "C"), (NO_LETTER, "D")], "people", "x")
    idle = replace(idle, score=np.array([0.9, 0.4, 0.6], np.float32))
    left_out = readings.join([lee, *users, idle])
    counted = figures.figures(left_out, readings.join([lee, *users]))
    assert counted["sets"]["lee"]["accuracy"] == 0.5
    assert counted["sets"]["lee"]["of_found"] == pytest.approx(2 / 3)
    assert counted["sets"]["lee"]["without J and Z"]["accuracy"] == pytest.approx(2 / 3)
    assert counted["sets"]["lee"]["confused"] == {"J>I": 1}
    assert counted["sets"]["multiuser"]["worst signer"]["signer"] == "user_2a"
    assert counted["sets"]["multiuser"]["worst signer"]["accuracy"] == 0.9
    assert counted["mean accuracy"] == pytest.approx((0.5 + 0.95) / 2)
    assert (counted["worst set"], counted["worst signer"]) == ("lee", "lee a")
    assert counted["no sign"]["people"]["claimed"] == pytest.approx(2 / 3)
    assert counted["no sign"]["people"]["as"] == {"C": 1, "D": 1}
    json.dumps(counted)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\3\4 cut short"])
def test_another_file_holds_no_readings(tmp_path: Path, content: bytes) -> None:
    """Another file in their place is a usage error that says what makes them."""
    (tmp_path / "set-lee.npz").write_bytes(content)
    with pytest.raises(UsageError, match=r"train\.evaluate"):
        readings.load(tmp_path / "set-lee.npz")
