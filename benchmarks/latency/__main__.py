"""Latency: `python -m benchmarks.latency [--source URI] [--seconds N | --frames N] [--json FILE]`.

Runs what `fingerspell run` runs, on any source, and shows how long each stage takes, for three
kinds of frames that cost differently and are never mixed in one figure:

    tracked    a hand is followed from the frame before
    searching  the whole frame is searched for a hand
    idle       no hand, and no search yet

The resolution is the source's: usb:0?size=1280x720. The stages "capture" and "convert" are known
of cameras and videos; with a live source they happen in another process. Waiting for a frame is
part of no frame's time. The first frames of all, and of each kind, are left out. A small board
needs ten minutes to become as warm as it gets. Ctrl-C ends the run early and keeps what was
measured. Then calls, copies and memory are counted (benchmarks/measure/work.py), and start-up and
memory are measured in fresh processes (benchmarks/latency/startup.py).

The last line, or the only one with --quote, is made to be quoted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from benchmarks.latency import startup, table
from benchmarks.latency.measuring import INTERRUPTIONS, Wanted, run
from benchmarks.measure import conditions, result, work
from edge.assembly import threads
from edge.config import Alphabet, Config, load
from edge.errors import INTERRUPTED, FingerspellError, SinkError, UsageError, command
from edge.running.stop import Stop, stop_on_signals
from edge.sources import public

SOURCE = "signer:HELLO WORLD?loop=yes"
SECONDS = 600.0  # until a board without a fan is as hot as it gets
START_S = 4.0  # that one fresh process takes, roughly: for what is announced at the start
AUTOMATIC = ("mediapipe", "mediapipe:auto")
LATER = {"work": "calls, copies and memory", "start": "starts"}  # what needs no source
GOALS = {"overhead_share": 0.15, "memory_mb": 150.0, "first_prediction_s": 1.5}


@command("latency")
def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints, and writes the JSON if it is wanted; returns the exit code."""
    arguments = _parser().parse_args(argv)
    _check(arguments)
    found = measure(arguments, sys.argv[1:] if argv is None else argv)
    _tell(arguments, found)
    return {"interrupted": INTERRUPTED, "sink": SinkError.exit_code}.get(found["ended"], 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--source", default=SOURCE, metavar="URI", help=f"default: {SOURCE}")
    add("--seconds", type=float, metavar="N", help=f"default: {SECONDS:.0f}, or without end")
    add("--frames", type=int, metavar="N", help="end after so many that were measured")
    add("--warm-up", type=int, default=30, metavar="N", help="frames left out first; default: 30")
    add("--detector", metavar="NAME")
    add("--model", metavar="NAME")
    add("--alphabet", choices=[a for a in get_args(Alphabet) if a])
    add("--hands", type=int, choices=(1, 2))
    add("--threads", type=int, metavar="N")
    add("--sink", action="append", metavar="URI", help="measured too; may be given again")
    add("--starts", type=int, default=5, metavar="N", help="fresh processes; 0: none; default: 5")
    add("--no-work", action="store_true", help="do not count calls, copies and memory")
    add("--json", type=Path, metavar="FILE", help='write one line of JSON there; "-": to stdout')
    add("--quote", action="store_true", help="print the line to quote and nothing else")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    """Raises UsageError for what would be found only after a long measurement."""
    for name in ("seconds", "frames"):
        value = getattr(arguments, name)
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"--{name} must be above 0")
    if arguments.starts < 0 or arguments.warm_up < 0:
        raise UsageError("--starts and --warm-up must not be below 0")
    if not arguments.source:
        raise UsageError(
            "--source is empty; give a URI such as usb:0, video:FILE or signer:'HELLO WORLD'"
        )
    path, to_stdout = arguments.json, str(arguments.json) == "-"
    if to_stdout + arguments.quote + any(map(_wants_stdout, arguments.sink or ())) > 1:
        raise UsageError("two of --json -, --quote and --sink jsonl:- want stdout; choose one")
    if path and not to_stdout:
        result.check_writable(path)


def _wants_stdout(sink: str) -> bool:
    name, _, rest = sink.partition(":")
    return name == "jsonl" and rest.removeprefix("//") in ("", "-", "/dev/stdout")


