"""Draws a contact sheet of all handshapes: python -m edge.signer --sheet docs/handshapes.png."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from edge.signer.handshapes import HANDSHAPES
from edge.signer.motion import trace
from edge.signer.script import TRACE_S
from edge.signer.signer import Signer
from edge.signer.skeleton import Array
from edge.types import Handedness, Rgb, Truth

COLUMNS, CELL_PX, SEEN_MM = 9, 200, 270.0
INK_RGB, TRAJECTORY_RGB = (255, 255, 255), (255, 214, 64)


def cell(label: str, seed: int, handedness: Handedness) -> Rgb:
    """One handshape in the middle of its hold, cut to a square; J and Z with their trajectory."""
    signer = Signer(label, seed=seed, handedness=handedness, size=(960, 720))
    segment = next(s for s in signer.timeline.segments if s.label == label)
    moment = segment.start_s if label in TRACE_S else (segment.start_s + segment.end_s) / 2
    rgb, truth = signer.draw(moment)
    if label in TRACE_S:
        _draw_trajectory(rgb, signer, label, moment)
    return _square(rgb, truth, SEEN_MM * signer.scene.px_per_mm, label)


def _draw_trajectory(rgb: Rgb, signer: Signer, label: str, moment: float) -> None:
    """Draws the trajectory of the fingertip: the little finger's of J, the index finger's of Z."""
    tip = 20 if label == "J" else 8
    trajectory = trace(label, signer.timeline.at(moment)[1])
    bodies = [signer.body(trajectory(phase), moment) for phase in np.linspace(0, 1, 60)]
    points = signer.scene.project(np.array([body.joints[tip] for body in bodies]))[0][:, :2]
    cv2.polylines(
        rgb, [np.round(points * 16).astype(np.int32)], False, TRAJECTORY_RGB, 3, cv2.LINE_AA, 4
    )
    end, before = points[-1], points[-8]
    cv2.arrowedLine(rgb, _whole(before), _whole(end), TRAJECTORY_RGB, 3, cv2.LINE_AA, tipLength=0.9)


def _whole(point: Array) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _square(rgb: Rgb, truth: Truth, side_px: float, label: str) -> Rgb:
    assert truth.hand is not None
    box = truth.hand.box_px
    half = side_px / 2
    x = int(np.clip((box.x0 + box.x1) / 2 - half, 0, rgb.shape[1] - side_px))
    y = int(np.clip((box.y0 + box.y1) / 2 - 0.9 * half, 0, rgb.shape[0] - side_px))
    cut = rgb[y : y + int(side_px), x : x + int(side_px)]
    small = cv2.resize(cut, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
    for colour, width in (((0, 0, 0), 6), (INK_RGB, 2)):
        cv2.putText(small, label, (8, 34), cv2.FONT_HERSHEY_DUPLEX, 1.1, colour, width, cv2.LINE_AA)
    return np.asarray(small, dtype=np.uint8)


def sheet(seed: int, handedness: Handedness) -> Rgb:
    """All handshapes, each by a different signer."""
    cells = [cell(label, seed + n, handedness) for n, label in enumerate(HANDSHAPES)]
    rows = [np.hstack(cells[n : n + COLUMNS]) for n in range(0, len(cells), COLUMNS)]
    return np.vstack(rows)


def main() -> None:
    """Reads the command line and writes the sheet."""
    parser = argparse.ArgumentParser(prog="python -m edge.signer", description=__doc__)
    parser.add_argument("--sheet", type=Path, required=True, metavar="PNG")
    parser.add_argument("--seed", type=int, default=0, help="of the first signer")
    parser.add_argument("--hand", choices=("right", "left"), default="right")
    arguments = parser.parse_args()
    picture = cv2.cvtColor(sheet(arguments.seed, arguments.hand), cv2.COLOR_RGB2BGR)
    arguments.sheet.parent.mkdir(parents=True, exist_ok=True)
    arguments.sheet.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


if __name__ == "__main__":
    main()
