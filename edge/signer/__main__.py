"""Draws a contact sheet of all handshapes: python -m edge.signer --sheet docs/handshapes.png."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from edge.signer.cell import cell
from edge.signer.handshapes import HANDSHAPES
from edge.types import Handedness, Rgb

COLUMNS, CELL_PX = 9, 200
INK_RGB = (255, 255, 255)


def sheet(seed: int, handedness: Handedness) -> Rgb:
    """All handshapes, each by a different signer."""
    cells = [_named(cell(label, CELL_PX, seed + n, handedness), label)
             for n, label in enumerate(HANDSHAPES)]  # fmt: skip
    rows = [np.hstack(cells[n : n + COLUMNS]) for n in range(0, len(cells), COLUMNS)]
    return np.vstack(rows)


def _named(picture: Rgb, label: str) -> Rgb:
    for colour, width in (((0, 0, 0), 6), (INK_RGB, 2)):
        cv2.putText(
            picture, label, (8, 34), cv2.FONT_HERSHEY_DUPLEX, 1.1, colour, width, cv2.LINE_AA
        )
    return picture


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
