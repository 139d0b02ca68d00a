"""Finds the class folders of a data set, and says which of its folders are not used.

A data set may come split, into train/, valid/ and test/ with the same class folders in each.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from edge.decoding.picture import inside
from edge.errors import UsageError

DEPTH = 3  # levels of folders below the data folder that are searched: archives nest them
SPLITS = {"train": "train", "training": "train", "valid": "valid", "validation": "valid",
          "val": "valid", "test": "test", "testing": "test"}  # fmt: skip
_NAMED = 6  # unused folders that a message names, at most


class ClassFolder(NamedTuple):
    """The pictures of one class; `split` is "train", "valid" or "test", or "" without a split."""

    label: str
    split: str
    path: Path


def find(data: Path, classes: Sequence[str]) -> list[ClassFolder]:
    """Returns the folders of those of `classes` that have one, in the order of `classes`.

    What is used of a split data set, and folders with pictures whose names are no class, are
    written to stderr. Raises UsageError where there are not two classes.
    """
    if not data.is_dir():
        raise UsageError(f"there is no folder {data}; --data names the folder of class folders")
    wanted = {name.casefold(): name for name in classes}
    level, best = [data], list[tuple[Path, dict[str, Path]]]()
    for _ in range(DEPTH + 1):
        here = [(folder, _known(folder, wanted)) for folder in level]
        most = max(here, key=lambda item: len(item[1]), default=(data, {}))
        if len(most[1]) > max((len(known) for _, known in best), default=0):
            best = _parts(most, here)
        if best and len(best[0][1]) > 1:
            break
        level = [p for folder in level for p in sorted(folder.iterdir()) if p.is_dir()]
    known = {name for _, folders in best for name in folders}
    if len(known) < 2:
        found = f"only {next(iter(known))!r}" if known else "none of them"
        raise UsageError(
            f"{data} has {found} of the class folders {classes[0]} to {classes[-1]}; "
            "a model needs two or more to tell apart"
        )
    _say(best, wanted)
    split = len(best) > 1
    return [
        ClassFolder(name, SPLITS[folder.name.casefold()] if split else "", folders[name])
        for name in classes
        for folder, folders in best
        if name in folders
    ]


def _known(folder: Path, wanted: Mapping[str, str]) -> dict[str, Path]:
    names = [(wanted.get(p.name.casefold()), p) for p in sorted(folder.iterdir()) if p.is_dir()]
    return {name: path for name, path in names if name}


def _parts(
    most: tuple[Path, dict[str, Path]], level: list[tuple[Path, dict[str, Path]]]
) -> list[tuple[Path, dict[str, Path]]]:
    """Returns all parts of a split data set, one of which has the most classes; or that folder."""
    if most[0].name.casefold() not in SPLITS:
        return [most]
    beside = [item for item in level if item[1] and item[0].parent == most[0].parent]
    parts = [item for item in beside if item[0].name.casefold() in SPLITS]
    return parts if len({SPLITS[folder.name.casefold()] for folder, _ in parts}) > 1 else [most]


def _say(best: list[tuple[Path, dict[str, Path]]], wanted: Mapping[str, str]) -> None:
    for folder, known in best:
        unknown = []
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path not in known.values() and inside(path)[0]:
                close = difflib.get_close_matches(path.name.strip().casefold(), wanted, 1, 0.5)
                meant = f" (did you mean {wanted[close[0]]}?)" if close else ""
                unknown.append(f"{path.name!r}{meant}")
        if unknown:
            more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
            print(
                f"{folder}: not used, since their names are none of the classes: "
                f"{', '.join(unknown[:_NAMED])}{more}",
                file=sys.stderr,
            )
    if len(best) > 1:
        parts = {SPLITS[folder.name.casefold()]: folder.name for folder, _ in best}
        held = parts.get("test") or parts["valid"]
        learnt = " and ".join(name for name in parts.values() if name != held)
        print(f"its own split is used: learnt from {learnt}, judged by {held}", file=sys.stderr)
