"""How well J and Z are read from collections that the model has not seen.

Each collection of DATA/motion is left out in turn; the model trained on the others is made int8,
and reads the takes of that one frame by frame, as on a device (edge.recognise.rules.motion.Motion).
How fast they were recorded is not known: each is played at three paces. After a take its last frame
is held for 400 ms, since its 30 frames often end with the letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convert.quantize import convert
from edge.files import write
from edge.hands.geometry import box_of
from edge.handshapes.alphabet import DRAWN
from edge.recognise.rules.motion import ON, Motion
from edge.types import Hand
from train.motion.trajectories import Take

PACES = (0.8, 1.0, 1.33)  # of 30 frames: 25, 20 and 15 frames a second
HOLD_MS = 400.0  # how long the last frame of a take is held
SWEEP = (0.7,)  # thresholds that are measured beside the one in use
QUOTED = ("F1, collection left out", "worst", "false in ten minutes")  # in the manifest
LATE_MS = 600.0  # a letter of a made take counts as read up to this long after it ends

Counts = dict[str, list[int]]  # for each letter: right, missed, false


def int8(folder: Path, name: str = "motion") -> Path:
    """Converts what train.motion.fit.save wrote into `folder`; returns the manifest's path."""
    convert(folder / f"{name}.keras", folder / "calibration.npz", folder / f"{name}.tflite")
    return folder / f"{name}.json"


def play(motion: Motion, take: Take, pace: float = 1.0) -> list[tuple[float, str]]:
    """Plays a take frame by frame; returns when, in ms of the take, which gestures are read."""
    if len(take.t_ms) < 2:
        return []
    step_ms = float(take.t_ms[-1] - take.t_ms[-2])
    times = [*take.t_ms, *(take.t_ms[-1] + step_ms * k for k in range(1, int(HOLD_MS / step_ms)))]
    motion.update(0, None)
    motion.update(-1_000_000_000, None)  # time goes back, as between two recordings
    found = []
    for i, ms in enumerate(times):
        landmarks = take.landmarks[min(i, len(take.landmarks) - 1)]
        hand = Hand(landmarks, box_of(landmarks), "left" if take.left else "right", 1.0)
        read = motion.update(round(ms * pace * 1e6), hand)
        if read:
            found.append((float(ms), read.label))
    return found


def of_recorded(
    motion: Motion, takes: Iterable[Take], paces: Sequence[float] = PACES
) -> dict[str, Any]:
    """Returns the figures of recorded takes: a gesture read once is right, once more is false."""
    return _of_read(motion, _read(motion, takes, paces))


def judged(motion: Motion, takes: Iterable[Take], paces: Sequence[float]) -> dict[str, Any]:
    """Returns the figures of recorded takes, with precision and recall, and how they are confused.

    "confusion": (L + 1, L + 1) counts of takes, each at each pace: the intended gesture by the one
    read first; the last row and column are no gesture.
    """
    reads = list(_read(motion, takes, paces))
    figures = _of_read(motion, reads)
    index = {label: i for i, label in enumerate(motion.labels)}
    none = len(index)
    table = np.zeros((none + 1, none + 1), int)
    for take, _, read in reads:
        table[index.get(take.label, none), index[read[0]] if read else none] += 1
    for label in motion.labels:
        of = figures[label]
        of["precision"] = round(of["right"] / max(of["right"] + of["false"], 1), 4)
        of["recall"] = round(of["right"] / max(of["right"] + of["missed"], 1), 4)
    return {**figures, "confusion": table.tolist()}


_Read = tuple[Take, float, list[str]]  # a take, its pace, and what was read of it


def _read(motion: Motion, takes: Iterable[Take], paces: Sequence[float]) -> Iterator[_Read]:
    for take in takes:
        for pace in paces:
            yield take, pace, [label for _, label in play(motion, take, pace)]


def _of_read(motion: Motion, reads: Iterable[_Read]) -> dict[str, Any]:
    counts: Counts = {label: [0, 0, 0] for label in motion.labels}
    false, seconds = 0, 0.0
    for take, pace, read in reads:
        if take.label not in motion.labels:
            false += len(read)
            seconds += pace * float(take.t_ms[-1]) / 1000 if len(take.t_ms) else 0.0
        for label in motion.labels:
            _count(counts[label], read.count(label), int(take.label == label))
    return _figures(counts, false, seconds)


