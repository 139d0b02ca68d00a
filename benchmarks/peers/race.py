"""Every peer on the same frames, in short blocks by turns, so that noise hits all alike."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tqdm import tqdm

from benchmarks.peers.contract import KINDS, Adapter
from benchmarks.peers.environment import UnavailableError
from benchmarks.peers.footage import Film, Recording, decoded, scratch
from benchmarks.peers.process import FailedError, Process
from edge.errors import FingerspellError, SourceError

BLOCK = 15  # frames that one peer reads before it is the next one's turn


class Sample(NamedTuple):
    """What one frame cost a peer, and what was read in it."""

    wall_ms: float
    cpu_ms: float
    kind: str
    label: str
    events: Sequence[tuple[str, str, int]]


@dataclass
class Row:
    """One peer: how it is started, and what it did.

    read: for each recording, in order, the samples of its frames. startup_s: from the start of a
    fresh process to the answer on its first frame, and startup_letters: the letter that it names.
    error: why there is no more, "" for nothing.
    """

    name: str
    variant: str
    adapter: Adapter
    start: Callable[[], Process] | None = None
    error: str = ""
    read: list[list[Sample]] = field(default_factory=list)
    startup_s: list[float] = field(default_factory=list)
    startup_letters: list[str] = field(default_factory=list)
    memory_mb: Mapping[str, float] = field(default_factory=dict)
    files: Sequence[str] = ()


@dataclass
class Race:
    """What was read.

    skipped: why films were not. ended: "source" (all of it), "frames", "seconds" or "interrupted".
    """

    recordings: list[Recording] = field(default_factory=list)
    skipped: list[FingerspellError] = field(default_factory=list)
    ended: str = "source"
    seconds: float = 0.0


def startups(rows: Sequence[Row], film: Film, times: int, bar: bool = True) -> None:
    """Starts each peer afresh, by turns, and times it to its answer on a film's first frame.

    A peer that names no letter there has not run all that it is made of.
    """
    with scratch() as folder:
        picture = decoded(film, folder / "frame.rgb", most=1)
        turns = [row for _ in range(times) for row in rows]
        for row in tqdm(turns, "starting", unit=" starts", leave=False, disable=not bar):
            with _failing(row):
                if row.error or not row.start:
                    continue
                with row.start() as process:
                    process.ready()
                    process.begin(picture.file, picture.shape, picture.t_ns)
                    (answer,) = process.read(0, 1)
                    row.startup_s.append(time.perf_counter() - process.started)
                    row.startup_letters.append(_sample(answer).label)


def run(
    rows: Sequence[Row],
    films: Sequence[Film],
    *,
    frames: int = 0,
    seconds: float = 0.0,
    block: int = BLOCK,
    bar: bool = True,
) -> Race:
    """Reads the films by turns until they end, or so many frames or seconds are over; 0: no end.

    A peer that fails is left out from there on, with its reason in its row. Ctrl-C ends it with
    what was read, or goes on where nothing was. Raises SourceError where there was no frame at all.
    """
    race = Race()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(scratch()) / "frames.rgb"  # of one film after the other
        processes: dict[str, Process] = {}
        show = stack.enter_context(tqdm(total=len(films), unit=" films", disable=not bar))
        start = time.perf_counter()
        try:
            for row in rows:
                with _failing(row):
                    if not row.error and row.start:
                        processes[row.name] = stack.enter_context(row.start())
                        row.files = processes[row.name].ready()
            start = time.perf_counter()
            for film in films:
                show.set_postfix_str(film.group)
                try:
                    race.recordings.append(decoded(film, file))
                except FingerspellError as error:  # one clip that is broken spoils no long run
                    race.skipped.append(error)
                    continue
                race.ended = _read(
                    race.recordings[-1],
                    rows,
                    processes,
                    block=block,
                    frames=frames,
                    until=seconds and start + seconds,
                )
                _weigh(rows, processes)
                show.update()
                if race.ended != "source":
                    break
        except KeyboardInterrupt:
            if not any(any(row.read) for row in rows):
                raise
            race.ended = "interrupted"
        if race.ended != "source" and race.recordings:
            race.recordings[-1] = replace(race.recordings[-1], whole=False)
        race.seconds = time.perf_counter() - start
    if not race.recordings:
        if race.skipped:
            raise race.skipped[0]
        raise SourceError("there was no frame to read; choose another --source or --clips")
    return race


def _read(
    recording: Recording,
    rows: Sequence[Row],
    processes: Mapping[str, Process],
    *,
    block: int,
    frames: int,
    until: float,
) -> str:
    """Gives a recording to all, block by block; returns what ended it."""
    for row in rows:
        with _failing(row):
            if row.name in processes and not row.error:
                row.read.append([])
                processes[row.name].begin(recording.file, recording.shape, recording.t_ns)
    alive = [row for row in rows if row.name in processes and not row.error]
    before = sum(len(each) for each in alive[0].read) if alive else 0
    length = recording.shape[0]
    for turn, first in enumerate(range(0, length, block)):
        count = min(block, length - first)
        if frames:
            count = min(count, frames - before - first)
        shift = turn % max(len(rows), 1)
        for row in (*rows[shift:], *rows[:shift]):  # each is the first in turn
            with _failing(row):
                if row.name in processes and not row.error:
                    answers = processes[row.name].read(first, count)
                    row.read[-1] += [_sample(answer) for answer in answers]
        if frames and before + first + count >= frames:
            return "frames"
        if until and time.perf_counter() > until:
            return "seconds"
    return "source"


def _weigh(rows: Sequence[Row], processes: Mapping[str, Process]) -> None:
    """Takes each peer's memory, once: to open everything anew for each recording adds to it."""
    for row in rows:
        if row.name in processes and not row.error and not row.memory_mb:
            row.memory_mb = processes[row.name].memory_mb()


def _sample(answer: Sequence[Any]) -> Sample:
    wall_ns, cpu_ns, kind, label, events = answer
    if kind not in KINDS:
        raise FailedError(f"it reported a {kind!r} frame; there are {', '.join(KINDS)}")
    return Sample(wall_ns / 1e6, cpu_ns / 1e6, kind, label, [tuple(each) for each in events])


@contextlib.contextmanager
def _failing(row: Row) -> Iterator[None]:
    """Turns what goes wrong with one peer into its row's reason."""
    try:
        yield
    except UnavailableError as error:
        done = sum(len(each) for each in row.read)
        row.error = f"{error}{f' (after {done} frames)' if done else ''}"
