"""Takes in a classifier of pictures that was trained elsewhere: writes the manifest that it lacks.

In come a .tflite file, such as Teachable Machine, Edge Impulse or Lobe export, its labels, and what
the file does not say. Out goes the manifest beside the file, so that `--model` takes the file. The
shape, the stored type and the quantisation of its tensors are read from the file.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase, digits

import numpy as np

from edge.errors import ModelError, UsageError
from edge.models.interpreter import Model, Tensor
from edge.models.manifest import CHANNELS, Manifest, facts, load, sha256_of
from edge.models.scaling import PROBABILITIES, Scale
from edge.models.trial import ends_the_process
from edge.types import NONE

# What the tools and their users call a picture without a sign.
NOTHING = ("none", "nothing", "background", "_background_", "blank", "empty", "no hand")
# The side of the square around the hand over the longer side of its box. These tools learn from
# whole pictures, in which a hand fills about half of the side.
MARGIN = 2.0
UNKNOWN_LICENCE = "NOASSERTION"  # SPDX's word
_TRIALS = 4  # pictures of noise that show whether the outputs are probabilities
_SUM = 0.03  # how far the sum of up to 30 probabilities in steps of 1/256 may be from 1
_TRAINED_ELSEWHERE = "elsewhere; adopted by fingerspell models --adopt"


def read_labels(path: Path) -> tuple[str, ...]:
    """Returns the labels of a text file, one a line, in the order of the model's outputs.

    Teachable Machine writes the number of the output before each: "0 A". A letter becomes a
    capital, and a word for a picture without a sign becomes "none". Raises UsageError for a file
    that cannot be read, is empty, or has a label twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise UsageError(f"cannot read the labels {path}: {reason}; give --labels FILE") from error
    names = [line.strip() for line in lines if line.strip()]
    numbered = [re.fullmatch(r"(\d+)[ ,:\t]+(\S.*)", name) for name in names]
    if names and all(m and int(m[1]) == i for i, m in enumerate(numbered)):
        names = [m[2] for m in numbered if m]
    labels = tuple(_label(name) for name in names)
    twice = next((label for i, label in enumerate(labels) if label in labels[:i]), None)
    if not labels or twice is not None:
        fault = "is empty" if not labels else f"has {twice!r} twice"
        raise UsageError(f"{path} {fault}; it needs one label a line, in the model's order")
    return labels


def _label(name: str) -> str:
    if name.casefold() in NOTHING:
        return NONE
    return name.upper() if len(name) == 1 else name


