"""Pictures to train on: what of a user's folders and files is taken, and what is refused."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.decoding.picture import read_rgb
from edge.errors import UsageError
from edge.hands.geometry import region_of_box
from edge.handshapes.pixels import picture
from edge.types import Box, Region
from tests.support.kaggle import archive
from tests.support.signed import class_folders, sign_csv
from train.data import sign_csv as mnist
from train.pictures.crops import Pictures, Sample, Shake, Task, hands_in_pictures
from train.pictures.crops import class_folders as listed
from train.pictures.splits import of_its_own

TASK = Task(("A", "B", "F"), 32, "rgb", 1.35)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures each of three letters."""
    return class_folders(tmp_path_factory.mktemp("made"), "ABF", 6)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(made, tmp_path / "data"))


def test_class_folders_are_found_where_archives_put_them(folder: Path, tmp_path: Path) -> None:
    """At the top or some folders down, in any case; other folders are left alone."""
    deep = tmp_path / "archive" / "asl_alphabet_train" / "asl_alphabet_train"
    deep.parent.mkdir(parents=True)
    folder.rename(deep)
    (deep / "F").rename(deep / "f")
    (deep / "notes").mkdir()
    samples = listed(tmp_path / "archive", tuple("ABCDEF"))
    assert [s.label for s in samples] == ["A"] * 6 + ["B"] * 6 + ["F"] * 6


