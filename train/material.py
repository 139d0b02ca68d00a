"""What the letter model is trained on: hands, what each counts, and an epoch's looks at them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.letters import features
from train import augment
from train.alphabets import allowed
from train.augment import Amounts, Floats
from train.datasets import NONE
from train.landmarks import Rows


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is trained; two runs of one recipe differ by rounding only."""

    seed: int = 1
    members: int = 4
    width: int = 192
    dropout: float = 0.25
    epochs: int = 60
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1e-3
    smoothing: float = 0.03
    other_alphabet: float = 0.2  # weight of the loss in the alphabet that a sign is not of
    nothing: float = 0.35  # made-up hands without a sign, as a share of the real hands
    nothing_weight: float = 0.5
    apart: float = 1.2  # rms distance, in palm sizes, from which half-way is no letter
    agreement: float = 0.6  # landmark collections that agree less with ASL are left out
    gathered: float = 0.25  # share of the landmark collections' hands that each epoch draws
    temperature: float = 1.0  # logits are divided by it after training; see train.evaluate
    balance: float = 0.5  # each signer's weight is its count to this power
    amounts: Amounts = field(default_factory=Amounts)


@dataclass(frozen=True)
class Hands:
    """Training material: N real hands, with the looks that were had of each.

    xyz: (N, V, 21, 3) as `augment.upright` gives them; seen: (N, V) which views there are.
    label: (N,) text. right: (N, A, L) and weight: (N, A), as `allowed` gives them, times how much
    each hand counts.
    """

    xyz: Floats
    seen: npt.NDArray[np.bool_]
    label: npt.NDArray[np.str_]
    right: npt.NDArray[np.bool_]
    weight: Floats
    drawn: Floats  # (N,) chance of being drawn in an epoch


def hands_of(rows: Rows, recipe: Recipe) -> Hands:
    """Prepares the rows in which a hand was found."""
    rows = rows.where(~rows.missed)
    n, v = rows.left.shape
    seen = ~np.isnan(rows.xyz[:, :, 0, 0])
    xyz = augment.upright(rows.xyz.reshape(-1, 21, 3), rows.left.reshape(-1)).reshape(n, v, 21, 3)
    right, weight = _targets(rows.label, recipe)
    drawn = np.where(rows.dataset == "gathered", recipe.gathered, 1.0).astype(np.float32)
    return Hands(xyz, seen, rows.label, right, weight * _balance(rows, recipe)[:, None], drawn)


def _targets(labels: npt.NDArray[np.str_], recipe: Recipe) -> tuple[npt.NDArray[np.bool_], Floats]:
    names, which = np.unique(labels, return_inverse=True)
    tables = [allowed(str(name)) for name in names]
    weight = np.stack([w for _, w in tables])[which]
    weight = np.where(weight < 0, recipe.other_alphabet, weight).astype(np.float32)
    return np.stack([r for r, _ in tables])[which], weight


def _balance(rows: Rows, recipe: Recipe) -> Floats:
    """Returns (N,) weights, 1 on average, so that a prolific signer or label does not rule."""
    out = np.ones(len(rows), np.float64)
    whose = np.char.add(np.char.add(rows.dataset, "/"), rows.signer)
    for column in (whose, rows.label):
        _, which, count = np.unique(column, return_inverse=True, return_counts=True)
        out *= (count ** (recipe.balance - 1.0))[which]
    return np.asarray(out / out.mean(), np.float32)


def epoch(hands: Hands, recipe: Recipe, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns features (M, SIZE) and packed targets (M, A * L + A) for one epoch."""
    chosen = np.flatnonzero(random.random(len(hands.drawn)) < hands.drawn)
    n = len(chosen)
    label, seen = hands.label[chosen], hands.seen[chosen]
    view = np.argmax(random.random(seen.shape) * seen, 1)
    xyz = hands.xyz[chosen, view]
    parts = [(xyz, hands.right[chosen], hands.weight[chosen])]
    made = int(n * recipe.nothing)
    for make in (augment.between, augment.mixed):
        a, b = random.integers(0, n, (2, made))
        new = make(xyz[a], xyz[b], random)
        far = np.sqrt(((xyz[a] - xyz[b]) ** 2).sum(2).mean(1)) > recipe.apart
        keep = far & (label[a] != label[b])
        if not keep.any():
            continue
        right, weight = _targets(np.full(int(keep.sum()), NONE), recipe)
        parts.append((new[keep], right, weight * recipe.nothing_weight))
    shapes, right, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    x = features(augment.looks(shapes, random, recipe.amounts), np.zeros(len(shapes), bool))
    return x, np.concatenate([right.reshape(len(x), -1), weight], 1, dtype=np.float32)


def samples(hands: Hands, recipe: Recipe) -> tuple[Floats, npt.NDArray[np.str_]]:
    """Returns (N, SIZE) features of hands as they are, and made-up ones, and what each shows."""
    random = np.random.default_rng(recipe.seed)
    chosen = np.flatnonzero(random.random(len(hands.drawn)) < hands.drawn)
    view = np.argmax(hands.seen[chosen], 1)
    real = features(hands.xyz[chosen, view], np.zeros(len(chosen), bool))
    made, _ = epoch(hands, recipe, random)
    return np.concatenate([real, made[len(chosen) :]]), np.concatenate(
        [hands.label[chosen], np.full(len(made) - len(chosen), "")]
    )
