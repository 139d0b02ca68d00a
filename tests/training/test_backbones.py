"""Backbones: what they are, what they take, what freezing means, and that int8 says the same."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import UsageError
from edge.models.interpreter import Model
from tests.support.examples import full_case

pytest.importorskip("tensorflow", reason="training is done on a workstation, with TensorFlow")
pytestmark = pytest.mark.tensorflow

from convert.quantize import quantise  # noqa: E402 - they need TensorFlow
from convert.quiet_tensorflow import keras  # noqa: E402
from train.pictures.backbones import BACKBONES, DEVIATION, MEAN, build, freeze, thaw  # noqa: E402

SIDE = 64
# Published counts of what is learnt, less the head of 1000 classes (in brackets): torchvision's
# list of models states 11,689,512 (513,000) for resnet18, 61,100,840 for alexnet, of which its
# dense layers have 58,631,144, 7,978,856 (1,025,000) for densenet121, 138,357,544 (123,642,856)
# for vgg16 and 3,504,872 (1,281,000) for mobilenet_v2; timm 4,652,008 (1,281,000) for
# tf_efficientnet_lite0; Keras 2,056,848 for the minimalistic MobileNetV3-Small, of which 1,615,848
# are head and 12,112 statistics.
LEARNT = {
    "mobilenet_v3": 428_888,
    "mobilenet_v2": 2_223_872,
    "efficientnet_lite0": 3_371_008,
    "alexnet": 2_469_696,
    "resnet18": 11_176_512,
    "densenet121": 6_953_856,
    "vgg16": 14_714_688,
}
FEATURES = {
    "own": 128, "mobilenet_v3": 576, "mobilenet_v2": 1280, "efficientnet_lite0": 1280,
    "alexnet": 256, "resnet18": 512, "densenet121": 1024, "vgg16": 512,
}  # fmt: skip
slow = partial(pytest.param, marks=pytest.mark.slow)


def pictures(count: int, side: int = SIDE, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Grainy pictures of one colour, with a black and a white pixel; which channel is brightest."""
    random = np.random.default_rng(seed)
    label = random.integers(3, size=count)
    colour = random.uniform(0, 120, (count, 3))
    colour[np.arange(count), label] += 130
    grain = random.normal(0, 30, (count, side, side, 1))
    x = np.clip(np.rint(colour[:, None, None] + grain), 0, 255).astype(np.float32)
    x[:, 0, 0], x[:, 0, 1] = 0, 255
    return x, label


def learnt(model: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize(
    "name", [n if n in ("mobilenet_v3", "alexnet", "resnet18") else slow(n) for n in LEARNT]
)
def test_they_are_the_published_networks(name: str) -> None:
    """Each learns as many numbers as its authors state."""
    assert learnt(build(name, SIDE, weights="none")) == LEARNT[name]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["own", "alexnet"])
def test_pixels_become_features(name: str, channels: int) -> None:
    """Grey or coloured pixels give one vector a picture, or the map that it is the mean of."""
    x = pictures(2)[0][..., :channels]
    keras.utils.set_random_seed(0)
    vector = np.asarray(build(name, SIDE, channels, weights="none")(x))
    keras.utils.set_random_seed(0)
    whole = np.asarray(build(name, SIDE, channels, weights="none", pooled=False)(x))
    assert vector.shape == (2, FEATURES[name])
    assert whole.ndim == 4
    np.testing.assert_allclose(whole.mean((1, 2)), vector, atol=1e-5)


def test_width_makes_a_network_narrow() -> None:
    """Half of the width is about a quarter of what is learnt."""
    wide, narrow = (learnt(build("own", SIDE, weights="none", width=w)) for w in (1, 0.5))
    assert 0.2 < narrow / wide < 0.3


def test_pixels_are_scaled_as_imagenet_was() -> None:
    """The mean colour of ImageNet becomes 0, and one deviation more becomes 1."""
    model = build("alexnet", SIDE, weights="none")
    scaled = keras.Model(model.input, model.get_layer("scaling").output)
    mean = np.broadcast_to(np.array(MEAN, np.float32) * 255, (1, SIDE, SIDE, 3))
    more = mean + np.array(DEVIATION, np.float32) * 255
    np.testing.assert_allclose(np.asarray(scaled(mean)), 0, atol=1e-5)
    np.testing.assert_allclose(np.asarray(scaled(more)), 1, atol=1e-5)


def test_no_relu_is_unbounded_in_mobilenets() -> None:
    """ReLU6 keeps the range of int8 small, also where Keras has another activation."""
    model = build("mobilenet_v3", SIDE, weights="none")
    bounds = [x.max_value for x in model.layers if isinstance(x, keras.layers.ReLU)]
    assert len(bounds) > 10
    assert set(bounds) == {6.0}


def test_what_is_frozen_does_not_learn() -> None:
    """A frozen network, batch normalisation with it, is the same after its head was trained."""
    features = build("own", SIDE, weights="none")
    freeze(features)
    head = keras.layers.Dense(3)
    model = keras.Model(features.input, head(features.output))
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    before = [np.array(w) for w in features.get_weights()]
    first = head.get_weights()[0]
    model.fit(*pictures(16), 8, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, features.get_weights(), strict=True))
    assert not np.array_equal(first, head.get_weights()[0])
    x = pictures(2)[0]
    np.testing.assert_array_equal(features(x, training=True), features(x, training=False))


