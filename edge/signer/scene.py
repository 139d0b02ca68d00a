"""The scene that a seed decides: the signer's skin and clothes, the room, the light, the camera.

The ranges of random values are choices; none of them is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.signer.skeleton import Array, rotation
from edge.types import Rgb

# Rows of the palette: skin from the back of the hand (0) to the palm, then nail and sleeve.
PALMAR = 15
NAIL = 16
SLEEVE = 17

# The Monk Skin Tone scale (E. Monk, 2023, skintone.google), tones 2 to 9.
SKIN_RGB = (
    (243, 231, 219), (247, 234, 208), (234, 218, 186), (215, 189, 150), (160, 126, 86),
    (130, 92, 67), (96, 65, 52), (66, 50, 42),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The fixed part of every picture of one signer.

    background: (H, W, 3) uint8 RGB, without the hand.
    palette: (18 * 256, 3) uint8 RGB: a colour for each tint and level of light.
    grain: (H, W), the sensor's noise, in the palette's levels of light.
    light: unit vector towards the lamp, in picture axes (x right, y down, z to the camera).
    ambient, gloss: 0..1.
    sleeve_mm: from the wrist to the edge of the sleeve; beyond the elbow there is no sleeve.
    view: (3, 3), turns the signer before the camera.
    centre_px: the origin of the signing space in the picture. px_per_mm: the scale there.
    distance_mm: from there to the camera.
    """

    background: Rgb
    palette: Rgb
    grain: npt.NDArray[np.float32]
    light: tuple[float, float, float]
    ambient: float
    gloss: float
    sleeve_mm: float
    view: Array
    centre_px: tuple[float, float]
    px_per_mm: float
    distance_mm: float

    def project(self, points_mm: Array) -> tuple[Array, Array]:
        """Projects points (N, 3) in mm, y up, to pixels (N, 3), y down; also gives px per mm, (N,).

        z keeps its direction, towards the camera, and is in pixels too.
        """
        near = self.distance_mm / (self.distance_mm - points_mm[:, 2])
        scale = self.px_per_mm * near
        x = self.centre_px[0] + points_mm[:, 0] * scale
        y = self.centre_px[1] - points_mm[:, 1] * scale
        return np.column_stack([x, y, points_mm[:, 2] * scale]), scale


def make_scene(seed: int, width: int, height: int) -> Scene:
    """Chooses skin, light, room and camera; the same arguments give the same scene."""
    random = np.random.Generator(np.random.PCG64([seed, 1]))
    skin = np.array(SKIN_RGB[int(random.integers(len(SKIN_RGB)))], dtype=float)
    skin = 255 * (skin / 255) ** 0.85 * random.uniform(0.94, 1.04, 3)  # as a camera exposes it
    cloth = _cloth(random)
    angle, tilt = random.uniform(-2.4, -0.7), random.uniform(0.45, 0.95)
    light = np.array([np.cos(angle), np.sin(angle), tilt / (1 - 0.55 * tilt)])
    lx, ly, lz = light / np.linalg.norm(light)
    yaw, pitch, roll = np.radians(random.uniform((-10, -8, -5), (10, 8, 5)))
    size = min(width / 4, height / 3)
    return Scene(
        background=_room(random, width, height, cloth),
        palette=_palette(skin, cloth),
        grain=random.normal(0, 1.5, (height, width)).astype(np.float32),
        light=(float(lx), float(ly), float(lz)),
        ambient=float(random.uniform(0.32, 0.5)),
        gloss=float(random.uniform(0.3, 1.0)),
        sleeve_mm=float(random.choice([45.0, 70.0, 110.0, 700.0])),
        view=rotation(1, yaw) @ rotation(0, pitch) @ rotation(2, roll),
        centre_px=(
            width / 2 + size * float(random.uniform(-0.3, 0.3)),
            height / 2 + size * float(random.uniform(0.25, 0.5)),
        ),
        px_per_mm=size / 160 * float(random.uniform(0.95, 1.2)),
        distance_mm=float(random.uniform(550, 900)),
    )


def _cloth(random: np.random.Generator) -> Array:
    """A colour for sleeve and shirt, of any hue, not too bright."""
    hue, saturation, value = random.integers((0, 20, 40), (180, 190, 170))
    pixel = np.array([[[hue, saturation, value]]], dtype=np.uint8)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0], dtype=float)


def _palette(skin: Array, cloth: Array) -> Rgb:
    level = np.arange(256) / 200.0  # 1.0 is a surface that faces the lamp
    # Light in the shaded parts has passed through skin, and is redder.
    shading = np.column_stack([level**0.85, level**1.08, level**1.15])
    brightness = skin.max() / 255
    blood = np.array([232, 168, 142]) * (0.4 + 0.6 * brightness)
    # Palms have little melanin, whatever the tone of the rest of the skin.
    back = skin + (blood - skin) * 0.30
    palm = skin + (blood * 1.06 - skin) * 0.48
    nail = skin + (np.array([245, 190, 180]) * (0.45 + 0.55 * brightness) - skin) * 0.6
    rows = [back + (palm - back) * k / PALMAR for k in range(PALMAR + 1)] + [nail, cloth]
    colours = np.stack([shading * row for row in rows])
    colours[SLEEVE] = level[:, None] * cloth
    return np.ascontiguousarray(np.clip(colours, 0, 255).astype(np.uint8).reshape(-1, 3))


def _room(random: np.random.Generator, width: int, height: int, cloth: Array) -> Rgb:
    """A wall with uneven light, blurred furniture, and in most scenes the signer's shirt."""
    hue, saturation, value = random.integers((0, 0, 90), (180, 70, 235))
    pixel = np.array([[[hue, saturation, value]]], dtype=np.uint8)
    wall = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    fall = random.uniform(-0.25, 0.25, 2)
    light = 1 + fall[0] * (x / width - 0.5) + fall[1] * (y / height - 0.5)
    room = np.asarray(wall * light[..., None], dtype=np.float32)
    for _ in range(int(random.integers(2, 7))):
        left, top = random.uniform(-0.1, 0.95), random.uniform(-0.1, 0.9)
        across, down = random.uniform(0.05, 0.4, 2)
        colour = wall * random.uniform(0.45, 1.2) + random.uniform(-25, 25, 3)
        corner = (int(left * width), int(top * height))
        end = (int((left + across) * width), int((top + down) * height))
        cv2.rectangle(room, corner, end, [float(v) for v in colour], -1)
    blur = float(random.uniform(0.008, 0.03)) * width
    room = np.asarray(cv2.GaussianBlur(room, (0, 0), blur), dtype=np.float32)
    if random.random() < 0.6:
        _shirt(room, random, cloth * 0.75)
    grain = random.normal(0, 1, (height, width, 1)).astype(np.float32)
    return np.clip(room + 1.5 * grain, 0, 255).astype(np.uint8)


def _shirt(room: npt.NDArray[np.float32], random: np.random.Generator, cloth: Array) -> None:
    height, width = room.shape[:2]
    layer, mask = np.full_like(room, cloth), np.zeros((height, width), np.float32)
    middle = (int(width * random.uniform(0.6, 0.95)), int(height * random.uniform(1.0, 1.2)))
    axes = (int(height * random.uniform(0.45, 0.6)), int(height * random.uniform(0.6, 0.9)))
    cv2.ellipse(mask, middle, axes, 0, 0, 360, 1.0, -1)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.012 * width), dtype=np.float32)
    shade = 0.75 + 0.35 * np.linspace(1, 0, height, dtype=np.float32)[:, None, None]
    room[:] = room * (1 - mask[..., None]) + layer * shade * mask[..., None]
