"""The conditions of a measurement, told from files like those of a Raspberry Pi and of a laptop."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.measure import conditions
from benchmarks.measure.conditions import Watch
from edge.running import machine


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kernel files: a cool board with its clock at the top, and no battery."""
    monkeypatch.setattr(conditions, "CPUS", tmp_path / "cpu")
    monkeypatch.setattr(conditions, "POWER", tmp_path / "power")
    monkeypatch.setattr(machine, "THERMAL", tmp_path / "thermal")
    monkeypatch.setattr(machine, "FIRMWARE", tmp_path / "firmware")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # no vcgencmd of a real board's
    for cpu in range(2):
        put(tmp_path, f"cpu/cpu{cpu}/cpufreq/scaling_governor", "performance")
        put(tmp_path, f"cpu/cpu{cpu}/cpufreq/scaling_cur_freq", "2400000")
        put(tmp_path, f"cpu/cpu{cpu}/cpufreq/cpuinfo_max_freq", "2400000")
    put(tmp_path, "thermal/thermal_zone0/temp", "51500")
    put(tmp_path, "thermal/thermal_zone0/trip_point_0_type", "passive")
    put(tmp_path, "thermal/thermal_zone0/trip_point_0_temp", "80000")
    put(tmp_path, "firmware/soc/soc:firmware/get_throttled", "0")
    put(tmp_path, "power/hidpp_battery_0/scope", "Device")
    put(tmp_path, "power/BAT0/scope", "System")
    return tmp_path


def put(board: Path, name: str, text: str) -> None:
    path = board / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def unlike(lines: list[str]) -> list[str]:
    """All warnings but that the machine was busy: whether it is, no test knows."""
    return [line for line in lines if "busy" not in line]


def test_a_cool_quiet_board_gives_no_warning(board: Path) -> None:
    """And its figures are in every sample."""
    with Watch(0.02) as watch:
        time.sleep(0.1)
    assert unlike(watch.warnings()) == []
    samples = watch.samples
    assert len(samples["t_s"]) >= 2
    assert set(samples["temperature_c"]) == {51.5}
    assert set(samples["clock_mhz"]) == {2400.0}
    assert samples["throttled"][0] == []
    assert conditions.facts()["governor"] == "performance"
    assert conditions.facts()["clock_mhz"] == 2400.0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cpu/cpu1/cpufreq/scaling_governor", "ondemand", "governor is ondemand, performance"),
        ("power/BAT0/status", "Discharging", "on battery"),
    ],
)
def test_what_can_be_mended_is_said_at_the_start(
    board: Path, name: str, text: str, said: str
) -> None:
    """Before ten minutes are spent; and again beside the figures."""
    put(board, name, text)
    (line,) = conditions.at_start()
    assert said in line
    with Watch() as watch:
        pass
    assert unlike(watch.warnings()) == [line]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("firmware/soc/soc:firmware/get_throttled", "4", "held the processor back: throttled"),
        # Over before it could be sampled; the firmware remembers.
        ("firmware/soc/soc:firmware/get_throttled", "10000", "under-voltage"),
        ("thermal/thermal_zone0/temp", "81000", "81 °C hot, and slows itself down"),
        ("cpu/cpu1/cpufreq/scaling_cur_freq", "2400000", ""),
        ("power/BAT0/status", "Discharging", "battery at the end"),
        ("power/BAT0/status", "Charging", ""),
        ("power/hidpp_battery_0/status", "Discharging", ""),  # a wireless mouse's
    ],
)
def test_what_happens_meanwhile_is_told(board: Path, name: str, text: str, said: str) -> None:
    """Each is one line, and what is no fault is none."""
    with Watch(0.02) as watch:
        time.sleep(0.03)
        put(board, name, text)
    assert len(unlike(watch.warnings())) == bool(said)
    assert bool(unlike(watch.disturbances())) == (bool(said) and "battery" not in said)
    assert said in "".join(unlike(watch.warnings()))


def test_what_was_before_is_no_fault_of_this_run(board: Path) -> None:
    """A board that was throttled last week was not throttled now."""
    put(board, "firmware/soc/soc:firmware/get_throttled", "50000")
    with Watch() as watch:
        pass
    assert unlike(watch.warnings()) == []


def test_a_clock_that_falls_is_told(board: Path) -> None:
    """A processor that is to keep its highest clock, and does not, was slowed down."""
    with Watch(0.02) as watch:
        time.sleep(0.05)
        for cpu in range(2):
            put(board, f"cpu/cpu{cpu}/cpufreq/scaling_cur_freq", "1500000")
    assert unlike(watch.warnings()) == ["the clock fell from 2400 to 1500 MHz"]


