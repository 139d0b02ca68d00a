"""Writes locked.txt and locked-bookworm.txt: the libraries that install.sh takes from the network.

    python systemd/lock.py

pip chooses the versions by setup.cfg, for each Python and each processor that a release is for, and
says the checksum of each wheel. Nothing is installed. Run it before a release, and test with what
it wrote: `pip install --require-hashes --no-deps --requirement systemd/locked.txt`.
"""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROCESSORS = ("x86_64", "aarch64")
# Bookworm, Ubuntu 24.04 and Trixie.
PYTHONS = ("3.11", "3.12", "3.13")
# The C libraries that wheels may be made for; Bookworm's is glibc 2.36 and runs all of these.
PLATFORMS = ("manylinux2014", *(f"manylinux_2_{n}" for n in (17, 24, 26, 27, 28, 31, 34, 35, 36)))
EXTRAS = ("screen", "metrics", "mqtt", "web")  # as install.sh wants them
HEADER = """\
# Made by systemd/lock.py; do not edit. Each library has one version, and the checksums of its
# wheels for x86_64 and aarch64 and Python {pythons}. {why}
"""


def wanted() -> list[str]:
    """Returns what setup.cfg asks for, and what builds fingerspell itself."""
    read = configparser.ConfigParser()
    read.read(HERE.parent / "setup.cfg")
    lines = [read["options"]["install_requires"]]
    lines += [read["options.extras_require"][extra] for extra in EXTRAS]
    return [*"\n".join(lines).split("\n"), "setuptools >= 77"]


def report(processor: str, python: str, constraints: Sequence[str]) -> dict[str, Any]:
    """Returns what pip would install there."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--report=-"]
    command += ["--ignore-installed", "--only-binary=:all:", "--implementation=cp"]
    command += [f"--python-version={python}", *constraints]
    command += [f"--platform={platform}_{processor}" for platform in PLATFORMS]
    with tempfile.TemporaryDirectory() as target:
        command += [f"--target={target}", *(line for line in wanted() if line.strip())]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def locked(reports: Iterable[dict[str, Any]]) -> str:
    """Returns the lines of a lock file; raises ValueError where two reports differ in a version."""
    sums: dict[str, set[str]] = defaultdict(set)
    versions: dict[str, str] = {}
    for said in reports:
        for item in said["install"]:
            name = item["metadata"]["name"].lower().replace("_", "-")
            version = item["metadata"]["version"]
            if versions.setdefault(name, version) != version:
                raise ValueError(f"{name} has two versions: {versions[name]} and {version}")
            sums[name].add(item["download_info"]["archive_info"]["hashes"]["sha256"])
    lines = []
    for name in sorted(sums):
        hashes = [f"    --hash=sha256:{checksum}" for checksum in sorted(sums[name])]
        lines.append(" \\\n".join([f"{name}=={versions[name]}", *hashes]))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes both files."""
    constraints = ("--constraint", str(HERE / "constraints-bookworm.txt"))
    for file, pythons, more, why in (
        ("locked.txt", PYTHONS, (), "For Bookworm with picamera2 see locked-bookworm.txt."),
        ("locked-bookworm.txt", PYTHONS[:1], constraints, "For Bookworm with picamera2: NumPy 1."),
    ):
        reports = [report(p, python, more) for python in pythons for p in PROCESSORS]
        header = HEADER.format(pythons=", ".join(pythons), why=why)
        (HERE / file).write_text(header + locked(reports))


if __name__ == "__main__":
    main()
