"""`fingerspell run`, and the ways in which it ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from edge.running.stop import true_interrupts
from tests.support.command_line import (
    ROOT,
    TIMEOUT_S,
    command,
    environment,
    events,
    fingerspell,
    running,
    started,
)

LIVE = "signer:HELLO?loop=yes&live=yes"


def test_a_run_tells_events_and_ends(tmp_path: Path) -> None:
    """Flags beat the file; the last line is the end, with every frame counted."""
    file = tmp_path / "fingerspell.toml"
    file.write_text('source = "usb:99"\ndetector = "truth"\n')
    done = fingerspell("run", "--config", file, "--source", "signer:A", "--sink", "jsonl:-")
    assert (done.returncode, done.stderr) == (0, "")
    *told, end = events(done.stdout)
    assert (told[0]["event"], told[0]["label"]) == ("hand", "found")
    assert end.keys() == {"event", "text", "frames", "dropped"}
    assert (end["event"], end["dropped"]) == ("end", 0)
    assert end["frames"] > 10


@pytest.mark.usefixtures("hand_models")
def test_the_last_text_has_no_space_at_its_end() -> None:
    """A run that ends in a pause, after the space was made, ends with the words alone."""
    done = fingerspell(
        *("run", "--source", "signer:HI?speed=0.3", "--sink", "jsonl:-", "--detector", "truth")
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines].count("space") == 1
    assert lines[-1]["text"] == "HI"


def test_the_file_of_a_run_is_whole(tmp_path: Path) -> None:
    """Each of its lines is JSON, and stdout stays empty."""
    path = tmp_path / "out.jsonl"
    done = fingerspell(
        "run", "--source", "signer:A", "--detector", "truth", "--sink", f"jsonl:{path}"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert events(path.read_text())[-1]["event"] == "end"


def test_max_seconds_ends_a_run() -> None:
    """A source without an end is left after that time, as if it had ended."""
    start = time.monotonic()
    done = fingerspell("run", "--source", LIVE, "--detector", "truth", "--max-seconds", "0.5")
    assert (done.returncode, done.stderr) == (0, "")
    assert events(done.stdout)[-1]["event"] == "end"
    assert time.monotonic() - start >= 0.5


def test_ctrl_c_ends_a_run_in_order() -> None:
    """The end is still told, then one line; the exit code is a shell's for Ctrl-C."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        assert first["label"] == "found"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (130, "fingerspell: stopped\n")
    assert events(out)[-1]["event"] == "end"


def test_sigterm_ends_a_run_in_order() -> None:
    """A service that is stopped has not failed."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (0, "")
    assert events(out)[-1]["event"] == "end"


@pytest.mark.parametrize(("view", "times"), [("", 0), ("&rotate=180", 1)])
def test_hands_that_are_seen_only_turned_are_told_once(view: str, times: int) -> None:
    """As by a camera that hangs upside down; spelling before an upright one is no reason to."""
    text = "HELLO WORLD " * 7 + f"?fps=5&size=160x120{view}"
    words = ("--detector", "truth", "--sink", "jsonl:/dev/null")
    done = fingerspell("run", "--source", f"signer:{text}", *words)
    assert done.returncode == 0
    assert done.stderr.count("\n") == done.stderr.count("option rotate=180 ") == times


@pytest.mark.parametrize("library", ["_multiarray_umath", "cv2.abi3", "_pywrap"])
def test_ctrl_c_while_libraries_are_loaded_is_one_line(library: str) -> None:
    """However early it comes, there is no traceback: numpy, OpenCV and LiteRT take a while."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        maps = Path(f"/proc/{process.pid}/maps")
        deadline = time.monotonic() + TIMEOUT_S
        while library not in maps.read_text():
            assert time.monotonic() < deadline, f"it never loaded {library}"
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (130, "fingerspell: stopped\n")
    assert not out or events(out)[-1]["event"] == "end"


@pytest.mark.parametrize(
    ("number", "status", "told"),
    [(signal.SIGTERM, 0, ""), (signal.SIGHUP, 0, ""), (signal.SIGINT, 130, "fingerspell: stopped")],
)
def test_a_signal_before_the_command_line_is_imported_ends_in_order(
    number: signal.Signals, status: int, told: str, tmp_path: Path
) -> None:
    """The first module that the command line imports sends the signal to its own process."""
    script = f"import os\nos.kill(os.getpid(), {int(number)})\n"
    (tmp_path / "argparse.py").write_text(script)
    done = started("run", "--source", LIVE, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.strip()) == (status, "", told)


def test_ctrl_c_that_a_library_takes_for_a_fault_is_ctrl_c() -> None:
    """An import that Ctrl-C broke says that something is missing: nothing is missing."""

    def load(*, broken_off: bool) -> None:
        with true_interrupts():
            try:
                if broken_off:
                    signal.raise_signal(signal.SIGINT)
            finally:
                raise ImportError("half a library")

    with pytest.raises(KeyboardInterrupt):
        load(broken_off=True)
    with pytest.raises(ImportError):
        load(broken_off=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_run_whose_reader_goes_away_ends_quietly() -> None:
    """As in `fingerspell run | head -1`."""
    with running("run", "--source", LIVE, "--detector", "truth") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT_S) == 0


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_a_run_needs_neither_stdin_nor_stderr(closed: str) -> None:
    """Nor does a file that is opened take their place, to be written to by libraries."""
    words = command(["run", "--source", "faulty:A?fault=end&after=2", "--detector", "truth"])
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *words, "--sink", "jsonl:-"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0
    assert "A" in [e.get("label") for e in events(done.stdout) if e["event"] == "letter"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_run_is_unhealthy_while_a_sink_fails(tmp_path: Path) -> None:
    """Over HTTP, from the first letter that is lost to the end; the status says it, too."""
    pytest.importorskip("prometheus_client")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["run", "--source", LIVE, "--detector", "truth", "--sink", f"metrics:{port}"]
    for path in (tmp_path / "kept.jsonl", "/dev/full"):
        words += ["--sink", f"jsonl:{path}"]
    with running(*words) as process:
        deadline = time.monotonic() + TIMEOUT_S
        state: dict[str, Any] = {}
        while state.get("status") != "unhealthy":
            assert time.monotonic() < deadline, f"it is healthy: {state}"
            time.sleep(0.05)
            with contextlib.suppress(ConnectionError):
                state = _health(port)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert state["reason"].startswith("jsonl:/dev/full: cannot write to /dev/full: No space")
    assert state["events_lost"] > 0
    assert process.returncode == 5
    assert "works again" not in err
    assert events((tmp_path / "kept.jsonl").read_text())[-1]["event"] == "end"


def _health(port: int) -> dict[str, Any]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    with contextlib.closing(client):
        client.request("GET", "/healthz")
        state: dict[str, Any] = json.load(client.getresponse())
        return state
