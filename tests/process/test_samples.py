"""The output that documents show is what their commands print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.support.command_line import ROOT, fingerspell

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def samples() -> Iterator[tuple[str, str, list[str]]]:
    """Page, command and output lines of each block that begins with "$ COMMAND"."""
    for page in PAGES:
        for block in re.findall(
            r"^```console\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL
        ):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, *lines = part.splitlines()
                yield page.name, command, lines


def pattern(lines: list[str]) -> str:
    """A regular expression for the lines: "..." is anything, and a decimal number is any other.

    Scores and coordinates differ a little from processor to processor; labels, texts, times and
    frame numbers do not.
    """
    expected = ""
    for line in lines:
        if line == "...":
            expected += r"(?:.*\n)*?"
        else:
            parts = (re.escape(part) for part in line.split("..."))
            expected += re.sub(r"\d+\\\.\d+", r"[\\d.e-]+", ".*".join(parts)) + r"\n"
    return expected


SAMPLES = list(samples())


def test_there_are_samples() -> None:
    """The next test would pass over an empty list."""
    assert len(SAMPLES) >= 3


@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize(("page", "command", "lines"), SAMPLES, ids=[c for _, c, _ in SAMPLES])
def test_samples_are_printed(
    page: str, command: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line by line, without errors; paths are those of the repository."""
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(command)
    assert program == "fingerspell"
    done = fingerspell(*arguments)
    assert done.stderr == ""
    assert re.fullmatch(pattern(lines), done.stdout), f"{page}: {done.stdout}"
