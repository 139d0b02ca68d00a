"""Variations of streams: a palm that sways, other shapes, other scores.

Hands that spell sway and bounce, some by several palm lengths a second for as long as they hold a
letter (clips of lessons; no collection to learn from shows it). The sway is laid over everything in
a stream, word signs too, so that sway itself says nothing. None of the amounts was compared with
another one; the log says what all of them together changed (train/LOG.md, "The spelling output").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.recognise.sequences.features import (
    GRID_HZ,
    MOMENT,
    MOTION,
    PAIR,
    SCORES,
    SPEED_UNIT,
    Floats,
    scaled,
    unscaled,
)

SWAYS = 0.5  # share of the streams
FASTEST, RATE_HZ = 5.0, (0.4, 3.0)  # palm lengths a second, and how often to and fro
SHAPE_OFF, SCORE_OFF = 0.03, 0.06  # of the features and scores of a stream, constant in it
SHAPE_WOBBLE, SCORE_WOBBLE = 0.08, 0.15  # and from moment to moment, at most, in half of them
# The letter model finds no sign in a stranger's hands more often than in hands that it was trained
# on: the logit of "no sign" is up to so much higher, in half of the streams.
DOUBT = 3.0


def shaken(x: npt.NDArray[np.float16], random: np.random.Generator) -> Floats:
    """Returns (B, S, STEP) variations of streams; moments without a hand stay 0."""
    out = x.astype(np.float32)
    b, s, _ = out.shape
    moments = out.reshape(b, s * PAIR, MOMENT)  # a view
    seen = moments[:, :, -1:].copy()
    moments[:, :, MOTION] += _sway(b, s * PAIR, random)
    shapes, scores = moments[:, :, : SCORES.start], moments[:, :, SCORES]
    shapes += random.normal(0, SHAPE_OFF, (b, 1, shapes.shape[-1])).astype(np.float32)
    doubt = random.uniform(-DOUBT, DOUBT, (b, 1)).clip(0).astype(np.float32)
    scores[:] = np.where((doubt > 0)[..., None], _doubted(scores, doubt), scores)
    off = random.normal(0, SCORE_OFF, (b, 1, scores.shape[-1])).astype(np.float32)
    scores[:] = np.clip(scores + off, -1, 1)
    wobble = random.uniform(-1, 1, (b, 1, 1)).clip(0).astype(np.float32)
    noise = random.standard_normal((b, s * PAIR, SCORES.stop), np.float32) * wobble
    shapes += noise[..., : SCORES.start] * SHAPE_WOBBLE
    scores += noise[..., SCORES] * SCORE_WOBBLE
    moments *= seen
    return out


def _sway(streams: int, moments: int, random: np.random.Generator) -> Floats:
    """Returns (streams, moments, 2) velocities to be added, in SPEED_UNIT."""
    t_s = np.arange(moments) / GRID_HZ
    speed = random.uniform(0, FASTEST, (streams, 2, 1))
    speed *= random.random((streams, 1, 1)) < SWAYS
    rate_hz = random.uniform(*RATE_HZ, (streams, 2, 1))
    phase = random.uniform(0, 2 * np.pi, (streams, 2, 1))
    sway = speed * np.cos(2 * np.pi * rate_hz * t_s + phase) / SPEED_UNIT
    return np.asarray(sway.transpose(0, 2, 1), np.float32)


def _doubted(scores: Floats, doubt: Floats) -> Floats:
    """Returns scaled scores in which no sign, the last, has a logit that is `doubt` higher."""
    odds = unscaled(scores)
    odds[..., -1] *= np.exp(doubt)
    return scaled(odds / odds.sum(-1, keepdims=True))
