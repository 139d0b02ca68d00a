"""What the documents name exists: files, links, tests, commands, flags, figures and settings."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.measure import result
from edge.commands.cli import main
from edge.commands.config import template
from edge.config import Config, load
from edge.recognise import Recogniser
from edge.stages import Sink, Source
from edge.types import Box, End, Event, Frame, Hand, Result

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCUMENTS = [README, CONTRIBUTING, ROOT / "MODEL_CARD.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = ROOT / "systemd" / "fingerspell.toml"
BOARD = ROOT / "benchmarks" / "results" / "xeon-2-cores"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_WORDS = 1300  # of the README
MOST_LINES = 40  # of the map


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of a language, "" for those that name none."""
    return [text for name, text in FENCE.findall(document.read_text()) if name == language]


def test_the_readme_is_short() -> None:
    """One page: details belong into docs/."""
    assert len(README.read_text().split()) <= MOST_WORDS


def test_each_page_is_linked_from_the_readme() -> None:
    """A page that nothing links to is not found."""
    for page in (ROOT / "docs").glob("*.md"):
        assert f"](docs/{page.name})" in README.read_text(), page.name


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_files_exist(document: Path) -> None:
    """Links lead to a file, and to a heading of it; a path in backticks is one of a file."""
    text = FENCE.sub("", document.read_text())
    for link, anchor in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", text):
        target = (document.parent / link).resolve() if link else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), f"{link}#{anchor}"
    folders = "edge|train|convert|benchmarks|tests|systemd|docs"
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", text):
        if not re.search(r"\b(NAME|KIND)\b", path):
            assert (ROOT / path).exists(), path


def test_each_fault_is_shown_by_a_test() -> None:
    """Each row of the table of faults names a test; in brackets, one of its cases."""
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    (table,) = re.findall(
        r"^\| fault \|.*?\n\n", (ROOT / "docs/service.md").read_text(), re.MULTILINE | re.DOTALL
    )
    for row in table.strip().splitlines()[2:]:
        named = re.findall(r"`(?:(test_\w+))?(?:\[(\w+)\])?`", row.split("|")[-2])
        assert named, row
        for name, case in named:
            assert not name or f"def {name}(" in tests, name
            assert not case or f'"{case}"' in tests, case


def commands(document: Path) -> Iterator[list[str]]:
    """Each command of a page, in blocks and in backticks, as a list of words."""
    text = document.read_text()
    lines = [line for block in blocks(document, "") for line in _joined(block)]
    for block in blocks(document, "console"):
        lines += [line.removeprefix("$ ") for line in _joined(block) if line.startswith("$ ")]
    for span in re.findall(r"`([^`]+)`", FENCE.sub("", text)):
        lines.append(" ".join(span.split()))
    for line in lines:
        if not re.search(r"\b(fingerspell|python|make|install\.sh)\b", line):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*_lexed(lexer), ";"]:
            if re.fullmatch(r"[;&|<>()]+", word):
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def _joined(block: str) -> list[str]:
    return re.sub(r"\\\n\s*", "", block).splitlines()


def _lexed(lexer: shlex.shlex) -> Iterator[str]:
    try:
        yield from lexer
    except ValueError:  # an apostrophe: this is prose or output
        return


ALL_COMMANDS = [(page.name, words) for page in DOCUMENTS for words in commands(page)]


def flags(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def test_documented_commands_of_fingerspell_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command, and each flag that a page gives it, is one that --help shows."""
    shown: dict[str, str] = {}
    found = 0
    for page, words in ALL_COMMANDS:
        if words[0] != "fingerspell" or len(words) < 2 or words[1] == "...":
            continue
        command = words[1]
        if command not in shown:
            with pytest.raises(SystemExit) as ended:
                main([command, "--help"])
            assert ended.value.code == 0, f"{page}: fingerspell {command}"
            shown[command] = capsys.readouterr().out
        known = set(re.findall(r"--[a-z-]+", shown[command]))
        assert flags(words) <= known, f"{page}: {' '.join(words)}"
        found += 1
    assert found > 20


def shown_flags(module: str, wanted: set[str]) -> set[str]:
    """The flags that --help shows, which is run only where the module's text lacks a flag."""
    if not wanted:
        return set()
    shown = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"--[a-z-]+", shown.stdout))


def test_documented_modules_and_their_flags_exist() -> None:
    """`python -m MODULE --flag`: there is such a module, and it has a flag of that name."""
    found = 0
    for page, words in ALL_COMMANDS:
        if "-m" not in words or not re.search(r"\bpython$", words[words.index("-m") - 1]):
            continue
        name, *rest = words[words.index("-m") + 1 :]
        if name in ("pip", "pytest", "venv") or name.endswith("NAME"):
            continue
        path = ROOT.joinpath(*name.split("."))
        folder = path if (path / "__main__.py").exists() else path.parent
        assert folder == path or path.with_suffix(".py").exists(), f"{page}: {name}"
        text = "\n".join(file.read_text() for file in folder.glob("*.py"))
        unnamed = {flag for flag in flags(rest) if f'"{flag}"' not in text}
        assert unnamed <= shown_flags(name, unnamed), f"{page}: {name} {unnamed}"
        found += 1
    assert found > 20


def test_documented_targets_of_make_exist() -> None:
    """`make TARGET`, and the options of install.sh."""
    makefile = (ROOT / "Makefile").read_text()
    install = (ROOT / "systemd/install.sh").read_text()
    for page, words in ALL_COMMANDS:
        if words[0] == "make":
            for target in words[1:]:
                if "=" not in target:
                    assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page}: {target}"
        if any(word.endswith("systemd/install.sh") for word in words):
            for flag in flags(words):
                assert flag in install, f"{page}: {flag}"


