"""The labelled photographs in shared/data: one function a data set, and what it says of its own.

Nothing is opened here: readers list files and say whose hand each shows. `label` is "A".."Z",
"0".."9", or one of two words for a hand that makes no sign: `NONE` (no letter and no digit) and
`NO_LETTER` (surely no letter, perhaps a digit). `data/README.md` describes the pictures.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.errors import UsageError
from edge.types import NONE, Box

NO_LETTER = "no letter"
EMPTY = "empty"  # no hand at all: whatever is found there is no hand
# Photographs that no training uses: what a bundled model reads of them is a figure of its file
# (train.evaluate.baselines), and `fingerspell read` can be tried on them.
NEVER_TRAINED = "letters/lee/valid/"


@dataclass(frozen=True, slots=True)
class Photo:
    """One labelled photograph.

    path: relative to the data folder, with forward slashes.
    signer: names the person within the data set; "" where nobody knows.
    sitting: photographs taken together, never to be split between training and testing.
    box_px: where the labelled hand is, in pixels of the picture as stored; None: anywhere.
    cropped: read only `box_px`, as a square crop, instead of the whole scene.
    """

    path: str
    label: str
    dataset: str
    signer: str
    sitting: str
    box_px: Box | None = None
    cropped: bool = False


def photos(data: Path) -> list[Photo]:
    """Lists every labelled photograph under `data`, sorted within each data set.

    Raises UsageError if `data` holds none of the data sets.
    """
    found = [photo for reader in READERS for photo in reader(data)]
    if not found:
        raise UsageError(
            f"no data set of photographs in {data}; give the folder that holds letters/"
        )
    return found


def kaggle_alphabet(data: Path) -> Iterator[Photo]:
    """ASL Alphabet: one signer; its signs for space and del are none of the manual alphabet."""
    for path in _pictures(data / "letters" / "kaggle_alphabet"):
        name = path.parent.name
        label = {"space": NONE, "del": NONE, "nothing": EMPTY}.get(name, name)
        yield Photo(_relative(path, data), label, "kaggle_alphabet", "kaggle_alphabet", "")


def multiuser(data: Path) -> Iterator[Photo]:
    """The sources of Sign Language MNIST, each as a whole scene and as the crop of its box.

    Takes 0-4 and 5-9 are two sittings, sometimes of two people: each counts as a signer.
    """
    root = data / "letters" / "multiuser"
    for folder in sorted(root.glob("user_*")):
        boxes = _boxes(folder / "boxes.csv")
        for path in _pictures(folder):
            take = re.fullmatch(r"([A-Z])(\d+)", path.stem)
            if take is None:
                continue
            signer = f"{folder.name}{'a' if int(take[2]) < 5 else 'b'}"
            box = boxes.get(f"{folder.name}/{path.name}")
            for cropped in (False, True) if box else (False,):
                dataset = "multiuser_crop" if cropped else "multiuser"
                yield Photo(_relative(path, data), take[1], dataset, signer, signer, box, cropped)


def massey(data: Path) -> Iterator[Photo]:
    """Massey University gestures: three hands, letters and digits, cut out on black."""
    for path in _pictures(data / "letters" / "massey"):
        label, hand = path.parent.name.upper(), path.parent.parent.name
        dataset = "massey_digits" if label.isdigit() else "massey_letters"
        yield Photo(_relative(path, data), label, dataset, hand, hand)


def lee(data: Path) -> Iterator[Photo]:
    """American Sign Language Letters: train holds each photograph three times, augmented."""
    root = data / "letters" / "lee"
    for path in _pictures(root):
        original = path.name.split("_jpg")[0]
        yield Photo(_relative(path, data), original[0].upper(), "lee", "lee", original)


def ardamavi(data: Path) -> Iterator[Photo]:
    """Sign Language Digits: 218 students, told apart by the numbers of their pictures."""
    for path in _pictures(data / "digits" / "ardamavi"):
        digit, who = path.parent.name, student(path) or path.stem
        yield Photo(_relative(path, data), digit, "ardamavi", who, who)


def student(path: Path) -> str:
    """Returns who signs a picture of Sign Language Digits, "" where its name has no number.

    Each student signed 0 to 9 in turn before a camera that numbered its pictures. Where one was
    skipped, a student has two names, of neighbouring numbers.
    """
    number = re.search(r"\d+", path.stem)
    return f"student_{int(number[0]) - int(path.parent.name)}" if number else ""


def finger_counting(data: Path) -> Iterator[Photo]:
    """Finger counts, of which 1, 2, 4 and 5 are ASL digits; 0 and 3 look like other signs."""
    for path in _pictures(data / "hands" / "finger_counting"):
        count = path.name[0]
        if count in "1245":
            yield Photo(_relative(path, data), count, "finger_counting", "counting", "")


def people(data: Path) -> Iterator[Photo]:
    """People who stand and gesture: pointing and open hands, no letters."""
    for path in _pictures(data / "hands" / "people"):
        person = path.parent.name
        yield Photo(_relative(path, data), NO_LETTER, "people", person, person)


def no_hand(data: Path) -> Iterator[Photo]:
    """Patches without a hand: every fifth, since each costs the whole search."""
    for path in _pictures(data / "hands" / "no_hand")[::5]:
        yield Photo(_relative(path, data), EMPTY, "no_hand", "", "")


READERS = (
    kaggle_alphabet, multiuser, massey, lee, ardamavi, finger_counting, people, no_hand,
)  # fmt: skip


def _pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})


def _relative(path: Path, data: Path) -> str:
    return path.relative_to(data).as_posix()


def _boxes(path: Path) -> dict[str, Box]:
    """Reads `image,top_left_x,top_left_y,bottom_right_x,bottom_right_y` rows; {} if absent."""
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    corners = ("top_left_x", "top_left_y", "bottom_right_x", "bottom_right_y")
    return {row["image"]: Box(*(float(row[c]) for c in corners)) for row in rows}
