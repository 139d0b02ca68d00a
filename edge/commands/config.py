"""`fingerspell config`: the settings file, with every setting, its default and its meaning."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from edge.config import load
from edge.errors import UsageError
from edge.files import write as write_whole


def template() -> str:
    """Returns the settings file as it is first written: each setting is a comment."""
    return files("edge.commands").joinpath("settings.toml").read_text(encoding="utf-8")


def show() -> int:
    """Prints the settings file; returns 0."""
    print(template(), end="")
    return 0


def write(path: Path, *, overwrite: bool) -> int:
    """Writes the settings file; returns 0.

    Raises UsageError where it cannot be written, and where it exists and `overwrite` is False.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists already; name another file, or add --overwrite")
    write_whole(path, template().encode())
    print(f"wrote {path}; use it with: fingerspell run --config {path}")
    return 0


def check(path: Path) -> int:
    """Says that a settings file is right; returns 0. Raises UsageError, naming what is wrong."""
    load(path, {})
    print(f"{path}: every setting in it is known, and each value can be used")
    return 0
