"""Reads every labelled photograph with a model that never saw its signer, and reports.

    python -m train.evaluate --landmarks FOLDER/hands.npz [--data ../shared/data] [--out FOLDER]

Two ways of leaving out. Set by set: a whole data set, with its camera and its way of signing; this
gives the headline. Signer by signer: one person of each data set that has several. These persons
share a fold, which makes 13 trainings instead of 21, each a little harder than leaving out one
person alone. Every fold trains the recipe of train.letters on all the rest.

Folds are kept in OUT/folds (train/evaluate/leave_out.py). Writes letters.json (quoted by the
manifest), letters.md, letters.html, confusion.png and confusion.csv into OUT.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from edge.errors import command
from train.arguments import check_numbers
from train.evaluate.figures import figures
from train.evaluate.leave_out import Work, by_sets_and_persons, evaluate
from train.evaluate.report import write_all
from train.letters.material import Recipe

SUMMARY = "Reads every labelled photograph with a model that never saw its signer, and reports."


@command("train.evaluate")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=SUMMARY)
    parser.add_argument(
        "--landmarks", type=Path, required=True, help="hands.npz of train.data.label"
    )
    parser.add_argument("--data", type=Path, help="train on DATA/landmarks too")
    parser.add_argument("--out", type=Path, default=Path("train/results"))
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--processes", type=int, default=2, help="folds trained at once")
    args = parser.parse_args()
    check_numbers(args)
    work = Work(args.landmarks, args.data, Recipe(epochs=args.epochs), args.out / "folds")
    left_out, apart = by_sets_and_persons(evaluate(work, args.processes))
    recipes = {"recipe": asdict(work.recipe), "closed": asdict(work.closed)}
    write_all(args.out, figures(left_out, apart) | recipes, left_out)
    print((args.out / "letters.md").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
