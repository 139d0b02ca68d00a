"""A height map that round cones are drawn into: the nearest surface at each pixel, and its tint.

A round cone is the space that a sphere passes while it moves on a straight line and grows or
shrinks.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.signer.skeleton import Array

Map = npt.NDArray[np.float32]
Window = tuple[slice, slice]

FAR = np.float32(-10_000.0)  # the height of pixels that nothing was drawn on, in pixels


class Canvas:
    """The height, tint and shade of one patch of the picture, each (h, w)."""

    def __init__(self, x0: int, y0: int, x1: int, y1: int) -> None:
        shape = (y1 - y0, x1 - x0)
        self.x0, self.y0 = x0, y0
        self.height: Map = np.full(shape, FAR, np.float32)
        self.tint: Map = np.zeros(shape, np.float32)
        self.shade: Map = np.ones(shape, np.float32)

    def window(self, *spheres: Array) -> Window:
        """The part of the patch that spheres (x, y, z, radius), in pixels, can touch."""
        h, w = self.height.shape
        left = min(s[0] - s[3] for s in spheres) - self.x0
        right = max(s[0] + s[3] for s in spheres) - self.x0
        top = min(s[1] - s[3] for s in spheres) - self.y0
        bottom = max(s[1] + s[3] for s in spheres) - self.y0
        xs = slice(min(max(int(left), 0), w), min(max(int(right) + 2, 0), w))
        ys = slice(min(max(int(top), 0), h), min(max(int(bottom) + 2, 0), h))
        return ys, xs

    def grid(self, window: Window, origin: Array) -> tuple[Map, Map]:
        """The pixels of a window relative to `origin` (x, y, ...): x is (1, w) and y is (h, 1)."""
        ys, xs = window
        x = np.arange(xs.start, xs.stop, dtype=np.float32) + np.float32(self.x0 - origin[0])
        y = np.arange(ys.start, ys.stop, dtype=np.float32) + np.float32(self.y0 - origin[1])
        return x[None, :], y[:, None]

    def cone(self, start: Array, end: Array) -> tuple[Window, Map, Map]:
        """The front of the round cone from `start` to `end`, each (x, y, z, radius) in pixels.

        Returns its window, its height there (FAR outside of it) and its place t along the axis, 0
        to 1. At a pixel, the sphere at place t is z(t) + sqrt(g(t)) high, where g is quadratic in
        t. The place where the derivative is zero gives the greatest height.
        """
        window = self.window(start, end)
        x, y = self.grid(window, start)
        ex, ey, ez, er = (float(v) for v in end - start)
        r = float(start[3])
        a = (r * r - y * y) - x * x
        b = (y * ey + r * er) + x * ex
        c = er * er - ex * ex - ey * ey
        slant = min(c, -1e-2)  # a cone seen end-on is treated as one seen nearly end-on
        root = np.sqrt(np.maximum(b * b - a * slant, 0) * (1 / (ez * ez - slant)))
        t = np.clip((root * ez + b) * (-1 / slant), 0, 1)
        g = a + t * (2 * b + c * t)
        height = np.sqrt(np.maximum(g, 0)) + t * ez + float(start[2])
        height[g <= 0] = FAR
        return window, height.astype(np.float32, copy=False), t.astype(np.float32, copy=False)

    def add(self, window: Window, height: Map) -> npt.NDArray[np.bool_]:
        """Adds a part; returns the pixels where it is the nearest surface."""
        front = height > self.height[window]
        np.copyto(self.height[window], height, where=front)
        return front

    def melt(self, window: Window, height: Map, softness_px: float) -> npt.NDArray[np.bool_]:
        """Adds a part with a smooth join to surfaces within `softness_px` of its height."""
        old = self.height[window]
        front = height > old
        near = np.maximum(softness_px - np.abs(old - height), 0)
        self.height[window] = np.maximum(old, height) + near * near * (0.25 / softness_px)
        return front

    def smooth(self, reach_px: float) -> None:
        """Smooths all that was drawn so far, within its outline."""
        side = int(reach_px) | 1
        drawn = self.height > FAR
        weight = cv2.blur(drawn.astype(np.float32), (side, side)) + np.float32(1e-6)
        even = cv2.blur(np.where(drawn, self.height, np.float32(0)), (side, side)) / weight
        np.copyto(self.height, even, where=drawn)
