"""One peer at work, in its own environment: `python -I worker.py FILE VARIANT CPUS FILES`.

FILE: an adapter. CPUS: those that it may use, [2, 3]; it is given as many threads. FILES: option ->
path.

Answers each line of JSON on stdin with one on stdout. What a peer prints goes to stderr.

    {"ask": "begin", "frames": PATH, "shape": [N, H, W], "t_ns": [...]}    another recording
    {"ask": "read", "first": I, "count": N}                              its frames, in order
    ->  {"frames": [[wall_ns, cpu_ns, kind, label, events], ...]}

The first answer, before any question, is {"ready": ...}; the last of a peer that fails is
{"error": LINE}. Pictures are read from the file, 8 bits a channel, RGB, before the clock starts.
CPU time is that of all threads of this process.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from benchmarks.peers.contract import Adapter, Reader

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Answers until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the benchmark's, which ends this
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(what: object) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    sys.path.append(str(ROOT))  # last: what a peer installed comes first, our own package too
    path, variant = sys.argv[1:3]
    cpus, files = (json.loads(each) for each in sys.argv[3:])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)
    try:
        reader = _module(path).open(variant, len(cpus), files)
        answer({"ready": True, "files": list(reader.files)})
        recording = None
        for line in sys.stdin:
            ask = json.loads(line)
            if ask["ask"] == "begin":
                recording = _Recording(ask)
                reader.begin()
                answer({"begun": True})
            else:
                assert recording, "read before begin"
                answer({"frames": recording.read(reader, ask["first"], ask["count"])})
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        answer({"error": f"{type(error).__name__}: {said}"})


def _module(path: str) -> Adapter:
    """Returns an adapter by its file; its folder stays out of the path: it has a mediapipe, too."""
    spec = importlib.util.spec_from_file_location("adapter", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["adapter"] = module
    spec.loader.exec_module(module)
    return cast("Adapter", module)


class _Recording:
    def __init__(self, ask: dict[str, Any]) -> None:
        import numpy as np

        _, self._height, self._width = ask["shape"]
        self._t_ns = ask["t_ns"]
        self._read = np.fromfile
        self._file = open(ask["frames"], "rb")  # noqa: SIM115 - until the next recording

    def read(self, reader: Reader, first: int, count: int) -> list[list[Any]]:
        """Returns what each frame cost, and what was read in it."""
        done = []
        size = self._height * self._width * 3
        for index in range(first, first + count):
            self._file.seek(index * size)
            rgb = self._read(self._file, "u1", size).reshape(self._height, self._width, 3)
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            kind, label, events = reader.read(rgb, self._t_ns[index])
            cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
            done.append([wall, cpu, kind, label, events])
        return done


if __name__ == "__main__":
    main()
