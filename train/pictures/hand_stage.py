"""Finds the hand in each of many pictures, as a device does.

Found hands are kept in a file, so that no picture is searched twice and an interrupted run goes on
where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from edge.decoding.picture import read_rgb
from edge.detectors import open_detector
from edge.errors import SourceError, UsageError
from edge.hands.photograph import hands_in
from edge.types import Box, Hand, Rgb


class Found(NamedTuple):
    """The size of one picture, and the hand in it.

    box, left, landmarks: of the hand, landmarks (21, 2) in pixels; None, False and [] without one.
    """

    width: int
    height: int
    box: Box | None
    left: bool
    landmarks: list[list[float]]


def hands_of(paths: Sequence[Path], folder: Path, *, whole: bool) -> dict[Path, Found | str]:
    """Returns the hand of each picture; a text instead of it says why one cannot be read.

    folder: where found hands are kept as JSON lines; a picture that has changed since is searched
    again. whole: no hand is searched for. Raises UsageError where the folder cannot be written.
    """
    kept = folder / ("whole.jsonl" if whole else "hands.jsonl")
    before = dict(_kept(kept))
    detector = None
    done: dict[Path, Found | str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with kept.open("a") as file:
            for path in tqdm(paths, unit="picture", desc="hands", disable=None):
                key = _key(path)
                if key in before:
                    done[path] = before[key]
                    continue
                try:
                    rgb = read_rgb(path)
                except SourceError as error:  # not kept, since the file may be repaired
                    done[path] = str(error)
                    continue
                if detector is None and not whole:
                    detector = open_detector("mediapipe:full", threads=2)
                hands = hands_in(detector, rgb) if detector else ()
                found = done[path] = _seen(rgb, hands[0] if hands else None)
                file.write(json.dumps([key, found]) + "\n")
    except OSError as error:
        raise UsageError(
            f"cannot write {kept}: {error.strerror}; make room, or choose another --out"
        ) from error
    return done


def _key(path: Path) -> str:
    """Returns what names a file as it is now: path, size and time of its last change."""
    try:
        facts = path.stat()
    except OSError:
        return str(path)
    return f"{path} {facts.st_size} {facts.st_mtime_ns}"


def _seen(rgb: Rgb, hand: Hand | None) -> Found:
    height, width = rgb.shape[:2]
    if hand is None:
        return Found(width, height, None, False, [])
    joints = hand.landmarks[:, :2].round(1).tolist()
    return Found(width, height, hand.box_px, hand.handedness == "left", joints)


def _kept(path: Path) -> Iterator[tuple[str, Found]]:
    if not path.is_file():
        return
    for line in path.read_text().splitlines():
        try:
            key, (width, height, box, left, joints) = json.loads(line)
            yield key, Found(width, height, Box(*box) if box else None, left, joints)
        except (ValueError, TypeError):  # the last line of a run that was killed while it wrote
            continue