@pytest.mark.parametrize(("count", "names"), [(0, []), (1, ["features.10"]), (99, None)])
def test_the_last_convolutions_are_thawed(count: int, names: list[str] | None) -> None:
    """As many as given, from the end; the head stays as it was, and so does the scaling."""
    features = build("alexnet", SIDE, weights="none")
    freeze(features)
    model = keras.Model(features.input, keras.layers.Dense(3, name="head")(features.output))
    thaw(model, count)
    thawed = [layer.name for layer in model.layers if layer.trainable_weights]
    all_of_it = [f"features.{number}" for number in (0, 3, 6, 8, 10)]
    assert thawed == [*(all_of_it if names is None else names), "head"]


def test_thawing_leaves_batch_normalisation_frozen() -> None:
    """The statistics of small batches never enter a network that is fine-tuned."""
    model = build("own", SIDE, weights="none")
    freeze(model)
    thaw(model, 99)
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert norms
    assert not any(layer.trainable for layer in norms)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mobilenetv2", 64), "did you mean mobilenet_v2"),
        (("VGG-16", 64), "own, mobilenet_v3, .*did you mean vgg16"),
        (("x", 64), "there is no backbone 'x', only own"),
        (("alexnet", 48), "63 px or more"),
        (("own", 64, 4), "1 or 3 channels"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments: tuple[Any, ...], said: str) -> None:
    """A name, a side or channels that make no sense are one line that says what does."""
    with pytest.raises(UsageError, match=said) as error:
        build(*arguments, weights="none")
    assert "\n" not in str(error.value)


def test_a_width_that_a_network_lacks_is_refused() -> None:
    """Only the small networks come in several widths."""
    with pytest.raises(UsageError, match="width 1 only"):
        build("resnet18", SIDE, weights="none", width=0.5)


@pytest.mark.parametrize(("name", "file"), [("resnet18", "resnet18-f37072fd"), ("alexnet", "owt")])
def test_weights_that_keras_lacks_are_a_file(name: str, file: str) -> None:
    """Where nothing can be downloaded, the line names the file that fits, and the way without."""
    with pytest.raises(UsageError, match=f"--weights FILE .*{file}.*--weights none"):
        build(name, SIDE)


def test_without_a_network_there_are_two_ways(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A download that fails is one line, which names a file of weights and training without."""
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))  # nothing is there
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody answers
    with pytest.raises(UsageError, match=r"--weights FILE.*--weights none") as error:
        build("mobilenet_v3", SIDE)
    assert "\n" not in str(error.value)
    assert not [path for path in tmp_path.rglob("*.h5")]


# How many steps a network is trained (from chance alone, nothing comes out of fifty layers), and
# how far int8 is to agree: after 60 steps these three are at 0.99 and more, but not after six.
MOBILE = ("mobilenet_v3", "mobilenet_v2", "efficientnet_lite0")
INT8 = [("own", 6, 0.97), *(full_case(name, 6, 0.75) for name in MOBILE)]
INT8 += [slow("alexnet", 0, 0.97)]
INT8 += [full_case(name, 0, 0.97) for name in ("resnet18", "densenet121", "vgg16")]


@pytest.mark.parametrize(("name", "steps", "least"), INT8)
def test_int8_says_what_float_says(name: str, steps: int, least: float, tmp_path: Path) -> None:
    """Every backbone converts to full int8, takes pixels as they are, and logits correlate.

    The runtime takes it in one piece: nothing of it is left to slower code but DenseNet's three
    average poolings.
    """
    keras.utils.set_random_seed(1)
    side = BACKBONES[name].least_px
    features = build(name, side, weights="none")
    for layer in features.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.2  # the statistics of a few steps have to do
    model = keras.Model(features.input, keras.layers.Dense(3)(features.output))
    if steps:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adam", loss=loss, run_eagerly=True)  # nothing is compiled for six
        model.fit(*pictures(16 * steps, side), 16, verbose=0)
    path = tmp_path / "int8.tflite"
    path.write_bytes(quantise(model, pictures(16, side)[0]))
    int8 = Model(path)
    q = int8.inputs[0].quantisation
    assert q is not None
    assert (q.scale, q.zero_point) == (1.0, -128)
    x, _ = pictures(32, side, seed=1)
    exact = np.asarray(model(x))
    near = np.concatenate([int8.run(one[None])[0] for one in x])
    a, b = (z - z.mean(0) for z in (exact, near))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > least
    pieces = [op["op_name"] for op in int8._interpreter._get_ops_details()]
    assert pieces.count("DELEGATE") == (4 if name == "densenet121" else 1)


def test_every_backbone_is_tested() -> None:
    """A backbone that is added is tested."""
    assert set(BACKBONES) == set(FEATURES) == {*LEARNT, "own"}
