"""A to I with AlexNet's features: a frozen AlexNet, and a small CNN on its last feature map.

    python -m train.recipes.a_to_i --data FOLDER --out FOLDER
    python -m train.recipes.a_to_i ... --backbone mobilenet_v2 --search 20 --minutes 60

FOLDER holds the folders A to I of photographs. In training each hand is cut out and laid on
textures, synthetic ones or those of --textures, so that the model cannot learn the room behind it.
--search first searches for the best settings (Optuna), on validation pictures alone. --backbone
takes another network in AlexNet's place.

Cost, with 64 photographs a class of 128 px: 2 minutes of one core, and 10 for 12 trials of search.
Result, with AlexNet trained on the other letters: 95.8 % of held-out photographs of the same
person, 26.1 % of strangers; 2.7 MB in int8, 0.6 ms.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convert.quiet_tensorflow import keras
from edge.types import Rgb
from train import recipes
from train.pictures import backbones, search, textures
from train.pictures.crops import Pictures, Shake, Task, class_folders, hands_in_pictures
from train.pictures.fitting import Plan, Training
from train.pictures.held_out import same_people, strangers
from train.pictures.outcome import finish
from train.pictures.report import Notes
from train.pictures.splits import OWN, of_its_own
from train.report.document import Block

NAME = "a_to_i"
SUMMARY = "A to I with AlexNet's features: frozen, and a small CNN on its last feature map."
ORIGINAL = (
    "92.59 %, 25 of 27 test photographs (serenazheng/ASL-Hand-Gesture-Recognition), with "
    "ImageNet's AlexNet and over 2,000 photographs."
)
TEXTURE_PX = 256
TEXTURED = 0.7  # share of the pictures that are laid on a texture
MASKS = 4000  # hands that are cut out but once: 160 MB of 200 x 200


class Settings(NamedTuple):
    """What --search searches for; without it these values are used.

    rate: of Adam. filters, dense, dropout: of the classifier. How many pictures are laid on
    textures is not searched for: validation pictures show the same room, which would win.
    """

    rate: float = 1e-3
    filters: int = 64
    dense: int = 128
    dropout: float = 0.4


def network(backbone: str, weights: str, task: Task, settings: Settings) -> Any:
    """The backbone's feature map, frozen unless it comes without weights, and a CNN on it."""
    features = backbones.build(backbone, task.side_px, weights=weights, pooled=False)
    backbones.begin(features, weights)
    layers = keras.layers
    x = layers.Conv2D(settings.filters, 3, padding="same", use_bias=False)(features.output)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU(6.0)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(settings.dropout)(x)
    x = layers.Dense(settings.dense)(x)
    x = layers.ReLU(6.0)(x)
    x = layers.Dropout(settings.dropout)(x)
    return keras.Model(features.input, layers.Dense(len(task.classes))(x), name=NAME)


def on_textures(pictures: Pictures, given: Sequence[Rgb]) -> Pictures:
    """Returns the pictures, of which a share is laid on a texture whenever they are shaken.

    given: the user's own textures; () for synthetic ones.
    """

    @lru_cache(MASKS)
    def mask(number: int) -> textures.Mask:
        (row,) = np.flatnonzero(pictures.number == number)
        joints = pictures.landmarks[row]
        return textures.hand_mask(pictures.read(number), None if np.isnan(joints).any() else joints)

    def redrawn(number: int, rgb: Rgb, random: np.random.Generator) -> Rgb:
        if random.random() >= TEXTURED:
            return rgb
        if given:
            texture = given[int(random.integers(len(given)))]
        else:
            texture = textures.synthetic(random, TEXTURE_PX)
        return textures.on_texture(rgb, mask(number), texture, random)

    return replace(pictures, redrawn=redrawn)


def work(args: argparse.Namespace) -> str:
    """Searches if --search is given, trains with the best settings, and writes all into --out."""
    recipes.check_backbones([args.backbone], args.weights)
    given = [] if args.textures in ("synthetic", "none") else textures.folder(Path(args.textures))
    samples = class_folders(args.data, tuple("ABCDEFGHI"), limit=args.limit)
    task = Task(tuple(sorted({s.label for s in samples})), args.side, "rgb", args.margin)
    pictures, unread = hands_in_pictures(samples, task, args.out, whole=args.crop == "whole")
    others, unread_too = recipes.unseen(
        args, lambda folder: class_folders(folder, task.classes), task
    )
    kept, back = of_its_own(pictures.label, pictures.split, 0.2, args.seed)
    how = "A fifth of the photographs, at random." if pictures.split is None else OWN
    learnt, held = pictures.where(kept), pictures.where(back)
    if args.textures != "none":
        learnt = on_textures(learnt, given)
    facts = {
        "backbone": args.backbone,
        "weights": recipes.weights_facts(args.weights),
        "textures": Path(args.textures).name,
    }
    start = "from nothing" if args.weights == "none" else f"frozen, weights: {args.weights}"
    print(f"{args.backbone}: {start}", file=sys.stderr)

    def training(settings: Settings, out: Path, epochs: int, resume: bool) -> Training:
        build = partial(network, args.backbone, args.weights, task, settings)
        plan = Plan(epochs=epochs, batch=32, seed=args.seed, rate=settings.rate, factor=0.3,
                    patience=3, floor=1e-5, shake=Shake(light=0.3))  # fmt: skip
        return Training(build, task, plan, out, resume, facts | settings._asdict())

    def tried(trial: Any) -> float:
        settings = Settings(
            rate=trial.suggest_float("rate", 1e-4, 1e-2, log=True),
            filters=trial.suggest_int("filters", 16, 128, log=True),
            dense=trial.suggest_int("dense", 32, 256, log=True),
            dropout=trial.suggest_float("dropout", 0.0, 0.6),
        )
        _, history = training(settings, args.out, args.search_epochs, False).fit(learnt, "trial")
        # Of the last two epochs: the best of all would be luck with so few pictures.
        return float(np.mean(history["val_accuracy"][-2:]))

    settings, more = Settings(), list[Block]()
    if args.search:
        study = search.search(
            tried, args.out, of=f"{facts} {task} {learnt.digest()}", trials=args.search,
            minutes=args.minutes, seed=args.seed, resume=args.resume,
        )  # fmt: skip
        settings, more = Settings(**study.best_params), search.report(study)

    final = training(settings, args.out, args.epochs, args.resume)
    model, split = same_people(final, learnt, held, how)
    splits = [split, strangers(final, model, len(learnt), others)] if others else [split]
    title = f"A to I by {args.backbone}, weights: {Path(args.weights).name}"
    notes = Notes(title, ORIGINAL, learnt, unread | unread_too, more)
    return finish(NAME, model, final, splits, notes, alphabet="letters", args=args)


def main() -> int:
    """Runs the command line; returns the exit status."""
    arguments = recipes.parser(NAME, SUMMARY, epochs=20)
    recipes.add_crops(arguments, side_px=224)
    recipes.add_backbone(arguments, default="alexnet")
    arguments.add_argument(
        "--textures", default="synthetic", metavar="synthetic|none|FOLDER", help="behind the hands"
    )
    arguments.add_argument("--search", type=int, default=0, metavar="TRIALS", help="0: none")
    arguments.add_argument("--minutes", type=float, default=0, help="of search; 0: no limit")
    arguments.add_argument("--search-epochs", type=int, default=5, metavar="N", help="of a trial")
    return recipes.run(arguments, work)


if __name__ == "__main__":
    sys.exit(main())
