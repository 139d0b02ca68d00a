"""Frames of a stream at any rate -> steps for a sequence model."""

from __future__ import annotations

import numpy as np

from edge.recognise.sequences.features import (
    GRID_HZ,
    MOMENT,
    PAIR,
    SAMPLE,
    STEP,
    Floats,
    moments,
    on_grid,
    samples_of,
)
from edge.types import Hand

_GRID_NS = 1e9 / GRID_HZ


class Steps:
    """Feed it every frame in order; it returns the steps that a frame completes."""

    def __init__(self) -> None:
        self._last_ns: int | None = None  # of the last frame
        self._last = np.zeros(SAMPLE, np.float32)  # its sample
        self._last_seen = False  # whether it had a hand
        self._grid_ns = 0.0  # the last time of the grid
        self._at_grid = np.zeros(SAMPLE, np.float32)  # the sample there
        self._grid_seen = False  # whether it had a hand
        self._step = np.zeros((PAIR, MOMENT), np.float32)  # the step that is not complete
        self._moments = 0  # how many moments it has

    def update(self, t_ns: int, hand: Hand | None, scores: Floats | None) -> list[Floats]:
        """Takes a frame; returns (STEP,) steps, mostly none or one.

        t_ns: later than the frame before. hand: None for no hand. scores: (len(SCORED),) of it. A
        hand without scores, or with landmarks that are no numbers, counts as none.
        """
        sample, seen = self._last, hand is not None and scores is not None
        if hand is not None and scores is not None:
            left = np.array([hand.handedness == "left"])
            sample = samples_of(hand.landmarks[None], left, scores[None])[0]
            seen = bool(np.isfinite(sample).all())
            sample = sample if seen else self._last
        last_ns, last, last_seen = self._last_ns, self._last, self._last_seen
        self._last_ns, self._last, self._last_seen = t_ns, sample, seen
        if last_ns is None:
            self._grid_ns, self._at_grid, self._grid_seen = float(t_ns), sample, seen
            return []
        count = int((t_ns - self._grid_ns) // _GRID_NS)
        if count <= 0:
            return []
        grid_ns = self._grid_ns + _GRID_NS * np.arange(1, count + 1)
        samples, visible = on_grid(
            np.array([last_ns, t_ns], np.float64) / 1e6,
            np.stack([last, sample]),
            np.array([last_seen, seen]),
            grid_ns / 1e6,
        )
        made = moments(
            np.concatenate([self._at_grid[None], samples]),
            np.concatenate([[self._grid_seen], visible]),
        )
        self._grid_ns = float(grid_ns[-1])
        self._at_grid, self._grid_seen = samples[-1], bool(visible[-1])
        return self._paired(made)

    def _paired(self, made: Floats) -> list[Floats]:
        """Adds moments to the step that is not complete; returns those that are."""
        steps = []
        for moment in made:
            self._step[self._moments] = moment
            self._moments += 1
            if self._moments == PAIR:
                steps.append(self._step.reshape(STEP).copy())
                self._moments = 0
        return steps
