"""MediaPipe Hands 0.10.18 with the same classifier in NumPy: MediaPipe and nothing more.

What is left of adapters/mediapipe.py without TensorFlow: the least that MediaPipe can cost.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.peers.adapters.mediapipe import Hands
from benchmarks.peers.landmarks import Perceptron

SUMMARY = "MediaPipe Hands 0.10.18, classifier in NumPy"
VARIANTS = ("lite", "full")
REQUIREMENTS = (
    "mediapipe==0.10.18",
    "numpy==1.26.4",
    "opencv-contrib-python==4.11.0.86",
    "protobuf==4.25.9",
)
PYTHONS = ((3, 9), (3, 12))
FILES: Mapping[str, str] = {}
SETTLES = False


def open(variant: str, threads: int, files: Mapping[str, str]) -> Hands:
    """Opens model_complexity 0 (lite) or 1 (full)."""
    return Hands(variant, Perceptron())
