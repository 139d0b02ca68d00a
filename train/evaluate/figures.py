"""Figures of readings: accuracies with their intervals, calibration, confusion, F1.

Arithmetic over `Readings`; it knows neither the models nor the pictures that they come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.handshapes.alphabet import DRAWN
from edge.types import NONE
from train.evaluate.readings import Bools, Floats, Readings, best, softmax
from train.letters.alphabets import ALPHABETS, DIGITS, LABELS, LETTERS, SHARED

FEW = 8  # photographs; of a signer with fewer no accuracy is given
SURE = 0.5  # the score from which a reading counts as sure in these figures
# Of the score. Source: Guo et al., "On Calibration of Modern Neural Networks", 2017.
BINS = 15
Z95 = 1.959964  # standard deviations on either side that hold 95 % of a normal distribution
_TWINS = {**dict(SHARED), **{b: a for a, b in SHARED}}


def figures(left_out: Readings, apart: Readings) -> dict[str, Any]:
    """Returns all figures, ready for JSON.

    left_out: each data set, read by a model that never saw it; the headline is of these.
    apart: each person, read by a model that saw others of the same data set.
    """
    sets, idle = {}, {}
    for name in dict.fromkeys(left_out.dataset.tolist()):
        of = left_out.where(left_out.dataset == name)
        for alphabet, signs in (("letters", LETTERS), ("digits", DIGITS)):
            if len(signed := of.of(signs)):
                sets[name] = of_set(signed, alphabet)
        none = of.where(~np.isin(of.truth, (*LETTERS, *DIGITS)) & ~of.missed)
        if len(none):
            idle[name] = _claimed(none)
    people = _people(apart)
    return {
        "sets": sets,
        "mean accuracy": mean_share(sets)["accuracy"],
        "mean": mean_share(sets),
        "mean without J and Z": mean_share({n: f["without J and Z"] for n, f in sets.items()}),
        "worst set": min(sets, key=lambda name: sets[name]["accuracy"]),
        "signers": people,
        "mean signer": mean_share(people),
        "worst signer": min(people, key=lambda name: people[name]["accuracy"]),
        "labels": {
            alphabet: by_label(confusion(left_out.of(signs), signs), signs)
            for alphabet, signs in (("letters", LETTERS), ("digits", DIGITS))
        },
        "calibration": {
            alphabet: _calibration(left_out.of(signs))
            for alphabet, signs in (("letters", LETTERS), ("digits", DIGITS))
        },
        "no sign": idle,
    }


def _people(apart: Readings) -> dict[str, dict[str, Any]]:
    """Returns the accuracy of each person in each data set, with that of each sitting."""
    signed = apart.of((*LETTERS, *DIGITS))
    out = {}
    pairs = zip(signed.dataset.tolist(), signed.person.tolist(), strict=True)
    for dataset, person in sorted(set(pairs)):
        own = signed.where((signed.dataset == dataset) & (signed.person == person))
        names = np.unique(own.signer)
        several = 1 < len(names) <= FEW  # sittings; of students there are too many to name
        out[f"{dataset} {person}" if person != dataset else dataset] = {
            **share(own.right),
            "sittings": {str(n): share(own.right[own.signer == n]) for n in names if several},
            "signers": len(names),
            "confused": mistakes(own, 3),
        }
    return out


def _claimed(none: Readings) -> dict[str, Any]:
    claimed = none.score >= SURE
    return {
        "hands": len(none),
        "claimed": float(claimed.mean()),
        "interval": list(wilson(float(claimed.sum()), len(none))),
        "as": dict(Counter(none.read[claimed].tolist()).most_common(5)),
    }


def _calibration(signed: Readings) -> dict[str, Any]:
    found = signed.where(~signed.missed)
    steps = bins(found.score, found.right)
    return {"ECE": calibration_error(steps), "steps": steps}


def wilson(right: float, n: float) -> tuple[float, float]:
    """Returns the 95 % interval of a share, `right` of `n` (Wilson 1927); 0 to 1 for n = 0."""
    if n <= 0:
        return 0.0, 1.0
    p, z2 = right / n, Z95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * float(np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(right: Bools) -> dict[str, Any]:
    """Returns an accuracy with its count and interval, ready for JSON."""
    return {
        "photographs": len(right),
        "accuracy": float(right.mean()) if len(right) else 0.0,
        "interval": list(wilson(float(right.sum()), len(right))),
    }


def mean_share(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the mean accuracy of several sets, each counting alike, with its interval.

    The interval is Wilson's for as many photographs as would give a share of this variance.
    """
    p = np.array([part["accuracy"] for part in parts.values()])
    n = np.array([part["photographs"] for part in parts.values()])
    mean = float(p.mean())
    # A set that is read without a mistake has no variance; Wilson's middle of it has.
    soft = (p * n + 2) / (n + 4)
    variance = float((soft * (1 - soft) / n).sum()) / len(p) ** 2
    alike = max(mean * (1 - mean), 1e-6) / variance
    return {"accuracy": mean, "interval": list(wilson(mean * alike, alike))}


