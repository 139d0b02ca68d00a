"""`fingerspell models`: the models that are installed, and whether each is whole."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ModelError
from edge.models import handmodels
from edge.models.manifest import BUNDLED, RECIPES, open_model


def fetch() -> int:
    """Downloads the hand models if any is missing or altered; returns 0. Raises ModelError."""
    if handmodels.faults():
        print(f"fetching the hand models (from {handmodels.WHEEL}, Apache-2.0, 36 MB)", flush=True)
        handmodels.fetch()
    print(f"the hand models are in {handmodels.folder()}")
    return 0


def models() -> int:
    """Prints what each model reads, whether it is whole, and where it lies; returns 0."""
    faults = handmodels.faults()
    print("hand models, downloaded:")
    for name in handmodels.SHA256:
        print(f"  {name}  {faults.get(name, 'ok')}  {handmodels.path(name)}")
    for title, folder in (("in use", BUNDLED), ("of the recipes", RECIPES)):
        print(f"{title}:")
        for path in sorted(folder.glob("*.json")):
            _print_model(path)
    return 0


def _print_model(path: Path) -> None:
    try:
        manifest, _ = open_model(path)
    except ModelError as error:
        print(f"  {path.stem}  {error}")
        return
    print(f"  {path.stem}  {manifest.kind}  ok  {path.with_suffix('.tflite')}")
    for alphabet, labels in manifest.alphabets.items():
        print(f"      {alphabet}: {' '.join(labels)}")
