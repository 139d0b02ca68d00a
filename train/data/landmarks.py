"""Labelled landmarks: what `train.data.label` writes and every recipe reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.joints import INDEX_MCP, KNUCKLES, PINKY_MCP, TIPS, WRIST
from edge.types import Hand
from train.arrays import DAMAGE, write_arrays
from train.data.datasets import NEVER_TRAINED, Photo

# The views of one hand: what the hand models say of it each time (train.data.views). They differ
# as much as frames differ on a device. "found": as `fingerspell read` sees it. "mirrored": in the
# mirrored picture. "altered": in a region that is a little off, and in another light. "lite": by
# the lite model instead of the full one.
VIEWS = (
    "found", "mirrored", "altered", "altered mirrored", "altered again", "altered mirrored again",
    "lite", "lite mirrored", "lite altered", "lite altered mirrored",
)  # fmt: skip
DOUBTFUL = Path(__file__).parents[1] / "letters" / "doubtful.json"
# Pooled features of MediaPipe 0.10.18's full landmark model; the lite one has fewer.
POOLED = 1152


@dataclass(frozen=True)
class Rows:
    """Hands in photographs: N rows, a hand each.

    xyz: (N, V, 21, 3) float32 in pixels of the picture, V as in VIEWS; NaN where a view has none.
    left: (N, V) bool, the model's handedness, for the picture as it is.
    presence: (N, V) float32, 0..1; 0 where a view has no hand.
    pooled: (N, V, POOLED) float16, what the landmark model saw (`Hand.pooled`), filled up with
        zeros; all zero where a view has no hand, and (N, V, 0) where no pictures were at hand.
    missed: (N,) bool, a photograph in which no hand was found.
    label, dataset, signer, sitting, path: (N,) text, as in `Photo`.
    """

    xyz: npt.NDArray[np.float32]
    left: npt.NDArray[np.bool_]
    presence: npt.NDArray[np.float32]
    pooled: npt.NDArray[np.float16]
    missed: npt.NDArray[np.bool_]
    label: npt.NDArray[np.str_]
    dataset: npt.NDArray[np.str_]
    signer: npt.NDArray[np.str_]
    sitting: npt.NDArray[np.str_]
    path: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.label)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """Returns the chosen rows, (N,) bool."""
        return Rows(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def save(self, path: Path) -> None:
        """Writes one .npz file, whole or not at all."""
        write_arrays(path, {f.name: getattr(self, f.name) for f in fields(self)})


def load(path: Path) -> Rows:
    """Reads what `Rows.save` wrote; raises UsageError for any other file, and for other VIEWS."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            rows = Rows(**{f.name: kept[f.name] for f in fields(Rows)})
    except DAMAGE as error:
        raise UsageError(
            f"{path} holds no labelled landmarks; run: python -m train.data.label"
        ) from error
    if rows.xyz.shape[1:] != (len(VIEWS), 21, 3):
        raise UsageError(f"{path} was labelled with other views; run: python -m train.data.label")
    return rows


def collections(data: Path) -> Path:
    """Returns the file of the landmark collections; raises UsageError if it is not there."""
    path = data / "landmarks" / "static.npz"
    if not path.is_file():
        raise UsageError(f"no landmark collections in {path.parent}")
    return path


def gathered(data: Path, *, all_of_them: bool = False) -> Rows:
    """Reads the landmark collections in DATA/landmarks, one view each.

    Pictures are taken to be 4:3, which most were. Handedness was not recorded: see `is_left`.
    Letters that are another sign than their label says are left out (train.letters.doubtful).

    all_of_them: leave none out.
    """
    path = collections(data)
    try:
        facts = json.loads(path.with_name("collections.json").read_bytes())
        with np.load(path) as file:
            xyz = file["xyz"].astype(np.float32) * np.array([4 / 3, 1, 4 / 3], np.float32)
            label, whose = file["label"], file["collection"]
    except DAMAGE as error:
        raise UsageError(f"the landmark collections in {path.parent} cannot be read") from error
    n, v = len(label), len(VIEWS)
    views = np.full((n, v, 21, 3), np.nan, np.float32)
    views[:, 0] = xyz
    signer = np.array([fact["collection"] for fact in facts])[whose]
    rows = Rows(
        xyz=views,
        left=np.repeat(is_left(xyz)[:, None], v, 1),
        presence=np.repeat(np.array([[1.0] + [0.0] * (v - 1)], np.float32), n, 0),
        pooled=np.zeros((n, v, 0), np.float16),
        missed=np.zeros(n, bool),
        label=label,
        dataset=np.full(n, "gathered"),
        signer=signer,
        sitting=signer,
        path=np.char.add(signer, [f"/{i}" for i in range(n)]),
    )
    if all_of_them:
        return rows
    doubtful = json.loads(DOUBTFUL.read_bytes())
    keep = [label not in doubtful.get(who, "") for who, label in zip(signer, label, strict=True)]
    return rows.where(np.array(keep))


def is_left(xyz: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Returns which hands are left ones, (N,), of (N, 21, 3): fingers bend towards the palm.

    Right for 98.4 % of 5,600 photographed right hands; the landmark model itself is right for
    98.6 % (train/LOG.md, 2026-11-21).
    """
    wrist = xyz[:, WRIST]
    palm = np.cross(xyz[:, INDEX_MCP] - wrist, xyz[:, PINKY_MCP] - wrist)
    bend = (xyz[:, list(TIPS[1:])] - xyz[:, list(KNUCKLES)]).sum(1)
    return np.asarray((palm * bend).sum(1) < 0)


def to_train_on(rows: Rows) -> Rows:
    """Returns the rows without those of photographs that no training uses."""
    return rows.where(~np.char.startswith(rows.path, NEVER_TRAINED))


def join(parts: Sequence[Rows]) -> Rows:
    """Returns the rows of all parts, in order; pooled features only if all parts have them."""
    if len({part.pooled.shape[-1] for part in parts}) > 1:
        parts = [replace(part, pooled=part.pooled[..., :0]) for part in parts]
    names = [f.name for f in fields(Rows)]
    return Rows(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def row(photo: Photo, views: Sequence[Hand | None]) -> Rows:
    """Returns one row: a hand in a photograph, seen in as many views as there are VIEWS."""
    xyz = np.full((1, len(VIEWS), 21, 3), np.nan, np.float32)
    left = np.zeros((1, len(VIEWS)), bool)
    presence = np.zeros((1, len(VIEWS)), np.float32)
    pooled = np.zeros((1, len(VIEWS), POOLED), np.float16)
    for v, hand in enumerate(views):
        if hand is not None:
            xyz[0, v], left[0, v] = hand.landmarks, hand.handedness == "left"
            presence[0, v] = hand.presence
            if hand.pooled is not None:
                pooled[0, v, : len(hand.pooled)] = hand.pooled
    texts = {
        name: np.array([getattr(photo, name)])
        for name in ("label", "dataset", "signer", "sitting", "path")
    }
    missed = np.array([views[0] is None])
    return Rows(xyz=xyz, left=left, presence=presence, pooled=pooled, missed=missed, **texts)
