"""The network: a causal convolution over steps with two outputs, which letter, and is it spelling.

It is trained over whole streams, and runs over a window that is as long as what one output depends
on. It has only operations that int8 has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.quiet_tensorflow import keras
from edge.recognise.sequences.features import MOMENT, PAIR, SCORED, SCORES, SLOPE, STEP
from edge.recognise.sequences.recogniser import AHEAD
from train.letters.alphabets import LETTERS

layers = keras.layers
OUTPUTS = len(LETTERS) + 2  # the letters, no letter, and spelling


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the network is.

    No value was compared with another one alone (train/LOG.md).

    width: channels. kernel: steps that each block takes. dilations: of each block.
    """

    width: int = 96
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 1, 2, 3)
    dropout: float = 0.15

    @property
    def window(self) -> int:
        """How many steps one output depends on; the usual 29 are 1.9 s."""
        return 1 + (self.kernel - 1) * sum(self.dilations)


def build(shape: Shape, *, streams: bool) -> Any:
    """Returns a Keras model.

    streams: True for training: (B, S, STEP) of any S -> (B, S - window + 1, OUTPUTS) logits. False
    for the device: (B, window, STEP) -> (B, OUTPUTS). The layers have the same names and weights.
    """
    steps = None if streams else shape.window
    inputs = keras.Input((steps, STEP), name="steps")
    given = layers.Reshape((1, -1 if streams else shape.window, STEP))(inputs)
    x = layers.Conv2D(shape.width, 1, name="encode")(given)
    # Usual momentum of batch normalisation is too slow for so few steps (train/LOG.md, 2026-11-21).
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.95, name="encode.bn")(x))
    for i, dilation in enumerate(shape.dilations):
        y = layers.DepthwiseConv2D(
            (1, shape.kernel), dilation_rate=(1, dilation), name=f"block{i}.time"
        )(x)
        y = layers.Conv2D(shape.width, 1, use_bias=False, name=f"block{i}.mix")(y)
        y = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.95, name=f"block{i}.bn")(y))
        y = layers.Dropout(shape.dropout)(y)
        late = layers.Cropping2D(((0, 0), ((shape.kernel - 1) * dilation, 0)))(x)
        x = layers.Add(name=f"block{i}.add")([late, y])
    # Learning begins with the letter model's own scores of the moment that the outputs are of.
    scores = layers.Cropping2D(((0, 0), (shape.window - 1 - AHEAD, AHEAD)))(given)
    scores = layers.Conv2D(OUTPUTS - 1, 1, use_bias=False, name="scores")(scores)
    letters = layers.Conv2D(OUTPUTS - 1, 1, kernel_initializer="zeros", name="letters")(x)
    letters = layers.Add(name="both")([letters, scores])
    spelling = layers.ReLU(6.0)(layers.Conv2D(32, 1, name="spelling.hidden")(x))
    spelling = layers.Conv2D(1, 1, name="spelling")(spelling)
    out = layers.Concatenate()([letters, spelling])
    out = layers.Reshape((-1, OUTPUTS) if streams else (OUTPUTS,))(out)
    model = keras.Model(inputs, out, name="sequence")
    model.get_layer("scores").set_weights([_of_scores()])
    return model


def for_device(trained: Any, shape: Shape) -> Any:
    """Returns the model of one window with the weights of a model of streams."""
    model = build(shape, streams=False)
    for layer in trained.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def _of_scores() -> npt.NDArray[np.float32]:
    """Returns weights that turn the scaled scores of a step into logits, mean of its moments."""
    kernel = np.zeros((1, 1, STEP, OUTPUTS - 1), np.float32)
    outputs = [*(LETTERS.index(label) for label in SCORED), len(LETTERS)]
    for moment in range(PAIR):
        for i, output in enumerate(outputs):
            kernel[0, 0, moment * MOMENT + SCORES.start + i, output] = SLOPE / PAIR
    return kernel
