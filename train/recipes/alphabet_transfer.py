"""ASL Alphabet, 29 classes: transfer learning, one backbone beside the other.

    python -m train.recipes.alphabet_transfer --data FOLDER --out FOLDER --backbone mobilenet_v2
    python -m train.recipes.alphabet_transfer ... --backbone efficientnet_lite0 --side 96
    python -m train.recipes.alphabet_transfer ... --backbone all --weights none --side 96

FOLDER holds the folders A to Z, del, space and nothing. ImageNet's weights are downloaded by Keras,
or come with a package (efficientnet_lite0). A backbone with them is frozen, and a head is trained
on its features; --tune N then trains its last convolutions as well.
With --weights none all of it is trained from nothing. Each backbone has its own folder in --out;
the most accurate one (on validation pictures) becomes the model, and one table compares all that
were trained there, in this run or before.

Cost, with 80 pictures a class of 96 px and --weights none: own 5 minutes of one core (30 epochs),
mobilenet_v2 6 (10 epochs); 87,000 pictures of 224 px want a graphics card. Result, own: 96.6 % of
held-out pictures of the same person, 8.8 % of strangers; 498 kB in int8, 0.3 ms.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from convert.quiet_tensorflow import keras
from edge.errors import UsageError
from edge.files import write
from edge.types import NONE
from train import recipes
from train.pictures import backbones
from train.pictures.crops import Sample, Shake, Task, class_folders, hands_in_pictures
from train.pictures.fitting import Plan, Training
from train.pictures.held_out import same_people, strangers
from train.pictures.outcome import finish
from train.pictures.report import Notes
from train.pictures.splits import OWN, of_its_own
from train.report.document import Block, Table, Text, page

NAME = "alphabet_transfer"
SUMMARY = "ASL Alphabet, 29 classes: transfer learning, one backbone beside the other."
ORIGINAL = (
    "99.8 % for a CNN from nothing (mxagar/asl_alphabet_image_classification), 95.7 % for "
    "ResNet-18 and 88.0 % for AlexNet (LinXiaoyi0/EE541-Project-Group2, which states 76.7 % for "
    "ResNet-18 on pictures of other scenes), of 87,000 pictures held back at random. "
    "All of them are one person's, in one room."
)
FOLDERS = (*ascii_uppercase, "del", "space", "nothing")
TRAINED_WHOLE = {"alexnet": 1e-4, "vgg16": 1e-4}  # Adam's rate: no batch normalisation tames them
HOW = "A fifth of the pictures, at random."
THAWED = 6  # convolutions that --tune trains


def network(backbone: str, side_px: int, classes: int, weights: str) -> Any:
    """A backbone, frozen unless it comes without weights, with a dense head on its features."""
    features = backbones.build(backbone, side_px, weights=weights)
    backbones.begin(features, weights)
    x = keras.layers.Dropout(0.3)(features.output)
    return keras.Model(features.input, keras.layers.Dense(classes, name="head")(x), name=backbone)


def samples_of(data: Path, limit: int = 0) -> list[Sample]:
    """Lists the pictures; what the set calls nothing is our "none"."""
    found = class_folders(data, FOLDERS, limit=limit)
    return [s._replace(label=NONE) if s.label == "nothing" else s for s in found]


def work(args: argparse.Namespace) -> str:
    """Trains each backbone, and compares them."""
    names = tuple(backbones.BACKBONES) if args.backbone == "all" else args.backbone.split(",")
    recipes.check_backbones(names, args.weights)
    samples = samples_of(args.data, args.limit)
    classes = tuple(dict.fromkeys(sample.label for sample in samples))
    task = Task(classes, args.side, "rgb", args.margin)
    pictures, unread = hands_in_pictures(samples, task, args.out, whole=args.crop == "whole")
    others, unread_too = recipes.unseen(args, samples_of, task)
    kept, back = of_its_own(pictures.label, pictures.split, 0.2, args.seed)
    how = HOW if pictures.split is None else OWN
    learnt, held = pictures.where(kept), pictures.where(back)
    from_nothing = args.weights == "none"
    plan = Plan(
        epochs=args.epochs, batch=args.batch, seed=args.seed, factor=0.3, patience=3, floor=1e-5,
        shake=Shake(light=0.3),
    )  # fmt: skip
    tuned = args.tune and not from_nothing
    tune = replace(plan, epochs=args.tune, rate=1e-5) if tuned else None
    fault: UsageError | None = None
    for name in names:
        start = "all of it from nothing" if from_nothing else f"a head on weights: {args.weights}"
        print(f"{name}: {start}", file=sys.stderr)
        rate = TRAINED_WHOLE.get(name, plan.rate) if from_nothing else plan.rate
        training = Training(
            partial(network, name, args.side, len(classes), args.weights),
            task,
            replace(plan, rate=rate),
            args.out / name,
            args.resume,
            facts={"backbone": name, "weights": recipes.weights_facts(args.weights)},
            tune=tune,
            thaw=partial(backbones.thaw, convolutions=THAWED),
        )
        try:
            model, split = same_people(training, learnt, held, how)
        except UsageError as error:  # one that cannot begin does not keep the others from it
            if len(names) == 1:
                raise
            fault = error
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        splits = [split, strangers(training, model, len(learnt), others)] if others else [split]
        title = f"ASL Alphabet by {name}, weights: {Path(args.weights).name}"
        notes = Notes(title, ORIGINAL, learnt, unread | unread_too)
        finish(NAME, model, training, splits, notes, alphabet="letters", args=args)
    if fault and not any((args.out / name / "figures.json").is_file() for name in names):
        raise fault
    return compared(args.out)


def compared(out: Path) -> str:
    """Writes OUT/report.html over all backbones there; the best one's model becomes OUT's."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in backbones.BACKBONES:
        try:
            found[name] = json.loads((out / name / "figures.json").read_bytes())
        except (OSError, ValueError):  # not trained yet, or not whole
            continue
    best = max(found, key=lambda name: (found[name]["validation"], -found[name]["cost"]["int8_ms"]))
    for file in (f"{NAME}.keras", f"{NAME}.tflite", f"{NAME}.json", "figures.json"):
        write(out / file, (out / best / file).read_bytes())
    live = f"fingerspell run --model {out / NAME}"
    parts: list[Block] = [
        Text("ASL Alphabet: backbones compared", 1),
        Text(f"The best on validation pictures, **{best}**, runs live with: **{live}**"),
        table(found),
        Text("One thread of this machine. Each folder has its own report.html."),
        Text("**The original.** " + ORIGINAL),
    ]
    write(out / "report.html", page("ASL Alphabet", parts).encode())
    return f"best on validation pictures: {best}; {out / 'report.html'}\nnext: {live}"


