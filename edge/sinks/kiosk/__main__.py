"""Draws what visitors see, for docs/: python -m edge.sinks.kiosk --sheet docs/kiosk.jpg."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
import pygame

from edge.signer import Signer
from edge.sinks.kiosk import open as open_kiosk
from edge.stages import Monitor
from edge.types import End, Event, Frame, Hand, Result, Rgb, Vitals

SIZE, SCALE, QUALITY = "800x480", 0.6, 85
HAND_S = 3.0  # a moment at which the signer's hand is well in view


def moments(language: str) -> list[Rgb]:
    """Nobody there, a hand without a letter, a text, and a camera without pictures."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    kiosk = open_kiosk(f"{SIZE},lang={language}")
    assert isinstance(kiosk, Monitor)
    signer = Signer("HELLO", seed=3)
    room, _ = signer.draw(0.0)
    rgb, truth = signer.draw(HAND_S)
    hands = (truth.hand,) if truth.hand else ()
    shots = []

    def shown(rgb: Rgb, t_s: float, hands: tuple[Hand, ...] = (), text: str = "") -> None:
        t_ns = round(t_s * 1e9)
        letters = (Event("letter", text[-1], 1.0, t_ns, text),) if text else ()
        kiosk.write(Result(Frame(rgb, 0, t_ns), hands, None, letters, text, {}))

    def take() -> None:
        window = pygame.display.get_surface()
        assert window is not None
        shots.append(np.asarray(pygame.surfarray.array3d(window).transpose(1, 0, 2)))

    for n in range(40):  # a hand of the alphabet is drawn with each frame
        shown(room, n / 30)
    take()
    shown(rgb, 2.0, hands)
    shown(rgb, 2.5, hands)
    take()
    shown(rgb, 3.0, hands, "HELL")
    take()
    kiosk.note(Vitals(waited_s=5.0, trouble="no picture"))
    take()
    kiosk.close(End("", 0, 0))
    return shots


def main() -> None:
    """Reads the command line and writes the sheet."""
    parser = argparse.ArgumentParser(prog="python -m edge.sinks.kiosk", description=__doc__)
    parser.add_argument("--sheet", type=Path, required=True, metavar="JPEG")
    parser.add_argument("--lang", default="en")
    arguments = parser.parse_args()
    first, second, third, fourth = moments(arguments.lang)
    sheet = np.vstack([np.hstack([first, second]), np.hstack([third, fourth])])
    small = cv2.resize(sheet, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    arguments.sheet.parent.mkdir(parents=True, exist_ok=True)
    arguments.sheet.write_bytes(jpeg.tobytes())


if __name__ == "__main__":
    main()
