"""What a teacher would say of a hand: which fingers are bent, where the thumb is, where it points.

In come landmarks, out go measures that do not depend on the hand's size, on its place, or on
whether it is the right or the left. They serve advice to learners (edge/handshapes/advice.py), and
no model: models read the landmarks themselves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.joints import INDEX_MCP, KNUCKLES, MIDDLE_MCP, PINKY_MCP, TIPS, WRIST
from edge.types import Landmarks

MEASURES = (
    "index bent", "middle bent", "ring bent", "little bent", "fingers spread", "fingers crossed",
    "thumb across", "thumb up", "thumb in front", "thumb to index", "thumb to middle",
    "points up", "points aside",
)  # fmt: skip

# Tips of index and middle finger that are held together lie so far apart: the median of U in the
# landmark collections is -0.24 palms, of V -0.91, and of R, which is crossed, 0.07.
BESIDE = -0.3


def measure(landmarks: Landmarks) -> npt.NDArray[np.float64]:
    """Returns the measures of a hand, (13,) in the order of MEASURES; landmarks: (21, 3).

    bent: 0 for a straight finger, about 0.7 for one that is folded into the palm: the share by
    which its tip is nearer to its knuckle than a straight finger's. fingers spread: the angle
    between index and middle finger, in radians. fingers crossed: how far the index finger's tip
    lies beyond the middle finger's towards the little finger, in widths of the palm; BESIDE where
    they lie beside each other, however far apart. thumb across:
    where its tip is, 0 at the knuckle of the index finger and 1 at that of the little finger; below
    0 it is beside the hand. thumb up: likewise from the wrist, 0, to the knuckle of the middle
    finger, 1. thumb in front: how far its tip is nearer to the camera than the middle joints of the
    fingers, in lengths of the palm. thumb to: from its tip to that of another finger, in lengths of
    the palm. points up and aside: the direction from wrist to knuckles in the picture, as the parts
    of a unit vector; aside counts without its sign.
    """
    points = np.asarray(landmarks, np.float64)
    flat = points[:, :2]
    up = flat[MIDDLE_MCP] - flat[WRIST]
    long = float(np.linalg.norm(points[MIDDLE_MCP] - points[WRIST])) + 1e-9
    across = flat[PINKY_MCP] - flat[INDEX_MCP]
    across = across - up * (across @ up) / (up @ up + 1e-9)
    wide = float(np.linalg.norm(points[PINKY_MCP] - points[INDEX_MCP])) + 1e-9
    side = across / (float(np.linalg.norm(across)) + 1e-9)

    def place(joint: int) -> float:
        return float((flat[joint] - flat[INDEX_MCP]) @ side) / wide

    bent = []
    for knuckle in KNUCKLES:
        chain = points[knuckle : knuckle + 4]
        whole = float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()) + 1e-9
        bent.append(1 - float(np.linalg.norm(chain[3] - chain[0])) / whole)
    index, middle = (flat[k + 3] - flat[k] for k in KNUCKLES[:2])
    turn = float(index[0] * middle[1] - index[1] * middle[0])
    spread = abs(float(np.arctan2(turn, index @ middle)))
    straight = max(bent[:2]) < 0.2  # a bent finger's direction is that of its knuckle
    thumb, knees = TIPS[0], [k + 1 for k in KNUCKLES]
    upward = up / (float(np.linalg.norm(up)) + 1e-9)
    return np.array([
        *bent,
        spread if straight else 0.0,
        max(place(TIPS[1]) - place(TIPS[2]), BESIDE) if straight else BESIDE,
        place(thumb),
        float((flat[thumb] - flat[WRIST]) @ upward) / long,
        (float(points[knees, 2].mean()) - float(points[thumb, 2])) / long,
        float(np.linalg.norm(points[thumb] - points[TIPS[1]])) / long,
        float(np.linalg.norm(points[thumb] - points[TIPS[2]])) / long,
        -upward[1],
        abs(upward[0]),
    ])  # fmt: skip
