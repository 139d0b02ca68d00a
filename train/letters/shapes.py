"""Makes the table of how letters usually look, for the advice of `fingerspell practice`.

    python -m train.letters.shapes --data ../shared/data --out edge/handshapes/shapes.json \
        --figures train/results/shapes.json

Reads the landmark collections but those in doubt, takes the measures of edge/handshapes/anatomy.py,
and writes their medians and spreads by letter. The figures say how often the advice is true: the
table of one half of the collections advises the hands of the other half. One minute on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import command
from edge.files import write
from edge.handshapes.advice import DIFFER, Measures, differing
from edge.handshapes.anatomy import MEASURES, measure
from train.data.landmarks import Rows, gathered

SUMMARY = "Makes the table of how letters usually look, for the advice of `fingerspell practice`."
DRAWN = "JZ"  # they are movements; advice is about shapes that are held
MOST = 20  # hands of one letter in one collection: more are nearly the same picture
# The least spread of each measure: what landmarks of one still hand move by, about, in the same
# units. Without it a letter whose finger is always straight would have none. By choice.
LEAST_SPREAD = np.array([0.06] * 4 + [0.12, 0.1, 0.12, 0.08, 0.08, 0.12, 0.12, 0.15, 0.15])

Table = dict[str, tuple[Measures, Measures]]


def measured(rows: Rows, seed: int = 0) -> tuple[npt.NDArray[np.float64], Rows]:
    """Returns the measures of at most MOST hands of each letter and collection, and their rows."""
    order = np.random.default_rng(seed).permutation(len(rows))
    taken: dict[tuple[str, str], int] = {}
    chosen = np.zeros(len(rows), bool)
    for n in order:
        key = str(rows.label[n]), str(rows.signer[n])
        if not key[0].isalpha() or key[0] in DRAWN or taken.get(key, 0) >= MOST:
            continue
        taken[key] = taken.get(key, 0) + 1
        chosen[n] = True
    kept = rows.where(chosen)
    return np.array([measure(hand) for hand in kept.xyz[:, 0]]), kept


def table_of(measures: npt.NDArray[np.float64], labels: npt.NDArray[Any]) -> Table:
    """Returns median and spread of each measure by letter; the spread is that of the quartiles."""
    table = {}
    for label in np.unique(labels):
        low, median, high = np.quantile(measures[labels == label], [0.25, 0.5, 0.75], axis=0)
        # Of normally distributed values, quartiles lie 1.35 standard deviations apart.
        table[str(label)] = median, np.maximum((high - low) / 1.35, LEAST_SPREAD)
    return table


def figures(measures: npt.NDArray[np.float64], rows: Rows) -> dict[str, Any]:
    """Says how often advice is given and true, for hands of people whom the table does not know.

    A hand shows X where Y is asked for. The advice is true if the people who are advised form X and
    Y differently in this measure, in the way that it says, by half a spread or more.
    """
    names = np.unique(rows.signer)
    known = np.isin(rows.signer, names[::2])
    table = table_of(measures[known], rows.label[known])
    truth = table_of(measures[~known], rows.label[~known])
    count = dict.fromkeys(("own", "own advised", "other", "advised", "true"), 0)
    by_letter: dict[str, list[int]] = {letter: [0, 0, 0] for letter in table}
    for hand, label in zip(measures[~known], rows.label[~known], strict=True):
        count["own"] += 1
        count["own advised"] += differing(str(label), None, hand, table) is not None
        for asked in table:
            if asked == label:
                continue
            found = differing(asked, str(label), hand, table)
            usual, spread = truth[asked]
            other = truth[str(label)][0]
            apart = (other - usual) / spread
            is_true = found is not None and apart[found[0]] * (1 if found[1] else -1) >= 0.5
            for n, happened in enumerate((True, found is not None, is_true)):
                by_letter[asked][n] += happened
    count["other"], count["advised"], count["true"] = np.sum(list(by_letter.values()), 0).tolist()
    shares = {
        letter: round(true / max(1, told), 3) for letter, (_, told, true) in by_letter.items()
    }
    worst = min(shares, key=lambda letter: shares[letter])
    return {
        "collections": {"of the table": len(names[::2]), "advised": len(names[1::2])},
        "another letter is advised": round(count["advised"] / count["other"], 3),
        "of this advice is true": round(count["true"] / count["advised"], 3),
        "worst letter": [worst, shares[worst]],
        "the letter itself, if it were not read, is advised": round(
            count["own advised"] / count["own"], 3
        ),
        "differ": DIFFER,
    }


@command("train.letters.shapes")
def main(argv: Sequence[str] | None = None) -> int:
    """Reads the command line, and writes the table and the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.letters.shapes", description=SUMMARY)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="JSON")
    parser.add_argument("--figures", type=Path, metavar="JSON")
    arguments = parser.parse_args(argv)
    measures, rows = measured(gathered(arguments.data))
    table = {
        letter: {"median": np.round(median, 3).tolist(), "spread": np.round(spread, 3).tolist()}
        for letter, (median, spread) in table_of(measures, rows.label).items()
    }
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in table.items())
    head = json.dumps(list(MEASURES))
    write(arguments.out, f'{{"measures": {head},\n "letters": {{\n{lines}\n}}}}\n'.encode())
    said = figures(measures, rows)
    print(json.dumps(said, indent=1))
    if arguments.figures:
        made_by = f"python -m train.letters.shapes --data {arguments.data} --out {arguments.out}"
        write(arguments.figures, json.dumps({"command": made_by, **said}, indent=1).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
