"""Convolutional networks that Keras lacks, or has in another form, as layers of Keras.

Each takes pixels that are scaled already, (B, side, side, 3), and returns its last feature map.
Layers are named as in the project whose weights fit them (torchvision, timm, Keras), so that
`train.pictures.weights` finds each by its name. All of it converts to int8 and runs in XNNPACK.
"""

from __future__ import annotations

from typing import Any

from convert.quiet_tensorflow import keras

layers = keras.layers
# BatchNormalization's epsilon: PyTorch's default, and that of TensorFlow's EfficientNets.
TORCH_EPSILON, TENSORFLOW_EPSILON = 1e-5, 1e-3
OWN_CHANNELS = (16, 32, 64, 96, 128)
# Of EfficientNet-Lite0: repeats, kernel, stride, expansion and channels of each stage.
LITE0_STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
)  # fmt: skip


def own(x: Any, width: float = 1.0) -> Any:
    """A small network of our own: five halvings, four of them with a residual convolution after.

    467,000 parameters at width 1; it is trained from nothing.
    """
    first, *rest = (max(8, round(width * channels)) for channels in OWN_CHANNELS)
    x = _relu6(_convolution(x, first, "stem", stride=2), "stem.relu")
    for stage, channels in enumerate(rest, 1):
        name = f"stage{stage}"
        x = _relu6(_convolution(x, channels, f"{name}.down", stride=2), f"{name}.down.relu")
        y = _convolution(x, channels, f"{name}.more")
        x = _relu6(layers.Add(name=f"{name}.add")([x, y]), f"{name}.relu")
    return x


def _convolution(x: Any, channels: int, name: str, *, stride: int = 1) -> Any:
    """A 3 x 3 convolution with batch normalisation."""
    x = layers.Conv2D(channels, 3, stride, "same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}.bn")(x)


def _relu6(x: Any, name: str) -> Any:
    return layers.ReLU(6.0, name=name)(x)


def efficientnet_lite0(x: Any) -> Any:
    """EfficientNet-Lite0: no squeeze-and-excite, ReLU6, stem and head of a fixed width.

    Source: github.com/tensorflow/tpu, models/official/efficientnet/lite; Tan and Le 2019. Names
    and padding are those of timm's tf_efficientnet_lite0.
    """
    x = layers.Conv2D(32, 3, 2, "same", use_bias=False, name="conv_stem")(x)
    x = _relu6(_batch_norm(x, "bn1", TENSORFLOW_EPSILON), "act1")
    for stage, (repeats, kernel, stride, expansion, channels) in enumerate(LITE0_STAGES):
        for block in range(repeats):
            name = f"blocks.{stage}.{block}"
            x = _inverted(
                x,
                name,
                kernel=kernel,
                stride=stride if block == 0 else 1,
                expansion=expansion,
                channels=channels,
            )
    x = layers.Conv2D(1280, 1, use_bias=False, name="conv_head")(x)
    return _relu6(_batch_norm(x, "bn2", TENSORFLOW_EPSILON), "act2")


def _inverted(x: Any, name: str, *, kernel: int, stride: int, expansion: int, channels: int) -> Any:
    """An inverted residual: widen, filter each channel, narrow."""
    before, narrow = x, "conv_pw"
    norms = iter((f"{name}.bn1", f"{name}.bn2", f"{name}.bn3"))
    if expansion > 1:
        narrow = "conv_pwl"
        wide = expansion * x.shape[-1]
        x = layers.Conv2D(wide, 1, use_bias=False, name=f"{name}.conv_pw")(x)
        x = _relu6(_batch_norm(x, next(norms), TENSORFLOW_EPSILON), f"{name}.act1")
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}.conv_dw")(x)
    x = _relu6(_batch_norm(x, next(norms), TENSORFLOW_EPSILON), f"{name}.act2")
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}.{narrow}")(x)
    x = _batch_norm(x, next(norms), TENSORFLOW_EPSILON)
    if stride == 1 and before.shape[-1] == channels:
        x = layers.Add(name=f"{name}.add")([before, x])
    return x


