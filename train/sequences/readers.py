"""Letter models that were not trained on the hand they read, whose scores streams are made with.

The bundled letter model was trained on all collections. On these it is surer than on a stranger's
hands, and a sequence model that learned from such scores would trust them too much. So as many
small letter models are trained as there are folds, each without one of them. They run here as
matrices, since a stream has hundreds of hands. What the model of closed hands adds from pixels is
made up, since collections of landmarks have no pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.errors import UsageError
from edge.handshapes.closed import CLOSED, combined
from edge.recognise.sequences.features import SCORED
from edge.types import NONE
from train.arrays import DAMAGE, write_arrays
from train.data import landmarks
from train.letters.alphabets import LABELS
from train.letters.material import Recipe, hands_of
from train.sequences.poses import Floats
from train.sequences.sources import FOLDS, folds

EPOCHS = 10  # chosen without a comparison
# Made-up logits of the model of closed hands: what the right one has more, and the noise. They were
# set so that about as many closed hands become right as with that model (train/LOG.md).
PIXEL_RIGHT, PIXEL_NOISE = 1.5, 1.0
_USED = np.array([LABELS.index(x) for x in (*SCORED, NONE)])
_CLOSED = np.array([SCORED.index(x) for x in CLOSED])


class Readers:
    """The letter models, one a fold."""

    def __init__(self, weights: list[list[tuple[Floats, Floats]]]) -> None:
        self._weights = weights

    def logits(self, x: Floats, fold: int) -> Floats:
        """Returns (N, len(SCORED) + 1) logits of letters and of no sign for (N, SHAPE) features."""
        layers = self._weights[fold]
        for kernel, bias in layers[:-1]:
            x = np.clip(x @ kernel + bias, 0, 6)
        kernel, bias = layers[-1]
        return np.asarray((x @ kernel + bias)[:, _USED])

    def scores(self, x: Floats, fold: int, pixels: Floats | None) -> Floats:
        """Returns (N, len(SCORED)) scores; pixels: (N, len(CLOSED)) made-up logits, or None."""
        logits = self.logits(x, fold)
        if pixels is not None:
            logits[:, _CLOSED] = combined(logits[:, _CLOSED], pixels)
        logits -= logits.max(1, keepdims=True)
        odds = np.exp(logits)
        return np.asarray((odds / odds.sum(1, keepdims=True))[:, :-1])

    def save(self, path: Path) -> None:
        """Writes one .npz file."""
        flat = {
            f"{fold}.{layer}.{name}": part
            for fold, layers in enumerate(self._weights)
            for layer, both in enumerate(layers)
            for name, part in zip(("kernel", "bias"), both, strict=True)
        }
        write_arrays(path, flat)


def load(path: Path) -> Readers:
    """Reads what `Readers.save` wrote; raises UsageError if it cannot."""
    try:
        with np.load(path) as file:
            count = 1 + max(int(name.split(".")[1]) for name in file.files)
            return Readers(
                [
                    [(file[f"{fold}.{i}.kernel"], file[f"{fold}.{i}.bias"]) for i in range(count)]
                    for fold in range(FOLDS)
                ]
            )
    except DAMAGE as error:
        raise UsageError(f"{path} cannot be read; delete it, and it is made again") from error


def pixels(letter: str, random: np.random.Generator) -> Floats:
    """Makes up the (len(CLOSED),) logits of the model of closed hands for one that shows `letter`.

    letter: one of CLOSED, or anything else.
    """
    out = random.normal(0, PIXEL_NOISE, len(CLOSED)).astype(np.float32)
    if letter in CLOSED:
        out[CLOSED.index(letter)] += max(0.0, random.normal(PIXEL_RIGHT, PIXEL_RIGHT / 2))
    return out


def fit(data: Path, epochs: int = EPOCHS) -> Readers:
    """Trains the letter models of all folds on DATA/landmarks."""
    from convert.quiet_tensorflow import keras
    from train.letters.fit import fit as fit_letters

    rows = landmarks.gathered(data)
    fold = folds(rows.signer, FOLDS)
    weights = []
    for out in range(FOLDS):
        recipe = Recipe(seed=out, members=1, epochs=epochs)
        model = fit_letters(hands_of(rows.where(fold != out), recipe), recipe)
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        weights.append([tuple(map(np.asarray, layer.get_weights())) for layer in dense])
    return Readers(weights)  # type: ignore[arg-type]
