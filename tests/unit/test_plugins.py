"""What plug-ins declare, read without importing them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import plugins


@pytest.fixture
def room(tmp_path: Path) -> list[str]:
    """A room of two modules that fail when they are imported, a package, and a private module."""
    (tmp_path / "plain.py").write_text("raise ImportError\n")
    (tmp_path / "hidden.py").write_text(
        '"""Text.\n\n    HIDDEN = False\n"""\nHIDDEN = True\n1 / 0\n'
    )
    (tmp_path / "window").mkdir()
    (tmp_path / "window" / "__init__.py").write_text('EXTRA = "screen"  # a pip extra\n')
    (tmp_path / "_private.py").write_text("HIDDEN = True\n")
    return [str(tmp_path)]


def test_plug_ins_are_the_files_of_a_room(room: list[str]) -> None:
    """A leading underscore keeps a file out; HIDDEN keeps a plug-in from users only."""
    assert plugins.names(room) == ("hidden", "plain", "window")
    assert plugins.shown_names(room) == ("plain", "window")


def test_a_declaration_is_read_without_an_import(room: list[str]) -> None:
    """Of a module and of a package; None where nothing is declared."""
    assert plugins.declared(room, "hidden", "HIDDEN") is True
    assert plugins.declared(room, "window", "EXTRA") == "screen"
    assert plugins.declared(room, "plain", "EXTRA") is None
    assert plugins.declared(room, "missing", "EXTRA") is None


def test_a_declaration_is_a_literal(tmp_path: Path) -> None:
    """What would have to be computed is an error of the plug-in."""
    (tmp_path / "computed.py").write_text("EXTRA = name()\n")
    with pytest.raises(ValueError, match="malformed"):
        plugins.declared([str(tmp_path)], "computed", "EXTRA")
