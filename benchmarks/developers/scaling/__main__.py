"""What makes a frame cost more: `python -m benchmarks.developers.scaling`.

    resolution  the same picture from 480p to 4K      ms for a megapixel more
    hands       none, one, two                        ms for a hand more
    sinks       jsonl, metrics, screen, and all       ms for each
    length      the same frames, again and again      % in 10,000 frames

Pictures are the synthetic signer's, drawn once and kept: only the loop's own work is measured, in
processor time, and tracked frames apart from searching ones. Along an axis everything takes turns,
so that whatever else the machine does is in all alike, and an interval of 95 % goes with every
slope. Along "length", each turn is compared with that of stages that were opened anew for it.
FOLDER gets scaling.png. Ctrl-C ends it early and keeps what was measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.developers.scaling import axes, lanes
from benchmarks.measure import conditions, result
from benchmarks.report import scaling
from edge.assembly import threads
from edge.config import Config, load
from edge.errors import INTERRUPTED, UsageError, command
from edge.files import write
from edge.running.stop import stop_on_signals

SECONDS, LENGTH_S = 60.0, 300.0


@command("scaling")
def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints, writes what is wanted; returns the exit code."""
    given = sys.argv[1:] if argv is None else list(argv)
    options = _parser().parse_args(given)
    draw = _drawing(options)
    found = measure(options, given)
    print("\n".join(scaling.lines(found)))  # first: no failed write loses a measurement
    if options.json:
        result.write(options.json, found)
    if draw:
        write(options.out / "scaling.png", draw.scaling(found))
    return INTERRUPTED if found["ended"] == "interrupted" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.developers.scaling", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--axis", action="append", choices=list(axes.AXES), help="default: all; may be repeated")
    add("--seconds", type=float, default=SECONDS, metavar="S", help=f"an axis; {SECONDS:g}")
    add("--length", type=float, default=LENGTH_S, metavar="S", help=f"the long run; {LENGTH_S:g}")
    add("--detector", metavar="NAME")
    add("--model", metavar="NAME")
    add("--threads", type=int, default=1, metavar="N", help="default: 1")
    add("--json", type=Path, metavar="FILE", help="write the result there")
    add("--out", type=Path, metavar="FOLDER", help="draw scaling.png there")
    return parser


def _drawing(options: argparse.Namespace) -> Any:
    """Returns the module that draws, if a picture is wanted; raises UsageError, also for options.

    What would be found only after a long measurement is found here.
    """
    for name in ("seconds", "length"):
        if not 0 < getattr(options, name) < float("inf"):
            raise UsageError(f"--{name} must be above 0")
    if options.json:
        result.check_writable(options.json)
    if not options.out:
        return None
    try:
        from benchmarks.report import slopes
    except ImportError as error:
        raise UsageError(
            f"--out draws with matplotlib, and it is missing ({error}): pip install matplotlib"
        ) from error
    return slopes


def measure(options: argparse.Namespace, argv: Sequence[str]) -> result.Result:
    """Returns a result of kind "scaling". Raises FingerspellError, KeyboardInterrupt.

    axes: name -> what axes.py measured along it. ended: "all" or "interrupted".
    """
    flags = {name: getattr(options, name) for name in ("detector", "model", "threads")}
    config = load(None, flags)
    names = options.axis or list(axes.AXES)
    found: dict[str, Any] = {}
    with stop_on_signals() as stop, conditions.Watch() as watch:
        for name in tqdm(names, disable=None, unit=" axes"):
            seconds = options.length if name == "length" else options.seconds
            if not stop.reason:
                axis = axes.AXES[name](config, seconds, stop)
                if axis["turns"] >= lanes.LEAST:
                    found[name] = axis
    if not found:
        raise KeyboardInterrupt
    return {
        **conditions.head("scaling", argv),
        "versions": conditions.versions(),
        "models": _models(found),
        "settings": _settings(config, options),
        "conditions": {"samples": watch.samples, "warnings": watch.warnings()},
        "axes": found,
        "ended": "interrupted" if stop.reason else "all",
    }


def _models(found: dict[str, Any]) -> dict[str, str]:
    """Returns name -> SHA-256 of the models that were used on any axis."""
    return {name: sum_ for axis in found.values() for name, sum_ in axis.pop("models").items()}


def _settings(config: Config, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "detector": config.detector,
        "model": config.model,
        "threads": threads(config),
        "seconds": options.seconds,
        "length_s": options.length,
    }


if __name__ == "__main__":
    sys.exit(main())
