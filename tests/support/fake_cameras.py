"""The fake cameras in the processes that guarded cameras live in, as well as in the test's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import fake_picamera2, fake_v4l2

_HERE = Path(__file__).parent


def install(
    patch: pytest.MonkeyPatch, folder: Path, picamera2: dict[str, Any] | None = None
) -> fake_v4l2.Machine:
    """A machine without cameras; picamera2, if not None, is what is changed of the fake one."""
    patch.setenv("PYTHONPATH", f"{_HERE / 'fake_child'}:{_HERE.parents[1]}")
    patch.setenv("FAKE_CAMERAS", json.dumps({"folder": str(folder), "picamera2": picamera2}))
    if picamera2 is not None:
        fake_picamera2.install(patch, **picamera2)
    return fake_v4l2.Machine(patch, folder)
