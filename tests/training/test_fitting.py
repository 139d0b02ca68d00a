"""Training pictures: a killed run goes on as if it had not been, and says what is in its way."""

from __future__ import annotations

import io
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import UsageError
from edge.types import Rgb
from train.pictures.crops import Pictures, Shake, Task

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
TASK = Task(("dark", "light", "none"), 16, "grey", 1.0)


def shades(count: int) -> Pictures:
    """Pictures of one grey each, the dark ones "dark"; some without a hand, some "none"."""
    random = np.random.default_rng(5)
    grey = random.integers(0, 255, count)
    label = np.where(grey < 100, "dark", np.where(grey < 200, "light", "none"))

    def read(number: int) -> Rgb:
        return np.full((16, 16, 3), grey[number], np.uint8)

    return Pictures(
        read=read,
        number=np.arange(count),
        region=np.tile([8.0, 8.0, 16.0, 0.0], (count, 1)),
        flip=np.zeros(count, bool),
        found=np.arange(count) % 10 > 0,
        label=label,
        signer=np.full(count, ""),
        landmarks=np.full((count, 21, 2), np.nan, np.float32),
    )


@pytest.fixture(scope="module")
def training() -> Callable[..., Any]:
    """Makes a Training of a small network with dropout, whose chances a resumed run must keep."""
    pytest.importorskip("tensorflow", reason="training is done on a workstation")
    from convert.quiet_tensorflow import keras
    from train.pictures.fitting import Plan, Training

    def network() -> Any:
        x = inputs = keras.Input((16, 16, 1))
        x = keras.layers.Rescaling(1 / 255)(x)
        x = keras.layers.Conv2D(4, 3, strides=4)(x)
        x = keras.layers.BatchNormalization(momentum=0.5)(x)
        x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
        return keras.Model(inputs, keras.layers.Dense(3)(x))

    def make(out: Path, epochs: int, **changes: Any) -> Any:
        plan = Plan(epochs=epochs, batch=8, rate=0.01, patience=1, shake=Shake(light=0.1))
        resume = changes.pop("resume", False)
        return Training(network, TASK, replace(plan, **changes), out, resume)

    return make


def weights(model: Any) -> list[Any]:
    return [w.numpy() for w in model.trainable_variables]


def test_a_resumed_run_is_the_same_run(training: Callable[..., Any], tmp_path: Path) -> None:
    """Two epochs and then two more, with other processes' state, end in the weights of four."""
    whole, history = training(tmp_path / "whole", 4).fit(shades(60), "x")
    training(tmp_path / "parts", 2).fit(shades(60), "x")
    np.random.default_rng().random()
    rest, same = training(tmp_path / "parts", 4, resume=True).fit(shades(60), "x")
    for a, b in zip(weights(whole), weights(rest), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert len(history["loss"]) == len(same["loss"]) == 4
    np.testing.assert_allclose(history["loss"], same["loss"], atol=1e-6)
    assert history["learning_rate"] == same["learning_rate"]


def test_other_settings_are_another_run(training: Callable[..., Any], tmp_path: Path) -> None:
    """A checkpoint of other settings is not gone on with, and the difference is named."""
    training(tmp_path, 1).fit(shades(60), "x")
    with pytest.raises(UsageError, match="begun with batch 8, and this is 4"):
        training(tmp_path, 2, batch=4, resume=True).fit(shades(60), "x")
    training(tmp_path, 1, batch=4).fit(shades(60), "x")  # without --resume: from the beginning


def test_a_hand_that_was_not_found_teaches_only_none(training: Callable[..., Any]) -> None:
    """On a device such a picture reaches no model."""
    from train.pictures.fitting import teachable

    pictures = teachable(shades(100))
    missed = pictures.label[~pictures.found]
    assert len(missed)
    assert set(missed) == {"none"}
    assert len(pictures) < 100


def test_a_class_without_a_hand_to_learn_from_is_named(
    training: Callable[..., Any], tmp_path: Path
) -> None:
    """Nothing is trained: the model would have a label that it never learnt."""
    from train.pictures.held_out import same_people

    pictures = shades(60)
    blind = replace(pictures, found=pictures.found & (pictures.label != "dark"))
    with pytest.raises(UsageError, match="no hand to learn 'dark' from"):
        same_people(training(tmp_path, 1), blind, pictures, "")
    light = pictures.where(pictures.label != "dark")
    with pytest.raises(UsageError, match="no hand to learn 'dark' from"):
        same_people(training(tmp_path, 1), light, pictures, "")
    assert not (tmp_path / "checkpoints").exists()


@contextmanager
def no_room() -> Iterator[None]:
    """Files cannot grow beyond 4 kB, as on a disk that is full.

    Standard output too may be a file: nothing is written there meanwhile.
    """
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_one_line(training: Callable[..., Any], tmp_path: Path) -> None:
    """What cannot be saved is named, with what to do; no half file stays."""
    with no_room(), pytest.raises(UsageError, match="make room"):
        training(tmp_path, 1).fit(shades(60), "x")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
