"""Trains the letter model: landmarks -> letters, digits, or no sign.

    python -m train.letters --landmarks FOLDER/hands.npz --out FOLDER

Writes letters.keras, calibration.npz (for convert.quantize) and training.json (for the manifest).
A few small networks side by side, their logits averaged, make one model; it gives a logit for
each label and one for "no sign". Each alphabet is a softmax over its own labels and "no sign", and
each is trained as it will be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from convert.quiet_tensorflow import keras, silenced, tf
from edge.errors import FingerspellError
from edge.letters import FEATURES, SIZE, features
from train import augment, landmarks
from train.augment import Amounts, Floats
from train.datasets import EMPTY, NO_LETTER, NONE
from train.landmarks import Rows

SUMMARY = "Trains the letter model: landmarks -> letters, digits, or no sign."
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = tuple("0123456789")
LABELS = (*LETTERS, *DIGITS, NONE)
ALPHABETS = {"letters": LETTERS, "digits": DIGITS, "both": (*LETTERS, *DIGITS)}
# One hand shape each; F and 9 differ in nothing that a still shows.
SHARED = (("O", "0"), ("V", "2"), ("W", "6"), ("F", "9"))
# Shapes of one alphabet that a careless signer makes for a sign of the other: when it is shown
# and the other alphabet is in use, nothing is asked of the model.
AKIN = frozenset("BCDEGHKLRSUX14357")
_INDEX = {label: i for i, label in enumerate(LABELS)}


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
    balance: float = 0.5  # each signer's weight is its count to this power
    amounts: Amounts = field(default_factory=Amounts)


def allowed(label: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Returns which outputs are right for a hand labelled so: (3, L) bool, and (3,) weights.

    One row an alphabet, in the order of ALPHABETS; weight 0: nothing is asked there.
    """
    right = np.zeros((len(ALPHABETS), len(LABELS)), bool)
    weight = np.ones(len(ALPHABETS), np.float32)
    twin = {**dict(SHARED), **{b: a for a, b in SHARED}}.get(label)
    for a, alphabet in enumerate(ALPHABETS.values()):
        if label in (NONE, EMPTY) or (label == NO_LETTER and alphabet == LETTERS):
            right[a, _INDEX[NONE]] = True
        elif label == NO_LETTER:
            weight[a] = 0
        else:
            for sign in (label, twin):
                if sign in alphabet:
                    right[a, _INDEX[sign]] = True
            if label not in alphabet:
                weight[a] = -1  # the other alphabet: weighed by the recipe
                if twin is None:
                    right[a, _INDEX[NONE]] = True
                    weight[a] = 0 if label in AKIN else -1
    return right, weight


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
    return (out / out.mean()).astype(np.float32)


def _epoch(hands: Hands, recipe: Recipe, random: np.random.Generator) -> tuple[Floats, Floats]:
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
        right, weight = _targets(np.full(int(keep.sum()), NONE), recipe)
        parts.append((new[keep], right, weight * recipe.nothing_weight))
    shapes, right, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    x = features(augment.looks(shapes, random, recipe.amounts), np.zeros(len(shapes), bool))
    return x, np.concatenate([right.reshape(len(x), -1), weight], 1, dtype=np.float32)


_MASKS = np.array(
    [[label in alphabet or label == NONE for label in LABELS] for alphabet in ALPHABETS.values()]
)


def _loss(smoothing: float) -> Any:
    """Returns the loss: for each alphabet, minus the log of what the right labels get together."""
    masks = tf.constant(np.where(_MASKS, 0.0, -1e9), tf.float32)
    spread = tf.constant(_MASKS / _MASKS.sum(1, keepdims=True), tf.float32)
    size = _MASKS.size

    def loss(y_true: Any, y_pred: Any) -> Any:
        right = tf.reshape(y_true[:, :size], (-1, 1, *_MASKS.shape))
        weight = y_true[:, size:]
        log_p = tf.nn.log_softmax(y_pred[:, :, None, :] + masks, axis=-1)  # (B, members, A, L)
        hit = tf.reduce_logsumexp(log_p + (right - 1) * 1e9, axis=-1)
        even = tf.reduce_sum(tf.maximum(log_p, -1e6) * spread, axis=-1)
        each = -(1 - smoothing) * hit - smoothing * even
        return tf.reduce_mean(each, axis=1) * weight  # (B, A)

    return loss


