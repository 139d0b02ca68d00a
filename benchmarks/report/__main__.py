"""Results as pictures and a page: `python -m benchmarks.report RESULT.json ... --out FOLDER`.

Takes what benchmarks.latency, models, scaling and peers wrote with --json, of one board or of
several, and writes into FOLDER

    latency.png    times of each stage, by kind of frame and board
    fps.png        frames a second, by board
    models.png     each model's steady invoke, and int8 against float32
    accuracy.png   accuracy against cost, for each model that says how accurate it is
    scaling.png    cost against resolution, hands, sinks and length of run
    peers.png      this project and others: time, memory, start, letters read wrong
    index.html     all of them and the figures, in one file that needs no other

those of them that there are results for; of a second board's models, models-2.png, and so on.
Latencies of different models or settings are drawn beside each other, and marked. Accuracy is what
the models' manifests say.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import compare
from benchmarks.measure import result
from benchmarks.measure.result import Result
from benchmarks.report import page
from edge.errors import ModelError, UsageError, command
from edge.files import write
from edge.models import manifests
from edge.models.manifest import load

# What a result of each kind must have to be drawn, and described on the page.
NEEDED = {
    "latency": (),
    "models": ("models", "rates", "versions"),
    "scaling": ("axes", "models", "versions"),
    "peers": ("peers", "settings"),
}
PICTURES = ("latency", "fps", "models", "accuracy", "scaling", "peers")
# What comes of drawing or telling what is no whole result.
FAULTS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError)
STRANGERS = ("strangers", "left out", "held out")  # how manifests name the harder figures


class Drawing(NamedTuple):
    """A picture that can be drawn: of which results, and what draws it."""

    of: Sequence[Result]
    draw: Callable[[], bytes]


@command("report")
def main(argv: Sequence[str] | None = None) -> int:
    """Draws, writes, prints what was written; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT.json")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made if needed")
    parser.add_argument(
        "--only", action="append", choices=PICTURES, help="this picture, and no page; repeatable"
    )
    options = parser.parse_args(argv)
    for path in report(options.results, options.out, options.only):
        print(path)
    return 0


def report(paths: Sequence[Path], out: Path, only: Sequence[str] | None = None) -> list[Path]:
    """Writes the pictures and the page, or some pictures only; returns their paths.

    Raises UsageError for what is no result, and for pictures that there are no results for.
    """
    try:
        import matplotlib  # noqa: F401 - whether it is there
    except ImportError as error:
        raise UsageError(f"matplotlib is missing ({error}): pip install matplotlib") from error
    found = [read(path) for path in paths]
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is no folder; choose another --out")
    possible = drawings(found)
    differ = differences(found)
    if missing := sorted(set(only or ()) - set(possible)):
        raise UsageError(f"there is nothing to draw {missing[0]}.png from; give such a result")
    pictures = {}
    for name, drawing in possible.items():
        if not only or name.partition("-")[0] in only:
            with _whole(
                path for path, each in zip(paths, found, strict=True) if each in drawing.of
            ):
                pictures[name] = drawing.draw()
    files = {f"{name}.png": content for name, content in pictures.items()}
    if not only:
        named = labels(found)
        whose = {
            name: named[found.index(drawing.of[0])]
            for name, drawing in possible.items()
            if len(drawing.of) == 1
        }
        files["index.html"] = page.html(found, named, pictures, differ, whose).encode()
    for name, content in files.items():
        write(out / name, content)
    for line in differ:
        print(f"report: marked: {line}", file=sys.stderr)
    return [out / name for name in files]


def read(path: Path) -> Result:
    """Reads a result of one of NEEDED; raises UsageError, saying why, for whatever else it is."""
    kind: Any = None
    try:
        given = json.loads(path.read_bytes())
        kind = given.get("kind") if isinstance(given, dict) else None
    except (OSError, ValueError, RecursionError):
        pass  # result.read says what is wrong
    if kind is not None and (not isinstance(kind, str) or kind not in NEEDED):
        raise UsageError(f"{path} is a result of kind {kind!r}; those drawn: {', '.join(NEEDED)}")
    found = result.read(path, kind or "latency")
    found["folder"] = path.absolute().parent.name
    for name in ("machine", "conditions", "command", "date", *NEEDED[found["kind"]]):
        if name not in found:
            raise UsageError(f"{path} is no whole result: it has no {name}; measure it again")
    with _whole([path]):
        drawings([found])
        page.html([found], labels([found]), {}, [], {})
    return found


