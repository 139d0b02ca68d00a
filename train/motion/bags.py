"""Windows of moving hands, as a motion model is given them, with the gesture that each shows.

Each take is varied, as another camera would have it (`varied`), and windows are cut at the moments
at which the gate would let the model run. A made take says what each of its windows shows. A
recorded one says only which gesture was intended; from how far the hand has moved by then it
follows which windows cannot show the gesture yet, and which may.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.handshapes.alphabet import DRAWN
from edge.joints import MIDDLE_MCP, PALM, TIPS, WRIST
from edge.recognise.rules.trajectory import ANY, COVERED, J_AND_Z, LOST_MS, WINDOWS_MS, Features
from edge.signer.skeleton import rotation
from edge.types import NONE
from train.motion.trajectories import Array, Floats, Take

_, INDEX_TIP, _, _, PINKY_TIP = TIPS
_Bools = npt.NDArray[np.bool_]
# Besides the labels. IGNORED: the loss leaves this window out. MAYBE: some of the windows of the
# take that are marked so show the intended gesture.
IGNORED, MAYBE = -1, -2
ENDS = 12  # windows are cut at so many moments of a take, at most
# How other people differ, as standard deviations: how aslant they hold the hand, the logarithm of
# how far they move it, and where their joints are, in palm lengths. What they
# gain is measured: see `_by_another`.
TURN_RAD, EXTENT, JOINTS = 0.15, 0.15, 0.04
_STEP_MS, _STILL = 100.0, 0.1  # a fingertip rests if it goes fewer palm lengths in such a step
_FINGERTIP = {"J": PINKY_TIP, "Z": INDEX_TIP}  # joint that draws it


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The gestures that a model is to know, and what is known of their takes.

    features: which numbers the model gets of a trajectory. reversed: share of the takes that are
    mirrored. others: whether takes are varied as if other people had made them. halfway, nearly:
    shares of the way that the hand goes in a take; before the first the take shows no gesture yet,
    and after the second it may show it.
    """

    gestures: tuple[str, ...]
    features: Features
    reversed: float
    others: bool
    halfway: float
    nearly: float

    @property
    def labels(self) -> tuple[str, ...]:
        """What each of its outputs stands for."""
        return (*self.gestures, NONE)


# J and Z of collections whose takes begin and end with the letter. Half of them are mirrored:
# beginners draw letters the wrong way round, and the landmark model mistakes handedness.
LETTERS = Vocabulary(DRAWN, J_AND_Z, reversed=0.5, others=False, halfway=0.5, nearly=0.8)


def vocabulary_of(gestures: Iterable[str]) -> Vocabulary:
    """Returns the vocabulary of a user's own gestures, in the order of the alphabet.

    They are never reversed: a swipe to the left may mean something else than one to the right.
    Their takes are often of one person, and begin before the gesture or end after it: hands go
    back after a gesture, and films are cut anywhere.
    """
    names = tuple(sorted(set(gestures)))
    return Vocabulary(names, ANY, reversed=0.0, others=True, halfway=0.25, nearly=0.5)


@dataclass(frozen=True, eq=False)
class Bags:
    """The windows of B takes.

    x: (B, ENDS, S, size) float16, S windows of different lengths at each of ENDS moments.
    right: (B, ENDS, S) int8, the label, MAYBE or IGNORED.
    intended: (B,) int8, the gesture that some of the windows that are MAYBE show; -1 where no
    window is MAYBE. source: (B,) text, who made the take.
    """

    x: npt.NDArray[np.float16]
    right: npt.NDArray[np.int8]
    intended: npt.NDArray[np.int8]
    source: npt.NDArray[np.str_]

    def where(self, chosen: npt.NDArray[np.bool_]) -> Bags:
        """Returns the chosen takes, (B,) bool."""
        return Bags(self.x[chosen], self.right[chosen], self.intended[chosen], self.source[chosen])


