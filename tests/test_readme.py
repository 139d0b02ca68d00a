"""What the README says of the tests is so."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


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
