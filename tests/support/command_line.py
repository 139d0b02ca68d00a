"""The commands as a user starts them, in this process or in one of their own, and what they say."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from edge.commands.cli import main
from tests.support.patience import patience_s

ROOT = Path(__file__).parents[2]
TIMEOUT_S = patience_s(60)


PLUGINS = Path(__file__).parent / "plugins"
# `fingerspell` with the sinks of PLUGINS besides its own: plug-ins are found by their files.
WITH_PLUGINS = f"""
import sys
import edge.sinks
edge.sinks.__path__.append({str(PLUGINS)!r})
from edge.commands.cli import main
sys.exit(main())
"""


# Runs a command that may take so many bytes more than Python has when it begins.
IN_LITTLE_MEMORY = """
import resource, sys
from edge.commands.cli import main

pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
sys.exit(main(sys.argv[2:]))
"""


def command(arguments: Sequence[str | Path], *, plugins: bool = False) -> list[str]:
    """The command line of `fingerspell`; plugins: with the sinks of PLUGINS besides its own."""
    way = ("-c", WITH_PLUGINS) if plugins else ("-m", "edge")
    return [sys.executable, *way, *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """The environment without a screen, so that a run writes JSON lines."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | changes


def fingerspell(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end, in this process; `changes` are of the environment.

    What it writes to stdout and stderr is caught below Python, where libraries write too.
    """
    words = [str(word) for word in arguments]
    with (
        _environment_of(changes),
        logs_kept(),
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        with _caught("stdout", out), _caught("stderr", err):
            try:
                code = main(words)
            except SystemExit as left:  # argparse
                code = int(left.code or 0)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, code, out.read(), err.read())


@contextmanager
def _environment_of(changes: dict[str, str]) -> Iterator[None]:
    """environment(), for a while; variables that libraries set in the meantime stay."""
    kept = {name: os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", *changes)}
    try:
        for name in kept:
            os.environ.pop(name, None)
        os.environ.update(changes)
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _caught(name: str, file: IO[str]) -> Iterator[None]:
    """Lets sys.stdout or sys.stderr, and its descriptor, be this file."""
    before = getattr(sys, name)
    number = {"stdout": 1, "stderr": 2}[name]
    kept = os.dup(number)
    before.flush()
    os.dup2(file.fileno(), number)
    setattr(sys, name, os.fdopen(os.dup(number), "w", encoding="utf-8"))
    try:
        yield
    finally:
        getattr(sys, name).close()
        setattr(sys, name, before)
        os.dup2(kept, number)
        os.close(kept)


@contextmanager
def logs_kept() -> Iterator[None]:
    """Leaves the root logger as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def started(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end, in a process of its own."""
    return subprocess.run(
        command(arguments),
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def in_little_memory(more_mb: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs one command, in a process that may take so much memory besides what Python has."""
    words = [sys.executable, "-c", IN_LITTLE_MEMORY, str(more_mb << 20), *map(str, arguments)]
    return subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, timeout=TIMEOUT_S, check=False,
        env=environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"),
    )  # fmt: skip


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on until it is told to end."""
    process = subprocess.Popen(
        command(arguments),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def fault(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on stderr of a command that failed with this exit code."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("fingerspell: ")
    return line.removeprefix("fingerspell: ")


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
