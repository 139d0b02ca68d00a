"""Models: the files, their manifests, the interpreter that runs them, and where each is found.

Comes in: what `--model` says, a name or a path. Goes out: the path of a manifest, or an open model.
bundled/ has the models in use, recipes/ those of the five public projects, and any other is found
by its path: NAME.tflite beside NAME.json, its manifest. MediaPipe's hand models are downloaded and
kept in the user's data folder (handmodels.py).
"""

from __future__ import annotations

import difflib
import os.path
from pathlib import Path

from edge.errors import UsageError
from edge.models.manifest import BUNDLED, RECIPES, Kind, load

RUNNABLE: tuple[Kind, ...] = ("letters", "pixels", "motion", "sequence")  # what `--model` may name


def manifests() -> list[Path]:
    """Returns the manifests of all models that are installed: those in use, then the recipes'."""
    return [path for folder in (BUNDLED, RECIPES) for path in sorted(folder.glob("*.json"))]


def names(*kinds: Kind) -> list[str]:
    """Returns the names of the installed models of these kinds."""
    return [path.stem for path in manifests() if load(path).kind in kinds]


def find(name: str) -> Path:
    """Returns the manifest of a model: an installed one's by its name, any other's by its path.

    A path may end in .json, .tflite or neither, and begin with ~. Raises UsageError where there is
    no such model.
    """
    for folder in (BUNDLED, RECIPES):
        path = folder / f"{name}.json"
        if os.path.basename(name) == name and os.path.isfile(path):
            return path
    stem = os.path.expanduser(name).removesuffix(".json").removesuffix(".tflite")
    if os.path.basename(stem) and any(os.path.isfile(stem + end) for end in (".json", ".tflite")):
        return Path(f"{stem}.json")
    raise UsageError(f"there is no model {name!r}; {hint(stem)}")


def hint(stem: str = "") -> str:
    """Says what there is in place of a path that is no model's: beside it, or installed."""
    folder = stem if os.path.isdir(stem) else os.path.dirname(stem)
    beside = sorted(Path(folder).glob("*.tflite")) if os.path.isdir(folder) else []
    there = {p.stem: str(p.with_suffix("")) for p in beside} or {n: n for n in names(*RUNNABLE)}
    close = difflib.get_close_matches(os.path.basename(stem), there, 1)
    known = (
        f"did you mean {there[close[0]]}?" if close else f"there are: {', '.join(there.values())}"
    )
    return known if beside else f"{known} (or the path of one, such as out/digits)"
