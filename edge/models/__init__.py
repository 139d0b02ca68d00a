"""Models: the files, their manifests, where each is found, and the interpreter that runs them.

In comes the name or path of a model, as `--model` has it. Out goes the path of its manifest, or the
open model. A model is two files: NAME.tflite and, beside it, its manifest NAME.json. bundled/ holds
the models that fingerspell uses; recipes/ holds those of five public projects, for comparison; any
other is found by its path. MediaPipe's hand models are downloaded and kept in the user's data
folder (handmodels.py). interpreter.py is the only module that imports LiteRT.
"""

from __future__ import annotations

import difflib
import os.path
from pathlib import Path

from edge.errors import UsageError
from edge.models.interpreter import Model
from edge.models.manifest import BUNDLED, RECIPES, Kind, Manifest, load, open_model

__all__ = [
    "BUNDLED",
    "RECIPES",
    "RUNNABLE",
    "Kind",
    "Manifest",
    "Model",
    "find",
    "hint",
    "load",
    "manifests",
    "names",
    "open_model",
]

RUNNABLE: tuple[Kind, ...] = ("letters", "pixels", "motion", "sequence")  # what `--model` may name


def manifests() -> list[Path]:
    """Returns the paths of all installed manifests: the models in use, then the recipes'."""
    return [path for folder in (BUNDLED, RECIPES) for path in sorted(folder.glob("*.json"))]


def names(*kinds: Kind) -> list[str]:
    """Returns the names of the installed models of these kinds."""
    return [path.stem for path in manifests() if load(path).kind in kinds]


def find(name: str) -> Path:
    """Returns the path of a model's manifest.

    name: of an installed model, or the path of another. A path may begin with ~, and end in .json,
    .tflite or neither. Raises UsageError if there is no such model.
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
    """Returns the end of an error message: the models that there are, or one with a similar name.

    stem: the path that is not a model's, without its ending; models beside it are listed. If there
    are none, or without a stem, the installed models are listed.
    """
    folder = stem if os.path.isdir(stem) else os.path.dirname(stem)
    beside = sorted(Path(folder).glob("*.tflite")) if os.path.isdir(folder) else []
    there = {p.stem: str(p.with_suffix("")) for p in beside} or {n: n for n in names(*RUNNABLE)}
    close = difflib.get_close_matches(os.path.basename(stem), there, 1)
    known = (
        f"did you mean {there[close[0]]}?" if close else f"there are: {', '.join(there.values())}"
    )
    return known if beside else f"{known} (or the path of one, such as out/digits)"
