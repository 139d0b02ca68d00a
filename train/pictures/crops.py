"""Pictures to train on, as a user has them: class folders, each hand cropped as on a device.

The hand of each picture is found once (train/pictures/hand_stage.py). `Pictures.crops` then cuts it
out with edge.handshapes.pixels.picture, the function that cuts on the device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edge.decoding.picture import find_pictures, read_rgb
from edge.errors import UsageError
from edge.hands.geometry import region_of_box
from edge.handshapes.pixels import picture
from edge.types import Region, Rgb
from train.data.folders import find
from train.pictures.hand_stage import Found, hands_of

KEPT_BYTES = 500_000_000  # of decoded pictures held in memory: 4,000 of 200 x 200
FEWEST = 5  # pictures of a class: fewer cannot be split into training, validation and test


class Task(NamedTuple):
    """What a model tells apart, and which crop of a hand it gets.

    colour_order, margin: as in a manifest (edge/models/manifest.py).
    """

    classes: tuple[str, ...]
    side_px: int
    colour_order: Literal["rgb", "bgr", "grey"]
    margin: float


class Shake(NamedTuple):
    """How much crops vary from one epoch to the next: each amount is the most, in both directions.

    shift, zoom: shares of the crop's side. light: of the logarithm of brightness.
    """

    turn_rad: float = float(np.radians(10))
    shift: float = 0.1
    zoom: float = 0.1
    light: float = 0.0


class Sample(NamedTuple):
    """One labelled picture file; `signer` is "" where nobody knows.

    split: the part of the data set's own split, "train", "valid" or "test"; "" where it has none.
    """

    path: Path
    label: str
    signer: str
    split: str = ""


@dataclass(frozen=True, eq=False)
class Pictures:
    """N labelled hands in pictures.

    read: gives picture i as (H, W, 3) uint8 RGB. number: (N,) which picture. region: (N, 4), a
    Region each. flip: (N,) bool, a left hand. found: (N,) bool, whether a hand was found there.
    label, signer: (N,) text. landmarks: (N, 21, 2) pixels of the picture, NaN where unknown.
    redrawn: changes a picture, given its number and a generator, whenever its crop is varied.
    split: (N,) text, as in Sample; None where the data set has no split.
    """

    read: Callable[[int], Rgb]
    number: npt.NDArray[np.intp]
    region: npt.NDArray[np.float64]
    flip: npt.NDArray[np.bool_]
    found: npt.NDArray[np.bool_]
    label: npt.NDArray[np.str_]
    signer: npt.NDArray[np.str_]
    landmarks: npt.NDArray[np.float32]
    redrawn: Callable[[int, Rgb, np.random.Generator], Rgb] | None = None
    split: npt.NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.label)

    def where(self, chosen: npt.NDArray[Any]) -> Pictures:
        """Returns the chosen hands: (N,) bool, or indices."""
        names = ("number", "region", "flip", "found", "label", "signer", "landmarks")
        split = None if self.split is None else self.split[chosen]
        return replace(self, **{name: getattr(self, name)[chosen] for name in names}, split=split)

    def digest(self) -> str:
        """Returns a checksum of labels, regions and numbers of pictures."""
        parts = (self.label, self.region, self.flip, self.number)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]

    def crops(
        self,
        chosen: Sequence[int] | npt.NDArray[np.intp],
        task: Task,
        *,
        shake: Shake | None = None,
        seed: Sequence[int] = (0,),
    ) -> npt.NDArray[np.uint8]:
        """Returns (len(chosen), side, side, C) uint8 crops.

        shake: how much each of them is varied; None: not at all. seed: of the random numbers that
        vary this batch; without `shake` it has no effect.
        """
        random = np.random.default_rng(seed)
        out = []
        for i in chosen:
            region, light = Region(*self.region[i].tolist()), 0.0
            number = int(self.number[i])
            rgb = self.read(number)
            if shake:
                region, light = _shaken(region, shake, random)
                rgb = self.redrawn(number, rgb, random) if self.redrawn else rgb
            crop = picture(rgb, region, task.side_px, task.colour_order, bool(self.flip[i]))
            if light:
                crop = cv2.convertScaleAbs(crop, alpha=float(np.exp(light))).reshape(crop.shape)  # type: ignore[assignment]
            out.append(crop)
        return np.stack(out)


def _shaken(region: Region, shake: Shake, random: np.random.Generator) -> tuple[Region, float]:
    """Returns the region, moved at random, and by how much the logarithm of brightness changes."""
    turn, x, y, zoom, light = random.uniform(-1, 1, 5)
    size = region.size * (1 + shake.zoom * zoom)
    moved = Region(
        region.cx + shake.shift * x * region.size,
        region.cy + shake.shift * y * region.size,
        size,
        region.rotation_rad + shake.turn_rad * turn,
    )
    return moved, shake.light * light


def class_folders(
    data: Path,
    classes: Sequence[str],
    *,
    limit: int = 0,
    signer: Callable[[Path], str] = lambda path: "",
) -> list[Sample]:
    """Lists the pictures of those of `classes` that have a folder below `data`.

    limit: at most so many of a class, drawn at random and each time the same; 0: all.
    Raises UsageError for a missing folder, one class only, a class without enough pictures.
    """
    samples = []
    for name, split, folder in find(data, classes):
        try:
            paths = find_pictures(folder)
        except UsageError as error:
            raise UsageError(
                f"{error}; a class without pictures cannot be learnt: add some or remove the folder"
            ) from error
        if not split and len(paths) < FEWEST:
            raise UsageError(
                f"{folder} has {len(paths)} pictures, too few to split into training, validation "
                f"and test; {FEWEST} are the least"
            )
        if limit and limit < len(paths):
            paths = sorted(Random(name).sample(paths, limit))
        samples += [Sample(path, name, signer(path), split) for path in paths]
    return samples


def hands_in_pictures(
    samples: Sequence[Sample], task: Task, folder: Path, *, whole: bool
) -> tuple[Pictures, dict[str, str]]:
    """Finds the hand of each sample; returns the hands, and by path why some cannot be read.

    folder: where found hands are kept. whole: no hand is searched for. Then, and where no hand is
    found, the region is the whole picture. Raises UsageError where no picture can be read.
    """
    seen = hands_of([sample.path for sample in samples], folder, whole=whole)
    unread = {str(path): why for path, why in seen.items() if isinstance(why, str)}
    good = [sample for sample in samples if str(sample.path) not in unread]
    if not good:
        raise UsageError(
            f"none of {len(samples)} pictures can be read: {next(iter(unread.values()))}"
        )
    paths = [sample.path for sample in good]
    found = [f for f in (seen[path] for path in paths) if not isinstance(f, str)]
    nowhere = np.full((21, 2), np.nan)
    return Pictures(
        read=_reader(paths),
        number=np.arange(len(good)),
        region=np.array([_region(f, task.margin) for f in found]),
        flip=np.array([f.left for f in found]),
        found=np.array([whole or f.box is not None for f in found]),
        label=np.array([sample.label for sample in good]),
        signer=np.array([sample.signer for sample in good]),
        landmarks=np.array([f.landmarks or nowhere for f in found], np.float32),
        split=np.array([s.split for s in good]) if any(s.split for s in good) else None,
    ), unread


def _region(found: Found, margin: float) -> Region:
    if found.box:
        return region_of_box(found.box, margin)
    side = max(found.width, found.height)
    return Region(found.width / 2, found.height / 2, side, 0.0)


def _reader(paths: Sequence[Path]) -> Callable[[int], Rgb]:
    kept: dict[int, Rgb] = {}
    room = KEPT_BYTES

    def read(number: int) -> Rgb:
        nonlocal room
        if number in kept:
            return kept[number]
        rgb = read_rgb(paths[number])
        if rgb.nbytes <= room:
            room -= rgb.nbytes
            kept[number] = rgb
        return rgb

    return read


def counts(labels: npt.NDArray[np.str_], classes: Sequence[str]) -> Mapping[str, int]:
    """Returns how many pictures each class has, in the order of `classes`."""
    return {name: int((labels == name).sum()) for name in classes}
