"""How much of each distortion a reader bears: readings under conditions -> figures and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from train.evaluate.distortions import CAMERA_PX, DISTORTIONS
from train.evaluate.figures import mean_share, share
from train.evaluate.readings import Bools
from train.report import plots
from train.report.document import Block, Picture, Table, Text, percent

BAR = 0.9  # accuracy, or share of the undistorted accuracy; below it too much is lost
UNDER, UNDER_RELATIVE = f"under {BAR:.0%}", f"under {BAR:.0%} of undistorted"
FEW = 10  # photographs of a set; with fewer that are large enough, its accuracy is left out
TITLE = "What light, blur, compression, distance, slant and the other hand cost"
HOW = (
    "The same seeded sample of photographs of each data set was distorted and read the whole way "
    "that `fingerspell read` goes, by the model that never saw the data set. A hand that was not "
    "found counts as wrong. *relative* is the mean as a share of the undistorted one: where a set "
    "is under 90 % to begin with, it alone shows what a distortion costs. The point where accuracy "
    "falls under 90 % is interpolated between the amounts that were measured."
)
HEIGHT = (
    "Hand height: the photograph is scaled until its hand has this height, and put, the "
    f"hand in the middle, into a picture of {CAMERA_PX[0]}x{CAMERA_PX[1]} that is grey around it. "
    "Most photographs show smaller hands than the larger heights: they are enlarged, which adds no "
    "detail, so that the table shows the cost of size alone. *not enlarged* is the mean over sets "
    f"with {FEW} or more photographs whose hand is at least as high, of these photographs alone; "
    "an empty cell means that there are none."
)


def figures(
    dataset: Sequence[str],
    conditions: Sequence[tuple[str, float]],
    right: Bools,
    heights_px: Sequence[float],
) -> dict[str, Any]:
    """Returns the figures, ready for JSON.

    dataset, heights_px: of P photographs. conditions: C pairs of a distortion and an amount; the
    first is the photograph as it came. right: (P, C).
    """
    of_set = {name: np.array([d == name for d in dataset]) for name in dict.fromkeys(dataset)}
    high = np.array(heights_px)
    whole = {name: share(right[own, 0]) for name, own in of_set.items()}
    plain = _measured(of_set, right[:, 0])
    out: dict[str, Any] = {"as it came": {**plain, "sets": whole}, "distortions": {}}
    for name, distortion in DISTORTIONS.items():
        steps = []
        for amount in distortion.amounts:
            if amount == distortion.identity:
                step = {"amount": amount, **plain}
            else:
                column = right[:, conditions.index((name, amount))]
                step = {"amount": amount, **_measured(of_set, column)}
                if distortion.identity is None:
                    step |= _not_enlarged(of_set, column, high >= amount)
            step["relative"] = step["accuracy"] / max(plain["accuracy"], 1e-9)
            steps.append(step)
        out["distortions"][name] = {
            "unit": distortion.unit,
            "steps": steps,
            UNDER: _falls(steps, distortion.identity, None),
            UNDER_RELATIVE: _falls(steps, distortion.identity, plain),
        }
    return out


def _measured(of_set: Mapping[str, Bools], right: Bools) -> dict[str, Any]:
    """Returns the mean over sets with its interval, and each set's accuracy."""
    sets = {name: share(right[own]) for name, own in of_set.items()}
    return {**mean_share(sets), "sets": {name: part["accuracy"] for name, part in sets.items()}}


def _not_enlarged(of_set: Mapping[str, Bools], right: Bools, large: Bools) -> dict[str, Any]:
    enough = {name: own & large for name, own in of_set.items() if (own & large).sum() >= FEW}
    measured = _measured(enough, right) if enough else {}
    count = int(sum(own.sum() for own in enough.values()))
    return {"enlarged": float((~large).mean()), "not enlarged": {"photographs": count, **measured}}


def _falls(
    steps: Sequence[Mapping[str, Any]], identity: float | None, plain: Mapping[str, Any] | None
) -> dict[str, list[float | None]]:
    """Returns, for the mean and each set, the amounts below and above which too much is lost.

    plain: what accuracy is taken as a share of; None: of everything.
    """
    out = {}
    for name in ("mean", *steps[0]["sets"]):
        whole = max(_accuracy(plain, name), 1e-9) if plain else 1.0
        points = [(step["amount"], _accuracy(step, name) / whole) for step in steps]
        out[name] = list(fall(points, identity, BAR))
    return out


