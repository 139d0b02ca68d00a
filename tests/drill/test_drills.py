"""The service's faults, under a real systemd: how it starts, hangs, dies, and comes back."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.nspawn import LIVE, Machine, boot, descendants
from tests.support.patience import patience_s

ROOT = Path(__file__).parents[2]
UNIT, KIOSK = "fingerspell.service", "fingerspell-kiosk.service"
STATE = "/var/lib/fingerspell"
MODELS = "/opt/fingerspell/share/fingerspell/models"
LETTERS, FIFO, MENDED = f"{STATE}/letters.jsonl", f"{STATE}/fifo", f"{STATE}/mended"
# The signer's hand comes and goes, so that something is said all the time.
SIGNER = 'source = "signer:HELLO?speed=3&live=yes&loop=yes"\n'
TO_FILE = f'sink = ["jsonl:{LETTERS}"]\n'
WATCHDOG_S = 10 + 2  # of the unit: WatchdogSec and TimeoutAbortSec

Configure = Callable[[str], None]

pytestmark = [pytest.mark.drill, pytest.mark.slow]


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, hand_models: Path
) -> tuple[Path, list[str]]:
    """What systemd/install.sh puts in place, out of this checkout and its environment.

    Returns the folder that stands for /etc, which outlives a boot, and what is to be bound.
    """
    etc = tmp_path_factory.mktemp("etc")
    base, version = (
        Path(sys.base_prefix),
        f"python{sys.version_info.major}.{sys.version_info.minor}",
    )
    own = base != Path("/usr")  # a Python that is not the system's, maybe in a home directory
    there = Path("/opt/python") if own else base
    venv = etc / "venv"
    packages = venv / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(there / "bin" / version)
    (venv / "pyvenv.cfg").write_text(f"home = {there}/bin\n")
    program = venv / "bin" / "fingerspell"
    program.write_text(
        "#!/opt/fingerspell/venv/bin/python\n"
        "import sys\nfrom edge.commands.cli import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
    system = etc / "system"
    for unit in (UNIT, KIOSK):
        (system / f"{unit}.d").mkdir(parents=True)
        shutil.copy(ROOT / "systemd" / unit, system)
        (system / f"{unit}.d" / "drill.conf").write_text(
            f"[Service]\nEnvironment=PYTHONPATH=/checkout LD_LIBRARY_PATH={there}/lib\n"
        )
    # There is no console in a container; the window is drawn all the same.
    (system / f"{KIOSK}.d" / "screen.conf").write_text(
        "[Service]\nStandardInput=null\nEnvironment=SDL_VIDEODRIVER=offscreen\n"
    )
    (etc / "configuration").mkdir()
    (etc / "user.conf").write_text(f'u fingerspell - "" {STATE}\ng render - -\ng input - -\n')
    (etc / "drill.preset").write_text("disable fingerspell*\n")  # what a first boot does with them
    (etc / "state.conf").write_text(f"d {STATE} 0755 fingerspell fingerspell\n")
    found = Path(next(p for p in sys.path if p.endswith("site-packages")))
    binds = [f"--bind-ro={ROOT}:/checkout", f"--bind-ro={venv}:/opt/fingerspell/venv"]
    binds += [f"--bind-ro={found}:/opt/fingerspell/venv/lib/{version}/site-packages"]
    binds += [f"--bind-ro={base}:{there}"] if own else []
    binds += [f"--bind-ro={hand_models}:{MODELS}"]
    binds += [f"--bind={system}:/etc/systemd/system"]
    binds += [f"--bind={etc / 'configuration'}:/etc/fingerspell"]
    binds += [f"--bind-ro={etc / 'user.conf'}:/etc/sysusers.d/fingerspell.conf"]
    binds += [f"--bind-ro={etc / 'drill.preset'}:/etc/systemd/system-preset/00-drill.preset"]
    binds += [f"--bind-ro={etc / 'state.conf'}:/etc/tmpfiles.d/fingerspell.conf"]
    return etc, binds


@pytest.fixture(scope="module")
def booted(installed: tuple[Path, list[str]]) -> Iterator[Machine]:
    """The container that most drills share."""
    etc, binds = installed
    with boot(LIVE, etc, options=binds) as machine:
        yield machine


@pytest.fixture
def machine(booted: Machine) -> Iterator[Machine]:
    """That container, with nothing of ours running, none of its starts counted, no file left."""
    for unit in (UNIT, KIOSK):
        booted.run("systemctl", "reset-failed", unit, check=False)
    booted.run("sh", "-c", f"rm -f {LETTERS} {FIFO} {MENDED}; journalctl -q --rotate")
    booted.run("journalctl", "--quiet", "--vacuum-time=1us", check=False)
    yield booted
    booted.run("systemctl", "stop", UNIT, KIOSK)


@pytest.fixture
def configure(installed: tuple[Path, list[str]]) -> Configure:
    """Writes the service's configuration."""

    def write(text: str) -> None:
        (installed[0] / "configuration" / "fingerspell.toml").write_text(text)

    return write


