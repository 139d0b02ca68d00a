"""The input of a sequence model, made alike in training and on a device.

A sample is one hand in one frame: its features, the scores of the letter model, where the palm is
and how long it is. Samples come at a camera's own times, 8 to 60 a second. The model takes them on
a grid of GRID_HZ, where the values between two samples lie on a straight line. A moment is what the
model gets for one point of the grid: features, scores, and the palm's motion since the point
before. A step is PAIR moments.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge.handshapes.letters import SIZE as SHAPE
from edge.handshapes.letters import features
from edge.joints import MIDDLE_MCP, PALM, WRIST

FEATURES = 1  # version of all this: a model made for another one is refused
GRID_HZ = 30.0  # the rate of most cameras
PAIR = 2  # moments in a step: the model runs 15 times a second. Chosen without a comparison.
# The letters that have a score: J and Z have none, since they are drawn (edge.types.Prediction).
SCORED = tuple("ABCDEFGHIKLMNOPQRSTUVWXY")
GAP_MS = 250.0  # two frames that are farther apart are not joined. Chosen without a comparison.

SCORES = slice(SHAPE, SHAPE + len(SCORED) + 1)  # of a sample or a moment; no sign is the last
_PLACE = slice(SCORES.stop, SCORES.stop + 2)  # of a sample: the palm's middle
_LENGTH = SCORES.stop + 2  # of a sample: the logarithm of the palm's length
SAMPLE = SCORES.stop + 3  # how many numbers a sample has
MOTION = slice(SCORES.stop, SCORES.stop + 2)  # of a moment: the palm's velocity in x and y
# How many numbers a moment has: these, the palm's motion in depth, and, last, 1 where a hand is.
MOMENT = MOTION.stop + 2
STEP = PAIR * MOMENT
# Features are clipped to this, and so are motions: few are larger, and a small range makes int8
# finer. Chosen without a comparison.
_LARGEST = 3.0
_LEAST_LOG = -6.0  # the logarithm of a score is at least this, which becomes -1; 0 becomes 1
# The unit of motion: palm lengths a second, and for depth e-folds of the palm's length a second.
# It is about the fastest sway of hands in the clips of lessons (train/LOG.md).
SPEED_UNIT = 5.0

Floats = npt.NDArray[np.float32]
Times = npt.NDArray[np.floating[Any]]  # float64: float32 cannot count the milliseconds of a week
Bools = npt.NDArray[np.bool_]


def samples_of(landmarks: Floats, left: Bools, scores: Floats) -> Floats:
    """Returns (N, SAMPLE) samples.

    landmarks: (N, 21, 3), in pixels of a frame. left: (N,), which are left hands; their x is
    mirrored. scores: (N, len(SCORED)), 0..1.
    """
    out = np.empty((len(landmarks), SAMPLE), np.float32)
    out[:, :SHAPE] = np.clip(features(landmarks, left), -_LARGEST, _LARGEST)
    no_sign = np.clip(1 - scores.sum(1, keepdims=True), 0, 1)
    out[:, SCORES] = scaled(np.concatenate([scores, no_sign], 1))
    palm = landmarks[:, list(PALM), :2].mean(1)
    palm[:, 0] *= np.where(left, np.float32(-1), np.float32(1))
    out[:, _PLACE] = palm
    length = np.linalg.norm(landmarks[:, MIDDLE_MCP] - landmarks[:, WRIST], axis=-1)
    out[:, _LENGTH] = np.log(length + 1e-6)
    return out


def scaled(scores: Floats) -> Floats:
    """Returns scores, 0..1, as the model gets them: logarithms, scaled to -1..1."""
    least = np.exp(np.float32(_LEAST_LOG))
    return np.asarray(1 - np.log(np.maximum(scores, least)) * (2 / _LEAST_LOG), np.float32)


def unscaled(values: Floats) -> Floats:
    """Returns the scores that `scaled` made these values of; tiny ones come back larger."""
    return np.asarray(np.exp((1 - values) * (_LEAST_LOG / 2)), np.float32)


SLOPE = -_LEAST_LOG / 2  # a difference of 1 between two scaled scores is so much between logits


def on_grid(t_ms: Times, samples: Floats, seen: Bools, grid_ms: Times) -> tuple[Floats, Bools]:
    """Returns (G, SAMPLE) samples at the times of a grid, and (G,) whether a hand is seen at each.

    t_ms: (N,) rising, of all frames. seen: (N,), which of them show a hand. samples: (N, SAMPLE),
    of which those without a hand are not used. A time of the grid between a frame with a hand and
    one without has no hand.
    """
    after = np.clip(np.searchsorted(t_ms, grid_ms), 1, len(t_ms) - 1)
    before = after - 1
    gap_ms = t_ms[after] - t_ms[before]
    share = np.clip((grid_ms - t_ms[before]) / np.maximum(gap_ms, 1e-6), 0, 1)[:, None]
    there = samples[before] + share.astype(np.float32) * (samples[after] - samples[before])
    visible = seen[before] & seen[after] & (gap_ms <= GAP_MS)
    visible &= (grid_ms >= t_ms[0]) & (grid_ms <= t_ms[-1])
    return there, visible


def moments(samples: Floats, seen: Bools) -> Floats:
    """Returns (G - 1, MOMENT) of (G, SAMPLE) samples on the grid, the first of which came before.

    A moment without a hand is all 0.
    """
    out = np.zeros((len(samples) - 1, MOMENT), np.float32)
    now, both = seen[1:, None], (seen[1:] & seen[:-1])[:, None]
    out[:, : SCORES.stop] = np.where(now, samples[1:, : SCORES.stop], 0)
    moved = np.diff(samples[:, _PLACE.start :], axis=0)
    moved[:, :2] /= np.exp(samples[1:, _LENGTH, None])
    motion = np.clip(moved * (GRID_HZ / SPEED_UNIT), -_LARGEST, _LARGEST)
    out[:, MOTION.start : -1] = np.where(both, motion, 0)
    out[:, -1] = seen[1:]
    return out
