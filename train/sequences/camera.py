"""What a camera and the hand stage make of a timeline: the model's input, and its targets.

Frames come at 8 to 60 a second, and some are lost. The hand is seen from some side, with noise. The
noise is that of real hands: what smoothing takes from the landmarks of word signs is laid over
hands that were made. The amounts were chosen by hand, after streams were compared with real hands
in a few figures (train/LOG.md); no others were tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.hands.tracking import OneEuro
from edge.handshapes.closed import CLOSED
from edge.handshapes.letters import features
from edge.joints import PALM
from edge.recognise.sequences.features import (
    GRID_HZ,
    PAIR,
    SCORED,
    STEP,
    moments,
    on_grid,
    samples_of,
)
from edge.recognise.sequences.recogniser import AHEAD
from train.letters.augment import rotations
from train.sequences.poses import PARTS, Floats, blend, decode
from train.sequences.readers import Readers, pixels
from train.sequences.sources import COURSE_POINTS, Clip, Material
from train.sequences.timeline import BLANK, LINEAR, NEAR_MS, Timeline

STEP_MS = 1000 * PAIR / GRID_HZ
_SMOOTHED = 7  # frames over which landmarks are averaged: what differs from that is noise
_REAL = 0.25  # recorded hands have noise of their own, and get this share of what made ones get
_PALM = list(PALM)
_UNKNOWN = 2  # of spelling: neither 0 nor 1

Times = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Row:
    """One stream to learn from.

    x: (S, STEP) float16 steps. allowed: (S, 27) uint8, 1 for each output that is right, of ALPHABET
    and no letter. spelling: (S,) uint8, 0, 1 or _UNKNOWN. Both are of AHEAD steps before.
    text: what is spelled in full.
    """

    x: npt.NDArray[np.float16]
    allowed: npt.NDArray[np.uint8]
    spelling: npt.NDArray[np.uint8]
    text: tuple[str, ...]


class Noise:
    """Landmark noise of real hands, in palm lengths."""

    def __init__(self, clips: tuple[Clip, ...]) -> None:
        weights = np.ones(_SMOOTHED) / _SMOOTHED
        self._parts = []
        for clip in clips:
            if len(clip.t_ms) < 3 * _SMOOTHED:
                continue
            hands = decode(clip.poses)
            hands = (hands - hands[:, _PALM].mean(1, keepdims=True)).reshape(len(hands), -1)
            smooth = np.apply_along_axis(np.convolve, 0, hands, weights, "valid")
            rest = hands[_SMOOTHED // 2 : -(_SMOOTHED // 2)] - smooth
            # Frames in fast motion leave motion, not noise: the calmer half is taken.
            calm = np.abs(rest).mean(1) <= np.median(np.abs(rest).mean(1))
            self._parts.append(rest[calm].reshape(-1, 21, 3).astype(np.float32))

    def draw(self, count: int, random: np.random.Generator) -> Floats:
        """Returns (count, 21, 3) noise of one real hand, frame by frame, and round again."""
        part = self._parts[int(random.integers(len(self._parts)))]
        start = int(random.integers(len(part)))
        return np.asarray(part[(start + np.arange(count)) % len(part)])


def shutter(length_ms: float, random: np.random.Generator) -> Times:
    """Returns when frames are taken: a camera's rate, its jitter, and lost frames."""
    fps = (
        random.uniform(23, 31)
        if random.random() < 0.5
        else np.exp(random.uniform(*np.log([8, 60])))
    )
    t_ms = np.arange(0, length_ms, 1000 / fps) + random.uniform(0, 1000 / fps)
    t_ms += random.uniform(-0.15, 0.15, len(t_ms)) * 1000 / fps
    lost = random.choice([0, 0, 0.03, 0.1])
    return np.asarray(np.sort(t_ms[random.random(len(t_ms)) >= lost]))


class Camera:
    """Films timelines; letter models that were not trained on the signer read the hands."""

    def __init__(self, material: Material, readers: Readers) -> None:
        self._courses, self._readers = material.courses, readers
        self._noise = Noise(material.signs)

    def film(self, line: Timeline, fold: int, length_ms: float, random: np.random.Generator) -> Row:
        """Films a timeline from its start, for length_ms. fold: of its signer."""
        t_ms = shutter(length_ms, random)
        poses, seen, key, made = _at(line, self._courses, t_ms)
        hands = _seen_from(decode(poses), t_ms, random)
        strength = np.where(made, 1.0, _REAL) * np.exp(random.normal(-0.1, 0.5))
        hands += self._noise.draw(len(t_ms), random) * strength[:, None, None].astype(np.float32)
        shake = random.normal(0, 0.004 * np.exp(random.normal(-1, 0.8)), hands.shape)
        hands += (random.normal(0, 0.01, (1, 21, 3)) + shake).astype(np.float32)
        hands = np.where(made[:, None, None], _smoothed(hands, t_ms), hands)
        seen &= random.random(len(t_ms)) >= random.choice([0, 0, 0.02])  # missed by the hand stage
        shape = features(hands, False)
        closed = None
        if random.random() < 0.6:
            table = np.stack([pixels(x, random) for x in (*SCORED, "")])
            names = {x: i for i, x in enumerate(SCORED)}
            which = np.array([names.get(x, len(SCORED)) for x in line.letter])[key]
            off = random.normal(0, 0.4, (len(which), len(CLOSED)))
            closed = (table[which] + off).astype(np.float32)
        scores = self._readers.scores(shape, fold, closed)
        samples = samples_of(hands, np.zeros(len(hands), bool), scores)
        steps = int(length_ms / STEP_MS)
        grid_ms = np.arange(-1, steps * PAIR) * (1000 / GRID_HZ)
        there, visible = on_grid(t_ms, samples, seen, grid_ms)
        x = moments(there, visible).reshape(steps, STEP)
        target_ms = (np.arange(steps) + 1) * STEP_MS - 1000 / GRID_HZ - AHEAD * STEP_MS
        allowed, spelling = targets(line, target_ms)
        text = tuple(s.text for s in line.spelled if s.end_ms + AHEAD * STEP_MS < length_ms)
        return Row(x.astype(np.float16), allowed, spelling, text)


