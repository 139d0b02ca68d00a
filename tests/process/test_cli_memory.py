"""Commands that run out of memory: one line and status 1, after which systemd starts them again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import in_little_memory

# NumPy's and OpenCV's library of matrices ends the process itself, with status 1 and this line.
OF_MATRICES = "OpenBLAS error: Memory allocation still failed"
COMMANDS = {
    "models": ("models",),
    "doctor": ("doctor",),
    "doctor of a source": ("doctor", "--source", "signer:A", "--seconds", "0.2"),
    "run": ("run", "--source", "signer:A", "--detector", "mediapipe:lite"),
    "run of a camera": ("run", "--source", "faulty:A?fault=end&after=1", "--detector", "truth"),
    "record": ("record", "--motion", "hello", "--source", "signer:A", "--takes", "1"),
}
# MB: before and while NumPy, OpenCV and LiteRT load, as models are opened, and while they run.
SIZES_MB = (10, 120, 200, 290, 340)


@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize("more_mb", SIZES_MB)
@pytest.mark.parametrize("command", COMMANDS)
def test_out_of_memory_is_one_line_and_status_1(command: str, more_mb: int, tmp_path: Path) -> None:
    """It is told neither as a broken model, library or camera, nor with a status for these."""
    out = ("--out", tmp_path) if command == "record" else ()
    done = in_little_memory(more_mb, *COMMANDS[command], *out)
    if done.returncode == 0:
        pytest.skip(f"{more_mb} MB are enough here")
    assert done.returncode == 1, done.stderr
    *before, line = done.stderr.splitlines()
    assert not [text for text in before if "takes of hello" not in text]  # what record begins with
    said = ("not enough memory", "Cannot allocate memory", "MemoryError", OF_MATRICES)
    assert any(text in line for text in said)
    assert "fault" not in done.stdout