def bags(
    takes: Iterable[Take], random: np.random.Generator, vocabulary: Vocabulary = LETTERS
) -> Bags:
    """Varies each take once, differently in each call; takes that never move give nothing.

    Raises UsageError where none of them moves.
    """
    x, right, intended, source = [], [], [], []
    for take in takes:
        new = varied(take, random, vocabulary)
        cut = cut_windows(new, random, vocabulary.features)
        if cut is None:
            continue
        features, ends_ms, covered = cut
        labels = np.full((ENDS, len(WINDOWS_MS)), IGNORED, np.int8)
        labels[: len(ends_ms)] = np.where(covered, _labels(new, ends_ms, vocabulary), IGNORED)
        padded = np.zeros((ENDS, len(WINDOWS_MS), vocabulary.features.size), np.float16)
        padded[: len(ends_ms)] = features
        x.append(padded)
        right.append(labels)
        intended.append(
            vocabulary.gestures.index(take.label) if take.label in vocabulary.gestures else -1
        )
        source.append(take.source)
    if not x:
        raise UsageError("no hand moves in any of the takes; record them again")
    return Bags(np.stack(x), np.stack(right), np.array(intended, np.int8), np.array(source))


def varied(take: Take, random: np.random.Generator, vocabulary: Vocabulary = LETTERS) -> Take:
    """Returns a take as another camera would have it: frame rate, pace, slant, size, noise."""
    if len(take.t_ms) < 3:
        return take
    pace = float(np.exp(random.normal(0, 0.2)))
    t_ms = take.t_ms * pace
    fps = float(np.exp(random.uniform(np.log(10), np.log(60))))
    times = np.arange(0, t_ms[-1], 1000 / fps)
    times = times + random.uniform(-0.2, 0.2, len(times)) * (1000 / fps)
    times = times[(times >= t_ms[0]) & (times <= t_ms[-1])]
    after = np.clip(np.searchsorted(t_ms, times), 1, len(t_ms) - 1)
    gap_ms = t_ms[after] - t_ms[after - 1]
    share = ((times - t_ms[after - 1]) / gap_ms)[:, None, None]
    xyz = (1 - share) * take.landmarks[after - 1] + share * take.landmarks[after]
    xyz = xyz[gap_ms <= LOST_MS * pace]
    times = times[gap_ms <= LOST_MS * pace]
    if len(times) < 3:
        return take
    size = np.median(np.linalg.norm(xyz[:, MIDDLE_MCP] - xyz[:, WRIST], axis=-1)) + 1e-6
    palm = xyz[:, list(PALM)].mean(1, keepdims=True)
    xyz = xyz - palm + palm * np.array([1, 1, 0]) * np.exp(random.normal(0, 0.2))
    xyz[..., 2] *= np.exp(random.normal(0, 0.2))
    xyz[..., 0] *= np.exp(random.normal(0, 0.08))
    turn = random.normal(0, 0.2)
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = xyz[..., 0].copy(), xyz[..., 1].copy()
    xyz[..., 0], xyz[..., 1] = cos * x - sin * y, sin * x + cos * y
    left = take.left != (random.random() < vocabulary.reversed)
    if vocabulary.others:
        xyz = _by_another(xyz, float(size), random)
    xyz += random.normal(0, size * random.uniform(0, 0.03), xyz.shape)
    return Take(
        times, xyz.astype(np.float32), left, take.label, take.source, take.drawn,
        tuple(pace * ms for ms in take.begun_ms), tuple(pace * ms for ms in take.ended_ms),
    )  # fmt: skip


def _by_another(xyz: Array, size: float, random: np.random.Generator) -> Array:
    """Returns (N, 21, 3) landmarks as another person would have them: aslant, wider, other fingers.

    A model of one made person's gestures reads 61 % of those of twenty other people, 38 % without
    this, and that person's own as well as before.
    """
    turned = rotation(0, random.normal(0, TURN_RAD)) @ rotation(1, random.normal(0, TURN_RAD))
    palm = xyz[:, list(PALM)].mean(1, keepdims=True)
    shape = (xyz - palm) @ turned.T + random.normal(0, JOINTS * size, (21, 3))
    way = palm * np.array([1, 1, 0]) @ turned.T
    return np.asarray(shape + way * np.exp(random.normal(0, EXTENT, 3)))


