"""The readers of the photographs, on little folders made up like the real ones."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import UsageError
from edge.types import NONE, Box, Hand
from train.data.datasets import EMPTY, NO_LETTER, Photo, photos
from train.data.landmarks import VIEWS, gathered, is_left, join, load, row


def touch(path: Path, width: int = 40, height: int = 30) -> None:
    """Writes a small picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    assert cv2.imwrite(str(path), noise)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One or two photographs of every data set."""
    for name in ("A", "space", "nothing"):
        touch(tmp_path / "letters" / "kaggle_alphabet" / name / f"{name}1.jpg")
    for take in ("A0", "A7"):
        touch(tmp_path / "letters" / "multiuser" / "user_3" / f"{take}.jpg")
    (tmp_path / "letters" / "multiuser" / "user_3" / "boxes.csv").write_text(
        "image,top_left_x,top_left_y,bottom_right_x,bottom_right_y\nuser_3/A0.jpg,10,5,30,25\n"
    )
    for name in ("a", "0"):
        touch(tmp_path / "letters" / "massey" / "hand1" / name / f"hand1_{name}_bot_seg_1.jpeg")
    for part in ("aa", "bb"):
        touch(tmp_path / "letters" / "lee" / "train" / f"B12_jpg.rf.{part}.jpg")
    touch(tmp_path / "digits" / "ardamavi" / "3" / "IMG_1121.JPG")
    touch(tmp_path / "digits" / "ardamavi" / "4" / "IMG_1122.JPG")
    for count in "035":
        touch(tmp_path / "hands" / "finger_counting" / f"{count}_1_jpg.jpg")
    touch(tmp_path / "hands" / "people" / "novi" / "n1.jpg")
    for i in range(6):
        touch(tmp_path / "hands" / "no_hand" / f"neg_{i}.jpg")
    return tmp_path


def by_set(data: Path, name: str) -> list[Photo]:
    return [photo for photo in photos(data) if photo.dataset == name]


def test_kaggles_other_signs_are_no_letters(data: Path) -> None:
    """space and del are not of the manual alphabet; nothing shows no hand."""
    labels = {photo.path: photo.label for photo in by_set(data, "kaggle_alphabet")}
    assert labels == {
        "letters/kaggle_alphabet/A/A1.jpg": "A",
        "letters/kaggle_alphabet/space/space1.jpg": NONE,
        "letters/kaggle_alphabet/nothing/nothing1.jpg": EMPTY,
    }


def test_scenes_come_with_their_crops_and_sittings(data: Path) -> None:
    """A photograph with a box is read whole and cropped; takes 0-4 and 5-9 are two sittings."""
    first, second = by_set(data, "multiuser")
    assert (first.label, first.signer, second.signer) == ("A", "user_3a", "user_3b")
    assert first.box_px == Box(10, 5, 30, 25)
    assert second.box_px is None
    (crop,) = by_set(data, "multiuser_crop")
    assert crop.cropped
    assert crop.path == first.path
    assert crop.sitting == first.sitting


def test_massey_has_letters_and_digits(data: Path) -> None:
    """Its letters are lower case in the folders, and its digits a set of their own."""
    assert [photo.label for photo in by_set(data, "massey_letters")] == ["A"]
    assert [photo.label for photo in by_set(data, "massey_digits")] == ["0"]


def test_augmented_copies_stay_together(data: Path) -> None:
    """The three copies that lee/train holds of a photograph are one sitting."""
    copies = by_set(data, "lee")
    assert len(copies) == 2
    assert {photo.sitting for photo in copies} == {"B12"}


def test_students_are_told_apart_by_number(data: Path) -> None:
    """A student signed 0 to 9 in turn: number less digit is the student."""
    assert {photo.signer for photo in by_set(data, "ardamavi")} == {"student_1118"}


def test_only_counts_that_are_digits_are_used(data: Path) -> None:
    """A fist is no 0, and three fingers without the thumb are no 3."""
    assert [photo.label for photo in by_set(data, "finger_counting")] == ["5"]


def test_people_and_patches_have_no_letters(data: Path) -> None:
    """People may show a digit but no letter; patches show no hand."""
    assert [photo.label for photo in by_set(data, "people")] == [NO_LETTER]
    assert {photo.label for photo in by_set(data, "no_hand")} == {EMPTY}


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    """An empty folder is a usage error that names it."""
    with pytest.raises(UsageError, match=tmp_path.name):
        photos(tmp_path)


def test_the_real_data_are_what_the_readers_expect(shared_data: Path) -> None:
    """Every label is one of ours, every file is there once a view, and all sets are found."""
    found = photos(shared_data)
    signs = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") | {NONE, NO_LETTER, EMPTY}
    assert {photo.label for photo in found} == signs
    assert len({(photo.path, photo.cropped) for photo in found}) == len(found)
    assert len({photo.signer for photo in found if photo.dataset == "multiuser"}) == 14


def test_rows_are_kept_and_missed_hands_with_them(tmp_path: Path) -> None:
    """What was labelled is read back: hands, and photographs without one."""
    photo = Photo("a.jpg", "A", "made_up", "someone", "")
    hand = Hand(np.ones((21, 3), np.float32), Box(1, 1, 1, 1), "left", 0.9)
    seen = (hand, None) * (len(VIEWS) // 2)
    rows = join([row(photo, seen), row(photo, (None,) * len(VIEWS))])
    rows.save(tmp_path / "hands.npz")
    again = load(tmp_path / "hands.npz")
    assert again.missed.tolist() == [False, True]
    assert np.isnan(again.xyz[0, :, 0, 0]).tolist() == [view is None for view in seen]
    assert again.left[0].tolist() == [view is not None for view in seen]
    assert [p.name for p in tmp_path.iterdir()] == ["hands.npz"]


def npy() -> bytes:
    """One array, in a file of its own."""
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\3\4 cut short", npy()])
def test_another_file_is_no_landmarks_file(tmp_path: Path, content: bytes) -> None:
    """Another file in its place is a usage error that says what makes one."""
    (tmp_path / "hands.npz").write_bytes(content)
    with pytest.raises(UsageError, match=r"train\.data\.label"):
        load(tmp_path / "hands.npz")


def test_landmarks_of_other_views_are_refused(tmp_path: Path) -> None:
    """A file of a version with fewer views of each hand is to be made again."""
    rows = row(Photo("a.jpg", "A", "made_up", "someone", ""), (None,) * len(VIEWS))
    replace(rows, xyz=rows.xyz[:, :4]).save(tmp_path / "hands.npz")
    with pytest.raises(UsageError, match=r"other views; run: python -m train\.data\.label"):
        load(tmp_path / "hands.npz")


def test_collections_are_read_as_one_view_each(tmp_path: Path) -> None:
    """A collection is a signer; its landmarks are the first view, at the proportions of 4:3."""
    folder = tmp_path / "landmarks"
    folder.mkdir()
    np.savez(
        folder / "static.npz",
        xyz=np.random.default_rng(0).random((4, 21, 3)).astype(np.float16),
        label=np.array(["A", "B", "A", "1"]),
        collection=np.array([0, 0, 1, 1], np.uint8),
    )
    facts = [{"collection": "c00", "agreement": 0.9}, {"collection": "c01", "agreement": 0.3}]
    (folder / "collections.json").write_text(json.dumps(facts))
    rows = gathered(tmp_path)
    assert rows.label.tolist() == ["A", "B", "A", "1"]
    assert rows.signer.tolist() == ["c00", "c00", "c01", "c01"]
    with np.load(folder / "static.npz") as file:
        wide, high = np.ptp(file["xyz"][0, :, 0]), np.ptp(file["xyz"][0, :, 1])
    got = np.ptp(rows.xyz[0, 0, :, 0]) / np.ptp(rows.xyz[0, 0, :, 1])
    assert got == pytest.approx(4 / 3 * wide / high, rel=1e-2)
    assert np.isnan(rows.xyz[:, 1:]).all()


def test_handedness_is_seen_in_the_shape() -> None:
    """A right hand with bent fingers is no left hand, and its mirror image is one."""
    xyz = np.zeros((1, 21, 3), np.float32)
    xyz[0, 0] = 0, 100, 0
    for finger, x in enumerate((30, 10, -10, -30)):
        for joint in range(4):
            xyz[0, 5 + 4 * finger + joint] = x, 10 * joint, -12 * joint
    assert is_left(xyz).tolist() == [False]
    assert is_left(xyz * np.array([-1, 1, 1], np.float32)).tolist() == [True]
