"""The manifest of a model: NAME.json, which describes NAME.tflite beside it.

Converting a model writes its manifest. Opening the model checks the file against the manifest, so
that an altered, truncated or mismatched model ends in one clear line and not in wrong letters.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from edge.errors import ModelError, lacks_memory
from edge.files import write
from edge.models.interpreter import Model, Tensor

BUNDLED = Path(__file__).parent / "bundled"
RECIPES = Path(__file__).parent / "recipes"
FORMAT = 2  # of the manifest file itself; raised when a field is added or changes its meaning
Kind = Literal[
    "letters", "closed_hands", "pixels", "motion", "sequence", "hand_finder", "hand_follower"
]
CHANNELS = {"rgb": 3, "bgr": 3, "grey": 1}  # of a picture, by its colour order


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """One input or output of a model: real = scale * (stored - zero_point).

    dtype: NumPy's name of the stored type. scale: 0 for a float tensor. meaning: in words.
    """

    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model file is, its inputs and outputs, and where it comes from.

    name: of both files, without their endings.
    kind: what the model reads:
        "letters": the landmarks of one hand in one frame;
        "closed_hands": the pooled features of such a hand (it is a part of a letters model);
        "pixels": a picture of the hand;
        "motion": the trajectory of the hand;
        "sequence": the hand frame by frame;
        "hand_finder": a whole frame;
        "hand_follower": a crop with one hand.
    sha256, size_bytes: of the .tflite file.
    inputs, outputs: its tensors, in the interpreter's order.
    features: version of the function that makes the input; 0 if the input is a picture.
    normalisation: what is done to landmarks or pixels first, in words.
    colour_order: "rgb", "bgr" or "grey" if the input is pixels, else None.
    margin: of a model that reads pixels, the side of its square crop over the longer side of the
        hand's box; 0 of other models. inputs[0].shape gives the picture's size, (1, side, side, C).
    labels: the meaning of each output index; () for a model that does not classify.
    alphabets: for each alphabet, the labels it reads.
    shared: pairs of labels with one hand shape; if an alphabet has both, the first one is read.
    training: data sets with their counts, the recipe, its seed.
    figures: what was measured, by name.
    date: ISO 8601, of the conversion.  licence: SPDX.  tools: versions by name.
    """

    name: str
    kind: Kind
    sha256: str
    size_bytes: int
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    features: int
    normalisation: str
    colour_order: str | None
    margin: float
    labels: tuple[str, ...]
    alphabets: Mapping[str, tuple[str, ...]]
    shared: tuple[tuple[str, str], ...]
    training: Mapping[str, Any]
    figures: Mapping[str, Any]
    date: str
    licence: str
    tools: Mapping[str, str]
    format: int = field(default=FORMAT)

    def save(self, path: Path) -> None:
        """Writes the manifest as JSON, whole or not at all."""
        write(path, json.dumps(_plain(self), indent=1, ensure_ascii=False).encode() + b"\n")


def load(path: Path) -> Manifest:
    """Reads and validates a manifest; raises ModelError, one line, if it is missing or wrong."""
    try:
        given = json.loads(path.read_bytes())
    except OSError as error:
        if lacks_memory(error):
            raise
        reason = error.strerror or error
        raise ModelError(f"cannot read the manifest {path}: {reason}; reinstall it") from error
    except (ValueError, RecursionError) as error:  # it may be nested without end
        raise ModelError(f"the manifest {path} is not JSON; reinstall it") from error
    try:
        manifest = _manifest(given)
        _validate(manifest)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        fault = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(f"the manifest {path} is wrong: {fault}; reinstall it") from error
    return manifest


def open_model(path: Path, *, threads: int = 1) -> tuple[Manifest, Model]:
    """Loads PATH.json and the model beside it, and checks one against the other.

    path: of the manifest. Raises ModelError if either file is missing, altered or cut short, and if
    the model's tensors differ from those in the manifest.
    """
    manifest = load(path)
    model_path = path.with_suffix(".tflite")
    try:
        size = model_path.stat().st_size
    except OSError as error:
        if lacks_memory(error):
            raise
        raise ModelError(f"the model {model_path} is missing; reinstall it") from error
    if size != manifest.size_bytes:
        raise ModelError(
            f"the model {model_path} has {size} bytes, not {manifest.size_bytes}; reinstall it"
        )
    model = Model(model_path, threads=threads, sha256=manifest.sha256)
    for kind, stated, real in (
        ("input", manifest.inputs, model.inputs),
        ("output", manifest.outputs, model.outputs),
    ):
        found = tuple(facts(tensor, "") for tensor in real)
        if [_numbers(t) for t in stated] != [_numbers(t) for t in found]:
            raise ModelError(
                f"the {kind}s of {model_path} are not those of its manifest; reinstall both"
            )
    return manifest, model


def facts(tensor: Tensor, meaning: str) -> TensorFacts:
    """Returns the facts that a manifest states about a tensor."""
    q = tensor.quantisation
    return TensorFacts(
        shape=tensor.shape,
        dtype=tensor.dtype.name,
        scale=q.scale if q else 0.0,
        zero_point=q.zero_point if q else 0,
        meaning=meaning,
    )


