"""The systemd units, as systemd and fingerspell itself read them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from edge.errors import ModelError, SourceError, UsageError
from edge.models import handmodels

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = ("fingerspell.service", "fingerspell-kiosk.service")
EXPOSURE = 25  # systemd-analyze's own tenths: at most 2.5
CAMERAS = {"char-video4linux rw", "char-media rw", "char-dma_heap rw"}
SCREEN = {"char-drm rw", "char-input rw", "/dev/tty0 rw", "/dev/tty1 rw"}

each_unit = pytest.mark.parametrize("unit", UNITS)


def read(unit: str) -> dict[str, list[str]]:
    """The settings of a unit, "Section.Key" to its values in order; long lines joined."""
    settings: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in re.sub(r"\\\n\s*", "", (SYSTEMD / unit).read_text()).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and line[0] not in "#;":
            key, _, value = line.partition("=")
            settings[f"{section}.{key}"].append(value)
    return settings


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says; skips where there is none, or an old one."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.split()[1].partition(".")[0]) < 252:
        pytest.skip(f"units are for systemd 252 and newer, this is {version.stdout.split()[1]}")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def exposed(unit: Path) -> subprocess.CompletedProcess[str]:
    """How much of the system a service can reach, as systemd-analyze judges it."""
    return analyze("security", "--offline=yes", f"--threshold={EXPOSURE}", "--no-pager", str(unit))


@each_unit
def test_systemd_has_nothing_to_say_about_a_unit(unit: str) -> None:
    """Not a word, on a machine where nothing of it is installed."""
    said = analyze("verify", str(SYSTEMD / unit))
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_systemd_would_say_what_is_wrong(tmp_path: Path) -> None:
    """A key that it does not know is told, so that silence means something."""
    unit = tmp_path / UNITS[0]
    unit.write_text((SYSTEMD / UNITS[0]).read_text().replace("WatchdogSec", "WatchdogSeconds"))
    assert "WatchdogSeconds" in analyze("verify", str(unit)).stderr


@each_unit
def test_a_unit_is_exposed_to_little(unit: str) -> None:
    """At most 2.5 of 10, by systemd's own reckoning."""
    said = exposed(SYSTEMD / unit)
    assert said.returncode == 0, said.stdout


def test_an_open_unit_would_be_told(tmp_path: Path) -> None:
    """A unit of the same name without its hardening fails that judgement."""
    unit = tmp_path / UNITS[0]
    unit.write_text("[Service]\nExecStart=/usr/bin/env true\nUser=fingerspell\n")
    assert exposed(unit).returncode != 0


def test_the_service_may_open_cameras_and_nothing_else() -> None:
    """No other device, neither by a line of its own nor by one that another setting adds."""
    settings = read(UNITS[0])
    assert settings["Service.DevicePolicy"] == ["closed"]
    assert set(settings["Service.DeviceAllow"]) == CAMERAS
    said = exposed(SYSTEMD / UNITS[0]).stdout
    told = next(line for line in said.splitlines() if " DeviceAllow=" in line)
    assert set(re.findall(r"[\w/-]+:[rwm]+", told)) == {c.replace(" ", ":") for c in CAMERAS}


def test_the_kiosk_is_the_service_with_a_screen() -> None:
    """The two differ in what a screen needs and in nothing else: what mends one mends both."""
    service, kiosk = (read(unit) for unit in UNITS)
    expected = {key: list(values) for key, values in service.items()}
    expected["Service.ExecStart"][0] += " --sink ${KIOSK} --sink jsonl:- $SINKS"
    expected["Service.Environment"].insert(1, "KIOSK=kiosk")
    expected["Service.SupplementaryGroups"] = ["video render input"]
    expected["Service.DeviceAllow"] += sorted(SCREEN, key=kiosk["Service.DeviceAllow"].index)
    del expected["Service.MemoryDenyWriteExecute"]
    of_the_screen = {"Unit.Description", "Unit.Conflicts", "Unit.After"}
    console = {"StandardInput", "StandardOutput", "StandardError", "TTYPath"}
    console |= {"TTYReset", "TTYVHangup", "TTYVTDisallocate"}
    of_the_screen |= {f"Service.{key}" for key in console}
    for settings in (expected, kiosk):
        for key in of_the_screen:
            settings.pop(key, None)
    assert dict(kiosk) == expected


def test_one_at_a_time_has_camera_and_screen() -> None:
    """Starting one stops the other, and the login prompt where the window is to be."""
    assert UNITS[1] in read(UNITS[0])["Unit.Conflicts"][0].split()
    assert {UNITS[0], "getty@tty1.service"} <= set(read(UNITS[1])["Unit.Conflicts"][0].split())


@each_unit
def test_what_does_not_mend_itself_is_not_tried_again(unit: str) -> None:
    """A wrong setting, a missing model: but a camera that was lost is looked for again."""
    prevented = {int(n) for n in read(unit)["Service.RestartPreventExitStatus"][0].split()}
    assert {UsageError.exit_code, ModelError.exit_code, 127} == prevented
    assert SourceError.exit_code not in prevented
    assert read(unit)["Service.Restart"] == ["always"]


@each_unit
def test_the_service_finds_its_hand_models(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are where install.sh puts them, in root's folder, which the service cannot change."""
    pairs = [p for line in read(unit)["Service.Environment"] for p in line.split()]
    for name, value in (pair.split("=", 1) for pair in pairs):
        monkeypatch.setenv(name, value)
    assert handmodels.folder() == Path("/opt/fingerspell/share/fingerspell/models")
    script = (SYSTEMD / "install.sh").read_text()
    assert "readonly SHARE=$PREFIX/share" in script
    assert "readonly MODELS=$SHARE/fingerspell/models" in script
