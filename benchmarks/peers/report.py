"""All that a race came to, as one result: {"kind": "peers", ...}; see benchmarks/measure/result.py.

settings    source, phrases, frames, seconds, threads, cpus, block, starts, warm_up_frames
footage     group -> recordings, frames, sizes
frames_each, seconds, ended     what each peer read, and why it was not more
peers       for each: name, summary, error (None, or why there are no figures, or no more), and,
            where it read any frame,
            versions    all that is installed in its environment
            models      file -> SHA-256 of those that lie outside it
            frames      kind -> count, and distributions of wall_ms and cpu_ms
            ratios      against, kind, measure, ratio, low, high, blocks, frames
            empty_rooms cpu_ms_a_s: CPU ms a second of video without a hand, the median of so many
                        recordings; against, ratio, low, high; {} where it read none of them whole
            startup_s   all: from the start of a fresh process to its answer on a frame in which a
                        letter is held; letters: what it named; median, if it always named one
            memory_mb   peak_rss, pss: after the first recording
            installed_mb            environment and models on disk
            letters     group -> rule -> figures of benchmarks/measure/scoring.py, and
                        frames_right; {} of one that failed: it did not read what the others did
"""

from __future__ import annotations

import hashlib
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import conditions
from benchmarks.peers import environment, figures
from benchmarks.peers.race import Race, Row


def report(
    settings: Mapping[str, Any],
    rows: Sequence[Row],
    done: Race,
    watch: conditions.Watch,
    pythons: dict[str, Path],
) -> dict[str, Any]:
    """Returns the result: {"kind": "peers", ...}."""
    alive = [row for row in rows if not row.error]
    skipped = [f"skipped: {error}" for error in done.skipped]
    return {
        **conditions.head("peers", sys.argv[1:]),
        "settings": {**settings, "warm_up_frames": figures.WARM_UP},
        "conditions": {"samples": watch.samples, "warnings": [*watch.warnings(), *skipped]},
        "footage": _footage(done),
        "frames_each": max((sum(map(len, row.read)) for row in alive), default=0),
        "seconds": round(done.seconds, 1),
        "ended": done.ended,
        "peers": [_row(row, alive, done, settings["block"], pythons) for row in rows],
    }


def _footage(done: Race) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    for recording in done.recordings:
        group = groups.setdefault(recording.film.group, {"recordings": 0, "frames": 0, "sizes": []})
        group["recordings"] += 1
        group["frames"] += recording.shape[0]
        size = f"{recording.shape[2]}x{recording.shape[1]}"
        if size not in group["sizes"]:
            group["sizes"].append(size)
    return groups


def _row(
    row: Row, alive: Sequence[Row], done: Race, block: int, pythons: dict[str, Path]
) -> dict[str, Any]:
    row_figures: dict[str, Any] = {
        "name": row.name,
        "summary": row.adapter.SUMMARY,
        "error": row.error or None,
    }
    if row.error and not any(row.read):
        return row_figures
    against = _against(row, alive)
    python = pythons.get(row.name)
    read = row.startup_s and all(row.startup_letters)
    starts = {"median": statistics.median(row.startup_s)} if read else {}
    return row_figures | {
        "versions": environment.versions(python) if python else {},
        "models": {
            Path(p).name: hashlib.sha256(Path(p).read_bytes()).hexdigest() for p in row.files
        },
        "frames": figures.times(row),
        "ratios": figures.ratios(row, against, block) if against is not row else [],
        "empty_rooms": figures.empty_rooms(row, against, done.recordings),
        "startup_s": starts
        | {"all": [round(each, 3) for each in row.startup_s], "letters": row.startup_letters},
        "memory_mb": row.memory_mb,
        "installed_mb": (
            round(environment.size_mb(python.parents[1], row.files), 1) if python else None
        ),
        "letters": {} if row.error else figures.letters(row, done.recordings),
    }


def _against(row: Row, alive: Sequence[Row]) -> Row:
    """Returns ours with the same model, else ours, else the first; itself, where all failed."""
    ours = [each for each in alive if each.name.startswith("fingerspell:")]
    same = (each for each in ours if each.variant == row.variant)
    return next(same, [*ours, *alive, row][0])
