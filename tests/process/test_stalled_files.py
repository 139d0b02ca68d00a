"""Files that hang when they are read: pictures on a stalled share, and pipes that never end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.command_line import (
    ROOT,
    TIMEOUT_S,
    command,
    environment,
    events,
    fingerspell,
    running,
)
from tests.support.stalled import stalled

SOON_S = 20  # a stalled file is opened by the kernel after 45
ENDINGS = [(signal.SIGTERM, 0, ""), (signal.SIGINT, 130, "fingerspell: stopped\n")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures without a hand."""
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.full((120, 160, 3), 90, np.uint8))
    return tmp_path


def until(done: Callable[[], bool]) -> None:
    """Waits until something is done."""
    end_s = time.monotonic() + TIMEOUT_S
    while not done():
        assert time.monotonic() < end_s, "it is never done"
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["a.png", "b.png"])
@pytest.mark.parametrize(("number", "status", "told"), ENDINGS)
def test_a_signal_ends_a_run_whose_picture_stalls(
    name: str, number: signal.Signals, status: int, told: str, folder: Path
) -> None:
    """The first picture or a later one: it stalls in a process that is killed."""
    out = folder / "out.jsonl"
    words = ("run", "--source", f"images:{folder}?repeat=3", "--detector", "truth")
    with (
        stalled(folder / name) as until_opened,
        running(*words, "--sink", f"jsonl:{out}") as process,
    ):
        until_opened(TIMEOUT_S)
        until(out.exists)
        process.send_signal(number)
        _, err = process.communicate(timeout=SOON_S)
    assert (process.returncode, err) == (status, told)
    # A signal that comes between the opening of the sink and the run leaves the file empty.
    told_to_file = events(out.read_text())
    assert not told_to_file or told_to_file[-1]["event"] == "end"


def test_max_seconds_ends_a_run_whose_file_does_not_open(tmp_path: Path) -> None:
    """A pipe into which nobody writes, as standard input may be; the status is 0 as ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    silent = os.open(pipe, os.O_RDWR)
    try:
        start_s = time.monotonic()
        done = fingerspell(
            *("run", "--source", f"video:{pipe}", "--detector", "truth", "--max-seconds", "0.3")
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert time.monotonic() - start_s < SOON_S
    finally:
        os.close(silent)


@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize(("number", "status", "told"), ENDINGS)
def test_a_signal_ends_reading_a_picture_that_stalls(
    number: signal.Signals, status: int, told: str, folder: Path
) -> None:
    """`read` waits for the file itself, and a signal ends this wait."""
    with stalled(folder / "a.png") as until_opened, running("read", folder) as process:
        until_opened(TIMEOUT_S)
        process.send_signal(number)
        _, err = process.communicate(timeout=SOON_S)
    assert (process.returncode, err) == (status, told)


@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize(("number", "status", "told"), ENDINGS)
def test_a_signal_ends_reading_standard_input_that_never_ends(
    number: signal.Signals, status: int, told: str
) -> None:
    """A pipe into which somebody has written only the begin of a picture."""
    process = subprocess.Popen(
        command(["read", "-"]),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdin
        # More than a pipe holds: once it is written, the command has begun to read.
        process.stdin.write(b"\xff\xd8" + bytes(2**20))
        process.stdin.flush()
        process.send_signal(number)
        assert process.wait(SOON_S) == status
        assert process.stderr
        assert process.stderr.read().decode() == told
    finally:
        process.kill()
        process.communicate()


def test_a_named_pipe_among_pictures_is_passed_over(folder: Path) -> None:
    """Nobody writes into it, and it is not opened."""
    os.mkfifo(folder / "a.jpg")
    words = ("run", "--source", f"images:{folder}", "--detector", "truth", "--sink", "jsonl:-")
    with running(*words) as process:
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert "a.jpg is no file; skipped" in err
    assert events(out)[-1]["frames"] == 2


def test_pictures_of_any_size_are_read_in_silence(folder: Path) -> None:
    """They are no video: neither another size nor the same picture thirty times is a fault."""
    cv2.imwrite(str(folder / "c.png"), np.full((60, 80, 3), 90, np.uint8))
    words = ("run", "--source", f"images:{folder}?repeat=30", "--detector", "truth")
    with running(*words, "--sink", "jsonl:-") as process:
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (0, "")
    assert events(out)[-1]["frames"] == 90