def table(found: Mapping[str, Mapping[str, Any]]) -> Table:
    """Returns the table of all backbones, the most accurate on pictures held back first."""
    splits = list(next(iter(found.values()))["splits"])
    head = ["backbone", "side", "pictures", "epochs", *splits, "int8", "float size", "int8 size",
            "float ms", "int8 ms"]  # fmt: skip
    rows = []
    for name, f in sorted(found.items(), key=lambda item: -item[1]["int8"]["accuracy"]):
        cost, first = f["cost"], f["splits"][splits[0]]
        judged = [_share(f["splits"].get(s)) for s in splits]
        rows.append(
            [name, f"{f['recipe']['side_px']} px", str(first["trained on"]),
             str(f["recipe"]["epochs"]), *judged, _share(f["int8"])]
            + [f"{cost[f'{kind}_bytes'] / 1e6:.2f} MB" for kind in ("float", "int8")]
            + [f"{cost[f'{kind}_ms']:.2f}" for kind in ("float", "int8")]
        )  # fmt: skip
    return Table(head, rows)


def _share(part: Mapping[str, Any] | None) -> str:
    return f"{100 * part['accuracy']:.1f} %" if part else ""


def main() -> int:
    """Runs the command line; returns the exit status."""
    arguments = recipes.parser(NAME, SUMMARY, epochs=10)
    recipes.add_crops(arguments, side_px=224)
    recipes.add_backbone(arguments, default="mobilenet_v2", several=True)
    arguments.add_argument("--batch", type=int, default=64)
    arguments.add_argument("--tune", type=int, default=0, metavar="N", help="epochs of fine-tuning")
    return recipes.run(arguments, work)


if __name__ == "__main__":
    sys.exit(main())
