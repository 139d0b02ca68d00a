"""What creeps: memory, open files, threads and time of a long run, sampled, and held to bounds."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.types import Result

PER_FRAMES = 100_000
MEMORY_MB = 1.0  # the most that memory may grow in so many frames
SPREAD = 2  # open files, or threads, more or less: a page being answered, a process being reaped
RISE = 0.1  # the most that a frame's processor time may rise from the first third to the last
ENOUGH = 50_000  # frames, after the warm-up, from which growth is reported
WARM_UP = 0.1  # share of the samples that are left out: caches fill, allocators settle
CHILD_FRAMES = 5_000  # a capture process has drawn all its pictures after so many


@dataclass(frozen=True, slots=True)
class Process:
    """One process by /proc: resident MB (1e6 bytes), open files, threads."""

    memory_mb: float
    files: int
    threads: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The state after so many frames, seconds and letters.

    parent, child: this process and the capture process; None where it could not be measured, such
    as a capture process that has just ended. child_frames: how many frames it has given.
    tracked_ms, tracked_cpu_ms: median time, and median processor time of this process, of the
    frames with a followed hand since the sample before; None without any. load: of the machine,
    others included.
    """

    frames: int
    seconds: float
    parent: Process | None
    child: Process | None
    child_frames: int
    tracked_ms: float | None
    tracked_cpu_ms: float | None
    reopened: int
    letters: int
    load: float


class Sampler:
    """Takes a sample of this process, and of its child, after every so many frames.

    letters: how many were read so far.
    """

    def __init__(self, every: int) -> None:
        self.samples: list[Sample] = []
        self._every = every
        self.letters = 0
        self._frames = self._reopened = self._opened_at = 0
        self._child_pid: int | None = None  # at the last sample
        self._child_reopened = 0  # likewise
        self._start_s = time.monotonic()
        self._cpu_s = time.process_time()
        self._wall_ms: list[float] = []
        self._cpu_ms: list[float] = []

    def after(self, result: Result, reopened: int) -> bool:
        """Takes a frame, done with; says whether a sample was taken."""
        before_s, self._cpu_s = self._cpu_s, time.process_time()
        self._frames += 1
        self.letters += sum(event.kind == "letter" for event in result.events)
        if reopened != self._reopened:
            self._reopened, self._opened_at = reopened, self._frames
        if result.hands and "find" not in result.timings_ms:
            stages = ("follow", "recognise", "spell")
            self._wall_ms.append(sum(result.timings_ms[stage] for stage in stages))
            self._cpu_ms.append((self._cpu_s - before_s) * 1000)
        if self._frames % self._every:
            return False
        self._take()
        return True

    def close(self) -> None:
        """Takes the last sample."""
        if self._frames % self._every:
            self._take()

    def _take(self) -> None:
        sample = Sample(
            frames=self._frames,
            seconds=round(time.monotonic() - self._start_s, 1),
            parent=process("self"),
            child=self._child(),
            child_frames=self._frames - self._opened_at,
            tracked_ms=_median(self._wall_ms),
            tracked_cpu_ms=_median(self._cpu_ms),
            reopened=self._reopened,
            letters=self.letters,
            load=os.getloadavg()[0],
        )
        self.samples.append(sample)
        self._wall_ms, self._cpu_ms = [], []

    def _child(self) -> Process | None:
        """Measures the capture process, if it is the one that gave the frames that are counted.

        When a capture process is replaced, the last frames of the old one are still on their way
        for a while, and the source does not say yet that it was opened again.
        """
        pid = next(iter(_children()), None)
        replaced = self._child_pid not in (None, pid) and self._reopened == self._child_reopened
        self._child_pid, self._child_reopened = pid, self._reopened
        return None if pid is None or replaced else process(pid)


@dataclass(frozen=True, slots=True)
class Bound:
    """What was measured against what may be; None: the run was too short to say."""

    name: str
    measured: float | None
    at_most: float

    @property
    def met(self) -> bool | None:
        """Whether it is kept; None where nothing can be said."""
        return None if self.measured is None else self.measured <= self.at_most


def process(pid: int | str) -> Process | None:
    """Reads /proc; the pid of this process is "self". None of a process that is ending or gone.

    The kernel takes away an ending process's memory first, then its files (do_exit in Linux's
    kernel/exit.c). So where memory is still there after the files were counted, they were all
    there.
    """
    at = Path("/proc") / str(pid)
    with contextlib.suppress(OSError, ValueError, IndexError):
        threads = len(os.listdir(at / "task"))
        files = len(os.listdir(at / "fd")) - (pid == "self")  # less the listing's own
        pages = int((at / "statm").read_text().split()[1])
        if pages:
            return Process(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, files, threads)
    return None


def _children() -> list[int]:
    """The processes that this one has started and that live."""
    pids: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            pids.update(map(int, (task / "children").read_text().split()))
    return sorted(pids)


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Returns the median of the slopes through all pairs of points: few of them can be wild.

    The estimator of Theil and Sen (Sen 1968, JASA 63). 0 where all x are the same.
    """
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    i, j = np.triu_indices(len(xs), 1)
    apart = xs[j] != xs[i]
    i, j = i[apart], j[apart]
    return float(np.median((ys[j] - ys[i]) / (xs[j] - xs[i]))) if len(i) else 0.0


def bounds(samples: Sequence[Sample]) -> list[Bound]:
    """Returns what must not creep, over a run's samples."""
    rest = [s for s in samples[max(1, round(WARM_UP * len(samples))) :] if s.frames]
    # A new capture process draws its pictures first, and where it has one, it has shared memory.
    drawn = [s for s in rest if s.child_frames >= CHILD_FRAMES]
    parents = [(s.frames, s.parent) for s in rest if s.parent]
    children = [(s.frames, s.child) for s in drawn if s.child]
    name = f"in {PER_FRAMES:,} frames, MB"
    return [
        Bound(f"memory {name}", _growth(parents), MEMORY_MB),
        Bound(f"capture's memory {name}", _growth(children), MEMORY_MB),
        Bound("open files, spread", _spread([p.files for _, p in parents]), SPREAD),
        Bound("threads, spread", _spread([p.threads for _, p in parents]), SPREAD),
        Bound("capture's open files, spread", _spread([p.files for _, p in children]), SPREAD),
        Bound("capture's threads, spread", _spread([p.threads for _, p in children]), SPREAD),
        Bound("rise of a tracked frame's processor time", _rise(rest), RISE),
    ]


def _are_enough(frames: Sequence[int]) -> bool:
    return len(frames) >= 5 and frames[-1] - frames[0] >= ENOUGH


def _rise(samples: Sequence[Sample]) -> float | None:
    """Of the least in the last third over the least in the first: what others do, adds to time."""
    if not _are_enough([s.frames for s in samples]):
        return None
    third = len(samples) // 3
    first, last = (
        min((s.tracked_cpu_ms for s in part if s.tracked_cpu_ms), default=None)
        for part in (samples[:third], samples[-third:])
    )
    return last / first - 1 if first and last else None


def _growth(measured: Sequence[tuple[int, Process]]) -> float | None:
    """Returns how many MB a process grows in PER_FRAMES frames, of pairs of frames and process."""
    frames = [n for n, _ in measured]
    if not _are_enough(frames):
        return None
    return PER_FRAMES * slope(frames, [p.memory_mb for _, p in measured])


def _spread(counts: Sequence[int]) -> float | None:
    return max(counts) - min(counts) if len(counts) >= 2 else None
