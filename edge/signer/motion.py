"""Trajectories: from one sign to the next, and of the two letters that are drawn in the air.

J and Z are drawn as the signer sees them (Wikipedia, "American manual alphabet"). The viewer of a
right hand sees them reversed: J drops and hooks to the viewer's right; Z starts at the viewer's
left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge.signer.handshapes import HANDSHAPES, Handshape, facing
from edge.signer.skeleton import Array


@dataclass(frozen=True, slots=True, eq=False)
class Posture:
    """A handshape and its place: offset_mm, (3,), from the middle of the signing space."""

    shape: Handshape
    offset_mm: Array


Trajectory = Callable[[float], Posture]  # the posture at each phase, 0 to 1


def ease(phase: float) -> float:
    """The share of the way that is covered, with the least jerk (Flash and Hogan, 1985)."""
    return phase**3 * (10 - 15 * phase + 6 * phase**2)


def between(start: Posture, end: Posture, share: float) -> Posture:
    """The posture at a share, 0 to 1, of the straight way from `start` to `end`, joint by joint."""
    forearm = start.shape.forearm + share * (end.shape.forearm - start.shape.forearm)
    shape = Handshape(
        start.shape.angles_deg + share * (end.shape.angles_deg - start.shape.angles_deg),
        _turn(start.shape.palm, end.shape.palm, share),
        forearm / np.linalg.norm(forearm),
    )
    return Posture(shape, start.offset_mm + share * (end.offset_mm - start.offset_mm))


def hold(posture: Posture) -> Trajectory:
    """Stays in one posture."""
    return lambda phase: posture


def move(start: Posture, end: Posture, arc_mm: float = 0.0) -> Trajectory:
    """Moves smoothly from one posture to another, `arc_mm` higher in the middle."""

    def posture_at(phase: float) -> Posture:
        posture = between(start, end, ease(phase))
        if not arc_mm:
            return posture
        rise = np.array([0.0, arc_mm * np.sin(np.pi * phase), 0.0])
        return replace(posture, offset_mm=posture.offset_mm + rise)

    return posture_at


def through(*postures: Posture) -> Trajectory:
    """Passes through all postures without a stop, and starts and ends slowly."""
    last = len(postures) - 1

    def posture_at(phase: float) -> Posture:
        place = ease(phase) * last
        index = min(int(place), last - 1)
        return between(postures[index], postures[index + 1], place - index)

    return posture_at


def strokes(*postures: Posture) -> Trajectory:
    """Passes through all postures, with a short stop at each."""
    last = len(postures) - 1

    def posture_at(phase: float) -> Posture:
        place = phase * last
        index = min(int(place), last - 1)
        return between(postures[index], postures[index + 1], ease(place - index))

    return posture_at


def trace(label: str, start: Posture) -> Trajectory:
    """The trajectory of "J" or "Z", from the posture `start` that it begins with."""
    if label == "J":
        return through(start, *(_swung(start, *key) for key in _J))
    if label == "Z":
        return strokes(start, *(_shifted(start, *corner) for corner in _Z))
    raise ValueError(f"{label} is held, not traced")


# J: the little finger drops forward and down, then hooks to the viewer's right while the palm turns
# up. Each line: the direction of the fingers, that of the palm, and the offset in mm.
_J = (
    ((-0.35, 0.80, 0.45), (0.10, -0.35, 0.9), (-8.0, -14.0, 10.0)),
    ((-0.62, 0.20, 0.75), (0.20, -0.60, 0.6), (-10.0, -38.0, 20.0)),
    ((-0.30, -0.45, 0.85), (0.55, -0.75, -0.1), (2.0, -56.0, 22.0)),
    ((0.35, -0.50, 0.80), (0.70, -0.20, -0.6), (22.0, -56.0, 20.0)),
    ((0.75, -0.15, 0.65), (0.45, 0.20, -0.8), (38.0, -42.0, 14.0)),
)
# Z: the corners, in mm from the start of the index finger; about as wide as the palm is long.
_Z = ((-100.0, 2.0, 0.0), (-4.0, -80.0, 0.0), (-104.0, -84.0, 0.0))


def _swung(
    start: Posture,
    fingers: tuple[float, float, float],
    palm: tuple[float, float, float],
    offset: tuple[float, float, float],
) -> Posture:
    shape = replace(start.shape, palm=facing(fingers, palm))
    return Posture(shape, start.offset_mm + np.array(offset))


def _shifted(start: Posture, *offset_mm: float) -> Posture:
    return replace(start, offset_mm=start.offset_mm + np.array(offset_mm))


def _turn(start: Array, end: Array, share: float) -> Array:
    """The rotation at a share of the shortest way from `start` to `end`, all (3, 3)."""
    step = start.T @ end
    cosine = np.clip((np.trace(step) - 1) / 2, -1.0, 1.0)
    angle = float(np.arccos(cosine))
    if angle < 1e-6:
        return end
    skew = np.array([step[2, 1] - step[1, 2], step[0, 2] - step[2, 0], step[1, 0] - step[0, 1]])
    length = float(np.linalg.norm(skew))
    if length < 1e-6:  # half a turn, whose axis the skew part does not give
        values, vectors = np.linalg.eigh((step + step.T) / 2)
        axis = vectors[:, int(np.argmax(values))]
    else:
        axis = skew / length
    cross = np.array(
        [[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]], dtype=float
    )
    part = share * angle
    turned: Array = start @ (
        np.eye(3) + np.sin(part) * cross + (1 - np.cos(part)) * (cross @ cross)
    )
    return turned


RELAXED = Handshape(
    np.array([34, 20, 84, 8, 8, 6, 18, 22, 12, 0, 18, 24, 12, -6, 20, 26, 14, -12, 22, 26, 14.0]),
    facing((0.05, 1.0, 0.0), (0.15, 0.0, 1.0)),
    HANDSHAPES["B"].forearm,
)
"""A relaxed hand, half open, in which it is raised and lowered."""