@pytest.fixture
def running(machine: Machine, configure: Configure) -> Callable[..., int]:
    """Starts the service with this configuration, and returns its process."""

    def start(text: str = SIGNER + TO_FILE, unit: str = UNIT) -> int:
        configure(text)
        started = machine.run("systemctl", "start", unit, check=False)
        assert not started.returncode, machine.journal(unit)
        return main_pid(machine, unit)

    return start


def main_pid(machine: Machine, unit: str = UNIT) -> int:
    return int(machine.show(unit, "MainPID")[0])


def wait_until(happened: Callable[[], object], limit_s: float, machine: Machine) -> float:
    """Returns after how many seconds something had happened; fails after limit_s, or longer on a
    machine that is slower than a usual one."""
    limit_s = patience_s(limit_s)
    start_s = time.monotonic()
    while not happened():
        if time.monotonic() - start_s > limit_s:
            shown = machine.run("systemctl", "status", "--no-pager", UNIT, check=False).stdout
            pytest.fail(f"after {limit_s} s: {shown}\n{machine.journal(UNIT)}")
        time.sleep(0.05)
    return time.monotonic() - start_s


def told(drill: str, seconds: float) -> None:
    """Says how long something took, for `pytest -s -m drill`."""
    print(f"\n{drill}: {seconds:.1f} s")


def restarted(machine: Machine, before: int, unit: str = UNIT) -> Callable[[], bool]:
    """Whether the service is ready again, as another process."""

    def look() -> bool:
        state, pid = machine.show(unit, "ActiveState", "MainPID")
        return state == "active" and int(pid) not in (0, before)

    return look


def events(machine: Machine) -> list[dict[str, object]]:
    """What the service wrote into its file."""
    text = machine.run("cat", LETTERS, check=False).stdout
    return [json.loads(line) for line in text.splitlines()]


def letters(machine: Machine) -> int:
    return sum(event["event"] == "letter" for event in events(machine))


def status(machine: Machine) -> str:
    return machine.show(UNIT, "StatusText")[0]


def test_started(machine: Machine, running: Callable[..., int]) -> None:
    """It is ready when `systemctl start` returns, says its rate, and spells."""
    start_s = time.monotonic()
    running()
    told("start to ready", time.monotonic() - start_s)
    wait_until(lambda: "frames a second" in status(machine), 5, machine)
    wait_until(lambda: letters(machine) >= 5, 10, machine)
    assert events(machine)[-1]["text"].startswith("HELLO"[:1])


def test_not_ready_before_the_first_picture(machine: Machine, configure: Configure) -> None:
    """A camera that gives none keeps the service starting; with the first one it is ready."""
    configure(f'source = "faulty:HELLO?fault=hang&after=0&until={MENDED}&live=yes"\n' + TO_FILE)
    machine.run("systemctl", "start", "--no-block", UNIT)
    wait_until(lambda: main_pid(machine), 5, machine)
    time.sleep(4)  # by now it would be ready with a camera
    assert machine.show(UNIT, "ActiveState") == ["activating"], machine.journal(UNIT)
    machine.run("touch", MENDED)
    told("mended camera to ready", wait_until(restarted(machine, 0), 30, machine))
    wait_until(lambda: letters(machine), 10, machine)
    assert machine.show(UNIT, "NRestarts") == ["0"]