def cut_windows(
    take: Take, random: np.random.Generator, features: Features
) -> tuple[Floats, Array, _Bools] | None:
    """Cuts windows at moments at which the gate lets the model run; None where there are none.

    Returns the windows, (E, S, size), their ends in ms, and which are covered, (E, S).
    """
    found: list[tuple[Floats, Array, _Bools]] = []
    breaks = np.flatnonzero(np.diff(take.t_ms) > LOST_MS) + 1
    samples = features.samples(take.landmarks)
    for t_ms, run in zip(np.split(take.t_ms, breaks), np.split(samples, breaks), strict=True):
        passed = [k for k in range(2, len(t_ms)) if features.gate(t_ms[: k + 1], run[: k + 1])]
        if passed:
            ends_ms = t_ms[passed]
            covered = ends_ms[:, None] - t_ms[0] >= COVERED * WINDOWS_MS
            some = np.sort(random.permutation(len(passed))[: 4 * ENDS])
            cut = features.windows(t_ms, run, take.left, ends_ms[some])
            found.append((cut, ends_ms[some], covered[some]))
    if not found:
        return None
    x, ends_ms, covered = (np.concatenate(parts) for parts in zip(*found, strict=True))
    some = np.sort(random.permutation(len(x))[:ENDS])
    return x[some], ends_ms[some], covered[some]


def _labels(take: Take, ends_ms: Array, vocabulary: Vocabulary) -> npt.NDArray[np.int8]:
    """Returns what each window shows, (E, S): a label, MAYBE, or IGNORED where nobody can say."""
    none = len(vocabulary.gestures)
    right = np.full((len(ends_ms), len(WINDOWS_MS)), none, np.int8)
    end = ends_ms[:, None]
    start = end - WINDOWS_MS
    for label, b, e in zip(take.drawn, take.begun_ms, take.ended_ms, strict=True):
        # A window shows a letter if it begins and ends about when the letter does. One that ends
        # near the letter's end or after it, and holds its first half, is ignored.
        took = e - b
        late = max(150.0, 0.25 * took)
        ends = (end >= e - 0.1 * took) & (end <= e + late)
        whole = ends & (start >= b - 0.5 * took) & (start <= b + 0.2 * took)
        partly = (end >= e - 0.3 * took) & (end <= e + 3 * late) & (start <= b + 0.5 * took)
        right[partly] = IGNORED
        right[whole] = vocabulary.gestures.index(label)
    if take.label in vocabulary.gestures:
        done = _share_of_way(take, ends_ms, vocabulary)[:, None]
        may = np.where(done < vocabulary.nearly, IGNORED, MAYBE)
        right[:] = np.where(done < vocabulary.halfway, none, may)
    return right


def _share_of_way(take: Take, ends_ms: Array, vocabulary: Vocabulary) -> Array:
    """Returns which share of its way the hand has gone by each of these moments.

    J and Z, in takes that begin and end with the letter: the way of the fingertip that draws them.
    Any other gesture: the way of all five fingertips, less what a hand trembles while it rests.
    """
    t_ms = take.t_ms
    points: npt.NDArray[Any] = take.landmarks[:, list(TIPS), :2]
    if vocabulary.features is J_AND_Z:
        points = take.landmarks[:, [_FINGERTIP[take.label]], :2]
        still = 0.0
    else:
        parts = np.unique((t_ms - t_ms[0]) // _STEP_MS, return_index=True)[1]
        counts = np.diff([*parts, len(t_ms)])
        points = np.add.reduceat(points, parts) / counts[:, None, None]
        t_ms = t_ms[parts + counts - 1]
        length = np.linalg.norm(
            take.landmarks[:, MIDDLE_MCP] - take.landmarks[:, WRIST], axis=-1
        ).mean()
        still = _STILL * float(length)
    steps = np.linalg.norm(np.diff(points, axis=0, prepend=points[:1]), axis=-1)
    way = np.cumsum(np.maximum(steps - still, 0).sum(-1))
    return np.asarray(np.interp(ends_ms, t_ms, way / (way[-1] + 1e-6)))
