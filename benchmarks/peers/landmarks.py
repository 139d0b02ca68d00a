"""Letters from landmarks as the popular repositories read them: what the peers share.

Landmarks are moved to the wrist and divided by the largest absolute coordinate, 42 numbers, x and y
only; a small perceptron gives each letter a score and the highest is taken, frame by frame
(K. Takahashi, hand-gesture-recognition-using-mediapipe, 2020, from which most others are made).
The perceptron is trained by benchmarks/peers/classifier.py.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LETTERS = string.ascii_uppercase
TFLITE = Path(__file__).parent / "models" / "letters.tflite"
WEIGHTS = TFLITE.with_suffix(".npz")

Floats = npt.NDArray[np.float32]


def normalised(points: npt.NDArray[Any]) -> Floats:
    """Returns (N, 42) from (N, 21, 2) pixels of the frame."""
    relative = points - points[:, :1]
    flat = relative.reshape(len(points), 42).astype(np.float32)
    largest = np.abs(flat).max(1, keepdims=True)
    return np.asarray(flat / np.maximum(largest, np.float32(1e-6)), np.float32)


def whole_pixels(landmarks: Any, width: int, height: int) -> npt.NDArray[np.int64]:
    """Returns (1, 21, 2) pixels of MediaPipe's landmarks, which are shares of the frame.

    Whole pixels within it, as the repositories take them.
    """
    return np.array(
        [
            [
                (min(int(p.x * width), width - 1), min(int(p.y * height), height - 1))
                for p in landmarks
            ]
        ]
    )


class Perceptron:
    """The same network in NumPy: the least that reading a letter from landmarks can cost."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path) as file:
            self._layers = [(file[f"w{i}"], file[f"b{i}"]) for i in range(len(file.files) // 2)]

    def __call__(self, points: npt.NDArray[Any]) -> str:
        """Returns the letter of (1, 21, 2) pixels."""
        return LETTERS[int(np.argmax(self.logits(normalised(points))[0]))]

    def logits(self, x: Floats) -> Floats:
        """Returns (N, 26) from (N, 42)."""
        for weights, bias in self._layers[:-1]:
            x = np.maximum(x @ weights + bias, np.float32(0))
        weights, bias = self._layers[-1]
        return np.asarray(x @ weights + bias, np.float32)
