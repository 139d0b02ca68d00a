"""systemd/install.sh, in a Debian that has just been set up, without a network, under systemd."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import debian_root
from tests.support.examples import full_case
from tests.support.nspawn import Machine, boot, descendants
from tests.support.patience import patience_s

OLD = debian_root.SUITE == "bookworm"
ROOT = Path(__file__).parents[2]
SCRIPT = "/checkout/systemd/install.sh"
OFFLINE = ("--wheels", "/wheels", "--models", "/models")
SERVICE, KIOSK = "fingerspell.service", "fingerspell-kiosk.service"
CONFIGURATION = "/etc/fingerspell/fingerspell.toml"
SIGNER = 'source = "signer:HELLO?live=yes&loop=yes"\n'
NUMPY = "/opt/fingerspell/venv.*/lib/python*/site-packages/numpy"  # half-way there
TOUCHED = ("/opt", "/etc", "/var/lib", "/usr/local", "/root", "/home", "/tmp")

pytestmark = [pytest.mark.drill, pytest.mark.slow]

Install = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels, and copies of them in which something is wrong."""
    folder = tmp_path_factory.mktemp("install")
    ours = debian_root.wheel(folder)
    wheels = debian_root.wheels(folder / "wheels", ours)
    if OLD:
        constraints = ROOT / "systemd" / "constraints-bookworm.txt"
        debian_root.wheels(folder / "wheels-numpy1", ours, constraints)

    def copied(name: str, without: str) -> Path:
        target = folder / name
        target.mkdir()
        for wheel in wheels.iterdir():
            if not wheel.name.startswith(without):
                shutil.copy(wheel, target)
        return target

    copied("wheels-incomplete", "numpy")
    copied("wheels-only", "fingerspell")
    ill = copied("wheels-ill", "fingerspell")
    with zipfile.ZipFile(ours) as healthy, zipfile.ZipFile(ill / ours.name, "w") as sick:
        for name in healthy.namelist():
            content = healthy.read(name)
            if name == "edge/commands/run.py":
                content += b"\nraise RuntimeError('this version does not run')\n"
            sick.writestr(name, content)
    return folder


@pytest.fixture(scope="module")
def booted(scratch: Path, hand_models: Path) -> Iterator[Machine]:
    """A fresh Debian, which sees this checkout, wheels and hand models."""
    binds = [f"{ROOT}:/checkout", f"{hand_models}:/models", f"{debian_root.cache()}", f"{scratch}"]
    binds += [f"{path}:/{path.name}" for path in scratch.glob("wheels*")]
    with boot(debian_root.debian(), scratch, binds) as machine:
        yield machine


@pytest.fixture
def machine(booted: Machine) -> Iterator[Machine]:
    """That Debian with nothing of ours in it, before and after each test."""
    booted.run(SCRIPT, "--uninstall", "--purge")
    yield booted
    booted.run(SCRIPT, "--uninstall", "--purge")


