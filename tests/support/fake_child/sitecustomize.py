"""Gives a process that a test starts the test's fake cameras.

Python imports a module of this name at its start. tests/support/fake_cameras.py puts this folder on
the path of the process that a guarded camera lives in.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

if "FAKE_CAMERAS" in os.environ:
    import pytest

    from tests.support import fake_picamera2, fake_v4l2

    told = json.loads(os.environ["FAKE_CAMERAS"])
    fake_v4l2.Machine(pytest.MonkeyPatch(), Path(told["folder"]))
    if told["picamera2"] is not None:
        fake_picamera2.install(pytest.MonkeyPatch(), **told["picamera2"])
