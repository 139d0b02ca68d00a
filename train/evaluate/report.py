"""The evaluation as people read it: tables in Markdown, and one HTML page with its plots inside.

Figures of `train.evaluate.figures` in, files out; it knows nothing of models.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.files import write
from train.evaluate.figures import SURE, confusion
from train.evaluate.readings import Readings
from train.letters.alphabets import DIGITS, LETTERS
from train.report import plots
from train.report.document import Block, Picture, Table, Text, markdown, page, percent

TITLE = "How well the letter model reads signers it never saw"
HOW = (
    "Every photograph was read by a model that had not seen its signer in training. A hand that "
    "was not found counts as wrong. Square brackets hold 95 % intervals (Wilson); they take "
    "photographs as independent, which photographs of one signer are not (and lee holds most of "
    "its photographs three times), so the spread over sets and signers says more than they do."
)
NOTES = {
    "sets": (
        "One data set is left out after the other, with its camera and its way of signing. The "
        "mean, each set counting alike, is the headline. *both*: letters and digits read together, "
        "either label of a shape that two share being right. *sure*: with a score of "
        f"{SURE} or more. *mean score* equals *of those* where scores are honest."
    ),
    "signers": (
        "One person is left out after the other, while others of the same data set are trained on: "
        "a new signer before a known camera. Both sittings of a folder of multiuser are left out "
        "together, with scenes and crops, since they are sometimes one person; sittings are named "
        "a and b. The students of ardamavi are left out in groups. kaggle_alphabet and lee are one "
        "signer each, or nearly so. In the mean each row counts alike."
    ),
    "labels": "Counts over the sets left out; a hand that was not found lowers recall alone.",
    "calibration": (
        "Share right against score, over hands found in sets left out. ECE, the expected "
        "calibration error, is the mean distance between the two, weighted by hands, in 15 bins."
    ),
    "no sign": f"Hands that make no sign, read as some letter with a score of {SURE} or more.",
}


def blocks(figures: Mapping[str, Any], tables: Mapping[str, Any]) -> list[Block]:
    """Returns the report; tables: (labels, counts) of each alphabet, as for plots.confusion."""
    sets, people = figures["sets"], figures["signers"]
    worst_set, worst = figures["worst set"], figures["worst signer"]
    return [
        Text(TITLE, 1),
        Text(HOW),
        Text(
            f"**{percent(figures['mean'])}** over the sets left out; the worst, {worst_set}: "
            f"{percent(sets[worst_set])}. Without J and Z, which are motions and are measured as "
            f"such elsewhere: {percent(figures['mean without J and Z'])}. "
            f"**{percent(figures['mean signer'])}** over the signers left out; the worst, {worst}: "
            f"{percent(people[worst])}."
        ),
        Text("Sets left out", 2),
        Text(NOTES["sets"]),
        _sets(figures),
        Picture(plots.accuracies(sets, figures["mean accuracy"]), "Sets left out"),
        Text("Commonest mistakes, shown>read:"),
        Table(["set", "mistakes"], [[name, _counts(f["confused"])] for name, f in sets.items()]),
        Text("Signers left out", 2),
        Text(NOTES["signers"]),
        _signers(figures),
        Picture(plots.accuracies(people, figures["mean signer"]["accuracy"]), "Signers left out"),
        Text("What is taken for what", 2),
        Text(NOTES["labels"]),
        Picture(plots.confusion(tables), "Confusion matrix, sets left out", "confusion.png"),
        *_labels(figures["labels"]),
        Picture(plots.by_label(figures["labels"]), "Precision, recall and F1"),
        Text("Whether scores are honest", 2),
        Text(NOTES["calibration"]),
        Picture(plots.reliability(figures["calibration"]), "Reliability"),
        Table(
            ["alphabet", "hands", "ECE"],
            [
                [name, str(sum(s["hands"] for s in c["steps"])), f"{c['ECE']:.3f}"]
                for name, c in figures["calibration"].items()
            ],
        ),
        Text("Hands that make no sign", 2),
        Text(NOTES["no sign"]),
        Table(
            ["set left out", "hands", "taken for a letter", "for which"],
            [
                [
                    name,
                    str(f["hands"]),
                    percent({"accuracy": f["claimed"], **f}),
                    _counts(f["as"]),
                ]
                for name, f in figures["no sign"].items()
            ],
        ),
    ]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counts.items())


def _sets(figures: Mapping[str, Any]) -> Table:
    shares = ("found", "of_found", "lite", "both", "sure", "sure_wrong", "belief")
    head = ["set left out", "photographs", "accuracy, missed = wrong", "without J and Z",
            "hand found", "of those", "lite model", "both", "right and sure", "wrong and sure",
            "mean score", "ECE", "worst signer"]  # fmt: skip
    rows = []
    for name, f in figures["sets"].items():
        worst = f["worst signer"]
        who = f"{worst['signer']}: {percent(worst)}" if worst else ""
        cells = [f"{100 * f[key]:.1f} %" for key in shares]
        still = percent(f["without J and Z"])
        rows.append(
            [name, str(f["photographs"]), percent(f), still, *cells, f"{f['ECE']:.3f}", who]
        )
    mean = [percent(figures[key]) for key in ("mean", "mean without J and Z")]
    rows.append(["**mean**", "", f"**{mean[0]}**", mean[1], *[""] * (len(head) - 4)])
    return Table(head, rows)


def _signers(figures: Mapping[str, Any]) -> Table:
    rows = []
    for name, f in figures["signers"].items():
        sittings = ", ".join(f"{who} {percent(s)}" for who, s in f["sittings"].items())
        cells = [str(f["photographs"]), percent(f), sittings, _counts(f["confused"])]
        rows.append([name, *cells])
    mean = percent(figures["mean signer"])
    rows.append(["**mean**", "", f"**{mean}**", "", ""])
    return Table(["signer left out", "photographs", "accuracy", "sittings", "mistakes"], rows)


def _labels(tables: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[Table]:
    return [
        Table(
            [alphabet, "photographs", "precision", "recall", "F1"],
            [
                [label, f"{row['photographs']:.0f}"]
                + [f"{100 * row[kind]:.1f} %" for kind in ("precision", "recall", "F1")]
                for label, row in table.items()
            ],
        )
        for alphabet, table in tables.items()
    ]


def _csv(tables: Mapping[str, tuple[Sequence[str], npt.NDArray[np.intp]]]) -> str:
    """Returns all confusion matrices as one: a row a label shown, a column a label read."""
    columns = [label for labels, _ in tables.values() for label in labels]
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["shown", *columns, "no hand found"])
    for labels, counts in tables.values():
        for label, line in zip(labels, counts.tolist(), strict=True):
            read = dict(zip(labels, line, strict=False))
            rows.writerow([label, *(read.get(column, 0) for column in columns), line[-1]])
    return out.getvalue()


def write_all(out: Path, figures: Mapping[str, Any], left_out: Readings) -> None:
    """Writes letters.json, .md and .html, confusion.png and .csv into `out`."""
    tables = {
        name: (labels, confusion(left_out.of(labels), labels))
        for name, labels in (("letters", LETTERS), ("digits", DIGITS))
    }
    parts = blocks(figures, tables)
    out.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if isinstance(part, Picture) and part.file:
            write(out / part.file, part.png)
    write(out / "confusion.csv", _csv(tables).encode())
    write(out / "letters.md", markdown(parts).encode())
    write(out / "letters.html", page(TITLE, parts).encode())
    write(out / "letters.json", json.dumps(figures, indent=1).encode() + b"\n")
