"""Results as the pipeline would make them, for the tests of the sinks."""

from __future__ import annotations

import numpy as np

from edge.types import Box, Event, Frame, Hand, Prediction, Result, Rgb, Status

# An open right hand, palm to the camera, in a unit square: wrist, thumb, then four fingers.
OPEN_HAND = np.array(
    [
        *((0.50, 0.95), (0.66, 0.85), (0.78, 0.72), (0.87, 0.60), (0.95, 0.50)),
        *((0.66, 0.50), (0.70, 0.32), (0.72, 0.20), (0.74, 0.08)),
        *((0.52, 0.47), (0.53, 0.27), (0.54, 0.13), (0.54, 0.02)),
        *((0.39, 0.50), (0.37, 0.31), (0.35, 0.19), (0.34, 0.08)),
        *((0.27, 0.57), (0.21, 0.44), (0.16, 0.34), (0.12, 0.25)),
    ],
    dtype=np.float32,
)


def hand(x_px: float, y_px: float, size_px: float) -> Hand:
    """An open hand in the square whose upper left corner and size are given."""
    points = OPEN_HAND * size_px + (x_px, y_px)
    landmarks = np.column_stack([points, np.zeros(21)]).astype(np.float32)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    box_px = Box(float(x0), float(y0), float(x1), float(y1))
    return Hand(landmarks, box_px, "right", presence=0.99)


def prediction(label: str, score: float) -> Prediction:
    """A prediction of `label`, the rest of the belief shared by one other letter."""
    other = "B" if label == "A" else "A"
    return Prediction(label, score, {label: score, other: 1 - score})


def result(
    index: int = 0,
    *,
    rgb: Rgb | None = None,
    hands: tuple[Hand, ...] = (),
    reading: Prediction | None = None,
    events: tuple[tuple[str, str], ...] = (),
    text: str = "",
    start_ns: int = 7_000_000_000,
    status: Status | None = None,
) -> Result:
    """The result of frame `index` at 25 frames a second; events are (kind, label) pairs.

    Each event carries `text`, and those that have a score 0.9751.
    """
    t_ns = start_ns + index * 40_000_000
    frame = Frame(np.zeros((48, 64, 3), np.uint8) if rgb is None else rgb, index, t_ns)
    happened = tuple(
        Event(kind, label, 0.9751 if kind == "letter" or label == "found" else None, t_ns, text)  # type: ignore[arg-type]
        for kind, label in events
    )
    timings_ms = {"wait": 20.0, "follow": 8.0, "recognise": 1.0, "spell": 0.1, "invoke": 7.5}
    return Result(frame, hands, reading, happened, text, timings_ms, status=status)
