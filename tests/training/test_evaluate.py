"""The evaluation: who is left out with whom, its page, and a tiny run of it all."""

from __future__ import annotations

import base64
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
from train.evaluate import figures
from train.evaluate.folds import GROUPS, SETS, folds, persons
from train.letters.alphabets import DIGITS, LETTERS
from train.letters.material import Recipe
from train.report.document import Picture, Table, Text, markdown, page


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
