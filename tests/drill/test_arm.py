"""The wheel on Debian for aarch64, on an emulated Cortex-A72: `pytest -m arm tests/drill`.

Bookworm has Python 3.11 and, as the Raspberry Pi OS of that name needs them, the libraries of
systemd/constraints-bookworm.txt; Trixie has 3.13 and the newest. What it took is printed with -s.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.signer.signer import Signer

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tests" / "support" / "arm_root.sh"
CANNOT = 69  # the tool's exit status where this machine has not what it needs
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}
TAGS = ("2014", "_2_17", "_2_27", "_2_28")  # of manylinux wheels that both Debians can load
LIBRARIES = ("numpy", "opencv-python-headless", "ai-edge-litert", "tqdm")
WORD = "HELLO"
SECONDS = 1800  # an emulator is some 50 times slower

# An atomic addition of ARMv8.1 (LSE), which a Cortex-A72 does not have: ldadd w0, w1, [x2]; ret.
ATOMIC = """
import ctypes, mmap, struct
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(struct.pack("<2I", 0xB8200041, 0xD65F03C0))
cell = ctypes.c_uint32(40)
add = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
add(ctypes.addressof(ctypes.c_char.from_buffer(code)))(2, 0, ctypes.addressof(cell))
print(cell.value)
"""
SIGILL_STATUS = 128 + 4

pytestmark = [pytest.mark.arm, pytest.mark.slow, pytest.mark.timeout(2 * SECONDS)]


def _run(
    line: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line, env=env, check=False, capture_output=True, text=True, timeout=SECONDS
    )


@dataclass(frozen=True)
class Arm:
    """A Debian root with the wheel installed."""

    suite: str
    venv: str = ""

    def run(
        self, *command: str, see: dict[Path, str] | None = None, cpu: str = "cortex-a72"
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in it; folders of this machine are seen where `see` says."""
        folders = [part for at, inside in (see or {}).items() for part in ("--see", at, inside)]
        line = [TOOL, "run", self.suite, *folders, "--", *command]
        environ = {**os.environ, "QEMU_CPU": cpu}
        return _run(line, env=environ)

    def fingerspell(self, *arguments: str, see: dict[Path, str]) -> str:
        """Returns what a fingerspell command prints; fails where it fails."""
        line = ["env", "XDG_DATA_HOME=/data", f"{self.venv}/bin/fingerspell", *arguments]
        done = self.run(*line, see=see)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=PYTHON)
def root(request: pytest.FixtureRequest) -> Arm:
    """A Debian root, made if it is not there yet; only where it is asked for."""
    if "arm" not in request.config.option.markexpr:
        pytest.skip("takes many minutes; run it with: pytest -m arm")
    made = _run([TOOL, "make", request.param])
    if made.returncode == CANNOT:
        pytest.skip(made.stderr.strip())
    assert made.returncode == 0, made.stderr
    return Arm(request.param)


@pytest.fixture(scope="module")
def arm(root: Arm, tmp_path_factory: pytest.TempPathFactory) -> Arm:
    """The root, with the wheel of this checkout in a virtual environment."""
    constraints = ROOT / "systemd" / f"constraints-{root.suite}.txt"
    limits = ["-c", str(constraints)] if constraints.exists() else []
    wanted = repr((LIBRARIES, constraints.read_text() if limits else "")).encode()
    digest = hashlib.sha256(wanted).hexdigest()[:12]
    wheels = _kept() / f"wheels-{root.suite}-{digest}"
    if not wheels.is_dir():
        _download(wheels, PYTHON[root.suite], limits)
    wheel = _build(tmp_path_factory.mktemp("wheel"))
    venv = f"/opt/fingerspell-{digest}"
    pip = f"{venv}/bin/pip install --quiet --no-index --find-links"
    see = {wheels: "/wheels", wheel.parent: "/wheel"}
    start_s = time.monotonic()
    done = root.run(
        "sh",
        "-euc",
        f"[ -e {venv}/ready ] || {{ rm -rf {venv}; python3 -m venv {venv};"
        f" {pip} /wheels {' '.join(LIBRARIES)}; touch {venv}/ready; }};"
        f" {venv}/bin/pip uninstall --quiet --yes fingerspell;"
        f" {pip} /wheels /wheel/{wheel.name}; {venv}/bin/pip freeze --all",
        see=see,
    )
    assert done.returncode == 0, done.stderr
    _tell(root, "installed", start_s, ", ".join(done.stdout.split()))
    return Arm(root.suite, venv)


def _kept() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "fingerspell" / "arm"


def _download(wheels: Path, python: str, limits: list[str]) -> None:
    """Fetches the device's libraries as an aarch64 machine would get them."""
    unfinished = wheels.with_suffix(".unfinished")
    platforms = [part for tag in TAGS for part in ("--platform", f"manylinux{tag}_aarch64")]
    line = ["-m", "pip", "download", "--quiet", "--only-binary=:all:", "--python-version", python]
    line += [*platforms, *limits, "--dest", str(unfinished), *LIBRARIES]
    done = _run([sys.executable, *line])
    if done.returncode:
        pytest.skip(f"no aarch64 wheels can be had: {done.stderr.strip().splitlines()[-1]}")
    unfinished.rename(wheels)


