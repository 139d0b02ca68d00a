"""Who is left out together when the letter model is judged: no signer is on both sides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.errors import UsageError
from train.data.landmarks import Rows
from train.evaluate.readings import Bools, Texts

# Data sets that are left out together, since they show the same photographs or the same hands.
SETS: Mapping[str, tuple[str, ...]] = {
    "kaggle_alphabet": ("kaggle_alphabet",),
    "multiuser": ("multiuser", "multiuser_crop"),
    "massey": ("massey_letters", "massey_digits"),
    "lee": ("lee",),
    "ardamavi": ("ardamavi",),
    "people": ("people", "no_hand"),
}
GROUPS = 5  # of the 218 students of ardamavi, left out together
STUDENT = 10  # photographs of a student, numbered in a row; a skipped one makes two numbers


@dataclass(frozen=True)
class Fold:
    """Rows that are left out, (N,) bool: a model is trained on the others and reads these."""

    name: str
    out: Bools


def persons(rows: Rows) -> Texts:
    """Names whom each row shows, (N,): who is left out as one person.

    Both sittings of a multiuser folder are one, since they sometimes are. The students of ardamavi
    come in GROUPS, split where the numbers of two neighbours are sure to be two people.
    """
    names = [
        re.sub(r"(user_\d+)[ab]$", r"\1", str(signer))
        if dataset.startswith("multiuser")
        else signer
        for dataset, signer in zip(rows.dataset.tolist(), rows.signer.tolist(), strict=True)
    ]
    out = np.array(names, dtype="<U32")
    students = rows.dataset == "ardamavi"
    out[students] = student_groups(out[students], GROUPS)
    return out


def student_groups(names: Texts, count: int) -> Texts:
    """Returns the group of each photograph of Sign Language Digits, of `count` groups of students.

    names: (N,) as `train.data.datasets.ardamavi` has them. A student may have two numbers, so that
    groups are parted where two neighbours' numbers are sure to be two people.
    """
    group = _groups(sorted({int(name.removeprefix("student_")) for name in names.tolist()}), count)
    return np.array([group[int(name.removeprefix("student_"))] for name in names.tolist()])


def _groups(students: list[int], count: int) -> dict[int, str]:
    group: dict[int, str] = {}
    members: list[int] = []
    for i, student in enumerate(students):
        full = i >= (len(set(group.values())) + 1) * len(students) / count
        if members and full and student - members[-1] >= STUDENT:
            group |= dict.fromkeys(members, f"students {members[0]}-{members[-1]}")
            members = []
        members.append(student)
    return group | dict.fromkeys(members, f"students {members[0]}-{members[-1]}" if members else "")


def folds(rows: Rows) -> list[Fold]:
    """Returns what is left out in turn: each set, then one person of each set that has several."""
    sets = {name: np.isin(rows.dataset, parts) for name, parts in SETS.items()}
    sets = {name: out for name, out in sets.items() if out.any()}
    if len(sets) < 2:
        raise UsageError("one data set only: there is nothing left to train on; label more")
    found = [Fold(f"set-{name}", out) for name, out in sets.items()]
    who = persons(rows)
    several = [
        [out & (who == person) for person in dict.fromkeys(who[out].tolist())]
        for name, out in sets.items()
        if name != "people"
    ]
    several = [people for people in several if len(people) > 1]
    for i in range(max(map(len, several), default=0)):
        chosen = [people[i] for people in several if i < len(people)]
        found.append(Fold(f"signers-{i + 1}", np.logical_or.reduce(chosen)))
    return found
