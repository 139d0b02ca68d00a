"""Weights from files: PyTorch's, Keras' and our own; and files that are none."""

from __future__ import annotations

import io
import json
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import UsageError
from tests.support.examples import full_case

pytest.importorskip("tensorflow", reason="training is done on a workstation, with TensorFlow")
pytestmark = pytest.mark.tensorflow

from convert.quiet_tensorflow import keras, silenced  # noqa: E402 - they need TensorFlow
from train.pictures import state_dicts  # noqa: E402
from train.pictures.backbones import build, freeze  # noqa: E402

SIDE = 64


def pixels(count: int = 2) -> np.ndarray:
    shape = (count, SIDE, SIDE, 3)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


def state_of(model: Any) -> dict[str, np.ndarray]:
    """A state dict as PyTorch would have it for this network, with other numbers."""
    random = np.random.default_rng(1)
    state = {}
    for layer in model.layers:
        for weight in layer.trainable_weights:
            shape = tuple(weight.shape)
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            if len(shape) == 4:
                shape = tuple(shape[axis] for axis in ((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)))
            name = {"gamma": "weight", "beta": "bias", "kernel": "weight"}.get(weight.name)
            state[f"{layer.name}.{name or weight.name}"] = random.normal(0, 0.1, shape)
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape[0]
            state[f"{layer.name}.running_mean"] = random.normal(0, 0.1, size)
            state[f"{layer.name}.running_var"] = random.uniform(0.5, 1.5, size)
            state[f"{layer.name}.num_batches_tracked"] = np.array(7)
    state["fc.weight"] = random.normal(0, 1, (10, 512))  # a head, which nobody asks for
    return {
        name: array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        for name, array in state.items()
    }


class _Storage:
    """Where PyTorch keeps a tensor's numbers: another file of the archive."""

    def __init__(self, key: str, kind: Any) -> None:
        self.key, self.kind = key, kind


def write_pth(
    path: Path, state: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, *, old: bool = False
) -> None:
    """Writes what torch.save writes, by PyTorch's own names.

    That is a zip of a pickle and the arrays. old: as before PyTorch 1.6, a row of pickles and the
    arrays after them.
    """
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    kinds = {np.float32: "FloatStorage", np.int64: "LongStorage"}
    for name in kinds.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_: Any) -> None: ...

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]

    class Tensor:
        def __init__(self, key: str, array: np.ndarray) -> None:
            self.key, self.array = key, array

        def __reduce__(self) -> Any:
            stored = _Storage(self.key, getattr(torch, kinds[self.array.dtype.type]))
            strides = tuple(step // self.array.itemsize for step in self.array.strides)
            hooks: OrderedDict[str, Any] = OrderedDict()
            return _rebuild_tensor_v2, (stored, 0, self.array.shape, strides, False, hooks)

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: Any) -> Any:
            if isinstance(thing, _Storage):
                more = (None,) if old else ()
                return "storage", thing.kind, thing.key, "cpu", sizes[thing.key], *more
            return None

    arrays = {str(number): array for number, array in enumerate(state.values())}
    sizes = {key: array.size for key, array in arrays.items()}
    tensors = OrderedDict(zip(state, (Tensor(*item) for item in arrays.items()), strict=True))
    said = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch", torch)
        patch.setitem(sys.modules, "torch._utils", utils)
        if old:
            for head in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
                pickle.dump(head, said, 2)
        Pickler(said, 2).dump(tensors)
    if old:
        pickle.dump(sorted(arrays), said, 2)
        for key in sorted(arrays):
            said.write(arrays[key].size.to_bytes(8, "little") + arrays[key].tobytes())
        path.write_bytes(said.getvalue())
        return
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", said.getvalue())
        for key, array in arrays.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())


