"""What is read and changed in a .tflite file itself, as bytes: its tensors, inputs and operators.

TensorFlow Lite checks little of a file, and ends the process where a tensor that an operator needs
is missing. So that is looked for here before the file is given to it. Source: the FlatBuffers
binary format, and TensorFlow Lite's schema.fbs, whose fields are counted from 0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MISSING = -1  # in place of the index of a tensor

_CODES, _GRAPHS = 1, 2  # fields of Model
_OLD_CODE, _CODE = 0, 3  # of OperatorCode: a byte for codes up to 127, and 32 bits for all
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = 0, 1, 2, 3  # of SubGraph
_OPCODE, _OPERANDS = 0, 1  # of Operator

# Every operator needs each input that it has. Of some, TensorFlow Lite's kernels leave out inputs:
# LSTM, RNN and SVDF in all their forms, custom ones, and control flow.
# BuiltinOperator: LSTM 16, RNN 24, SVDF 27, CUSTOM 32, UNIDIRECTIONAL_SEQUENCE_RNN 35 and _LSTM 44,
# BIDIRECTIONAL_SEQUENCE_RNN 46 and _LSTM 52, DELEGATE 51, CALL 31, IF 118, WHILE 119.
_FREE = {16, 24, 27, 31, 32, 35, 44, 46, 51, 52, 118, 119}
# Which input is the bias, which may be left out. BuiltinOperator: CONV_2D 3, DEPTHWISE_CONV_2D 4,
# FULLY_CONNECTED 9, TRANSPOSE_CONV 67, CONV_3D 132, CONV_3D_TRANSPOSE 141.
_BIAS = {3: 2, 4: 2, 9: 2, 67: 3, 132: 2, 141: 3}
# How many inputs an operator has at least: those that its kernel in TensorFlow Lite reads without
# asking whether they are there. HASHTABLE 136, VAR_HANDLE 142 and CALL_ONCE 129 have none, and
# those of which nothing stands here have one.
_LEAST_INPUTS = (
    dict.fromkeys((129, 136, 142), 0)
    | dict.fromkeys(
        (
            # ADD, MUL, SUB, DIV, MAXIMUM, MINIMUM, POW, FLOOR_DIV, FLOOR_MOD, SQUARED_DIFFERENCE,
            # PRELU, BATCH_MATMUL
            0, 18, 41, 42, 55, 57, 78, 90, 95, 99, 54, 126,
            # LESS, GREATER, GREATER_EQUAL, LESS_EQUAL, EQUAL, NOT_EQUAL, LOGICAL_OR, LOGICAL_AND
            58, 61, 62, 63, 71, 72, 84, 86,
            # MEAN, SUM, REDUCE_PROD, _MAX, _MIN, _ANY, _ALL, ARG_MAX, ARG_MIN, CUMSUM, SEGMENT_SUM
            40, 74, 81, 82, 89, 91, 140, 56, 79, 128, 125,
            # CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, CONV_3D, RFFT2D, EMBEDDING_LOOKUP
            3, 4, 9, 132, 131, 7,
            # RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR, PAD, MIRROR_PAD, GATHER, GATHER_ND, TOPK_V2
            23, 97, 34, 100, 36, 107, 48,
            # TRANSPOSE, TILE, EXPAND_DIMS, FILL, REVERSE_V2, REVERSE_SEQUENCE, BROADCAST_TO, SPLIT,
            # MATRIX_SET_DIAG, ASSIGN_VARIABLE
            39, 69, 70, 94, 105, 112, 130, 49, 115, 144,
        ),
        2,
    )
    | dict.fromkeys(
        (
            # BATCH_TO_SPACE_ND, SPACE_TO_BATCH_ND, PADV2, SELECT, SELECT_V2, SLICE, SPLIT_V, RANGE
            37, 38, 60, 64, 123, 65, 102, 96,
            # TRANSPOSE_CONV, CONV_3D_TRANSPOSE, SCATTER_ND, HASHTABLE_LOOKUP, _FIND, _IMPORT
            67, 141, 122, 10, 137, 138,
        ),
        3,
    )
    | dict.fromkeys((45, 68, 85), 4)  # STRIDED_SLICE, SPARSE_TO_DENSE, ONE_HOT
    | {33: 5, 120: 5, 121: 6}  # EMBEDDING_LOOKUP_SPARSE, NON_MAX_SUPPRESSION_V4 and _V5
)  # fmt: skip
_STABLEHLO = 145  # from here on there are other operators, of which nothing is said here


def check(content: bytes) -> None:
    """Raises ValueError where a tensor is missing that the model or one of its operators needs.

    Raises struct.error or ValueError if `content` is no such file. The runtime accepts the index -1
    for an input of the model and of an operator, and then uses memory that is not the tensor's.
    """
    graph = _first_graph(content)
    count = len(_numbers(content, _field(content, graph, _TENSORS)))
    for number in (_INPUTS, _OUTPUTS):
        indices = _numbers(content, _field(content, graph, number))
        if not all(0 <= index < count for index in indices):
            raise ValueError("an input or output is missing")
    codes = [_code(content, table) for table in _tables(content, _u32(content, 0), _CODES)]
    for graph in _tables(content, _u32(content, 0), _GRAPHS):
        for operator in _tables(content, graph, _OPERATORS):
            kind = _number(content, operator, _OPCODE, "<I")
            if kind >= len(codes):
                raise ValueError("an operator is of no kind")
            operands = _field(content, operator, _OPERANDS)
            _check_operands(codes[kind], _numbers(content, operands) if operands else ())


def _check_operands(code: int, operands: tuple[int, ...]) -> None:
    """Raises ValueError where an input is missing that this kind of operator needs."""
    if code in _FREE or code >= _STABLEHLO:
        return
    if len(operands) < _LEAST_INPUTS.get(code, 1):
        raise ValueError("an operator has too few inputs")
    bias = _BIAS.get(code)
    if any(index == MISSING and i != bias for i, index in enumerate(operands)):
        raise ValueError("an input of an operator is missing")


def with_output(content: bytes, tensor: int) -> bytes:
    """Returns a .tflite file with one more output, the tensor of that index, after the others.

    A vector of a flatbuffer may lie anywhere after the reference to it. So the longer list of
    outputs is appended to the file, and the reference to the old list is set to the new one.
    Nothing else changes. Raises as check() does if `content` is no such file.
    """
    reference = _field(content, _first_graph(content), _OUTPUTS)
    old = _numbers(content, reference)
    body = bytearray(content)
    body += bytes(-len(body) % 4)
    struct.pack_into("<I", body, reference, len(body) - reference)
    return bytes(body + struct.pack(f"<I{len(old) + 1}i", len(old) + 1, *old, tensor))


def _code(content: bytes, table: int) -> int:
    """Returns the number of a kind of operator, of its table in OperatorCode."""
    old, new = _number(content, table, _OLD_CODE, "<b"), _number(content, table, _CODE, "<i")
    return max(old, new)


def _first_graph(content: bytes) -> int:
    """Returns where the table of the graph is that runs first; others belong to control flow."""
    graph = next(_tables(content, _u32(content, 0), _GRAPHS), None)
    if graph is None:
        raise ValueError("there is no graph")
    return graph


def _tables(content: bytes, table: int, number: int) -> Iterator[int]:
    """Yields where the tables are that a field refers to, a vector of references."""
    reference = _field(content, table, number)
    if not reference:
        raise ValueError("a field is missing")
    vector = reference + _u32(content, reference)
    for i in range(_u32(content, vector)):
        at = vector + 4 + 4 * i
        yield at + _u32(content, at)


def _numbers(content: bytes, reference: int) -> tuple[int, ...]:
    """Returns the numbers of a vector, of the reference to it."""
    if not reference:
        raise ValueError("a field is missing")
    vector = reference + _u32(content, reference)
    return struct.unpack_from(f"<{_u32(content, vector)}i", content, vector + 4)


def _number(content: bytes, table: int, number: int, kind: str) -> int:
    """Returns a field that is a number of this kind; 0, the default, where it is left out."""
    at = _field(content, table, number)
    return int(struct.unpack_from(kind, content, at)[0]) if at else 0


def _field(content: bytes, table: int, number: int) -> int:
    """Returns where a field of a table is; 0 where it is left out."""
    vtable = table - int(struct.unpack_from("<i", content, table)[0])
    size = int(struct.unpack_from("<H", content, vtable)[0])
    if 4 + 2 * number >= size:
        return 0
    offset = int(struct.unpack_from("<H", content, vtable + 4 + 2 * number)[0])
    return table + offset if offset else 0


def _u32(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", content, at)[0])
