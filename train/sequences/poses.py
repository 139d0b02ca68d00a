"""A hand's pose as rotations of bones, so that the pose half-way between two is a hand too.

A pose is one row of `SIZE` numbers: two axes of the palm, the palm's joints in the palm's frame,
the direction of each finger bone in the frame of the bone before it, the bones' lengths, and where
the palm is and how large. Lengths are in palm lengths (wrist to middle knuckle). Joints joined by
straight lines in space would shrink fingers on their way from a fist to an open hand; directions
that are relative to the bone before turn by less than half a turn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.joints import INDEX_MCP, KNUCKLES, MIDDLE_MCP, PALM, PINKY_MCP, WRIST

Floats = npt.NDArray[np.float32]

_PALM = list(PALM)
_RIGID = [1, *KNUCKLES]  # joints that hardly move in the palm's frame; the wrist is its origin
_CHAINS = np.array(
    [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17, 18, 19, 20]]
)
AXES, RIGID, BONES, LENGTHS = slice(0, 6), slice(6, 21), slice(21, 66), slice(66, 81)
PLACE, SCALE = slice(81, 83), slice(83, 84)  # of the palm's middle; logarithm of the palm's length
SIZE = 84
PARTS = 6  # of the hand that move by themselves: the palm, and the fingers from the thumb
_OPPOSITE = 0.05  # how near to half a turn a bone may come; there its frame is not defined


def _part_of() -> npt.NDArray[np.intp]:
    """Returns, for each number of a pose, which part of the hand it belongs to."""
    part = np.zeros(SIZE, np.intp)
    part[BONES] = np.repeat(np.arange(1, 6), 9)
    part[LENGTHS] = np.repeat(np.arange(1, 6), 3)
    return part


PART_OF = _part_of()


def encode(landmarks: Floats, unit: float | Floats) -> Floats:
    """Returns (N, SIZE) poses of (N, 21, 3) landmarks of right hands.

    unit: the length in which places and sizes are expressed, in the landmarks' units: one for all,
    or (N,).
    """
    joints = landmarks.astype(np.float32, copy=False)
    wrist = joints[:, WRIST]
    size, turn = _frame(joints)
    out = np.empty((len(joints), SIZE), np.float32)
    out[:, 0:3], out[:, 3:6] = turn[:, :, 1], turn[:, :, 0]
    local = np.einsum(
        "nji,njk->nik", joints[:, _RIGID].transpose(0, 2, 1) - wrist[:, :, None], turn
    )
    out[:, RIGID] = (local / size[:, None, None]).reshape(len(joints), -1)
    chain = joints[:, _CHAINS]  # (N, 5, 4, 3)
    bones = np.diff(chain, axis=2)
    length = np.linalg.norm(bones, axis=-1) + 1e-6
    bones = bones / length[..., None]
    frame = np.repeat(turn[:, None], 5, 1)
    locals_ = np.empty_like(bones)
    for k in range(3):
        direction = np.einsum("nfji,nfj->nfi", frame, bones[:, :, k])
        locals_[:, :, k] = direction
        frame = frame @ _towards(direction)
    out[:, BONES] = locals_.reshape(len(joints), -1)
    out[:, LENGTHS] = (length / size[:, None, None]).reshape(len(joints), -1)
    unit = np.asarray(unit, np.float32).reshape(-1, 1)
    out[:, PLACE] = joints[:, _PALM, :2].mean(1) / unit
    out[:, SCALE] = np.log(size[:, None] / unit)
    return out


def decode(poses: Floats) -> Floats:
    """Returns (N, 21, 3) landmarks in palm lengths; poses may be means of poses."""
    n = len(poses)
    up = _unit(poses[:, 0:3])
    side = poses[:, 3:6] - up * (poses[:, 3:6] * up).sum(1, keepdims=True)
    side = _unit(side)
    turn = np.stack([side, up, np.cross(side, up)], -1)
    out = np.zeros((n, 21, 3), np.float32)
    out[:, _RIGID] = np.einsum("nij,nkj->nki", turn, poses[:, RIGID].reshape(n, 5, 3))
    directions = _unit(poses[:, BONES].reshape(n, 5, 3, 3))
    lengths = poses[:, LENGTHS].reshape(n, 5, 3)
    frame = np.repeat(turn[:, None], 5, 1)
    for k in range(3):
        bone = np.einsum("nfij,nfj->nfi", frame, directions[:, :, k])
        out[:, _CHAINS[:, k + 1]] = out[:, _CHAINS[:, k]] + bone * lengths[:, :, k, None]
        if k < 2:
            frame = frame @ _towards(directions[:, :, k])
    out *= np.exp(poses[:, SCALE])[:, None]
    out -= out[:, _PALM].mean(1, keepdims=True)
    out[..., :2] += poses[:, None, PLACE]
    return out


def blend(before: Floats, after: Floats, share: Floats) -> Floats:
    """Returns poses between two: (N, SIZE) each, share (N, PARTS), 0 the first and 1 the second."""
    weight = share[:, PART_OF]
    return np.asarray(before + weight * (after - before), np.float32)


def _frame(joints: Floats) -> tuple[Floats, Floats]:
    """Returns the palm's length, (N,), and its axes, (N, 3, 3): columns across, along, out."""
    along = joints[:, MIDDLE_MCP] - joints[:, WRIST]
    size = np.linalg.norm(along, axis=-1) + 1e-6
    up = along / size[:, None]
    across = joints[:, INDEX_MCP] - joints[:, PINKY_MCP]
    side = _unit(across - up * (across * up).sum(1, keepdims=True))
    return size, np.stack([side, up, np.cross(side, up)], -1)


def _towards(direction: Floats) -> Floats:
    """Returns the smallest rotation, (..., 3, 3), that takes the y axis to a unit direction."""
    x, c, z = direction[..., 0], direction[..., 1], direction[..., 2]
    d = np.maximum(1 + c, _OPPOSITE)
    out = np.empty((*direction.shape, 3), np.float32)
    out[..., 0, 0], out[..., 0, 1], out[..., 0, 2] = 1 - x * x / d, x, -x * z / d
    out[..., 1, 0], out[..., 1, 1], out[..., 1, 2] = -x, c, -z
    out[..., 2, 0], out[..., 2, 1], out[..., 2, 2] = out[..., 0, 2], z, 1 - z * z / d
    return out


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-6))
