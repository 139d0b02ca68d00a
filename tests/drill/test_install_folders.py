"""systemd/install.sh as root, step by step, where another user has prepared the folders.

Each step runs in a mount namespace of its own, in which /opt and /var/lib are empty, so that it can
write where it will and nothing of it is left.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.models import handmodels

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "systemd" / "install.sh"
PALM = "palm_detection_lite.tflite"
SECRET = "a secret of root's\n"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root can try root's steps"
)

Step = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def step(tmp_path: Path) -> Step:
    """Runs lines of shell with the script's functions, `$new` being this environment."""
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("no mount namespace can be made here")
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    environment = tmp_path / "environment" / "bin"
    environment.mkdir(parents=True)
    (environment / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (environment / "python").chmod(0o755)

    def run(lines: str) -> subprocess.CompletedProcess[str]:
        whole = f"""
            mount -t tmpfs tmpfs /opt && chmod 755 /opt
            mount -t tmpfs tmpfs /var/lib && chmod 755 /var/lib
            . {SCRIPT}
            new={environment.parent} models='' wheels='' unit=$SERVICE
            SECRET={secret} THERE={tmp_path}
            {lines}
        """
        command = ["unshare", "--mount", "--propagation", "private", "bash", "-c", whole]
        there = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
        return subprocess.run(command, capture_output=True, text=True, env=there, check=False)

    return run


@pytest.mark.parametrize(
    ("prepared", "reason"),
    [
        ("mkdir /opt/fingerspell; chown nobody /opt/fingerspell", "belongs to nobody"),
        ("mkdir /opt/fingerspell; chmod 777 /opt/fingerspell", "can be written by others"),
        ("mkdir /opt/elsewhere; ln -s /opt/elsewhere /opt/fingerspell", "is a link"),
        ("mkdir -p /opt/fingerspell; ln -s /var/lib /opt/fingerspell/share", "is a link"),
        ("ln -s /opt /var/lib/fingerspell", "is a link"),
        ("touch /opt/fingerspell", "is no folder"),
    ],
)
def test_a_folder_that_others_can_change_is_refused(step: Step, prepared: str, reason: str) -> None:
    """Before anything is changed, with the reason and what to do in one line."""
    done = step(f"{prepared}; examine_folders")
    assert done.returncode == 1
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_link_of_the_service_user_leads_root_nowhere(step: Step, hand_models: Path) -> None:
    """The service user owns its state folder and may put a link in the old place of the models.

    Neither sweeping up nor installing the models removes or writes what the link leads to.
    """
    done = step(f"""
        mkdir -p $PREFIX $STATE $THERE/other/.fetch-theirs
        ln -s $THERE/other $STATE/models
        chown -h nobody $STATE $STATE/models
        kept=$(mktemp -d) models={hand_models}
        sweep
        get_models
        ls -A $THERE/other; echo ---; ls $MODELS; stat -c '%U %a' $MODELS $MODELS/{PALM}
    """)
    assert done.returncode == 0, done.stderr
    others, _, ours = done.stdout.split("models from", 1)[1].partition("---\n")
    assert others.splitlines()[1:] == [".fetch-theirs"]
    assert ours.split() == [
        *sorted(f"{name}.tflite" for name in handmodels.SHA256),
        *("root", "755", "root", "644"),
    ]


@pytest.mark.parametrize("kind", ["link", "copy", "pipe"])
def test_only_hand_models_are_copied(step: Step, kind: str) -> None:
    """A file that only root can read does not become readable by being called a hand model."""
    made = {"link": "ln -s $SECRET", "copy": "cp $SECRET", "pipe": "ln -s /dev/zero"}[kind]
    made = f"mkfifo $THERE/given/{PALM}" if kind == "pipe" else f"{made} $THERE/given/{PALM}"
    done = step(f"""
        mkdir -p $PREFIX $THERE/given
        {made}
        kept=$(mktemp -d) models=$THERE/given
        trap 'echo left: $(find /opt -type f)' EXIT
        get_models
    """)
    assert done.returncode == 1
    assert f"{PALM[:-7]} is missing" in done.stderr
    assert "left:\n" in done.stdout


@pytest.mark.parametrize("name", ["locked.txt", "locked-bookworm.txt"])
def test_libraries_from_the_network_are_those_of_the_lock(name: str) -> None:
    """All that setup.cfg asks for is there, each in one version with its checksums.

    A wheel that is not for any Python and processor has one checksum for each processor at least.
    """
    text = (ROOT / "systemd" / name).read_text()
    entry = re.compile(r"^([\w.-]+)==\S+((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
    pinned = {library: sums.count("sha256") for library, sums in entry.findall(text)}
    assert len(pinned) == text.count("==")
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"] + setup["options.extras_require"]["screen"]
    lines += setup["options.extras_require"]["metrics"]
    asked = {line.split()[0] for line in lines.splitlines() if line}
    assert asked | {"setuptools"} <= set(pinned)
    processors = 2
    assert all(pinned[name] >= processors for name in ("numpy", "ai-edge-litert", "pygame-ce"))
    assert "--require-hashes" in SCRIPT.read_text()
