"""The evaluation: its arithmetic, who is left out with whom, its page, and a tiny run of it all."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from tests.training.test_train import hands
from train.data.datasets import NO_LETTER, Photo
from train.data.landmarks import VIEWS, Rows, join, row
from train.evaluate import figures, readings
from train.evaluate.folds import GROUPS, SETS, folds, persons
from train.evaluate.readings import Readings
from train.letters.alphabets import DIGITS, LABELS, LETTERS
from train.letters.material import Recipe
from train.report.document import Picture, Table, Text, markdown, page

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


def everybody() -> Rows:
    """A few rows, without hands, of every signer that the real data sets have."""
    rows = []

    def add(path: str, label: str, dataset: str, signer: str) -> None:
        rows.append(row(Photo(path, label, dataset, signer, ""), (None,) * len(VIEWS)))

    for label in "AB":
        add(f"kaggle/{label}", label, "kaggle_alphabet", "kaggle_alphabet")
        add(f"lee/{label}", label, "lee", "lee")
        for user in (3, 4, 5, 6, 7, 9, 10):
            for sitting in "ab":
                for dataset in ("multiuser", "multiuser_crop"):
                    path = f"user_{user}/{label}{sitting}"
                    add(path, label, dataset, f"user_{user}{sitting}")
        for hand in (1, 2, 3):
            add(f"hand{hand}/{label}", label, "massey_letters", f"hand{hand}")
            add(f"hand{hand}/0{label}", "0", "massey_digits", f"hand{hand}")
    # Two of these students skipped a number: their photographs have two neighbouring ones.
    for number in (1118, 1128, 1138, 1158, 1159, 1169, 4034, 4044, 4045, 4055, 4065, 4075):
        add(f"{number}.jpg", "1", "ardamavi", f"student_{number}")
    add("people/x", NO_LETTER, "people", "x")
    add("counting", "5", "finger_counting", "counting")
    return join(rows)


def test_folds_leave_each_set_out_and_each_person() -> None:
    """Every judged row is left out once with its set; every person of a set of several, once."""
    rows = everybody()
    found = folds(rows)
    by_set = np.sum([fold.out for fold in found if fold.name.startswith("set-")], 0)
    apart = np.sum([fold.out for fold in found if fold.name.startswith("signers-")], 0)
    counting = rows.dataset == "finger_counting"
    assert by_set.tolist() == (~counting).astype(int).tolist()
    several = np.isin(rows.dataset, [*SETS["multiuser"], *SETS["massey"], *SETS["ardamavi"]])
    assert apart.tolist() == several.astype(int).tolist()
    assert len(found) == 6 + 7


def test_nobody_is_on_both_sides() -> None:
    """No person, no photograph and no set's twin is both trained on and read in a fold."""
    rows = everybody()
    who = np.array(
        [f"{p} {d.split('_')[0]}" for p, d in zip(persons(rows), rows.dataset, strict=True)]
    )
    for fold in folds(rows):
        assert not set(who[fold.out]) & set(who[~fold.out])
        assert not set(rows.path[fold.out]) & set(rows.path[~fold.out])
        students = [int(s.split("_")[1]) for s in rows.signer if s.startswith("student_")]
        out = {int(s.split("_")[1]) for s in rows.signer[fold.out] if s.startswith("student_")}
        assert not any(n in out and n + 1 in students and n + 1 not in out for n in students)


@given(st.sets(st.integers(1000, 9000), min_size=1, max_size=300))
def test_students_are_grouped_without_parting_neighbours(numbers: set[int]) -> None:
    """At most so many groups, and numbers less than ten apart stay together."""
    rows = join(
        [
            row(Photo(f"{n}", "1", "ardamavi", f"student_{n}", ""), (None,) * len(VIEWS))
            for n in sorted(numbers)
        ]
    )
    who = persons(rows)
    assert len(set(who)) <= GROUPS
    order = sorted(numbers)
    for i, (a, b) in enumerate(pairwise(order)):
        if b - a < 10:
            assert who[i] == who[i + 1]


def test_the_real_folds_share_nobody(shared_data: Path) -> None:
    """Over the real photographs: 13 folds, five groups of students of like size, nobody shared."""
    from train.data.datasets import photos

    rows = join([row(photo, (None,) * len(VIEWS)) for photo in photos(shared_data)])
    found = folds(rows)
    assert len(found) == 13
    who = persons(rows)
    sizes = np.unique(who[rows.dataset == "ardamavi"], return_counts=True)[1]
    assert len(sizes) == GROUPS
    assert sizes.min() > 300
    for fold in found:
        assert not set(rows.path[fold.out]) & set(rows.path[~fold.out])
        for dataset in set(rows.dataset[fold.out]):
            own = rows.dataset == dataset
            assert not set(who[own & fold.out]) & set(who[own & ~fold.out])