@pytest.fixture
def install(booted: Machine) -> Install:
    """Runs the script; pip does not try for long to find a network."""

    def run(*options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return booted.run(SCRIPT, *options, check=check, env={"PIP_RETRIES": "0"})

    return run


@pytest.fixture
def installed(booted: Machine, install: Install) -> Machine:
    """That Debian with the service running: as a test before this one left it, or installed."""
    configure(booted, SIGNER)
    if install("--check", check=False).returncode:
        install(*OFFLINE)
    return booted


def configure(machine: Machine, text: str) -> None:
    """Writes a configuration before the installation does."""
    machine.run("mkdir", "-p", "/etc/fingerspell")
    machine.run("sh", "-c", f"printf %s '{text}' > {CONFIGURATION}")


def pid(machine: Machine) -> str:
    """The process that is the service, which has to run."""
    state, process = machine.show(SERVICE, "ActiveState", "MainPID")
    assert state == "active", machine.journal(SERVICE)
    return process


def state(machine: Machine) -> set[str]:
    """Everything that an installation could leave behind: paths, users, groups."""
    # useradd keeps copies of what it changed (/etc/passwd-), and numbers for users' containers.
    own = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid")
    files = {path for path in machine.files(*TOUCHED) if not path.startswith(own)}
    files = {path for path in files if "systemd-private-" not in path}  # a running service's
    return files | set(machine.run("cat", "/etc/passwd", "/etc/group").stdout.splitlines())


def test_the_script_is_well_written() -> None:
    """shellcheck has nothing to say."""
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("there is no shellcheck: apt install shellcheck")
    done = debian_root.run(program, str(ROOT / "systemd" / "install.sh"))
    assert (done.returncode, done.stdout) == (0, "")


def test_a_new_machine(machine: Machine, install: Install) -> None:
    """Without a network and a camera, all is put in place, and what is missing is said."""
    said = install(*OFFLINE).stdout
    assert "there is no camera yet; the service waits for one" in said
    assert machine.show(SERVICE, "UnitFileState") == ["enabled"]
    assert "ok     hand models" in install("--check", check=False).stdout
    mode = machine.run("stat", "-c", "%a %U %G", CONFIGURATION).stdout.split()
    assert mode == ["640", "root", "fingerspell"]
    secret = machine.run("setpriv", "--reuid=fingerspell", "--regid=fingerspell",
                         "--clear-groups", "cat", CONFIGURATION)  # fmt: skip
    assert secret.stdout == (ROOT / "systemd" / "fingerspell.toml").read_text()


def test_installed_it_runs(machine: Machine, install: Install) -> None:
    """With a source that there is, the service is running when the script ends, and --check agrees.

    A configuration that was there is kept, and the example lies beside it.
    """
    configure(machine, SIGNER)
    said = install(*OFFLINE).stdout
    assert "it runs: " in said
    pid(machine)
    checked = install("--check").stdout
    assert "fault" not in checked
    assert "ok     start at boot: yes" in checked
    assert machine.run("cat", CONFIGURATION).stdout == SIGNER
    example = (ROOT / "systemd" / "fingerspell.toml").read_text()
    assert machine.run("cat", f"{CONFIGURATION}.new").stdout == example


def test_run_again_it_upgrades(installed: Machine, install: Install) -> None:
    """A new environment takes the old one's place; configuration, models and state stay."""
    machine = installed
    machine.run("sh", "-c", "echo mine > /var/lib/fingerspell/letters.jsonl")
    before, environment = pid(machine), machine.run("readlink", "/opt/fingerspell/venv").stdout
    install("--wheels", "/wheels")  # the hand models are there
    assert pid(machine) != before
    assert machine.run("readlink", "/opt/fingerspell/venv").stdout != environment
    assert len(machine.run("ls", "-A", "/opt/fingerspell").stdout.split()) == 3
    assert machine.run("cat", CONFIGURATION).stdout == SIGNER
    assert machine.run("cat", "/var/lib/fingerspell/letters.jsonl").stdout == "mine\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        full_case(
            ("--wheels", "/wheels-incomplete", "--models", "/models"),
            "complete",
            id="wheels are missing",
        ),
        pytest.param(
            ("--wheels", "/wheels-ill", "--models", "/models"),
            "it does not run",
            id="the new version does not run",
        ),
        full_case(("--models", "/models"), "is the network there", id="no network"),
    ],
)
def test_an_upgrade_that_fails(
    installed: Machine, install: Install, options: tuple[str, ...], reason: str
) -> None:
    """What ran before runs, nothing else has changed, and the script says why."""
    machine = installed
    files, before = state(machine), pid(machine)
    failed = install(*options, check=False)
    assert failed.returncode == 1
    assert reason in failed.stderr
    machine.run("sh", "-c", f"until systemctl is-active --quiet {SERVICE}; do sleep 0.1; done")
    if "it does not run" not in reason:  # then it was not even stopped
        assert pid(machine) == before
    assert state(machine) ^ files == set()
    assert "fault" not in install("--check").stdout


def test_a_wrong_configuration_is_told_before_anything_is_stopped(
    installed: Machine, install: Install
) -> None:
    """An upgrade to a version that does not know a setting leaves the old one running."""
    machine = installed
    before = pid(machine)
    configure(machine, SIGNER + "sauce = 1\n")
    failed = install(*OFFLINE, check=False)
    assert failed.returncode == 1
    assert "there is no setting sauce" in failed.stderr
    assert pid(machine) == before
    checked = install("--check", check=False)
    assert checked.returncode == 1
    assert "there is no setting sauce" in checked.stdout