def _at(
    line: Timeline, courses: Floats, t_ms: Times
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Returns poses at each time, whether a hand is in view, the nearest key, and what is made."""
    begin, end = np.array(line.begin_ms), np.array(line.end_ms)
    keys = np.stack(line.poses)
    after = np.clip(np.searchsorted(begin, t_ms, side="right"), 0, len(keys) - 1)
    before = np.maximum(after - 1, 0)
    gap = np.maximum(begin[after] - end[before], 1e-3)
    u = np.clip((t_ms - end[before]) / gap, 0, 1)
    u[t_ms >= begin[after]] = 1
    course = np.array(line.course)[after]
    at = u * (COURSE_POINTS - 1)
    low = np.minimum(at.astype(int), COURSE_POINTS - 2)
    rest = (at - low)[:, None]
    table = courses[np.maximum(course, 0)]
    rows = np.arange(len(t_ms))
    share = (1 - rest) * table[rows, :, low] + rest * table[rows, :, low + 1]
    share = np.where((course == LINEAR)[:, None], u[:, None].repeat(PARTS, 1), share)
    poses = blend(keys[before], keys[after], share.astype(np.float32))
    on_way = (t_ms > end[before]) & (t_ms < begin[after])
    seen = ~(np.array(line.gone)[after] & on_way) & (t_ms >= begin[0]) & (t_ms <= end[-1])
    return poses, seen, np.where(u < 0.5, before, after), course != LINEAR


def _seen_from(hands: Floats, t_ms: Times, random: np.random.Generator) -> Floats:
    """Returns the hands of a stream as one camera sees them: turned, slanted, swaying."""
    middle = hands[:, _PALM].mean(1, keepdims=True)
    shape = hands - middle
    shape[..., 2] *= np.exp(random.normal(0, 0.2))
    nod, bounce = _bounce(t_ms, random)
    nod += random.normal(0, (0.22, 0.28, 0.15))
    tilt = rotations(nod[:, 0], nod[:, 1], nod[:, 2])
    shape = np.einsum("nij,njk->nik", shape, tilt.astype(np.float32))
    shape[..., 0] *= np.exp(random.normal(0, 0.06))
    scale = np.exp(random.normal(0, 0.05, (21, 1)))
    shape *= scale.astype(np.float32)
    out = shape * np.exp(0.1 * bounce[:, None, :1]) + middle * np.array([1, 1, 0], np.float32)
    out[..., :2] += bounce[:, None, 1:]
    if random.random() < 0.03:  # its handedness is mistaken
        out[..., 0] *= -1
    return np.asarray(out, np.float32)


def _smoothed(hands: Floats, t_ms: Times) -> Floats:
    """Returns (N, 21, 3) landmarks as the hand stage gives them: calm while they rest."""
    smooth = OneEuro()
    return np.stack([smooth(h, round(1e6 * t)) for h, t in zip(hands, t_ms, strict=True)])


def _bounce(t_ms: Times, random: np.random.Generator) -> tuple[npt.NDArray[np.float64], Floats]:
    """Returns how a hand nods, (N, 3) rad about x, y, z, and goes nearer, aside and down, (N, 3).

    Some hands are still, some nod and bounce for as long as they hold a letter, as in lessons.
    """
    t_s = t_ms[:, None] / 1000
    nod, way = np.zeros((len(t_ms), 3)), np.zeros((len(t_ms), 3))
    strong = random.choice([0.2, 1.0, 2.0])
    for _ in range(3):
        rate_hz = np.exp(random.uniform(*np.log([0.1, 3.0])))
        phase = 2 * np.pi * (rate_hz * t_s + random.random())
        own = phase + random.normal(0, 0.6, 3)  # the axes go nearly together
        nod += strong * random.normal(0, 0.06, 3) * np.sin(own)
        way += strong * random.normal(0, 0.15, 3) / max(rate_hz, 0.7) * np.sin(own)
    return nod, way.astype(np.float32)


def targets(line: Timeline, t_ms: Times) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Returns which outputs are right at each time, (S, 27), and whether somebody spells, (S,)."""
    allowed = np.ones((len(t_ms), BLANK + 1), np.uint8)
    spelling = np.zeros(len(t_ms), np.uint8)
    short = []  # letters that last no step: (the step nearest to it, what is right there)
    for mark in line.marks:
        inside = (t_ms >= mark.start_ms) & (t_ms < mark.end_ms)
        row = np.zeros(BLANK + 1, np.uint8)
        row[list(mark.allowed)] = 1
        allowed[inside] = row
        if not inside.any() and len(mark.allowed) == 1 and BLANK not in mark.allowed:
            nearest = int(np.argmin(np.abs(t_ms - (mark.start_ms + mark.end_ms) / 2)))
            short.append((nearest, row))
    for nearest, row in short:  # last, since the marks beside it would take its step
        allowed[nearest] = row
    for one in line.spelled:
        near = (t_ms >= one.start_ms - NEAR_MS) & (t_ms <= one.end_ms + NEAR_MS)
        spelling[near] = _UNKNOWN
    for one in line.spelled:
        spelling[(t_ms >= one.start_ms) & (t_ms <= one.end_ms)] = 1
    return allowed, spelling
