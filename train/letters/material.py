"""What the letter model is trained on: hands, the weight of each, and what an epoch shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.handshapes.letters import features
from edge.types import NONE
from train.data.landmarks import Rows
from train.letters import augment
from train.letters.alphabets import allowed
from train.letters.augment import Amounts, Floats

CALIBRATION = 10_000  # hands by which an int8 model is calibrated and compared with float


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is trained; two runs of one recipe differ by rounding only."""

    seed: int = 1
    members: int = 3
    width: int = 192
    dropout: float = 0.3
    epochs: int = 24
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1e-3
    smoothing: float = 0.03
    other_alphabet: float = 0.2  # weight of the loss in the alphabet that a sign is not of
    nothing: float = 0.35  # made-up hands without a sign, as a share of the real hands
    nothing_weight: float = 0.5
    apart: float = 0.55  # rms distance, in palm sizes, from which half-way is no letter
    temperature: float = 1.0  # logits are divided by it after training; see train.evaluate
    amounts: Amounts = field(default_factory=Amounts)


@dataclass(frozen=True)
class Hands:
    """Training material: N real hands, with the views of each (train.data.landmarks.VIEWS).

    xyz: (N, V, 21, 3) as `augment.upright` gives them. seen: (N, V) bool, which views there are.
    label: (N,) text. right: (N, A, L) and weight: (N, A), as `allowed` gives them.
    """

    xyz: Floats
    seen: npt.NDArray[np.bool_]
    label: npt.NDArray[np.str_]
    right: npt.NDArray[np.bool_]
    weight: Floats


def hands_of(rows: Rows, recipe: Recipe) -> Hands:
    """Prepares the rows in which a hand was found."""
    rows = rows.where(~rows.missed)
    n, v = rows.left.shape
    seen = ~np.isnan(rows.xyz[:, :, 0, 0])
    xyz = augment.upright(rows.xyz.reshape(-1, 21, 3), rows.left.reshape(-1)).reshape(n, v, 21, 3)
    right, weight = _targets(rows.label, recipe)
    return Hands(xyz, seen, rows.label, right, weight)


def _targets(labels: npt.NDArray[np.str_], recipe: Recipe) -> tuple[npt.NDArray[np.bool_], Floats]:
    names, which = np.unique(labels, return_inverse=True)
    tables = [allowed(str(name)) for name in names]
    weight = np.stack([w for _, w in tables])[which]
    weight = np.where(weight < 0, recipe.other_alphabet, weight).astype(np.float32)
    return np.stack([r for r, _ in tables])[which], weight


def epoch(hands: Hands, recipe: Recipe, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns features (M, SIZE) and packed targets (M, A * L + A) for one epoch."""
    n = len(hands.label)
    view = np.argmax(random.random(hands.seen.shape) * hands.seen, 1)
    xyz = hands.xyz[np.arange(n), view]
    parts = [(xyz, hands.right, hands.weight)]
    made = int(n * recipe.nothing)
    for make in (augment.between, augment.mixed):
        a, b = random.integers(0, n, (2, made))
        new = make(xyz[a], xyz[b], random)
        far = np.sqrt(((xyz[a] - xyz[b]) ** 2).sum(2).mean(1)) > recipe.apart
        keep = far & (hands.label[a] != hands.label[b])
        if not keep.any():
            continue
        right, weight = _targets(np.full(int(keep.sum()), NONE), recipe)
        parts.append((new[keep], right, weight * recipe.nothing_weight))
    shapes, right, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    x = features(augment.varied(shapes, random, recipe.amounts), np.zeros(len(shapes), bool))
    return x, np.concatenate([right.reshape(len(x), -1), weight], 1, dtype=np.float32)


def calibration(hands: Hands, recipe: Recipe) -> tuple[Floats, npt.NDArray[np.str_]]:
    """Returns features (M, SIZE) of hands as they are and of made-up ones, and (M,) labels.

    At most CALIBRATION real hands, and made-up ones in the share that an epoch has; a made-up hand
    has the label "", which stands for no right answer.
    """
    random = np.random.default_rng(recipe.seed)
    n = len(hands.label)
    chosen = np.sort(random.permutation(n)[:CALIBRATION])
    view = np.argmax(hands.seen[chosen], 1)
    real = features(hands.xyz[chosen, view], np.zeros(len(chosen), bool))
    made = epoch(hands, recipe, random)[0][n:][:: -(-n // CALIBRATION)]
    label = np.concatenate([hands.label[chosen], np.full(len(made), "")])
    return np.concatenate([real, made]), label