def alphabets(labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns the alphabets that these labels make: letters, digits, or else words."""
    found = {
        "letters": tuple(label for label in labels if label in tuple(ascii_uppercase)),
        "digits": tuple(label for label in labels if label in tuple(digits)),
    }
    some = {name: read for name, read in found.items() if read}
    return some or {"words": tuple(label for label in labels if label != NONE)}


def adopt(
    path: Path,
    labels: Sequence[str],
    *,
    scale: Scale | None = None,
    colours: str | None = None,
    margin: float = MARGIN,
) -> Manifest:
    """Writes the manifest of a model, PATH with the ending .json, and returns it.

    scale: the range of a float model's pixels. colours: "rgb" or "bgr", of a model of colours.
    Raises ModelError for a file that is no model of one square picture, or that LiteRT cannot run;
    UsageError for what has to be given or does not fit, and for a .json file of another purpose.
    """
    if path.suffix != ".tflite":
        raise UsageError(f"{path} does not end in .tflite; export the model for TensorFlow Lite")
    out = path.with_suffix(".json")
    _refuse_other_json(out)
    model = _opened(path)
    picture = _picture(path, model)
    order = _colour_order(path, picture, colours)
    if not 0 < margin < 100:
        raise UsageError(f"--margin {margin:g} must be above 0, such as {MARGIN:g}")
    count = model.outputs[0].shape[-1]
    if len(labels) != count:
        raise UsageError(f"{path} has {count} outputs, and there are {len(labels)} labels")
    readable = alphabets(labels)
    if not any(readable.values()):
        raise UsageError("no label is a sign; give the labels that the model was trained with")
    scale = _scale(path, picture, scale)
    content = path.read_bytes()
    side_px = picture.shape[1]
    manifest = Manifest(
        name=path.stem,
        kind="pixels",
        sha256=sha256_of(content),
        size_bytes=len(content),
        inputs=(facts(picture, f"the hand's crop, {side_px} x {side_px} pixels, {order}"),),
        outputs=(facts(model.outputs[0], _meaning(model, scale)),),
        features=0,
        normalisation=scale.words,
        colour_order=order,
        margin=float(margin),
        labels=tuple(labels),
        alphabets=readable,
        shared=(),
        training={"recipe": _TRAINED_ELSEWHERE},
        figures={},
        date=datetime.date.today().isoformat(),
        licence=UNKNOWN_LICENCE,
        tools={},
    )
    manifest.save(out)
    return manifest


def _refuse_other_json(path: Path) -> None:
    """Raises UsageError if a file of that name is no manifest that was adopted before."""
    if not path.exists():
        return
    try:
        ours = load(path).training.get("recipe") == _TRAINED_ELSEWHERE
    except ModelError:
        ours = False
    if not ours:
        raise UsageError(f"{path} is there and was not written by --adopt; move it away")


def _opened(path: Path) -> Model:
    if not path.is_file():
        raise UsageError(f"there is no {path}; give the path of a .tflite file")
    if ends_the_process(path):
        raise ModelError(
            f"{path} cannot be run: TensorFlow Lite crashes on it; export it again, from the tool "
            "that it was trained with"
        )
    try:
        return Model(path)
    except ModelError as error:
        raise ModelError(
            f"{path} cannot be run: it is no whole .tflite file, or has operations that TensorFlow "
            "Lite lacks; export it again, without Select TF ops"
        ) from error


def _picture(path: Path, model: Model) -> Tensor:
    """Returns the one input, a square picture; raises ModelError for anything else."""
    inputs, outputs = [t.shape for t in model.inputs], [t.shape for t in model.outputs]
    if len(inputs) != 1 or len(outputs) != 1 or len(outputs[0]) != 2 or outputs[0][0] != 1:
        raise ModelError(
            f"{path} is no classifier of pictures: its inputs are {inputs}, its outputs {outputs}"
        )
    shape = inputs[0]
    if len(shape) == 4 and shape[1] in (1, 3) and shape[2] == shape[3] > 3:
        raise ModelError(f"{path} takes colours first, {shape}; export it with colours last (NHWC)")
    if len(shape) != 4 or shape[0] != 1 or shape[1] != shape[2] or shape[3] not in (1, 3):
        raise ModelError(f"{path} takes {shape}, and no square picture (1, side, side, 1 or 3)")
    return model.inputs[0]


def _colour_order(path: Path, picture: Tensor, given: str | None) -> str:
    order = given or ("grey" if picture.shape[3] == 1 else "rgb")
    if CHANNELS[order] != picture.shape[3]:
        raise UsageError(f"{path} takes {picture.shape[3]} colours a pixel; --colours {order} not")
    return order


def _scale(path: Path, picture: Tensor, given: Scale | None) -> Scale:
    """Returns the range of the pixels, from the file where it is quantised, else as given."""
    q = picture.quantisation
    if q is not None:
        # An 8-bit input has as many steps as a pixel: its range is that of the pixels.
        info = np.iinfo(q.dtype)
        told = Scale(*(round(q.scale * (step - q.zero_point), 4) for step in (info.min, info.max)))
        return given or told
    if picture.dtype == np.uint8:
        return given or Scale(0, 255)
    if given is None:
        raise UsageError(
            f"{path} takes {picture.dtype} pixels and does not say their range; give --scale=-1..1 "
            "(Teachable Machine), --scale=0..1 (Edge Impulse, Lobe) or --scale=0..255"
        )
    return given


def _meaning(model: Model, scale: Scale) -> str:
    """Says what the outputs are: some pictures of noise show whether they are probabilities."""
    noise = np.random.default_rng(0)
    for _ in range(_TRIALS):
        pixels = noise.integers(0, 256, model.inputs[0].shape, np.uint8)
        (rows,) = model.run(scale.apply(pixels))
        if rows.min() < 0 or abs(float(rows.sum()) - 1) > _SUM:
            return "a logit for each label; softmax gives scores"
    return PROBABILITIES
