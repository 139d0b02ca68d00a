"""What a user sees when a camera or stream fails, and that the letters go on afterwards.

Real servers that stall, drop, freeze and come back, and the real models; the README's table of
faults cites these tests. Its times are those of the usual settings: FAULTS=usual pytest -s.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Thread, Timer

import cv2
import numpy as np
import pytest

from edge.assembly import open_stages
from edge.capture import CameraConfig, open_guarded
from edge.capture.guarded import GuardedSource
from edge.config import Config
from edge.running.mailbox import Mailbox
from edge.signer.signer import Signer
from edge.types import Rgb
from tests.support import fake_v4l2, mjpeg_server, rtsp_server
from tests.support.fake_cameras import install
from tests.support.patience import patience_s

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("hand_models")]

USUAL = os.environ.get("FAULTS") == "usual"
CONFIG = CameraConfig() if USUAL else CameraConfig(stall_s=1.0, frozen_s=3.0)
WORD = "LAB"
WELL = 45  # frames before it fails


@pytest.fixture(scope="module")
def word() -> list[Rgb]:
    """The signer's pictures of a word, BGR."""
    signer = Signer(WORD, seed=1, speed=1.3)
    times = range(int(signer.end_s * 30))
    noise = np.random.default_rng(0).integers(0, 255, (len(times), 16, 16, 3))
    pictures = []
    for number in times:
        rgb = signer.draw(number / 30)[0]
        rgb[:16, :16] = noise[number]  # no two pictures of a sensor are the same
        pictures.append(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8))
    return pictures


@pytest.fixture(scope="module")
def jpegs(word: list[Rgb]) -> list[bytes]:
    return [mjpeg_server.jpeg(picture) for picture in word]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def check_letters_go_on(uri: str, failed_s: Callable[[], float], *, reopened: bool = True) -> None:
    """The word is read again after the camera failed."""
    letters, troubles, well_s, letter_s = "", [""], 0.0, 0.0
    source = open_guarded(uri, CONFIG)
    assert isinstance(source, GuardedSource)
    end_s = time.monotonic() + patience_s(60)
    with closing(source):
        stages = open_stages(Config(), source)
        with Mailbox(source) as frames:
            for result in stages.results(frames):
                now_s = time.monotonic()
                assert now_s < end_s, f"{letters!r} after {troubles}"
                if source.trouble != troubles[-1]:
                    troubles.append(source.trouble)
                if not failed_s() or (reopened and not source.reopened) or source.trouble:
                    continue
                well_s = well_s or now_s - failed_s()
                seen = "".join(e.label for e in result.events if e.kind == "letter")
                letter_s = letter_s or (now_s - failed_s() if seen else 0.0)
                letters += seen
                if WORD in letters:
                    break
        assert (source.reopened > 0) == reopened
    assert WORD in letters
    print(f"\nframes after {well_s:.1f} s, a letter after {letter_s:.1f} s; {troubles}")


def ill_in(seconds: float, fault: Callable[[], None]) -> Callable[[], float]:
    """Lets a fault come soon; returns what says when it came, 0 before."""
    came = [0.0]

    def come() -> None:
        came[0] = time.monotonic()
        fault()

    timer = Timer(seconds, come)
    timer.daemon = True
    timer.start()
    return lambda: came[0]


def since(file: Path) -> float:
    """When a file was written last, on the monotonic clock; 0 while there is none."""
    return file.stat().st_mtime - time.time() + time.monotonic() if file.exists() else 0.0


HTTP = {"stall": True, "drop": True, "freeze": True, "black": True, "half": False, "resize": False}


