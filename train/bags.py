"""Windows of moving hands, as the motion model is asked about them, with what they show.

Each take is looked at anew (`seen_anew`), and windows are cut where the gate lets them pass. What
a window of a made take shows is known. Of a recorded one it is known which letter was meant; how
far along its way the fingertip is tells which windows cannot be it yet, and which may.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.motion import COVERED, DRAWN, LABELS, LOST_MS, SIZE, SPANS_MS, looks, travelled, windows
from train.paths import Array, Floats, Take

_Bools = npt.NDArray[np.bool_]
NONE = len(DRAWN)
MAYBE, UNASKED = len(LABELS), -1  # besides the labels: some of these show what was meant
ENDS = 12  # windows are cut at so many moments of a take, at most
REVERSED = 0.5  # of the takes are drawn the wrong way round: beginners do, and handedness errs
HALFWAY, NEARLY = 0.5, 0.8  # shares of its way: until here it is no letter; from here it may be


@dataclass(frozen=True, eq=False)
class Bags:
    """The windows of B takes.

    x: (B, ENDS, S, SIZE) float16. right: (B, ENDS, S) int8, the label, MAYBE or UNASKED.
    meant: (B,) int8, the letter that some of the windows that are MAYBE show; -1: there are none.
    source: (B,) text, who made the take.
    """

    x: npt.NDArray[np.float16]
    right: npt.NDArray[np.int8]
    meant: npt.NDArray[np.int8]
    source: npt.NDArray[np.str_]

    def where(self, chosen: npt.NDArray[np.bool_]) -> Bags:
        """Returns the chosen takes, (B,) bool."""
        return Bags(self.x[chosen], self.right[chosen], self.meant[chosen], self.source[chosen])


def bags(takes: Iterable[Take], random: np.random.Generator) -> Bags:
    """Looks at each take once, another way each time; takes that never move give nothing."""
    x, right, meant, source = [], [], [], []
    for take in takes:
        anew = seen_anew(take, random)
        cut = _windows(anew, random)
        if cut is None:
            continue
        features, ends_ms, covered = cut
        labels = np.full((ENDS, len(SPANS_MS)), UNASKED, np.int8)
        labels[: len(ends_ms)] = np.where(covered, _labels(anew, ends_ms), UNASKED)
        padded = np.zeros((ENDS, len(SPANS_MS), SIZE), np.float16)
        padded[: len(ends_ms)] = features
        x.append(padded)
        right.append(labels)
        meant.append(DRAWN.index(take.label) if take.label in DRAWN else -1)
        source.append(take.source)
    return Bags(np.stack(x), np.stack(right), np.array(meant, np.int8), np.array(source))


def seen_anew(take: Take, random: np.random.Generator) -> Take:
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
    palm = xyz[:, [0, 5, 9, 13, 17]].mean(1, keepdims=True)
    xyz = xyz - palm + palm * np.array([1, 1, 0]) * np.exp(random.normal(0, 0.2))
    xyz[..., 2] *= np.exp(random.normal(0, 0.2))
    xyz[..., 0] *= np.exp(random.normal(0, 0.08))
    turn = random.normal(0, 0.2)
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = xyz[..., 0].copy(), xyz[..., 1].copy()
    xyz[..., 0], xyz[..., 1] = cos * x - sin * y, sin * x + cos * y
    left = take.left != (random.random() < REVERSED)
    xyz += random.normal(0, size * random.uniform(0, 0.03), xyz.shape)
    return Take(
        times, xyz.astype(np.float32), left, take.label, take.source, take.drawn,
        tuple(pace * ms for ms in take.begun_ms), tuple(pace * ms for ms in take.ended_ms),
    )  # fmt: skip


def _windows(take: Take, random: np.random.Generator) -> tuple[Floats, Array, _Bools] | None:
    """Cuts windows at moments on which the model would be asked; None where there are none.

    Returns the windows, (E, S, SIZE), their ends in ms, and which are covered, (E, S).
    """
    found: list[tuple[Floats, Array, _Bools]] = []
    breaks = np.flatnonzero(np.diff(take.t_ms) > LOST_MS) + 1
    path = looks(take.landmarks)
    for t_ms, run in zip(np.split(take.t_ms, breaks), np.split(path, breaks), strict=True):
        asked = [k for k in range(2, len(t_ms)) if travelled(t_ms[: k + 1], run[: k + 1])]
        if asked:
            ends_ms = t_ms[asked]
            covered = ends_ms[:, None] - t_ms[0] >= COVERED * SPANS_MS
            some = np.sort(random.permutation(len(asked))[: 4 * ENDS])
            cut = windows(t_ms, run, take.left, ends_ms[some])
            found.append((cut, ends_ms[some], covered[some]))
    if not found:
        return None
    x, ends_ms, covered = (np.concatenate(parts) for parts in zip(*found, strict=True))
    some = np.sort(random.permutation(len(x))[:ENDS])
    return x[some], ends_ms[some], covered[some]


def _labels(take: Take, ends_ms: Array) -> npt.NDArray[np.int8]:
    """Returns what each window shows, (E, S): a label, MAYBE, or UNASKED where it is a question."""
    right = np.full((len(ends_ms), len(SPANS_MS)), NONE, np.int8)
    end = ends_ms[:, None]
    start = end - SPANS_MS
    for label, b, e in zip(take.drawn, take.begun_ms, take.ended_ms, strict=True):
        took = e - b
        late = max(150.0, 0.25 * took)
        ends = (end >= e - 0.1 * took) & (end <= e + late)
        whole = ends & (start >= b - 0.5 * took) & (start <= b + 0.2 * took)
        partly = (end >= e - 0.3 * took) & (end <= e + 3 * late) & (start <= b + 0.5 * took)
        right[partly] = UNASKED
        right[whole] = DRAWN.index(label)
    if take.label in DRAWN:
        done = _share_of_way(take, ends_ms)[:, None]
        right[:] = np.where(done < HALFWAY, NONE, np.where(done < NEARLY, UNASKED, MAYBE))
    return right


def _share_of_way(take: Take, ends_ms: Array) -> Array:
    """Returns how much of its way the fingertip that draws the take's letter has gone by then."""
    tip = take.landmarks[:, 20 if take.label == "J" else 8, :2]
    way = np.cumsum(np.linalg.norm(np.diff(tip, axis=0, prepend=tip[:1]), axis=1))
    return np.asarray(np.interp(ends_ms, take.t_ms, way / (way[-1] + 1e-6)))
