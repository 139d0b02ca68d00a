"""What a machine is, and the conditions it measured in: heat, clock, power, what else it did."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event, Thread
from typing import Any

from benchmarks.measure import result
from benchmarks.measure.memory import peak_memory_mb
from edge.models import interpreter
from edge.running import machine
from edge.stages import CountingModel

CPUS = Path("/sys/devices/system/cpu")
POWER = Path("/sys/class/power_supply")

EACH_S = 5.0  # from one sample to the next
BUSY_CPUS = 0.1  # others use more of the cores than this: more than a quiet system's own services
SLOWED = 0.9  # of its own highest clock: below it, something slows the processor down
LIBRARIES = ("fingerspell", "numpy", "opencv-python-headless", "opencv-python", "pygame-ce")

_TICKS = os.sysconf("SC_CLK_TCK")


def head(kind: str, argv: Sequence[str]) -> dict[str, Any]:
    """Returns what every result begins with: what it is, the command, now, and the machine."""
    return {
        "kind": kind,
        "version": result.VERSION,
        "command": result.typed(kind, argv),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": facts(),
    }


def facts() -> dict[str, Any]:
    """Returns what the machine is, for a result."""
    memory = machine.memory_mb()
    system = None
    with contextlib.suppress(OSError):
        system = platform.freedesktop_os_release().get("PRETTY_NAME")
    return {
        "board": machine.board(),
        "processor": machine.processor(),
        "cores": os.cpu_count(),
        "memory_mb": memory[1] if memory else None,
        "virtual": " hypervisor" in _text(machine.PROC / "cpuinfo"),
        "kernel": f"{platform.system()} {platform.release()}",
        "system": system,
        "governor": governor(),
        "clock_mhz": _clock_mhz("cpuinfo_max_freq"),
    }


def versions() -> dict[str, str]:
    """Returns name -> version of Python and of the libraries that are installed."""
    found = {"python": platform.python_version(), "litert": interpreter.runtime()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def sums(models: Iterable[CountingModel]) -> dict[str, str]:
    """Returns name -> SHA-256 of the models' files, whatever the settings call them."""
    return {
        model.path.stem: hashlib.sha256(model.path.read_bytes()).hexdigest()
        for model in sorted(models, key=lambda model: model.path.stem)
    }


def governor() -> str | None:
    """Returns what governs the clock: "performance", "ondemand"; None where it is unknown."""
    files = CPUS.glob("cpu[0-9]*/cpufreq/scaling_governor")
    return ", ".join(sorted({_text(file).strip() for file in files})) or None


def on_battery() -> bool:
    """Whether a battery is being drained that feeds the machine, and not a mouse or a keyboard."""
    return any(
        _text(supply / "status").strip() == "Discharging"
        and _text(supply / "scope").strip() != "Device"
        for supply in POWER.glob("*")
    )


def at_start() -> list[str]:
    """Returns what can be seen, and changed, before anything is measured: a line for each."""
    lines = []
    if on_battery():
        lines.append("the machine runs on battery; plug it in")
    if (found := governor()) not in (None, "performance"):
        lines.append(
            f"the clock's governor is {found}; for steady figures: echo performance |"
            f" sudo tee {CPUS}/cpu*/cpufreq/scaling_governor"
        )
    return lines


