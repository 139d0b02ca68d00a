"""Trained weights of a network from a file, found by the names of its layers.

- .keras, .weights.h5: of Keras 3; also of a whole model with the network inside, such as one that
  a recipe saved.
- .h5: as keras.applications downloads them (~/.keras/models/*_no_top.h5).
- .pth, .safetensors, .npz: the state dict of a PyTorch model, read without PyTorch. An .npz is made
  by `np.savez("resnet18.npz", **{k: v.numpy() for k, v in model.state_dict().items()})`. A .pth of
  PyTorch 1.5 or older, or of a whole model, has to be saved anew as a state dict.
"""

from __future__ import annotations

import io
import json
import pickle
import socket
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from convert.quiet_tensorflow import keras
from edge.errors import UsageError

Array = npt.NDArray[Any]
Arrays = dict[str, list[Array]]  # by layer, in the order of Keras' get_weights
State = Mapping[str, Array]  # by PyTorch's names: layer1.0.conv1.weight
DOWNLOAD_TIMEOUT_S = 30  # without a word from the server
# How PyTorch and safetensors name what NumPy calls by the second.
_TORCH = {"Float": "<f4", "Half": "<f2", "Double": "<f8", "Long": "<i8", "Int": "<i4"}
_SAFETENSORS = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4"}

# What the readers raise at what they cannot make sense of.
_DAMAGE = (
    ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError
)  # fmt: skip
_ENDS = ("weight", "bias", "running_mean", "running_var")


def read(model: Any, path: Path) -> Arrays:
    """Returns what a file holds for a Keras model, and perhaps more.

    Raises UsageError for a file that cannot be read.
    """
    if path.suffix not in (*_OF_KERAS, *_OF_TORCH):
        raise UsageError(
            f"{path} is no file of weights that can be read: .keras, .weights.h5, .pth, "
            ".safetensors or .npz"
        )
    try:
        if path.suffix in _OF_KERAS:
            arrays = _OF_KERAS[path.suffix](path)
        else:
            arrays = _of_torch(model, _OF_TORCH[path.suffix](path))
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise UsageError(f"cannot read the weights {path}: {reason}") from error
    except _DAMAGE as error:
        how = "; save it anew: torch.save(model.state_dict(), FILE)" if "pt" in path.suffix else ""
        raise UsageError(f"{path} is damaged, or holds no weights that can be read{how}") from error
    return arrays


def of_keras(name: str, build: Callable[..., Any], weights: str) -> Arrays:
    """Returns the weights that keras.applications downloads or keeps, or those of such a file.

    build: makes Keras' own model of `weights`, which are "imagenet" or a path.
    Raises UsageError where they cannot be had.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT_S)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other sides than 224 px: the weights fit them too
            model = build(weights=weights)
    except Exception as error:  # Keras raises a plain Exception where a download fails
        if weights != "imagenet":
            there = "does not fit" if Path(weights).is_file() else "is not there, for"
            message = f"{weights} {there} {name}; files of keras.applications end in _no_top.h5"
        elif isinstance(error, ValueError):  # Keras names the widths that there are
            message = f"there are no ImageNet weights of {name} in this width; use --weights none"
        else:
            reason = " ".join(str(error).rpartition(" -- ")[2].split())
            message = (
                f"cannot download the ImageNet weights of {name} ({reason}): connect to the "
                "network, or name a file by --weights FILE, or use --weights none"
            )
        raise UsageError(message) from error
    finally:
        socket.setdefaulttimeout(before)
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def assign(model: Any, arrays: Arrays, source: str) -> None:
    """Sets the weights of each layer that learns, in a model that is not frozen.

    Raises UsageError, and sets none, where they do not fit.
    """
    mine = [layer for layer in model.layers if layer.trainable_weights]
    for layer in mine:
        if layer.name not in arrays:
            raise UsageError(f"{source} is not of {model.name}: it has no layer {layer.name}")
        wanted = [tuple(weight.shape) for weight in layer.weights]
        there = [array.shape for array in arrays[layer.name]]
        if wanted != there:
            raise UsageError(
                f"{source} does not fit {model.name}: its layer {layer.name} has weights of "
                f"{there}, not {wanted}"
            )
    for layer in mine:
        layer.set_weights(arrays[layer.name])


def _keras(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        return _of_h5(io.BytesIO(archive.read("model.weights.h5")))


def _h5(path: Path) -> Arrays:
    with path.open("rb") as file:
        return _of_h5(file)


def _of_h5(file: Any) -> Arrays:
    """Keras 3 keeps a layer's weights in a group `.../vars`, whose attribute is its name."""
    arrays: Arrays = {}

    def visit(name: str, group: Any) -> None:
        if name.endswith("vars") and "name" in group.attrs and len(group):
            arrays[str(group.attrs["name"])] = [
                np.asarray(group[str(i)]) for i in range(len(group))
            ]

    with h5py.File(file) as h5:
        h5.visititems(visit)
    return arrays


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
    """A zip of one pickle, which says what the arrays are, and a file an array.

    Source of the format: PyTorch's notes on serialization semantics.
    """
    with zipfile.ZipFile(path) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("/data.pkl"))
        folder = name.removesuffix("data.pkl")
        state = _Unpickler(
            io.BytesIO(archive.read(name)), lambda key: archive.read(f"{folder}data/{key}")
        ).load()
    return dict(state.get("state_dict", state))


class _Unpickler(pickle.Unpickler):
    """Knows tensors, and nothing else: a file of weights may come from anywhere."""

    def __init__(self, file: Any, stored: Callable[[str], bytes]) -> None:
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
        _, dtype, key, *_ = pid
        return np.frombuffer(self._stored(key), dtype)


def _tensor(
    stored: Array, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> Array:
    """NumPy checks that the view stays inside what is stored."""
    size = stored.itemsize
    return np.ndarray(shape, stored.dtype, stored, offset * size, [size * step for step in stride])


def _of_torch(model: Any, state: State) -> Arrays:
    """Returns a PyTorch state dict's arrays in the order and the layout that Keras has."""
    arrays: Arrays = {}
    for layer in model.layers:
        # From (O, I, H, W), or (C, 1, H, W) where each channel is filtered alone.
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        names = [f"{layer.name}.{end}" for end in _ENDS if f"{layer.name}.{end}" in state]
        there = [state[name] for name in names]
        if there:
            arrays[layer.name] = [a.transpose(axes) if a.ndim == 4 else a for a in there]
    return arrays


_OF_KERAS = {".keras": _keras, ".h5": _h5}
_OF_TORCH = {".pth": _torch, ".pt": _torch, ".safetensors": _safetensors, ".npz": _npz}
