"""Data sets that the synthetic signer makes, in the forms that recipes read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from edge.signer.signer import Signer
from edge.types import Rgb

EDITS = {"del": "Y", "space": "5"}  # signs of another shape than the other classes


def photograph(label: str, seed: int, side_px: int = 200) -> Rgb:
    """A square picture of a hand that holds a sign, by the signer of that seed."""
    size = (side_px, side_px)
    return np.asarray(cv2.resize(_held(label, seed), size, interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _held(label: str, seed: int) -> Rgb:
    """The part of a picture that shows the hand; drawn once for all tests."""
    signer = Signer(label, seed=seed, size=(480, 360))
    segment = next(s for s in signer.timeline.segments if s.label == label)
    rgb, truth = signer.draw((segment.start_s + segment.end_s) / 2)
    assert truth.hand is not None
    x0, y0, x1, y1 = truth.hand.box_px
    half = 0.75 * max(x1 - x0, y1 - y0)
    x, y = (max(0, int((a + b) / 2 - half)) for a, b in ((x0, x1), (y0, y1)))
    return rgb[y : y + int(2 * half), x : x + int(2 * half)].copy()


def class_folders(root: Path, names: Iterable[str], each: int, *, first_seed: int = 0) -> Path:
    """ROOT/NAME/N.png, `each` of each name; "nothing" shows an empty room."""
    for name in names:
        (root / name).mkdir(parents=True)
        for n in range(each):
            seed = first_seed + n
            if name != "nothing":
                rgb = photograph(EDITS.get(name, name.upper()), seed)
            else:
                rgb = Signer("A", seed=seed, size=(200, 200)).scene.background
            cv2.imwrite(str(root / name / f"{n}.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return root


def sign_csv(path: Path, letters: str, each: int, *, first_seed: int = 0) -> Path:
    """A file in the form of Sign Language MNIST; beside it signers.csv, for two people."""
    rows, signers = [], []
    for n in range(each):
        for letter in letters:
            rgb = photograph(letter, first_seed + n, 28)
            grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
            signers.append([len(rows), "x.jpg", f"user_{n % 2 + 1}{'ab'[n // 2 % 2]}", "1.0"])
            rows.append([ord(letter) - ord("A"), *grey.ravel().tolist()])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["label", *(f"pixel{i + 1}" for i in range(784))], *rows])
    with (path.parent / "signers.csv").open("w", newline="") as file:
        head = ["row", "source_photo", "signer", "correlation"]
        csv.writer(file).writerows([head, *signers])
    return path
