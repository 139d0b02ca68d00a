"""The signer as a whole: the picture of any moment, and its truth."""

from __future__ import annotations

import numpy as np

from edge.signer.flesh import Body
from edge.signer.motion import Posture
from edge.signer.renderer import render
from edge.signer.scene import make_scene
from edge.signer.script import plan
from edge.signer.skeleton import Array, pose, rotation
from edge.types import Box, Hand, Handedness, Rgb, Truth

# A hand whose palm is so far below the picture's edge is out of view, also where perspective makes
# it larger: the farthest fingertip is 117 mm from the middle of the palm (skeleton.py).
HAND_MM = 180.0
_MIRROR = np.array([-1.0, 1.0, 1.0])


class Signer:
    """Spells `text` once, from 0 to `end_s` seconds; moments can be drawn in any order.

    text: A to Z, 0 to 9, SPACE, DELETE and single inner spaces (script.spelling makes it).
    seed: decides the scene and how signs are formed (scene.make_scene, script.plan).
    speed: 2 is twice as fast. size: the picture's width and height, in pixels.
    """

    def __init__(
        self,
        text: str,
        *,
        seed: int = 0,
        speed: float = 1.0,
        handedness: Handedness = "right",
        size: tuple[int, int] = (640, 480),
    ) -> None:
        self.scene = make_scene(seed, *size)
        to_edge_mm = (size[1] - self.scene.centre_px[1]) / self.scene.px_per_mm
        self.timeline = plan(text, seed, speed, to_edge_mm + HAND_MM)
        self.end_s = self.timeline.end_s
        self._handedness: Handedness = handedness
        self._tremor = _Tremor(seed)

    def draw(self, time_s: float) -> tuple[Rgb, Truth]:
        """Returns the picture, (H, W, 3) uint8, and its truth at a time from 0 to end_s."""
        label, posture = self.timeline.at(time_s)
        body = self.body(posture, time_s)
        landmarks, _ = self.scene.project(body.joints)
        height, width = self.scene.background.shape[:2]
        x, y = landmarks[:, 0], landmarks[:, 1]
        if not np.any((x >= 0) & (x < width) & (y >= 0) & (y < height)):
            rgb = render(self.scene, body)  # the arm may still be in view
            return rgb, Truth(label, None)
        landmarks[:, 2] = landmarks[0, 2] - landmarks[:, 2]  # smaller towards the camera
        hand = Hand(
            landmarks.astype(np.float32),
            Box(float(x.min()), float(y.min()), float(x.max()), float(y.max())),
            self._handedness,
            1.0,
        )
        return render(self.scene, body), Truth(label, hand)

    def body(self, posture: Posture, time_s: float) -> Body:
        """The hand before the camera, with its tremor."""
        angles, turn, shift = self._tremor.at(time_s)
        skeleton = pose(posture.shape.angles_deg + angles)
        palm = turn @ posture.shape.palm
        centre = skeleton.joints_mm[[0, 5, 9, 17]].mean(axis=0)
        joints = (skeleton.joints_mm - centre) @ palm.T + posture.offset_mm + shift
        dorsal = skeleton.dorsal @ palm.T
        forearm = posture.shape.forearm
        if self._handedness == "left":
            joints, dorsal, forearm = joints * _MIRROR, dorsal * _MIRROR, forearm * _MIRROR
            palm = _MIRROR[:, None] * palm
        view = self.scene.view
        return Body(joints @ view.T, dorsal @ view.T, view @ palm, view @ forearm)


class _Tremor:
    """Slow, small swings of each joint, of the hand and of its place, as no hand is quite still."""

    def __init__(self, seed: int) -> None:
        random = np.random.Generator(np.random.PCG64([seed, 3]))
        self._rate = random.uniform(1.5, 5.0, 27)  # radians a second
        self._phase = random.uniform(0, 2 * np.pi, 27)
        self._size = np.array([0.8] * 21 + [0.02] * 3 + [1.5] * 3)  # degrees, radians, millimetres

    def at(self, time_s: float) -> tuple[Array, Array, Array]:
        """Angles (21,) in degrees, a turn (3, 3), and a shift (3,) in millimetres."""
        swing = self._size * np.sin(self._rate * time_s + self._phase)
        x, y, z = swing[21:24]
        return swing[:21], rotation(0, x) @ rotation(1, y) @ rotation(2, z), swing[24:]
