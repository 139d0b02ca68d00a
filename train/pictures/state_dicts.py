"""State dicts of PyTorch, read without PyTorch: from .pth, .pt, .safetensors and .npz files.

PyTorch has written .pth files in two formats: a zip since version 1.6, and before it a row of
pickles with the numbers after them. Both are read. Whole models that were pickled are not.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from train.arrays import DAMAGE as NUMPY_DAMAGE

Array = npt.NDArray[Any]
State = Mapping[str, Array]  # by PyTorch's names: layer1.0.conv1.weight
# What the readers raise at what they cannot make sense of; the second line is what pickle's own
# documentation says that unpickling may raise.
DAMAGE = (
    *NUMPY_DAMAGE,
    pickle.UnpicklingError, AttributeError, ImportError, IndexError, OverflowError,
)  # fmt: skip
# How PyTorch and safetensors name what NumPy calls by the second.
_TORCH = {"Float": "<f4", "Half": "<f2", "Double": "<f8", "Long": "<i8", "Int": "<i4"}
_SAFETENSORS = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4"}
# The first pickle of the older format. Source: torch/serialization.py, MAGIC_NUMBER.
_MAGIC = 0x1950A86A20F9469CFC6C
_COUNT_BYTES = 8  # of the older format: before each tensor's numbers stands how many they are


def read(path: Path) -> State:
    """Returns the arrays of a file by PyTorch's names.

    path: its suffix is one of `SUFFIXES`. Raises OSError, or one of `DAMAGE` where it is no state
    dict.
    """
    return _READERS[path.suffix](path)


def _npz(path: Path) -> State:
    with np.load(path) as file:
        return dict(file)


def _safetensors(path: Path) -> State:
    """Source of the format: huggingface.co/docs/safetensors."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    state = {}
    for name, about in json.loads(content[8:start]).items():
        if name != "__metadata__":
            first, last = about["data_offsets"]
            part = content[start + first : start + last]
            state[name] = np.frombuffer(part, _SAFETENSORS[about["dtype"]]).reshape(about["shape"])
    return state


def _torch(path: Path) -> State:
    with path.open("rb") as file:
        state = _zipped(file) if zipfile.is_zipfile(file) else _pickled(file)
    if not isinstance(state, dict):
        raise ValueError(f"a state dict is a dictionary, and this is a {type(state).__name__}")
    return dict(state.get("state_dict", state))


def _zipped(file: BinaryIO) -> Any:
    """A zip of one pickle, which says what the arrays are, and a file an array.

    Source of the format: PyTorch's notes on serialization semantics.
    """
    with zipfile.ZipFile(file) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("/data.pkl"))
        folder = name.removesuffix("data.pkl")

        def stored(dtype: npt.DTypeLike, key: str, count: int) -> Array:
            return np.frombuffer(archive.read(f"{folder}data/{key}"), dtype)

        return _Unpickler(io.BytesIO(archive.read(name)), stored).load()


def _pickled(file: BinaryIO) -> Any:
    """Five pickles, and then the numbers of each storage, in the order that the fifth names.

    The pickles are the magic number, the version, facts about the machine, the state dict and the
    list of the storages. The arrays are made with the fourth pickle and filled afterwards.
    Source of the format: torch/serialization.py, `_legacy_save`.
    """
    room = file.seek(0, io.SEEK_END)
    file.seek(0)
    arrays: dict[str, Array] = {}

    def stored(dtype: npt.DTypeLike, key: str, count: int) -> Array:
        if count * np.dtype(dtype).itemsize > room:
            raise ValueError(f"there are not {count} numbers in the file")
        return arrays.setdefault(key, np.empty(count, dtype))

    def load() -> Any:
        return _Unpickler(file, stored).load()

    if load() != _MAGIC:
        raise ValueError("it does not begin as PyTorch's files do")
    load()
    if not load()["little_endian"]:
        raise ValueError("it was written by a machine that has the highest byte first")
    state = load()
    for key in load():
        array = arrays[key]
        count = int.from_bytes(file.read(_COUNT_BYTES), "little")
        array[:] = np.frombuffer(file.read(count * array.itemsize), array.dtype)
    return state


class _Unpickler(pickle.Unpickler):
    """Knows tensors, and nothing else: a file of weights may come from anywhere.

    stored: returns the numbers of a storage, given their dtype, its name and how many they are.
    """

    def __init__(self, file: Any, stored: Callable[[npt.DTypeLike, str, int], Array]) -> None:
        super().__init__(file)
        self._stored = stored

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name.removesuffix("Storage") in _TORCH:
            return np.dtype(_TORCH[name.removesuffix("Storage")])
        known = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor_v2": _tensor,
            "torch._utils._rebuild_parameter": lambda data, *_: data,
        }
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"a file of weights has no use for {module}.{name}")
        return known[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> Array:
        _, dtype, key, _, count, *_ = pid
        return self._stored(dtype, key, count)


def _tensor(
    stored: Array, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> Array:
    """NumPy checks that the view stays inside what is stored."""
    size = stored.itemsize
    return np.ndarray(shape, stored.dtype, stored, offset * size, [size * step for step in stride])


_READERS = {".pth": _torch, ".pt": _torch, ".safetensors": _safetensors, ".npz": _npz}
SUFFIXES = tuple(_READERS)
