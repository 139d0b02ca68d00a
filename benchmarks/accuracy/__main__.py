"""Reads what is known and counts the errors, through the whole runtime as `fingerspell` runs it.

    python -m benchmarks.accuracy phrases              the synthetic signer, 10 texts x 3 seeds
    python -m benchmarks.accuracy speeds               from one letter in 2 s to four a second
    python -m benchmarks.accuracy idle                 a synthetic hand that means no letter
    python -m benchmarks.accuracy clips FOLDER         real clips with a truth.json
    python -m benchmarks.accuracy tradeoff [FOLDER]    all of these at several settings of
                                                       debounce.first_ms, plotted
    python -m benchmarks.accuracy photographs FOLDER   pictures named by label (A12.jpg)

`--json FILE` writes the figures as well, and tradeoff's plot beside it, as FILE with .png. The
columns are explained in benchmarks/accuracy/scoring.py. Hands are found once and kept
(benchmarks/accuracy/recordings.py); a second run takes seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy import idle as idle_hand
from benchmarks.accuracy import tradeoff
from benchmarks.accuracy.recordings import Reading, Recording, record, replay
from benchmarks.accuracy.scoring import Score, Shown, score, shown_in, total
from edge.config import Config
from edge.decoding.picture import find_pictures, read_rgb
from edge.detectors import open_detector
from edge.errors import FingerspellError, UsageError
from edge.files import write
from edge.hands.photograph import hands_in, variants
from edge.handshapes import open_reader
from edge.types import Frame

# Every letter that is held still, doubles among them; J and Z, which move, are left out.
PHRASES = (
    "THE QUICK BROWN FOX",
    "GOOD MORNING",
    "MY NAME IS ANNA",
    "RASPBERRY PI",
    "FINGERSPELL",
    "COFFEE AND TEA",
    "DEAF CLUB",
    "WHAT IS UP",
    "VERY LOUD MUSIC",
    "BOOK SHELF",
)
SEEDS = (0, 1, 2)
# Every letter, J and Z among them, in words of one to six letters.
PANGRAMS = ("PACK MY BOX WITH FIVE", "DOZEN LIQUOR JUGS", "SPHINX OF BLACK QUARTZ", "JUDGE A VOW")
RATES = (0.5, 1.0, 2.0, 4.0)  # letters a second
UNHURRIED = 1.61  # letters a second that the signer makes at speed 1
IDLE_S = 60.0


class Item(NamedTuple):
    """One recording, what it shows, and its text where that has words."""

    group: str
    recording: Recording
    shown: Sequence[Shown]
    text: str | None = None


def spell(uri: str, config: Config) -> Reading:
    """Reads a source to its end."""
    return replay(record(uri, config), config)


def phrases(config: Config, seeds: Sequence[int] = SEEDS) -> Iterator[Item]:
    """The synthetic signer's phrases."""
    for text in PHRASES:
        for seed in seeds:
            yield _signed("phrases", text, f"seed={seed}", config)


def speeds(config: Config, seeds: Sequence[int] = SEEDS) -> Iterator[Item]:
    """Pangrams at each of RATES; the slow ones, which last long, by the first seed only."""
    for rate in RATES:
        for text in PANGRAMS:
            for seed in seeds if rate >= 2 else seeds[:1]:
                options = f"seed={seed}&speed={rate / UNHURRIED:.3f}"
                yield _signed(f"{rate:g} letters/s", text, options, config)


def _signed(group: str, text: str, options: str, config: Config) -> Item:
    recording = record(f"signer:{text}?{options}", config)
    return Item(group, recording, shown_in(recording.frames), text)


def idle(config: Config, seeds: Sequence[int] = SEEDS) -> Iterator[Item]:
    """The synthetic hand that means no letter."""
    drawn_by = hashlib.sha256(Path(idle_hand.__file__).read_bytes()).hexdigest()[:12]
    for kind in idle_hand.KINDS:
        for seed in seeds:
            name = f"idle:{kind}?seed={seed}&seconds={IDLE_S}&by={drawn_by}"
            source = idle_hand.Idle(kind, seed, IDLE_S)
            yield Item(f"idle: {kind}", record(name, config, source), ())


def clips(folder: Path, config: Config) -> Iterator[Item]:
    """The clips of a truth.json; raises UsageError where it cannot be read."""
    try:
        truth = json.loads((folder / "truth.json").read_text())["clips"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{folder} has no truth.json that can be read") from error
    for clip in truth:
        shown = [Shown(*segment) for segment in clip["segments"]]
        path = folder / clip["path"]
        yield Item(str(Path(clip["path"]).parent), record(f"video:{path}", config), shown)


def measure(items: Iterable[Item], config: Config, told: bool = False) -> dict[str, Score]:
    """Reads every item; returns the sums of each group; `told`: prints what was read amiss."""
    scores: dict[str, list[Score]] = {}
    for item in items:
        read = replay(item.recording, config)
        text = (item.text, read.text) if item.text else None
        one = score(item.shown, read.events, item.recording.seconds, text)
        scores.setdefault(item.group, []).append(one)
        if told and (one.edits or one.false):
            print(f"{item.recording.uri.rpartition('/')[2]:44} {read.text or '-'}", flush=True)
    return {group: total(each) for group, each in scores.items()}


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
    try:
        if what == "photographs":
            figures = photographs(folder, config)
        elif what == "tradeoff":
            known = clips(folder, config) if folder else ()
            items = [*speeds(config, seeds), *idle(config, seeds), *known]
            figures = tradeoff.sweep(
                lambda first_ms: measure(items, _with_first_ms(config, first_ms))
            )
            if arguments.json:
                plot = tradeoff.drawn(figures, config.debounce.first_ms)
                write(arguments.json.with_suffix(".png"), plot)
        else:
            makers = {"phrases": phrases, "speeds": speeds, "idle": idle}
            items = makers[what](config, seeds) if what in makers else clips(folder, config)
            groups = measure(items, config, told=True)
            show(groups)
            figures = {name: group.figures() for name, group in groups.items()}
        if arguments.json:
            write(arguments.json, json.dumps(figures, indent=1).encode() + b"\n")
    except FingerspellError as error:
        print(f"benchmarks.accuracy: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
