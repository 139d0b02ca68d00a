"""A camera's own process: the frames that it shares, the signals it gets, and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any, cast

import numpy as np
import pytest

import edge
from edge.capture import CameraConfig, open_guarded
from edge.capture.channel import SLOTS
from edge.capture.guarded import GuardedSource
from edge.capture.process import Process
from edge.running.mailbox import Mailbox
from edge.sources import open_source
from tests.support.guarded import QUICK, SMALL, child_of, guarded, until
from tests.support.leftovers import children

pytestmark = pytest.mark.usefixtures("nothing_is_left")


# What is shared.


def test_pictures_are_those_of_the_source() -> None:
    """Through shared memory come the same pictures, stamps and truths as without."""
    uri = f"faulty:HI?{SMALL}"
    with closing(guarded(uri)) as there, closing(open_source(uri)) as here:
        for ours, theirs in zip(there.frames(), islice(here.frames(), 60), strict=False):
            assert np.array_equal(ours.rgb, theirs.rgb)
            assert (ours.index, ours.t_ns) == (theirs.index, theirs.t_ns)
            assert ours.truth
            assert theirs.truth
            assert ours.truth.label == theirs.truth.label
            mine, other = ours.truth.hand, theirs.truth.hand
            assert (mine is None) == (other is None)
            if mine and other:
                assert np.array_equal(mine.landmarks, other.landmarks)
                assert (mine.box_px, mine.handedness) == (other.box_px, other.handedness)


def test_pictures_are_not_copied_in_the_loop() -> None:
    """A consumer that lets go of its frames looks right into the shared memory."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        for frame in islice(source.frames(), 50):
            base = cast(Any, frame.rgb)
            while isinstance(base.base, np.ndarray):
                base = base.base
            assert isinstance(base.base, memoryview)


def test_frames_that_are_hoarded_do_not_change() -> None:
    """Whoever keeps all frames keeps them as they were, and starves nobody."""
    uri = f"faulty:HI?{SMALL}"
    with closing(guarded(uri)) as source, closing(open_source(uri)) as here:
        hoard = list(islice(source.frames(), 5 * SLOTS))
    for kept, true in zip(hoard, here.frames(), strict=False):
        assert np.array_equal(kept.rgb, true.rgb)


def test_frames_outlive_their_camera() -> None:
    """A frame that is still looked at when the camera is closed stays as it was."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        frame = next(source.frames())
        before = frame.rgb.copy()
    assert np.array_equal(frame.rgb, before)


def test_no_frame_of_a_recording_is_lost_by_a_slow_consumer() -> None:
    """What is not live waits until there is room."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        indices = []
        for frame in islice(source.frames(), 20):
            time.sleep(0.02)
            indices.append(frame.index)
    assert indices == list(range(20))


def test_a_live_camera_is_read_through_the_mailbox_as_ever() -> None:
    """The newest frame is taken; those that were not are counted as dropped."""
    source = guarded(f"faulty:HI?{SMALL}&live=yes&fps=120")
    with Mailbox(source) as frames:
        indices = []
        for frame in islice(frames, 10):
            indices.append(frame.index)
            time.sleep(0.05)
    assert source.live
    assert frames.dropped == indices[-1] + 1 - 10 > 20


def test_files_are_opened_in_the_loops_own_process() -> None:
    """What cannot hang needs no process of its own."""
    with closing(open_guarded("signer:HI", QUICK)) as source:
        assert not isinstance(source, GuardedSource)


# How it starts, and the signals it gets.

READ = """
import sys
from itertools import islice
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from edge.capture import open_guarded
source = open_guarded("faulty:HI?size=160x120")
environment = Path(f"/proc/{source._child.pid}/environ").read_text().split("\\0")
paths = [line for line in environment if line.startswith("PYTHONPATH=")]
Path(sys.argv[2]).write_text(f"{len(list(islice(source.frames(), 20)))} {paths[0]}")
source.close()
"""


