"""MediaPipe's HandLandmarker task, in video mode, with the classifier in NumPy.

Newer MediaPipe has no hand model of its own: the user names one. A hand_landmarker.task is a zip
archive, stored and not compressed, of hand_detector.tflite and hand_landmarks_detector.tflite;
palm_detection_full.tflite and hand_landmark_full.tflite of 0.10.18 serve as these, under those
names: `zip -0 hand_landmarker.task hand_detector.tflite hand_landmarks_detector.tflite`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.peers.contract import Reading
from benchmarks.peers.landmarks import Perceptron, whole_pixels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SUMMARY = "MediaPipe 1.2.2 HandLandmarker, classifier in NumPy"
VARIANTS = ("full",)
REQUIREMENTS = ("mediapipe==1.2.2",)
PYTHONS = ((3, 9), (3, 13))
FILES: Mapping[str, str] = {"hand-landmarker": "hand_landmarker.task, from MediaPipe's model page"}
SETTLES = False


def open(variant: str, threads: int, files: Mapping[str, str]) -> Landmarker:
    """Opens the model file."""
    return Landmarker(files["hand-landmarker"])


class Landmarker:
    """The task, and the classifier."""

    def __init__(self, model: str) -> None:
        self.files: Sequence[str] = [model]
        self._letter = Perceptron()
        self._task: Any = None

    def begin(self) -> None:
        """Starts a fresh task, in video mode."""
        from mediapipe.tasks import python as tasks  # type: ignore[import-not-found]

        if self._task:
            self._task.close()
        options = tasks.vision.HandLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=self.files[0]),
            running_mode=tasks.vision.RunningMode.VIDEO,
            num_hands=1,
            min_hand_detection_confidence=0.5,
            min_hand_presence_confidence=0.5,
            min_tracking_confidence=0.5,
        )
        self._task = tasks.vision.HandLandmarker.create_from_options(options)
        self._held, self._last_ms = False, -1

    def read(self, rgb: npt.NDArray[np.uint8], t_ns: int) -> Reading:
        """Finds the hand, and reads it if there is one."""
        import mediapipe  # type: ignore[import-not-found]

        self._last_ms = max(self._last_ms + 1, t_ns // 1_000_000)  # it wants them to grow
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
        found = self._task.detect_for_video(image, self._last_ms).hand_landmarks
        kind = "tracked" if self._held else "searching"
        self._held = bool(found)
        if not found:
            return Reading(kind, "")
        height, width = rgb.shape[:2]
        return Reading(kind, self._letter(whole_pixels(found[0], width, height)))
