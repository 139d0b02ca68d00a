"""Convolutional networks by name that turn pictures into features; recipes put a head on them.

| name | parameters | ImageNet | int8 | at 224 px | ImageNet's weights |
| --- | --- | --- | --- | --- | --- |
| own | 0.47 M | - | 0.5 MB | 0.8 ms (1.9) | none: it is trained from nothing |
| mobilenet_v3 | 0.43 M | 61.9 % | 0.6 MB | 1.0 ms (0.9) | Keras downloads them |
| mobilenet_v2 | 2.22 M | 71.3 % | 2.7 MB | 3.0 ms (4.7) | Keras downloads them |
| efficientnet_lite0 | 3.37 M | 75.1 % | 3.9 MB | 3.7 ms (6.0) | a package (lite0.py) |
| alexnet | 2.47 M | 56.5 % | 2.5 MB | 1.7 ms (10) | a file: torchvision |
| resnet18 | 11.18 M | 69.8 % | 11.3 MB | 4.3 ms (30) | a file: torchvision |
| densenet121 | 6.95 M | 75.0 % | 7.3 MB | 12 ms (50) | Keras downloads them |
| vgg16 | 14.71 M | 71.3 % | 14.8 MB | 17 ms (239) | Keras downloads them |

Parameters are those of the features, without the head of 1000 classes. Accuracies on ImageNet (top
1) are those that Keras' list of applications, torchvision's list of models and EfficientNet-Lite's
README state. Times are of int8 (float), one thread of a shared x86 machine, the least of 30.

`mobilenet_v3` is MobileNetV3-Small as its authors made it for integer hardware ("minimalistic"):
no hard-swish, no squeeze-and-excite, 3 x 3 kernels only; and ReLU6 everywhere. Weights that were
trained with hard-swish are of no use where ReLU6 has taken its place. Those of the minimalistic
network were trained with ReLU, and fit except where an activation exceeds 6.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from convert.quiet_tensorflow import keras
from edge.errors import UsageError
from train.pictures import lite0, networks
from train.pictures.state_dicts import State
from train.pictures.weights import Arrays, assign, of_keras, read

# Of ImageNet's training pictures, red first, for pixels 0 to 1. Source: torchvision's references,
# and keras.applications.imagenet_utils, mode "torch".
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Red first, for pixels 0 to 255. Source: imagenet_utils, mode "caffe", which has blue first.
VGG_MEAN, VGG_SCALE = (123.68, 116.779, 103.939), 128.0
MOMENTUM = 0.9  # of batch normalisation in a network that is trained from nothing

# Pixels 0 to 255, red first, times the one, plus the other.
Scaling = tuple[tuple[float, float, float], tuple[float, float, float]]
_UNIT: Scaling = ((1 / 127.5,) * 3, (-1.0,) * 3)
_LITE0: Scaling = ((1 / lite0.DEVIATION,) * 3, (-lite0.MEAN / lite0.DEVIATION,) * 3)
_IMAGENET = cast(
    Scaling,
    (
        tuple(1 / (255 * d) for d in DEVIATION),
        tuple(-m / d for m, d in zip(MEAN, DEVIATION, strict=True)),
    ),
)
_VGG = cast(Scaling, ((1 / VGG_SCALE,) * 3, tuple(-m / VGG_SCALE for m in VGG_MEAN)))
_APPLICATIONS = keras.applications
_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
SCALING = "scaling"  # the layer's name


@dataclass(frozen=True, slots=True)
class Backbone:
    """One network: how it is built, what it takes, where its ImageNet weights are.

    network: scaled pixels -> feature map; None for one that Keras builds.
    keras: builds Keras' own version, which downloads ImageNet weights; None if there is none.
    least_px: the smallest side of which something is left at the end.
    width: what `network` or `keras` calls its width; "" for a network that has one width only.
    file: of ImageNet weights that a user can name, in words.
    packaged: returns the file of ImageNet weights that an installed package holds, or raises
    UsageError. renamed: gives the layers of such a file the names that they have here.
    relu6: whether each ReLU becomes a ReLU6.
    """

    scaling: Scaling
    network: Callable[..., Any] | None = None
    keras: Callable[..., Any] | None = None
    least_px: int = 32
    width: str = ""
    file: str = ""
    packaged: Callable[[], Path] | None = None
    renamed: Callable[[State], State] | None = None
    relu6: bool = False


BACKBONES = {
    "own": Backbone(_UNIT, networks.own, width="width"),
    "mobilenet_v3": Backbone(
        _UNIT,
        keras=partial(
            _APPLICATIONS.MobileNetV3Small, minimalistic=True, include_preprocessing=False
        ),
        width="alpha",
        relu6=True,
    ),
    "mobilenet_v2": Backbone(_UNIT, keras=_APPLICATIONS.MobileNetV2, width="alpha"),
    "efficientnet_lite0": Backbone(
        _LITE0, networks.efficientnet_lite0, packaged=lite0.packaged, renamed=lite0.renamed
    ),
    "alexnet": Backbone(
        _IMAGENET, networks.alexnet, least_px=63, file="torchvision's alexnet-owt-7be5be79.pth"
    ),
    "resnet18": Backbone(_IMAGENET, networks.resnet18, file="torchvision's resnet18-f37072fd.pth"),
    "densenet121": Backbone(_IMAGENET, keras=_APPLICATIONS.DenseNet121),
    "vgg16": Backbone(_VGG, networks.vgg16, _APPLICATIONS.VGG16),
}


def build(
    name: str,
    side_px: int,
    channels: int = 3,
    *,
    weights: str | Path = "imagenet",
    width: float = 1.0,
    pooled: bool = True,
) -> Any:
    """Returns a Keras model: (B, side, side, channels) float32 pixels 0..255 -> (B, F) features.

    Features are the mean of the last feature map; pooled=False gives the map, (B, h, w, F).
    channels: 3, red first, or 1 for grey, which the network then sees as three equal channels.
    weights: "imagenet", "none" for random ones, or a file (see train.pictures.weights).
    width: the share of channels that a small network has, for those of `width`.
    Raises UsageError for an unknown name, a picture too small, and weights that cannot be had or
    do not fit.
    """
    backbone = named(name)
    if side_px < backbone.least_px:
        raise UsageError(f"{name} needs pictures of {backbone.least_px} px or more, not {side_px}")
    if channels not in (1, 3):
        raise UsageError(f"a backbone takes pictures of 1 or 3 channels, not {channels}")
    if width <= 0 or (width != 1 and not backbone.width):
        raise UsageError(f"{name} comes in width 1 only, not {width:g}")
    options = {backbone.width: width} if backbone.width else {}
    inputs = keras.Input((side_px, side_px, channels), name="pixels")
    x = keras.layers.Concatenate(name="rgb")([inputs] * 3) if channels == 1 else inputs
    x = _scaling(*backbone.scaling)(x)
    if backbone.network:
        x = backbone.network(x, **options)
    else:
        x = _of_keras(backbone, options, weights=None, input_tensor=x).output
    if pooled:
        x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    model = keras.Model(inputs, x, name=name)
    if backbone.relu6:
        model = keras.models.clone_model(model, clone_function=_with_relu6)
    if weights != "none":
        _load(model, str(weights), backbone, options)
    return model


def named(name: str) -> Backbone:
    """Returns the backbone of that name; raises UsageError where there is none."""
    if name in BACKBONES:
        return BACKBONES[name]
    near = difflib.get_close_matches(name.lower().replace("-", "_"), BACKBONES, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(f"there is no backbone {name!r}, only {', '.join(BACKBONES)}{hint}")


def _scaling(scale: tuple[float, ...], offset: tuple[float, ...]) -> Any:
    """Returns the layer that scales pixels.

    Numbers that differ by channel are a convolution of 1 x 1, which nothing trains: a product and
    a sum that are broadcast over channels take five times as long in int8 (1.0 ms of 224 px).
    """
    if len(set(scale)) == len(set(offset)) == 1:
        return keras.layers.Rescaling(scale[0], offset[0], name=SCALING)
    constant = keras.initializers.Constant
    return keras.layers.DepthwiseConv2D(
        1,
        depthwise_initializer=constant([[s] for s in scale]),
        bias_initializer=constant(list(offset)),
        trainable=False,
        name=SCALING,
    )


def _of_keras(backbone: Backbone, options: dict[str, float], **more: Any) -> Any:
    assert backbone.keras
    return backbone.keras(include_top=False, **options, **more)


def _with_relu6(layer: Any) -> Any:
    if isinstance(layer, keras.layers.ReLU):
        return keras.layers.ReLU(6.0, name=layer.name)
    return layer.__class__.from_config(layer.get_config())


def _load(model: Any, weights: str, backbone: Backbone, options: dict[str, float]) -> None:
    """Gives the model ImageNet's weights, or those of a file."""
    keras_file = weights.endswith(".h5") and not weights.endswith(".weights.h5")
    if weights == "imagenet" and backbone.packaged:
        arrays = read(model, backbone.packaged(), backbone.renamed)
    elif weights != "imagenet" and not keras_file:
        arrays = read(model, Path(weights), backbone.renamed)
    elif backbone.keras:
        shape = (*model.input_shape[1:3], 3)
        theirs = partial(_of_keras, backbone, options, input_shape=shape)
        arrays = of_keras(model.name, theirs, weights)
    elif keras_file:
        raise UsageError(
            f"Keras has no {model.name}: {weights} cannot be its; name a .pth or .keras"
        )
    elif backbone.file:
        raise UsageError(
            f"ImageNet weights of {model.name} cannot be downloaded here: name a file by --weights "
            f"FILE ({backbone.file}), or train from nothing by --weights none"
        )
    else:
        raise UsageError(f"there are no ImageNet weights of {model.name}; use --weights none")
    assign(model, _turned(arrays), "ImageNet's file" if weights == "imagenet" else weights)


