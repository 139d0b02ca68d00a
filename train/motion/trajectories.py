"""Hands in motion to train on: recorded takes, and hands of the signer's skeleton moved at random.

A `Take` is one hand over time. Recorded takes (DATA/motion) say which letter was intended, but not
when it was drawn, nor how many frames a second there were. Made takes say all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.joints import INDEX_MCP, MIDDLE_MCP, PALM, PINKY_MCP, WRIST
from edge.signer.handshapes import HANDSHAPES, Handshape, facing
from edge.signer.motion import (
    RELAXED,
    Posture,
    Trajectory,
    between,
    ease,
    hold,
    move,
    strokes,
    through,
    trace,
)
from edge.signer.skeleton import pose, rotation
from train.arrays import DAMAGE
from train.data.landmarks import is_left

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

# The frames of recorded takes were counted, not timed: a take is said to last 1.5 s, or less where
# that would be fewer than 10 frames a second.
USUAL_MS, SLOWEST_FPS = 1500.0, 10.0
MADE, MADE_FPS = "made", 40.0
# Joints whose mean is where a made hand is placed.
_MIDDLE = [WRIST, INDEX_MCP, MIDDLE_MCP, PINKY_MCP]
# What a made hand does, and which share of its acts is so.
ACTS = {
    "letter": 0.22, "start": 0.13, "J": 0.17, "Z": 0.17, "wander": 0.14, "wave": 0.11, "rest": 0.06,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Take:
    """One hand over time.

    t_ms: (N,), from 0. landmarks: (N, 21, 3) float32, any unit. left: whether it is
    a left hand.
    label: the intended gesture. source: who made it. drawn: K letters that are drawn in it, with
    the times in begun_ms and ended_ms, (K,) each; all empty for recorded takes, where they are not
    known.
    """

    t_ms: Array
    landmarks: Floats
    left: bool
    label: str
    source: str
    drawn: tuple[str, ...] = ()
    begun_ms: tuple[float, ...] = ()
    ended_ms: tuple[float, ...] = ()


def recorded(data: Path) -> list[Take]:
    """Reads DATA/motion; frames without a hand are left out, as gaps in t_ms.

    Pictures are taken to be 4:3. Takes that show a hand on fewer than five frames are there, too,
    with what they have.
    """
    folder = data / "motion"
    if not (folder / "sequences.npz").is_file():
        raise UsageError(f"no recorded motions in {folder}")
    try:
        names = [c["collection"] for c in json.loads((folder / "collections.json").read_bytes())]
        with np.load(folder / "sequences.npz") as file:
            xyz, length = file["xyz"].astype(np.float32), file["length"]
            label, collection = file["label"], file["collection"]
    except DAMAGE as error:
        raise UsageError(f"the recorded motions in {folder} cannot be read") from error
    xyz *= np.array([4 / 3, 1, 4 / 3], np.float32)
    takes = []
    for i, n in enumerate(length):
        seen = np.flatnonzero(np.ptp(xyz[i, :n, :, :2], axis=1).max(1) > 1e-3)
        seen = seen[_stale(xyz[i, seen]) :]
        landmarks = xyz[i, seen]
        left = bool(2 * is_left(landmarks).sum() > len(seen)) if len(seen) else False
        t_ms = seen * min(USUAL_MS / n, 1000 / SLOWEST_FPS)
        takes.append(Take(t_ms, landmarks, left, str(label[i]), names[collection[i]]))
    return takes


def _stale(landmarks: Floats) -> int:
    """Returns how many frames at the start of a take are left over from the one before.

    Cameras keep a picture or two. In 5 to 95 % of a collection's takes the first frame, in two
    collections the second as well, shows the hand where the take before ended (train/LOG.md).
    """
    if len(landmarks) < 5:
        return 0
    palm = landmarks[:, list(PALM), :2].mean(1)
    length = float(np.linalg.norm(landmarks[:, MIDDLE_MCP] - landmarks[:, WRIST], axis=-1).mean())
    step = np.linalg.norm(np.diff(palm, axis=0), axis=1) / length
    jumps = np.flatnonzero(step[:2] > max(0.5, 3 * float(np.median(step))))
    return int(jumps[-1]) + 1 if len(jumps) else 0


def made(count: int, seed: int, acts: Sequence[str] = tuple(ACTS)) -> Iterator[Take]:
    """Yields takes of a hand that spells, draws J and Z its own way, and gestures at random.

    acts: which of ACTS it does.
    """
    for number in range(count):
        yield _made(np.random.default_rng([seed, number]), acts)


def _made(random: np.random.Generator, acts: Sequence[str]) -> Take:
    """One take of five to seven acts by one signer, seen from one place."""
    often = np.array([ACTS[act] for act in acts])
    tempo = float(np.exp(random.normal(0, 0.3)))
    view = _turned(random, 0.2)
    here = Posture(RELAXED, np.array([0.0, -300.0, 0.0]))
    segments: list[tuple[str, float, Trajectory]] = []

    def go(there: Posture, seconds: float) -> None:
        segments.append(("", seconds * tempo, move(here, there, float(random.uniform(0, 12)))))

    for _ in range(random.integers(5, 8)):
        act = random.choice(acts, p=often / often.sum())
        if act in ("J", "Z"):
            start = Posture(_own(_start(act, random), random), _place(random))
            go(start, random.uniform(0.18, 0.5))
            segments.append(("", random.uniform(0.02, 0.4), hold(start)))
            way = (_j if act == "J" else _z)(start, random)
            segments.append((act, float(np.exp(random.normal(-0.2, 0.35))), way))
            here = way(1.0)
            segments.append(("", random.uniform(0.03, 0.5), hold(here)))
        elif act in ("letter", "start"):
            of = "ABCDEFGHIKLMNOPQRSTUVWXY" if act == "letter" else "IIIDDXLYGB"
            label = str(random.choice(list(of)))
            there = Posture(_own(HANDSHAPES[label], random), _place(random))
            go(there, random.uniform(0.18, 0.5))
            here = there
            segments.append(("", random.uniform(0.1, 0.9), hold(here)))
        elif act == "wander":
            points = [here]
            for _ in range(random.integers(2, 5)):
                points.append(_somewhere(random))
            way = through(*points) if random.random() < 0.6 else strokes(*points)
            segments.append(("", random.uniform(0.25, 0.5) * len(points) * tempo, way))
            here = way(1.0)
        elif act == "wave":
            label = str(random.choice(list("IIDDXLYGUVWKRSA15B")))
            here_next = Posture(_own(HANDSHAPES[label], random), _place(random))
            go(here_next, random.uniform(0.2, 0.5))
            way = _wave(here_next, random)
            segments.append(("", random.uniform(0.5, 2.0), way))
            here = way(1.0)
        else:
            there = Posture(RELAXED, np.array([random.uniform(-60, 60), -300.0, 0.0]))
            go(there, random.uniform(0.3, 0.7))
            here = there
            segments.append(("", random.uniform(0.1, 0.6), hold(here)))
    return _filmed(segments, view, random)


def _filmed(
    segments: list[tuple[str, float, Trajectory]], view: Array, random: np.random.Generator
) -> Take:
    joints, drawn, begun, ended = [], [], [], []
    now_s = 0.0
    frame = 0
    for label, seconds, way in segments:
        if label:
            drawn.append(label)
            begun.append(1000 * now_s)
            ended.append(1000 * (now_s + seconds))
        while frame / MADE_FPS < now_s + seconds:
            posture = way(min((frame / MADE_FPS - now_s) / seconds, 1.0))
            skeleton = pose(posture.shape.angles_deg).joints_mm
            skeleton = skeleton - skeleton[_MIDDLE].mean(0)
            joints.append(skeleton @ posture.shape.palm.T + posture.offset_mm)
            frame += 1
        now_s += seconds
    seen = np.array(joints) @ view.T
    away = random.uniform(450, 1500)
    seen[..., :2] *= (away / (away - seen[..., 2]))[..., None]
    seen[..., 2] -= seen[:, :1, 2]
    seen *= np.array([1.0, -1.0, -1.0])  # y down, z smaller towards the camera
    t_ms: Array = np.arange(len(seen), dtype=np.float64) * (1000 / MADE_FPS)
    landmarks = seen.astype(np.float32)
    return Take(t_ms, landmarks, False, "", MADE, tuple(drawn), tuple(begun), tuple(ended))


def _start(act: str, random: np.random.Generator) -> Handshape:
    """Returns the shape that a letter is drawn with."""
    if act == "J":
        return HANDSHAPES["J"]
    return HANDSHAPES[str(random.choice(["Z", "Z", "D", "X", "G"], p=[0.4, 0.2, 0.3, 0.05, 0.05]))]


def _own(shape: Handshape, random: np.random.Generator) -> Handshape:
    """Returns a signer's own version of a shape: joints some degrees off, the hand turned."""
    angles = shape.angles_deg + random.normal(0, 4, 21)
    return replace(shape, angles_deg=angles, palm=_turned(random, 0.2) @ shape.palm)


