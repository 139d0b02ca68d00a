"""Whole .tflite files of one operation, made without TensorFlow, and manifests to go with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from edge.models.interpreter import Model
from edge.models.manifest import Manifest, facts, sha256_of

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16,
}


@dataclass(frozen=True)
class Kind:
    """What a tensor is stored as; scale 0 is a float tensor."""

    dtype: str
    scale: float = 0.0
    zero_point: int = 0


PIXELS = Kind("int8", 1.0, -128)


def adder(kind: Kind, length: int = 4) -> bytes:
    """The bytes of a model that adds two vectors of `length` real numbers."""
    options: Any = schema.AddOptionsT()
    options.potScaleInt16 = False
    operator: Any = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
    operator.builtinOptions = options
    tensors = [_tensor(name, kind, [length]) for name in ("a", "b", "sum")]
    version = 2 if kind.scale else 1
    return _file(schema.BuiltinOperator.ADD, version, operator, tensors, [b""])


def crashing() -> bytes:
    """The bytes of a model that splits a vector and lacks the number of parts: LiteRT crashes."""
    operator: Any = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1], [2]
    tensors = [_tensor(name, Kind("float32"), [4]) for name in ("axis", "whole", "part")]
    return _file(schema.BuiltinOperator.SPLIT, 1, operator, tensors, [b""])


def classifier(weights: npt.NDArray[np.float64], kind: Kind = PIXELS) -> bytes:
    """The bytes of a model over one picture: a logit is a sixteenth of its pixels' weighted mean.

    weights: (L, side, side, C), 0 to 1, for each of L labels, of which none weighs more than the
    first; kind: of the picture.
    """
    labels, *shape = weights.shape
    stored = np.rint(127 * weights).astype(np.int8).reshape(labels, -1)
    scale = float(1 / 16 / 127 / weights[0].sum())
    floats = not kind.scale
    content = (stored * np.float32(scale)).tobytes() if floats else stored.tobytes()
    weight = _tensor("weights", Kind("float32") if floats else Kind("int8", scale), stored.shape)
    out = Kind("float32") if floats else Kind("int8", 1 / 15, -128)
    tensors = [_tensor("pixels", kind, [1, *shape]), weight, _tensor("logits", out, [1, labels])]
    return _connected(tensors, content, version=1 if floats else 4)


def linear(weights: npt.NDArray[np.floating[Any]]) -> bytes:
    """The bytes of a float32 model whose logits, (1, L), are sums of its input times weights.

    weights: (L, ...), the shape of the input for each of L labels.
    """
    labels, *shape = weights.shape
    flat = weights.astype(np.float32).reshape(labels, -1)
    kind = Kind("float32")
    tensors = [
        _tensor("input", kind, [1, *shape]),
        _tensor("weights", kind, flat.shape),
        _tensor("logits", kind, [1, labels]),
    ]
    return _connected(tensors, flat.tobytes(), version=1)


def _connected(tensors: list[Any], content: bytes, version: int) -> bytes:
    """A model of one fully connected layer; tensors: input, weights, of these bytes, and output."""
    tensors[1].buffer = 1
    options: Any = schema.FullyConnectedOptionsT()
    operator: Any = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = options
    code = schema.BuiltinOperator.FULLY_CONNECTED
    return _file(code, version, operator, tensors, [b"", content], [0])


def save(path: Path, content: bytes, **fields: Any) -> Path:
    """Writes a model beside its manifest, PATH, which says what `fields` say; returns PATH."""
    path.with_suffix(".tflite").write_bytes(content)
    model = Model(path.with_suffix(".tflite"))
    given: dict[str, Any] = {
        "kind": "pixels" if fields.get("colour_order") else "letters",
        "features": 0,
        "normalisation": "none",
        "colour_order": None,
        "margin": 0.0,
        "labels": (),
        "alphabets": {},
        "shared": (),
        "training": {"hands": {"nobody": 0}},
        "figures": {"accuracy": 0.5},
        "date": "2026-11-21",
        "licence": "Apache-2.0",
        "tools": {"numpy": "2"},
    }
    made = Manifest(
        name=path.stem,
        sha256=sha256_of(content),
        size_bytes=len(content),
        inputs=tuple(facts(tensor, "given") for tensor in model.inputs),
        outputs=tuple(facts(tensor, "told") for tensor in model.outputs),
        **{**given, **fields},
    )
    made.save(path)
    return path


def _file(
    builtin: int,
    version: int,
    operator: Any,
    tensors: list[Any],
    contents: list[bytes],
    inputs: list[int] | None = None,
) -> bytes:
    model: Any = schema.ModelT()
    model.version = 3
    code: Any = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = version
    model.operatorCodes = [code]
    model.buffers = []
    for content in contents:
        buffer: Any = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8) if content else None
        model.buffers.append(buffer)
    operator.opcodeIndex = 0
    graph: Any = schema.SubGraphT()
    graph.tensors = tensors
    graph.inputs = operator.inputs if inputs is None else inputs
    graph.outputs, graph.operators = operator.outputs, [operator]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(name: str, kind: Kind, shape: Any) -> Any:
    tensor: Any = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = name, list(shape), _TYPES[kind.dtype]
    tensor.buffer = 0
    if kind.scale:
        quantisation: Any = schema.QuantizationParametersT()
        quantisation.scale = np.array([kind.scale], np.float32)
        quantisation.zeroPoint = np.array([kind.zero_point], np.int64)
        tensor.quantization = quantisation
    return tensor
