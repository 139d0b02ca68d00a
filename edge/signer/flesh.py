"""Covers the bones with flesh: a hand on its arm as round cones, in pixels of the picture.

The palm is larger than its bones. Its skin reaches from below the wrist to the webs between the
fingers, about a third of the way up their first bones, as in living hands. With less flesh there,
MediaPipe's landmark model takes the palm for foreshortened, and has every hand lean towards the
camera by 25 degrees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.signer.scene import Scene
from edge.signer.skeleton import Array

# Radii at the four joints of each finger, thumb first, in millimetres: half the joint breadths of
# adult hands (index PIP about 19 mm, DIP 17 mm, thumb IP 21 mm: NASA-STD-3000, anthropometry).
FINGER_RADII_MM = (
    (15.0, 12.0, 10.6, 8.6), (10.8, 9.5, 8.4, 7.0), (10.8, 9.7, 8.6, 7.2),
    (10.4, 9.2, 8.1, 6.8), (9.2, 8.1, 7.2, 6.1),
)  # fmt: skip

# Cones along the metacarpals, index to little: the carpal ends, in the hand's frame, and the radii.
# These and the lengths below are chosen by eye.
CARPAL_MM: Array = np.array([[12.0, -5, 1], [4, -8, 0], [-5, -7, 0], [-14, -4, 1]])
METACARPAL_RADII_MM = ((19.0, 14.5), (18.0, 14.0), (17.5, 13.8), (17.0, 13.0))
# The pads at the base of the thumb and below the little finger.
THENAR_MM: Array = np.array([13.0, -3, 5])
HYPOTHENAR_MM: Array = np.array([[-17.0, -1, 6], [-29, 50, 5]])
WEB_PLACE, WEB_RADIUS_MM = 0.35, 7.5  # along the first bones of the fingers

# The creases of the palm, in the hand's frame: around the ball of the thumb, twice across below the
# fingers, and at the wrist. They distinguish the palm from the back of the other hand.
PALM_CREASES_MM: tuple[Array, ...] = tuple(
    np.array([(x, y, 15.0) for x, y in line])
    for line in (
        ((26, 62), (15, 57), (6, 46), (1, 32), (0, 18), (4, 4)),
        ((26, 64), (12, 58), (-4, 50), (-18, 41), (-27, 37)),
        ((-40, 55), (-28, 58), (-14, 62), (-2, 68), (6, 78)),
        ((-17, -8), (-6, -10), (6, -10), (17, -7)),
    )
)

WRIST_DROP_MM = 10.0  # from the wrist joint to the narrowest place of the arm
FOREARM_MM = 600.0  # long enough to leave the picture in every direction
FOREARM_RADII_MM = (21.0, 56.0)
FOREARM_HALF_WIDTHS_MM = (9.0, 15.0)  # two cones side by side, since arms are broader than thick


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A hand on its arm before the camera: x right, y up, z to the camera, in millimetres.

    joints: (21, 3). dorsal: (5, 3, 3) as in Skeleton. palm: (3, 3), whose columns are the hand's
    own axes. forearm: (3,), the unit vector from the wrist to the elbow.
    """

    joints: Array
    dorsal: Array
    palm: Array
    forearm: Array


@dataclass(frozen=True, slots=True, eq=False)
class Flesh:
    """Spheres (x, y, z, radius), in pixels of the picture.

    fingers: (5, 4, 4), at the joints. palm: (N, 2, 4) and arm: (2, 2, 4), at both ends of their
    cones. creases: lines of points, (N, 3), on the palm.
    """

    fingers: Array
    palm: Array
    arm: Array
    creases: tuple[Array, ...]


def cover(scene: Scene, body: Body) -> Flesh:
    """Covers the bones of a body with flesh."""
    joints, wrist = body.joints, body.joints[0]
    fingers = _spheres(scene, joints[1:], np.array(FINGER_RADII_MM).ravel())

    def place(local_mm: Array) -> Array:
        return np.asarray(wrist + local_mm @ body.palm.T)

    points, radii = _palm(joints, place)
    side = body.palm[:, 0] - body.forearm * (body.palm[:, 0] @ body.forearm)
    side /= np.linalg.norm(side) + 1e-9
    narrow = wrist + WRIST_DROP_MM * body.forearm
    elbow = wrist + FOREARM_MM * body.forearm
    near, far = FOREARM_HALF_WIDTHS_MM
    arm = [narrow + near * side, elbow + far * side, narrow - near * side, elbow - far * side]
    return Flesh(
        fingers.reshape(5, 4, 4),
        _spheres(scene, np.array(points), np.array(radii)).reshape(-1, 2, 4),
        _spheres(scene, np.array(arm), np.array(FOREARM_RADII_MM * 2)).reshape(2, 2, 4),
        tuple(scene.project(place(line))[0] for line in PALM_CREASES_MM),
    )


def _spheres(scene: Scene, points_mm: Array, radii_mm: Array) -> Array:
    xyz, px_per_mm = scene.project(points_mm)
    return np.column_stack([xyz, px_per_mm * radii_mm])


def _palm(joints: Array, place: Callable[[Array], Array]) -> tuple[list[Array], list[float]]:
    """Both ends of each cone of the palm, and their radii, in millimetres."""
    knuckles, next_joints = joints[5::4], joints[6::4]
    webs = knuckles + WEB_PLACE * (next_joints - knuckles)
    pads, thenar, carpals = place(HYPOTHENAR_MM), place(THENAR_MM), place(CARPAL_MM)
    ball = 0.5 * (joints[1] + joints[2])
    points: list[Array] = []
    radii: list[float] = []
    for start, end, start_mm, end_mm in [
        *((c, k, *r) for c, k, r in zip(carpals, knuckles, METACARPAL_RADII_MM, strict=True)),
        *((webs[n], webs[n + 1], WEB_RADIUS_MM, WEB_RADIUS_MM) for n in range(3)),
        (pads[0], pads[1], 15.0, 12.0),
        (thenar, ball, 15.0, 15.5),
        (ball, joints[2], 15.5, 12.0),
        (joints[1] + 0.75 * (joints[2] - joints[1]), 0.3 * joints[0] + 0.7 * joints[5], 7.5, 9.0),
    ]:
        points += [start, end]
        radii += [start_mm, end_mm]
    return points, radii
