"""What light, blur, compression, distance, slant and the other hand cost.

    python -m train.evaluate.robustness --data ../shared/data [--out train/results]

A seeded sample of photographs of each data set, the same for every condition, is distorted and
read as `fingerspell read` would read it, by the model of train.evaluate that never saw the data
set (OUT/folds). A hand that is not found counts as wrong. Writes robustness.json, robustness.md and
robustness.png into OUT.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.detectors import open_detector
from edge.errors import UsageError, command
from edge.files import write
from edge.hands.geometry import box_of
from edge.hands.photograph import hands_in, variants
from edge.stages import Detector
from edge.types import Box, Hand, Rgb
from train.arguments import check_numbers
from train.data.datasets import Photo, photos
from train.data.label import is_meant, picture
from train.data.landmarks import VIEWS, Rows, join, row
from train.evaluate.distortions import DISTORTIONS, Matrix, undone
from train.evaluate.leave_out import read, reader_of
from train.evaluate.tolerance import blocks, figures
from train.letters.alphabets import DIGITS, LETTERS
from train.report.document import Picture, markdown

SUMMARY = "What light, blur, compression, distance, slant and the other hand cost."
PHOTOGRAPHS = 48  # of each data set: 15 minutes of one core (train/LOG.md)
SEED = 7
# Every condition: as the photograph came, then each amount of each distortion that changes it.
CONDITIONS = [("", 0.0)] + [
    (name, amount)
    for name, distortion in DISTORTIONS.items()
    for amount in distortion.amounts
    if amount != distortion.identity
]


def sample(found: Sequence[Photo], each: int, seed: int = SEED) -> list[Photo]:
    """Returns `each` signed photographs of each data set, its labels as evenly as can be."""
    random = np.random.default_rng(seed)
    chosen: list[Photo] = []
    for dataset in dict.fromkeys(photo.dataset for photo in found):
        own = [p for p in found if p.dataset == dataset and p.label in (*LETTERS, *DIGITS)]
        if dataset == "finger_counting":  # counts, not digits: trained on, never judged by
            continue
        order = random.permutation(len(own))
        turn: dict[str, int] = {}
        rank = {}
        for i in order:
            rank[i] = turn[own[i].label] = turn.get(own[i].label, 0) + 1
        chosen += [own[i] for i in sorted(order, key=lambda i: rank[i])[:each]]
    return chosen


def rows_of(detector: Detector, rgb: Rgb, photo: Photo) -> tuple[Rows, float]:
    """Finds the hand of a photograph in every condition: a row each, and its height in pixels.

    The height is that of the hand in the undistorted photograph. Where none is found there, the
    labelled box stands for it, or else the whole photograph; blur and distance are relative to it.
    """
    box: Box | None = None
    rows = []
    for name, amount in CONDITIONS:
        if not name:
            changed, matrix = rgb, np.eye(2, 3)
        else:
            changed, matrix = DISTORTIONS[name].apply(rgb, amount, box or _meant(rgb, photo))
        hand = next(iter(hands_in(detector, changed)), None)
        if hand is not None and not is_meant(_back(hand, matrix), photo):
            hand = None
        if not name and hand is not None:
            box = hand.box_px
        seen = variants(detector, changed, hand) if hand is not None else ()
        rows.append(row(photo, (*seen, *[None] * (len(VIEWS) - len(seen)))))
    box = box or _meant(rgb, photo)
    return join(rows), box.y1 - box.y0


def _back(hand: Hand, matrix: Matrix) -> Hand:
    """Returns the hand where it is in the photograph as it came."""
    landmarks = hand.landmarks.copy()
    landmarks[:, :2] = undone(hand.landmarks[:, :2], matrix)
    return replace(hand, landmarks=landmarks, box_px=box_of(landmarks))


def _meant(rgb: Rgb, photo: Photo) -> Box:
    if photo.box_px is not None and not photo.cropped:
        return photo.box_px
    return Box(0.0, 0.0, float(rgb.shape[1]), float(rgb.shape[0]))


_detector: Detector  # one a process: models are not shared between processes


def _start() -> None:
    global _detector  # noqa: PLW0603 - set once, when the process starts
    os.nice(5)
    cv2.setNumThreads(1)
    _detector = open_detector("mediapipe:full")


def _rows_of(work: tuple[Path, Photo]) -> tuple[Rows, float]:
    data, photo = work
    rgb = picture(data, photo)
    if rgb is None:
        raise UsageError(f"cannot read the picture {data / photo.path}")
    return rows_of(_detector, rgb, photo)


def all_rows(data: Path, chosen: Sequence[Photo], processes: int) -> tuple[list[Rows], list[float]]:
    """Returns the rows of each photograph, one a condition, and the heights of their hands."""
    # Raises where models are missing: a pool would start processes again for ever.
    open_detector("mediapipe:full")
    bar = tqdm(total=len(chosen), unit="photo", disable=not sys.stderr.isatty())
    with bar, multiprocessing.get_context("spawn").Pool(processes, _start) as pool:
        out = []
        for rows, height_px in pool.imap(_rows_of, [(data, photo) for photo in chosen]):
            out.append((rows, height_px))
            bar.update()
        pool.close()
        pool.join()
    return [rows for rows, _ in out], [height_px for _, height_px in out]


def right_of(folder: Path, rows: Sequence[Rows]) -> npt.NDArray[np.bool_]:
    """Returns which of P photographs is read right in which of C conditions, (P, C)."""
    dataset = np.array([str(photo.dataset[0]) for photo in rows])
    right = np.zeros((len(rows), len(CONDITIONS)), bool)
    for name in dict.fromkeys(dataset.tolist()):
        own = np.flatnonzero(dataset == name)
        of_set = join([rows[i] for i in own.tolist()])
        found = read(reader_of(folder, name), of_set, of_set.signer)
        right[own] = found.right.reshape(len(own), -1)
    return right


@command("train.evaluate.robustness")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m train.evaluate.robustness", description=SUMMARY
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds letters/")
    parser.add_argument("--out", type=Path, default=Path("train/results"))
    parser.add_argument("--photographs", type=int, default=PHOTOGRAPHS, help="of each data set")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    check_numbers(args)
    chosen = sample(photos(args.data), args.photographs)
    for dataset in {photo.dataset for photo in chosen}:
        reader_of(args.out / "folds", dataset)  # a missing model is found before the work
    rows, heights_px = all_rows(args.data, chosen, args.processes)
    right = right_of(args.out / "folds", rows)
    names = [photo.dataset for photo in chosen]
    counted = figures(names, CONDITIONS, right, heights_px)
    parts = blocks(counted)
    for part in parts:
        if isinstance(part, Picture):
            write(args.out / part.file, part.png)
    write(args.out / "robustness.md", markdown(parts).encode())
    write(args.out / "robustness.json", json.dumps(counted, indent=1).encode() + b"\n")
    print(markdown(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
