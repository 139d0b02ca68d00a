"""Finds the letters of landmark collections that are another sign than their label says.

    python -m train.letters.doubtful --data ../shared/data

Some collections are of careless signers, some of other countries' alphabets. Each is read by a
model that is trained on three quarters of the collections, this one not among them, and on no
photographs, so that no test set decides what is left out. A letter of a collection that this model
hardly ever reads as such is written to train/letters/doubtful.json, and training leaves it out. Two
minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge.errors import command
from edge.files import write
from edge.handshapes.letters import features
from train.data.landmarks import DOUBTFUL, Rows, gathered
from train.letters.alphabets import DIGITS, LABELS, LETTERS
from train.letters.fit import fit
from train.letters.material import Recipe, hands_of

SUMMARY = "Finds the letters of landmark collections that are another sign than their label says."
PARTS = 4
# Of the hands of one letter in one collection: where fewer are read right, it is another sign.
# Source: train/LOG.md, "Collections read by models that never saw them".
READ_RIGHT = 0.25


def doubtful(rows: Rows, recipe: Recipe) -> dict[str, str]:
    """Returns the letters in doubt by collection, "c00": "NZ"; rows: of all collections."""
    names = np.unique(rows.signer)
    order = np.random.default_rng(recipe.seed).permutation(len(names))
    part = order[np.searchsorted(names, rows.signer)] % PARTS
    right = np.zeros(len(rows), bool)
    for p in tqdm(range(PARTS), unit="part", disable=not sys.stderr.isatty()):
        model = fit(hands_of(rows.where(part != p), recipe), recipe)
        tested = rows.where(part == p)
        logits = np.asarray(model(features(tested.xyz[:, 0], tested.left[:, 0]), training=False))
        right[part == p] = _right(logits, tested)
    found = {}
    for name in names:
        mine = rows.signer == name
        letters = [
            str(label)
            for label in np.unique(rows.label[mine])
            if right[mine & (rows.label == label)].mean() < READ_RIGHT
        ]
        if letters:
            found[str(name)] = "".join(letters)
    return found


def _right(logits: np.ndarray, rows: Rows) -> np.ndarray:
    """Returns which hands are read right, each in the alphabet of its label: (N,) bool."""
    read = np.empty(len(rows), rows.label.dtype)
    for alphabet in (LETTERS, DIGITS):
        mine = np.isin(rows.label, alphabet)
        used = logits[mine][:, [LABELS.index(label) for label in alphabet]]
        read[mine] = np.array(alphabet)[used.argmax(1)]
    return np.asarray(read == rows.label)


@command("train.letters.doubtful")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.letters.doubtful", description=SUMMARY)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds landmarks/")
    args = parser.parse_args()
    rows = gathered(args.data, all_of_them=True)
    found = doubtful(rows, Recipe(members=1, epochs=8))
    write(DOUBTFUL, json.dumps(found, indent=1).encode() + b"\n")
    hands = sum(np.isin(rows.label[rows.signer == n], list(ls)).sum() for n, ls in found.items())
    letters = sum(map(len, found.values()))
    print(f"{letters} letters of {len(found)} collections, {hands} of {len(rows)} hands")
    return 0


if __name__ == "__main__":
    sys.exit(main())
