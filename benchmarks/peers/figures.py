"""What a race comes to: times by kind of frame, paired ratios with intervals, letters right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure.result import distribution, median_interval
from benchmarks.measure.scoring import Score, score, total
from benchmarks.peers.contract import KINDS
from benchmarks.peers.footage import EMPTY_ROOMS, Recording
from benchmarks.peers.race import Row, Sample
from edge.handshapes import DRAWN
from edge.types import Event

WARM_UP = 3  # frames of each recording, in which a fresh graph warms up; scored, and not timed
# "The same for N frames"; 1 takes each change of the frame's letter, 30 are a second.
STEADY = (1, 5, 10, 15, 20, 25, 30)
MEASURES = ("wall_ms", "cpu_ms")
_LEAST = 5  # blocks, or recordings, below which no interval is given
_PAIRED = ("tracked", "searching")  # idle frames are compared by empty_rooms()


def times(row: Row) -> dict[str, Any]:
    """Returns for each kind of frame the distributions of wall and CPU time, in ms."""
    samples = [sample for each in row.read for sample in each[WARM_UP:]]
    found: dict[str, Any] = {}
    for kind in KINDS:
        these = [sample for sample in samples if sample.kind == kind]
        found[kind] = {"count": len(these)}
        if these:
            found[kind] |= {m: distribution([getattr(s, m) for s in these]) for m in MEASURES}
    return found


def ratios(row: Row, against: Row, block: int) -> list[dict[str, Any]]:
    """Returns how many times as long as `against` a peer takes on the same frames.

    Only frames that both tracked, or both searched. Each block gives the ratio of the two middle
    frames; the figure is the median of the blocks, with a 95 % interval (bootstrap over blocks:
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
    """
    found = []
    for kind in _PAIRED:
        pairs = [each for each in _blocks(row, against, kind, block) if each]
        for measure in MEASURES:
            logs = np.array(
                [
                    np.log(_middle(mine, measure) / _middle(theirs, measure))
                    for mine, theirs in (zip(*pair, strict=True) for pair in pairs)
                    if _middle(theirs, measure) > 0 and _middle(mine, measure) > 0
                ]
            )
            if len(logs):
                low, high = _interval(logs)
                found.append(
                    {
                        "against": against.name,
                        "kind": kind,
                        "measure": measure.removesuffix("_ms"),
                        "ratio": round(float(np.exp(np.median(logs))), 4),
                        "low": low,
                        "high": high,
                        "blocks": len(logs),
                        "frames": sum(map(len, pairs)),
                    }
                )
    return found


def _blocks(row: Row, against: Row, kind: str, block: int) -> Iterator[list[tuple[Sample, Sample]]]:
    """Yields for each block the pairs of samples of frames that count as `kind`."""
    for mine, theirs in zip(row.read, against.read, strict=False):
        pairs = list(zip(mine, theirs, strict=False))
        for first in range(0, len(pairs), block):
            yield [
                (m, t)
                for m, t in pairs[max(first, WARM_UP) : first + block]
                if m.kind == t.kind == kind
            ]


def _middle(samples: Sequence[Sample], measure: str) -> float:
    return float(np.median([getattr(sample, measure) for sample in samples]))


def _interval(logs: npt.NDArray[np.float64]) -> tuple[float | None, float | None]:
    if len(logs) < _LEAST:
        return None, None
    low, high = np.exp(median_interval(logs))
    return round(float(low), 4), round(float(high), 4)


def empty_rooms(row: Row, against: Row, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Returns what a second of video in which there is no hand costs a peer, in CPU time.

    cpu_ms_a_s: of all frames, whatever the peer did with each. ratio: to `against`, the median of
    the recordings, with its 95 % interval (low, high: None for a few); None for itself. Only of
    recordings that both have read to the end; {} without any.
    """
    costs = []
    for recording, mine, theirs in zip(recordings, row.read, against.read, strict=False):
        count = len(recording.t_ns)
        if recording.film.group == EMPTY_ROOMS and recording.whole and count > WARM_UP + 1:
            if min(len(mine), len(theirs)) < count:
                continue
            # Each frame stands for the time to the next one.
            timed_s = (recording.t_ns[-1] - recording.t_ns[WARM_UP]) / 1e9
            timed_s *= (count - WARM_UP) / (count - WARM_UP - 1)
            costs.append(
                [sum(s.cpu_ms for s in each[WARM_UP:]) / timed_s for each in (mine, theirs)]
            )
    if not costs:
        return {}
    found: dict[str, Any] = {
        "cpu_ms_a_s": round(float(np.median([mine for mine, _ in costs])), 4),
        "recordings": len(costs),
        **dict.fromkeys(("against", "ratio", "low", "high")),
    }
    if against is not row and all(min(both) > 0 for both in costs):
        logs = np.log([mine / theirs for mine, theirs in costs])
        low, high = _interval(logs)
        ratio = round(float(np.exp(np.median(logs))), 4)
        found |= {"against": against.name, "ratio": ratio, "low": low, "high": high}
    return found


def letters(row: Row, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Returns group -> rule -> what was read right, of recordings whose letters are known.

    rules: "own", where a peer settles letters itself; else "same for N frames" for each of STEADY.
    frames_right: of the frames in which a letter is held, the share whose own label is that letter.
    """
    groups: dict[str, dict[str, list[Score]]] = {}
    frames: dict[str, list[bool]] = {}
    for recording, samples in zip(recordings, row.read, strict=False):
        if recording.shown is None or not recording.whole or len(samples) < len(recording.t_ns):
            continue
        group = recording.film.group
        rules = groups.setdefault(group, {})
        for rule, events in _settled(row, samples, recording.t_ns).items():
            one = score(recording.shown, events, recording.seconds)
            rules.setdefault(rule, []).append(one)
        right = frames.setdefault(group, [])
        for sample, t_ns in zip(samples, recording.t_ns, strict=True):
            t_s = t_ns / 1e9
            held = [s.label for s in recording.shown if s.start_s <= t_s < s.end_s]
            if held and len(held[0]) == 1 and held[0] not in DRAWN:
                right.append(sample.label == held[0])
    return {
        group: {rule: total(scores).figures() for rule, scores in rules.items()}
        | {"frames": len(frames[group]), "frames_right": sum(frames[group])}
        for group, rules in groups.items()
    }


def _settled(row: Row, samples: Sequence[Sample], t_ns: Sequence[int]) -> dict[str, list[Event]]:
    if row.adapter.SETTLES:
        settled = [event for sample in samples for event in sample.events]
        return {"own": [Event(kind, label, 1.0, t, "") for kind, label, t in settled]}  # type: ignore[arg-type]
    return {f"same for {n}": list(steady(samples, t_ns, n)) for n in STEADY}


def steady(samples: Sequence[Sample], t_ns: Sequence[int], n: int) -> Iterator[Event]:
    """Yields a letter when it was read from so many frames in a row; once until they differ."""
    last, run = "", 0
    for sample, now_ns in zip(samples, t_ns, strict=True):
        run = run + 1 if sample.label == last else 1
        last = sample.label
        if last and run == n:
            yield Event("letter", last, 1.0, now_ns, "")
