"""Leave one data set out: how well the letter model reads signers and cameras it never saw.

    python -m train.evaluate --landmarks FOLDER/hands.npz [--data ../shared/data] --out FOLDER

For each data set of photographs, trains the recipe of train.letters on all the others and reads
the one left out. A photograph in which no hand was found counts as wrong. Writes letters.md (the
tables of the README) and letters.json (quoted by the manifest).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.errors import FingerspellError, UsageError
from edge.letters import features
from edge.manifest import write
from train import landmarks
from train.alphabets import ALPHABETS, DIGITS, LABELS, LETTERS
from train.augment import Floats
from train.datasets import NONE
from train.landmarks import VIEWS, Rows
from train.letters import fit
from train.material import Recipe, hands_of

# What is left out together: two readings of the same photographs, or of the same hands.
FOLDS: Mapping[str, tuple[str, ...]] = {
    "kaggle_alphabet": ("kaggle_alphabet",),
    "multiuser": ("multiuser", "multiuser_crop"),
    "massey": ("massey_letters", "massey_digits"),
    "lee": ("lee",),
    "ardamavi": ("ardamavi",),
    "people": ("people", "no_hand"),
}
COLUMNS = ("accuracy", "found", "of_found", "lite", "sure", "sure_wrong", "belief")
FEW = 8  # photographs; of a signer with fewer no accuracy is told
SURE = 0.5  # the score from which a letter is believed, in these tables
SUMMARY = "Leave one data set out: how well the letter model reads signers it never saw."


@dataclass(frozen=True)
class Score:
    """One data set read by a model that never saw it; shares are 0..1.

    accuracy: a missed hand is wrong. found: share of photographs with a hand. of_found: accuracy
    where a hand was found. lite: the same for the lite model's landmarks of these hands.
    sure: share of hands that are right with a score of SURE or more. sure_wrong: wrong with it.
    belief: mean score of the label read; equal to of_found where scores are honest.
    temperature: what the logits would have to be divided by for the likeliest scores.
    signers: accuracy by signer, where there are several. confused: the commonest mistakes,
    "truth>read": count.
    """

    photographs: int
    accuracy: float
    found: float
    of_found: float
    lite: float
    sure: float
    sure_wrong: float
    belief: float
    temperature: float
    signers: dict[str, float]
    confused: dict[str, int]


@dataclass(frozen=True)
class Quiet:
    """Hands that make no sign: share of them that some label claims with a score of SURE."""

    hands: int
    claimed: float


@dataclass(frozen=True)
class Reading:
    """What a model says of N hands in one alphabet.

    label, score: (N,) best labels and their scores. truth: (N,) right labels.
    logits: (N, L + 1) over `signs` and "no sign".
    """

    label: npt.NDArray[np.str_]
    score: Floats
    truth: npt.NDArray[np.str_]
    logits: Floats
    signs: tuple[str, ...]

    def temperature(self) -> float:
        """Returns the divisor of the logits under which the truths are likeliest (Guo 2017)."""
        right = [self.signs.index(label) for label in self.truth]

        def surprise(t: float) -> float:
            return float(-np.log(_softmax(self.logits / t)[np.arange(len(right)), right]).mean())

        return min((float(t) for t in np.geomspace(0.5, 4, 43)), key=surprise)


def _softmax(logits: Floats) -> Floats:
    scores = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(scores / scores.sum(1, keepdims=True))


def read(model: Any, rows: Rows, view: str, alphabet: str) -> Reading:
    """Reads the given view of rows that have it, as edge.letters does."""
    v = VIEWS.index(view)
    logits = np.asarray(model(features(rows.xyz[:, v], rows.left[:, v]), training=False))
    signs = ALPHABETS[alphabet]
    used = logits[:, [LABELS.index(label) for label in (*signs, NONE)]]
    scores = _softmax(used)[:, :-1]
    best = np.array(signs)[scores.argmax(1)]
    return Reading(best, scores.max(1), rows.label, used, signs)


def score(model: Any, rows: Rows, alphabet: str) -> Score:
    """Scores one data set of one alphabet, a row a photograph."""
    seen = ~rows.missed
    found = read(model, rows.where(seen), "found", alphabet)
    lite_seen = ~np.isnan(rows.xyz[:, VIEWS.index("lite"), 0, 0])
    lite = read(model, rows.where(lite_seen), "lite", alphabet)
    right = np.zeros(len(rows), bool)
    right[seen] = found.label == found.truth
    wrong = found.label != found.truth
    names, counts = np.unique(rows.signer, return_counts=True)
    names = names[counts >= FEW] if len(names) > 1 else names[:0]
    pairs = zip(found.truth[wrong], found.label[wrong], strict=True)
    return Score(
        photographs=len(rows),
        accuracy=float(right.mean()),
        found=float(seen.mean()),
        of_found=float(right[seen].mean()),
        lite=float((lite.label == lite.truth).mean()),
        sure=float((~wrong & (found.score >= SURE)).mean()),
        sure_wrong=float((wrong & (found.score >= SURE)).mean()),
        belief=float(found.score.mean()),
        temperature=found.temperature(),
        signers={str(name): float(right[rows.signer == name].mean()) for name in names},
        confused=dict(Counter(f"{a}>{b}" for a, b in pairs).most_common(8)),
    )


def quiet(model: Any, rows: Rows) -> Quiet:
    """Counts the hands without a sign that are taken for a letter."""
    found = read(model, rows.where(~rows.missed), "found", "letters")
    return Quiet(len(found.score), float((found.score >= SURE).mean()))


def evaluate(rows: Rows, more: Rows | None, recipe: Recipe) -> dict[str, Any]:
    """Leaves each fold out in turn; returns the figures, ready for JSON.

    more: hands to train on in every fold (the landmark collections).
    """
    figures: dict[str, Any] = {"sets": {}, "no sign": {}, "recipe": asdict(recipe)}
    folds = {name: sets for name, sets in FOLDS.items() if np.isin(rows.dataset, sets).any()}
    if len(folds) < 2:
        raise UsageError("one data set only: there is nothing left to train on; label more")
    for sets in tqdm(folds.values(), unit="fold", disable=not sys.stderr.isatty()):
        out = np.isin(rows.dataset, sets)
        rest = rows.where(~out)
        model = fit(hands_of(landmarks.join([rest, more]) if more else rest, recipe), recipe)
        for name in sets:
            one = rows.where(rows.dataset == name)
            for alphabet, signs in (("letters", LETTERS), ("digits", DIGITS)):
                signed = one.where(np.isin(one.label, signs))
                if len(signed):
                    figures["sets"][name] = asdict(score(model, signed, alphabet))
            idle = one.where(~np.isin(one.label, (*LETTERS, *DIGITS)) & ~one.missed)
            if len(idle):
                figures["no sign"][name] = asdict(quiet(model, idle))
    accuracies = {name: figure["accuracy"] for name, figure in figures["sets"].items()}
    figures["mean accuracy"] = float(np.mean(list(accuracies.values())))
    figures["worst set"] = min(accuracies, key=lambda name: accuracies[name])
    return figures


def tables(figures: dict[str, Any]) -> str:
    """Returns the figures as Markdown."""
    lines = [
        "| set left out | photographs | accuracy, missed = wrong | hand found | of those | "
        "lite model | right and sure | wrong and sure | mean score | worst signer |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, f in figures["sets"].items():
        worst = min(f["signers"], key=lambda signer: f["signers"][signer], default="")
        cells = [name, str(f["photographs"]), *(f"{f[column]:.1%}" for column in COLUMNS)]
        who = f"{worst}: {f['signers'][worst]:.1%}" if worst else ""
        lines.append(f"| {' | '.join([*cells, who])} |")
    lines.append(f"| **mean** | | **{figures['mean accuracy']:.1%}** | | | | | | | |")
    lines += ["", "| no sign, left out | hands | taken for a letter |", "| --- | --- | --- |"]
    lines += [f"| {n} | {f['hands']} | {f['claimed']:.1%} |" for n, f in figures["no sign"].items()]
    lines += ["", "Commonest mistakes (truth>read):", ""]
    for name, f in figures["sets"].items():
        lines.append(f"- {name}: " + ", ".join(f"{k} {n}" for k, n in f["confused"].items()))
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=SUMMARY)
    parser.add_argument("--landmarks", type=Path, required=True, help="hands.npz of train.label")
    parser.add_argument("--data", type=Path, help="train on DATA/landmarks too")
    parser.add_argument("--out", type=Path, default=Path("train/results"))
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    args = parser.parse_args()
    recipe = Recipe(epochs=args.epochs)
    try:
        rows = landmarks.load(args.landmarks)
        more = landmarks.gathered(args.data) if args.data else None
        figures = evaluate(rows, more, recipe)
        args.out.mkdir(parents=True, exist_ok=True)
        write(args.out / "letters.json", json.dumps(figures, indent=1).encode() + b"\n")
        write(args.out / "letters.md", tables(figures).encode())
    except FingerspellError as error:
        print(f"train.evaluate: {error}", file=sys.stderr)
        return error.exit_code
    print(tables(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
