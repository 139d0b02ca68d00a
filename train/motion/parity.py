"""A gesture model in float and in int8, beside each other: what they read, and what they cost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from convert.check import invoke_ms
from convert.quantize import describe, floating
from edge.models.interpreter import Model
from edge.models.manifest import open_model
from train.motion.bags import IGNORED, Bags

TIMED = 200  # inferences, of which the median counts


@contextmanager
def float_model(keras_model: Any, folder: Path, name: str) -> Iterator[Path]:
    """Converts a model to float32; yields its manifest, which is deleted afterwards.

    folder: with the training.json of train.motion.fit.save.
    """
    fields = json.loads((folder / "training.json").read_bytes())
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{name}.tflite"
        path.write_bytes(floating(keras_model))
        describe(path, fields).save(path.with_suffix(".json"))
        yield path.with_suffix(".json")


def parity(int8: Path, floating_: Path, held: Bags) -> dict[str, Any]:
    """Returns how far int8 is from float on the held-out windows, and what both cost.

    int8, floating_: paths of the manifests.
    """
    models = {"int8": open_model(int8)[1], "float": open_model(floating_)[1]}
    used = (held.right != IGNORED).any(2)
    windows = held.x[used].astype(np.float32)
    scores = {name: _scores(model, windows) for name, model in models.items()}
    off = np.abs(scores["int8"] - scores["float"])
    same = scores["int8"].argmax(-1) == scores["float"].argmax(-1)
    return {
        "parity": {
            "windows": int(same.size),
            "agreement": float(same.mean()),
            "worst": float(off.max()),
            "mean": float(off.mean()),
        },
        "cost": {
            **{
                f"{name}_ms": invoke_ms(model, windows[:1], TIMED) for name, model in models.items()
            },
            "int8_bytes": int8.with_suffix(".tflite").stat().st_size,
            "float_bytes": floating_.with_suffix(".tflite").stat().st_size,
        },
    }


def _scores(model: Model, windows: Any) -> Any:
    """Returns the (N, S, labels) probabilities of (N, S, size) windows."""
    logits = np.concatenate([model.run(window[None])[0] for window in windows])
    scores = np.exp(logits - logits.max(-1, keepdims=True))
    return scores / scores.sum(-1, keepdims=True)
