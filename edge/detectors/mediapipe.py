"""MediaPipe's palm and landmark models, run by LiteRT without MediaPipe.

`mediapipe` or `mediapipe:auto` takes the full landmark model where it keeps up with the camera,
else the lite one; `mediapipe:full` and `mediapipe:lite` say which. The constants are those of
MediaPipe 0.10.18, modules/palm_detection and modules/hand_landmark; the models are described in
the "MediaPipe Hands" model card (Google, 2021).
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.hands.geometry import box_of, crop, iou, points_to_frame, region_of_palm
from edge.models import handmodels
from edge.models.interpreter import Model
from edge.types import Box, Detector, Frame, Hand, Region, Rgb

PALM_SIDE_PX = 192
HAND_SIDE_PX = 224
PALM_THRESHOLD = 0.5
PALM_OVERLAP = 0.3  # above this IoU two palm boxes are one palm
Z_SCALE = 0.4  # hand_landmark_cpu.pbtxt, normalize_z: makes z comparable with x and y
# Of a frame's time that landmarks may take; the rest is for search, letters and sinks.
SHARE_OF_FRAME = 0.6


def open(rest: str = "", *, fps: float | None = None, threads: int = 1) -> Detector:
    """Opens the detector; `rest` is "", "auto", "full" or "lite".

    Raises UsageError for another word, ModelError where the model files are missing or altered.
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
    """Returns the shortest of a few runs: what one costs when nothing disturbs it."""
    blank = np.zeros(model.inputs[0].shape, np.float32)
    times_ms = []
    for _ in range(4):
        start = time.perf_counter()
        model.run(blank)
        times_ms.append((time.perf_counter() - start) * 1000)
    return min(times_ms)


class MediapipeDetector:
    """A palm model that searches the whole frame, and a landmark model for one hand's square."""

    def __init__(self, palm: Model, landmarks: Model) -> None:
        self._palm = palm
        self._landmarks = landmarks
        self._anchors = _anchors()
        self.pooled = landmarks.outputs[-1].shape[-1]

    @property
    def invoke_ns(self) -> int:
        """Time spent inside the interpreter since the start."""
        return self._palm.invoke_ns + self._landmarks.invoke_ns

    def find(self, frame: Frame, limit: int) -> tuple[Region, ...]:
        """Searches the whole frame for palms; at most `limit` regions, the surest first."""
        height, width = frame.rgb.shape[:2]
        whole = Region(width / 2, height / 2, max(width, height), 0.0)
        picture = crop(frame.rgb, whole, PALM_SIDE_PX, outside="black")
        raw_boxes, raw_scores = self._palm.run(_tensor(picture))
        scores = _sigmoid(raw_scores[0, :, 0])
        sure = np.flatnonzero(scores >= PALM_THRESHOLD)
        if not len(sure):
            return ()
        # 18 numbers a palm: centre, width and height of its box, then 7 keypoints, in pixels of
        # the tensor and relative to the anchor's centre.
        points = raw_boxes[0, sure].reshape(-1, 9, 2).astype(np.float32)
        points[:, 0] += self._anchors[sure]
        points[:, 2:] += self._anchors[sure][:, None]
        palms = _merge(points, scores[sure])[:limit]
        return tuple(_region(palm, whole) for palm in palms)

    def fit(self, frame: Frame, region: Region) -> Hand:
        """Fits the 21 landmarks of the hand in `region`; a low presence means there is none."""
        picture = crop(frame.rgb, region, HAND_SIDE_PX)
        raw, presence, handedness, _world, pooled = self._landmarks.run(_tensor(picture))
        points = raw.reshape(21, 3)
        points[:, 2] /= Z_SCALE
        landmarks = points_to_frame(points, region, HAND_SIDE_PX)
        # The model's 1 is MediaPipe's "Left", which is meant for a mirrored picture: seen without
        # a mirror it is the person's right hand (so for 49 of 49 right hands of letters/multiuser).
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
    for stride, each in ((8, 2), (16, 6)):
        centres = np.arange(stride / 2, PALM_SIDE_PX, stride, dtype=np.float32)
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _sigmoid(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.float32(1) / (np.float32(1) + np.exp(-np.clip(x, -100, 100)))


def _merge(
    points: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float32]]:
    """Weighted non-maximum suppression, as the palm model was trained for (BlazeFace, 2019).

    points: (N, 9, 2) centre, size and keypoints. Each palm is the mean of the boxes that overlap
    the surest of them, weighted by score. Returns (9, 2) arrays, the surest first.
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
