"""What creeps: memory, open files, threads and time of a long run, sampled, and held to bounds."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
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
    """One process by /proc: resident MB (1e6 bytes), open files, threads; zeros if gone."""

    memory_mb: float = 0.0
    files: int = 0
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """The state after so many frames, seconds and letters.

    child: the capture process; child_frames: how many it has given. tracked_ms, tracked_cpu_ms:
    median time, and median processor time of this process, of the frames with a followed hand
    since the sample before; 0 without any. load: of the machine, others included.
    """

    frames: int
    seconds: float
    parent: Process
    child: Process
    child_frames: int
    tracked_ms: float
    tracked_cpu_ms: float
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
        child = _children()
        sample = Sample(
            frames=self._frames,
            seconds=round(time.monotonic() - self._start_s, 1),
            parent=process("self"),
            child=process(child[0]) if child else Process(),
            child_frames=self._frames - self._opened_at,
            tracked_ms=_median(self._wall_ms),
            tracked_cpu_ms=_median(self._cpu_ms),
            reopened=self._reopened,
            letters=self.letters,
            load=os.getloadavg()[0],
        )
        self.samples.append(sample)
        self._wall_ms, self._cpu_ms = [], []


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


def process(pid: int | str) -> Process:
    """Reads /proc; the pid of this process is "self"."""
    at = Path("/proc") / str(pid)
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int((at / "statm").read_text().split()[1])
        threads = len(os.listdir(at / "task"))
        files = len(os.listdir(at / "fd")) - (pid == "self")  # less the listing's own
        return Process(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, files, threads)
    return Process()


def _children() -> list[int]:
    """The processes that this one has started and that live."""
    pids: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            pids.update(map(int, (task / "children").read_text().split()))
    return sorted(pids)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else 0.0


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
    name = f"in {PER_FRAMES:,} frames, MB"
    return [
        Bound(f"memory {name}", _growth(rest, lambda s: s.parent.memory_mb), MEMORY_MB),
        Bound(f"capture's memory {name}", _growth(drawn, lambda s: s.child.memory_mb), MEMORY_MB),
        Bound("open files, spread", _spread([s.parent.files for s in rest]), SPREAD),
        Bound("threads, spread", _spread([s.parent.threads for s in rest]), SPREAD),
        Bound("capture's open files, spread", _spread([s.child.files for s in drawn]), SPREAD),
        Bound("capture's threads, spread", _spread([s.child.threads for s in drawn]), SPREAD),
        Bound("rise of a tracked frame's processor time", _rise(rest), RISE),
    ]


def _spans(samples: Sequence[Sample]) -> bool:
    return len(samples) >= 5 and samples[-1].frames - samples[0].frames >= ENOUGH


def _rise(samples: Sequence[Sample]) -> float | None:
    """Of the least in the last third over the least in the first: what others do, adds to time."""
    if not _spans(samples):
        return None
    third = len(samples) // 3
    first, last = (
        min((s.tracked_cpu_ms for s in part if s.tracked_cpu_ms), default=None)
        for part in (samples[:third], samples[-third:])
    )
    return last / first - 1 if first and last else None


def _growth(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float | None:
    if not _spans(samples):
        return None
    return PER_FRAMES * slope([s.frames for s in samples], [of(s) for s in samples])


def _spread(counts: Sequence[int]) -> float | None:
    return max(counts) - min(counts) if len(counts) >= 2 else None
