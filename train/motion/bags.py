"""Windows of moving hands, as a motion model is asked about them, with what they show.

Each take is looked at anew (`seen_anew`), and windows are cut where the gate lets them pass. What
a window of a made take shows is known. Of a recorded one it is known which gesture was meant; how
far along its way the hand is tells which windows cannot be it yet, and which may.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.handshapes.alphabet import DRAWN
from edge.joints import PALM
from edge.recognise.rules.trajectory import ANY, COVERED, J_AND_Z, LOST_MS, WINDOWS_MS, Features
from edge.signer.skeleton import rotation
from edge.types import NONE
from train.motion.trajectories import Array, Floats, Take

_Bools = npt.NDArray[np.bool_]
UNASKED, MAYBE = -1, -2  # besides the labels; MAYBE: some of these show what was meant
ENDS = 12  # windows are cut at so many moments of a take, at most
TURN_RAD, WIDTH, FINGERS = 0.15, 0.15, 0.04  # how others differ: slant, log of a way, palm lengths
_STEP_MS, _STILL = 100.0, 0.1  # a fingertip that goes less than so many palm lengths in it rests
_FINGERTIP = {"J": 20, "Z": 8}  # joint that draws it


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The gestures that a model is to know, and what is known of their takes.

    features: what the model is told of a path. reversed: share of the takes that are seen in the
    mirror. others: whether they are seen as other people would make them, too. halfway, nearly:
    shares of its way: until the one it is no gesture, from the other on it may be.
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


# J and Z of collections whose takes were cut to the letter. Half of them are drawn the wrong way
# round: beginners do, and handedness errs.
LETTERS = Vocabulary(DRAWN, J_AND_Z, reversed=0.5, others=False, halfway=0.5, nearly=0.8)


def vocabulary(gestures: Iterable[str]) -> Vocabulary:
    """Returns the vocabulary of a user's own gestures, in the order of the alphabet.

    They are never reversed: a swipe to the left may mean something else than one to the right.
    Their takes are often of one person, and begin and end where they may: hands go back after a
    gesture, and films are cut anywhere.
    """
    names = tuple(sorted(set(gestures)))
    return Vocabulary(names, ANY, reversed=0.0, others=True, halfway=0.25, nearly=0.5)


@dataclass(frozen=True, eq=False)
class Bags:
    """The windows of B takes.

    x: (B, ENDS, S, size) float16. right: (B, ENDS, S) int8, the label, MAYBE or UNASKED.
    meant: (B,) int8, the gesture that some of the windows that are MAYBE show; -1: there are none.
    source: (B,) text, who made the take.
    """

    x: npt.NDArray[np.float16]
    right: npt.NDArray[np.int8]
    meant: npt.NDArray[np.int8]
    source: npt.NDArray[np.str_]

    def where(self, chosen: npt.NDArray[np.bool_]) -> Bags:
        """Returns the chosen takes, (B,) bool."""
        return Bags(self.x[chosen], self.right[chosen], self.meant[chosen], self.source[chosen])


def bags(takes: Iterable[Take], random: np.random.Generator, wanted: Vocabulary = LETTERS) -> Bags:
    """Looks at each take once, another way each time; takes that never move give nothing.

    Raises UsageError where none of them moves.
    """
    x, right, meant, source = [], [], [], []
    for take in takes:
        anew = seen_anew(take, random, wanted)
        cut = cut_windows(anew, random, wanted.features)
        if cut is None:
            continue
        features, ends_ms, covered = cut
        labels = np.full((ENDS, len(WINDOWS_MS)), UNASKED, np.int8)
        labels[: len(ends_ms)] = np.where(covered, _labels(anew, ends_ms, wanted), UNASKED)
        padded = np.zeros((ENDS, len(WINDOWS_MS), wanted.features.size), np.float16)
        padded[: len(ends_ms)] = features
        x.append(padded)
        right.append(labels)
        meant.append(wanted.gestures.index(take.label) if take.label in wanted.gestures else -1)
        source.append(take.source)
    if not x:
        raise UsageError("no hand moves in any of the takes; record them again")
    return Bags(np.stack(x), np.stack(right), np.array(meant, np.int8), np.array(source))


def seen_anew(take: Take, random: np.random.Generator, wanted: Vocabulary = LETTERS) -> Take:
    """Returns a take as another camera would have it: rate, pace, slant, size, noise."""
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
    size = np.median(np.linalg.norm(xyz[:, 9] - xyz[:, 0], axis=-1)) + 1e-6
    palm = xyz[:, list(PALM)].mean(1, keepdims=True)
    xyz = xyz - palm + palm * np.array([1, 1, 0]) * np.exp(random.normal(0, 0.2))
    xyz[..., 2] *= np.exp(random.normal(0, 0.2))
    xyz[..., 0] *= np.exp(random.normal(0, 0.08))
    turn = random.normal(0, 0.2)
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = xyz[..., 0].copy(), xyz[..., 1].copy()
    xyz[..., 0], xyz[..., 1] = cos * x - sin * y, sin * x + cos * y
    left = take.left != (random.random() < wanted.reversed)
    if wanted.others:
        xyz = _by_another(xyz, float(size), random)
    xyz += random.normal(0, size * random.uniform(0, 0.03), xyz.shape)
    return Take(
        times, xyz.astype(np.float32), left, take.label, take.source, take.drawn,
        tuple(pace * ms for ms in take.begun_ms), tuple(pace * ms for ms in take.ended_ms),
    )  # fmt: skip


def _by_another(xyz: Array, size: float, random: np.random.Generator) -> Array:
    """Returns (N, 21, 3) landmarks as another person would have them: aslant, wider, other fingers.

    With the gestures of one made person 61 % of those of twenty others are read, 38 % without this,
    and of that person's own as many as before (train/LOG.md).
    """
    turned = rotation(0, random.normal(0, TURN_RAD)) @ rotation(1, random.normal(0, TURN_RAD))
    palm = xyz[:, list(PALM)].mean(1, keepdims=True)
    shape = (xyz - palm) @ turned.T + random.normal(0, FINGERS * size, (21, 3))
    way = palm * np.array([1, 1, 0]) @ turned.T
    return np.asarray(shape + way * np.exp(random.normal(0, WIDTH, 3)))


def cut_windows(
    take: Take, random: np.random.Generator, features: Features
) -> tuple[Floats, Array, _Bools] | None:
    """Cuts windows at moments on which the model would be asked; None where there are none.

    Returns the windows, (E, S, size), their ends in ms, and which are covered, (E, S).
    """
    found: list[tuple[Floats, Array, _Bools]] = []
    breaks = np.flatnonzero(np.diff(take.t_ms) > LOST_MS) + 1
    path = features.samples(take.landmarks)
    for t_ms, run in zip(np.split(take.t_ms, breaks), np.split(path, breaks), strict=True):
        asked = [k for k in range(2, len(t_ms)) if features.gate(t_ms[: k + 1], run[: k + 1])]
        if asked:
            ends_ms = t_ms[asked]
            covered = ends_ms[:, None] - t_ms[0] >= COVERED * WINDOWS_MS
            some = np.sort(random.permutation(len(asked))[: 4 * ENDS])
            cut = features.windows(t_ms, run, take.left, ends_ms[some])
            found.append((cut, ends_ms[some], covered[some]))
    if not found:
        return None
    x, ends_ms, covered = (np.concatenate(parts) for parts in zip(*found, strict=True))
    some = np.sort(random.permutation(len(x))[:ENDS])
    return x[some], ends_ms[some], covered[some]


def _labels(take: Take, ends_ms: Array, wanted: Vocabulary) -> npt.NDArray[np.int8]:
    """Returns what each window shows, (E, S): a label, MAYBE, or UNASKED where it is a question."""
    none = len(wanted.gestures)
    right = np.full((len(ends_ms), len(WINDOWS_MS)), none, np.int8)
    end = ends_ms[:, None]
    start = end - WINDOWS_MS
    for label, b, e in zip(take.drawn, take.begun_ms, take.ended_ms, strict=True):
        took = e - b
        late = max(150.0, 0.25 * took)
        ends = (end >= e - 0.1 * took) & (end <= e + late)
        whole = ends & (start >= b - 0.5 * took) & (start <= b + 0.2 * took)
        partly = (end >= e - 0.3 * took) & (end <= e + 3 * late) & (start <= b + 0.5 * took)
        right[partly] = UNASKED
        right[whole] = wanted.gestures.index(label)
    if take.label in wanted.gestures:
        done = _share_of_way(take, ends_ms, wanted)[:, None]
        may = np.where(done < wanted.nearly, UNASKED, MAYBE)
        right[:] = np.where(done < wanted.halfway, none, may)
    return right


def _share_of_way(take: Take, ends_ms: Array, wanted: Vocabulary) -> Array:
    """Returns how much of its way the hand has gone by then.

    Of J and Z in takes cut to the letter, the way of the fingertip that draws them; of any other
    gesture, that of all five, less what a hand trembles while it rests.
    """
    t_ms = take.t_ms
    points: npt.NDArray[Any] = take.landmarks[:, [4, 8, 12, 16, 20], :2]
    if wanted.features is J_AND_Z:
        points = take.landmarks[:, [_FINGERTIP[take.label]], :2]
        still = 0.0
    else:
        parts = np.unique((t_ms - t_ms[0]) // _STEP_MS, return_index=True)[1]
        counts = np.diff([*parts, len(t_ms)])
        points = np.add.reduceat(points, parts) / counts[:, None, None]
        t_ms = t_ms[parts + counts - 1]
        length = np.linalg.norm(take.landmarks[:, 9] - take.landmarks[:, 0], axis=-1).mean()
        still = _STILL * float(length)
    steps = np.linalg.norm(np.diff(points, axis=0, prepend=points[:1]), axis=-1)
    way = np.cumsum(np.maximum(steps - still, 0).sum(-1))
    return np.asarray(np.interp(ends_ms, t_ms, way / (way[-1] + 1e-6)))
