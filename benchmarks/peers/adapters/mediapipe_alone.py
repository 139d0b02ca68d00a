"""MediaPipe Hands 0.10.18 with the same classifier in NumPy: MediaPipe and nothing more.

What is left of adapters/mediapipe.py without TensorFlow: the least that MediaPipe can cost.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.peers.adapters import mediapipe
from benchmarks.peers.landmarks import Perceptron

SUMMARY = "MediaPipe Hands 0.10.18, classifier in NumPy"
VARIANTS, PYTHONS = mediapipe.VARIANTS, mediapipe.PYTHONS
REQUIREMENTS = tuple(each for each in mediapipe.REQUIREMENTS if "tensorflow" not in each)
FILES: Mapping[str, str] = {}
SETTLES = False


def open(variant: str, threads: int, files: Mapping[str, str]) -> mediapipe.Hands:
    """Opens model_complexity 0 (lite) or 1 (full)."""
    return mediapipe.Hands(variant, Perceptron())