def of_made(motion: Motion, takes: Iterable[Take]) -> dict[str, Any]:
    """Returns the figures of made takes, of which it is known when each letter is drawn."""
    counts: Counts = {label: [0, 0, 0] for label in motion.labels}
    false, seconds, late_ms = 0, 0.0, []
    for take in takes:
        rest = play(motion, take)
        drawing_ms = 0.0
        for label, begun, ended in zip(take.drawn, take.begun_ms, take.ended_ms, strict=True):
            since = begun + 0.5 * (ended - begun)
            hits = [r for r in rest if r[1] == label and since <= r[0] <= ended + LATE_MS]
            _count(counts[label], min(len(hits), 1), 1)
            drawing_ms += ended - begun
            if hits:
                rest.remove(hits[0])
                late_ms.append(hits[0][0] - ended)
        for _, label in rest:
            counts[label][2] += 1
        false += len(rest)
        seconds += (float(take.t_ms[-1]) - drawing_ms) / 1000
    late_ms.sort()
    return {**_figures(counts, false, seconds), "late_ms": late_ms[len(late_ms) // 2]}


def _count(of: list[int], times: int, wanted: int) -> None:
    of[0] += min(times, wanted)
    of[1] += wanted - min(times, wanted)
    of[2] += max(times - wanted, 0)


def _figures(counts: Counts, false: int, seconds: float) -> dict[str, Any]:
    scores = {}
    for label, (right, missed, wrong) in counts.items():
        f1 = 2 * right / max(2 * right + missed + wrong, 1)
        scores[label] = {"right": right, "missed": missed, "false": wrong, "f1": round(f1, 4)}
    return {**scores, "false": false, "minutes": round(seconds / 60, 2)}


def summed(sets: dict[str, Any]) -> dict[str, Any]:
    """Returns the mean and the worst F1 of each letter, and false letters in ten minutes."""
    f1 = {label: [figure[label]["f1"] for figure in sets.values()] for label in DRAWN}
    minutes = sum(figure["minutes"] for figure in sets.values())
    false = sum(figure["false"] for figure in sets.values())
    return {
        "F1, collection left out": {k: round(sum(v) / len(v), 4) for k, v in f1.items()},
        "worst": {k: min(v) for k, v in f1.items()},
        "false in ten minutes": round(10 * false / minutes, 2),
    }


def page(sets: dict[str, Any], made: dict[str, Any]) -> str:
    """Returns the figures as Markdown."""
    lines = [
        "# J and Z, each collection left out", "",
        "Written by `python -m train.motion --evaluate`; train/motion/figures.py says how "
        "it is measured.", "",
        "| collection | J: right, missed, false | F1 | Z: right, missed, false | F1 "
        "| other letters | false | in ten minutes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for name, figure in (*sets.items(), ("made, other seed", made)):
        cells = [name]
        for label in DRAWN:
            f = figure[label]
            cells += [f"{f['right']}, {f['missed']}, {f['false']}", f"{f['f1']:.3f}"]
        rate = 10 * figure["false"] / figure["minutes"]
        cells += [f"{figure['minutes']:.1f} min", str(figure["false"]), f"{rate:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    total = summed(sets)
    means, worst = total["F1, collection left out"], total["worst"]
    lines += [
        "",
        f"Mean F1 J {means['J']:.3f}, Z {means['Z']:.3f}; worst J {worst['J']:.3f}, "
        f"Z {worst['Z']:.3f}; {total['false in ten minutes']} false letters in ten minutes of "
        f"other letters. On made takes a letter is read {made['late_ms']:.0f} ms after its "
        "trajectory ends (median).",
    ]
    return "\n".join(lines) + "\n"


def save(
    by_on: dict[float, dict[str, Any]], made: dict[str, Any], recipe: dict[str, Any], out: Path
) -> None:
    """Writes OUT/motion.md and OUT/motion.json; by_on: for each threshold, each collection's."""
    sets = by_on[ON]
    sweep = {str(on): summed(by_on[on]) for on in sorted(by_on)}
    figures = {"sets": sets, "made": made, **summed(sets), "thresholds": sweep, "recipe": recipe}
    write(out / "motion.json", json.dumps(figures, indent=1).encode() + b"\n")
    write(out / "motion.md", page(sets, made).encode())
