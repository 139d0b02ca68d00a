"""Who may import whom, as the house rules say; read from the source, nothing is run.

Each test goes through all files that its rule is for, and names every file that breaks it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("edge", "convert", "train", "benchmarks")
LONGEST = 300  # lines; past 250 a module is asking to be two

COMMON = {f"edge.{name}" for name in ("types", "stages", "errors", "joints", "plugins", "urls")}
# Rooms of which every file may import only these of edge, and files of its own room.
FREE_STANDING: dict[str, set[str]] = {
    "edge.types": set(),
    "edge.stages": {"edge.types"},
    "edge.errors": set(),
    "edge.joints": set(),
    "edge.plugins": set(),
    "edge.urls": set(),
    "edge.worker": set(),
    "edge.uploads": set(),
    "edge.sources": COMMON,
    "edge.sinks": COMMON | {"edge.worker"},
    "edge.signer": {"edge.types", "edge.errors", "edge.joints"},
    "edge.capture": {"edge.types", "edge.stages", "edge.errors", "edge.sources"},
}
# What single files of these rooms may import besides.
EXCEPTIONS = {
    "edge.sources": {"edge.cameras"},  # the first camera that works
    "edge.capture.child": {"edge.decoding"},  # what its decoders complain of is kept
    "edge.sinks.kiosk.alphabet": {"edge.signer"},  # the drawn hands that show how it is done
    "edge.sinks.kiosk.__main__": {"edge.signer"},
    "edge.sinks.practice.__main__": {"edge.signer"},
    "edge.sinks.practice.practice": {"edge.handshapes", "edge.signer"},  # what to change, and how
    "edge.sinks.practice.progress": {"edge.files"},
    "edge.sinks.practice.receptive": {"edge.signer"},
    "edge.sinks.web.access": {"edge.files"},
    "edge.sinks.web.app": {"edge.uploads"},  # a browser's camera is the source `browser`
    "edge.sinks.web.web": {"edge.uploads"},
    "edge.sources._capture": {"edge.decoding"},
    "edge.sources.browser": {"edge.decoding", "edge.uploads"},
    "edge.sources.faulty": {"edge.signer"},  # the synthetic signer, seen by a camera with faults
    "edge.sources.images": {"edge.decoding"},
    "edge.sources.picamera": {"edge.cameras"},
    "edge.sources.signer": {"edge.signer"},
    "edge.sources.usb": {"edge.cameras"},
}
PLUG_INS = ("edge.sources", "edge.sinks", "edge.detectors")

DEVICE = {"numpy", "cv2", "tqdm"}  # what every device has
EXTRAS = {  # libraries that may be absent, and what imports each
    "pygame": (
        "edge.sinks.screen",
        "edge.sinks.kiosk",
        "edge.sinks.practice",
        "edge.sinks._window",
    ),
    "fastapi": ("edge.sinks.web",),
    "uvicorn": ("edge.sinks.web",),
    "segno": ("edge.sinks.web",),
    "prometheus_client": ("edge.sinks.metrics",),
    "paho": ("edge.sinks.mqtt",),
    "picamera2": ("edge.cameras.listing",),
    "libcamera": ("edge.sources.picamera",),
}
RUNTIMES = {"ai_edge_litert", "tflite_runtime"}
WORKSTATION = {"tensorflow", "keras", "sklearn", "matplotlib", "tqdm", "pandas", "mediapipe"}


def name_of(path: Path) -> str:
    """edge/sinks/jsonl.py -> edge.sinks.jsonl; a package's __init__.py is the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for package in OURS for path in (ROOT / package).rglob("*.py")}
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}


def imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What these nodes import: `from a import b` is a.b if that is a module, else a."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in FILES else str(node.module) for name in inner)


# What each module imports, at its top or within.
IMPORTS = {name: set(imported(ast.walk(tree))) for name, tree in TREES.items()}


def top(name: str) -> str:
    return name.partition(".")[0]


def within(name: str, packages: Iterable[str]) -> bool:
    """Whether a module is one of `packages`, or inside one."""
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def check(wrong: Iterable[str]) -> None:
    """Fails, and names everything that is wrong, a line each."""
    lines = sorted(wrong)
    assert not lines, "\n".join(["", *lines])