def bins(score: Floats, right: Bools) -> list[dict[str, float]]:
    """Returns how right scores are: for each of BINS equal steps of the score that has any."""
    which = np.minimum((score * BINS).astype(int), BINS - 1)
    return [
        {
            "hands": int(here.sum()),
            "score": float(score[here].mean()),
            "right": float(right[here].mean()),
        }
        for here in (which == b for b in range(BINS))
        if here.any()
    ]


def calibration_error(steps: Sequence[Mapping[str, float]]) -> float:
    """Returns the expected calibration error: the mean of |score - share right| over hands."""
    hands = sum(step["hands"] for step in steps)
    return sum(step["hands"] * abs(step["score"] - step["right"]) for step in steps) / max(hands, 1)


def confusion(readings: Readings, labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Returns (L, L + 1) counts: truth by label read; the last column is hands not found."""
    table = np.zeros((len(labels), len(labels) + 1), np.intp)
    columns = (*labels, "")
    for (truth, read), count in Counter(zip(readings.truth, readings.read, strict=True)).items():
        table[labels.index(truth), columns.index(read)] = count
    return table


def by_label(table: npt.NDArray[np.intp], labels: Sequence[str]) -> dict[str, dict[str, float]]:
    """Returns precision, recall and F1 of each label from a confusion matrix."""
    out = {}
    for i, label in enumerate(labels):
        hits, shown, read = int(table[i, i]), int(table[i].sum()), int(table[:, i].sum())
        out[label] = {
            "photographs": shown,
            "precision": hits / read if read else 0.0,
            "recall": hits / shown if shown else 0.0,
            "F1": 2 * hits / (shown + read) if shown + read else 0.0,
        }
    return out


def temperature(readings: Readings, alphabet: str) -> float:
    """Returns the divisor of the logits under which the truths are likeliest (Guo 2017)."""
    found = readings.where(~readings.missed)
    signs = (*ALPHABETS[alphabet], NONE)
    logits = found.logits[:, [LABELS.index(label) for label in signs]]
    right = np.array([signs.index(truth) for truth in found.truth])

    def surprise(t: float) -> float:
        return float(-np.log(softmax(logits / t)[np.arange(len(right)), right] + 1e-12).mean())

    return min((float(t) for t in np.geomspace(0.5, 4, 43)), key=surprise)


def mistakes(readings: Readings, most: int = 8) -> dict[str, int]:
    """Returns the commonest mistakes where a hand was found, as "truth>read"."""
    wrong = readings.where(~readings.right & ~readings.missed)
    pairs = zip(wrong.truth, wrong.read, strict=True)
    return dict(Counter(f"{a}>{b}" for a, b in pairs).most_common(most))


def of_set(readings: Readings, alphabet: str) -> dict[str, Any]:
    """Returns the figures of one data set that was left out, all of its photographs signed.

    found: share with a hand. of_found: accuracy of those. lite: the same from the lite model's
    landmarks. both: accuracy where letters and digits are read together, either label of a shared
    shape being right. without J and Z: those are motions. sure, sure_wrong: share of hands that
    are right, or wrong, with a score of SURE or more. belief: mean score of the label read; equal
    to of_found where scores are honest. ECE: expected calibration error.
    """
    found = readings.where(~readings.missed)
    lite = readings.where(readings.lite != "")
    both = np.zeros(len(readings), bool)
    together = best(found.logits, "both")[0]
    twin = np.array([_TWINS.get(str(truth), "") for truth in found.truth])
    both[~readings.missed] = (together == found.truth) | (together == twin)
    sure = found.score >= SURE
    return {
        **share(readings.right),
        "found": float((~readings.missed).mean()),
        "of_found": float(found.right.mean()),
        "lite": float((lite.lite == lite.truth).mean()) if len(lite) else 0.0,
        "both": float(both.mean()),
        "without J and Z": share(readings.right[~np.isin(readings.truth, DRAWN)]),
        "sure": float((found.right & sure).mean()),
        "sure_wrong": float((~found.right & sure).mean()),
        "belief": float(found.score.mean()),
        "ECE": calibration_error(bins(found.score, found.right)),
        "temperature": temperature(readings, alphabet),
        "worst signer": _worst(readings),
        "confused": mistakes(readings),
    }


def _worst(readings: Readings) -> dict[str, Any] | None:
    names, counts = np.unique(readings.signer, return_counts=True)
    if len(names) < 2 or not (counts >= FEW).any():
        return None
    each = {str(n): share(readings.right[readings.signer == n]) for n in names[counts >= FEW]}
    name = min(each, key=lambda signer: each[signer]["accuracy"])
    return {"signer": name, **each[name]}
