"""J and Z: the path of a hand over time -> Prediction.

What matters of a hand on one frame is a `look`: where its palm, its little and its index finger
are, how it is turned, and how far each finger is stretched. `windows` takes the last 0.4 to 1.9
seconds of looks, each span at as many evenly spaced moments, as one set of features: all times are
the stream's own, so the frame rate does not matter, and all lengths are in palm lengths, so the
distance does not. A small int8 model says of each span whether a J or a Z has just been drawn in
it. Training makes its features with these functions too.

The model is asked only where the little or the index finger has travelled while it was stretched:
hands that hold still or make other shapes cost a few comparisons.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.manifest import BUNDLED, open_model
from edge.types import Hand, Prediction

FEATURES = 1  # version of `looks` and `windows`: a model made for another one is refused
DRAWN = ("J", "Z")
LABELS = (*DRAWN, "none")

_Floats = npt.NDArray[np.float32]
_Bools = npt.NDArray[np.bool_]

# Of the 13 recorded collections a J takes 0.4 to 1.5 s, a Z 0.5 to 1.8 s, were they recorded at
# 20 frames a second; the steps are small enough for a path to fill one of the spans to 85 %.
SPANS_MS = np.array([400, 550, 750, 1000, 1400, 1900], np.float64)
POINTS = 16  # moments of each span
_PHASES = np.linspace(-1, 0, POINTS)
CHANNELS = 15  # numbers of a look
SIZE = POINTS * (CHANNELS - 1)  # features of a span
_X = [1, 3, 5, 7, 9]  # channels that change their sign in the mirror: x of points, the palm's side
_INDEX, _LITTLE = 11, 14  # channels that tell how far these fingers are stretched
_TIPS, _ROOTS = [4, 8, 12, 16, 20], [2, 5, 9, 13, 17]
_FAR = 4.0  # palm lengths: what lies farther off is no letter, and int8 wants a small range

ON = 0.8  # score that makes a letter

_KEPT = 160  # looks: 1.9 s at 60 frames a second, and some more
_EVERY_MS = 28.0  # the time between two questions to the model: 30 frames a second ask on each
_APART_MS = 12.0  # looks closer than this add nothing
LOST_MS = 250.0  # without a hand for so long, its path ends; Debouncer forgets it then too
_WAIT_MS = 130.0  # the longest that a letter that looks better and better is waited for
_AGAIN_MS = 600.0  # after a letter before the next can end: its hand has to go back first
_JUMP, _FASTEST = 1.5, 0.03  # palm lengths, and as many more a ms: farther off is another hand
COVERED = 0.7  # share of a span that must have been seen


def looks(landmarks: _Floats) -> _Floats:
    """Returns (..., CHANNELS) of (..., 21, 3) landmarks in pixels: what the path is made of.

    The palm's length; x and y of the palm's middle, of the tips of the little and the index finger
    from there, and of the hand's axis; the palm's signed area in the picture, which tells its
    front from its back; and how far each finger's tip is from its knuckle, in 3-D.
    """
    joints = landmarks.astype(np.float32, copy=False)
    wrist, knuckle = joints[..., 0, :], joints[..., 9, :]
    axis = knuckle - wrist
    palm = joints[..., [0, 5, 9, 13, 17], :2].mean(-2)
    out = np.empty((*joints.shape[:-2], CHANNELS), np.float32)
    out[..., 0] = np.sqrt((axis * axis).sum(-1))
    out[..., 1:3] = palm
    out[..., 3:5] = joints[..., 20, :2] - palm
    out[..., 5:7] = joints[..., 8, :2] - palm
    out[..., 7:9] = axis[..., :2]
    index, little = joints[..., 5, :2] - wrist[..., :2], joints[..., 17, :2] - wrist[..., :2]
    out[..., 9] = index[..., 0] * little[..., 1] - index[..., 1] * little[..., 0]
    fingers = joints[..., _TIPS, :] - joints[..., _ROOTS, :]
    out[..., 10:] = np.sqrt((fingers * fingers).sum(-1))
    return out


def windows(
    t_ms: npt.NDArray[np.float64], path: _Floats, left: bool, ends_ms: npt.NDArray[np.float64]
) -> _Floats:
    """Returns (E, len(SPANS_MS), SIZE) float32 features of the spans that end at each of `ends_ms`.

    t_ms: (N,), rising. path: (N, CHANNELS) looks. left: mirrored, as if it were a right hand.
    What lies before the first look is taken to be like it.
    """
    times = ends_ms[:, None, None] + SPANS_MS[:, None] * _PHASES
    after = np.clip(np.searchsorted(t_ms, times), 1, len(t_ms) - 1)
    before_ms = t_ms[after - 1]
    share = np.clip((times - before_ms) / (t_ms[after] - before_ms), 0, 1).astype(np.float32)
    spans = path[after - 1]
    spans = spans + share[..., None] * (path[after] - spans)
    length = spans[..., :1].mean(-2, keepdims=True) + np.float32(1e-6)
    spans[..., 1:3] -= spans[..., 1:3].mean(-2, keepdims=True)
    spans /= length
    spans[..., 9:10] /= length
    if left:
        spans[..., _X] *= -1
    out = np.clip(spans[..., 1:], -_FAR, _FAR)
    return np.ascontiguousarray(out.reshape(len(ends_ms), len(SPANS_MS), SIZE))


TRAVEL = 0.5  # palm lengths
STRETCHED = 0.7  # of the longest finger; were it 1.0, 4 % of the Js and 11 % of the Zs would stop
RECENT_MS = 700.0


def travelled(t_ms: npt.NDArray[np.float64], path: _Floats) -> bool:
    """Tells whether the little or the index finger, stretched, has gone far of late.

    The gate before the model. Near its end it passes 99.8 % of 485 recorded Js and 99.2 % of 485
    Zs, and all of the signer's; the smallest J goes 0.54 palm lengths, 99 % of them 1.2 or more.
    """
    first = int(np.searchsorted(t_ms, t_ms[-1] - RECENT_MS))
    recent = path[first:]
    mean = recent.mean(0)
    for finger, tip in ((_INDEX, slice(5, 7)), (_LITTLE, slice(3, 5))):
        if mean[finger] >= STRETCHED * mean[_INDEX:].max():
            way = recent[:, 1:3] + recent[:, tip]
            if (way.max(0) - way.min(0)).max() >= TRAVEL * mean[0]:
                return True
    return False


class Motion:
    """Follows one hand's path; tells when a J or a Z has been drawn.

    path: of the manifest. Raises ModelError when the model is missing, altered, or made for other
    features than this version's.
    """

    def __init__(self, path: Path = BUNDLED / "motion.json", *, on: float = ON) -> None:
        self.manifest, self._model = open_model(path)
        shape = (1, len(SPANS_MS), SIZE)
        if self.manifest.features != FEATURES or self.manifest.labels != LABELS:
            raise ModelError(
                f"the model of {path} is for features {self.manifest.features}, "
                f"this version makes {FEATURES}; train it again"
            )
        if [tensor.shape for tensor in self.manifest.inputs] != [shape]:
            raise ModelError(f"the model of {path} reads no motion; reinstall it")
        self._on = on
        self._t_ms = np.empty(2 * _KEPT)
        self._path = np.empty((2 * _KEPT, CHANNELS), np.float32)
        self._left = np.empty(2 * _KEPT, bool)
        self._now_ms = -np.inf  # of the last look
        self._forget()

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        return self._model.invoke_ns

    def update(self, t_ns: int, hand: Hand | None) -> Prediction | None:
        """One frame, in order: its time stamp and the hand that is read, or None.

        Returns "J" or "Z" on the frame on which the path of one was completed. Reads no clock; a
        path ends where the hand is lost, another hand comes, or the time goes back.
        """
        now_ms = t_ns / 1e6
        since_ms = now_ms - self._now_ms
        if since_ms < 0 or since_ms > LOST_MS:
            self._forget()
        if hand is None or not np.isfinite(hand.landmarks).all():
            return None
        if self._count and since_ms < _APART_MS:
            return None
        look = looks(hand.landmarks)
        if self._count:
            last = self._path[self._count - 1]
            step = np.abs(look[1:3] - last[1:3]).max()
            if step > (_JUMP + _FASTEST * since_ms) * max(look[0], last[0]):
                self._forget()
        self._keep(now_ms, look, hand.handedness == "left")
        return self._asked(now_ms)

    def _forget(self) -> None:
        """As if no hand had been seen."""
        self._count = 0
        self._best: Prediction | None = None  # a letter that may look better still
        self._best_ms = 0.0  # since when
        self._asked_ms = -np.inf

    def _keep(self, now_ms: float, look: _Floats, left: bool) -> None:
        if self._count == 2 * _KEPT:
            for kept in (self._t_ms, self._path, self._left):
                kept[:_KEPT] = kept[_KEPT:]
            self._count = _KEPT
        self._t_ms[self._count] = self._now_ms = now_ms
        self._path[self._count] = look
        self._left[self._count] = left
        self._count += 1

    def _asked(self, now_ms: float) -> Prediction | None:
        """Asks the model about the path up to now, if there is one and it is time."""
        if self._count < 3 or now_ms - self._asked_ms < _EVERY_MS:
            return None
        recent = slice(max(0, self._count - _KEPT), self._count)
        t_ms, path = self._t_ms[recent], self._path[recent]
        if not travelled(t_ms, path):
            return self._done(now_ms)
        self._asked_ms = now_ms
        left = 2 * int(self._left[recent].sum()) > len(t_ms)
        (logits,) = self._model.run(windows(t_ms, path, left, np.array([now_ms])))
        scores = np.exp(logits[0] - logits[0].max(1, keepdims=True))
        scores /= scores.sum(1, keepdims=True)
        scores[now_ms - t_ms[0] < COVERED * SPANS_MS] = 0
        best = scores[:, : len(DRAWN)].max(0)
        label = int(best.argmax())
        if best[label] < self._on or (self._best and best[label] <= self._best.score):
            return self._done(now_ms)
        if self._best is None:
            self._best_ms = now_ms
        self._best = Prediction(
            DRAWN[label], float(best[label]), dict(zip(DRAWN, best.tolist(), strict=True))
        )
        return self._done(now_ms) if now_ms - self._best_ms >= _WAIT_MS else None

    def _done(self, now_ms: float) -> Prediction | None:
        """Returns the letter that looked better until now than it does now, if there was one."""
        best = self._best
        if best:
            self._forget()
            self._asked_ms = now_ms + _AGAIN_MS
        return best