class Page(HTMLParser):
    """What a page holds: its tags, balanced or not, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.fetched += [v for k, v in attrs if k in ("src", "href") and v]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_documents_are_the_same_in_both_forms() -> None:
    """Headings, emphasis, tables and pictures come out in Markdown and in HTML, text escaped."""
    parts = [Text("Head", 2), Text("**A** & <b>"), Table(["x", "y"], [["1", "A>B"]])]
    parts += [Picture(b"png", "shown", "shown.png"), Picture(b"png", "page only")]
    plain = markdown(parts)
    assert "## Head\n" in plain
    assert "| x | y |\n| --- | --- |\n| 1 | A>B |\n" in plain
    assert "![shown](shown.png)" in plain
    assert "page only" not in plain
    html = page("T", parts)
    assert "<h2>Head</h2>" in html
    assert "<strong>A</strong> &amp; &lt;b&gt;" in html
    assert "<td>A&gt;B</td>" in html
    assert html.count(base64.b64encode(b"png").decode()) == 2
    assert Page(html).open == []


@pytest.mark.tensorflow
def test_a_tiny_evaluation_from_end_to_end(tmp_path: Path) -> None:
    """Two sets, one epoch: every file is written whole, a missed hand is wrong, and a second run
    takes the folds that are there unless the recipe is another; one set alone is refused."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    from train.evaluate import leave_out, report

    missed = row(Photo("x.jpg", "A", "lee", "lee", ""), (None,) * len(VIEWS))
    rows = join([*[missed] * 40, *(_ten(i, *who) for i, who in enumerate(PEOPLE))])
    rows.save(tmp_path / "hands.npz")
    recipe = Recipe(members=1, width=16, epochs=1, batch=64)
    work = leave_out.Work(tmp_path / "hands.npz", None, recipe, tmp_path / "out" / "folds")
    found = leave_out.evaluate(work)
    assert list(found) == ["set-multiuser", "set-lee", "signers-1", "signers-2"]
    left_out, apart = leave_out.by_sets_and_persons(found)
    assert {len(left_out), len(apart)} == {len(rows)}
    counted = figures.figures(left_out, apart)
    report.write_all(tmp_path / "out", counted, left_out)
    lee = counted["sets"]["lee"]
    assert lee["photographs"] == 80
    assert lee["found"] == 0.5
    assert lee["accuracy"] == pytest.approx(lee["of_found"] / 2)
    assert set(counted["signers"]) == {"lee", "multiuser user_1", "multiuser user_2"}
    names = {path.name for path in (tmp_path / "out").iterdir()} - {"folds"}
    ends = {"letters.html", "letters.md", "letters.json", "confusion.png", "confusion.csv"}
    assert names == ends

    html = (tmp_path / "out" / "letters.html").read_text()
    seen = Page(html)
    assert seen.open == []
    assert html.endswith("</html>\n")
    assert "script" not in seen.seen
    assert len(seen.fetched) == 5
    for url in seen.fetched:
        data = base64.b64decode(re.fullmatch(r"data:image/png;base64,(.+)", url)[1])  # type: ignore[index]
        assert data.startswith(b"\x89PNG")
        assert data.endswith(b"IEND\xaeB`\x82")
    assert len(html) < 500_000
    lines = (tmp_path / "out" / "confusion.csv").read_text().splitlines()
    assert lines[0].split(",") == ["shown", *LETTERS, *DIGITS, "no hand found"]
    counts = {line.split(",")[0]: line.split(",")[1:] for line in lines[1:]}
    assert int(counts["A"][-1]) == 40
    assert sum(int(c) for line in counts.values() for c in line) == 160

    written = {path: path.stat().st_mtime_ns for path in work.folder.iterdir()}
    again = leave_out.evaluate(work)
    assert {path: path.stat().st_mtime_ns for path in work.folder.iterdir()} == written
    np.testing.assert_array_equal(again["set-lee"].read, found["set-lee"].read)
    assert leave_out.reader_of(work.folder, "multiuser_crop").letters.count_params() > 0
    with pytest.raises(UsageError, match=r"train\.evaluate"):
        leave_out.reader_of(work.folder, "ardamavi")
    leave_out.forget_others(work, list(found))
    assert (work.folder / "set-lee.npz").exists()
    leave_out.forget_others(replace(work, recipe=replace(recipe, seed=2)), list(found))
    assert not list(work.folder.glob("*.npz"))

    with pytest.raises(UsageError, match="no landmark collections"):
        leave_out.evaluate(replace(work, data=tmp_path))
    rows.where(rows.dataset == "lee").save(tmp_path / "hands.npz")
    with pytest.raises(UsageError, match="one data set only"):
        leave_out.evaluate(work)


PEOPLE = (("lee", "lee"), ("multiuser", "user_1a"), ("multiuser", "user_2a"))


def _ten(seed: int, dataset: str, signer: str) -> Rows:
    """Forty hands that show A or L."""
    made = hands(seed, signer, dataset)
    made = made.where(np.isin(made.label, ("A", "L")))
    return made.where(np.arange(len(made)) < 40)
