"""The path of a hand over time, as a motion model reads it: looks, spans of them, and the gate.

What matters of a hand on one frame is a look: where its palm and some of its fingertips are, how
it is turned, and how far each finger is stretched. `Features.windows` takes the last 0.4 to 1.9
seconds of looks, each span at as many evenly spaced moments, as one set of features: all times are
the stream's own, so the frame rate does not matter, and all lengths are in palm lengths, so the
distance does not. Training makes its features, and asks its gate, with this code too.

There are two versions. 1 reads J and Z: the tips of the little and the index finger, and a gate
that wants one of these stretched and on its way. 2 reads any gesture: all five tips, how the palm
lies in depth, and a gate that opens to any hand that goes, turns, opens or closes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.joints import PALM, ROOTS, TIPS

_Floats = npt.NDArray[np.float32]
_Times = npt.NDArray[np.float64]

# Of the 13 recorded collections a J takes 0.4 to 1.5 s, a Z 0.5 to 1.8 s, were they recorded at
# 20 frames a second; the steps are small enough for a path to fill one of the spans to 85 %.
SPANS_MS = np.array([400, 550, 750, 1000, 1400, 1900], np.float64)
POINTS = 16  # moments of each span
COVERED = 0.7  # share of a span that must have been seen
LOST_MS = 250.0  # without a hand for so long, its path ends; Debouncer forgets it then too
_PHASES = np.linspace(-1, 0, POINTS)
_FAR = 4.0  # palm lengths: what lies farther off is no gesture, and int8 wants a small range

_TIPS, _ROOTS, _PALM = list(TIPS), list(ROOTS), list(PALM)
_FIRST_TIP = 3  # channel: before it stand the palm's length and the place of its middle


@dataclass(frozen=True, slots=True)
class Features:
    """What a model is told of a path.

    version: the manifest's `features`. tips: joints of the fingertips whose place is told.
    depth: whether it is told how the palm lies in depth: a hand that turns from one side to the
    other may look alike on both. gate: of a path up to now, whether the model is asked at all.
    lasting: whether a gesture may go on after it was told, as a wave does; a letter is over.
    """

    version: int
    tips: tuple[int, ...]
    depth: bool
    gate: Callable[[_Times, _Floats], bool]
    lasting: bool

    @property
    def channels(self) -> int:
        """How many numbers a look has."""
        return self.side + (8 if self.depth else 6)

    @property
    def side(self) -> int:
        """Which of them is the palm's area; how far the fingers are stretched comes after it."""
        return _FIRST_TIP + 2 * len(self.tips) + 2

    @property
    def size(self) -> int:
        """How many features a span has."""
        return POINTS * (self.channels - 1)

    def looks(self, landmarks: _Floats) -> _Floats:
        """Returns (..., channels) of (..., 21, 3) landmarks in pixels: what the path is made of.

        The palm's length; x and y of the palm's middle, of each of the tips from there, and of the
        hand's axis; the palm's signed area in the picture, which tells its front from its back; how
        far each finger's tip is from its knuckle, in 3-D; and, with `depth`, how much farther from
        the camera the middle knuckle is than the wrist, and the index one than the little one.
        """
        joints = landmarks.astype(np.float32, copy=False)
        wrist, knuckle = joints[..., 0, :], joints[..., 9, :]
        axis = knuckle - wrist
        palm = joints[..., _PALM, :2].mean(-2)
        out = np.empty((*joints.shape[:-2], self.channels), np.float32)
        out[..., 0] = np.sqrt((axis * axis).sum(-1))
        out[..., 1:3] = palm
        for number, tip in enumerate(self.tips):
            at = _FIRST_TIP + 2 * number
            out[..., at : at + 2] = joints[..., tip, :2] - palm
        side = self.side
        out[..., side - 2 : side] = axis[..., :2]
        index, little = joints[..., 5, :2] - wrist[..., :2], joints[..., 17, :2] - wrist[..., :2]
        out[..., side] = index[..., 0] * little[..., 1] - index[..., 1] * little[..., 0]
        fingers = joints[..., _TIPS, :] - joints[..., _ROOTS, :]
        out[..., side + 1 : side + 6] = np.sqrt((fingers * fingers).sum(-1))
        if self.depth:
            out[..., side + 6] = axis[..., 2]
            out[..., side + 7] = joints[..., 5, 2] - joints[..., 17, 2]
        return out

    def windows(self, t_ms: _Times, path: _Floats, left: bool, ends_ms: _Times) -> _Floats:
        """Returns (E, len(SPANS_MS), size) float32 features of the spans that end at `ends_ms`.

        t_ms: (N,), rising. path: (N, channels) looks. left: mirrored, as if it were a right hand.
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
        side = self.side
        spans[..., side : side + 1] /= length
        if left:
            # What changes its sign in the mirror: x of points, and the palm's side.
            spans[..., [*range(1, side, 2), side]] *= -1
        out = np.clip(spans[..., 1:], -_FAR, _FAR)
        return np.ascontiguousarray(out.reshape(len(ends_ms), len(SPANS_MS), self.size))


TRAVEL, STIR = 0.5, 0.3  # palm lengths: of a letter that is drawn, and of any gesture
STRETCHED = 0.7  # of the longest finger; were it 1.0, 4 % of the Js and 11 % of the Zs would stop
RECENT_MS = 700.0
TURNED = 0.25  # palm lengths squared: a third of the area of a palm that faces the camera
ASLANT = 0.4  # palm lengths: of a palm 0.68 wide, from facing the camera to 36 degrees aside
_LITTLE_TIP, _INDEX_TIP = slice(3, 5), slice(5, 7)  # channels of version 1
_INDEX, _LITTLE = 11, 14  # and those that tell how far these fingers are stretched


def drawn(t_ms: _Times, path: _Floats) -> bool:
    """Tells whether the little or the index finger, stretched, has gone far of late.

    Near its end it passes 99.8 % of 485 recorded Js and 99.2 % of 485 Zs, and all of the
    signer's; the smallest J goes 0.54 palm lengths, 99 % of them 1.2 or more.
    """
    recent = path[int(np.searchsorted(t_ms, t_ms[-1] - RECENT_MS)) :]
    mean = recent.mean(0)
    for finger, tip in ((_INDEX, _INDEX_TIP), (_LITTLE, _LITTLE_TIP)):
        if mean[finger] >= STRETCHED * mean[_INDEX:].max():
            way = recent[:, 1:3] + recent[:, tip]
            if (way.max(0) - way.min(0)).max() >= TRAVEL * mean[0]:
                return True
    return False


def moved(t_ms: _Times, path: _Floats) -> bool:
    """Tells whether the hand has gone, turned, opened or closed of late, whatever its shape.

    That is, whether the palm or any fingertip has gone as far as `STIR`, or the palm has turned:
    a fist that turns about its forearm hardly moves its fingertips. Were STIR 0.5, a fist that nods
    would be stopped in a tenth of made takes; at 0.3 none is, and 99 % or more of 300 recorded Js
    and Zs pass. On half of the frames of recorded still letters it is open, too.
    """
    recent = path[int(np.searchsorted(t_ms, t_ms[-1] - RECENT_MS)) :]
    length, side = recent[:, 0].mean(), ANY.side
    palm, tips = recent[:, 1:3], recent[:, _FIRST_TIP : side - 2].reshape(len(recent), -1, 2)
    points = np.concatenate([palm[:, None], tips + palm[:, None]], 1)
    if (points.max(0) - points.min(0)).max() >= STIR * length:
        return True
    least, most = recent[:, side:].min(0), recent[:, side:].max(0)
    return bool(most[0] - least[0] >= TURNED * length**2 or most[-1] - least[-1] >= ASLANT * length)


J_AND_Z = Features(1, (20, 8), False, drawn, lasting=False)
ANY = Features(2, (20, 8, 4, 12, 16), True, moved, lasting=True)
VERSIONS = {features.version: features for features in (J_AND_Z, ANY)}
