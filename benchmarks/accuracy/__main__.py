"""Reads what is known and counts the errors, through the whole runtime as `fingerspell` runs it.

    python -m benchmarks.accuracy phrases              the synthetic signer, 10 texts x 3 seeds
    python -m benchmarks.accuracy speeds               from one letter in 2 s to four a second
    python -m benchmarks.accuracy idle                 a synthetic hand that means no letter
    python -m benchmarks.accuracy clips FOLDER         real clips with a truth.json
    python -m benchmarks.accuracy tradeoff [FOLDER]    all of these at several settings of
                                                       debounce.first_ms, plotted
    python -m benchmarks.accuracy photographs FOLDER   pictures named by label (A12.jpg)

`--json FILE` writes the figures as well, and tradeoff's plot beside it, as FILE with .png. The
columns are explained in benchmarks/measure/scoring.py. Hands are found once and kept
(benchmarks/accuracy/recordings.py); a second run takes seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.accuracy import tradeoff
from benchmarks.accuracy.items import SEEDS, Item, clips, idle, measure, phrases, speeds
from benchmarks.measure.scoring import Score
from edge.config import Config
from edge.decoding.picture import find_pictures, read_rgb
from edge.detectors import open_detector
from edge.errors import command
from edge.files import write
from edge.hands.photograph import hands_in, variants
from edge.handshapes import open_reader
from edge.types import Frame


def show(groups: Mapping[str, Score]) -> None:
    """Prints a line a group."""
    print(
        f"\n{'':20} {'letter errors':>17} {'words':>8} {'held missed':>16} {'J, Z missed':>12}"
        f" {'wrong':>6} {'false (an hour)':>16} {'settled ms':>11}"
    )
    for name, s in groups.items():
        settled = f"{s.settled(0.5):.0f} ({s.settled(0.9):.0f})" if s.settled_ms else ""
        print(
            f"{name:20} {_share(s.edits, s.letters):>17}"
            f" {f'{s.words_right}/{s.words}' if s.words else '':>8}"
            f" {_share(s.missed, s.held):>16}"
            f" {f'{s.traced_missed}/{s.traced}' if s.traced else '':>12} {s.wrong:>6}"
            f" {f'{s.false} ({s.false_an_hour:.0f})' if s.free_s >= 1 else '':>16} {settled:>11}"
        )


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / whole:.1f} %)" if whole else ""


def _with_first_ms(config: Config, first_ms: float) -> Config:
    return replace(config, debounce=replace(config.debounce, first_ms=first_ms))


def photographs(folder: Path, config: Config) -> dict[str, Any]:
    """Reads pictures whose names begin with their label; a hand that is not found is wrong."""
    detector = open_detector("mediapipe:full")
    letters = open_reader(config.model, alphabet=config.alphabet, pooled=detector.pooled)
    right = missed = total_of = 0
    wrong: dict[str, int] = {}
    for path in find_pictures(folder):
        total_of += 1
        rgb = read_rgb(path)
        hands = hands_in(detector, rgb)
        label = path.name[0].upper()
        read = ""
        if hands:
            read = letters.predict(Frame(rgb, 0, 0), *variants(detector, rgb, hands[0])).label
        right += read == label
        missed += not hands
        if read != label:
            pair = f"{label}>{read or 'no hand'}"
            wrong[pair] = wrong.get(pair, 0) + 1
    print(f"{folder.name}: {_share(right, total_of)} right, {missed} without a hand")
    print("confused:", ", ".join(f"{pair} {n}" for pair, n in sorted(wrong.items())) or "nothing")
    return {"right": right, "total": total_of, "missed": missed, "wrong": wrong}


@command("benchmarks.accuracy")
def main() -> int:
    """Runs one of them; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    kinds = ("phrases", "speeds", "idle", "clips", "tradeoff", "photographs")
    parser.add_argument("what", choices=kinds)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the signer")
    parser.add_argument("--detector", default="mediapipe")
    parser.add_argument("--alphabet", default="letters", choices=("letters", "digits", "both"))
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    what, folder, seeds = arguments.what, arguments.folder, arguments.seeds
    if folder is None and what in ("clips", "photographs"):
        parser.error(f"{what} needs a folder")
    config = Config(detector=arguments.detector, alphabet=arguments.alphabet)
    figures: Any
    items: Iterable[Item]
    if what == "photographs":
        figures = photographs(folder, config)
    elif what == "tradeoff":
        known = clips(folder, config) if folder else ()
        items = [*speeds(config, seeds), *idle(config, seeds), *known]
        figures = tradeoff.sweep(lambda first_ms: measure(items, _with_first_ms(config, first_ms)))
        if arguments.json:
            plot = tradeoff.drawn(figures, config.debounce.first_ms)
            write(arguments.json.with_suffix(".png"), plot)
    else:
        makers = {"phrases": phrases, "speeds": speeds, "idle": idle}
        items = makers[what](config, seeds) if what in makers else clips(folder, config)
        groups = measure(items, config, verbose=True)
        show(groups)
        figures = {name: group.figures() for name, group in groups.items()}
    if arguments.json:
        write(arguments.json, json.dumps(figures, indent=1).encode() + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
