"""The health of a run: what is measured, and what is reported."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from edge.running import machine
from edge.running.health import PATIENCE_S, Health
from edge.types import Frame, Result
from tests.support.sample_results import result

RGB = np.zeros((2, 2, 3), np.uint8)

# Every diagnosis of the computer, once no file can be opened any more.
WITHOUT_FILES = """
import os, resource
from pathlib import Path
from edge.running import machine
from edge.running.notifier import Notifier
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
try:
    while True:
        os.open(os.devnull, os.O_RDONLY)
except OSError:
    pass
assert machine.temperature_c() is machine.headroom_c() is machine.memory_mb() is None
assert machine.board() is machine.throttled_bits() is machine.throttled_file_bits() is None
assert machine.throttled_now() == ()
assert machine.resident_mb() == 0.0
assert machine.processor()
machine.disk_mb(Path("/"))
assert not Notifier({"NOTIFY_SOCKET": "/nowhere"}).send(READY=1)
"""


def test_diagnostics_never_end_a_run() -> None:
    """What is read for information is unknown where it cannot be read."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FILES], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@dataclass
class Reports:
    """A notifier that keeps what is reported."""

    watchdog_s: float | None = 10.0
    heard: bool = True
    all: list[dict[str, str | int]] = field(default_factory=list)

    def send(self, **states: str | int) -> bool:
        self.all.append(states)
        return self.heard

    def count(self, name: str) -> int:
        return sum(name in states for states in self.all)


class Camera:
    """A live source of 30 frames a second, as far as its health goes."""

    live = True
    fps: float | None = 30.0
    reopened = 3
    trouble = ""

    def frames(self) -> list[Frame]:
        return []

    def close(self) -> None: ...


class Bench:
    """A run with a clock that the test turns."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.index = -1
        self.reports = Reports()
        self.camera = Camera()
        self.health = Health(
            self.camera,  # type: ignore[arg-type]
            patience_s=60.0,
            notifier=self.reports,  # type: ignore[arg-type]
            clock=lambda: self.now_s,
        )

    def frame(self, busy_ms: float = 10.0, wait_ms: float = 20.0, **changes: object) -> object:
        self.now_s += (busy_ms + wait_ms) / 1000
        self.index += 1
        frame = Frame(RGB, self.index, round(self.now_s * 1e9))
        one: Result = replace(result(), frame=frame, timings_ms={"wait": wait_ms}, **changes)  # type: ignore[arg-type]
        return self.health.after(one)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(machine, "headroom_c", lambda: 30.0)
    monkeypatch.setattr(machine, "temperature_c", lambda: 50.0)
    return Bench()


def test_ready_is_reported_once_after_the_first_frame(bench: Bench) -> None:
    """Not when the camera is open: when a frame went through the models."""
    bench.health.waiting()
    assert not bench.reports.count("READY")
    bench.frame()
    bench.frame()
    assert bench.reports.count("READY") == 1


def test_ready_is_reported_again_until_it_arrives(bench: Bench) -> None:
    """A systemd that is busy as it boots may lose a word, and would wait for it for ever."""
    bench.reports.heard = False
    bench.frame()
    bench.frame()
    bench.reports.heard = True
    bench.frame()
    bench.frame()
    assert bench.reports.count("READY") == 3


def test_a_camera_that_is_waited_for_at_the_start_is_reported(bench: Bench) -> None:
    """`systemctl status` shows why it is not ready."""
    bench.camera.trouble = "there is no camera usb:0"
    bench.health.waiting()
    assert bench.reports.all[-1] == {"STATUS": "there is no camera usb:0"}


def test_the_watchdog_is_reset_in_time_and_not_each_frame(bench: Bench) -> None:
    """Several times within its patience, however many frames there are."""
    for _ in range(2000):  # a minute
        bench.frame()
    assert 20 <= bench.reports.count("WATCHDOG") <= 40


def test_without_a_watchdog_nothing_is_sent(bench: Bench) -> None:
    """And the vitals say that nobody wants to know."""
    bench.reports.watchdog_s = None
    for _ in range(100):
        bench.frame()
    assert not bench.reports.count("WATCHDOG")
    assert bench.health.waiting().watchdog_age_s is None


def test_a_wait_for_frames_is_life_as_long_as_the_source_may_take(bench: Bench) -> None:
    """A camera that is opened again is no reason to be killed; one that never comes is."""
    bench.frame()
    for _ in range(400):
        bench.now_s += 0.5
        bench.health.waiting()
    sent = bench.reports.count("WATCHDOG")
    assert (60 + PATIENCE_S) / 2 - 2 <= sent <= (60 + PATIENCE_S) / 2 + 2
    assert bench.health.waiting().watchdog_age_s > 60  # type: ignore[operator]


def test_vitals_come_once_a_second(bench: Bench) -> None:
    """With rate and time a frame, waiting not counted."""
    vitals = [bench.frame() for _ in range(300)]  # 9 s
    made = [one for one in vitals if one is not None]
    assert 7 <= len(made) <= 9
    last = made[-1]
    assert last.fps == pytest.approx(33.3, abs=1)  # type: ignore[attr-defined]
    assert last.busy_ms == pytest.approx(10, abs=0.1)  # type: ignore[attr-defined]
    assert last.reopened == 3  # type: ignore[attr-defined]
    assert last.memory_mb > 10  # type: ignore[attr-defined]
    assert last.temperature_c == 50  # type: ignore[attr-defined]


def test_the_status_says_the_rate_or_what_is_wrong(bench: Bench) -> None:
    """What `systemctl status` shows, in a line."""
    for _ in range(100):
        bench.frame()
    sent = [str(states["STATUS"]) for states in bench.reports.all if "STATUS" in states]
    assert re.fullmatch(r"3\d\.\d frames a second, 10 ms each", sent[-1])
    bench.camera.trouble = "usb:0 was lost"
    bench.now_s += 0.5
    assert bench.health.waiting().trouble == "usb:0 was lost"
    assert bench.reports.all[-1] == {"STATUS": "usb:0 was lost"}


def test_one_line_a_minute(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """With the figures of that minute, and as fields for who reads JSON."""
    caplog.set_level(logging.INFO)
    for i in range(6100):  # three minutes and a bit
        bench.frame(dropped=i // 100)
    lines = [r for r in caplog.records if "last minute" in r.message]
    assert len(lines) == 3
    assert re.search(r" 200\d frames of 10 ms, 20 dropped, 0 letters", lines[1].message)
    assert lines[1].message.endswith("no faults")
    assert lines[1].fields["reopened"] == 3  # type: ignore[attr-defined]


def test_a_hot_board_reaches_the_load(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate goes down before the firmware does it."""
    monkeypatch.setattr(machine, "headroom_c", lambda: 3.0)
    for _ in range(300):
        bench.frame()
    assert bench.health.load.fps == 15.0
    assert "3 °C below" in bench.health.waiting().shed


