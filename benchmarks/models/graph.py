"""What is inside a .tflite file: its operations with their multiplications, and its float twin.

A .tflite file is a flatbuffer, read here as its binary format and TensorFlow Lite's schema.fbs say.
Only what is needed is read, and no library is needed, so that a board can do it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError

FLOAT32, FLOAT16, INT32, UINT8, INT8 = 0, 1, 2, 3, 9  # TensorType
STORED = {INT32: "<i4", UINT8: "u1", INT8: "i1"}
PRECISIONS = {FLOAT32: "float32", INT8: "int8", UINT8: "int8"}

# BuiltinOperator. Each output value of these is a sum of products:
CONVOLUTION, DEPTHWISE, CONNECTED, TRANSPOSED, PRODUCT = 3, 4, 9, 67, 126
HEAVY = {
    CONVOLUTION: "convolution",
    DEPTHWISE: "depthwise convolution",
    CONNECTED: "fully connected",
    TRANSPOSED: "transposed convolution",
    PRODUCT: "matrix product",
}
# ... and these move, compare, or do a few operations a value: ADD, AVERAGE_POOL_2D, CONCATENATION,
# DEQUANTIZE, LOGISTIC, MAX_POOL_2D, MUL, RELU, RELU6, RESHAPE, RESIZE_BILINEAR, SOFTMAX, PAD, MEAN,
# SUB, STRIDED_SLICE, PRELU, QUANTIZE, HARD_SWISH, GELU.
LIGHT = {0, 1, 2, 6, 14, 17, 18, 19, 21, 22, 23, 25, 34, 40, 41, 45, 54, 114, 117, 150}


class Operation(NamedTuple):
    """One operation: what it is, its multiply-accumulates, and what its outputs are stored as.

    macs is None where they are not counted. precision: "int8", "float32" or "other".
    """

    name: str
    macs: int | None
    precision: str


@dataclass(frozen=True)
class _Table:
    """A table of a flatbuffer: `at` is where it begins in `content`."""

    content: bytes | bytearray
    at: int

    def field(self, number: int) -> int:
        """Returns where a field lies; 0 where it has its default."""
        vtable = self.at - self._unpack("<i", self.at)
        entry = 4 + 2 * number
        if entry >= self._unpack("<H", vtable):
            return 0
        offset = self._unpack("<H", vtable + entry)
        return self.at + offset if offset else 0

    def number(self, number: int, form: str) -> int:
        """Returns a number, stored as struct's `form`; 0 by default."""
        at = self.field(number)
        return self._unpack(form, at) if at else 0

    def table(self, number: int) -> _Table | None:
        """Returns the table that a field refers to."""
        at = self.field(number)
        return _Table(self.content, self._follow(at)) if at else None

    def tables(self, number: int) -> list[_Table]:
        """Returns a vector of tables."""
        start, count = self.vector(number)
        places = range(start, start + 4 * count, 4)
        return [_Table(self.content, self._follow(place)) for place in places]

    def vector(self, number: int) -> tuple[int, int]:
        """Returns where a vector's first element lies, and how many there are."""
        at = self.field(number)
        if not at:
            return 0, 0
        start = self._follow(at)
        return start + 4, self._unpack("<I", start)

    def array(self, number: int, dtype: str) -> npt.NDArray[Any]:
        """Returns a vector of numbers, copied."""
        start, count = self.vector(number)
        return np.frombuffer(bytes(self.content), dtype, count, start).copy()

    def _follow(self, at: int) -> int:
        return at + self._unpack("<I", at)

    def _unpack(self, form: str, at: int) -> int:
        return int(struct.unpack_from(form, self.content, at)[0])


class _Tensor(NamedTuple):
    table: _Table
    shape: tuple[int, ...]
    type: int
    buffer: int
    scales: npt.NDArray[Any]


def operations(content: bytes) -> list[Operation]:
    """Returns the operations of a .tflite file's first subgraph, in their order.

    Raises ModelError for what is no such file.
    """
    try:
        return list(_operations(_root(content)))
    except (struct.error, ValueError, IndexError) as error:
        raise ModelError("this is not a whole .tflite model; fetch it again") from error


def float_twin(content: bytes) -> bytes:
    """Returns an int8 .tflite file as the same graph in float32, its weights those that int8 holds.

    It computes the same but for the rounding and clipping of what flows through it, and takes the
    time that any float32 model of this shape takes. Types are changed in
    place, scales are emptied, and dequantised weights are appended, with the references to the old
    ones turned to them. Raises ModelError for what is no such file, or is not quantised to int8.
    """
    try:
        return _float_twin(bytearray(content))
    except (struct.error, ValueError, IndexError) as error:
        raise ModelError("this is not a whole int8 .tflite model; no float twin of it") from error