@contextlib.contextmanager
def _whole(paths: Iterable[Path]) -> Iterator[None]:
    """Raises UsageError for whatever a result lacks when it is drawn or described."""
    try:
        yield
    except FAULTS as error:
        why = f"{type(error).__name__}: {error}"
        if isinstance(error, KeyError):
            why = f"it has no {error.args[0]}"
        which = " or ".join(map(str, paths))
        raise UsageError(f"{which} is no whole result: {why}; measure it again") from error


def drawings(found: Sequence[Result]) -> dict[str, Drawing]:
    """Returns name -> picture, of what there are results for; nothing is drawn yet."""
    from benchmarks.report import against, charts, slopes

    named = zip(labels(found), found, strict=True)
    latency = {label: each for label, each in named if each["kind"] == "latency"}
    pictures = {}
    if latency:
        every = list(latency.values())
        pictures["latency"] = Drawing(every, partial(charts.latency, latency))
        pictures["fps"] = Drawing(every, partial(charts.fps, latency))
    for number, each in _numbered(found, "models"):
        few = min(each["settings"]["threads"])
        pictures[f"models{number}"] = Drawing([each], partial(charts.models, each, few))
        if points := accuracies(each, few):
            cost = f"steady invoke of the model alone, {few} thread, ms"
            draw = partial(charts.accuracy, each, points, cost)
            pictures[f"accuracy{number}"] = Drawing([each], draw)
    for number, each in _numbered(found, "scaling"):
        pictures[f"scaling{number}"] = Drawing([each], partial(slopes.scaling, each))
    for number, each in _numbered(found, "peers"):
        pictures[f"peers{number}"] = Drawing([each], partial(against.peers, each))
    return pictures


def _numbered(found: Sequence[Result], kind: str) -> Iterator[tuple[str, Result]]:
    """Yields the results of a kind, each with what goes to its pictures' names: "", "-2", ..."""
    these = (each for each in found if each["kind"] == kind)
    for number, each in enumerate(these, 1):
        yield f"-{number}" if number > 1 else "", each


def accuracies(found: Result, threads: int) -> list[dict[str, Any]]:
    """Returns points of accuracy against cost: name, ms, accuracy, what, kind.

    Of models whose manifest is installed and of the very file that was measured.
    """
    points = []
    installed = {path.stem: path for path in manifests()}
    for model in found["models"]:
        try:
            manifest = load(installed[model["name"]])
        except (KeyError, ModelError):
            continue
        if manifest.sha256 == model["sha256"]:
            ms = {each["threads"]: each["steady_ms"]["p50"] for each in model["alone"]}[threads]
            for what, accuracy in _figures(manifest.figures):
                kind = "strangers" if any(s in what for s in STRANGERS) else "same people"
                points.append(
                    {"name": model["name"], "ms": ms, "accuracy": accuracy, "what": what}
                    | {"kind": kind}
                )
    return points


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yields accuracies of still signs; of sets, the mean and the worst."""
    for what, value in figures.items():
        if what.startswith("accuracy"):
            if isinstance(value, Mapping):
                yield f"{what}, mean", sum(value.values()) / len(value)
                yield f"{what}, the worst", min(value.values())
            else:
                yield what, value


def labels(found: Sequence[Result]) -> list[str]:
    """Returns a name for each result: the board, and what else distinguishes it from the others.

    Of results that lie in several folders, the folder's name: they are named after boards.
    """
    names: list[str] = []
    seen: Counter[tuple[str, str]] = Counter()  # results of one kind and name
    several = len({each.get("folder") for each in found}) > 1
    for each in found:
        machine = each["machine"]
        name = machine["board"] or machine["processor"].partition(",")[0].replace("(R)", "")
        name += " (virtual)" * bool(machine.get("virtual"))
        name = each["folder"] if several else name
        if each["kind"] == "latency":
            name += f", {each['settings']['detector']}, {each['settings']['model']}"
        seen[each["kind"], name] += 1
        number = seen[each["kind"], name]
        names.append(f"{name} #{number}" if number > 1 else name)
    return names


def differences(found: Sequence[Result]) -> list[str]:
    """Returns a line for each thing in which latencies are not of the same as the first of them.

    That is what forbids benchmarks.compare to compare them: models and settings.
    """
    named = zip(labels(found), found, strict=True)
    latency = [(label, each) for label, each in named if each["kind"] == "latency"]
    return [
        f"{latency[0][0]} and {label}: {line}"
        for label, each in latency[1:]
        for line in compare.differences(latency[0][1], each)[0]
    ]


if __name__ == "__main__":
    sys.exit(main())
