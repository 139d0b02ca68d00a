"""A hand's trajectory as a motion model reads it: samples, windows of them, and the gate.

A sample is what matters of a hand on one frame: where its palm and some of its fingertips are, how
it is turned, and how far each finger is stretched. A window is the last 0.4 to 1.9 seconds of
samples, interpolated at evenly spaced moments. All times are the stream's own, so the frame rate
does not matter. All lengths are in palm lengths, so the distance does not. The gate decides whether
there was enough movement to run the model. Training makes its features with this code too.

There are two versions. Version 1 is for J and Z: the tips of the little and the index finger, and
a gate that wants one of these stretched and on its way. Version 2 is for any gesture: all five
tips, how the palm lies in depth, and a gate for any hand that travels, turns, opens or closes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.joints import PALM, ROOTS, TIPS

_Floats = npt.NDArray[np.float32]
_Times = npt.NDArray[np.float64]

# In 13 recorded collections, taken as 20 frames a second, a J lasts 0.4 to 1.5 s and a Z 0.5 to
# 1.8 s. The steps between windows are small enough for a trajectory to fill one of them to 85 %.
WINDOWS_MS = np.array([400, 550, 750, 1000, 1400, 1900], np.float64)
POINTS = 16  # moments in each window: 27 ms apart in the shortest, 127 ms in the longest
COVERED = 0.7  # share of a window that must have been seen before the model is believed
LOST_MS = 250.0  # a hand that is missed for so long is another one when it comes back
_PHASES = np.linspace(-1, 0, POINTS)
_FAR = 4.0  # palm lengths: what lies farther off is no gesture, and int8 wants a small range

_TIPS, _ROOTS, _PALM = list(TIPS), list(ROOTS), list(PALM)
_FIRST_TIP = 3  # channel: before it stand the palm's length and the place of its middle


@dataclass(frozen=True, slots=True)
class Features:
    """Which features of a trajectory a motion model gets.

    version: the manifest's `features`. tips: the joints whose place it gets. depth: whether it gets
    how the palm lies in depth: a hand that turns from one side to the other may look alike on both.
    gate: decides by the trajectory up to now whether the model is run. lasting: whether a gesture
    may go on after it was recognised, as a wave does; a letter is over.
    """

    version: int
    tips: tuple[int, ...]
    depth: bool
    gate: Callable[[_Times, _Floats], bool]
    lasting: bool

    @property
    def channels(self) -> int:
        """How many numbers a sample has."""
        return self.side + (8 if self.depth else 6)

    @property
    def side(self) -> int:
        """Which of them is the palm's area; how far the fingers are stretched comes after it."""
        return _FIRST_TIP + 2 * len(self.tips) + 2

    @property
    def size(self) -> int:
        """How many features a window has."""
        return POINTS * (self.channels - 1)

    def samples(self, landmarks: _Floats) -> _Floats:
        """Returns (..., channels) float32 samples of (..., 21, 3) landmarks in pixels.

        A sample has, in this order: the palm's length; x and y of the palm's middle, of each of the
        tips from there, and of the hand's axis; the palm's signed area in the picture, which tells
        its front from its back; and how far each finger's tip is from its knuckle, in 3-D. With
        `depth` it also has how much farther from the camera the middle knuckle is than the wrist,
        and the index knuckle than the little finger's.
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

    def windows(self, t_ms: _Times, samples: _Floats, left: bool, ends_ms: _Times) -> _Floats:
        """Returns (E, len(WINDOWS_MS), size) float32 features of the windows ending at `ends_ms`.

        t_ms: (N,), rising. samples: (N, channels). ends_ms: (E,). left: the hand is mirrored, as if
        it were a right one. Before the first sample, the hand is taken to have been like that.
        """
        times = ends_ms[:, None, None] + WINDOWS_MS[:, None] * _PHASES
        after = np.clip(np.searchsorted(t_ms, times), 1, len(t_ms) - 1)
        before_ms = t_ms[after - 1]
        share = np.clip((times - before_ms) / (t_ms[after] - before_ms), 0, 1).astype(np.float32)
        found = samples[after - 1]
        found = found + share[..., None] * (samples[after] - found)
        length = found[..., :1].mean(-2, keepdims=True) + np.float32(1e-6)
        found[..., 1:3] -= found[..., 1:3].mean(-2, keepdims=True)
        found /= length
        side = self.side
        found[..., side : side + 1] /= length
        if left:
            # What changes its sign in the mirror: x of points, and the palm's side.
            found[..., [*range(1, side, 2), side]] *= -1
        out = np.clip(found[..., 1:], -_FAR, _FAR)
        return np.ascontiguousarray(out.reshape(len(ends_ms), len(WINDOWS_MS), self.size))


RECENT_MS = 700.0  # of a trajectory, what gates see: between the shortest J and the longest
# The least that a fingertip of a drawn letter travels, in palm lengths: the smallest of 485
# recorded Js travels 0.54, 99 % of them 1.2 or more (train/LOG.md, "J and Z in motion").
TRAVEL = 0.5
STRETCHED = 0.7  # of the longest finger; were it 1.0, 4 % of the Js and 11 % of the Zs would stop
# The least that a hand moves in any gesture, in palm lengths. At 0.5 a fist that nods would be
# stopped in a tenth of made takes, at 0.3 in none.
STIR = 0.3
TURNED = 0.25  # palm lengths squared: a third of the area of a palm that faces the camera
ASLANT = 0.4  # palm lengths: of a palm 0.68 wide, from facing the camera to 36 degrees aside
_LITTLE_TIP, _INDEX_TIP = slice(3, 5), slice(5, 7)  # channels of version 1
_INDEX, _LITTLE = 11, 14  # and those that say how far these fingers are stretched


def drawn(t_ms: _Times, samples: _Floats) -> bool:
    """Whether the little or the index finger, stretched, has travelled far of late.

    t_ms: (N,), samples: (N, channels). Near its end it passes 99.8 % of 485 recorded Js and 99.2 %
    of 485 Zs, and all of the signer's.
    """
    recent = samples[int(np.searchsorted(t_ms, t_ms[-1] - RECENT_MS)) :]
    mean = recent.mean(0)
    for finger, tip in ((_INDEX, _INDEX_TIP), (_LITTLE, _LITTLE_TIP)):
        if mean[finger] >= STRETCHED * mean[_INDEX:].max():
            places = recent[:, 1:3] + recent[:, tip]
            if (places.max(0) - places.min(0)).max() >= TRAVEL * mean[0]:
                return True
    return False


def moved(t_ms: _Times, samples: _Floats) -> bool:
    """Whether the hand has travelled, turned, opened or closed of late, whatever its shape.

    t_ms: (N,), samples: (N, channels). True where the palm or any fingertip has travelled as far as
    STIR, or the palm has turned: a fist that turns about its forearm hardly moves its fingertips.
    It passes 99 % or more of 300 recorded Js and Zs, and half of the frames of recorded still
    letters.
    """
    recent = samples[int(np.searchsorted(t_ms, t_ms[-1] - RECENT_MS)) :]
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
