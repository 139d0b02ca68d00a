"""How pictures are held back: at random, as is usual, and whole people, as new users are."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold, train_test_split

from edge.errors import UsageError

Indices = npt.NDArray[np.intp]
Labels = npt.NDArray[np.str_]
OWN = "The part that the data set itself holds back."


def at_random(label: Labels, share: float, seed: int) -> tuple[Indices, Indices]:
    """Returns the indices of 1 - share and of share of the pictures, each class split alike.

    label: (N,). Of each class at least one is on either side. Raises UsageError where a class has
    too few pictures for that.
    """
    names, many = np.unique(label, return_counts=True)
    few = names[many < 2]
    if len(few):
        raise UsageError(
            f"the class '{few[0]}' has one picture, too few for both sides of a split; add more"
        )
    numbers = np.arange(len(label))
    size = max(math.ceil(share * len(label)), len(names))
    try:
        kept, held = train_test_split(
            numbers, test_size=size, random_state=seed, stratify=label, shuffle=True
        )
    except ValueError as error:
        raise UsageError(
            f"{len(label)} pictures are too few for {share:.0%} of each of {len(names)} classes; "
            "add more"
        ) from error
    for name in names[~np.isin(names, label[held])]:  # one that is too rare for its share
        one = kept[label[kept] == name][:1]
        kept, held = np.setdiff1d(kept, one), np.append(held, one)
    return np.sort(kept), np.sort(held)


def of_its_own(
    label: Labels, split: Labels | None, share: float, seed: int
) -> tuple[Indices, Indices]:
    """Returns what is kept and what is held back, as the data set itself says, or at random.

    split: (N,), "train", "valid" or "test", or None. "test" is held back, "valid" if there is no
    "test". Raises UsageError where what is kept lacks a class, and as `at_random` does.
    """
    if split is None:
        return at_random(label, share, seed)
    held = split == ("test" if "test" in split else "valid")
    missing = np.setdiff1d(label[held], label[~held])
    if len(missing):
        raise UsageError(f"the class '{missing[0]}' is in the test alone; add it to train/")
    return np.flatnonzero(~held), np.flatnonzero(held)


def by_group(label: Labels, group: Labels, folds: int) -> Iterator[tuple[Indices, Indices]]:
    """Yields what is kept and what is held back, group by group; each group is held back once.

    label, group: (N,). Groups are gathered into at most `folds` folds of about one size. A class
    that only the held-back groups have could not have been learnt: its pictures are on neither
    side (`only_one` names it).
    """
    groups = np.unique(group)
    splitter = GroupKFold(min(folds, len(groups)))
    for kept, held in splitter.split(label, label, group):
        learnt = np.isin(label[held], label[kept])
        yield kept, held[learnt]


def only_one(label: Labels, group: Labels) -> dict[str, str]:
    """Returns the classes that one group alone has, and which."""
    return {
        str(name): str(group[label == name][0])
        for name in np.unique(label)
        if len(np.unique(group[label == name])) == 1
    }
