"""What a recipe ends in: an int8 model with its manifest, how well both versions read, how fast.

    FOLDER/NAME.keras  NAME.tflite  NAME.json  figures.json  report.html   (and checkpoints/)

The int8 model is judged on the same held-out pictures as the float one that it was made of.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.check import compare, invoke_ms
from convert.quantize import convert, floating
from convert.quiet_tensorflow import save_model
from edge.files import write
from edge.models.interpreter import Model
from edge.models.manifest import open_model
from edge.types import NONE
from train.arrays import write_arrays
from train.pictures.crops import Pictures, Task
from train.pictures.fitting import Training, teachable
from train.pictures.held_out import Split
from train.pictures.report import Notes, write_report

Floats = npt.NDArray[np.float32]
CALIBRATION = 300  # crops: ranges hardly move after a few hundred
TIMED = 50  # inferences, of which the median counts
PIXELS = "pixels 0 to 255 as they are; the model scales them"


@dataclass(frozen=True)
class Cost:
    """The size of a model, int8 and float, and its time on this machine: one thread, the median."""

    int8_bytes: int
    float_bytes: int
    int8_ms: float
    float_ms: float
    parameters: int


def finish(
    name: str,
    model: Any,
    training: Training,
    splits: Sequence[Split],
    notes: Notes,
    *,
    alphabet: str,
    args: argparse.Namespace,
) -> str:
    """Writes the model, its manifest, the figures and the report; returns the last line to print.

    model: trained on `notes.learnt`, without the pictures of the first split.
    alphabet: "letters", "digits" or "both", which of them the model's classes are read as.
    args: the command line, of which data and licence go into the manifest.
    Raises UsageError where there is no place to write, ModelError where int8 cannot be had.
    """
    task, out = training.task, training.out
    judged = {split.name: split.figures(task) for split in splits}
    recipe = {
        **training.facts,
        "side_px": task.side_px,
        "margin": task.margin,
        **asdict(training.plan),
    }
    recipe["shake"] = training.plan.shake._asdict()
    manifest_fields = {
        "inputs": [f"the hand's crop, {task.side_px} x {task.side_px} pixels, {task.colour_order}"],
        "outputs": ["a logit for each label; softmax gives scores"],
        "kind": "pixels",
        "features": 0,
        "normalisation": PIXELS,
        "colour_order": task.colour_order,
        "margin": task.margin,
        "labels": task.classes,
        "alphabets": {alphabet: [label for label in task.classes if label != NONE]},
        "shared": [],
        "training": {
            "data": args.data.resolve().name,
            "pictures": len(teachable(notes.learnt)),
            "recipe": recipe,
        },
        "figures": {f"accuracy, {key}": round(f["accuracy"], 4) for key, f in judged.items()},
        "licence": args.licence,
    }
    save_model(model, out / f"{name}.keras")
    write(out / "training.json", json.dumps(manifest_fields, indent=1).encode() + b"\n")
    _calibrate(notes.learnt, task, out / "calibration.npz")
    tflite = out / f"{name}.tflite"
    convert(out / f"{name}.keras", out / "calibration.npz", tflite)
    manifest, int8 = open_model(tflite.with_suffix(".json"))
    first = splits[0]
    scores = int8_logits(int8, first.pictures, task)
    parity = compare(manifest, first.logits, scores, first.pictures.label)
    figures = {
        "name": name,
        "splits": judged,
        "validation": first.history["val_accuracy"][-1],
        "int8": first.figures(task, scores),
        "parity": [asdict(p) | {"passed": p.passed} for p in parity],
        "cost": asdict(cost(model, tflite, first.pictures.crops([0], task))),
        "recipe": recipe,
    }
    write(out / "figures.json", json.dumps(figures, indent=1).encode() + b"\n")
    live = f"fingerspell run --model {out / name}"
    write_report(
        out / "report.html",
        task=task,
        splits=splits,
        figures=figures,
        notes=notes,
        shake=training.plan.shake,
        live=live,
    )
    shares = ", ".join(f"{key} {100 * f['accuracy']:.1f} %" for key, f in judged.items())
    lost = "" if all(p.passed for p in parity) else "; int8 LOST TOO MUCH, see the report"
    return f"{shares}{lost}; {out / 'report.html'}\nnext: {live}"


def int8_logits(model: Model, pictures: Pictures, task: Task) -> Floats:
    """Returns the (N, classes) logits that the device's interpreter gives."""
    return np.concatenate(
        [model.run(pictures.crops([i], task).astype(np.float32))[0] for i in range(len(pictures))]
    )


def cost(model: Any, tflite: Path, crop: npt.NDArray[np.uint8]) -> Cost:
    """Measures the int8 model in `tflite` and the float one beside each other."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "float.tflite"
        plain.write_bytes(floating(model))
        int8_ms, float_ms = (
            invoke_ms(Model(path), crop.astype(np.float32), TIMED) for path in (tflite, plain)
        )
        size = plain.stat().st_size
    return Cost(tflite.stat().st_size, size, int8_ms, float_ms, model.count_params())


def _calibrate(pictures: Pictures, task: Task, path: Path) -> None:
    """Writes crops to calibrate with; one of them gets a black and a white pixel.

    With these the input's range is 0 to 255 exactly, its scale 1 and its zero point -128, so that
    quantising pixels rounds nothing.
    """
    step = max(1, len(pictures) // CALIBRATION)
    x = pictures.crops(np.arange(0, len(pictures), step), task)
    x[0, 0, 0], x[0, 0, 1] = 0, 255
    write_arrays(path, {"x": x}, compressed=True)
