"""What streams are put together from: signers' poses, recorded takes, and word signs, as poses.

Everything is turned into poses of right hands here, once. What is held back for validation is held
back by signer, by collection, or by camera, never at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.joints import MIDDLE_MCP, WRIST
from edge.recognise.sequences.features import SCORED
from train.arrays import DAMAGE
from train.data.landmarks import gathered, is_left
from train.motion.trajectories import recorded
from train.sequences.poses import BONES, PART_OF, PARTS, SCALE, Floats, encode

Times = npt.NDArray[np.floating[Any]]

# Signers of landmarks/static.npz and collections of motion/sequences.npz that are held back.
HELD_BACK = frozenset({"c02", "c08", "c14", "c20", "c26", "c32", "c38", "c44"})
HELD_BACK_TAKES = frozenset({"m01", "m05", "m08"})
HELD_BACK_FPS = 25.0  # signing/: its clips are of other cameras and, mostly, other people
HELD_BACK_GISLR = 0.15  # the last share of the recordings, in their order
FEWEST = 3  # frames with a hand that make a take
GAP_MS = 150.0  # where a recording has no hand for longer, the stream has none either
# Of gislr every third recording is used. It has two signs only; where it was a quarter of all word
# signs, an earlier model read no letter in a held Y.
GISLR_EVERY = 3
GISLR_FPS = 30.0  # a guess: it was not recorded, and most telephones film so
LETTERS_MS = (35.0, 65.0)  # between frames of motion/letters.npz: a guess, not recorded


@dataclass(frozen=True, eq=False)
class Signer:
    """One person's poses of letters. fold: which letter model was not trained on them."""

    name: str
    poses: Mapping[str, Floats]  # letter -> (N, SIZE)
    fold: int


