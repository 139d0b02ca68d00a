"""Trains the motion model: the trajectory of a hand -> J, Z, or neither.

    python -m train.motion --data ../shared/data --out FOLDER   next: python -m convert.quantize
    python -m train.motion --data ../shared/data --evaluate --out train/results

Writes motion.keras, calibration.npz and training.json into FOLDER (train/motion/fit.py).
`--evaluate` measures the int8 model, run frame by frame as on a device (train/motion/figures.py).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from edge.errors import UsageError, command
from edge.recognise.rules.motion import ON, Motion
from train.arguments import check_numbers
from train.motion import figures as motion_figures
from train.motion.bags import Bags
from train.motion.fit import Recipe, bags_of, fit, manifest_fields, save
from train.motion.trajectories import MADE, Take, made, recorded

SUMMARY = "Trains the motion model: the trajectory of a hand -> J, Z, or neither."


def evaluate(takes: Sequence[Take], sets: Sequence[Bags], recipe: Recipe, out: Path) -> None:
    """Writes OUT/motion.md and OUT/motion.json: each collection read by a model without it."""
    figures: dict[float, dict[str, Any]] = {on: {} for on in {ON, *motion_figures.SWEEP}}
    names = sorted({take.source for take in takes} - {MADE})
    for name in tqdm(names, unit="collection", disable=not sys.stderr.isatty()):
        kept = [bag.where(bag.source != name) for bag in sets]
        held = [take for take in takes if take.source == name]
        with tempfile.TemporaryDirectory() as folder:
            save(fit(kept, recipe)[0], kept, Path(folder), manifest_fields(kept, recipe, {}))
            path = motion_figures.int8(Path(folder))
            for on, by_name in figures.items():
                by_name[name] = motion_figures.of_recorded(Motion(path, on=on), held)
    with tempfile.TemporaryDirectory() as folder:
        save(fit(sets, recipe)[0], sets, Path(folder), manifest_fields(sets, recipe, {}))
        model = Motion(motion_figures.int8(Path(folder)))
        strangers = motion_figures.of_made(model, made(100, recipe.seed + 1))
    motion_figures.save(figures, strangers, asdict(recipe), out)


def _quoted(path: Path) -> dict[str, Any]:
    """Returns what a manifest quotes of the figures of --evaluate."""
    try:
        figures = json.loads(path.read_bytes())
        return {name: figures[name] for name in motion_figures.QUOTED}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} has no figures; run: python -m train.motion --evaluate"
        ) from error


@command("train.motion")
def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.motion", description=SUMMARY)
    parser.add_argument("--data", type=Path, required=True, help="the folder with motion/ in it")
    parser.add_argument("--evaluate", action="store_true", help="write figures and train nothing")
    parser.add_argument("--figures", type=Path, help="motion.json of --evaluate, to be quoted")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    args = parser.parse_args()
    check_numbers(args)
    recipe = Recipe(seed=args.seed)
    figures = _quoted(args.figures) if args.figures else {}
    takes = [*recorded(args.data), *made(recipe.made, recipe.seed)]
    sets = bags_of(takes, recipe)
    if args.evaluate:
        evaluate(takes, sets, recipe, args.out)
        print(args.out / "motion.md")
        return 0
    model, _ = fit(sets, recipe, show=sys.stderr.isatty())
    save(model, sets, args.out, manifest_fields(sets, recipe, figures))
    print(f"{args.out / 'motion.keras'}; next: python -m convert.quantize")
    return 0


if __name__ == "__main__":
    sys.exit(main())
