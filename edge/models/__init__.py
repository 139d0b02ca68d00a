"""The bundled models, and any other by its path: NAME.tflite beside NAME.json, its manifest.

Finds a manifest by what `--model` says, and opens the reader that it asks for.
"""

from __future__ import annotations

import difflib
import os.path
from pathlib import Path
from typing import Literal

from edge.errors import UsageError
from edge.handshapes.closed import open_closed
from edge.handshapes.letters import Letters
from edge.handshapes.pixels import Pixels
from edge.models.manifest import BUNDLED, Manifest, load

Kind = Literal["landmarks", "pixels", "motion", "pooled"]
Reader = Letters | Pixels
READERS: tuple[Kind, ...] = ("landmarks", "pixels")


def kind(manifest: Manifest) -> Kind:
    """Tells what a model reads: a hand's landmarks, its pixels, or its motion.

    "pooled" reads the landmark model's pooled features, and is a part of a landmarks' reader.
    """
    if manifest.colour_order is not None:
        return "pixels"
    if not manifest.features:
        return "pooled"
    return "landmarks" if manifest.alphabets else "motion"


def names() -> list[str]:
    """Returns the names of the bundled models that read a hand in one picture."""
    return [path.stem for path in sorted(BUNDLED.glob("*.json")) if kind(load(path)) in READERS]


def find(name: str) -> Path:
    """Returns the manifest of a model: a bundled one's by its name, any other's by its path.

    A path may end in .json, .tflite or neither, and begin with ~. Raises UsageError where there is
    no such model.
    """
    bundled = BUNDLED / f"{name}.json"
    if os.path.basename(name) == name and os.path.isfile(bundled):
        return bundled
    stem = os.path.expanduser(name).removesuffix(".json").removesuffix(".tflite")
    if os.path.basename(stem) and any(os.path.isfile(stem + end) for end in (".json", ".tflite")):
        return Path(f"{stem}.json")
    raise UsageError(f"there is no model {name!r}; {_hint(stem)}")


def open_reader(name: str, *, alphabet: str = "", pooled: int = 0, live: bool = False) -> Reader:
    """Opens what reads a hand: a model by name or path, for one alphabet (see edge.handshapes.alphabet).

    pooled: how many pooled features the detector's hands have (`Detector.pooled`). live: J and Z
    are read from the path of the hand. Raises UsageError where there is no such model or alphabet,
    or the model reads no single picture of a hand; ModelError for one that is broken.
    """
    path = find(name)
    what = kind(load(path))
    if what == "pixels":
        return Pixels(path, alphabet=alphabet, live=live)
    if what == "landmarks":
        closed = open_closed(path, pooled)
        return Letters(path, alphabet=alphabet, closed=closed, live=live)
    if what == "motion":
        raise UsageError(
            f"the model {name!r} reads motion, and a photograph holds none; "
            f"run it live: fingerspell run --model {name}"
        )
    raise UsageError(f"the model {name!r} is a part of another; {_hint('')}")


def _hint(stem: str) -> str:
    """Says what there is in place of a path that is no model's: beside it, or among the bundled."""
    folder = stem if os.path.isdir(stem) else os.path.dirname(stem)
    beside = sorted(Path(folder).glob("*.tflite")) if os.path.isdir(folder) else []
    there = {path.stem: str(path.with_suffix("")) for path in beside} or {n: n for n in names()}
    close = difflib.get_close_matches(os.path.basename(stem), there, 1)
    known = (
        f"did you mean {there[close[0]]}?" if close else f"there are: {', '.join(there.values())}"
    )
    return known if beside else f"{known} (or the path of one, such as out/digits)"
