"""Other ways to read the same frames, against this project.

    python -m benchmarks.peers [--clips FOLDER] [--peers NAME,NAME] [--json FILE]
    python -m benchmarks.peers --list
    python -m benchmarks.peers --table FILE

Frames are decoded once and handed to every peer in the same way; each peer is a process that stays
up, in an environment of its own (made here by venv and pip, in the user's cache), on the same
cores, and reads a short block of them before it is the next one's turn. Timed is what it does with
a frame in memory: RGB in, a letter or none out. Nothing is drawn or shown.

What a frame costs is given for tracked, searching and idle frames apart, never together. Ratios are
of the same frames, by blocks. What an empty room costs is given for a second of video, with every
frame of it, since peers search an empty room more or less often. A peer that cannot
be installed, dies or hangs is a row that says so.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from benchmarks.measure import conditions, result
from benchmarks.peers import adapters, environment, footage, race
from benchmarks.peers.contract import Adapter
from benchmarks.peers.environment import UnavailableError
from benchmarks.peers.process import Process, quiet_cpus
from benchmarks.peers.race import BLOCK, Row
from benchmarks.peers.report import report
from benchmarks.peers.table import table
from edge.errors import INTERRUPTED, UsageError, command
from edge.sources import public

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "clips"
START = footage.Film("start", footage.HELD)


@command("benchmarks.peers")
def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints, and writes the JSON file if one is wanted; returns the exit code."""
    known = found()
    options = _parser(known).parse_args(argv)
    if options.list:
        for name, adapter in known.items():
            for variant in adapter.VARIANTS:
                wants = "".join(f"; needs --{each}" for each in adapter.FILES)
                print(f"{f'{name}:{variant}':<24}{adapter.SUMMARY}{wants}")
        return 0
    if options.table:
        print(_table_of(options.table))
        return 0
    with environment.reserved():
        measured = measure(options, known)
    print(table(measured), flush=True)  # first: a disk that is full now takes nothing away
    if options.json:
        result.write(options.json, measured)
    return INTERRUPTED if measured["ended"] == "interrupted" else 0


def _table_of(path: Path) -> str:
    """Returns the table of a result; raises UsageError for a file that is none."""
    try:
        return table(result.read(path, "peers"))
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is no whole result: it lacks {error}; measure anew") from error


def found() -> dict[str, Adapter]:
    """Returns every peer by its name: ours first, and then by the alphabet."""
    names = sorted(m.name for m in pkgutil.iter_modules(adapters.__path__))
    names.sort(key=lambda name: name != "fingerspell")
    modules = {name: importlib.import_module(f"{adapters.__name__}.{name}") for name in names}
    return {name: cast(Adapter, module) for name, module in modules.items()}


def _parser(known: dict[str, Adapter]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--list", action="store_true", help="print which peers there are, and end")
    parser.add_argument("--peers", metavar="A,B", help="NAME or NAME:VARIANT; default: all")
    parser.add_argument("--source", metavar="URI", help="read this, and no phrases or clips")
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help=f"default: {CLIPS}, if any")
    parser.add_argument("--phrases", type=int, default=10, help="of the signer; default: 10")
    parser.add_argument("--frames", type=int, default=0, help="end after so many; default: all")
    parser.add_argument("--seconds", type=float, default=0.0, help="end after so long")
    parser.add_argument("--threads", type=int, default=1, help="and cores of each; default: 1")
    parser.add_argument("--block", type=int, default=BLOCK, help=f"frames a turn; default: {BLOCK}")
    parser.add_argument("--starts", type=int, default=5, help="fresh processes; default: 5")
    for adapter in known.values():
        for option, what in adapter.FILES.items():
            parser.add_argument(f"--{option}", type=Path, metavar="FILE", help=what)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="print what was written, and end"
    )
    return parser


def measure(options: argparse.Namespace, known: dict[str, Adapter]) -> dict[str, Any]:
    """Returns all figures, as they are written. Raises FingerspellError."""
    _check(options)
    rows = chosen(options, known)
    films = _films(options)
    cpus = quiet_cpus(options.threads)
    pythons = {}
    for row in rows:
        name = row.name.partition(":")[0]
        files = {each: getattr(options, each.replace("-", "_")) for each in row.adapter.FILES}
        try:
            for option, what in row.adapter.FILES.items():
                if not files[option]:
                    raise UnavailableError(f"name its model: --{option} FILE ({what})")
            pythons[row.name] = environment.prepared(name, row.adapter)
            given = {option: str(path.resolve()) for option, path in files.items()}
            row.start = partial(
                Process, pythons[row.name], Path(row.adapter.__file__), row.variant, cpus, given
            )
        except UnavailableError as error:
            row.error = str(error)
    names = ("source", "phrases", "frames", "seconds", "threads", "block", "starts")
    settings = {name: getattr(options, name) for name in names} | {"cpus": cpus}
    settings["source"] = options.source and public(options.source)
    with conditions.Watch() as watch:
        race.startups(rows, START, options.starts)
        done = race.run(
            rows, films, frames=options.frames, seconds=options.seconds, block=options.block
        )
    return report(settings, rows, done, watch, pythons)


def _check(options: argparse.Namespace) -> None:
    """Raises UsageError for options that make no sense."""
    for name, least in (
        ("frames", 0), ("seconds", 0), ("starts", 0), ("phrases", 0), ("block", 1), ("threads", 1),
    ):  # fmt: skip
        if not getattr(options, name) >= least:
            raise UsageError(f"--{name} is {getattr(options, name)}; it must be {least} or more")
    if options.json:
        result.check_writable(options.json)
    for name, path in vars(options).items():
        if isinstance(path, Path) and name not in ("json", "clips", "table") and not path.is_file():
            raise UsageError(f"--{name.replace('_', '-')}: there is no file {path}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if options.threads > cores:
        raise UsageError(f"--threads is {options.threads}, and there are {cores} cores")


def chosen(options: argparse.Namespace, known: dict[str, Adapter]) -> list[Row]:
    """Returns the rows that were asked for; raises UsageError for a name that there is not."""
    rows = [Row(f"{n}:{v}", v, a) for n, a in known.items() for v in a.VARIANTS]
    if not options.peers:
        return rows
    wanted = [each.strip() for each in options.peers.split(",")]
    for each in wanted:
        if each not in {*known, *(row.name for row in rows)}:
            raise UsageError(f"there is no peer {each!r}; there are: {', '.join(known)}")
    return [row for row in rows if row.name in wanted or row.name.partition(":")[0] in wanted]


def _films(options: argparse.Namespace) -> list[footage.Film]:
    if options.source:
        return [footage.Film("source", options.source)]
    clips = options.clips or (CLIPS if CLIPS.is_dir() else None)
    films = footage.phrases(options.phrases) + (footage.clips(clips) if clips else [])
    if not films:
        raise UsageError("there is nothing to read; give --phrases, --clips or --source")
    return footage.mixed(films)


if __name__ == "__main__":
    sys.exit(main())
