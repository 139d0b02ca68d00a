"""Gestures of one's own: a model of moving hands, from recorded takes.

    fingerspell record --motion hello        15 takes or more of each gesture; "none" helps
    python -m train.recipes.dynamic --data gestures --out out
    fingerspell run --model out/dynamic

DATA is a folder of gestures (train/motion/gestures.py), or shared/data: its J and Z, judged by
whole collections. The model learns what is no gesture from takes of "none", from the beginnings of
the takes, and from hands made of the signer's skeleton that spell, rest, wander and wave.

Cost: minutes of one core. Result on shared/data, 4 of 13 collections left out: F1 of J 0.79, of Z
0.90, 0.8 false ones in ten minutes of other signs; 17 kB in int8.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from edge.files import write
from edge.models.manifest import load
from edge.recognise.rules.motion import Motion
from train import recipes
from train.motion.bags import bags
from train.motion.figures import int8, judged
from train.motion.fit import bags_of, fit, manifest_fields, save
from train.motion.gestures import NEITHER, Gathered, evened, gather, held_out
from train.motion.parity import float_model, parity
from train.motion.report import write_report
from train.motion.trajectories import Take, made

NAME = "dynamic"
SUMMARY = "Gestures of one's own: a model of moving hands, from recorded takes."
EPOCHS = 48
MADE = 600  # takes of the skeleton; with --limit ten for each take of a gesture
# Takes of all gestures together in an epoch, at least; where there are fewer, they are repeated.
TAKES = 1500
STRANGERS = 60  # made takes that the model has not seen: 7 minutes


def work(args: argparse.Namespace) -> str:
    """Trains and judges the model, and writes everything into --out."""
    gathered = gather(args.data, args.limit)
    held, how = held_out(gathered, args.seed)
    kept = [take for take, out in zip(gathered.takes, held, strict=True) if not out]
    back = [take for take, out in zip(gathered.takes, held, strict=True) if out]

    vocabulary = gathered.vocabulary
    most = args.limit or MADE
    recipe = replace(gathered.recipe, seed=args.seed, made=min(MADE, 10 * most), epochs=args.epochs)
    each = min(TAKES // len(vocabulary.gestures), 8 * most)
    learnt = [*evened(gathered, kept, each), *made(recipe.made, recipe.seed, gathered.acts)]
    sets = bags_of(learnt, recipe, vocabulary)
    watched = bags(back, np.random.default_rng([recipe.seed, recipe.sets]), vocabulary)
    model, curves = fit(
        sets, recipe, vocabulary,
        held_out=watched, checkpoint=args.out / "checkpoints" / f"{NAME}.npz",
        resume=args.resume, show=sys.stderr.isatty(),
    )  # fmt: skip

    fields = manifest_fields(sets, recipe, {}, vocabulary) | {"licence": args.licence}
    save(model, sets, args.out, fields, NAME)
    manifest = int8(args.out, NAME)
    strangers = made(min(STRANGERS, 2 * most), args.seed + 1, NEITHER)
    figures = {
        "gestures": gathered.gestures,
        "takes": gathered.counts(),
        "unread": gathered.unread,
        "how": how,
        **_judged(gathered, back, Motion(manifest), strangers),
        "recipe": asdict(recipe),
    }
    with float_model(model, args.out, NAME) as plain:
        compared = parity(manifest, plain, watched)
        by_float = judged(Motion(plain), back, gathered.paces)
    compared["parity"] |= {
        "int8_f1": mean_f1(figures["held out"], gathered),
        "float_f1": mean_f1(by_float, gathered),
    }
    figures |= compared
    quoted = {
        f"F1 of {name}, held out": figures["held out"][name]["f1"] for name in vocabulary.gestures
    }
    replace(load(manifest), figures=quoted).save(manifest)
    write(args.out / "figures.json", json.dumps(figures, indent=1).encode() + b"\n")
    live = f"fingerspell run --model {args.out / NAME}"
    write_report(args.out / "report.html", gathered, curves, figures, live)
    for path, why in gathered.unread.items():
        print(f"left out: {why}" if path in why else f"left out: {path}: {why}", file=sys.stderr)
    shares = ", ".join(f"{name} {100 * f1:.1f} %" for name, f1 in quoted.items())
    return f"{shares}; {args.out / 'report.html'}\nnext: {live}"


def _judged(
    gathered: Gathered, back: list[Take], motion: Motion, strangers: Iterable[Take]
) -> dict[str, Any]:
    """Returns how the takes that were held out are read, and what else is read as a gesture."""
    read = judged(motion, back, gathered.paces)
    false = {"held out": read, "hands of the skeleton": judged(motion, strangers, (1.0,))}
    return {
        "held out": read,
        "no gesture": {
            name: {
                "minutes": of["minutes"],
                "false": of["false"],
                "in ten minutes": round(10 * of["false"] / of["minutes"], 2),
            }
            for name, of in false.items()
            if of["minutes"]
        },
    }


def mean_f1(read: dict[str, Any], gathered: Gathered) -> float:
    """Returns the mean over gestures."""
    return float(np.mean([read[name]["f1"] for name in gathered.gestures]))


def main() -> int:
    """Runs the command line; returns the exit status."""
    return recipes.run(recipes.parser(NAME, SUMMARY, epochs=EPOCHS), work)


if __name__ == "__main__":
    sys.exit(main())
