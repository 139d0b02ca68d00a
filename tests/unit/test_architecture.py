"""Who may import whom, as the house rules say; read from the source, nothing is run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("edge", "convert", "train", "benchmarks")
DEVICE = {"numpy", "cv2", "tqdm"}  # LiteRT is only interpreter.py's
LONGEST = 300  # lines; past 250 a module is asking to be two

# What the plug-ins may have from edge besides types, errors and their own package.
SOURCES = {
    "edge.sources.images": {"edge.decoding"},
    "edge.sources.usb": {"edge.cameras"},
    "edge.sources.picamera": {"edge.cameras"},
    "edge.sources.signer": {"edge.signer"},
    "edge.sources.faulty": {"edge.signer"},  # the signer as a camera that fails
    "edge.sources._capture": {"edge.decoding"},
    "edge.sources": {"edge.cameras"},  # the first camera that works
}
# Libraries that are optional, and who may ask for them.
EXTRAS = {
    "pygame": "edge.sinks.screen",
    "prometheus_client": "edge.sinks.metrics",
    "picamera2": "edge.cameras.listing",
    "libcamera": "edge.sources.picamera",
}
RUNTIMES = {"ai_edge_litert", "tflite_runtime"}
WORKSTATION = {"tensorflow", "keras", "sklearn", "matplotlib", "tqdm", "pandas", "mediapipe"}


def modules(package: str) -> list[Path]:
    """The files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    """edge/sinks/jsonl.py -> edge.sinks.jsonl; a package's __init__.py is the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or within."""
    return imported(ast.walk(ast.parse(path.read_text())))


def imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What these nodes import: `from a import b` is a.b if that is a module, else a."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "relative imports hide what is imported; say the whole name"
            assert not node.level, "relative imports hide what is imported; say the whole name"
            for alias in node.names:
                inner = ROOT.joinpath(*node.module.split("."), alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def within(name: str, packages: set[str]) -> bool:
    """Whether a module is one of `packages`, or inside one."""
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def top(name: str) -> str:
    return name.partition(".")[0]


EDGE = modules("edge")
ALL = [path for package in OURS for path in modules(package)]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name_of)


def test_the_files_are_found() -> None:
    """What follows would pass over an empty list."""
    assert {"edge.types", "edge.models.interpreter", "edge.sources.usb"} <= {
        name_of(p) for p in EDGE
    }
    assert "edge.types" in set(imports(ROOT / "edge" / "hands.py"))
    assert "edge.models.handmodels" in set(imports(ROOT / "edge" / "detectors" / "mediapipe.py"))


@pytest.mark.parametrize("name", ["types", "errors"])
def test_types_and_errors_stand_alone(name: str) -> None:
    """Everything rests on them; they rest on nothing of ours."""
    assert not [n for n in imports(ROOT / "edge" / f"{name}.py") if top(n) in OURS]


@each(EDGE)
def test_the_runtime_never_imports_the_workshop(path: Path) -> None:
    """train, convert and benchmarks may import edge; edge imports none of them."""
    assert not [n for n in imports(path) if top(n) in OURS and top(n) != "edge"]


@each(ALL)
def test_only_the_interpreter_knows_litert(path: Path) -> None:
    """One module can be changed when the runtime does."""
    found = {n for n in imports(path) if top(n) in RUNTIMES}
    assert not found or name_of(path) == "edge.models.interpreter"


@each(EDGE)
def test_a_device_needs_few_libraries(path: Path) -> None:
    """Any other library is an extra, and asked for by one module."""
    name = name_of(path)
    for library in {top(n) for n in imports(path)} - set(sys.stdlib_module_names) - set(OURS):
        if library in EXTRAS:
            assert within(name, {EXTRAS[library]}), f"{name} imports {library}"
        elif library not in RUNTIMES:
            assert library in DEVICE, f"{name} imports {library}"


@each([p for p in EDGE if within(name_of(p), {"edge.sources", "edge.sinks"})])
def test_sources_and_sinks_stand_apart(path: Path) -> None:
    """They know types, errors, their own package, and what the table above allows."""
    name = name_of(path)
    package = ".".join(name.split(".")[:2])
    allowed = {"edge.types", "edge.errors", "edge.plugins", package} | SOURCES.get(name, set())
    assert not [n for n in imports(path) if top(n) == "edge" and not within(n, allowed)]


@each([p for p in EDGE if within(name_of(p), {"edge.sources", "edge.sinks", "edge.detectors"})])
def test_plug_ins_do_not_know_each_other(path: Path) -> None:
    """One can be deleted, or written, without a look at another."""
    name = name_of(path)
    if name.count(".") < 2:
        return  # the package itself
    package, mine = name.rsplit(".", name.count(".") - 1)[0], ".".join(name.split(".")[:3])
    others = [
        n
        for n in imports(path)
        if n.startswith(f"{package}.")
        and not within(n, {mine})
        and not n.removeprefix(f"{package}.").startswith("_")
    ]
    assert not others


@each(modules("edge/capture"))
def test_capture_knows_sources_only(path: Path) -> None:
    """It opens them, guards them, and is none of the loop's business, nor of theirs."""
    allowed = {"edge.capture", "edge.sources", "edge.types", "edge.errors"}
    assert not [n for n in imports(path) if top(n) == "edge" and not within(n, allowed)]


@each(modules("edge/signer"))
def test_the_signer_stands_apart(path: Path) -> None:
    """It draws from its own package and types; it knows no model that could be tuned to it."""
    allowed = {"edge.signer", "edge.types", "edge.errors"}
    assert not [n for n in imports(path) if top(n) == "edge" and not within(n, allowed)]


@each(ALL)
def test_modules_are_short(path: Path) -> None:
    """A long module is two."""
    assert len(path.read_text().splitlines()) <= LONGEST


def test_the_command_line_starts_without_heavy_imports() -> None:
    """`fingerspell --help` waits for neither OpenCV nor LiteRT: cli imports nothing, at its top,
    that imports them at its own."""
    seen: set[str] = set()
    todo = ["edge.commands.cli"]
    while todo:
        name = todo.pop()
        if name in seen or top(name) != "edge":
            continue
        seen.add(name)
        path = ROOT.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        found = set(imported(ast.parse(path.read_text()).body))
        assert not {top(n) for n in found} & {"cv2", *RUNTIMES, *WORKSTATION}, name
        todo += found