def sha256_of(content: bytes) -> str:
    """Returns the SHA-256 checksum, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _numbers(tensor: TensorFacts) -> tuple[Any, ...]:
    return tensor.shape, tensor.dtype, round(tensor.scale, 9), tensor.zero_point


def _plain(manifest: Manifest) -> dict[str, Any]:
    plain = {f.name: getattr(manifest, f.name) for f in fields(manifest)}
    for name in ("inputs", "outputs"):
        plain[name] = [asdict(tensor) for tensor in plain[name]]
    for name in ("alphabets", "training", "figures", "tools"):
        plain[name] = dict(plain[name])
    return plain


def _kind_of_format_1(given: Mapping[str, Any]) -> Kind:
    """Returns the kind of a model that was made before manifests named it: other fields said it."""
    if given["colour_order"] is not None:
        return "pixels"
    if not given["features"]:
        return "closed_hands"
    return "letters" if given["alphabets"] else "motion"


def _manifest(given: Any) -> Manifest:
    if not isinstance(given, dict):
        raise ValueError("it is no JSON object")
    unknown = sorted(set(given) - {f.name for f in fields(Manifest)})
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}")
    if given["format"] == 1:
        given = given | {"format": FORMAT, "kind": _kind_of_format_1(given)}
    if given["format"] != FORMAT:
        raise ValueError(
            f"its format is {given['format']!r}, this version reads {FORMAT}: train the model again"
        )
    return Manifest(
        **{
            **{f.name: given[f.name] for f in fields(Manifest)},
            "inputs": tuple(_tensor(t) for t in given["inputs"]),
            "outputs": tuple(_tensor(t) for t in given["outputs"]),
            "labels": tuple(given["labels"]),
            "shared": tuple((first, second) for first, second in given["shared"]),
            "alphabets": MappingProxyType({k: tuple(v) for k, v in given["alphabets"].items()}),
            **{
                name: MappingProxyType(dict(given[name]))
                for name in ("training", "figures", "tools")
            },
        }
    )


def _tensor(given: Mapping[str, Any]) -> TensorFacts:
    return TensorFacts(
        shape=tuple(int(n) for n in given["shape"]),
        dtype=str(given["dtype"]),
        scale=float(given["scale"]),
        zero_point=int(given["zero_point"]),
        meaning=str(given["meaning"]),
    )


def _validate_pixels(manifest: Manifest) -> None:
    """Raises ValueError if colour order, margin, kind and input contradict each other."""
    order, margin = manifest.colour_order, manifest.margin
    if order is not None and order not in CHANNELS:
        raise ValueError(f"colour_order must be {', '.join(CHANNELS)} or null, not {order!r}")
    if not 0 <= margin < math.inf or (margin > 0) != (order is not None):
        raise ValueError(f"margin is {margin!r}; it is above 0 for pixels, and 0 for others")
    if order is not None:
        shape = manifest.inputs[0].shape
        if min(shape) < 1 or shape != (1, *shape[1:2] * 2, CHANNELS[order]):
            raise ValueError(f"{order} wants (1, side, side, {CHANNELS[order]}), not {shape}")
    if (manifest.kind == "pixels") != (order is not None):
        raise ValueError(f"kind is {manifest.kind!r} and colour_order {order!r}")


def _validate(manifest: Manifest) -> None:
    """Raises ValueError for a manifest that contradicts itself."""
    for name, kind in (
        ("name", str), ("sha256", str), ("size_bytes", int), ("features", int),
        ("normalisation", str), ("margin", float), ("date", str), ("licence", str),
    ):  # fmt: skip
        if type(getattr(manifest, name)) is not kind:
            raise ValueError(f"{name} must be {kind.__name__}, not {getattr(manifest, name)!r}")
    if manifest.kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, not {manifest.kind!r}")
    for name, tensors in (("inputs", manifest.inputs), ("outputs", manifest.outputs)):
        if not tensors or not all(tensor.shape for tensor in tensors):
            raise ValueError(f"{name} lacks a tensor, or its shape")
    _validate_pixels(manifest)
    if len(set(manifest.labels)) != len(manifest.labels):
        raise ValueError("a label is there twice")
    if manifest.labels and manifest.outputs[0].shape[-1] != len(manifest.labels):
        raise ValueError(
            f"{len(manifest.labels)} labels for {manifest.outputs[0].shape[-1]} outputs"
        )
    for name, alphabet in manifest.alphabets.items():
        if not alphabet:
            raise ValueError(f"the alphabet {name} is empty")
        unknown = sorted(set(alphabet) - set(manifest.labels))
        if unknown:
            raise ValueError(f"the alphabet {name} has {unknown[0]!r}, which is no label")
    unknown = sorted({label for pair in manifest.shared for label in pair} - set(manifest.labels))
    if unknown:
        raise ValueError(f"shared has {unknown[0]!r}, which is no label")
