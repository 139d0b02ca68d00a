"""The handshapes of the American manual alphabet and of the digits 0 to 9.

Public descriptions of the alphabet say which fingers are stretched, bent, crossed or covered by the
thumb, and where the palm faces: Wikipedia, "American manual alphabet" and "Fingerspelling";
W. Vicars, ASL University (lifeprint.com), "Fingerspelling" and "Numbers"; and Handspeak,
"Fingerspelling techniques". The angles were then fitted to the medians of the landmarks that
MediaPipe measures in photographs of ten signers, by least squares of the skeleton with a penalty
for fingers inside each other, and corrected by hand. The closed hands (E, M, N, R, S, T, X) and
those that point away (P, Q) were then changed by a few degrees until a letter model trained on
photographs alone read them. So reading this signer shows that the parts of the project fit
together, and not how well it reads people.

The axes are those of a viewer of a right hand: x to the thumb's side, which is the viewer's right,
y up, z towards the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.signer.skeleton import Array

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Handshape:
    """One held sign.

    angles_deg: (21,), as skeleton.pose takes them.
    palm: (3, 3) rotation; its columns are the directions of the hand's x, y (fingers), z (palm).
    forearm: (3,) unit vector from the wrist to the elbow.
    """

    angles_deg: Array
    palm: Array
    forearm: Array


def facing(fingers: Vector, palm: Vector) -> Array:
    """The rotation in which the fingers point there exactly, and the palm as nearly as it can."""
    y = np.array(fingers) / np.linalg.norm(fingers)
    z = np.array(palm) - y * (y @ np.array(palm))
    z /= np.linalg.norm(z)
    return np.column_stack([np.cross(y, z), y, z])


# The orientations of the hand: the directions of the fingers, the palm and the elbow.
FORWARD = ((0.10, 1.00, -0.05), (0.10, 0.05, 1.0), (0.12, -1.0, -0.30))
RAISED = ((0.10, 1.00, -0.32), (0.10, 0.32, 1.0), (0.12, -1.0, -0.25))
FOLDED = ((0.08, 0.96, -0.27), (0.28, 0.25, 0.93), (0.12, -1.0, -0.25))
CURLED = ((0.09, 0.90, -0.43), (0.38, 0.38, 0.84), (0.12, -1.0, -0.25))
LEANING = ((0.08, 0.99, 0.10), (0.13, -0.11, 0.98), (0.12, -1.0, -0.30))
TURNED = ((0.10, 0.98, -0.16), (0.63, 0.08, 0.78), (0.15, -1.0, -0.28))
ASKEW = ((0.10, 1.00, 0.00), (0.42, 0.00, 0.9), (0.15, -1.0, -0.30))
SIDEWAYS = ((0.20, 1.00, 0.05), (0.85, -0.10, 0.6), (0.15, -1.0, -0.30))
ACROSS = ((1.00, 0.12, 0.25), (0.20, 0.00, -1.0), (-0.75, -0.65, -0.25))
DROOPING = ((-0.95, -0.03, 0.30), (0.00, -0.98, -0.14), (0.75, -0.62, -0.22))
DOWN = ((-0.46, -0.85, 0.24), (0.56, -0.50, -0.66), (0.85, -0.42, -0.30))

FIST = ((-2, 76, 104, 42), (-8, 82, 104, 40), (-13, 82, 104, 42), (-20, 76, 102, 46))

# label: (orientation, thumb (swing, lift, roll, mcp, ip), then (spread, mcp, pip, dip) of the four
# fingers from index to little)
_Angles = tuple[int, ...]
_TABLE: dict[str, tuple[tuple[Vector, Vector, Vector], _Angles, *tuple[_Angles, ...]]] = {
    "A": (RAISED, (22, 11, 92, 8, 22), *FIST),
    "B": (FORWARD, (6, 14, 95, 48, 45), (-4, 5, 4, 2),
          (-3, 3, 4, 2), (-3, 5, 4, 2), (-4, 9, 4, 4)),
    "C": (SIDEWAYS, (22, 55, 95, 5, 15), (-8, 28, 50, 18),
          (-7, 28, 54, 18), (-6, 26, 52, 22), (-4, 22, 46, 26)),
    "D": (ASKEW, (16, 28, 104, 22, 28), (-5, 10, 4, 2),
          (-12, 42, 82, 58), (-12, 40, 92, 48), (-8, 36, 95, 50)),
    "E": (FOLDED, (19, 32, 75, 55, 57), (-8, 50, 97, 71),
          (-12, 46, 97, 62), (-12, 37, 102, 62), (-13, 30, 90, 70)),
    "F": (ASKEW, (28, 42, 100, 22, 20), (6, 62, 48, 20),
          (3, 12, 6, 4), (-10, 8, 6, 4), (-20, 6, 5, 4)),
    "G": (ACROSS, (4, 8, 45, 8, 8), (-2, 14, 6, 2),
          (-4, 74, 102, 40), (-10, 74, 102, 40), (-16, 70, 100, 45)),
    "H": (ACROSS, (2, 18, 75, 35, 20), (-5, 12, 5, 2),
          (-2, 14, 5, 2), (-12, 70, 105, 45), (-16, 66, 105, 45)),
    "I": (FORWARD, (24, 14, 100, 16, 36), *FIST[:3], (-16, 12, 4, 2)),
    "K": (FORWARD, (0, 30, 80, 6, 4), (10, 8, 5, 3),
          (-4, 48, 22, 10), (-14, 72, 105, 40), (-20, 68, 105, 45)),
    "L": (FORWARD, (62, 12, 88, -6, -8), (-2, 8, 4, 2), *FIST[1:]),
    "M": (RAISED, (-8, 12, 109, 36, 33), (3, 66, 81, 45),
          (-9, 74, 99, 40), (-7, 54, 93, 51), (-26, 90, 103, 49)),
    "N": (CURLED, (-9, 28, 89, 23, -3), (6, 70, 73, 57),
          (2, 50, 82, 54), (-19, 86, 108, 39), (-25, 77, 110, 46)),
    "O": (SIDEWAYS, (18, 55, 100, 16, 26), (-8, 46, 66, 26),
          (-8, 48, 66, 26), (-7, 46, 62, 30), (-5, 42, 58, 34)),
    "P": (DROOPING, (0, 30, 80, 6, 4), (8, 8, 5, 3),
          (-4, 62, 16, 8), (-14, 76, 105, 40), (-20, 72, 105, 45)),
    "Q": (DOWN, (8, 40, 80, 6, 6), (-2, 22, 10, 4),
          (-4, 76, 104, 40), (-10, 76, 104, 40), (-16, 72, 102, 45)),
    "R": (LEANING, (-9, 32, 94, 16, 22), (-14, 14, 8, 4),
          (13, -3, 17, 0), (-15, 49, 113, 46), (-15, 65, 100, 47)),
    "S": (CURLED, (0, 44, 112, 40, 29), (-1, 71, 105, 42),
          (-5, 73, 110, 38), (-11, 76, 115, 39), (-20, 66, 97, 48)),
    "T": (FOLDED, (3, 22, 86, 9, -18), (2, 40, 72, 48),
          (-10, 86, 101, 45), (-12, 90, 111, 45), (-19, 80, 109, 49)),
    "U": (FORWARD, (-11, 31, 90, 21, 19), (-5, 7, 4, 2),
          (-2, 6, 4, 0), (-13, 58, 108, 53), (-20, 54, 106, 48)),
    "V": (FORWARD, (-11, 31, 94, 18, 19), (11, 8, 4, 2),
          (-12, 7, 4, 2), (-18, 58, 108, 45), (-20, 56, 106, 40)),
    "W": (FORWARD, (-24, 30, 92, 18, 19), (12, 7, 4, 2),
          (-2, 5, 4, 2), (-16, 8, 4, 2), (-16, 62, 105, 40)),
    "X": (TURNED, (-12, 47, 104, 20, 37), (-3, 14, 74, 44), *FIST[1:]),
    "Y": (FORWARD, (58, 10, 92, -4, -10), *FIST[:3], (-26, 10, 3, 2)),
    "0": (SIDEWAYS, (18, 55, 100, 16, 26), (-8, 46, 66, 26),
          (-8, 48, 66, 26), (-7, 46, 62, 30), (-5, 42, 58, 34)),
    "1": (FORWARD, (8, 30, 100, 18, 26), (-3, 8, 4, 2), *FIST[1:]),
    "2": (FORWARD, (-11, 31, 94, 18, 19), (11, 8, 4, 2),
          (-11, 7, 4, 2), (-18, 60, 108, 40), (-20, 58, 106, 38)),
    "3": (FORWARD, (52, 10, 89, -4, -8), (12, 7, 4, 2),
          (-8, 7, 4, 2), (-16, 64, 108, 30), (-20, 62, 105, 35)),
    "4": (FORWARD, (2, 14, 92, 42, 34), (11, 6, 4, 2),
          (-1, 5, 4, 2), (-13, 6, 4, 2), (-24, 8, 4, 2)),
    "5": (FORWARD, (52, 10, 92, 0, -8), (14, 6, 4, 2),
          (0, 5, 4, 2), (-13, 6, 4, 2), (-25, 8, 4, 2)),
    "6": (FORWARD, (-24, 30, 92, 18, 19), (8, 6, 5, 4),
          (-4, 6, 5, 2), (-14, 8, 6, 2), (-6, 40, 82, 48)),
    "7": (FORWARD, (12, 18, 88, 50, 30), (9, 6, 5, 4),
          (-4, 6, 6, 2), (-10, 48, 84, 50), (-24, 12, 4, 2)),
    "8": (FORWARD, (14, 18, 85, 36, 34), (8, 6, 5, 4),
          (-6, 44, 80, 50), (-15, 10, 5, 2), (-24, 12, 4, 2)),
    "9": (FORWARD, (28, 32, 96, 20, 38), (-2, 42, 66, 42),
          (-2, 9, 5, 2), (-13, 8, 5, 2), (-25, 8, 5, 2)),
}  # fmt: skip


def _handshape(label: str) -> Handshape:
    (fingers, palm, elbow), thumb, *rest = _TABLE[label]
    angles = np.array([*thumb, *(angle for finger in rest for angle in finger)], dtype=float)
    forearm = np.array(elbow) / np.linalg.norm(elbow)
    return Handshape(angles, facing(fingers, palm), forearm)


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"

# J begins as I, and Z as the pointing hand of D; motion.py has their trajectories.
_TABLE["J"] = _TABLE["I"]
_TABLE["Z"] = (FORWARD, (8, 30, 100, 18, 26), (-3, 8, 4, 2), *FIST[1:])
HANDSHAPES: dict[str, Handshape] = {label: _handshape(label) for label in LETTERS + DIGITS}
