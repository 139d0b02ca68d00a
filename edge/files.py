"""Writes files whole or not at all: into a temporary file beside the place, then moved there.

Also says which folder holds what is kept from run to run.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from edge.errors import UsageError


def data_folder() -> Path:
    """Returns the user's folder for what is kept from run to run, $XDG_DATA_HOME/fingerspell.

    Source: the XDG Base Directory Specification, also for the default, ~/.local/share.
    """
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "fingerspell"


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, readable by everyone; makes its folder if needed.

    Raises UsageError if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(part, 0o644)
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"cannot write {path}: {reason}; choose another place") from error
