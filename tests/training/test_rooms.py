"""The rooms of train lie in layers: each imports those below it, and none imports a command."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
# From the lowest to the highest; convert and the files beside the rooms are below all of them.
ROOMS = ("report", "data", "letters", "evaluate", "motion", "sequences", "pictures", "recipes")


def imported(path: Path) -> set[str]:
    """Every name that a module imports, as train.room.module or train.room.module.name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_rooms_import_only_what_is_below_them() -> None:
    """So that no two of them can import each other."""
    assert {path.parent.name for path in ROOT.glob("train/*/__init__.py")} == {*ROOMS}
    wrong = []
    for height, room in enumerate(ROOMS):
        above = tuple(f"train.{other}." for other in ROOMS[height + 1 :])
        for path in (ROOT / "train" / room).glob("*.py"):
            wrong += [(path.name, name) for name in imported(path) if name.startswith(above)]
    assert not wrong


def test_nothing_imports_a_command() -> None:
    """What two commands share lies in a module of its own, not in one's __main__."""
    for folder in ("train", "convert"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not [name for name in imported(path) if "__main__" in name], path
