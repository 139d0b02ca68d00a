"""OpenCV's DNN module running the palm and hand-pose models of the OpenCV Zoo.

Everything around the models is ours, to its advantage: the geometry (edge/hands/geometry.py), the
following of a held hand from its own landmarks and the pauses between searches
(edge/hands/tracking.py). The zoo's own demonstration searches every frame for palms. What differs
from our own peer is what runs the models, and that letters are read by the peers' classifier, in
NumPy.

Where the zoo's files cannot be had, MediaPipe 0.10.18's own models serve, converted by tf2onnx:
`python -m tf2onnx.convert --opset 11 --tflite palm_detection_full.tflite --output palm.onnx`, and
the same with hand_landmark_full.tflite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.peers.contract import Reading
from benchmarks.peers.landmarks import Perceptron

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edge.hands.tracking import Tracker

SUMMARY = "OpenCV DNN, palm and hand-pose ONNX, classifier in NumPy"
VARIANTS = ("full",)
REQUIREMENTS = ("opencv-python-headless==5.0.0.93", "numpy==2.4.6")
PYTHONS = ((3, 11), (3, 13))
FILES: Mapping[str, str] = {
    "opencv-palm": "palm_detection_mediapipe_2023feb.onnx of the OpenCV Zoo",
    "opencv-handpose": "handpose_estimation_mediapipe_2023feb.onnx of the OpenCV Zoo",
}
SETTLES = False


def open(variant: str, threads: int, files: Mapping[str, str]) -> Dnn:
    """Opens both models."""
    import cv2

    cv2.setNumThreads(threads)
    return Dnn(files["opencv-palm"], files["opencv-handpose"])


class _Model:
    """One network with those attributes of edge.models.interpreter.Model that detectors use."""

    def __init__(self, path: str, outputs: int) -> None:
        import cv2
        import numpy as np

        self._net = cv2.dnn.readNetFromONNX(path)
        self._names = self._net.getUnconnectedOutLayersNames()
        if len(self._names) != outputs:
            raise ValueError(f"{path} has {len(self._names)} outputs, not {outputs}")
        self._none = np.zeros((1, 0), np.float32)
        self.outputs = [self._none]  # of which the last are pooled features: it has none

    def run(self, tensor: npt.NDArray[np.float32]) -> list[Any]:
        """Runs the network on (1, side, side, 3) float32 in 0..1."""
        self._net.setInput(tensor)
        found = list(self._net.forward(self._names))
        if len(found) == 2:
            return sorted(found, key=lambda each: -each.shape[-1])  # boxes, then scores
        return [*found, self._none]  # landmarks, presence, handedness, world


class Dnn:
    """Both models behind the detector's geometry."""

    def __init__(self, palm: str, handpose: str) -> None:
        from edge.detectors.mediapipe import MediapipeDetector

        self.files: Sequence[str] = [palm, handpose]
        models: tuple[Any, Any] = (_Model(palm, 2), _Model(handpose, 4))
        self._detector = MediapipeDetector(*models)
        self._letter = Perceptron()

    def begin(self) -> None:
        """Forgets the hand."""
        from edge.hands.tracking import Tracker

        self._tracker: Tracker = Tracker(self._detector, smooth=False)
        self._index = 0

    def read(self, rgb: npt.NDArray[np.uint8], t_ns: int) -> Reading:
        """Finds the hand, and reads it if there is one."""
        from edge.types import Frame

        hands, find_ms = self._tracker.update(Frame(rgb, self._index, t_ns))
        self._index += 1
        kind = "searching" if find_ms is not None else "tracked" if hands else "idle"
        return Reading(kind, self._letter(hands[0].landmarks[None, :, :2]) if hands else "")