@pytest.mark.parametrize("then", HTTP)
def test_letters_go_on_after_a_stream_by_http(
    then: str, jpegs: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """A Motion JPEG camera that stalls, drops, freezes, goes dark, sends half pictures for a second
    (FFmpeg leaves the rest as it was before), or smaller ones (it enlarges them)."""
    camera = mjpeg_server.Camera(WELL, then, 1 / 30, pictures=jpegs, faults=1)
    camera.lasts = 30 if then == "half" else camera.lasts
    with mjpeg_server.serve(camera):
        uri = f"video:{camera.url}/cam"
        check_letters_go_on(uri, lambda: camera.failed_s, reopened=HTTP[then])
    told = {
        "stall": f"has sent nothing for {CONFIG.stall_s:g} s",
        "drop": "ended the stream",
        "freeze": f"has given the same picture for {CONFIG.frozen_s:g} s",
        "black": "gives black pictures",
        "half": "",
        "resize": "",
    }
    assert told[then] in caplog.text


def test_letters_go_on_when_a_host_was_away(
    jpegs: list[bytes], stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    """A camera whose power is cut for three seconds: nobody listens, then it is there again."""
    port = mjpeg_server.free_port()
    first = mjpeg_server.Camera(interval_s=1 / 30, pictures=jpegs)
    second = mjpeg_server.Camera(interval_s=1 / 30, pictures=jpegs)
    server = stack.enter_context(ExitStack())
    server.enter_context(mjpeg_server.serve(first, port))

    def back() -> None:
        server.close()
        time.sleep(3)
        stack.enter_context(mjpeg_server.serve(second, port))

    check_letters_go_on(f"video:http://127.0.0.1:{port}/cam", ill_in(1.5, back))
    assert "check the address" in caplog.text


@pytest.fixture
def rtsp(jpegs: list[bytes], tmp_path: Path) -> Iterator[rtsp_server.Server]:
    if rtsp_server.missing():
        pytest.skip(f"no RTSP server here: {rtsp_server.missing()}")
    server = rtsp_server.start(mjpeg_server.free_port(), jpegs, tmp_path / "pictures")
    yield server
    server.kill()


def test_letters_go_on_after_an_rtsp_camera_stalled(
    rtsp: rtsp_server.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """An H.264 camera that stops in the midst of its stream, and goes on after four seconds."""

    def stall() -> None:
        os.kill(rtsp.process.pid, signal.SIGSTOP)
        Timer(4, os.kill, (rtsp.process.pid, signal.SIGCONT)).start()

    check_letters_go_on(f"video:{rtsp.url}", ill_in(4.0, stall))
    assert f"has sent nothing for {CONFIG.stall_s:g} s" in caplog.text


@pytest.mark.parametrize("size", ["", "480x360"])
def test_letters_go_on_after_an_rtsp_camera_restarted(
    size: str, rtsp: rtsp_server.Server, jpegs: list[bytes], tmp_path: Path, stack: ExitStack
) -> None:
    """An H.264 camera that is switched off and on, with the same settings or another size."""

    def restart() -> None:
        rtsp.kill()
        port = int(rtsp.url.rpartition(":")[2].partition("/")[0])
        stack.callback(rtsp_server.start(port, jpegs, tmp_path / "again", size).kill)

    check_letters_go_on(f"video:{rtsp.url}", ill_in(4.0, restart))


@pytest.fixture
def pictures(word: list[Rgb], tmp_path: Path) -> str:
    path = tmp_path / "word.npy"
    np.save(path, np.stack(word))
    return str(path)


def test_letters_go_on_after_a_camera_was_plugged_in_elsewhere(
    pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulled out, and after two seconds plugged in as another number; one with another name has
    taken its own."""
    machine = install(monkeypatch, tmp_path)
    webcam = fake_v4l2.Device(pictures=pictures, interval_s=1 / 30)
    machine.plug(0, webcam)

    def pull() -> None:
        machine.unplug(0)
        machine.plug(0, fake_v4l2.Device("Other", noise=True))
        Timer(2.0, machine.plug, (2, webcam)).start()

    check_letters_go_on("usb:0", ill_in(4.0, pull))


def test_letters_go_on_after_a_usb_driver_hung(
    pictures: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A read that never returns."""
    machine = install(monkeypatch, tmp_path)
    device = fake_v4l2.Device(pictures=pictures, interval_s=1 / 30, frames=WELL, hangs=True)
    machine.plug(0, device)
    hangs = machine.dev / "hangs"

    def mend() -> None:  # the device, and not the process that hangs in its driver
        while not hangs.exists():
            time.sleep(0.05)
        time.sleep(0.5)
        machine.unplug(0)
        machine.plug(0, fake_v4l2.Device(pictures=pictures, interval_s=1 / 30))

    Thread(target=mend, daemon=True).start()
    check_letters_go_on("usb:0", lambda: since(hangs))
    assert f"usb:0 has sent nothing for {CONFIG.stall_s:g} s; check its cable" in caplog.text


@pytest.mark.parametrize("fault", ["hang", "seize", "crash", "gone", "frozen", "black"])
def test_letters_go_on_after_a_camera_failed(fault: str, tmp_path: Path) -> None:
    """A hung read, one that holds Python's lock, a crash, a loss, the same picture, black ones."""
    state = tmp_path / "state"
    uri = f"faulty:{WORD}?fault={fault}&after=1.5&live=yes&seed=1&state={state}"
    check_letters_go_on(uri, lambda: since(state))


def command(source: str, folder: Path, camera: str, *more: str) -> subprocess.Popen[str]:
    """`fingerspell run`, as a user starts it."""
    settings = folder / "settings.toml"
    settings.write_text(f"[camera]\n{camera}\n")
    words = [sys.executable, "-m", "edge", "run", "--source", source, "--config", str(settings)]
    return subprocess.Popen(
        [*words, "--sink", "jsonl:-", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_reads_on_after_a_camera_hung(tmp_path: Path) -> None:
    """What is wrong, and that it is over, are two lines on stderr; the letters come on stdout."""
    state = tmp_path / "state"
    source = f"faulty:{WORD}?fault=hang&after=1&live=yes&seed=1&state={state}"
    run = command(source, tmp_path, "stall_s = 1", "--max-seconds", "12")
    out, err = run.communicate(timeout=patience_s(60))
    assert run.returncode == 0
    letters = [json.loads(line)["label"] for line in out.splitlines() if '"letter"' in line]
    assert WORD in "".join(letters)
    assert f"faulty:{WORD} has sent nothing for 1 s; check its cable" in err
    assert re.search(rf"faulty:{WORD} works again after \d", err)


def test_the_command_gives_up_when_its_patience_ends(tmp_path: Path) -> None:
    """Exit code 3, and one line that says what was wrong and for how long."""
    run = command(f"faulty:{WORD}?fault=gone&after=0", tmp_path, "patience_s = 2")
    _, err = run.communicate(timeout=patience_s(60))
    assert run.returncode == 3
    assert re.search(
        r"was lost; .* \(no frame for \d s, reopened \d times\)$", err.splitlines()[-1]
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_at_once_while_its_camera_is_away(
    number: signal.Signals, tmp_path: Path
) -> None:
    """Ctrl-C and SIGTERM are heard while a camera hangs or is opened again; the text is told."""
    run = command(f"faulty:{WORD}?fault=seize&after=0.1&live=yes", tmp_path, "stall_s = 0.5")
    assert run.stderr
    while "has sent nothing" not in run.stderr.readline():
        assert run.poll() is None
    run.send_signal(number)
    out, _ = run.communicate(timeout=patience_s(4))
    assert run.returncode in (0, 130)
    assert json.loads(out.splitlines()[-1])["event"] == "end"


def children(pid: int) -> set[int]:
    """The processes that this one has started and that are there yet."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.add(int(stat.parent.name))
    return found


def check_ends_at_once(run: subprocess.Popen[str]) -> None:
    """SIGTERM: within three seconds of a usual machine, with status 0, and no process is left."""
    cameras = children(run.pid)
    run.send_signal(signal.SIGTERM)
    try:
        _, err = run.communicate(timeout=patience_s(3))
    finally:
        run.kill()
    assert (run.returncode, "Traceback" in err) == (0, False)
    assert not [pid for pid in cameras if Path(f"/proc/{pid}/cmdline").exists()]


def test_the_command_ends_at_once_while_a_stream_is_opened(tmp_path: Path) -> None:
    """A camera that accepts the connection, and says nothing for half a minute."""
    camera = mjpeg_server.Camera(silent=True)
    with mjpeg_server.serve(camera):
        run = command(f"video:{camera.url}/cam#timeout=30", tmp_path, "")
        while not camera.paths:
            assert run.poll() is None
            time.sleep(0.05)
        check_ends_at_once(run)


def test_the_command_ends_at_once_while_its_first_camera_is_waited_for(tmp_path: Path) -> None:
    """A service whose camera is not plugged in yet."""
    run = command("usb:99", tmp_path, "wait = true")
    assert run.stderr
    while "there is no camera usb:99" not in run.stderr.readline():
        assert run.poll() is None
    check_ends_at_once(run)