def files_of(*packages: str) -> list[str]:
    """The names of the modules in these packages."""
    return sorted(name for name in FILES if within(name, packages))


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import one another, directly or through others."""
    reached: dict[str, set[str]] = {}
    for name in imports:
        todo, seen = [name], set[str]()
        while todo:
            further = imports.get(todo.pop(), set()) - seen
            seen |= further
            todo += further
        reached[name] = seen
    groups = {
        tuple(sorted(other for other in seen if name in reached.get(other, ())))
        for name, seen in reached.items()
        if name in seen
    }
    return sorted(map(list, groups))


def test_the_files_and_their_imports_are_found() -> None:
    """The rules below would hold for an empty list."""
    assert {"edge.types", "edge.models.interpreter", "edge.sources.usb"} <= set(FILES)
    assert "edge.types" in IMPORTS["edge.hands.tracking"]
    assert "edge.models.handmodels" in IMPORTS["edge.detectors.mediapipe"]
    assert set(EXCEPTIONS) <= set(FILES)
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert not circles({"a": {"b", "c"}, "b": {"c"}})


def test_imports_say_the_whole_name() -> None:
    """A relative import hides what is imported."""
    relative = [
        f"{name}, line {node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.level or not node.module)
    ]
    check(relative)


def test_the_runtime_never_imports_the_workshop() -> None:
    """train, convert and benchmarks may import edge; edge imports none of them."""
    check(
        f"{name} imports {n}"
        for name in files_of("edge")
        for n in IMPORTS[name]
        if top(n) in OURS[1:]
    )


def test_only_the_interpreter_imports_litert() -> None:
    """One module can be changed when the runtime does."""
    found = {name for name, imports in IMPORTS.items() if {top(n) for n in imports} & RUNTIMES}
    assert found == {"edge.models.interpreter"}


def test_a_device_needs_few_libraries() -> None:
    """Any other library is an extra, and one module imports it."""
    known = {*sys.stdlib_module_names, *OURS, *DEVICE, *RUNTIMES}
    wrong = [
        f"{name} imports {library}"
        for name in files_of("edge")
        for library in {top(n) for n in IMPORTS[name]} - known
        if not within(name, EXTRAS.get(library, ("nobody",)))
    ]
    check(wrong)


def test_rooms_that_stand_apart_import_only_what_is_allowed() -> None:
    """Everything rests on types, errors and joints; sources and sinks rest on nothing else."""
    wrong = []
    for room, allowed in FREE_STANDING.items():
        for name in files_of(room):
            may = {room} | allowed | EXCEPTIONS.get(name, set())
            ours = {n for n in IMPORTS[name] if top(n) == "edge"}
            wrong += [f"{name} imports {n}" for n in ours if not within(n, may)]
    check(wrong)


def test_plug_ins_do_not_import_each_other() -> None:
    """One can be deleted or written without reading another; private files may be shared."""
    wrong = []
    for room in PLUG_INS:
        depth = room.count(".") + 2
        for name in files_of(room):
            mine = ".".join(name.split(".")[:depth])
            others = (n for n in IMPORTS[name] if n.startswith(f"{room}.") and mine != room)
            wrong += [
                f"{name} imports {other}"
                for other in others
                if not within(other, {mine}) and not other.startswith(f"{room}._")
            ]
    check(wrong)


def test_no_module_is_in_a_circle_of_imports() -> None:
    """Each module can be understood, and changed, after those that it imports."""
    ours = {name: imports & set(FILES) - {name} for name, imports in IMPORTS.items()}
    check(", ".join(group) for group in circles(ours))


def test_no_room_is_in_a_circle_of_imports() -> None:
    """Nor are the folders in a circle: a room is a folder, or a file beside it."""
    rooms: dict[str, set[str]] = {}
    for name, imports in IMPORTS.items():
        room = ".".join(name.split(".")[:2])
        others = {".".join(n.split(".")[:2]) for n in imports if n in FILES}
        rooms.setdefault(room, set()).update(others - {room, top(room)})
    check(", ".join(group) for group in circles(rooms))


def test_no_module_imports_a_commands_main() -> None:
    """What two commands need has a module of its own."""
    check(
        f"{name} imports {n}"
        for name, imports in IMPORTS.items()
        for n in imports
        if n.endswith("__main__")
    )


def test_modules_are_short() -> None:
    """A long module is two."""
    lengths = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    check(f"{name} has {length} lines" for name, length in lengths.items() if length > LONGEST)


def test_the_command_line_starts_without_heavy_imports() -> None:
    """`fingerspell --help` waits for neither OpenCV nor LiteRT: cli imports nothing, at its top,
    that imports them at its own."""
    seen: set[str] = set()
    todo = ["edge.commands.cli"]
    heavy = {"cv2", *RUNTIMES, *WORKSTATION}
    wrong = []
    while todo:
        name = todo.pop()
        if name in seen or name not in FILES:
            continue
        seen.add(name)
        found = set(imported(TREES[name].body))
        wrong += [f"{name} imports {n}" for n in found if top(n) in heavy]
        todo += found
    assert len(seen) > 3
    check(wrong)