def test_killed(machine: Machine, running: Callable[..., int]) -> None:
    """kill -9: within five seconds it is ready again, and letters flow."""
    before = running()
    machine.run("kill", "-KILL", str(before))
    took_s = wait_until(restarted(machine, before), 5, machine)
    told("kill -9 to ready", took_s)
    took_s += wait_until(lambda: letters(machine), 10, machine)
    told("kill -9 to the first letter", took_s)
    assert machine.show(UNIT, "NRestarts") == ["1"]


def test_stopped_loop(machine: Machine, running: Callable[..., int]) -> None:
    """A process that stands still (SIGSTOP) is killed by the watchdog and started again."""
    before = running()
    machine.run("kill", "-STOP", str(before))
    took_s = wait_until(restarted(machine, before), WATCHDOG_S + 8, machine)
    assert "Watchdog timeout" in machine.journal(UNIT)
    took_s += wait_until(lambda: letters(machine), 10, machine)
    told("SIGSTOP to the first letter", took_s)


def test_out_of_memory(machine: Machine, running: Callable[..., int]) -> None:
    """A process that gets no more memory, as after a long leak, ends and is started again."""
    before = running()
    as_itself = ("setpriv", "--reuid=fingerspell", "--regid=fingerspell", "--clear-groups")
    machine.run(*as_itself, "prlimit", f"--pid={before}", "--data=1000000:1000000")
    took_s = wait_until(restarted(machine, before), WATCHDOG_S + 8, machine)
    took_s += wait_until(lambda: letters(machine), 10, machine)
    told("no more memory to the first letter", took_s)


def test_stalled_reader(machine: Machine, running: Callable[..., int]) -> None:
    """A reader that takes nothing does not hold the service, and gets the letters when it reads."""
    machine.run("sh", "-c", f"mkfifo {FIFO} && chown fingerspell {FIFO}")
    # A reader that does not read, and a pipe that is full: a line written now would wait for ever.
    reader = f"systemd-run --unit=reader --quiet sh -c 'exec sleep infinity 3<>{FIFO}'"
    machine.run("sh", "-c", reader)
    machine.run("sh", "-c", f"timeout 1 cat /dev/zero > {FIFO}", check=False)
    before = running(SIGNER + f'sink = ["jsonl:{FIFO}"]\n')
    try:
        time.sleep(WATCHDOG_S + 5)
        assert main_pid(machine) == before
        read = machine.run("sh", "-c", f"timeout 3 cat {FIFO} | tr -d '\\0'", check=False).stdout
        assert read.count('"letter"') > 5
        assert main_pid(machine) == before
        assert "Watchdog timeout" not in machine.journal(UNIT)
    finally:
        machine.run("sh", "-c", f"systemctl stop reader; rm {FIFO}")


def test_killed_camera(machine: Machine, running: Callable[..., int]) -> None:
    """The camera's process dies: it is opened again, by the same service, and letters flow on."""
    before = running('source = "faulty:HELLO?live=yes"\n' + TO_FILE)
    (child,) = machine.run("cat", f"/proc/{before}/task/{before}/children").stdout.split()
    read = letters(machine)
    machine.run("kill", "-KILL", child)
    took_s = wait_until(lambda: letters(machine) > read, 10, machine)
    told("killed camera to the next letter", took_s)
    assert main_pid(machine) == before
    assert machine.show(UNIT, "NRestarts") == ["0"]
    assert machine.run("cat", f"/proc/{before}/task/{before}/children").stdout.split() != [child]