def _batch_norm(x: Any, name: str, epsilon: float) -> Any:
    return layers.BatchNormalization(epsilon=epsilon, name=name)(x)


def resnet18(x: Any) -> Any:
    """ResNet-18 without its dense layer. Source: He et al. 2015; names as in torchvision."""
    x = _padded(x, 64, 7, "conv1", stride=2, pad=3)
    x = _relu(_batch_norm(x, "bn1", TORCH_EPSILON), "relu")
    x = layers.ZeroPadding2D(1, name="maxpool.pad")(x)  # no activation is below 0 here
    x = layers.MaxPooling2D(3, 2, name="maxpool")(x)
    for stage, channels in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            x = _basic(x, f"layer{stage}.{block}", channels, 2 if stage > 1 and block == 0 else 1)
    return x


def _basic(x: Any, name: str, channels: int, stride: int) -> Any:
    """Two 3 x 3 convolutions beside a shortcut."""
    before = x
    x = _padded(x, channels, 3, f"{name}.conv1", stride=stride, pad=1 if stride > 1 else 0)
    x = _relu(_batch_norm(x, f"{name}.bn1", TORCH_EPSILON), f"{name}.relu1")
    x = _padded(x, channels, 3, f"{name}.conv2")
    x = _batch_norm(x, f"{name}.bn2", TORCH_EPSILON)
    if stride > 1:
        before = _padded(before, channels, 1, f"{name}.downsample.0", stride=stride)
        before = _batch_norm(before, f"{name}.downsample.1", TORCH_EPSILON)
    return _relu(layers.Add(name=f"{name}.add")([before, x]), f"{name}.relu2")


def _padded(
    x: Any,
    channels: int,
    kernel: int,
    name: str,
    *,
    stride: int = 1,
    pad: int = 0,
    bias: bool = False,
) -> Any:
    """A convolution that pads all sides alike, as PyTorch does; Keras' "same" does so at stride 1.

    pad: what it pads at a stride above 1, in pixels.
    """
    if pad:
        x = layers.ZeroPadding2D(pad, name=f"{name}.pad")(x)
    same = "same" if stride == 1 else "valid"
    return layers.Conv2D(channels, kernel, stride, same, use_bias=bias, name=name)(x)


def _relu(x: Any, name: str) -> Any:
    return layers.ReLU(name=name)(x)


def alexnet(x: Any) -> Any:
    """AlexNet's convolutions, one tower; its three dense layers are left out.

    At 224 px the map is 6 x 6 x 256. Source: Krizhevsky 2014 (one weird trick), the variant of
    torchvision, whose names these are.
    """
    x = _relu(_padded(x, 64, 11, "features.0", stride=4, pad=2, bias=True), "features.1")
    x = layers.MaxPooling2D(3, 2, name="features.2")(x)
    x = _relu(_padded(x, 192, 5, "features.3", bias=True), "features.4")
    x = layers.MaxPooling2D(3, 2, name="features.5")(x)
    for number, channels in ((6, 384), (8, 256), (10, 256)):
        x = _padded(x, channels, 3, f"features.{number}", bias=True)
        x = _relu(x, f"features.{number + 1}")
    return layers.MaxPooling2D(3, 2, name="features.12")(x)


def vgg16(x: Any) -> Any:
    """VGG-16's convolutions. Source: Simonyan and Zisserman 2014; names as in Keras.

    The first takes red first, and pixels that are 128 times smaller than Keras' VGG-16 takes:
    its name differs from that of Keras' own, whose kernel `train.pictures.backbones` turns.
    """
    for block, (repeats, channels) in enumerate(
        ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), 1
    ):
        for number in range(1, repeats + 1):
            name = f"block{block}_conv{number}" + ("_rgb" if block == number == 1 else "")
            x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, 2, name=f"block{block}_pool")(x)
    return x
