"""Trained weights of a network from a file, found by the names of its layers.

- .keras, .weights.h5: of Keras 3; also of a whole model with the network inside, such as one that
  a recipe saved.
- .h5: as keras.applications downloads them (~/.keras/models/*_no_top.h5).
- .pth, .safetensors, .npz: the state dict of a PyTorch model, read without PyTorch. An .npz is made
  by `np.savez("resnet18.npz", **{k: v.numpy() for k, v in model.state_dict().items()})`. A .pth of
  a whole model has to be saved anew as a state dict.
"""

from __future__ import annotations

import io
import socket
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np

from convert.quiet_tensorflow import keras
from edge.errors import UsageError
from train.pictures import state_dicts
from train.pictures.state_dicts import Array, State

Arrays = dict[str, list[Array]]  # by layer, in the order of Keras' get_weights
DOWNLOAD_TIMEOUT_S = 30  # without a word from the server
_ENDS = ("weight", "bias", "running_mean", "running_var")


def read(model: Any, path: Path, renamed: Callable[[State], State] | None = None) -> Arrays:
    """Returns what a file holds for a Keras model, and perhaps more.

    renamed: gives the layers of a PyTorch state dict the names that they have in the model.
    Raises UsageError for a file that cannot be read.
    """
    if path.suffix not in (*_OF_KERAS, *state_dicts.SUFFIXES):
        raise UsageError(
            f"{path} is no file of weights that can be read: .keras, .weights.h5, .pth, "
            ".safetensors or .npz"
        )
    try:
        if path.suffix in _OF_KERAS:
            arrays = _OF_KERAS[path.suffix](path)
        else:
            state = state_dicts.read(path)
            arrays = _of_torch(model, renamed(state) if renamed else state)
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise UsageError(f"cannot read the weights {path}: {reason}") from error
    except state_dicts.DAMAGE as error:
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
