"""Runs the hand models over every labelled photograph and keeps the landmarks.

    python -m train.data.label --data ../shared/data --out FOLDER [--limit N]

Writes FOLDER/hands.npz (see train.data.landmarks). A photograph in which no hand was found is a row
too, so that evaluation counts it as wrong. An interrupted run goes on where it stopped; about
twenty minutes for 13,000 photographs on two cores.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from edge.detectors import open_detector
from edge.errors import command
from edge.hands.photograph import hands_in
from edge.types import Hand, Rgb
from train.arguments import check_numbers
from train.data import views
from train.data.datasets import EMPTY, NO_LETTER, Photo, photos
from train.data.landmarks import VIEWS, Rows, join, load, row

SUMMARY = "Runs the hand models over every labelled photograph and keeps the landmarks."
MARGIN = 0.15  # a crop shows this share of its box's side more, on all four sides
CHUNK = 64  # photographs between two saves
HANDS = 4  # at most, in a picture of people


class Labeller:
    """Reads one photograph at a time with the full hand models, and the lite one beside them."""

    def __init__(self) -> None:
        self.full = open_detector("mediapipe:full")
        self.lite = open_detector("mediapipe:lite")

    def read(self, data: Path, photo: Photo) -> Rows:
        """Returns a row a hand, or the one row of a photograph without a hand."""
        rgb = picture(data, photo)
        many = photo.label in (NO_LETTER, EMPTY)
        hands = () if rgb is None else hands_in(self.full, rgb, HANDS if many else 1)
        if not many:
            hands = tuple(hand for hand in hands if is_meant(hand, photo))
        if rgb is None or not hands:
            return row(photo, (None,) * len(VIEWS))
        return join([row(photo, self._views(rgb, hand, photo)) for hand in hands])

    def _views(self, rgb: Rgb, hand: Hand, photo: Photo) -> tuple[Hand | None, ...]:
        """Fits a hand once for each of VIEWS; the same photograph is always altered alike."""
        random = np.random.default_rng(zlib.crc32(f"{photo.path} {photo.cropped}".encode()))
        seen: list[Hand | None] = [hand]
        for name in VIEWS[1:]:
            view = views.view(
                self.lite if "lite" in name else self.full,
                rgb,
                hand,
                mirrored="mirrored" in name,
                altered=random if "altered" in name else None,
            )
            seen.append(view)
        return tuple(seen)


def picture(data: Path, photo: Photo) -> Rgb | None:
    """Returns the photograph, or its crop, as (H, W, 3) uint8; None if it cannot be read."""
    bgr = cv2.imread(str(data / photo.path), cv2.IMREAD_COLOR)
    if bgr is None:
        return None
    if photo.cropped and photo.box_px is not None:
        x0, y0, x1, y1 = photo.box_px
        margin = MARGIN * max(x1 - x0, y1 - y0)
        left, top = max(0, round(x0 - margin)), max(0, round(y0 - margin))
        bgr = bgr[top : round(y1 + margin), left : round(x1 + margin)]
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)  # type: ignore[return-value]


def is_meant(hand: Hand, photo: Photo) -> bool:
    """Returns whether this is the labelled hand: its middle lies in the labelled box."""
    if photo.box_px is None or photo.cropped:
        return True
    x, y = (hand.box_px.x0 + hand.box_px.x1) / 2, (hand.box_px.y0 + hand.box_px.y1) / 2
    box = photo.box_px
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1


_labeller: Labeller  # one a process: models are not shared between processes


def _start() -> None:
    global _labeller  # noqa: PLW0603 - set once, when the process starts
    os.nice(5)
    cv2.setNumThreads(1)
    _labeller = Labeller()


def _label_chunk(work: tuple[Path, Path, list[Photo]]) -> int:
    data, part, chunk = work
    join([_labeller.read(data, photo) for photo in chunk]).save(part)
    return len(chunk)


def part_of(parts: Path, chunk: list[Photo]) -> Path:
    """Returns where the rows of these photographs are kept until all are read."""
    return parts / f"{zlib.crc32(repr(chunk).encode()):08x}.npz"


def label(data: Path, out: Path, limit: int = 0, processes: int = 2) -> Rows:
    """Labels every photograph under `data`; writes and returns OUT/hands.npz.

    limit: read about so many of them, evenly chosen; 0: all.
    """
    found = photos(data)
    todo = found[:: max(1, len(found) // limit) if limit else 1]
    Labeller()  # raises where models are missing: a pool would start processes again for ever
    parts = out / "parts"
    work = []
    for start in range(0, len(todo), CHUNK):
        chunk = todo[start : start + CHUNK]
        work.append((data, part_of(parts, chunk), chunk))
    with (
        tqdm(total=len(todo), unit="photo", disable=not sys.stderr.isatty()) as bar,
        multiprocessing.get_context("spawn").Pool(processes, _start) as pool,
    ):
        left = [item for item in work if not item[1].exists()]
        bar.update(len(todo) - sum(len(chunk) for _, _, chunk in left))
        for done in pool.imap_unordered(_label_chunk, left):
            bar.update(done)
    rows = join([load(part) for _, part, _ in work])
    rows.save(out / "hands.npz")
    shutil.rmtree(parts)
    return rows


@command("train.data.label", "run it again, and it goes on where it was")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.data.label", description=SUMMARY)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds letters/")
    parser.add_argument("--out", type=Path, required=True, help="where hands.npz goes")
    parser.add_argument(
        "--limit", type=int, default=0, help="read about this many photographs only; 0: all"
    )
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    check_numbers(args)
    rows = label(args.data, args.out, args.limit, args.processes)
    for name in sorted(set(rows.dataset)):
        of_set = rows.where(rows.dataset == name)
        print(f"{name:16} {len(of_set):6} hands or misses, {of_set.missed.mean():6.1%} missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
