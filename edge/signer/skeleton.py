"""The bones of a hand: 21 joints from 21 angles.

The hand's own frame is that of a right hand held up with its palm to the viewer: x to the thumb
side, y to the fingertips, z out of the palm; millimetres, the wrist at the origin. A left hand is
the mirror image of a right one, made at the end (Signer.body).

Joints are in MediaPipe's order (edge/joints.py): the wrist; then, from base to tip, the thumb (CMC,
MCP, IP, tip) and the index, middle, ring and little finger (MCP, PIP, DIP, tip).

Lengths are for a middle metacarpal of 90 mm. Their ratios are medians over 470 open hands, as
MediaPipe's full landmark model measures them in photographs, so that drawn and photographed hands
have the same proportions to a model that reads landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# The place where each finger leaves the palm: thumb CMC, then the four MCP joints. Then the lengths
# of its three bones.
ROOTS_MM: Array = np.array(
    [[26.0, 19.0, 8.0], [20.5, 87.5, 0.0], [0.0, 90.0, 0.0], [-18.0, 82.5, 0.5], [-34.5, 70.0, 3.0]]
)
LENGTHS_MM: Array = np.array(
    [[38.0, 31.0, 25.0], [38.5, 24.0, 20.0], [41.5, 26.5, 21.0], [38.0, 25.0, 20.0],
     [29.5, 19.0, 17.0]]
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """A posed hand in its own frame.

    joints_mm: (21, 3).
    dorsal: (5, 3, 3) unit vectors, by finger and bone. Each points out of the back of the bone, the
        side where the last bone has its nail.
    """

    joints_mm: Array
    dorsal: Array


def rotation(axis: int, angle_rad: float) -> Array:
    """Returns the (3, 3) right-handed rotation by `angle_rad` about coordinate axis 0, 1 or 2."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[i, i] = turn[j, j] = c
    turn[i, j], turn[j, i] = -s, s
    return turn


def pose(angles_deg: Array) -> Skeleton:
    """Bends the joints of a hand by their angles.

    angles_deg: (21,), in degrees. The thumb's five come first:
        swing: of its metacarpal, in the plane of the palm, away from the fingers;
        lift: of its metacarpal, out of that plane towards the palm's side;
        roll: about its own length; at 0 the thumb's nail is on the hand's back, at 90 on its side;
        mcp, ip: bends of its two outer joints.
    Then four for each finger from index to little:
        spread: to the thumb's side; mcp, pip, dip: bends into the palm.
    """
    joints = np.zeros((21, 3))
    dorsal = np.empty((5, 3, 3))
    angles = np.radians(np.asarray(angles_deg, dtype=np.float64))
    swing, lift, roll = angles[:3]
    frame = rotation(2, -swing) @ rotation(0, lift) @ rotation(1, -roll)
    _extend(joints, dorsal, 0, frame, (0.0, angles[3], angles[4]))
    for finger in range(1, 5):
        spread, mcp, pip, dip = angles[1 + 4 * finger : 5 + 4 * finger]
        _extend(joints, dorsal, finger, rotation(2, -spread), (mcp, pip, dip))
    return Skeleton(joints, dorsal)


def _extend(
    joints: Array, dorsal: Array, finger: int, frame: Array, bends_rad: tuple[float, ...]
) -> None:
    """Computes one finger: three bones from its root, each turned by its bend first."""
    joints[1 + 4 * finger] = ROOTS_MM[finger]
    for bone, bend in enumerate(bends_rad):
        frame = frame @ rotation(0, bend)
        joint = 1 + 4 * finger + bone
        joints[joint + 1] = joints[joint] + LENGTHS_MM[finger, bone] * frame[:, 1]
        dorsal[finger, bone] = -frame[:, 2]
