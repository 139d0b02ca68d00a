"""What the README and its like say of tests, files and figures is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.measure import result

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_readme_names_is_there() -> None:
    """Each row of the table of faults rests on a test; a case in brackets is one of its own."""
    readme = (ROOT / "README.md").read_text()
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))
    named = re.findall(r"`(test_\w+)(?:\[(\w+)\])?`", readme)
    assert len(named) > 20
    for name, case in named:
        assert f"def {name}(" in tests, name
        assert not case or f'"{case}"' in tests, f"{name}[{case}]"


def test_every_file_that_the_documents_name_is_there() -> None:
    """A link or a test's file that is gone is a dead end."""
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        text = document.read_text()
        links = re.findall(r"\]\((?!http|#)([^)#]+)", text)
        for link in links:
            assert (document.parent / link).exists(), f"{document.name}: {link}"
        for file in re.findall(r"tests/\w+\.(?:py|sh)|systemd/[\w.-]+\w", text):
            assert (ROOT / file).exists(), f"{document.name}: {file}"


BOARD = ROOT / "benchmarks" / "results" / "xeon-2-cores"


@pytest.mark.parametrize(
    ("row", "file", "kind"),
    [
        ("tracked, full landmark model", "latency", "tracked"),
        ("tracked, lite", "latency-lite", "tracked"),
        ("searching, full", "latency", "searching"),
        ("searching, lite", "latency-lite", "searching"),
        ("idle", "latency", "idle"),
    ],
)
def test_the_latencies_of_the_readme_were_measured(row: str, file: str, kind: str) -> None:
    """Digit for digit those of the reference result, and of ten quiet minutes."""
    found = result.read(BOARD / f"{file}.json")
    told = re.search(rf"^\| {row} \|(.+)\|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert told
    times = [cell.strip() for cell in told[1].split("|")][: len(result.QUANTILES)]
    assert times == [f"{found['frames'][kind]['frame_ms'][q]:.2f}" for q in result.QUANTILES]
    assert found["seconds"] >= 600
    assert found["conditions"]["warnings"] == []