def _turned(random: np.random.Generator, size_rad: float) -> Array:
    x, y, z = random.normal(0, size_rad, 3)
    return rotation(0, x) @ rotation(1, y) @ rotation(2, z)


def _place(random: np.random.Generator) -> Array:
    return np.asarray(random.normal(0, [45, 35, 15]))


def _somewhere(random: np.random.Generator) -> Posture:
    """Any shape, turned any way that an arm allows, anywhere before the body."""
    label = str(random.choice(list(HANDSHAPES)))
    fingers = random.normal([0.1, 0.6, 0.1], [0.5, 0.5, 0.4])
    palm = random.normal([0.2, 0.0, 0.6], [0.6, 0.5, 0.7])
    shape = HANDSHAPES[label] if random.random() < 0.7 else RELAXED
    turned = facing((fingers[0], fingers[1], fingers[2]), (palm[0], palm[1], palm[2]))
    shape = replace(_own(shape, random), palm=turned)
    return Posture(shape, random.normal(0, [90, 90, 30]))


# The trajectory of a J that is drawn with the arm, as the viewer of a right hand sees it: down, and
# a hook to the right. Its height is 1.
_HOOK = np.array([[0, 0], [0, -0.5], [0.02, -0.85], [0.15, -1.0], [0.35, -0.98], [0.5, -0.75]])


