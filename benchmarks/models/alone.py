"""One model in a process of its own: used by benchmarks/models.

`python -m benchmarks.models.alone FILE THREADS RUNS SECONDS` loads it, invokes it as TensorFlow
Lite's benchmark_model does, and prints what that took as JSON. With one more argument, the float32
model of an int8 FILE, the two are invoked in turns, and their ratio is printed.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure.memory import peak_memory_mb
from benchmarks.measure.result import distribution, median_interval
from edge.errors import FingerspellError, ModelError
from edge.models.interpreter import Array, Model, Tensor, runtime
from edge.running import machine

WARM_UP_S = 0.5  # benchmark_model's own default, as are RUNS and SECONDS of benchmarks/models
TURNS = 30  # of int8 and float32, each of an equal share of the time
INTERRUPTED = (130, -2)  # exit codes after Ctrl-C, which reaches this process and its child


def in_own_process(
    path: Path, threads: int, runs: int, seconds: float, floats: Path | None = None
) -> dict[str, Any]:
    """Returns what alone() returns, or against() where `floats` is given, of a fresh process.

    Raises ModelError where that fails, KeyboardInterrupt where it was stopped.
    """
    given = [path, threads, runs, seconds, *([floats] if floats else [])]
    command = [sys.executable, "-m", "benchmarks.models.alone", *map(str, given)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode in INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        if done.returncode < 0:  # "Illegal instruction": LiteRT is not made for this processor
            reason = f"it was ended by a signal: {signal.strsignal(-done.returncode)}"
        raise ModelError(f"{path.name} cannot be measured: {reason}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def alone(path: Path, threads: int, runs: int, seconds: float) -> dict[str, Any]:
    """Returns threads, init_ms, first_ms, steady_ms (a distribution, and min), and memory_mb.

    steady_ms: after a warm-up, at least `runs` invokes that last at least `seconds`. memory_mb is
    what the process grew by at the most. Raises ModelError.
    """
    runtime()  # loads LiteRT itself, which is no model's
    before_mb = machine.resident_mb()
    start_ns = time.perf_counter_ns()
    model = Model(path, threads=threads)
    init_ms = (time.perf_counter_ns() - start_ns) / 1e6
    inputs = _inputs(model)
    first_ms = _invoke_ms(model, inputs)
    for _ in _repeats(1, WARM_UP_S):
        _invoke_ms(model, inputs)
    steady_ms = [_invoke_ms(model, inputs) for _ in _repeats(runs, seconds)]
    return {
        "threads": threads,
        "init_ms": round(init_ms, 4),
        "first_ms": round(first_ms, 4),
        "steady_ms": distribution(steady_ms) | {"min": round(min(steady_ms), 4)},
        "memory_mb": round(max(0.0, peak_memory_mb() - before_mb), 1),
    }


def against(path: Path, floats: Path, threads: int, runs: int, seconds: float) -> dict[str, Any]:
    """Returns threads, int8_ms and float_ms (medians), and ratio, low, high of int8 over float32.

    The two take turns, so that whatever else the machine does is in both. The interval is of 95 %,
    a percentile bootstrap (Efron 1979) over the turns' ratios. Raises ModelError.
    """
    both = [Model(each, threads=threads) for each in (path, floats)]
    if [t.shape for t in both[0].inputs] != [t.shape for t in both[1].inputs]:
        raise ModelError(f"{floats} takes other inputs than {path}; give the model that it was")
    inputs = [_inputs(model) for model in both]
    for model, given in zip(both, inputs, strict=True):
        for _ in _repeats(1, WARM_UP_S / 2):
            _invoke_ms(model, given)
    medians = np.empty((TURNS, 2))
    for turn in range(TURNS):
        for which in (0, 1) if turn % 2 else (1, 0):
            times_ms = [
                _invoke_ms(both[which], inputs[which])
                for _ in _repeats(-(-runs // TURNS) + 1, seconds / TURNS)
            ]
            medians[turn, which] = np.median(times_ms[1:])  # the first finds the other's caches
    ratios = medians[:, 0] / medians[:, 1]
    low, high = median_interval(ratios)
    int8_ms, float_ms = np.median(medians, axis=0)
    figures = {
        "int8_ms": int8_ms, "float_ms": float_ms,
        "ratio": np.median(ratios), "low": low, "high": high,
    }  # fmt: skip
    return {"threads": threads} | {name: round(float(n), 4) for name, n in figures.items()}


def _repeats(runs: int, seconds: float) -> Iterator[None]:
    """Yields until both are over."""
    end_s = time.monotonic() + seconds
    count = 0
    while count < runs or time.monotonic() < end_s:
        yield
        count += 1


def _inputs(model: Model) -> list[Array]:
    random = np.random.default_rng(0)
    return [_random(tensor, random) for tensor in model.inputs]


def _random(tensor: Tensor, random: np.random.Generator) -> Array:
    """Returns any of the values that a tensor can hold; -1 to 1 of a float one."""
    q = tensor.quantisation
    if q is None:
        return random.uniform(-1, 1, tensor.shape).astype(tensor.dtype)
    info = np.iinfo(q.dtype)
    stored = random.integers(info.min, info.max + 1, tensor.shape)
    return ((stored - q.zero_point) * q.scale).astype(np.float32)


def _invoke_ms(model: Model, inputs: Sequence[Array]) -> float:
    """Returns the time inside the interpreter: without the copies in and out."""
    before_ns = model.invoke_ns
    model.run(*inputs)
    return (model.invoke_ns - before_ns) / 1e6


def main() -> int:
    """Measures what the command line says, for in_own_process()."""
    path, threads, runs, seconds, *floats = sys.argv[1:]
    how = int(threads), int(runs), float(seconds)
    try:
        found = against(Path(path), Path(*floats), *how) if floats else alone(Path(path), *how)
    except FingerspellError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED[0]
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