@dataclass(frozen=True, eq=False)
class Clip:
    """A recorded hand: t_ms (N,) from 0, poses (N, SIZE); label: a letter, or "" for none."""

    t_ms: Times
    poses: Floats
    label: str


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that streams are made of, of one side of the split.

    held: takes of one held letter each. drawn: takes of J and Z. signs: word signs.
    courses: (C, PARTS, P) how far each part of the hand is at P even moments of a transition.
    """

    signers: tuple[Signer, ...]
    held: tuple[Clip, ...]
    drawn: Mapping[str, tuple[Clip, ...]]
    signs: tuple[Clip, ...]
    courses: Floats


def read(data: Path, *, held_back: bool) -> Material:
    """Reads one side of everything under DATA; raises UsageError if something cannot be read."""
    try:
        return _material(data, held_back)
    except DAMAGE as error:
        raise UsageError(f"the recordings in {data} are incomplete: {error}") from error


def _material(data: Path, held_back: bool) -> Material:
    takes = _takes(data, held_back)
    drawn = {x: tuple(t for t in takes if t.label == x) for x in "JZ"}
    letters = tuple(t for t in takes if t.label not in "JZ") + _letters(data, held_back)
    return Material(
        signers=_signers(data, held_back),
        held=letters,
        drawn=drawn,
        signs=_signing(data, held_back) + _gislr(data, held_back),
        courses=_courses(data),
    )


def folds(names: npt.NDArray[np.str_], count: int) -> npt.NDArray[np.intp]:
    """Returns which of `count` parts each signer, by name, belongs to: in turn, by order."""
    order = {name: i % count for i, name in enumerate(sorted(set(names.tolist())))}
    return np.array([order[name] for name in names.tolist()], np.intp)


FOLDS = 4


def _signers(data: Path, held_back: bool) -> tuple[Signer, ...]:
    rows = gathered(data)
    fold = folds(rows.signer, FOLDS)
    xyz = rows.xyz[:, 0].copy()
    xyz[rows.left[:, 0], :, 0] *= -1
    unit = np.linalg.norm(xyz[:, MIDDLE_MCP] - xyz[:, WRIST], axis=-1)
    poses = encode(xyz, unit)
    signers = []
    for name in sorted(set(rows.signer.tolist())):
        if (name in HELD_BACK) != held_back:
            continue
        mine = rows.signer == name
        bank = {
            letter: poses[mine & (rows.label == letter)]
            for letter in SCORED
            if (mine & (rows.label == letter)).any()
        }
        signers.append(Signer(name, bank, int(fold[mine][0])))
    return tuple(signers)


def _takes(data: Path, held_back: bool) -> tuple[Clip, ...]:
    """Takes of motion/sequences.npz: J, Z and other letters."""
    clips = []
    for take in recorded(data):
        if (take.source in HELD_BACK_TAKES) != held_back or len(take.t_ms) < FEWEST:
            continue
        if len(take.label) == 1 and take.label.isalpha():
            clips.append(_clip(take.landmarks, take.t_ms, take.left, take.label))
    return tuple(clips)


def _letters(data: Path, held_back: bool) -> tuple[Clip, ...]:
    """motion/letters.npz: one letter each; J and Z too, which count as drawn elsewhere."""
    with np.load(data / "motion" / "letters.npz") as file:
        xyz, label = file["xyz"].astype(np.float32), file["label"]
        mine = (file["source"] == "MP_Data") == held_back
    random = np.random.default_rng(1)
    clips = []
    for one, name in zip(xyz[mine], label[mine], strict=True):
        seen = np.flatnonzero(np.ptp(one[..., :2], axis=1).max(1) > 1e-3)
        if len(seen) < FEWEST or str(name) in "JZ":
            continue
        hand = one[seen] * np.array([4 / 3, 1, 4 / 3], np.float32)
        left = bool(2 * is_left(hand).sum() > len(hand))
        clips.append(_clip(hand, seen * random.uniform(*LETTERS_MS), left, str(name)))
    return tuple(clips)


def _signing(data: Path, held_back: bool) -> tuple[Clip, ...]:
    with np.load(data / "signing" / "landmarks.npz") as file:
        xyz, clip, frame = file["xyz"].astype(np.float32), file["clip"], file["frame"]
        right, fps = file["right"], file["fps"]
    clips = []
    edges = np.flatnonzero(np.diff(clip)) + 1
    for rows in np.split(np.arange(len(clip)), edges):
        rate = float(fps[clip[rows[0]]])
        if (abs(rate - HELD_BACK_FPS) < 0.5) != held_back or len(rows) < FEWEST:
            continue
        left = 2 * int(right[rows].sum()) < len(rows)
        t_ms = (frame[rows].astype(np.float64) - float(frame[rows[0]])) * 1000 / rate
        clips.append(_clip(xyz[rows], t_ms, left, ""))
    return tuple(clips)


def _gislr(data: Path, held_back: bool) -> tuple[Clip, ...]:
    with np.load(data / "signing" / "gislr.npz") as file:
        xyz, length = file["xyz"].astype(np.float32), file["length"]
    clips = []
    parts = np.split(xyz, np.cumsum(length)[:-1])
    first = int(len(parts) * (1 - HELD_BACK_GISLR))
    for i, part in enumerate(parts):
        if (i >= first) != held_back or i % GISLR_EVERY:
            continue
        seen = ~np.isnan(part[:, :, 0, 0])
        hand = int(seen[:, 1].sum() >= seen[:, 0].sum())
        rows = np.flatnonzero(seen[:, hand])
        if len(rows) >= FEWEST:
            # Telephones are held upright: 9:16.
            one = part[rows, hand] * np.array([9 / 16, 1, 9 / 16], np.float32)
            t_ms = (rows - rows[0]) * (1000 / GISLR_FPS)
            clips.append(_clip(one, t_ms, hand == 0, ""))
    return tuple(clips)


def _clip(landmarks: Floats, t_ms: Times, left: bool, label: str) -> Clip:
    xyz = np.array(landmarks, np.float32)
    if left:
        xyz[..., 0] *= -1
    unit = float(np.median(np.linalg.norm(xyz[:, MIDDLE_MCP] - xyz[:, WRIST], axis=-1))) + 1e-6
    poses = encode(xyz, unit)
    poses[:, SCALE] = np.clip(poses[:, SCALE], -1, 1)
    return Clip(np.asarray(t_ms, np.float64) - float(t_ms[0]), poses, label)


COURSE_POINTS = 16
_LEAST = 0.15  # a part that changes less than this has no course of its own


def _courses(data: Path) -> Floats:
    """How each part of the hand goes from one letter to the next, of motion/transitions.npz."""
    with np.load(data / "motion" / "transitions.npz") as file:
        xyz, length = file["xyz"].astype(np.float32), file["length"].astype(int)
        still = (file["start"] != "rest") & (file["end"] != "rest") & (file["start"] != file["end"])
        for x in "JZ":
            still &= (file["start"] != x) & (file["end"] != x)
    out = []
    for part, wanted in zip(np.split(xyz, np.cumsum(length)[:-1]), still, strict=True):
        if not wanted:
            continue
        unit = np.linalg.norm(part[:, MIDDLE_MCP] - part[:, WRIST], axis=-1)
        poses = encode(part, unit)[:, : BONES.stop]
        begin, end = poses[:2].mean(0), poses[-2:].mean(0)
        way = end - begin
        along = np.zeros((PARTS, len(poses)), np.float32)
        moves = np.zeros(PARTS, bool)
        for p in range(PARTS):
            mine = PART_OF[: BONES.stop] == p
            size = float((way[mine] ** 2).sum())
            moves[p] = size > _LEAST
            along[p] = ((poses - begin)[:, mine] @ way[mine]) / max(size, 1e-6)
        if not moves[1:].any():
            continue
        along[~moves] = along[1:][moves[1:]].mean(0)
        at = np.linspace(0, len(poses) - 1, COURSE_POINTS)
        course = np.stack([np.interp(at, np.arange(len(poses)), row) for row in along])
        course = np.clip(course, -0.1, 1.1)
        course[:, 0], course[:, -1] = 0, 1
        out.append(course.astype(np.float32))
    return np.stack(out)