FILLED = (
    "mount -t tmpfs -o size=850m,mode=755 tmpfs /opt; "
    f"(until ls -d {NUMPY}; do sleep 0.1; done; cat /dev/zero >/opt/full) >/dev/null 2>&1 &"
)
SMALL = "mount -t tmpfs -o size=100m,mode=755 tmpfs /opt"
UNLINKED = "mount --bind /dev/null /etc/ld.so.cache"


@pytest.mark.parametrize(
    ("prepare", "options", "reason"),
    [
        pytest.param(
            "",
            ("--wheels", "/wheels-incomplete", "--models", "/models"),
            "complete",
            id="wheels are missing",
        ),
        full_case("", ("--models", "/models"), "is the network there", id="no network"),
        full_case("", ("--wheels", "/wheels"), "--models FOLDER", id="no models"),
        full_case(
            "mkdir -p /tmp/empty",
            ("--wheels", "/wheels", "--models", "/tmp/empty"),
            "is missing",
            id="a folder without models",
        ),
        pytest.param(FILLED, OFFLINE, "room in /opt", id="the disk fills up"),
        pytest.param(SMALL, OFFLINE, "MB free in /opt", id="no room from the start"),
        pytest.param(UNLINKED, ("--kiosk", *OFFLINE), "apt install libgbm1", id="no libraries"),
        pytest.param("", ("--kiosk", *OFFLINE), "it does not run", id="no screen"),
    ],
)
def test_an_installation_that_fails(
    machine: Machine, install: Install, prepare: str, options: tuple[str, ...], reason: str
) -> None:
    """Nothing is left behind: no file, no user, no unit; and the script says why."""
    before = state(machine)
    machine.run("sh", "-c", prepare)
    try:
        failed = install(*options, check=False)
        assert failed.returncode == 1
        assert reason in failed.stderr
        left = state(machine)
    finally:
        machine.run("umount", "--quiet", "/opt", "/var/lib", "/etc/ld.so.cache", check=False)
        machine.run("rmdir", "/tmp/empty", check=False)
    assert left - before - {"/tmp/empty", "/opt/full"} == set()
    if "undoing" in failed.stderr:
        assert "everything is as it was before" in failed.stderr
    for unit in (SERVICE, KIOSK):
        assert machine.show(unit, "LoadState") == ["not-found"]


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, full_case(signal.SIGINT), full_case(signal.SIGHUP)],
    ids=lambda number: number.name,
)
def test_a_signal_undoes_it(machine: Machine, install: Install, number: signal.Signals) -> None:
    """In the middle of its longest step it ends at once, and leaves nothing behind."""
    before = state(machine)
    process = start(machine, *OFFLINE)
    machine.run("sh", "-c", f"until ls -d {NUMPY}; do sleep 0.1; done", timeout=30)
    script, *_ = descendants(process.pid)
    os.kill(script, number)
    assert process.wait(timeout=patience_s(10)) == 128 + number
    assert state(machine) ^ before == set()


def test_what_a_killed_one_leaves_is_swept_up(machine: Machine, install: Install) -> None:
    """kill -9 undoes nothing; the next run does, and installs."""
    process = start(machine, *OFFLINE)
    machine.run("sh", "-c", f"until ls -d {NUMPY}; do sleep 0.1; done", timeout=30)
    for victim in descendants(process.pid):
        os.kill(victim, signal.SIGKILL)
    process.wait(timeout=patience_s(10))
    assert machine.run("ls", "-A", "/opt/fingerspell").stdout
    install(*OFFLINE)
    assert len(machine.run("ls", "-A", "/opt/fingerspell").stdout.split()) == 3


