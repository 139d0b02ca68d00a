"""`fingerspell models`: the models that are installed, whether each is whole, and more of them."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from edge.assembly import open_photograph_reader
from edge.config import Config
from edge.decoding.picture import read_picture
from edge.errors import ModelError, UsageError
from edge.hands import hands_in, variants
from edge.handshapes import open_reader
from edge.models import handmodels
from edge.models.adopt import MARGIN, adopt, read_labels
from edge.models.manifest import BUNDLED, RECIPES, Manifest, open_model
from edge.models.scaling import Scale, gives_probabilities
from edge.sources import open_source
from edge.types import Frame, Prediction

SIGN = "B"  # of the synthetic signer, on which a model is tried where no picture is given


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


def adopted(flags: argparse.Namespace) -> int:
    """Adopts a model from elsewhere, tries it on a picture, and prints how to run it; returns 0.

    flags: adopt, labels, scale, colours, margin and picture of the command line.
    Raises UsageError, ModelError, and SourceError for a picture that cannot be read.
    """
    if flags.labels is None:
        raise UsageError("--adopt needs the model's labels: --labels labels.txt, one a line")
    try:
        scale = None if flags.scale is None else Scale.parse(flags.scale)
    except ValueError as error:
        raise UsageError(f"--scale {flags.scale}: {error}") from error
    margin = MARGIN if flags.margin is None else flags.margin
    labels = read_labels(flags.labels)
    manifest = adopt(flags.adopt, labels, scale=scale, colours=flags.colours, margin=margin)
    name = str(flags.adopt.with_suffix(""))
    name = name if "/" in name else f"./{name}"
    _print_adopted(manifest)
    for line in _tried(name, manifest, flags.picture):
        print(line)
    print(f"run it: fingerspell run --model {shlex.quote(name)}")
    return 0


def _print_adopted(manifest: Manifest) -> None:
    (tensor,) = manifest.inputs
    print(f"input: {tensor.meaning}, {tensor.dtype}; {manifest.normalisation}")
    print(f"output: {'probabilities' if gives_probabilities(manifest) else 'logits'}")
    for alphabet, labels in manifest.alphabets.items():
        print(f"{alphabet}: {' '.join(labels)}")
    read = {label for labels in manifest.alphabets.values() for label in labels}
    rest = [label for label in manifest.labels if label not in read]
    if rest:
        print(f"not read as signs: {' '.join(rest)}")


def _tried(name: str, manifest: Manifest, picture: Path | None) -> list[str]:
    """Returns lines about what the model reads in a picture, or in one of the synthetic signer."""
    alphabet = next(iter(manifest.alphabets))
    if picture is None:
        reader = open_reader(name, alphabet=alphabet)
        frames = open_source(f"signer:{SIGN}?seed=1&fps=10").frames()
        shown = next(frame for frame in frames if frame.truth and frame.truth.label)
        assert shown.truth
        assert shown.truth.hand
        said = _said(reader.predict(shown, shown.truth.hand))
        return [f"tried on the synthetic signer's {SIGN}: {said}; --picture FILE tries another"]
    detector, reader = open_photograph_reader(Config(model=name))
    rgb, _ = read_picture(picture)
    found = [
        _said(reader.predict(Frame(rgb, 0, 0), *variants(detector, rgb, hand)))
        for hand in hands_in(detector, rgb, 1)
    ]
    return [f"tried on {picture}: {found[0] if found else 'no hand was found in it'}"]


def _said(prediction: Prediction) -> str:
    return f"it reads {prediction.label} with a score of {prediction.score:.2f}"
