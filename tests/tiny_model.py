"""A whole .tflite file of one operation, made without TensorFlow: the sum of two inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16,
}


@dataclass(frozen=True)
class Kind:
    """What the three tensors are stored as; scale 0 is a float tensor."""

    dtype: str
    scale: float = 0.0
    zero_point: int = 0


def adder(kind: Kind, length: int = 4) -> bytes:
    """The bytes of a model that adds two vectors of `length` real numbers."""
    model: Any = schema.ModelT()
    model.version = 3
    code: Any = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    code.version = 2 if kind.scale else 1
    model.operatorCodes = [code]
    model.buffers = [schema.BufferT()]
    operator: Any = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
    options: Any = schema.AddOptionsT()
    options.potScaleInt16 = False
    operator.builtinOptions = options
    graph: Any = schema.SubGraphT()
    graph.tensors = [_tensor(name, kind, length) for name in ("a", "b", "sum")]
    graph.inputs, graph.outputs, graph.operators = [0, 1], [2], [operator]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(name: str, kind: Kind, length: int) -> Any:
    tensor: Any = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = name, [length], _TYPES[kind.dtype]
    tensor.buffer = 0
    if kind.scale:
        quantisation: Any = schema.QuantizationParametersT()
        quantisation.scale = np.array([kind.scale], np.float32)
        quantisation.zeroPoint = np.array([kind.zero_point], np.int64)
        tensor.quantization = quantisation
    return tensor