def start(machine: Machine, *options: str) -> subprocess.Popen[bytes]:
    # What started the tests may have had signals ignored (nohup), which is inherited.
    signals = ("env", "--default-signal=HUP,INT,TERM")
    command = [*signals, *machine.entering("bash", SCRIPT, *options)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_from_the_checkout_alone(machine: Machine, install: Install) -> None:
    """Where no wheel of fingerspell is given, the checkout is built, and not written to."""
    configure(machine, SIGNER)
    install("--wheels", "/wheels-only", "--models", "/models")
    pid(machine)


def test_kiosk(machine: Machine, install: Install) -> None:
    """With --kiosk the window's unit takes the service's place, until --no-kiosk."""
    configure(machine, SIGNER)
    # There is no console in a container; the window is drawn all the same.
    own = f"/etc/systemd/system/{KIOSK}.d"
    screen = "[Service]\nStandardInput=null\nEnvironment=SDL_VIDEODRIVER=offscreen\n"
    machine.run("sh", "-c", f"mkdir -p {own}; printf '{screen}' > {own}/screen.conf")
    for options, there, gone in (
        (("--kiosk",), KIOSK, SERVICE),
        ((), KIOSK, SERVICE),
        (("--no-kiosk",), SERVICE, KIOSK),
    ):
        install(*options, *OFFLINE)
        assert machine.show(there, "UnitFileState", "ActiveState") == ["enabled", "active"]
        assert machine.show(gone, "UnitFileState", "ActiveState") == ["", "inactive"]
    checked = install("--check").stdout
    assert f"ok     unit: {SERVICE}" in checked
    assert machine.run("ls", own).stdout == "screen.conf\n"  # what is the owner's is left alone


def test_with_picamera2(machine: Machine, install: Install) -> None:
    """Where apt's picamera2 is, the environment sees it, and on Bookworm keeps to NumPy 1."""
    configure(machine, SIGNER)
    package = "/usr/lib/python3/dist-packages/picamera2.py"  # no Debian has it: a name will do
    machine.run("touch", package)
    wheels = "/wheels-numpy1" if OLD else "/wheels"
    try:
        said = install("--wheels", wheels, "--models", "/models").stdout
    finally:
        machine.run("rm", package)
    assert "the environment sees apt's packages" in said
    pid(machine)
    settings = machine.run("cat", "/opt/fingerspell/venv/pyvenv.cfg").stdout
    assert "include-system-site-packages = true" in settings
    version = "import cv2, numpy; print(numpy.__version__, cv2.__version__)"
    numpy, opencv = machine.run("/opt/fingerspell/venv/bin/python", "-c", version).stdout.split()
    assert numpy.startswith("1." if OLD else "2.")
    assert opencv.startswith("4.") or not OLD


def test_uninstalled(machine: Machine, install: Install) -> None:
    """Configuration and state are kept; with --purge, nothing is."""
    before = state(machine)
    install(*OFFLINE)
    install("--uninstall")
    assert machine.show(SERVICE, "LoadState") == ["not-found"]
    left = machine.files(*TOUCHED) - before
    assert CONFIGURATION in left
    assert {Path(path).parts[:4] for path in left if "fingerspell" in path} <= {
        ("/", "etc", "fingerspell", "fingerspell.toml"),
        ("/", "etc", "fingerspell"),
        ("/", "var", "lib", "fingerspell"),
    }
    install("--uninstall", "--purge")
    assert state(machine) ^ before == set()


def test_uninstalled_where_there_is_nothing(machine: Machine, install: Install) -> None:
    """That is no fault; but to check it is one."""
    before = state(machine)
    install("--uninstall")
    assert state(machine) ^ before == set()
    checked = install("--check", check=False)
    assert checked.returncode == 1
    assert "nothing is installed" in checked.stdout


@pytest.mark.parametrize(
    "options",
    [("--kisok",), ("--wheels",), ("--wheels", "/nowhere"), ("--purge",)],
    ids=" ".join,
)
def test_wrong_use(install: Install, options: tuple[str, ...]) -> None:
    """The status is 2, and the usage is shown."""
    done = install(*options, check=False)
    assert done.returncode == 2
    assert "--uninstall" in done.stderr


def test_only_root_installs(machine: Machine) -> None:
    """Another user is told how, and nothing is tried."""
    nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
    done = machine.run(*nobody, SCRIPT, check=False)
    assert done.returncode == 1
    assert "sudo systemd/install.sh" in done.stderr