@pytest.mark.parametrize("closed", ["", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_camera_opens_wherever_a_run_is_started(closed: str, tmp_path: Path) -> None:
    """In a folder with modules of other people's, without stdin, stdout and stderr, and with an
    edge that is not installed."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('this is not NumPy')")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "edge").symlink_to(Path(edge.__file__).parent)
    shell = f'exec "$@" {closed}'
    run = [sys.executable, "-P", "-c", READ, str(tmp_path / "home"), str(tmp_path / "out")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = ["sh", "-c", shell, "sh", *run]
    subprocess.run(words, cwd=tmp_path, env=environment, timeout=60, check=False)
    assert (tmp_path / "out").read_text() == f"20 PYTHONPATH={tmp_path / 'home'}"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV])
def test_a_process_that_is_killed_or_stopped_is_replaced(number: signal.Signals) -> None:
    """By the kernel for want of memory, by a debugger, by a driver: frames go on."""
    with closing(guarded(f"faulty:HI?{SMALL}&live=yes")) as source:
        frames = source.frames()
        first = list(islice(frames, 5))[-1]  # another picture than the next process begins with
        os.kill(child_of(source), number)
        frame = next(f for f in until(frames) if source.reopened and not source.trouble)
        assert source.reopened == 1
        assert frame.index > first.index
        assert frame.t_ns > first.t_ns


def test_ctrl_c_and_sigterm_are_not_for_the_camera() -> None:
    """A terminal's Ctrl-C and systemd's SIGTERM leave the last frames to the loop."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        os.kill(child_of(source), signal.SIGINT)
        os.kill(child_of(source), signal.SIGTERM)
        assert len(list(islice(source.frames(), 50))) == 50
        assert source.reopened == 0
        assert os.getsid(child_of(source)) != os.getsid(0)


# What is left over: see nothing_is_left, too.


def test_closing_a_camera_that_hangs_takes_no_time() -> None:
    """Neither a hung read nor a held lock of Python's keeps a run from ending."""
    for fault in ("hang", "seize"):
        source = guarded(f"faulty:HI?{SMALL}&fault={fault}&after=0.2", CameraConfig())
        counts: list[int] = []
        reader = Thread(target=lambda s=source, c=counts: c.append(sum(1 for _ in s.frames())))
        reader.start()
        time.sleep(0.6)
        source.close()
        reader.join(5)
        assert not reader.is_alive()
        assert counts == [6]


def test_a_camera_that_is_closed_as_a_frame_comes_leaves_nothing() -> None:
    """Closed while another thread receives a frame, which then asks for no more."""
    source = guarded(f"faulty:HI?{SMALL}&live=yes")
    frames = source.frames()
    next(frames)
    process = source._child
    assert isinstance(process, Process)
    with process._using:  # as a thread that receives
        source.close()
    assert not process.ended
    cast(Any, frames).close()
    assert process.ended


def test_a_process_that_cannot_be_killed_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel keeps a process whose driver does not let go of it; nobody waits for that."""
    monkeypatch.setattr("edge.capture.process._REAP_S", 0.05)
    with closing(guarded(f"faulty:HI?{SMALL}&live=yes")) as source:
        first = child_of(source)
        os.kill(first, signal.SIGSTOP)  # no signal ends it then but the one that we keep back
        monkeypatch.setattr(Process, "kill", lambda process: None)
        frames = source.frames()
        next(f for f in until(frames) if source.reopened and not source.trouble)
        assert {first, child_of(source)} <= children()
        monkeypatch.undo()
        os.kill(first, signal.SIGKILL)  # the driver has let go
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)  # it is dead, and nobody has asked yet
        os.kill(child_of(source), signal.SIGKILL)
        next(f for f in until(frames) if source.reopened == 2 and not source.trouble)
        assert children() == {child_of(source)}


@pytest.mark.parametrize("fault", ["hang", "seize", "slow"])
def test_a_camera_ends_with_its_run(fault: str) -> None:
    """A run that is killed leaves no process behind, whatever its camera was doing."""
    script = (
        "import sys\n"
        "from edge.capture import open_guarded\n"
        "source = open_guarded(sys.argv[1])\n"
        "print(source._child.pid, flush=True)\n"
        "list(source.frames())\n"
    )
    uri = f"faulty:HI?{SMALL}&fault={fault}&after=0.2"
    run = [sys.executable, "-c", script, uri]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        time.sleep(0.6)
        process.kill()
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or ") Z " in stat.read_text():  # whoever adopted it, reaps it
            return
        time.sleep(0.05)
    pytest.fail("it is still there")
