"""A peer's process, seen from the benchmark: started, questioned, and ended when it hangs."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from benchmarks.peers.environment import UnavailableError

WORKER = Path(__file__).with_name("worker.py")
START_LIMIT_S = 120.0  # TensorFlow on a busy board takes half a minute
ANSWER_LIMIT_S = 60.0


def quiet_cpus(count: int, watched_s: float = 1.0, stat: Path = Path("/proc/stat")) -> list[int]:
    """Returns the cores that others use least, watched for so long; of like ones the last.

    Every peer is kept on the same ones: threads beyond the wanted number find no core of their own.
    """
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    before = _busy_ticks(stat)
    time.sleep(watched_s)
    after = _busy_ticks(stat)
    cpus.sort(key=lambda cpu: (after.get(cpu, 0) - before.get(cpu, 0), -cpu))
    return sorted(cpus[:count])


def _busy_ticks(stat: Path) -> dict[int, int]:
    """Returns what each core has worked since the system's start; proc_stat(5)."""
    try:
        lines = re.findall(r"^cpu(\d+) (.*)$", stat.read_text(), re.MULTILINE)
    except OSError:
        return {}
    # user, nice, system, irq, softirq, steal; waiting for a disk is no work.
    ticks = {int(cpu): [int(field) for field in fields.split()] for cpu, fields in lines}
    return {cpu: sum(t[i] for i in (0, 1, 2, 5, 6, 7) if i < len(t)) for cpu, t in ticks.items()}


class FailedError(UnavailableError):
    """A peer died, hung, or said that it failed; the message, one line, says which."""


class Process:
    """One peer that stays up. Every method raises FailedError."""

    def __init__(
        self,
        python: Path,
        adapter: Path,
        variant: str,
        cpus: Sequence[int],
        files: Mapping[str, str],
        *,
        limits_s: tuple[float, float] = (START_LIMIT_S, ANSWER_LIMIT_S),
    ) -> None:
        """Starts it; ready() waits until it is up. cpus: those that it may use."""
        self._start_limit_s, self._limit_s = limits_s
        one = {name: str(len(cpus)) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
        command = [str(python), "-I", str(WORKER), str(adapter), variant]
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            [*command, json.dumps(list(cpus)), json.dumps(dict(files))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | one | {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3"},
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._questions = self._process.stdin
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._said: deque[str] = deque(maxlen=20)
        self._readers = [
            threading.Thread(target=self._listen, args=[self._process.stdout], daemon=True),
            threading.Thread(target=self._overhear, args=[self._process.stderr], daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def ready(self) -> list[str]:
        """Waits until it has loaded everything; returns the models that lie elsewhere."""
        return list(self._answer(self._start_limit_s)["files"])

    def begin(self, frames: Path, shape: tuple[int, int, int], t_ns: Sequence[int]) -> None:
        """Opens another recording: raw RGB of (N, H, W)."""
        self._ask({"ask": "begin", "frames": str(frames), "shape": shape, "t_ns": list(t_ns)})
        self._answer(self._start_limit_s)

    def read(self, first: int, count: int) -> list[list[Any]]:
        """Returns wall ns, CPU ns, kind, label and events of each frame."""
        self._ask({"ask": "read", "first": first, "count": count})
        frames = self._answer(self._limit_s)["frames"]
        if len(frames) != count:
            raise FailedError(f"it answered {len(frames)} frames of {count}")
        return list(frames)

    def memory_mb(self) -> dict[str, float]:
        """Returns the most resident memory ever (VmHWM), and its fair share now (PSS), in MB."""
        found = {}
        for name, file, field in (
            ("peak_rss", "status", "VmHWM"),
            ("pss", "smaps_rollup", "Pss"),
        ):
            try:
                status = Path(f"/proc/{self._process.pid}/{file}").read_text()
            except OSError:
                continue
            match = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
            if match:
                found[name] = round(int(match[1]) * 1024 / 1e6, 1)
        return found

    def close(self) -> None:
        """Ends it; may be called twice."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:
                pass  # it never read the last question

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _listen(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._answers.put(line)
        self._answers.put(b"")

    def _overhear(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            if line.strip():
                self._said.append(line.decode(errors="replace").strip())

    def _ask(self, what: dict[str, Any]) -> None:
        try:
            self._questions.write(json.dumps(what).encode() + b"\n")
            self._questions.flush()
        except BrokenPipeError:
            pass  # the answer says why

    def _answer(self, limit_s: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=limit_s)
        except queue.Empty:
            self.close()
            raise FailedError(f"it hung: no answer in {limit_s:g} s") from None
        if not line:
            raise FailedError(f"it died: {self._last_words()}")
        try:
            answer = json.loads(line)
        except ValueError:
            raise FailedError(f"it answered {line[:60]!r}, which is not JSON") from None
        if "error" in answer:
            raise FailedError(f"it failed: {answer['error']}")
        return dict(answer)

    def _last_words(self) -> str:
        code = self._process.wait()
        self._readers[1].join(5)
        last = self._said[-1][:200] if self._said else "it said nothing"
        if code < 0:
            name = signal.Signals(-code).name
            return f"{name} (the processor lacks an instruction)" if code == -4 else name
        return f"exit status {code}, {last}"
