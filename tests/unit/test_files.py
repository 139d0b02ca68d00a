"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.errors import UsageError
from edge.files import write


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither half a file nor a scrap beside it is left."""
    path = tmp_path / "file"
    write(path, b"before")

    def full(_handle: int, _mode: str) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match=r"cannot write .*: no space left"):
        write(path, b"after")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"before"


def test_a_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    """What took an hour to make is not lost because a folder is missing."""
    write(tmp_path / "new" / "deep" / "file", b"here")
    assert (tmp_path / "new" / "deep" / "file").read_bytes() == b"here"


def test_a_place_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    """A file where a folder was meant is the user's mistake, and one line says so."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match=r"cannot write .*choose another place"):
        write(tmp_path / "file" / "out.json", b"")
