"""MediaPipe's palm and landmark models, run by LiteRT without MediaPipe.

`mediapipe` or `mediapipe:auto` uses the full landmark model if it keeps up with the camera, else
the lite one. `mediapipe:full` and `mediapipe:lite` choose the model. The constants are those of
MediaPipe 0.10.18; each names its file in mediapipe/modules. The models are described in the
"MediaPipe Hands" model card (Google, 2021).
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.hands import box_of, crop, iou, points_to_frame, region_of_palm
from edge.models import handmodels
from edge.models.interpreter import Model
from edge.stages import Detector
from edge.types import Box, Frame, Hand, Region, Rgb

PALM_SIDE_PX = 192  # palm_detection/palm_detection_cpu.pbtxt, ImageToTensorCalculator
HAND_SIDE_PX = 224  # hand_landmark/hand_landmark_cpu.pbtxt, ImageToTensorCalculator
PALM_THRESHOLD = 0.5  # palm_detection_cpu.pbtxt, min_score_thresh
PALM_OVERLAP = 0.3  # palm_detection_cpu.pbtxt, min_suppression_threshold: above it, one palm
# palm_detection_cpu.pbtxt, SsdAnchorsCalculator: four layers with strides of 8, 16, 16 and 16, and
# two anchors at each place of a layer. Here as (stride, anchors at each place).
ANCHORS = ((8, 2), (16, 6))
LARGEST_LOGIT = 100  # palm_detection_cpu.pbtxt, score_clipping_thresh
Z_SCALE = 0.4  # hand_landmark_cpu.pbtxt, normalize_z: makes z comparable with x and y
# The share of a frame's time that the landmark model may take. It runs on every frame, and the rest
# of the time is for the letter models, the sinks and an occasional search.
SHARE_OF_FRAME = 0.6
TIMED_RUNS = 4  # of a model, of which the shortest counts: the first also fills the caches


def open(rest: str = "", *, fps: float | None = None, threads: int = 1) -> Detector:
    """Opens the detector; `rest` is "", "auto", "full" or "lite".

    fps, threads: as in edge.detectors.open_detector. Raises UsageError for any other `rest`,
    ModelError if the model files are missing or altered.
    """
    if rest not in ("", "auto", "full", "lite"):
        raise UsageError(f"mediapipe has the models auto, full and lite, not {rest!r}")
    palm = handmodels.load(
        "palm_detection_full" if rest == "full" else "palm_detection_lite", threads
    )
    landmarks = handmodels.load(f"hand_landmark_{rest if rest == 'lite' else 'full'}", threads)
    if rest in ("", "auto") and fps and _steady_ms(landmarks) > SHARE_OF_FRAME * 1000 / fps:
        landmarks = handmodels.load("hand_landmark_lite", threads)
    return MediapipeDetector(palm, landmarks)


def _steady_ms(model: Model) -> float:
    """Returns the time of the shortest of a few runs: other work disturbed it least."""
    blank = np.zeros(model.inputs[0].shape, np.float32)
    times_ms = []
    for _ in range(TIMED_RUNS):
        start_s = time.perf_counter()
        model.run(blank)
        times_ms.append((time.perf_counter() - start_s) * 1000)
    return min(times_ms)


class MediapipeDetector:
    """A palm model that searches whole frames, and a landmark model that fits one hand."""

    def __init__(self, palm: Model, landmarks: Model) -> None:
        self.models = palm, landmarks
        self._palm = palm
        self._landmarks = landmarks
        self._anchors = _anchors()
        self.pooled = landmarks.outputs[-1].shape[-1]

    def find(self, frame: Frame, limit: int) -> tuple[Region, ...]:
        """Searches the whole frame for palms; at most `limit` regions, best score first."""
        height, width = frame.rgb.shape[:2]
        whole = Region(width / 2, height / 2, max(width, height), 0.0)
        picture = crop(frame.rgb, whole, PALM_SIDE_PX, outside="black")
        raw_boxes, raw_scores = self._palm.run(_tensor(picture))
        scores = _sigmoid(raw_scores[0, :, 0])
        above = np.flatnonzero(scores >= PALM_THRESHOLD)
        if not len(above):
            return ()
        # 18 numbers a palm: centre, width and height of its box, then 7 keypoints, in pixels of
        # the tensor and relative to the anchor's centre.
        points = raw_boxes[0, above].reshape(-1, 9, 2).astype(np.float32)
        points[:, 0] += self._anchors[above]
        points[:, 2:] += self._anchors[above][:, None]
        palms = _merge(points, scores[above])[:limit]
        return tuple(_region(palm, whole) for palm in palms)

    def fit(self, frame: Frame, region: Region) -> Hand:
        """Fits the 21 landmarks of the hand in `region`; a low presence means there is no hand."""
        picture = crop(frame.rgb, region, HAND_SIDE_PX)
        raw, presence, handedness, _world, pooled = self._landmarks.run(_tensor(picture))
        points = raw.reshape(21, 3)
        points[:, 2] /= Z_SCALE
        landmarks = points_to_frame(points, region, HAND_SIDE_PX)
        # The model's 1 is MediaPipe's "Left", which is meant for a mirrored picture. In a picture
        # that is not mirrored it is a right hand: so for 49 of 49 right hands of letters/multiuser.
        return Hand(
            landmarks=landmarks,
            box_px=box_of(landmarks),
            handedness="right" if handedness[0, 0] > 0.5 else "left",
            presence=float(presence[0, 0]),
            pooled=pooled[0],
        )


def _tensor(picture: Rgb) -> npt.NDArray[np.float32]:
    """Returns (1, side, side, 3) float32 in 0..1."""
    return np.multiply(picture, np.float32(1 / 255), dtype=np.float32)[None]


def _anchors() -> npt.NDArray[np.float32]:
    """Returns the (2016, 2) anchor centres in tensor pixels, in the order of the model's rows."""
    grids = []
    for stride, each in ANCHORS:
        centres = np.arange(stride / 2, PALM_SIDE_PX, stride, dtype=np.float32)
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _sigmoid(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.float32(1) / (np.float32(1) + np.exp(-np.clip(x, -LARGEST_LOGIT, LARGEST_LOGIT)))


def _merge(
    points: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float32]]:
    """Weighted non-maximum suppression, as the palm model was trained for (BlazeFace, 2019).

    points: (N, 9, 2) centre, size and keypoints. scores: (N,). The box with the best score and
    all that overlap it become one palm: their mean, weighted by score. Then the same again with the
    boxes that are left. Returns (9, 2) arrays, best score first.
    """
    half = points[:, 1] / 2
    boxes = [
        Box(*low, *high) for low, high in zip(points[:, 0] - half, points[:, 0] + half, strict=True)
    ]
    rest = list(np.argsort(-scores))
    palms = []
    while rest:
        same = [i for i in rest if i == rest[0] or iou(boxes[rest[0]], boxes[i]) > PALM_OVERLAP]
        weights = scores[same]
        palms.append(np.tensordot(weights, points[same], 1) / weights.sum())
        rest = [i for i in rest if i not in same]
    return palms


def _region(palm: npt.NDArray[np.float32], whole: Region) -> Region:
    """Returns the region of one palm, (9, 2) in tensor pixels, in pixels of the frame."""
    scale = whole.size / PALM_SIDE_PX
    corner = np.array([whole.cx - whole.size / 2, whole.cy - whole.size / 2], np.float32)
    centre, wrist, middle = palm[[0, 2, 4]] * scale + corner
    half = palm[1] * scale / 2
    return region_of_palm(Box(*centre - half, *centre + half), tuple(wrist), tuple(middle))