def test_others_are_told_from_oneself() -> None:
    """A program that takes a core is another's; what this process takes is its own."""
    busy = f"{shlex.quote(sys.executable)} -c 'while True: pass' >/dev/null 2>&1 & echo $!"
    # Started by a shell that is gone: nobody's child.
    shell = subprocess.run(["sh", "-c", busy], capture_output=True, check=True)
    try:
        with Watch(10) as watch:
            before = time.process_time()
            time.sleep(0.3)
            while time.process_time() - before < 0.4:
                pass
            own_s = time.process_time() - before
    finally:
        os.kill(int(shell.stdout), signal.SIGKILL)
    assert watch.samples["others_cpus"][-1] > 0.1
    assert any("the machine was busy" in line for line in watch.warnings())
    assert watch.cpu_s["loop"] >= 0.9 * own_s
    assert watch.memory_mb["loop"] > 10


@pytest.mark.parametrize(("parent", "others_s"), [("this", 0.0), ("another", 4.0)])
def test_what_it_starts_itself_is_not_anothers(
    parent: str, others_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While such a process runs: benchmarks.models and benchmarks.peers measure in some."""

    def worked(ticks: int) -> None:
        """Two processes, of one parent, and their ticks, as proc_stat(5) has them."""
        number = os.getpid() if parent == "this" else 1
        put(tmp_path, "stat", f"cpu  {1000 + 2 * ticks} 0 0 5000 0 0 0 0 0 0")
        for pid in (7, 8):
            fields = [number, *[0] * 9, ticks, 0, 0, 0]
            put(tmp_path, f"{pid}/stat", f"{pid} (a) name) S {' '.join(map(str, fields))}")

    monkeypatch.setattr(machine, "PROC", tmp_path)
    worked(0)
    with Watch(10) as watch:
        time.sleep(0.3)
        worked(2 * os.sysconf("SC_CLK_TCK"))
    told_s = watch.samples["others_cpus"][-1] * watch.samples["t_s"][-1]
    assert told_s == pytest.approx(others_s, rel=0.6, abs=0.1)
    assert any("busy" in line for line in watch.warnings()) == bool(others_s)


def test_a_machine_that_tells_nothing_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual machine has no sensors: None, and no warning made up."""
    for module, name in ((conditions, "CPUS"), (conditions, "POWER"), (machine, "THERMAL")):
        monkeypatch.setattr(module, name, tmp_path)
    monkeypatch.setattr(machine, "FIRMWARE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with Watch() as watch:
        pass
    assert watch.samples["temperature_c"] == [None]
    assert watch.samples["clock_mhz"] == [None]
    assert watch.samples["throttled"] == [None]  # and not [], which is what a cool board says
    assert unlike(watch.warnings()) == []
    assert conditions.governor() is None


def firmware(board: Path, script: str) -> None:
    """Puts a vcgencmd there that does what a script says."""
    put(board, "bin/vcgencmd", f"#!/bin/sh\n[ $1 = get_throttled ] && {script}")
    (board / "bin/vcgencmd").chmod(0o755)


@pytest.mark.parametrize("file", ["0", None])
def test_the_firmware_itself_is_asked_first(board: Path, file: str | None) -> None:
    """Newer kernels' file says 0 where the firmware still knows better; some kernels have none."""
    if file is None:
        (board / "firmware/soc/soc:firmware/get_throttled").unlink()
    firmware(board, "echo throttled=0x50004")
    with Watch() as watch:
        pass
    (line,) = unlike(watch.warnings())
    assert line.endswith("the processor back: throttled")
    assert watch.samples["throttled"] == [["throttled"]]


def test_where_vcgencmd_is_refused_the_kernels_file_is_read(board: Path) -> None:
    """A user may lack the group that its device is of; without the file too, nothing is told."""
    firmware(board, "exit 255")
    put(board, "firmware/soc/soc:firmware/get_throttled", "50005")
    with Watch() as watch:
        pass
    assert watch.samples["throttled"] == [["under-voltage", "throttled"]]
    (board / "firmware/soc/soc:firmware/get_throttled").unlink()
    with Watch() as watch:
        pass
    assert watch.samples["throttled"] == [None]
    assert unlike(watch.warnings()) == []


def test_what_was_before_is_not_told_by_one_who_answers_late(board: Path) -> None:
    """What the firmware remembers at the end may be of last week where nothing told at first."""
    (board / "firmware/soc/soc:firmware/get_throttled").unlink()
    with Watch(10) as watch:
        put(board, "firmware/soc/soc:firmware/get_throttled", "50000")
    assert unlike(watch.warnings()) == []