def test_the_map_is_true() -> None:
    """Each path of CONTRIBUTING's map exists, and each room of edge is in it."""
    drawn = blocks(CONTRIBUTING, "")[0].splitlines()
    assert len(drawn) <= MOST_LINES
    there, within = set(), ROOT
    for line in drawn:
        match = re.match(r"( *)((?:[\w.-]+/?(?: |$))+)", line)
        assert match, line
        names = re.findall(r"[\w.-]+(?:/|\.py)", match[2]) if match[1] else [match[2].strip()]
        if not match[1]:
            within = ROOT / names[0]
        for name in names:
            path = within / name if match[1] else within
            assert path.exists(), line
            there.add(path)
    rooms = {path.parent for path in (ROOT / "edge").glob("*/__init__.py")}
    files = {path for path in (ROOT / "edge").glob("*.py") if path.name[0] != "_"}
    assert {path.name for path in (rooms | files) - there} == set()


def example(first_line: str) -> dict[str, Any]:
    """Runs the example of CONTRIBUTING that defines a class; returns what it defines."""
    (code,) = [code for code in blocks(CONTRIBUTING, "python") if first_line in code]
    defined: dict[str, Any] = {}
    exec(code, defined)
    return defined


def test_the_examples_work(capsys: pytest.CaptureFixture[str]) -> None:
    """CONTRIBUTING's source, recogniser and sink can be put behind each other."""
    source = example("class Grey")["open"]("3")
    recogniser = example("class Waves")["open"](Path("waves.json"), Config(), 0)
    sink = example("class Tally")["open"]("")
    assert isinstance(source, Source)
    assert isinstance(sink, Sink)
    parts = [name for name in vars(Recogniser) if not name.startswith("_")]
    assert [name for name in parts if not hasattr(recogniser, name)] == []
    hand = Hand(np.zeros((21, 3), np.float32), Box(0, 0, 1, 1), "right", presence=1.0)
    for frame in source.frames():
        assert isinstance(frame, Frame)
        hands = (hand,) if frame.index else ()
        signs = recogniser.update(frame, hands)
        events = tuple(Event("letter", s.label, s.score, s.t_ns, s.label) for s in signs)
        assert sink.write(Result(frame, hands, None, events, "", {})) is None
    sink.close(End("A", 3, 0))
    source.close()
    assert capsys.readouterr().out == "1\n"


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
def test_the_latencies_were_measured(row: str, file: str, kind: str) -> None:
    """Digit for digit those of the reference result, and of ten quiet minutes."""
    found = result.read(BOARD / f"{file}.json")
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    written = re.search(rf"^\| {row} \|(.+)\|$", page, re.MULTILINE)
    assert written
    times = [cell.strip() for cell in written[1].split("|")][: len(result.QUANTILES)]
    assert times == [f"{found['frames'][kind]['frame_ms'][q]:.2f}" for q in result.QUANTILES]
    assert found["seconds"] >= 600
    assert found["conditions"]["warnings"] == []


def test_the_accuracy_of_the_readme_was_measured() -> None:
    """The rows of the README about real clips have the figures of clips.json."""
    groups = json.loads((ROOT / "benchmarks" / "results" / "clips.json").read_text())
    shown = [group for group in groups.values() if group["letters"]]
    edits, letters = (sum(group[key] for group in shown) for key in ("edits", "letters"))
    signs, hands = (groups[f"no_letters/{name}"]["false_an_hour"] for name in ("signs", "hands"))
    text = README.read_text()
    assert f"| {edits} of {letters} letters wrong ({100 * edits / letters:.1f} %) |" in text
    assert f"| {signs:.0f} false letters an hour |" in text
    assert f"| {hands:.0f} false letters an hour |" in text


IN_SERVICE = {"source": "usb:0", "sink": ["jsonl:-"], "camera.wait": True}


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"camera": {"wait": True}} -> {"camera.wait": True}; tuples become lists, as in TOML."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            values |= flat(value, f"{prefix}{key}.")
        else:
            values[prefix + key] = list(value) if isinstance(value, tuple) else value
    return values


def test_the_sample_settings_are_complete() -> None:
    """Every setting is there once: a comment shows its default, or the service needs another."""
    text = SETTINGS.read_text()
    defaults = flat(asdict(Config()))
    assert flat(tomllib.loads(text)) == IN_SERVICE
    shown = flat(tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)))
    missing = [f"# {name} = {value!r}" for name, value in defaults.items() if name not in shown]
    assert not missing, f"systemd/fingerspell.toml lacks {missing}"
    assert shown == defaults | IN_SERVICE


def test_the_written_settings_are_those_of_the_service() -> None:
    """`config --write` shows every default, and explains each table as the service's file does."""
    text, service = template(), SETTINGS.read_text()
    shown = flat(tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)))
    assert shown == flat(asdict(Config()))
    assert text.partition("[text]")[2] == service.partition("[text]")[2]


@pytest.mark.parametrize("comments", [True, False], ids=["as it is", "every line in use"])
def test_the_sample_settings_can_be_loaded(comments: bool, tmp_path: Path) -> None:
    """As they are, and with each line that shows a default in use."""
    text = SETTINGS.read_text()
    if not comments:
        text = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    (tmp_path / "settings.toml").write_text(text)
    default = Config()
    assert load(tmp_path / "settings.toml", {}) == replace(
        default, source="usb:0", sink=("jsonl:-",), camera=replace(default.camera, wait=True)
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_settings_in_documents_can_be_loaded(document: Path, tmp_path: Path) -> None:
    """Each block of TOML is a file of settings."""
    for number, block in enumerate(blocks(document, "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(block)
        load(path, {})
