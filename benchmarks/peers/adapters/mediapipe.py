"""MediaPipe Hands 0.10.18 with a TFLite classifier, as the popular repositories wire them.

The classifier runs in TensorFlow's own tf.lite.Interpreter, which is what they do; see
benchmarks/peers/landmarks.py. 0.10.18 is the last that brings both hand models along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.peers.contract import Reading
from benchmarks.peers.landmarks import LETTERS, TFLITE, normalised, whole_pixels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SUMMARY = "MediaPipe Hands 0.10.18, classifier in TensorFlow's TFLite"
VARIANTS = ("lite", "full")
REQUIREMENTS = (
    "mediapipe==0.10.18",
    "tensorflow-cpu==2.18.1; platform_machine == 'x86_64'",
    "tensorflow==2.18.1; platform_machine != 'x86_64'",
    "numpy==1.26.4",
    "opencv-contrib-python==4.11.0.86",
    "protobuf==4.25.9",
)
PYTHONS = ((3, 9), (3, 12))
FILES: Mapping[str, str] = {}
SETTLES = False


def open(variant: str, threads: int, files: Mapping[str, str]) -> Hands:
    """Opens model_complexity 0 (lite) or 1 (full)."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_path=str(TFLITE), num_threads=threads)
    interpreter.allocate_tensors()
    to, back = (
        d()[0]["index"] for d in (interpreter.get_input_details, interpreter.get_output_details)
    )

    def letter(points: npt.NDArray[np.int64]) -> str:
        interpreter.set_tensor(to, normalised(points))
        interpreter.invoke()
        return LETTERS[int(interpreter.get_tensor(back)[0].argmax())]

    return Hands(variant, letter)


class Hands:
    """MediaPipe's solution, and a function that reads a letter from (1, 21, 2) pixels."""

    files: Sequence[str] = ()

    def __init__(self, variant: str, letter: Any) -> None:
        import mediapipe  # type: ignore[import-not-found]

        self._make = mediapipe.solutions.hands.Hands
        self._complexity = {"lite": 0, "full": 1}[variant]
        self._letter = letter
        self._hands: Any = None

    def begin(self) -> None:
        """Starts a fresh graph, in video mode."""
        if self._hands:
            self._hands.close()
        self._hands = self._make(
            static_image_mode=False,
            max_num_hands=1,
            model_complexity=self._complexity,
            min_detection_confidence=0.5,
            min_tracking_confidence=0.5,
        )
        self._held = False

    def read(self, rgb: npt.NDArray[np.uint8], t_ns: int) -> Reading:
        """Finds the hand, and reads it if there is one."""
        rgb.flags.writeable = False  # as its examples do: it need not copy the picture
        found = self._hands.process(rgb).multi_hand_landmarks
        kind = "tracked" if self._held else "searching"
        self._held = bool(found)
        if not found:
            return Reading(kind, "")
        height, width = rgb.shape[:2]
        return Reading(kind, self._letter(whole_pixels(found[0].landmark, width, height)))