def _j(start: Posture, random: np.random.Generator) -> Trajectory:
    """A J: the signer's turn of the wrist, more or less of it, and more or less arm."""
    turn = trace("J", start)
    share = random.uniform(0.3, 1.1)
    size = float(np.exp(random.normal(0, 0.35)))
    arm_mm = random.uniform(0, 110) if random.random() < 0.6 or share < 0.6 else 0.0
    hook = _HOOK * random.uniform(0.7, 1.4, 2)
    along = np.linspace(0, 1, len(_HOOK))

    def way(phase: float) -> Posture:
        posture = between(start, turn(phase), share)
        moved = size * (posture.offset_mm - start.offset_mm)
        at = ease(phase)
        moved[0] += arm_mm * np.interp(at, along, hook[:, 0])
        moved[1] += arm_mm * np.interp(at, along, hook[:, 1])
        return replace(posture, offset_mm=start.offset_mm + moved)

    return way


def _z(start: Posture, random: np.random.Generator) -> Trajectory:
    """A Z: three strokes, sharp or rounded, of the arm and a little of the wrist."""
    width, height = np.exp(random.normal([4.5, 4.2], 0.35))
    corners = [(0, 0), (-1, 0), (0, -1), (-1, -1)]
    begun = start.offset_mm + np.array([width / 2, height / 2, 0])
    slant = rotation(2, random.normal(0, 0.15))
    lean = random.uniform(0, 0.35)
    points = []
    for x, y in corners:
        off = slant @ np.array([x * width, y * height, 0.0]) + random.normal(0, 6, 3)
        bent = rotation(2, lean * -(x + 0.5)) @ rotation(0, lean * -(y + 0.5))
        shape = replace(start.shape, palm=bent @ start.shape.palm)
        points.append(Posture(shape, begun + off))
    points[0] = start if random.random() < 0.3 else points[0]
    return strokes(*points) if random.random() < 0.5 else through(*points)


def _wave(start: Posture, random: np.random.Generator) -> Trajectory:
    """What is no letter: a hand of one shape that goes to and fro, round, or up and down."""
    ways = random.normal(0, [50, 50, 15], (2, 3))
    turns = random.normal(0, 0.3, 2)
    rounds = random.uniform(0.5, 3.0)
    late = random.uniform(0, np.pi)

    def way(phase: float) -> Posture:
        angle = 2 * np.pi * rounds * ease(phase)
        first, second = np.sin(angle), np.sin(angle + late) - np.sin(late)
        bent = rotation(2, turns[0] * first) @ rotation(1, turns[1] * second)
        shape = replace(start.shape, palm=bent @ start.shape.palm)
        return Posture(shape, start.offset_mm + first * ways[0] + second * ways[1])

    return way
