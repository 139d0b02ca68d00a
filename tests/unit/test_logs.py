"""How log lines look."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

SAY = """
import logging, sys
from edge.running import logs
logs.set_up(sys.argv[1])
logging.getLogger("edge.running.load").warning("hot", extra={"fields": {"temperature_c": 77.5}})
logging.getLogger("edge.running.health").info("a minute")
"""


def say(style: str, **environ: str) -> list[str]:
    """What a fresh process says on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", SAY, style],
        stderr=subprocess.PIPE, text=True, check=True, env=os.environ | environ,
    )  # fmt: skip
    return done.stderr.splitlines()


def test_people_read_a_line() -> None:
    """Who speaks, and what."""
    assert say("text") == ["fingerspell: hot", "fingerspell: a minute"]


def test_programs_read_an_object_a_line() -> None:
    """With the fields of the record beside its message."""
    hot, minute = map(json.loads, say("json"))
    assert hot["level"] == "warning"
    assert hot["from"] == "edge.running.load"
    assert hot["message"] == "hot"
    assert hot["temperature_c"] == 77.5
    assert minute["time"].endswith("+00:00")


def test_the_journal_reads_priorities() -> None:
    """Where stderr is the journal's, as $JOURNAL_STREAM says."""

    def journal(style: str) -> list[str]:
        reader, writer = os.pipe()
        there = os.fstat(writer)
        subprocess.run(
            [sys.executable, "-c", SAY, style], stderr=writer, check=True,
            env=os.environ | {"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"},
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as lines:
            return lines.read().splitlines()

    assert journal("text") == ["<4>hot", "<6>a minute"]
    assert journal("json")[0].startswith('<4>{"time":')
    assert say("text", JOURNAL_STREAM="1:2")[0] == "fingerspell: hot"  # of somebody else


def test_nobody_need_listen() -> None:
    """A closed stderr is no reason to end."""
    command = f"{sys.executable} -c '{SAY}' text 2>&-"
    assert subprocess.run(command, shell=True, check=False).returncode == 0


def test_set_up_again_changes_the_style(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is said once."""
    from edge.running import logs

    before = logging.getLogger().level
    try:
        logs.set_up("text")
        logs.set_up("json")
        logging.getLogger("edge").warning("once")
        lines = capsys.readouterr().err.splitlines()
        assert [json.loads(line)["message"] for line in lines] == ["once"]
    finally:
        for handler in logging.getLogger().handlers[:]:
            if isinstance(handler, logs.Stderr):
                logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(before)