class Watch:
    """Samples the conditions from a thread, while something else is measured.

        with Watch() as watch:
            ...
        watch.samples, watch.warnings(), watch.cpu_s, watch.memory_mb

    samples: lists of one length: t_s, temperature_c, clock_mhz, others_cpus (how many cores other
        programs, or a virtual machine's other guests, took since the sample before; what this
        process starts is not another's), throttled (in words, [] for not). None: unknown.
    cpu_s, memory_mb: of this process ("loop") and of the one that a camera lives in ("capture",
        only where there is one): processor time between start and end, and the most memory ever.
    took_s: what the sampling itself took of a processor; vcgencmd's own time is not in it.
    """

    def __init__(self, each_s: float = EACH_S) -> None:
        names = ("t_s", "temperature_c", "clock_mhz", "others_cpus", "throttled")
        self.samples: dict[str, list[Any]] = {name: [] for name in names}
        self.took_s = 0.0
        self._each_s = each_s
        self._over = Event()
        self._thread = Thread(target=self._sample_on, name="conditions", daemon=True)
        self._lines = at_start()
        self._held_back: set[str] = set()
        self._headroom_c: float | None = None  # the least that there was
        self._captures: dict[int, tuple[float, float]] = {}  # pid: seconds at first, and now
        self._children_s = 0.0  # of all that this process started and has not yet waited for
        self._others_cpus = 0.0
        self._memory_mb = {"loop": 0.0}

    def __enter__(self) -> Watch:
        self._start_s = self._before_s = time.monotonic()
        self._first_s = time.process_time()
        self._old = None if (bits := _bits()) is None else set(machine.throttling(bits)[1])
        self._measure_processes()
        self._first_others_s = self._before_others_s = self._others_s()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._sample()
        spent_s = self._before_others_s - self._first_others_s
        self._others_cpus = max(0.0, spent_s) / max(self._before_s - self._start_s, 1e-3)
        # The firmware remembers throttling that came and went between two samples.
        if self._old is not None and (bits := _bits()) is not None:
            self._held_back |= set(machine.throttling(bits)[1]) - self._old
        self._last_s = time.process_time()

    @property
    def cpu_s(self) -> dict[str, float]:
        """Seconds of processor time; call it when it is over."""
        found = {"loop": round(self._last_s - self._first_s, 3)}
        if self._captures:
            found["capture"] = round(sum(now - first for first, now in self._captures.values()), 3)
        return found

    @property
    def memory_mb(self) -> dict[str, float]:
        """The most memory that each process ever had, MB (1e6 bytes)."""
        return {name: round(mb, 1) for name, mb in self._memory_mb.items()}

    def warnings(self) -> list[str]:
        """Returns a line for each reason not to trust the figures; [] for none."""
        lines = [*self._lines, *self.disturbances()]
        if on_battery() and not any("battery" in line for line in lines):
            lines.append("the machine ran on battery at the end; plug it in")
        return lines

    def disturbances(self) -> list[str]:
        """Returns a line for each of them that makes two runs of the same code differ."""
        lines = []
        if self._others_cpus > BUSY_CPUS:
            used = f"{self._others_cpus:.1f} of its {os.cpu_count()} cores"
            lines.append(f"the machine was busy: others used {used}")
        if self._held_back:
            lines.append(f"the board held the processor back: {', '.join(sorted(self._held_back))}")
        hottest = max(filter(None, self.samples["temperature_c"]), default=0.0)
        if self._headroom_c is not None and self._headroom_c <= 0:
            lines.append(f"it got {hottest:.0f} °C hot, and slows itself down at that")
        clocks = [clock for clock in self.samples["clock_mhz"] if clock]
        if clocks and governor() == "performance" and min(clocks) < SLOWED * max(clocks):
            lines.append(f"the clock fell from {max(clocks):.0f} to {min(clocks):.0f} MHz")
        return lines

    def _sample_on(self) -> None:
        while not self._over.wait(self._each_s):
            self._sample()

    def _sample(self) -> None:
        start_s = time.thread_time()
        self._measure_processes()
        now_s, others_s = time.monotonic(), self._others_s()
        others = max(0.0, others_s - self._before_others_s) / max(now_s - self._before_s, 1e-3)
        self._before_s, self._before_others_s = now_s, others_s
        held_back = None if (bits := _bits()) is None else machine.throttling(bits)[0]
        self._held_back.update(held_back or ())
        if (headroom_c := machine.headroom_c()) is not None:
            least = headroom_c if self._headroom_c is None else self._headroom_c
            self._headroom_c = min(headroom_c, least)
        for name, value in (
            ("t_s", round(now_s - self._start_s, 1)),
            ("temperature_c", machine.temperature_c()),
            ("clock_mhz", _clock_mhz("scaling_cur_freq")),
            ("others_cpus", round(others, 2)),
            ("throttled", held_back),
        ):
            self.samples[name].append(value)
        self.took_s += time.thread_time() - start_s

    def _others_s(self) -> float:
        """Returns processor time that others have had since the system's start, seconds."""
        fields = [int(field) for field in _text(machine.PROC / "stat").split("\n")[0].split()[1:]]
        # user, nice, system, irq, softirq, steal: not idle and iowait; proc_stat(5).
        busy = sum(fields[i] for i in (0, 1, 2, 5, 6, 7) if i < len(fields)) / _TICKS
        waited_for = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended_s = waited_for.ru_utime + waited_for.ru_stime
        return busy - time.process_time() - self._children_s - ended_s

    def _measure_processes(self) -> None:
        self._memory_mb["loop"] = peak_memory_mb()
        self._children_s = 0.0
        for pid, seconds in _children():
            self._children_s += seconds
            if "edge.capture.child" in _text(machine.PROC / str(pid) / "cmdline"):
                peak = peak_memory_mb(pid)
                before = seconds if not self.samples["t_s"] else 0.0
                first, _ = self._captures.get(pid, (before, 0.0))
                self._captures[pid] = first, seconds
                self._memory_mb["capture"] = max(self._memory_mb.get("capture", 0.0), peak)


def _children() -> Iterator[tuple[int, float]]:
    """Yields the number of each process that this one started and that is there, and its seconds.

    Of the processor, with those of its own children that have ended: proc_stat(5), 14 to 17.
    """
    for entry in machine.PROC.glob("[0-9]*"):
        parts = _text(entry / "stat").rpartition(")")[2].split()
        if len(parts) > 14 and parts[1] == str(os.getpid()):
            yield int(entry.name), sum(map(int, parts[11:15])) / _TICKS


def _bits() -> int | None:
    """Returns what a Raspberry Pi's firmware holds back, as bits; None where it is unknown.

    The firmware is read first: bits of the kernel's file were seen to clear by themselves.
    """
    bits = machine.throttled_bits()
    return machine.throttled_file_bits() if bits is None else bits


def _clock_mhz(name: str) -> float | None:
    """Returns the fastest core's clock by a file of cpufreq, MHz; None where it is unknown."""
    files: Sequence[str] = [_text(file) for file in CPUS.glob(f"cpu[0-9]*/cpufreq/{name}")]
    return max((int(text) / 1000 for text in files if text.strip().isdigit()), default=None)


def _text(file: Path) -> str:
    """Returns a kernel file's text; "" where there is none, or it is gone meanwhile."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