def _root(content: bytes | bytearray) -> _Table:
    if bytes(content[4:8]) != b"TFL3":
        raise ValueError("no TFL3")
    return _Table(content, struct.unpack_from("<I", content, 0)[0])


def _tensors(root: _Table) -> list[_Tensor]:
    found = []
    for table in root.tables(2)[0].tables(0):
        quantisation = table.table(4)
        scales = quantisation.array(2, "<f4") if quantisation else np.zeros(0, "<f4")
        shape = tuple(int(n) for n in table.array(0, "<i4"))
        kind, buffer = table.number(1, "<b"), table.number(2, "<I")
        found.append(_Tensor(table, shape, kind, buffer, scales))
    return found


def _operations(root: _Table) -> Iterator[Operation]:
    # The older field is a byte, and says 127 where the newer one holds the value.
    codes = [max(code.number(0, "<b"), code.number(3, "<i")) for code in root.tables(1)]
    tensors = _tensors(root)
    for operator in root.tables(2)[0].tables(3):
        code = codes[operator.number(0, "<I")]
        inputs = [tensors[i] for i in operator.array(1, "<i4") if i >= 0]
        outputs = [tensors[i] for i in operator.array(2, "<i4")]
        precision = PRECISIONS.get(outputs[0].type, "other") if outputs else "other"
        if code in HEAVY:
            yield Operation(HEAVY[code], _macs(code, inputs, outputs[0]), precision)
        else:
            yield Operation(f"operator {code}", 0 if code in LIGHT else None, precision)


def _macs(code: int, inputs: list[_Tensor], output: _Tensor) -> int:
    """Returns products that are summed: outputs times the terms of each; a bias is none."""
    weights = inputs[1].shape
    if code == TRANSPOSED:  # each input value goes into a window of every output channel
        return math.prod(inputs[2].shape) * math.prod(weights[:3])
    values = math.prod(output.shape)
    if code == CONVOLUTION:
        return values * math.prod(weights[1:])
    if code == DEPTHWISE:
        return values * math.prod(weights[1:3])
    return values * (inputs[0].shape[-1] if code == PRODUCT else weights[-1])


def _float_twin(content: bytearray) -> bytes:
    root = _root(content)
    buffers = root.tables(4)
    quantised = [t for t in _tensors(root) if len(t.scales) and t.type in STORED]
    if not any(tensor.type in (INT8, UINT8) for tensor in quantised):
        raise ValueError("nothing is int8")
    turned: set[int] = set()
    for tensor in quantised:
        buffer = buffers[tensor.buffer]
        if buffer.vector(0)[1] and tensor.buffer not in turned:
            turned.add(tensor.buffer)
            _append(content, buffer.field(0), _real(tensor, buffer))
    for tensor in quantised:
        content[tensor.table.field(1)] = FLOAT32
        quantisation = tensor.table.table(4)
        for number in (2, 3) if quantisation else ():  # scales and zero points
            start, count = quantisation.vector(number) if quantisation else (0, 0)
            if count:
                struct.pack_into("<I", content, start - 4, 0)
    return bytes(content)


def _real(tensor: _Tensor, buffer: _Table) -> npt.NDArray[np.float32]:
    """Returns what a constant tensor stands for."""
    quantisation = tensor.table.table(4)
    assert quantisation is not None  # it has scales
    start, count = buffer.vector(0)
    dtype = STORED[tensor.type]
    stored = np.frombuffer(bytes(buffer.content[start : start + count]), dtype)
    shape = [1] * len(tensor.shape)
    if len(tensor.scales) > 1:
        shape[quantisation.number(6, "<i")] = -1
    scales = tensor.scales.reshape(shape).astype(np.float32)
    zeros = quantisation.array(3, "<i8").reshape(shape if len(tensor.scales) > 1 else [1])
    real = (stored.reshape(tensor.shape).astype(np.int64) - zeros).astype(np.float32)
    return np.asarray(real * scales, "<f4")


def _append(content: bytearray, reference: int, values: npt.NDArray[np.float32]) -> None:
    """Appends a vector of bytes, and turns a reference to it."""
    body = values.tobytes()
    content += bytes(-(len(content) + 4) % 16)  # LiteRT wants what it reads on a multiple of 16
    struct.pack_into("<I", content, reference, len(content) - reference)
    content += struct.pack("<I", len(body)) + body
