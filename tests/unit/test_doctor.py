"""What the doctor finds on machines that are made of files, and how it says to repair them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from edge.commands import doctor
from edge.commands.doctor import Finding
from edge.models import handmodels, manifests
from edge.running import machine
from tests.support.fake_v4l2 import Device, Machine


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The files of a Raspberry Pi 4 that is well; tests write others into this folder."""
    proc, thermal, programs = tmp_path / "proc", tmp_path / "thermal", tmp_path / "bin"
    for folder in (proc / "device-tree", thermal / "thermal_zone0", programs):
        folder.mkdir(parents=True)
    (proc / "device-tree" / "model").write_text("Raspberry Pi 4 Model B Rev 1.4\0")
    (proc / "cpuinfo").write_text("processor\t: 0\nBogoMIPS\t: 108.00\n")
    (proc / "meminfo").write_text("MemTotal: 3884292 kB\nMemAvailable: 2900000 kB\n")
    (thermal / "thermal_zone0" / "temp").write_text("48686\n")
    monkeypatch.setattr(machine, "PROC", proc)
    monkeypatch.setattr(machine, "THERMAL", thermal)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    answer(tmp_path, "echo throttled=0x0")
    return tmp_path


def answer(pi: Path, script: str) -> None:
    """Has the firmware of the Raspberry Pi answer as this line of shell does."""
    program = pi / "bin" / "vcgencmd"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def named(subject: str, found: list[Finding]) -> Finding:
    """The one finding about `subject`."""
    (finding,) = [finding for finding in found if finding.subject == subject]
    return finding


def test_a_raspberry_pi_that_is_well(pi: Path) -> None:
    """Board, temperature, throttling and memory are listed, and nothing needs a repair."""
    found = list(doctor.computer())
    assert named("machine", found).text.startswith("Raspberry Pi 4 Model B Rev 1.4")
    assert named("temperature", found) == Finding("ok", "temperature", "49 °C")
    assert named("throttling", found) == Finding("ok", "throttling", "none since boot")
    assert named("memory", found) == Finding("ok", "memory", "2969 MB free of 3977")


@pytest.mark.parametrize(
    ("bits", "now", "before"),
    [
        (0x0, [], []),
        (0x1, ["under-voltage"], []),
        (0x50005, ["under-voltage", "throttled"], []),
        (0x50000, [], ["under-voltage", "throttled"]),
        (0xE0008, ["soft temperature limit"], ["capped clock", "throttled"]),
        (0x20002, ["capped clock"], []),
    ],
)
def test_each_throttling_bit_has_its_meaning(bits: int, now: list[str], before: list[str]) -> None:
    """The low bits hold now; those 16 above held since boot, and are not listed twice."""
    assert machine.throttling(bits) == (now, before)


@pytest.mark.parametrize(
    ("bits", "repair"),
    [("0x50005", "use the official power supply"), ("0xe0008", "fit a heat sink")],
)
def test_a_throttled_pi_learns_what_it_lacks(pi: Path, bits: str, repair: str) -> None:
    """Under-voltage wants a power supply, heat wants cooling; neither keeps it from running."""
    answer(pi, f"echo throttled={bits}")
    finding = named("throttling", list(doctor.computer()))
    assert (finding.mark, finding.repair.startswith(repair)) == ("note", True)
    assert bits in finding.text


@pytest.mark.parametrize("script", ["exit 1", "echo what", "echo VCHI initialization failed >&2"])
def test_firmware_that_does_not_answer_is_left_out(pi: Path, script: str) -> None:
    """A user without the right to ask, or another vcgencmd, gives no finding."""
    answer(pi, script)
    assert not [f for f in doctor.computer() if f.subject == "throttling"]


def test_heat_and_want_of_memory_are_noted(pi: Path) -> None:
    """The hottest sensor counts; one that is switched off is passed over."""
    (pi / "thermal" / "thermal_zone1").mkdir()
    (pi / "thermal" / "thermal_zone1" / "temp").write_text("83400\n")
    (pi / "thermal" / "thermal_zone2").mkdir()
    (pi / "thermal" / "thermal_zone2" / "temp").mkdir()
    (pi / "proc" / "meminfo").write_text("MemTotal: 980000 kB\nMemAvailable: 90000 kB\n")
    found = list(doctor.computer())
    heat, memory = named("temperature", found), named("memory", found)
    assert (heat.mark, heat.text, heat.repair) == ("note", "83 °C", "fit a heat sink or a fan")
    assert memory.mark == "note"
    assert memory.repair