def test_the_split_of_a_data_set_is_its_own(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """train, valid and test are all used: what is called test is held back, and it is said."""
    for part in ("train", "valid", "test"):
        shutil.copytree(made, tmp_path / "set" / part)
    shutil.rmtree(tmp_path / "set" / "valid" / "F")
    samples = listed(tmp_path / "set", tuple("ABF"))
    assert "learnt from train and valid, judged by test" in capsys.readouterr().err
    label, split = (np.array([getattr(s, name) for s in samples]) for name in ("label", "split"))
    assert np.unique(split, return_counts=True)[1].tolist() == [18, 18, 12]
    kept, held = of_its_own(label, split, 0.2, 1)
    assert set(split[kept]) == {"train", "valid"}
    assert set(split[held]) == {"test"}
    assert len(kept) + len(held) == len(samples)
    assert all(s.split == "" for s in listed(made, tuple("ABF")))


def test_folders_that_are_no_class_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what may be meant; folders without pictures are none of the data."""
    (folder / "F").rename(folder / "F ")
    (folder / "A").rename(folder / "ten")
    (folder / "notes").mkdir()
    shutil.copytree(folder / "B", folder / "C")
    assert {s.label for s in listed(folder, tuple("ABCF"))} == {"B", "C"}
    said = capsys.readouterr().err
    assert "not used" in said
    assert "'F ' (did you mean F?), 'ten'" in said
    assert "notes" not in said


def test_a_limit_holds_for_each_class(folder: Path) -> None:
    """The same pictures each time; never too few to split."""
    few = listed(folder, tuple("ABF"), limit=5)
    assert len(few) == 15
    assert few == listed(folder, tuple("ABF"), limit=5)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: [p.unlink() for p in (f / "B").iterdir()], "no picture in .*B;"),
        (lambda f: [p.unlink() for p in sorted((f / "B").iterdir())[2:]], "B has 2 pictures"),
        (lambda f: [shutil.rmtree(f / n) for n in "BF"], "only 'A'.*two or more"),
        (lambda f: [shutil.rmtree(f / n) for n in "ABF"], "none of them"),
        (shutil.rmtree, "there is no folder"),
    ],
    ids=["empty class", "too few", "one class", "no class", "no folder"],
)
def test_folders_that_teach_nothing_are_refused(folder: Path, spoil: object, message: str) -> None:
    """One line that names the folder or the class."""
    assert callable(spoil)
    spoil(folder)
    with pytest.raises(UsageError, match=message):
        listed(folder, tuple("ABF"))


@pytest.mark.usefixtures("hand_models")
def test_hands_are_hands_in_pictures_as_on_a_device(folder: Path, tmp_path: Path) -> None:
    """Each crop is the device's own of that file and hand, bit for bit; a second run reads what the
    first one kept, also of a run that was killed while it wrote."""
    samples = listed(folder, tuple("ABF"))
    kept = tmp_path / "hands.jsonl"
    pictures, unread = hands_in_pictures(samples, TASK, tmp_path, whole=False)
    assert not unread
    assert pictures.found.mean() > 0.8
    found = [json.loads(line) for line in kept.read_text().splitlines()]
    for i, (key, (_, _, box, left, _)) in enumerate(found):
        path = key.rsplit(" ", 2)[0]
        if box:
            region = region_of_box(Box(*box), TASK.margin)
            alone = picture(read_rgb(Path(path)), region, TASK.side_px, "rgb", left)
            np.testing.assert_array_equal(pictures.crops([i], TASK)[0], alone)
    kept.write_text(kept.read_text()[:-30])
    again, _ = hands_in_pictures(samples, TASK, tmp_path, whole=False)
    np.testing.assert_array_equal(again.region, pictures.region)
    whole, _ = hands_in_pictures(samples, TASK, tmp_path, whole=True)
    assert (whole.region[:, 2] == 200).all()


def test_what_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    """It is skipped, and named with its reason, once."""
    (folder / "A" / "0.png").write_bytes(b"no picture")
    samples = listed(folder, tuple("ABF"))
    for _ in range(2):
        pictures, unread = hands_in_pictures(samples, TASK, tmp_path, whole=True)
        assert list(unread) == [str(folder / "A" / "0.png")]
        assert len(pictures) == 17
        assert pictures.found.all()
    bad = [Sample(folder / "A" / "0.png", "A", "")]
    with pytest.raises(UsageError, match="none of 1 pictures can be read"):
        hands_in_pictures(bad, TASK, tmp_path, whole=True)


@given(st.integers(0, 2**32 - 1))
def test_shaken_crops_repeat_with_their_seed(seed: int) -> None:
    """Random numbers follow from the seed alone, and crops move within what is allowed."""
    one = np.zeros((40, 40, 3), np.uint8)
    one[18:22, 18:22] = 255
    pictures = Pictures(
        read=lambda number: one,
        number=np.arange(3),
        region=np.tile([20.0, 20.0, 40.0, 0.0], (3, 1)),
        flip=np.array([False, True, False]),
        found=np.ones(3, bool),
        label=np.array(["A", "B", "F"]),
        signer=np.array(["", "", ""]),
        landmarks=np.full((3, 21, 2), np.nan, np.float32),
    )
    shake = Shake(shift=0.2)
    crops = pictures.crops([0, 1, 2], TASK, shake=shake, seed=(seed,))
    np.testing.assert_array_equal(crops, pictures.crops([0, 1, 2], TASK, shake=shake, seed=(seed,)))
    for crop in crops:
        y, x = np.argwhere(crop[..., 0] > 60).mean(0)
        assert abs(x - 15.5) < 0.35 * 32
        assert abs(y - 15.5) < 0.35 * 32
    still = Region(20, 20, 40, 0)
    np.testing.assert_array_equal(
        pictures.crops([0], TASK)[0], picture(one, still, 32, "rgb", False)
    )


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A small file in the form of Sign Language MNIST."""
    return sign_csv(tmp_path / "sign_mnist_test.csv", "AY", 4)


def test_rows_are_read_as_kaggle_ships_them(rows: Path, tmp_path: Path) -> None:
    """Plain or packed, alone or both; sittings come from signers.csv, and from likeness."""
    one = mnist.read(tmp_path)["test"]
    assert one.grey.shape == (8, 28, 28)
    assert list(one.label) == ["A", "Y"] * 4
    assert list(one.sitting[::2]) == ["user_1a", "user_2a", "user_1b", "user_2b"]
    packed = tmp_path / "sign_mnist_train.csv.gz"
    packed.write_bytes(gzip.compress(rows.read_bytes()))
    both = mnist.read(tmp_path)
    np.testing.assert_array_equal(both["train"].grey, one.grey)
    assert list(both["train"].sitting) == list(one.sitting)
    assert list(mnist.read(packed)) == ["test"]


def test_rows_are_read_however_they_are_packed(rows: Path, tmp_path: Path) -> None:
    """Kaggle's whole archive, a .csv.zip, a .zip named .csv, a folder named as the file is."""
    content = rows.read_bytes()
    grey = mnist.read(rows)["test"].grey

    def zipped(path: Path, *names: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive(dict.fromkeys(names, content)))
        return path

    train, test = (f"{name}.csv" for name in mnist.FILES)
    whole = zipped(tmp_path / "whole" / "archive.zip", train, test, "amer_sign2.png", f"x/{train}")
    zipped(tmp_path / "alone" / f"{train}.zip", train)
    zipped(tmp_path / "named" / train, train)
    inside = tmp_path / "folder" / train / train
    inside.parent.mkdir(parents=True)
    inside.write_bytes(content)
    for data, parts in (
        (whole, ["train", "test"]),
        (whole.parent, ["train", "test"]),
        (tmp_path / "alone", ["train"]),
        (tmp_path / "alone" / f"{train}.zip", ["test"]),
        (tmp_path / "named", ["train"]),
        (tmp_path / "folder", ["train"]),
    ):
        found = mnist.read(data)
        assert list(found) == parts
        for part in found.values():
            np.testing.assert_array_equal(part.grey, grey)
    whole.write_bytes(
        whole.read_bytes()[: len(content) // 8] + bytes(99) + whole.read_bytes()[-400:]
    )
    with pytest.raises(UsageError, match="cannot be read"):
        mnist.read(whole)


def test_what_other_programs_add_to_rows_does_not_matter(rows: Path, tmp_path: Path) -> None:
    """A byte order mark, CR LF, a blank last line, a column that numbers the rows."""
    lines = rows.read_text().splitlines()
    grey = mnist.read(rows)["test"].grey
    numbered = [f"{n - 1 if n else ''},{line}" for n, line in enumerate(lines)]
    for name, text in {
        "mark": "\ufeff" + "\n".join(lines),
        "windows": "\r\n".join(lines) + "\r\n\r\n",
        "blank": "\n".join(lines) + "\n\n",
        "numbered": "\n".join(numbered),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        np.testing.assert_array_equal(mnist.read(tmp_path / name)["test"].grey, grey)


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (0, lambda t: t + ",pixel785", "the header: 786 columns"),
        (2, lambda t: t.rpartition(",")[0], "row 2: 784 columns"),
        (3, lambda t: "9" + t[t.index(",") :], "row 3: the label is 9"),
        (3, lambda t: "25" + t[t.index(",") :], "row 3: the label is 25"),
        (4, lambda t: t.rpartition(",")[0] + ",256", "row 4: a pixel is not within"),
        (4, lambda t: t.rpartition(",")[0] + ",x", "row 4: not all are whole numbers"),
    ],
)
def test_a_wrong_row_is_named(
    rows: Path, tmp_path: Path, line: int, change: object, message: str
) -> None:
    """Column counts, labels and pixel values are checked, row by row."""
    assert callable(change)
    lines = rows.read_text().splitlines()
    lines[line] = change(lines[line])
    rows.write_text("\n".join(lines))
    with pytest.raises(UsageError, match=message):
        mnist.read(tmp_path)


def test_files_that_are_none_are_refused(tmp_path: Path, rows: Path) -> None:
    """No file, an empty one, a packed one cut short."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"train\.data\.fetch sign_mnist"):
        mnist.read(tmp_path / "empty")
    short = tmp_path / "short.csv.gz"
    short.write_bytes(gzip.compress(rows.read_bytes())[:200])
    with pytest.raises(UsageError, match="cannot be read"):
        mnist.read(short)
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join(lines[1:]))
    with pytest.raises(UsageError, match="no header"):
        mnist.read(rows)
    rows.write_text("\n".join(lines[:-1]))  # signers.csv beside it is of a longer file
    with pytest.raises(UsageError, match="does not name the signer of each of 7 rows"):
        mnist.read(tmp_path)
    rows.write_text(lines[0] + "\n")
    with pytest.raises(UsageError, match="no rows"):
        mnist.read(rows)