def write_safetensors(path: Path, state: dict[str, np.ndarray]) -> None:
    """Writes what safetensors.save_file writes."""
    about: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, array in state.items():
        kind = {"f": "F32", "i": "I64"}[array.dtype.kind]
        about[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    head = json.dumps(about).encode()
    content = b"".join(array.tobytes() for array in state.values())
    path.write_bytes(len(head).to_bytes(8, "little") + head + content)


@pytest.mark.parametrize("kind", ["pth", "old.pth", "safetensors", "npz"])
def test_a_state_dict_is_read_without_pytorch(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each form of it gives every layer the numbers that PyTorch had there."""
    state = state_of(build("resnet18", SIDE, weights="none"))
    path = tmp_path / f"weights.{kind}"
    suffix = path.suffix[1:]
    if suffix == "pth":
        write_pth(path, state, monkeypatch, old=kind == "old.pth")
    elif suffix == "safetensors":
        write_safetensors(path, state)
    else:
        np.savez(path, **state)
    model = build("resnet18", SIDE, weights=path)
    kernel = model.get_layer("layer3.0.downsample.0").get_weights()[0]
    wanted = state["layer3.0.downsample.0.weight"]
    np.testing.assert_array_equal(kernel, wanted.transpose(2, 3, 1, 0))
    for ours, theirs in zip(
        model.get_layer("layer4.1.bn2").get_weights(),
        ("weight", "bias", "running_mean", "running_var"),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, state[f"layer4.1.bn2.{theirs}"])


@pytest.mark.slow
def test_depthwise_kernels_are_read_too(tmp_path: Path) -> None:
    """A kernel for each channel alone is turned otherwise than the others are."""
    state = state_of(build("efficientnet_lite0", SIDE, weights="none"))
    write_safetensors(tmp_path / "weights.safetensors", state)
    model = build("efficientnet_lite0", SIDE, weights=tmp_path / "weights.safetensors")
    kernel = model.get_layer("blocks.2.0.conv_dw").get_weights()[0]
    wanted = state["blocks.2.0.conv_dw.weight"]  # (C, 1, 5, 5)
    np.testing.assert_array_equal(kernel[:, :, 17, 0], wanted[17, 0])


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("suffix", ["keras", "weights.h5"])
def test_a_model_of_ours_is_a_file_of_weights(suffix: str, nested: bool, tmp_path: Path) -> None:
    """What a recipe saved, its head and a frozen backbone included, gives the backbone again."""
    features = build("own", SIDE, weights="none")
    freeze(features)
    inputs = keras.Input((SIDE, SIDE, 3)) if nested else features.input
    last = features(inputs) if nested else features.output
    model = keras.Model(inputs, keras.layers.Dense(5)(last))
    path = tmp_path / f"saved.{suffix}"
    with silenced():
        (model.save_weights if "h5" in suffix else model.save)(path)
    again = build("own", SIDE, weights=str(path))
    x = pixels()
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(features(x)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "of_keras"),
    [
        ("mobilenet_v2", "MobileNetV2"),
        full_case("densenet121", "DenseNet121"),
        full_case("vgg16", "VGG16"),
    ],
)
def test_weights_of_keras_give_the_features_of_keras(
    name: str, of_keras: str, tmp_path: Path
) -> None:
    """With the weights of keras.applications, raw pixels give what its own scaling and network do.

    VGG's take blue first: the kernel is turned.
    """
    application = getattr(keras.applications, of_keras)(
        weights=None, include_top=False, input_shape=(SIDE, SIDE, 3), pooling="avg"
    )
    path = tmp_path / "weights_no_top.h5"
    with silenced():
        application.save(path)
    module = {"densenet121": "densenet"}.get(name, name)
    scaled = getattr(keras.applications, module).preprocess_input(pixels().copy())
    theirs = np.asarray(application(scaled))
    ours = np.asarray(build(name, SIDE, weights=path)(pixels()))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4 * np.abs(theirs).max())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """The line names the layer that is not there, or what it has instead."""
    path = tmp_path / "own.keras"
    with silenced():
        build("own", SIDE, weights="none", width=0.5).save(path)
    with pytest.raises(UsageError, match=r"own.keras is not of resnet18: it has no layer conv1"):
        build("resnet18", SIDE, weights=path)
    with pytest.raises(UsageError, match=r"own.keras does not fit own: its layer stem has weights"):
        build("own", SIDE, weights=path)


@pytest.mark.parametrize("name", ["a.keras", "a.weights.h5", "a.h5", "a.pth", "a.npz", "a.onnx"])
@pytest.mark.parametrize("content", [None, b"", b"\x80 is no such file" * 9])
def test_what_is_no_file_of_weights_is_refused(
    name: str, content: bytes | None, tmp_path: Path
) -> None:
    """A file that is missing, empty, damaged or of another kind is one line that names it."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=name) as error:
        build("own", 32, weights=path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("old", [False, True])
def test_a_pickle_that_does_more_is_refused(old: bool, tmp_path: Path) -> None:
    """A file of weights may come from anywhere: it runs nothing."""
    path = tmp_path / "evil.pth"
    if old:
        path.write_bytes(pickle.dumps(print))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(print))
    with pytest.raises(UsageError, match=r"torch\.save"):
        build("alexnet", SIDE, weights=path)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.999])
def test_an_old_file_that_lacks_its_end_is_refused(
    cut: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No layer keeps numbers that the file does not hold."""
    path = tmp_path / "weights.pth"
    write_pth(path, {"a.weight": np.ones((64, 8), np.float32)}, monkeypatch, old=True)
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(state_dicts.DAMAGE):
        state_dicts.read(path)
