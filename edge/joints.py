"""The 21 joints of a hand, in MediaPipe's order, and the bones between them.

The wrist is 0; then come four joints of each finger, from its root to its tip: the thumb (1 to 4),
the index (5 to 8), middle (9 to 12), ring (13 to 16) and little finger (17 to 20).
Source: MediaPipe 0.10.18, mediapipe/python/solutions/hands.py (HandLandmark) and
hands_connections.py (HAND_CONNECTIONS).
"""

from __future__ import annotations

WRIST, THUMB_MCP, THUMB_TIP = 0, 2, 4
INDEX_MCP, MIDDLE_MCP, RING_MCP, PINKY_MCP = KNUCKLES = (5, 9, 13, 17)  # of the four fingers
TIPS = (4, 8, 12, 16, 20)  # from the thumb's to the little finger's
ROOTS = (THUMB_MCP, *KNUCKLES)  # of the five fingers: where each bends against the palm
PALM = (WRIST, *KNUCKLES)  # joints that move with the hand, and hardly as fingers bend
# Of each joint, the next one towards the wrist; the wrist's own is itself.
PARENT = (0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)
# The lines of a drawn skeleton, as pairs of joints; the edge of the palm is among them.
BONES = (
    (0, 1), (1, 2), (2, 3), (3, 4),
    (0, 5), (5, 6), (6, 7), (7, 8),
    (5, 9), (9, 10), (10, 11), (11, 12),
    (9, 13), (13, 14), (14, 15), (15, 16),
    (13, 17), (17, 18), (18, 19), (19, 20), (0, 17),
)  # fmt: skip
