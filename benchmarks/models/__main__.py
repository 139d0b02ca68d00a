"""Models alone: `python -m benchmarks.models [FILE.tflite ...] [--threads 1,2,4] [--json FILE]`.

Measures every bundled model, the hand models that are installed, and the files given, each in a
process of its own, as TensorFlow Lite's benchmark_model does: loading, the first invoke, at least
0.5 s to warm up, then at least 50 invokes and 1 s. Inputs are random.

An int8 model is measured against float32 as well, turn by turn in one process: against --float FILE
where that is given, else against its float twin, the same graph with the weights that int8 holds.

Times on Raspberry Pi 4 and 5 are estimates, from the operations in the file and published rates
(benchmarks/models/estimates.py). A time that was measured on a Pi is worth more: run this there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.measure import conditions, result
from benchmarks.models import estimates, graph, table
from benchmarks.models.alone import WARM_UP_S, in_own_process
from edge.errors import INTERRUPTED, FingerspellError, ModelError, UsageError, command
from edge.models import handmodels, manifests
from edge.models.interpreter import Model
from edge.models.manifest import sha256_of
from edge.running import machine

RUNS, SECONDS = 50, 1.0  # benchmark_model's own defaults


@command("models")
def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints, and writes the JSON if it is wanted; returns the exit code."""
    given = sys.argv[1:] if argv is None else list(argv)
    options = _parser().parse_args(given)
    found = measure(options, given)
    print("\n".join(table.lines(found)))  # first: no failed write loses a measurement
    if options.json:
        result.write(options.json, found)
    return INTERRUPTED if found["ended"] == "interrupted" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("files", nargs="*", type=Path, metavar="FILE.tflite", help="measured besides the bundled")
    add("--only", action="store_true", help="the files given, and no bundled or hand models")
    some = [number for number in (1, 2, 4) if number <= (os.cpu_count() or 1)]
    usual = f"default: {','.join(map(str, some))}, as there are cores"
    add("--threads", type=_threads, default=some, metavar="1,2,4", help=usual)
    add("--float", type=Path, metavar="FILE", help="the float32 model that the one FILE was")
    add("--runs", type=int, default=RUNS, metavar="N", help=f"at least; default: {RUNS}")
    add("--seconds", type=float, default=SECONDS, metavar="S", help=f"at least; {SECONDS:g}")
    add("--json", type=Path, metavar="FILE", help="write the result there")
    return parser


def _threads(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdecimal() and 1 <= int(part) <= 64 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers from 1 to 64, as 1,2,4")
    return sorted({int(part) for part in parts})


def measure(options: argparse.Namespace, argv: Sequence[str]) -> result.Result:
    """Returns a result of kind "models". Raises FingerspellError, KeyboardInterrupt.

    models: of each name, sha256, size_bytes, precision, macs by precision, operators by name,
        alone: of each number of threads init_ms, first_ms, steady_ms (a distribution, and min)
            and memory_mb, which is what the process grew by at the most
        against_float: `floats`, which float32 model an int8 one was measured against, and `turns`,
            what alone.against() returns, of each number of threads; or `none`, why it was not
        estimates, estimates_lack: as of estimates.estimate()
    rates: what the estimates are made from. missing: models that are not there or cannot be
    measured, and why; ModelError is raised where no model could be. ended: "all" or "interrupted".
    """
    paths, missing = _wanted(options)
    measured: list[dict[str, Any]] = []
    failed: ModelError | None = None
    ended = "all"
    with conditions.Watch() as watch, tqdm(paths, disable=None, unit=" models") as bar:
        try:
            for path in bar:
                bar.set_postfix_str(path.stem)
                try:
                    measured.append(_measured(path, options))
                except ModelError as error:
                    failed = failed or error
                    missing[str(path) if path.stem in missing else path.stem] = str(error)
        except KeyboardInterrupt:
            if not measured:
                raise
            ended = "interrupted"
    if failed and not measured:
        raise failed
    return {
        **conditions.head("models", argv),
        "versions": conditions.versions(),
        "settings": {
            "threads": options.threads,
            "warm_up_s": WARM_UP_S,
            "runs": options.runs,
            "seconds": options.seconds,
        },
        "conditions": {"samples": watch.samples, "warnings": [*watch.warnings(), *_matrices()]},
        "models": measured,
        "rates": estimates.rates(),
        "missing": missing,
        "ended": ended,
    }


def _wanted(options: argparse.Namespace) -> tuple[list[Path], dict[str, str]]:
    """Returns the files to measure, and name -> why of those that are not there."""
    if options.runs < 1 or not 0 <= options.seconds < float("inf"):
        raise UsageError("--runs must be above 0, and --seconds not below")
    if options.float and len(options.files) != 1:
        raise UsageError("--float is the float32 model of one FILE; give one")
    if options.json:
        result.check_writable(options.json)
    if options.only and not options.files:
        raise UsageError("--only measures the files given; give one")
    missing: dict[str, str] = {}
    paths = list(options.files)
    if not options.only:
        faults = handmodels.faults()
        missing = {name: f"{why}; {handmodels.MEND}" for name, why in faults.items()}
        hands = [handmodels.path(name) for name in handmodels.SHA256 if name not in faults]
        paths = [*(path.with_suffix(".tflite") for path in manifests()), *hands, *paths]
    for path in (*options.files, *filter(None, [options.float])):
        Model(path)  # what is wrong is said before a long measurement
    return paths, missing


def _matrices() -> list[str]:
    """Returns a warning where int8 gains what it gains on no Raspberry Pi."""
    with contextlib.suppress(OSError):
        if " amx_int8" in (machine.PROC / "cpuinfo").read_text():
            return [
                "this processor has matrix units for int8 (AMX): int8 gains more here than on a"
                " board without any"
            ]
    return []


def _measured(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    content = path.read_bytes()
    operations = graph.operations(content)
    counted = estimates.macs(operations)
    kinds = sorted({operation.name for operation in operations if operation.macs})
    estimated, lack = estimates.estimate(operations)
    how = options.runs, options.seconds
    return {
        "name": path.stem,
        "sha256": sha256_of(content),
        "size_bytes": len(content),
        "precision": " and ".join(sorted(counted)) or "none",
        "macs": counted,
        "operators": {kind: sum(o.name == kind for o in operations) for kind in kinds},
        "alone": [in_own_process(path, threads, *how) for threads in options.threads],
        "against_float": _against_float(path, content, counted, options),
        "estimates": estimated,
        "estimates_lack": lack,
    }


def _against_float(
    path: Path, content: bytes, counted: dict[str, int], options: argparse.Namespace
) -> dict[str, Any]:
    if "int8" not in counted:
        return {"none": "it is not int8"}
    with contextlib.ExitStack() as stack:
        floats, origin = options.float, f"given: {options.float}"
        if floats is None or path != options.files[0]:
            origin = "its float twin: the same graph, its weights dequantised"
            floats = Path(stack.enter_context(tempfile.TemporaryDirectory())) / path.name
            try:
                floats.write_bytes(graph.float_twin(content))
                Model(floats)
            except FingerspellError:
                return {"none": "it has no float twin; give its float model with --float FILE"}
        how = options.runs, options.seconds, floats
        turns = [in_own_process(path, threads, *how) for threads in options.threads]
    return {"floats": origin, "turns": turns}


if __name__ == "__main__":
    sys.exit(main())
