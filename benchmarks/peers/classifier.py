"""Trains the peers' letter classifier on what our own letter model is trained on.

    python -m benchmarks.peers.classifier --landmarks FOLDER/hands.npz [--data ../shared/data]

42 numbers, two hidden layers of 128 and 64, dropout, a softmax over A to Z: larger than the
repositories' own (20 and 10), which had fewer signs to distinguish. Trained on the photographs
of `train.data.label` and, with --data, on the landmark collections, as `train.letters` is: hands of
the full and of the lite model, and their mirror images, so that left hands are read too. J and Z
are letters like others, by their stills. Photographs in lee/valid are left out, as there.

Writes models/letters.tflite and, for NumPy, models/letters.npz beside this file. Before that, each
data set of photographs is left out in turn, and what is then read of it is printed (a hand that was
not found counts as wrong).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.landmarks import LETTERS, TFLITE, WEIGHTS, normalised
from edge.errors import command
from edge.files import write

VIEWS = ("found", "mirrored", "lite", "lite mirrored")
PHOTOGRAPHS = ("kaggle_alphabet", "lee", "massey", "multiuser")
EPOCHS = 40
SEED = 1


@command("benchmarks.peers.classifier")
def main() -> int:
    """Trains and writes; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.classifier")
    parser.description = __doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--landmarks", type=Path, required=True, help="hands.npz of train.data.label"
    )
    parser.add_argument("--data", type=Path, help="with landmarks/ for the collections, too")
    parser.add_argument("--no-held-out", action="store_true", help="only train what is written")
    options = parser.parse_args()
    _train(options)
    return 0


def _train(options: argparse.Namespace) -> None:
    from train.data import landmarks

    rows = landmarks.load(options.landmarks)
    rows = rows.where(np.isin(rows.label, list(LETTERS)))
    known = landmarks.to_train_on(rows)
    more = [landmarks.gathered(options.data)] if options.data else []
    more = [part.where(np.isin(part.label, list(LETTERS))) for part in more]
    if not options.no_held_out:
        for name in PHOTOGRAPHS:
            out = np.char.startswith(known.dataset, name)  # multiuser_crop has the same hands
            model = _fitted(*_samples([known.where(~out), *more]))
            right = _right(model, known.where(out))
            print(f"{name} left out: {right.mean():.1%} of {len(right)}", flush=True)
    model = _fitted(*_samples([known, *more]))
    _write(model)
    print(f"wrote {TFLITE} and {WEIGHTS.name}")


def _samples(parts: list[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Returns (N, 42) features and the (N,) numbers of their letters."""
    from train.data.landmarks import VIEWS as ALL

    features, labels = [], []
    for rows in parts:
        for view in VIEWS:
            xy = rows.xyz[:, ALL.index(view), :, :2]
            seen = ~np.isnan(xy[:, 0, 0])
            features.append(normalised(xy[seen]))
            labels.append(rows.label[seen])
            if rows.dataset[0] == "gathered":  # which has one view, and other hands mixed
                features.append(normalised(xy[seen] * (-1, 1)))
                labels.append(rows.label[seen])
    numbers = {letter: i for i, letter in enumerate(LETTERS)}
    return np.concatenate(features), np.array([numbers[x] for x in np.concatenate(labels)])


def _fitted(x: npt.NDArray[np.float32], y: npt.NDArray[np.int64]) -> Any:
    from convert.quiet_tensorflow import keras

    keras.utils.set_random_seed(SEED)
    model = keras.Sequential(
        [
            keras.Input((42,)),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(len(LETTERS), activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy")
    model.fit(x, y, epochs=EPOCHS, batch_size=256, shuffle=True, verbose=0)
    return model


def _right(model: Any, rows: Any) -> npt.NDArray[np.bool_]:
    found = ~np.isnan(rows.xyz[:, 0, 0, 0]) & ~rows.missed
    read = model.predict(normalised(np.nan_to_num(rows.xyz[:, 0, :, :2])), verbose=0).argmax(1)
    return np.asarray(found & (np.array(list(LETTERS))[read] == rows.label))


def _write(model: Any) -> None:
    from convert.quiet_tensorflow import silenced, tf
    from train.arrays import write_arrays

    with silenced():
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    TFLITE.parent.mkdir(exist_ok=True)
    write(TFLITE, content)
    layers = [layer.get_weights() for layer in model.layers if layer.get_weights()]
    arrays = {
        f"{n}{i}": a for i, pair in enumerate(layers) for n, a in zip("wb", pair, strict=True)
    }
    write_arrays(WEIGHTS, arrays)


if __name__ == "__main__":
    sys.exit(main())