def _networks(recipe: Recipe) -> tuple[Any, Any]:
    """Returns two models over the same layers: logits member by member, and their mean."""
    inputs = keras.Input((SIZE,), name="features")
    logits = []
    for _ in range(recipe.members):
        x = keras.layers.Dense(recipe.width)(inputs)
        x = keras.layers.ReLU(max_value=6.0)(x)
        x = keras.layers.Dropout(recipe.dropout)(x)
        x = keras.layers.Dense(recipe.width)(x)
        x = keras.layers.ReLU(max_value=6.0)(x)
        x = keras.layers.Dropout(recipe.dropout)(x)
        logits.append(keras.layers.Dense(len(LABELS))(x))
    members = keras.layers.Concatenate()(logits)
    members = keras.layers.Reshape((recipe.members, len(LABELS)))(members)
    mean = keras.layers.Average()(logits) if recipe.members > 1 else logits[0]
    return keras.Model(inputs, members), keras.Model(inputs, mean)


def fit(hands: Hands, recipe: Recipe, *, show: bool = False) -> Any:
    """Trains and returns a Keras model: features (B, SIZE) -> logits (B, L)."""
    keras.utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    trained, model = _networks(recipe)
    steps = recipe.epochs * -(-len(_epoch(hands, recipe, random)[0]) // recipe.batch)
    trained.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(recipe.rate, steps),
            weight_decay=recipe.decay,
        ),
        loss=_loss(recipe.smoothing),
        jit_compile=False,
    )
    for _ in tqdm(range(recipe.epochs), unit="epoch", disable=not show):
        x, y = _epoch(hands, recipe, random)
        trained.fit(x, y, batch_size=recipe.batch, epochs=1, verbose=0)
    return model


NORMALISATION = (
    "landmarks moved to the palm's middle, divided by the palm's size (root of the sum of squares "
    "of wrist and knuckles), a left hand mirrored; positions, bone directions, distances"
)


def words(rows: Rows, recipe: Recipe, figures: dict[str, Any]) -> dict[str, Any]:
    """Returns what the manifest is to say of a model trained on these rows."""
    found = rows.where(~rows.missed)
    names, counts = np.unique(found.dataset, return_counts=True)
    return {
        "inputs": [f"{SIZE} features of one hand, see edge.letters.features"],
        "outputs": ["a logit for each label; softmax over an alphabet and none gives scores"],
        "features": FEATURES,
        "normalisation": NORMALISATION,
        "colour_order": None,
        "labels": LABELS,
        "alphabets": ALPHABETS,
        "shared": SHARED,
        "training": {
            "hands": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "recipe": asdict(recipe),
        },
        "figures": figures,
        "licence": "Apache-2.0",
    }


def samples(hands: Hands, recipe: Recipe) -> tuple[Floats, npt.NDArray[np.str_]]:
    """Returns (N, SIZE) features of hands as they are, and made-up ones, and what each shows."""
    random = np.random.default_rng(recipe.seed)
    chosen = np.flatnonzero(random.random(len(hands.drawn)) < hands.drawn)
    view = np.argmax(hands.seen[chosen], 1)
    real = features(hands.xyz[chosen, view], np.zeros(len(chosen), bool))
    made, _ = _epoch(hands, recipe, random)
    return np.concatenate([real, made[len(chosen) :]]), np.concatenate(
        [hands.label[chosen], np.full(len(made) - len(chosen), "")]
    )


def train(rows: Rows, out: Path, recipe: Recipe, figures: dict[str, Any]) -> None:
    """Trains on all rows and writes letters.keras, calibration.npz and training.json into `out`."""
    hands = hands_of(rows, recipe)
    model = fit(hands, recipe, show=sys.stderr.isatty())
    x, label = samples(hands, recipe)
    out.mkdir(parents=True, exist_ok=True)
    with silenced():
        model.save(out / "letters.keras")
    np.savez_compressed(out / "calibration.npz", x=x, label=label)
    text = json.dumps(words(rows, recipe, figures), indent=1)
    (out / "training.json").write_text(text + "\n")


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.letters", description=SUMMARY)
    parser.add_argument("--landmarks", type=Path, required=True, help="hands.npz of train.label")
    parser.add_argument("--data", type=Path, help="train on DATA/landmarks too")
    parser.add_argument("--figures", type=Path, help="figures.json of train.evaluate")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    args = parser.parse_args()
    recipe = Recipe(seed=args.seed, epochs=args.epochs)
    try:
        rows = landmarks.load(args.landmarks)
        if args.data:
            rows = landmarks.join([rows, landmarks.gathered(args.data, recipe.agreement)])
        figures = json.loads(args.figures.read_bytes()) if args.figures else {}
        train(rows, args.out, recipe, figures)
    except FingerspellError as error:
        print(f"train.letters: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{args.out / 'letters.keras'}; next: python -m convert.quantize")
    return 0


if __name__ == "__main__":
    sys.exit(main())
