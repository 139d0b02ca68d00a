"""A gesture model in float and in int8, beside each other: what they say, and what they cost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from convert.quantize import describe, floating
from edge.models.interpreter import Model
from edge.models.manifest import open_model
from train.motion.bags import Bags

TIMED = 200  # invocations, of which the median counts


@contextmanager
def float_model(keras_model: Any, folder: Path, name: str) -> Iterator[Path]:
    """Gives the manifest of the float32 version of a model, as long as it is wanted.

    folder: with the training.json of motion_fit.save.
    """
    words = json.loads((folder / "training.json").read_bytes())
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{name}.tflite"
        path.write_bytes(floating(keras_model))
        describe(path, words).save(path.with_suffix(".json"))
        yield path.with_suffix(".json")


def parity(int8: Path, floating_: Path, held: Bags) -> dict[str, Any]:
    """Returns how far int8 is from float on the held-out windows, and what both cost.

    int8, floating_: of the manifests.
    """
    models = {"int8": open_model(int8)[1], "float": open_model(floating_)[1]}
    asked = (held.right != -1).any(2)
    windows = held.x[asked].astype(np.float32)
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
            **{f"{name}_ms": _invoke_ms(model, windows[:1]) for name, model in models.items()},
            "int8_bytes": int8.with_suffix(".tflite").stat().st_size,
            "float_bytes": floating_.with_suffix(".tflite").stat().st_size,
        },
    }


def _scores(model: Model, windows: Any) -> Any:
    """Returns the (N, S, labels) probabilities of (N, S, size) windows."""
    logits = np.concatenate([model.run(window[None])[0] for window in windows])
    scores = np.exp(logits - logits.max(-1, keepdims=True))
    return scores / scores.sum(-1, keepdims=True)


def _invoke_ms(model: Model, window: Any) -> float:
    times = []
    for _ in range(TIMED):
        before = model.invoke_ns
        model.run(window)
        times.append((model.invoke_ns - before) / 1e6)
    return float(np.median(times))