def test_a_machine_that_tells_nothing(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any of these files there is no fault, and nothing is made up."""
    monkeypatch.setattr(machine, "PROC", pi / "none")
    monkeypatch.setattr(machine, "THERMAL", pi / "none")
    (pi / "bin" / "vcgencmd").unlink()
    monkeypatch.setenv("PATH", str(pi / "bin"))
    assert machine.board() is machine.temperature_c() is machine.memory_mb() is None
    assert {f.subject for f in doctor.computer()} == {"machine", "system", "disk"}


def test_the_free_space_of_a_folder_yet_to_be_made(tmp_path: Path) -> None:
    """It is that of the nearest folder above it."""
    assert machine.disk_mb(tmp_path / "a" / "b") == machine.disk_mb(tmp_path) > 0


def test_two_opencv_wheels_are_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They write the same folder; the repair removes both and installs one."""
    for name in ("opencv_python", "opencv_python_headless"):
        info = tmp_path / f"{name}-4.12.0.88.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 4.12.0.88\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    finding = named("OpenCV", list(doctor.software()))
    assert finding.mark == "fault"
    assert finding.repair == (
        "pip uninstall -y opencv-python opencv-python-headless; pip install opencv-python-headless"
    )


def test_a_library_that_is_missing_or_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A library that is not installed and one that does not load are distinguished."""
    (tmp_path / "broken_library.py").write_text("raise ImportError('libGL.so.1: no such\\nfile')")
    monkeypatch.syspath_prepend(str(tmp_path))
    missing = doctor._library("x", "no_such_library", "note", "install it")
    assert (missing.mark, missing.text, missing.repair) == ("note", "not installed", "install it")
    broken = doctor._library("x", "broken_library", "fault", "install it")
    assert (broken.mark, broken.text) == ("fault", "libGL.so.1: no such file")


def test_hand_models_missing_or_altered_are_faults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each is named with what is wrong with it and the command that fetches it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    handmodels.folder().mkdir(parents=True)
    handmodels.path("hand_landmark_full").write_bytes(b"half of a model")
    found = list(doctor.models())
    assert named("hand_landmark_full", found).text.startswith("altered or cut short")
    assert named("palm_detection_lite", found).text.startswith("missing")
    for name in handmodels.SHA256:
        assert (named(name, found).mark, named(name, found).repair) == ("fault", handmodels.MEND)


def test_hand_models_with_the_right_sums_are_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All four are listed in one line."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(handmodels, "SHA256", {"palm": hashlib.sha256(b"model").hexdigest()})
    handmodels.folder().mkdir(parents=True)
    handmodels.path("palm").write_bytes(b"model")
    assert named("hand models", list(doctor.models())).mark == "ok"


def test_a_bundled_model_that_is_broken_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A model is opened, not only counted; without any there is a fault too."""
    monkeypatch.setattr(doctor, "BUNDLED", tmp_path)
    assert named("letters", list(doctor.models())).mark == "fault"
    (tmp_path / "letters.json").write_text("{")
    broken = named("letters", list(doctor.models()))
    assert (broken.mark, "is not JSON" in broken.text) == ("fault", True)


def test_the_bundled_models_are_well() -> None:
    """Every installed model opens, and is listed with its use: those in use, then the recipes'."""
    names = [path.stem for path in manifests()]
    found = list(doctor.models())
    assert {named(name, found).mark for name in names} == {"ok"}
    assert named("letters", found).text.startswith("in use: ")
    assert named("digits", found).text.startswith("of a recipe: ")


def test_no_camera_is_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The synthetic signer runs without one."""
    Machine(monkeypatch, tmp_path)
    finding = named("camera", list(doctor.cameras()))
    assert (finding.mark, finding.repair.startswith("plug in")) == ("note", True)


def test_a_held_camera_is_a_fault_unless_another_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A camera that works is listed with its formats, one that does not with the reason."""
    usb = Machine(monkeypatch, tmp_path)
    usb.plug(0, Device(busy=True))
    held = named("usb:0", list(doctor.cameras()))
    assert (held.mark, "is held by another program" in held.text) == ("fault", True)
    usb.plug(1, Device(name="Other"))
    found = list(doctor.cameras())
    assert named("usb:0", found).mark == "note"
    free = named("usb:1", found)
    assert free.mark == "ok"
    assert "Other\nMJPG: 640x480 at 30, 1280x720 at 30" in free.text


def test_a_pi_without_picamera2_learns_how_to_get_it(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Camera modules cannot be read without it; a USB camera can."""
    Machine(monkeypatch, pi / "usb")
    finding = named("picamera2", list(doctor.cameras()))
    assert (finding.mark, "python3-picamera2" in finding.repair) == ("note", True)


@pytest.mark.parametrize(
    ("variables", "card", "mark", "said"),
    [
        ({"DISPLAY": ":0"}, False, "ok", "DISPLAY=:0"),
        ({"WAYLAND_DISPLAY": "wayland-1", "DISPLAY": ":0"}, False, "ok", "WAYLAND_DISPLAY"),
        ({}, True, "note", "no desktop"),
        ({}, False, "note", "none"),
    ],
)
def test_displays(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    card: bool,
    mark: str,
    said: str,
) -> None:
    """A desktop is found by its variables, a bare screen by the kernel's device."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(doctor, "DRI", tmp_path)
    if card:
        (tmp_path / "card0").touch()
    (finding,) = doctor.display()
    assert (finding.mark, finding.text.startswith(said)) == (mark, True)


@pytest.mark.parametrize(("fault", "code"), [(True, 1), (False, 0)])
def test_the_exit_status_says_whether_a_fault_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: bool, code: int
) -> None:
    """Notes leave it 0; a fault makes it 1; the columns stay in line."""

    def some() -> list[Finding]:
        return [
            Finding("ok", "a", "well"),
            Finding("note", "bbbb", "two\nlines", "do this"),
            *([Finding("fault", "c", "broken", "do that")] if fault else []),
        ]

    monkeypatch.setattr(doctor, "software", some)
    for part in ("models", "cameras", "display", "computer"):
        monkeypatch.setattr(doctor, part, list)
    assert doctor.examine() == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "ok     a     well",
        "note   bbbb  two",
        "             lines",
        "             -> do this",
    ]
    assert lines[-1] == ("1 fault" if fault else "ready to run")