def test_hung_camera(machine: Machine, running: Callable[..., int]) -> None:
    """A driver that never returns costs its process, and not the service's: the watchdog rests."""
    state = f"{STATE}/faulty"
    source = f"faulty:HELLO?fault=hang&after=3&state={state}&live=yes"
    before = running(f'source = "{source}"\n{TO_FILE}[camera]\nstall_s = 1.5\n')
    try:
        wait_until(lambda: "works again" in machine.journal(UNIT), 25, machine)
        read = letters(machine)
        wait_until(lambda: letters(machine) > read, 15, machine)
        said = machine.journal(UNIT)
    finally:
        machine.run("rm", "-f", state)
    assert "has sent nothing for 1.5 s" in said
    hung_s = re.search(r"works again after ([\d.]+) s", said)
    assert hung_s
    told("hung camera to pictures, 1.5 s of it stall_s", float(hung_s[1]))
    assert main_pid(machine) == before
    assert machine.show(UNIT, "NRestarts") == ["0"]


def test_network_camera_and_health_page(machine: Machine, running: Callable[..., int]) -> None:
    """Under all its hardening the service reads a stream, and tells of it over the network.

    The stream stalls, and the page says so; it goes on, and so does the service.
    """
    send = "from tests.support.mjpeg_server import *\n"
    send += "with serve(Camera()) as c: print(c.url, flush=True); "
    libraries = machine.show(UNIT, "Environment")[0].split()
    python = ("/opt/fingerspell/venv/bin/python", "-c", send + "time.sleep(999)")
    camera = subprocess.Popen(
        machine.entering("env", *libraries, *python), stdout=subprocess.PIPE, text=True
    )
    try:
        url = camera.stdout.readline().strip()
        before = running(
            f'source = "video:{url}#timeout=2"\nsink = ["metrics:127.0.0.1:9109"]\n'
            "[camera]\nstall_s = 2\nfrozen_s = 0\n"
        )
        wait_until(lambda: health(machine)["status"] == "ok", 10, machine)
        (server,) = descendants(camera.pid)[-1:]
        os.kill(server, signal.SIGSTOP)
        wait_until(lambda: health(machine)["status"] != "ok", 20, machine)
        assert health(machine)["trouble"]
        os.kill(server, signal.SIGCONT)
        told("stream that stalled to pictures",
             wait_until(lambda: health(machine)["status"] == "ok", 30, machine))  # fmt: skip
    finally:
        for process in descendants(camera.pid):
            os.kill(process, signal.SIGKILL)
        camera.kill()  # nsenter itself, which stops where what it runs is stopped
        camera.communicate()
    assert main_pid(machine) == before


def health(machine: Machine) -> dict[str, object]:
    """What the health page says."""
    code = (
        "import urllib.request, urllib.error\n"
        "try: page = urllib.request.urlopen('http://127.0.0.1:9109/healthz', timeout=5)\n"
        "except urllib.error.HTTPError as error: page = error\n"
        "print(page.read().decode())"
    )
    python = machine.show(UNIT, "Environment")[0].split()
    return json.loads(
        machine.run("env", *python, "/opt/fingerspell/venv/bin/python", "-c", code).stdout
    )


def test_no_camera_at_the_start(machine: Machine, configure: Configure) -> None:
    """The service waits for it as long as it takes, says so, and can be stopped meanwhile."""
    configure((ROOT / "systemd" / "fingerspell.toml").read_text())
    machine.run("systemctl", "start", "--no-block", UNIT)
    wait_until(lambda: "there is no camera usb:0" in machine.journal(UNIT), 10, machine)
    time.sleep(2)
    assert machine.show(UNIT, "ActiveState", "NRestarts") == ["activating", "0"]
    start_s = time.monotonic()
    machine.run("systemctl", "stop", UNIT)
    assert time.monotonic() - start_s < patience_s(2)
    assert machine.show(UNIT, "Result") == ["success"]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ('sauce = "usb:0"\n', "2", "there is no setting sauce"),
        (SIGNER + 'model = "/nowhere/mine"\n', None, "mine"),
    ],
    ids=["a setting that there is not", "a model that there is not"],
)
def test_what_does_not_mend_itself(
    machine: Machine, configure: Configure, text: str, status: str, said: str
) -> None:
    """It fails at once, says why in one line, and is not tried again."""
    configure(text)
    start_s = time.monotonic()
    assert machine.run("systemctl", "start", UNIT, check=False).returncode != 0
    told("wrong configuration to failed", time.monotonic() - start_s)
    time.sleep(2)  # more than RestartSec
    state, restarts, code = machine.show(UNIT, "ActiveState", "NRestarts", "ExecMainStatus")
    assert (state, restarts) == ("failed", "0")
    assert code in ({status} if status else {"2", "4"})
    journal = machine.journal(UNIT)
    assert journal.count(said) == 1
    assert "Traceback" not in journal


