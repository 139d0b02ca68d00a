"""What to change, for somebody who shows one letter while another one is asked for.

A table, shapes.json, has the usual measures of each letter (edge/handshapes/anatomy.py), of many
people. The advice is about the measure in which the two letters usually differ most, among those in
which this hand is indeed unlike the letter that is asked for.
`python -m train.letters.shapes` makes the table and says how often the advice is true.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.handshapes.anatomy import MEASURES, measure
from edge.types import Landmarks

TABLE = Path(__file__).with_name("shapes.json")
# How far a measure lies from the usual one, in units of its usual spread, before it is named. Of
# letters shown as they should be, by people whom the table does not know, 15 % have such a measure
# (train/results/shapes.json): with a letter that is read as another one, it is rarely by chance.
APART = 3.5
# By how much two letters have to differ for the difference to be named, in the same units: with
# less, half of all people form the two alike in this respect.
DIFFER = 1.0
# What to do where a measure is too small, and where it is too large.
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "index bent": ("bend your index finger", "straighten your index finger"),
    "middle bent": ("bend your middle finger", "straighten your middle finger"),
    "ring bent": ("bend your ring finger", "straighten your ring finger"),
    "little bent": ("bend your little finger", "straighten your little finger"),
    "fingers spread": (
        "spread your index and middle finger",
        "hold your index and middle finger together",
    ),
    "fingers crossed": (
        "cross your index and middle finger",
        "do not cross your index and middle finger",
    ),
    "thumb across": ("move your thumb towards your little finger", "move your thumb outwards"),
    "thumb up": ("hold your thumb higher", "hold your thumb lower"),
    "thumb in front": ("bring your thumb in front of your fingers", "tuck your thumb in"),
    "thumb to index": ("move your thumb away from your index finger",
                       "bring the tips of thumb and index finger together"),
    "thumb to middle": ("move your thumb away from your middle finger",
                        "bring the tips of thumb and middle finger together"),
    "points up": ("turn your hand upwards", "turn your hand downwards"),
    "points aside": ("turn your hand to the side", "hold your hand upright"),
}  # fmt: skip

Measures = npt.NDArray[np.float64]


@cache
def usual(path: Path = TABLE) -> dict[str, tuple[Measures, Measures]]:
    """Returns the median and the spread of each measure, by letter; each is (13,).

    Raises ValueError if the table was made of other measures.
    """
    table = json.loads(path.read_text())
    if table["measures"] != list(MEASURES):
        raise ValueError(f"{path} is of other measures; python -m train.letters.shapes makes it")
    return {
        letter: (np.array(row["median"]), np.array(row["spread"]))
        for letter, row in table["letters"].items()
    }


def advice(asked: str, seen: str | None, landmarks: Landmarks) -> str | None:
    """Returns what to change, in a few words; None where nothing stands out.

    asked: the letter to be shown. seen: the one that was read; None for none. landmarks: (21, 3).
    """
    found = differing(asked, seen, measure(landmarks), usual())
    if found is None:
        return None
    number, too_large = found
    return _SENTENCES[MEASURES[number]][too_large]


def differing(
    asked: str,
    seen: str | None,
    measures: Measures,
    table: Mapping[str, tuple[Measures, Measures]],
) -> tuple[int, bool] | None:
    """Returns the number of the measure to name and whether it is too large; None for none."""
    if asked not in table:
        return None
    median, spread = table[asked]
    apart = (measures - median) / spread
    if seen is not None and seen in table and seen != asked:
        other, others_spread = table[seen]
        usually = (other - median) / ((spread + others_spread) / 2)
        # As the other letter is: the smaller of what is seen and of what is usual, if they agree.
        agree = np.sign(apart) * np.sign(usually) > 0
        weight = np.where(agree & (np.abs(usually) >= DIFFER), np.abs(usually), 0.0)
        weight = np.minimum(weight, np.abs(apart))
        number = int(weight.argmax())
        if weight[number] >= DIFFER:
            return number, bool(apart[number] > 0)
    number = int(np.abs(apart).argmax())
    return (number, bool(apart[number] > 0)) if abs(apart[number]) >= APART else None