def _build(scratch: Path) -> Path:
    """Builds the wheel from a copy, since a build writes into its folder."""
    checkout = scratch / "checkout"
    shutil.copytree(ROOT / "edge", checkout / "edge")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    line = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(scratch / "wheel")]
    subprocess.run([sys.executable, *line, str(checkout)], check=True, timeout=300)
    return next((scratch / "wheel").glob("*.whl"))


def _tell(arm: Arm, what: str, start_s: float, text: str) -> None:
    print(f"\n{arm.suite}: {what} in {time.monotonic() - start_s:.0f} s: {text}")


def _here(*arguments: str) -> str:
    """Returns what the same fingerspell command prints on this machine."""
    line = [sys.executable, "-m", "edge", *arguments]
    return subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _objects(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


def test_an_instruction_that_the_processor_has_not_shows(root: Arm) -> None:
    """An atomic addition of ARMv8.1 ends a program with SIGILL, as on a Raspberry Pi 4; a newer
    processor adds."""
    assert root.run("python3", "-c", ATOMIC).returncode == SIGILL_STATUS
    newer = root.run("python3", "-c", ATOMIC, cpu="max")
    assert (newer.returncode, newer.stdout) == (0, "42\n")


def _read_alike(arm: Arm, pictures: Path, models: Path) -> None:
    """Three photographs are read there as here: same hands and letters, landmarks to 1 %."""
    names = sorted(path.name for path in pictures.iterdir())
    assert len(names) == 3
    start_s = time.monotonic()
    see = {pictures: "/pictures", models: "/data/fingerspell/models"}
    there = _objects(arm.fingerspell("read", *(f"/pictures/{n}" for n in names), see=see))
    here = _objects(_here("read", *(str(pictures / n) for n in names)))
    apart = 0.0
    letters = ""
    for one, other in zip(there, here, strict=True):
        assert len(one["hands"]) == len(other["hands"]) == 1, (one["path"], one, other)
        mine, yours = one["hands"][0], other["hands"][0]
        assert mine["label"] == yours["label"]
        assert mine["handedness"] == yours["handedness"]
        assert mine["score"] == pytest.approx(yours["score"], abs=0.05)
        x0, y0, x1, y1 = yours["box_px"]
        off_px = np.subtract(mine["landmarks_px"], yours["landmarks_px"])
        apart = max(apart, float(np.hypot(*off_px.T).max() / max(x1 - x0, y1 - y0)))
        letters += mine["label"]
    _tell(arm, "read", start_s, f"{letters}; landmarks at most {apart:.2%} of a hand apart")
    assert apart <= 0.01
    assert letters == "".join(n[0] for n in names)  # the files' names begin with their letters


def test_three_drawn_photographs_are_read_as_here(
    arm: Arm, hand_models: Path, tmp_path: Path
) -> None:
    """Letters, hands and landmarks of three drawn hands are those of this machine."""
    for seed, label in enumerate("BLY"):
        signer = Signer(label, seed=seed)
        segment = next(s for s in signer.timeline.segments if s.label == label)
        rgb, _ = signer.draw((segment.start_s + segment.end_s) / 2)
        cv2.imwrite(str(tmp_path / f"{label}.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    _read_alike(arm, tmp_path, hand_models)


def test_three_real_photographs_are_read_as_here(
    arm: Arm, hand_models: Path, shared_data: Path, tmp_path: Path
) -> None:
    """Letters, hands and landmarks of three people's hands are those of this machine."""
    for user, name in enumerate(("C0.jpg", "L0.jpg", "W0.jpg"), 3):
        shutil.copy(shared_data / "letters" / "multiuser" / f"user_{user}" / name, tmp_path)
    _read_alike(arm, tmp_path, hand_models)


def test_a_word_is_spelled_as_here(arm: Arm, hand_models: Path) -> None:
    """The signer's word is read letter by letter as on this machine, in the same frames or nearly,
    and the run ends as it does here."""
    start_s = time.monotonic()
    arguments = ("run", "--source", f"signer:{WORD}?fps=15&size=320x240", "--sink", "jsonl:-")
    there = _objects(arm.fingerspell(*arguments, see={hand_models: "/data/fingerspell/models"}))
    here = _objects(_here(*arguments))
    assert there[-1] == here[-1]
    assert there[-1]["text"] == WORD
    assert [(e["event"], e["label"]) for e in there[:-1]] == [
        (e["event"], e["label"]) for e in here[:-1]
    ]
    late = max(abs(a["frame"] - b["frame"]) for a, b in zip(there[:-1], here[:-1], strict=True))
    frames = there[-1]["frames"]
    _tell(arm, "spelled", start_s, f"{WORD} in {frames} frames; events {late} frames apart")
    assert late <= 3