def test_frames_that_overrun_reach_the_load(bench: Bench) -> None:
    """What counts is the loop's own time, not that of waiting for the camera."""
    for _ in range(100):
        bench.frame(busy_ms=20, wait_ms=100)
    assert bench.health.load.patience == 1
    for _ in range(100):
        bench.frame(busy_ms=50, wait_ms=0)
    assert bench.health.load.patience > 1


def test_the_time_of_a_wait_is_no_frames_time(bench: Bench) -> None:
    """The first frame after a camera came back did not take a minute."""
    bench.frame()
    for _ in range(100):
        bench.now_s += 0.5
        bench.health.waiting()
    bench.now_s += 0.01
    bench.health.after(replace(result(), timings_ms={"wait": 50_000.0}))
    assert bench.health.waiting().busy_ms < 20


def test_how_far_the_machine_is_from_its_own_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """80 degrees on a Raspberry Pi; elsewhere each sensor's own passive trip point, if it is one.

    A laptop's skin may be near to its limit of 55, or its processor to that of 100: what counts is
    the nearest, and no sensor is held to another's.
    """
    monkeypatch.setattr(machine, "PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "THERMAL", tmp_path)
    assert machine.headroom_c() is None
    sensors = {"skin": (40, [("passive", 55)]), "processor": (68, [("critical", 105)])}
    sensors["processor"][1].extend([("passive", 0), ("passive", 100)])
    for number, (celsius, trips) in enumerate(sensors.values()):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(f"{celsius * 1000}\n")
        for trip, (kind, limit) in enumerate(trips):
            (zone / f"trip_point_{trip}_type").write_text(f"{kind}\n")
            (zone / f"trip_point_{trip}_temp").write_text(f"{limit * 1000}\n")
    assert machine.headroom_c() == 15.0
    (tmp_path / "thermal_zone1" / "temp").write_text("97000\n")
    assert machine.headroom_c() == 3.0
    (tmp_path / "proc" / "device-tree").mkdir(parents=True)
    (tmp_path / "proc" / "device-tree" / "model").write_text("Raspberry Pi 5 Model B\0")
    assert machine.headroom_c() == -17.0


def test_what_the_firmware_holds_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from the kernel's file; only what holds now."""
    monkeypatch.setattr(machine, "FIRMWARE", tmp_path)
    assert machine.throttled_now() == ()
    folder = tmp_path / "soc" / "soc:firmware"
    folder.mkdir(parents=True)
    (folder / "get_throttled").write_text("50005\n")
    assert machine.throttled_now() == ("under-voltage", "throttled")
    (folder / "get_throttled").write_text("50000\n")
    assert machine.throttled_now() == ()


def test_the_memory_of_children_counts() -> None:
    """The capture is a process of its own."""
    alone = machine.resident_mb()
    hoard = "x = bytearray(60_000_000); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hoard], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.readline()
        assert machine.resident_mb() > alone + 55
        child.communicate(b"\n")