def measure(arguments: argparse.Namespace, argv: Sequence[str] = ()) -> result.Result:
    """Returns all figures, in the form of benchmarks/measure/result.py. Raises FingerspellError."""
    known = {f.name for f in fields(Config)}
    config = load(None, {name: given for name, given in vars(arguments).items() if name in known})
    seconds = arguments.seconds or (None if arguments.frames else SECONDS)
    wanted = Wanted(seconds, arguments.frames, arguments.warm_up)
    for line in conditions.at_start():
        _say(f"warning: {line}")
    _say(_plan(wanted, arguments.starts))
    head = {
        **conditions.head("latency", argv),
        "versions": conditions.versions(),
    }
    measured: result.Result = {}
    with stop_on_signals() as stop:
        measured = run(config, wanted, stop)
    if not measured:  # a signal came before all was open
        raise KeyboardInterrupt
    settings = {
        "source": public(config.source),
        "detector": config.detector,
        "model": config.model,
        "alphabet": config.alphabet,
        "hands": config.hands,
        "threads": threads(config),
        "sink": list(map(public, config.sink)),
    }
    found = {**head, **measured, "work": {}, "start": {}}
    found["settings"] = settings | measured["settings"]
    # Before what is counted and started: what fails there says nothing of the frames.
    found["quote"], found["unquotable"] = table.quote(found)
    _count(arguments, _as_measured(config, found["models"]), stop, found)
    found["goals"] = _goals(found)
    return found


def _as_measured(config: Config, models: Mapping[str, str]) -> Config:
    """Returns the settings with the models that were opened for this source.

    What was chosen for a camera's rate is not chosen for the signer or a picture, which have time.
    """
    lite = config.detector in AUTOMATIC and "hand_landmark_lite" in models
    return replace(config, detector="mediapipe:lite") if lite else config


def _count(arguments: argparse.Namespace, config: Config, stop: Stop, found: result.Result) -> None:
    """Adds what does not depend on the source; if that fails, all other figures stay."""
    wanted = {"work": not arguments.no_work, "start": arguments.starts > 0}
    trouble = ""
    try:
        if stop.reason in INTERRUPTIONS:
            raise KeyboardInterrupt
        if wanted["work"]:
            _say("counting calls, copies and memory")
            found["work"] = work.count(config, work.footage())
        if wanted["start"]:
            _say(f"measuring {arguments.starts} starts in fresh processes")
            found["start"] = startup.measure(config, arguments.starts)
    except KeyboardInterrupt:
        trouble = "it was stopped"
    except FingerspellError as error:
        trouble = str(error)
    missing = [LATER[name] for name, want in wanted.items() if want and not found[name]]
    if missing:
        line = f"{' and '.join(missing)} were not measured: {trouble}"
        found["conditions"]["warnings"].append(line)


def _plan(wanted: Wanted, starts: int) -> str:
    parts = [f"{wanted.frames} frames"] if wanted.frames else []
    parts += [f"{wanted.seconds:g} s"] if wanted.seconds else []
    more = f", then {starts} starts for about {starts * START_S:.0f} s" if starts else ""
    return f"measuring {' or '.join(parts)}{more}; Ctrl-C ends it early and keeps what was measured"


def _say(line: str) -> None:
    print(f"latency: {line}", file=sys.stderr, flush=True)


def _tell(arguments: argparse.Namespace, found: result.Result) -> None:
    """Shows first and writes then, so that neither's failing costs both."""
    to_stdout = str(arguments.json) == "-"
    try:
        if not arguments.quote:
            shown = sys.stderr if to_stdout else sys.stdout
            print(table.table(found), file=shown, flush=True)
        elif found["quote"]:
            print(found["quote"], flush=True)
    finally:
        if to_stdout:
            print(result.line(found))
        elif arguments.json:
            result.write(arguments.json, found)
    if arguments.quote and not found["quote"]:
        raise FingerspellError(f"nothing to quote: {found['unquotable']}")


def _goals(found: result.Result) -> dict[str, Any]:
    """Returns each goal beside what was measured; what was not measured is left out."""
    start = found["start"]
    measured = {
        "overhead_share": found["frames"]["tracked"].get("overhead_share"),
        "memory_mb": start.get("memory_mb"),
        "first_prediction_s": start.get("first_prediction_s", {}).get("median"),
    }
    return {
        name: {"measured": value, "at_most": GOALS[name], "met": value <= GOALS[name]}
        for name, value in measured.items()
        if value is not None
    }


if __name__ == "__main__":
    sys.exit(main())