def test_stopped(machine: Machine, running: Callable[..., int]) -> None:
    """systemctl stop: a clean end within two seconds, with the last event written."""
    running()
    wait_until(lambda: letters(machine) >= 2, 10, machine)
    start_s = time.monotonic()
    machine.run("systemctl", "stop", UNIT)
    took_s = time.monotonic() - start_s
    told("systemctl stop", took_s)
    assert took_s < patience_s(2)
    state, result, code = machine.show(UNIT, "ActiveState", "Result", "ExecMainStatus")
    assert (state, result, code) == ("inactive", "success", "0")
    assert events(machine)[-1]["event"] == "end"


def test_stopped_while_its_camera_hangs(machine: Machine, running: Callable[..., int]) -> None:
    """Neither does a camera that hangs keep it from ending."""
    running('source = "faulty:HELLO?fault=hang&after=2&live=yes"\n' + TO_FILE)
    time.sleep(3)
    start_s = time.monotonic()
    machine.run("systemctl", "stop", UNIT)
    assert time.monotonic() - start_s < patience_s(2)
    assert machine.show(UNIT, "Result", "ExecMainStatus") == ["success", "0"]
    assert events(machine)[-1]["event"] == "end"


def test_crash_loop(machine: Machine, configure: Configure) -> None:
    """What fails at each start is given up within its limit, and says so as "failed"."""
    configure(SIGNER + 'sink = ["jsonl:/nowhere/letters.jsonl"]\n')
    machine.run("systemctl", "start", UNIT, check=False)
    took_s = wait_until(
        lambda: machine.show(UNIT, "ActiveState", "SubState") == ["failed", "failed"], 150, machine
    )
    told("crash loop to failed", took_s)
    assert "Start request repeated too quickly" in machine.journal(UNIT)


def test_kiosk(machine: Machine, running: Callable[..., int]) -> None:
    """It takes the service's place, under the same watchdog, with a window and the journal."""
    running(SIGNER)
    before = running(SIGNER, KIOSK)
    assert machine.show(UNIT, "ActiveState", "Result") == ["inactive", "success"]
    wait_until(lambda: '"letter"' in machine.journal(KIOSK), 10, machine)
    machine.run("kill", "-STOP", str(before))
    wait_until(restarted(machine, before, KIOSK), WATCHDOG_S + 8, machine)


def test_reboot(installed: tuple[Path, list[str]], configure: Configure) -> None:
    """After a reboot it starts by itself."""
    etc, binds = installed
    configure(SIGNER + TO_FILE)
    with boot(LIVE, etc, options=binds) as machine:
        machine.run("systemctl", "enable", "--quiet", UNIT)
        assert machine.show(UNIT, "ActiveState") == ["inactive"]
        machine.run("systemctl", "reboot")
        assert machine.nspawn.wait(timeout=patience_s(30)) == 133  # nspawn's own for "again"
    start_s = time.monotonic()
    with boot(LIVE, etc, options=binds) as machine:
        wait_until(lambda: letters(machine), 20, machine)
        told("boot to the first letter", time.monotonic() - start_s)
        machine.run("systemctl", "disable", "--quiet", UNIT)
