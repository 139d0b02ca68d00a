"""Kinematics of a hand: how fast and how far it changes shape and travels, at any frame rate.

Lengths are in palm lengths (`geometry.hand_size_px`), speeds in palm lengths a second.
"""

from __future__ import annotations

from math import exp, hypot, log, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge.hands.geometry import hand_size_px
from edge.joints import PALM
from edge.types import Hand

_PALM = np.zeros(21)  # weights of the joints in the palm's centre: the wrist and four knuckles,
_PALM[list(PALM)] = 1 / len(PALM)  # which move with the hand and not with the fingers
# Time constants of low-pass filters. A hand's size changes slowly, but its estimate flickers with
# every landmark. The velocities' constant smooths the jitter of 60 frames a second, and leaves 10
# frames a second almost as they are (at 100 ms from frame to frame, 92 % of a step get through).
_SIZE_MS, _VELOCITY_MS = 300.0, 40.0


class Place(NamedTuple):
    """Where a palm was: its centre, and its length, which grows as it comes nearer."""

    x_px: float
    y_px: float
    size_px: float


class Kinematics:
    """Follows one hand: how fast its shape changes and its palm travels, how far since a mark."""

    from_anchor: npt.NDArray[np.float64]  # (2,) palm less anchor, palm lengths: x right, y down
    _marked: npt.NDArray[np.float64]  # the shape at the last mark

    def start(self, hand: Hand) -> None:
        """Takes the first sample of a hand: it is taken to stand still."""
        self._size_px = self._now_px = max(hand_size_px(hand.landmarks), 1.0)
        self._palm, self._shape = self._split(hand)
        self._palm_velocity = np.zeros(2)
        self._shape_velocity = np.zeros((21, 2))
        self.mark()

    def move(self, hand: Hand, dt_ms: float, anchor_ms: float) -> tuple[float, float]:
        """Takes the next sample, dt_ms after the last; returns (shape speed, palm speed).

        Both are low-passed, in palm lengths a second. The shape speed is the root mean square over
        the 21 joints. anchor_ms: the time constant with which the anchor follows the palm.
        """
        size_px = max(hand_size_px(hand.landmarks), 1.0)
        self._size_px += (1 - exp(-dt_ms / _SIZE_MS)) * (size_px - self._size_px)
        palm, shape = self._split(hand)
        follow = 1 - exp(-dt_ms / _VELOCITY_MS)
        self._now_px += follow * (size_px - self._now_px)
        per_s = 1000 / dt_ms
        moved = (palm - self._palm) / self._size_px
        self._palm_velocity += follow * (moved * per_s - self._palm_velocity)
        self._shape_velocity += follow * ((shape - self._shape) * per_s - self._shape_velocity)
        self._palm, self._shape = palm, shape
        lag = moved * (anchor_ms / dt_ms)  # where it ends if the palm goes on like this
        self.from_anchor = lag + (self.from_anchor - lag) * exp(-dt_ms / anchor_ms)
        shape_speed = sqrt(np.vdot(self._shape_velocity, self._shape_velocity) / 21)
        return shape_speed, hypot(*self._palm_velocity)

    def mark(self) -> None:
        """From here on, distances of the anchor and changes of the shape are measured anew."""
        self.from_anchor = np.zeros(2)
        self._marked = self._shape
        self._marked_palm = self._palm

    def anchor(self) -> Place:
        """Returns where the anchor is, and the size of the hand, low-passed."""
        x_px, y_px = self._palm - self.from_anchor * self._size_px
        return Place(x_px, y_px, self._size_px)

    def apart(self, place: Place) -> tuple[float, float]:
        """Returns how far the palm is sideways of a place, and |log(size / size there)|."""
        dx = (self._palm[0] - place.x_px) / self._size_px
        return dx, abs(log(self._now_px / place.size_px))

    def travelled(self) -> float:
        """Returns how far the palm is from where it was at the mark."""
        return hypot(*((self._palm - self._marked_palm) / self._size_px))

    def shape_change(self) -> float:
        """Returns how far the joint that moved the most is from where it was at the mark."""
        off = self._shape - self._marked
        return sqrt(np.einsum("ij,ij->i", off, off).max())

    def _split(self, hand: Hand) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Returns the palm's centre (2,) in pixels, and the joints around it (21, 2) in palms."""
        joints = hand.landmarks[:, :2].astype(np.float64)
        palm = _PALM @ joints
        return palm, (joints - palm) / self._size_px
