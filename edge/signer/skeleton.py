"""The bones of a hand: 21 joints from 21 angles.

The hand's own frame is that of a right hand held up with its palm to the viewer: x to the thumb
side, y to the fingertips, z out of the palm; millimetres, the wrist at the origin. A left hand is
the mirror image of a right one, made at the very end (`mirrored`).

Joints are in MediaPipe's order: the wrist; then base to tip of thumb (CMC, MCP, IP, tip), index,
middle, ring and little finger (MCP, PIP, DIP, tip).

Lengths are for a middle metacarpal of 90 mm. Their ratios are medians over 470 open hands, as
MediaPipe's full landmark model measures them in photographs, so that a drawn hand and a
photographed one have the same proportions to a reader of landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

WRIST = 0
FINGERS = ("thumb", "index", "middle", "ring", "little")
CHAINS = tuple(tuple(range(1 + 4 * f, 5 + 4 * f)) for f in range(5))  # joints of each finger
BONES = tuple(  # (parent, child), 20 of them: joint n hangs at the end of bone n - 1
    (joint - 1 if joint % 4 != 1 else WRIST, joint) for joint in range(1, 21)
)

# Where each finger leaves the palm: thumb CMC, then the four MCP joints.
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
    dorsal: (5, 3, 3) unit vectors, by finger and bone: out of the back of the bone, where the
        nail of the last one is.
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
    """Bends the hand.

    angles_deg: (21,), in degrees. The thumb's five come first:
        swing: its metacarpal, in the plane of the palm, away from the fingers;
        lift: its metacarpal, out of that plane towards the palm's side;
        roll: about its own length; 0 has the thumb's nail on the hand's back, 90 to its side;
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
    """Fills in one finger: three bones from its root, each bent before it is laid down."""
    joints[1 + 4 * finger] = ROOTS_MM[finger]
    for bone, bend in enumerate(bends_rad):
        frame = frame @ rotation(0, bend)
        joint = 1 + 4 * finger + bone
        joints[joint + 1] = joints[joint] + LENGTHS_MM[finger, bone] * frame[:, 1]
        dorsal[finger, bone] = -frame[:, 2]