def _turned(arrays: Arrays) -> Arrays:
    """Makes the first kernel of Keras' VGG-16, which takes blue first, ours (networks.vgg16)."""
    if "block1_conv1" in arrays:
        kernel, bias = arrays["block1_conv1"]
        arrays["block1_conv1_rgb"] = [kernel[:, :, ::-1] * VGG_SCALE, bias]
    return arrays


def begin(model: Any, weights: str | Path) -> None:
    """Makes a backbone ready for its first training: frozen, but if it comes without weights."""
    if weights == "none":
        settle(model)
    else:
        freeze(model)


def freeze(model: Any) -> None:
    """Keeps every layer as it is. Compile the model that it becomes part of afterwards.

    Batch normalisation that is not trainable uses the statistics that it has learnt, also while
    the head is trained, and does not change them (Keras' guide to transfer learning).
    """
    for layer in model.layers:
        layer.trainable = False


def thaw(model: Any, convolutions: int) -> None:
    """Lets the last convolutions of those that are frozen be trained too. Compile afterwards.

    Batch normalisation stays as it is: the statistics of small batches would undo what the
    network has learnt (the same guide).
    """
    frozen = [
        layer
        for layer in model.layers
        if isinstance(layer, _CONVOLUTIONS) and not layer.trainable and layer.name != SCALING
    ]
    for layer in frozen[max(0, len(frozen) - convolutions) :]:
        layer.trainable = True


def settle(model: Any) -> None:
    """Makes a network ready to be trained from nothing. Compile the model afterwards.

    The running statistics of batch normalisation follow faster: Keras' 0.99 to 0.999 want
    thousands of steps, and until then the network fails on whatever it is not trained on.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
