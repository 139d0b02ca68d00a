"""The public projects that fingerspell grew out of, each as a recipe that works.

    python -m train.recipes.NAME --data PATH --out FOLDER

In comes the user's data, out go a Keras model, an int8 model with its manifest, figures.json and
report.html. Each module is one recipe, found by its file name, with `main() -> int`; its docstring
states what it costs and how well it reads. Here is what their command lines have in common.
"""

from __future__ import annotations

import argparse
import hashlib
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.errors import UsageError, command
from train.arguments import check_numbers
from train.pictures.crops import FEWEST, Pictures, Sample, Task, hands_in_pictures

MARGIN = 1.35  # in the median of Sign Language Digits, whose pictures were taken to hold a hand


def names() -> tuple[str, ...]:
    """The names of all recipes, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"))


def parser(name: str, summary: str, *, epochs: int) -> argparse.ArgumentParser:
    """Returns the arguments that every recipe has."""
    out = argparse.ArgumentParser(prog=f"python -m train.recipes.{name}", description=summary)
    out.add_argument("--data", type=Path, required=True, help="the data as its users have it")
    out.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the results")
    out.add_argument("--epochs", type=int, default=epochs, help=f"default: {epochs}")
    out.add_argument("--limit", type=int, default=0, metavar="N", help="at most N of each class")
    out.add_argument("--resume", action="store_true", help="go on where a killed run stopped")
    out.add_argument("--seed", type=int, default=1)
    out.add_argument("--licence", default="NOASSERTION", help="of the model, in SPDX's words")
    return out


def add_crops(arguments: argparse.ArgumentParser, *, side_px: int) -> None:
    """The flags of recipes that read folders of photographs."""
    arguments.add_argument("--side", type=int, default=side_px, help=f"px; default: {side_px}")
    arguments.add_argument(
        "--crop", choices=("hand", "whole"), default="hand",
        help="hand: find the hand first, as a device does (default); whole: pictures of hands only",
    )  # fmt: skip
    arguments.add_argument(
        "--margin", type=float, default=MARGIN, help="side of a crop over that of the hand's box"
    )


def add_backbone(
    arguments: argparse.ArgumentParser, *, default: str, several: bool = False
) -> None:
    """The flags of recipes that put a head on a backbone."""
    from train.pictures.backbones import BACKBONES

    known = ", ".join(BACKBONES)
    arguments.add_argument(
        "--backbone", default=default, metavar="NAME[,NAME]" if several else "NAME",
        help=f"all, or some of {known}" if several else f"one of {known}",
    )  # fmt: skip
    arguments.add_argument(
        "--weights", default="imagenet", metavar="imagenet|none|FILE",
        help="to begin with; imagenet (default) is downloaded once, or comes with a package",
    )  # fmt: skip
    arguments.add_argument(
        "--unseen", type=Path, nargs="+", default=[], metavar="FOLDER",
        help="class folders of other people, a folder each, to be judged by",
    )  # fmt: skip


def check_backbones(names: Sequence[str], weights: str) -> None:
    """Raises UsageError, before any work, for a backbone or a file of weights that is missing.

    Of several backbones, one whose weights cannot be had is left out when its turn comes.
    """
    from train.pictures.backbones import named

    known = [named(name) for name in names]
    if weights == "imagenet" and len(known) == 1 and known[0].packaged:
        known[0].packaged()
    if weights not in ("imagenet", "none") and not Path(weights).is_file():
        raise UsageError(f"there is no file of weights {weights}; or: --weights none, or imagenet")


def weights_facts(weights: str) -> str:
    """Returns a name of the weights: imagenet, none, or a file's name and start of its SHA-256."""
    if weights in ("imagenet", "none"):
        return weights
    path = Path(weights)
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


def unseen(
    args: argparse.Namespace, samples_of: Callable[[Path], list[Sample]], task: Task
) -> tuple[Pictures | None, dict[str, str]]:
    """Returns other people's hands, a folder a person, or None; and by path what cannot be read."""
    samples = [
        sample._replace(signer=folder.name)
        for folder in args.unseen
        for sample in samples_of(folder)
        if sample.label in task.classes
    ]
    if not samples:
        return None, {}
    return hands_in_pictures(samples, task, args.out, whole=args.crop == "whole")


def run(arguments: argparse.ArgumentParser, work: Callable[[argparse.Namespace], str]) -> int:
    """Parses the command line and does the work; returns the exit status.

    work: returns the last lines to print.
    """
    args = arguments.parse_args()
    name = arguments.prog.removeprefix("python -m ")

    @command(name, "--resume goes on from the last whole epoch")
    def checked() -> int:
        if args.limit != 0 and args.limit < FEWEST:
            raise UsageError(f"--limit is {args.limit}; it must be 0 (all), or {FEWEST} or more")
        check_numbers(args)
        if not 16 <= getattr(args, "side", 16) <= 512:
            raise UsageError(f"--side is {args.side}; it must be 16 to 512 px")
        if not 1 <= getattr(args, "margin", 1) <= 4:
            raise UsageError(f"--margin is {args.margin}; it must be 1 to 4")
        print(work(args))
        return 0

    return checked()
