"""Draws what a learner sees, for docs/: python -m edge.sinks.practice --sheet docs/practice.jpg."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pygame

from edge.signer import Signer
from edge.sinks.practice.practice import Practice
from edge.types import Event, Frame, Result, Rgb

SIZE, QUALITY = (960, 540), 85
ASKED, SHOWN = "SUN", "M"  # what is asked for, and what the hand shows in place of its first letter


def window() -> Rgb:
    """A hand that shows M where S is asked for: the window's (H, W, 3) pixels."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    practice = Practice(SIZE, (ASKED,), receptive=False, mirror=True, seed=2)
    signer = Signer(SHOWN, seed=3)
    held = next(s for s in signer.timeline.segments if s.label == SHOWN)
    rgb, truth = signer.draw((held.start_s + held.end_s) / 2)
    hands = (truth.hand,) if truth.hand else ()
    for t_ns, events in (
        (0, ()),
        (3_000_000_000, (Event("letter", SHOWN, 1.0, 3_000_000_000, SHOWN),)),
    ):
        practice.write(Result(Frame(rgb, 0, t_ns), hands, None, events, "", {}))
    surface = pygame.display.get_surface()
    assert surface is not None
    return np.asarray(pygame.surfarray.array3d(surface).transpose(1, 0, 2))


def main() -> None:
    """Reads the command line and writes the picture."""
    parser = argparse.ArgumentParser(prog="python -m edge.sinks.practice", description=__doc__)
    parser.add_argument("--sheet", type=Path, required=True, metavar="JPEG")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:  # nobody's progress is touched
        os.environ["XDG_DATA_HOME"] = folder
        bgr = cv2.cvtColor(window(), cv2.COLOR_RGB2BGR)
    jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    arguments.sheet.parent.mkdir(parents=True, exist_ok=True)
    arguments.sheet.write_bytes(jpeg.tobytes())


if __name__ == "__main__":
    main()