def _accuracy(step: Mapping[str, Any], name: str) -> float:
    return float(step["accuracy"] if name == "mean" else step["sets"][name])


def fall(
    points: Sequence[tuple[float, float]], start: float | None, bar: float
) -> tuple[float | None, float | None]:
    """Returns the amounts, under and over `start`, at which accuracy first falls under `bar`.

    points: (amount, accuracy), amounts rising. start: one of the amounts; None: the most accurate.
    Interpolated linearly; None where it never falls, and the start itself where it begins so.
    """
    amounts = [amount for amount, _ in points]
    first = amounts.index(start) if start is not None else int(np.argmax([a for _, a in points]))

    def walk(way: Sequence[tuple[float, float]]) -> float | None:
        if way[0][1] < bar:
            return way[0][0]
        for (near, high), (far, low) in pairwise(way):
            if low < bar:
                return near + (far - near) * (high - bar) / (high - low)
        return None

    return walk(points[first::-1]), walk(points[first:])


def blocks(figures: Mapping[str, Any]) -> list[Block]:
    """Returns the report of `figures`."""
    plain = figures["as it came"]
    sets = list(plain["sets"])
    curves = {
        name: {
            **{s: _curve(part["steps"], s) for s in sets},
            "mean": _curve(part["steps"], "mean"),
        }
        for name, part in figures["distortions"].items()
    }
    units = {name: part["unit"] for name, part in figures["distortions"].items()}
    poor = [s for s in sets if plain["sets"][s]["accuracy"] < BAR]
    kinds = figures["distortions"].items()
    out: list[Block] = [
        Text(TITLE, 1),
        Text(HOW),
        Text(
            "As they came: "
            + ", ".join(f"{s} {percent(plain['sets'][s])}" for s in sets)
            + f"; mean **{percent(plain)}**. Under 90 % to begin with: {', '.join(poor) or 'none'}."
        ),
        Picture(plots.multiples(curves, units, "mean", BAR), TITLE, "robustness.png"),
        Text("Where the mean accuracy falls under 90 %", 2),
        Table(
            ["distortion", "unit", "mean under 90 %", "under 90 % of the undistorted mean"],
            [
                [
                    name,
                    part["unit"],
                    _fall_text(part, UNDER, "mean"),
                    _fall_text(part, UNDER_RELATIVE, "mean"),
                ]
                for name, part in kinds
            ],
        ),
        Text("Set by set, the points under 90 % of the undistorted accuracy:"),
        Table(
            ["distortion", *sets],
            [[name, *(_fall_text(part, UNDER_RELATIVE, s) for s in sets)] for name, part in kinds],
        ),
    ]
    for name, part in kinds:
        out += [Text(f"{name}: {part['unit']}", 2), _steps(part["steps"], sets)]
        if name == "hand height":
            out.append(Text(HEIGHT))
    return out


def _curve(steps: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(step["amount"], _accuracy(step, name)) for step in steps]


def _fall_text(part: Mapping[str, Any], which: str, name: str) -> str:
    if len(part["steps"]) == 2:  # either it is so or not
        plain, changed = (_accuracy(step, name) for step in part["steps"])
        whole = max(plain, 1e-9) if which == UNDER_RELATIVE else 1.0
        return f"{100 * changed / whole:.1f} %"
    low, high = part[which][name]
    if low is not None and low == high:
        return "to begin with"
    amounts = [step["amount"] for step in part["steps"]]
    words = [f"below {low:.3g}"] if low is not None else []
    words += [f"above {high:.3g}"] if high is not None else []
    return ", ".join(words) or f"nowhere from {amounts[0]:g} to {amounts[-1]:g}"


def _steps(steps: Sequence[Mapping[str, Any]], sets: Sequence[str]) -> Table:
    head = ["amount", "mean", "relative", *sets]
    sized = any("enlarged" in step for step in steps)
    rows = []
    for step in steps:
        cells = [f"{100 * step['sets'][s]:.0f} %" for s in sets]
        line = [f"{step['amount']:g}", percent(step), f"{100 * step['relative']:.0f} %", *cells]
        if sized:
            part = step["not enlarged"]
            count = part["photographs"]
            line += [f"{100 * step['enlarged']:.0f} %"]
            line += [f"{percent(part)} of {count}" if count else ""]
        rows.append(line)
    return Table([*head, "enlarged", "not enlarged"] if sized else head, rows)
