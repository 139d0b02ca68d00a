"""What a device's hand stage sees in each of many pictures.

It is kept, so that no picture is searched twice: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from edge.detectors import open_detector
from edge.errors import SourceError, UsageError
from edge.picture import read_rgb
from edge.still import hands_in
from edge.types import Box, Hand, Rgb


class Found(NamedTuple):
    """What the hand stage saw in one picture: its size and the hand, or no hand.

    box, left, landmarks: of the hand, the last (21, 2) in pixels; None, False and [] for no hand.
    """

    width: int
    height: int
    box: Box | None
    left: bool
    landmarks: list[list[float]]


def hands_of(paths: Sequence[Path], kept: Path, *, whole: bool) -> dict[Path, Found | str]:
    """Returns what the hand stage sees in each picture; a text says why one cannot be read.

    kept: a file of JSON lines, where an interrupted run goes on. whole: no hand is searched for.
    """
    done = dict(_kept(kept))
    detector = None
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        with kept.open("a") as file:
            for path in tqdm(paths, unit="picture", desc="hands", disable=None):
                if path in done:
                    continue
                try:
                    rgb = read_rgb(path)
                except SourceError as error:
                    done[path] = str(error)
                else:
                    if detector is None and not whole:
                        detector = open_detector("mediapipe:full", threads=2)
                    hands = hands_in(detector, rgb) if detector else ()
                    done[path] = _seen(rgb, hands[0] if hands else None)
                file.write(json.dumps([str(path), done[path]]) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write {kept}: {error.strerror}; is the disk full?") from error
    return {path: done[path] for path in paths}


def _seen(rgb: Rgb, hand: Hand | None) -> Found:
    height, width = rgb.shape[:2]
    if hand is None:
        return Found(width, height, None, False, [])
    joints = hand.landmarks[:, :2].round(1).tolist()
    return Found(width, height, hand.box_px, hand.handedness == "left", joints)


def _kept(path: Path) -> Iterator[tuple[Path, Found | str]]:
    if not path.is_file():
        return
    for line in path.read_text().splitlines():
        try:
            name, seen = json.loads(line)
            if isinstance(seen, str):
                yield Path(name), seen
            else:
                width, height, box, left, joints = seen
                yield Path(name), Found(width, height, Box(*box) if box else None, left, joints)
        except (ValueError, TypeError):  # the last line of a run that was killed while it wrote
            continue
