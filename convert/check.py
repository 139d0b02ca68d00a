"""Compares an int8 model with the Keras model that it was made from.

    python -m convert.check MODEL.tflite --keras MODEL.keras --data FILE.npz [--json FILE]

FILE.npz has inputs `x` and labels `label` ("" where there is no right answer). The exit status is 1
where int8 loses more than 0.3 points of accuracy.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.quiet_tensorflow import load_model
from edge.errors import UsageError, command
from edge.files import write
from edge.models.interpreter import Model
from edge.models.manifest import Manifest, open_model
from edge.types import NONE

Floats = npt.NDArray[np.float32]
ALLOWED_LOSS = 0.003  # of accuracy: 0.3 points, the goal of the conversion
WARM_UP = 5  # inferences that are not timed: the first ones fill caches
SUMMARY = "Compares an int8 model with the Keras model that it was made from."


@dataclass(frozen=True, slots=True)
class Parity:
    """How far int8 is from float; shares are 0..1, probabilities over one alphabet and none.

    agreement: share of inputs that get the same label. worst, mean: absolute differences of
    probabilities. float_accuracy, int8_accuracy: over labels of the alphabet.
    """

    alphabet: str
    inputs: int
    agreement: float
    worst: float
    mean: float
    float_accuracy: float
    int8_accuracy: float

    @property
    def passed(self) -> bool:
        """Whether int8 loses no more than is allowed."""
        return self.float_accuracy - self.int8_accuracy <= ALLOWED_LOSS

    def __str__(self) -> str:
        return (
            f"{self.alphabet:8} {self.inputs:6} inputs  same label {self.agreement:.2%}  "
            f"probability off by {self.mean:.4f} mean, {self.worst:.3f} at most  "
            f"accuracy {self.float_accuracy:.2%} float, {self.int8_accuracy:.2%} int8  "
            f"{'ok' if self.passed else 'LOST TOO MUCH'}"
        )


def compare(
    manifest: Manifest,
    logits: Floats,
    logits_int8: Floats,
    label: npt.NDArray[np.str_],
) -> list[Parity]:
    """Returns the parity of each alphabet, from (N, L) logits of both models and (N,) labels."""
    out = []
    for name, alphabet in manifest.alphabets.items():
        mine = np.isin(label, alphabet)
        if not mine.any():
            continue
        # As edge.handshapes.letters does: of two labels with one shape, the first stands for both.
        twins = {b: a for a, b in manifest.shared if a in alphabet and b in alphabet}
        truth = np.array([twins.get(str(name), str(name)) for name in label[mine]])
        p, q = (_scores(manifest, alphabet, twins, z) for z in (logits, logits_int8))
        signs = np.array(alphabet)
        accuracy = [float((signs[s[mine, :-1].argmax(1)] == truth).mean()) for s in (p, q)]
        off = np.abs(p - q)
        same = float((p.argmax(1) == q.argmax(1)).mean())
        out.append(Parity(name, len(p), same, float(off.max()), float(off.mean()), *accuracy))
    return out


def _scores(
    manifest: Manifest, alphabet: Sequence[str], twins: Mapping[str, str], logits: Floats
) -> Floats:
    """Returns (N, len(alphabet) + 1) probabilities; the last is of no sign, 0 without it."""
    used = logits[:, [manifest.labels.index(label) for label in alphabet]]
    none = logits[:, manifest.labels.index(NONE)] if NONE in manifest.labels else -np.inf
    used = np.column_stack([used, np.broadcast_to(none, len(used))])
    scores = np.exp(used - used.max(1, keepdims=True))
    scores /= scores.sum(1, keepdims=True)
    for second, first in twins.items():
        scores[:, alphabet.index(first)] += scores[:, alphabet.index(second)]
        scores[:, alphabet.index(second)] = 0
    return np.asarray(scores)


def check(tflite: Path, keras_path: Path, data: Path) -> list[Parity]:
    """Runs both models over the data; raises ModelError or UsageError where one cannot be read."""
    manifest, int8 = open_model(tflite.with_suffix(".json"))
    model = load_model(keras_path)
    try:
        with np.load(data) as file:
            x, label = np.asarray(file["x"], np.float32), file["label"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UsageError(f"{data} holds no inputs `x` with `label`") from error
    logits = np.asarray(model.predict(x, batch_size=1024, verbose=0))
    logits_int8 = np.concatenate([int8.run(sample[None])[0] for sample in x])
    return compare(manifest, logits, logits_int8, label)


def invoke_ms(model: Model, sample: npt.NDArray[np.float32], times: int) -> float:
    """Returns how long one inference takes, in ms: the median of so many, after five more."""
    taken = []
    for _ in range(times + WARM_UP):
        before = model.invoke_ns
        model.run(sample)
        taken.append((model.invoke_ns - before) / 1e6)
    return float(np.median(taken[WARM_UP:]))


@command("convert.check")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m convert.check", description=SUMMARY)
    parser.add_argument("model", type=Path, metavar="MODEL.tflite")
    parser.add_argument("--keras", type=Path, required=True, metavar="MODEL.keras")
    parser.add_argument("--data", type=Path, required=True, help="an .npz with `x` and `label`")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    parities = check(args.model, args.keras, args.data)
    if args.json:
        rows: list[dict[str, Any]] = [asdict(p) | {"passed": p.passed} for p in parities]
        write(args.json, json.dumps(rows, indent=1).encode() + b"\n")
    for parity in parities:
        print(parity)
    return 0 if all(parity.passed for parity in parities) else 1


if __name__ == "__main__":
    sys.exit(main())
