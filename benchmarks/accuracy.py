"""Reads what is known and counts the errors, through the whole runtime as `fingerspell` runs it.

    python -m benchmarks.accuracy phrases                     the synthetic signer, 10 texts x 3
    python -m benchmarks.accuracy clips ../shared/data/clips  real clips with a truth.json
    python -m benchmarks.accuracy photographs FOLDER          pictures named by label (A12.jpg)

`--json FILE` writes the figures as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config import Config
from edge.detectors import open_detector
from edge.errors import FingerspellError, UsageError
from edge.letters import open_letters
from edge.manifest import write
from edge.picture import find_pictures, read_rgb
from edge.pipeline import results
from edge.run import open_stages
from edge.sources import open_source
from edge.still import hands_in
from edge.types import Event

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
LATE_S = 0.4  # a letter may be settled this long after its hold, which truth.json gives to 0.15 s


@dataclass(frozen=True, slots=True)
class Count:
    """How many there were, and how many of them were read right."""

    right: int
    total: int

    def __str__(self) -> str:
        share = f" ({100 * self.right / self.total:.1f} %)" if self.total else ""
        return f"{self.right} of {self.total}{share}"


def spell(uri: str, config: Config) -> tuple[str, list[Event], float]:
    """Runs a source to its end; returns the text, all events, and the seconds that it lasted."""
    source = open_source(uri)
    events: list[Event] = []
    first_ns = last_ns = 0
    try:
        stages = open_stages(config, source)
        for result in results(source.frames(), *stages):
            first_ns = first_ns or result.frame.t_ns
            last_ns = result.frame.t_ns
            events += result.events
    finally:
        source.close()
    return stages.speller.text, events, (last_ns - first_ns) / 1e9


def edits(truth: str, read: str) -> int:
    """Returns the Levenshtein distance: letters missed, added or taken for another."""
    row = list(range(len(read) + 1))
    for i, wanted in enumerate(truth, 1):
        before, row[0] = row[0], i
        for j, got in enumerate(read, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (wanted != got))
    return row[-1]


def phrases(config: Config, texts: Sequence[str] = PHRASES, seeds: Sequence[int] = SEEDS) -> Any:
    """Reads the synthetic signer; returns and prints the letter error rate, spaces included."""
    errors = length = 0
    lines = []
    for text in texts:
        for seed in seeds:
            read, _, _ = spell(f"signer:{text}?seed={seed}", config)
            wrong = edits(text, read)
            errors, length = errors + wrong, length + len(text)
            lines.append({"text": text, "seed": seed, "read": read, "errors": wrong})
            print(f"{text:22} seed {seed}  {read if wrong else 'right'}", flush=True)
    print(f"letter error rate {100 * errors / length:.2f} % ({errors} of {length})")
    return {"letter_error_rate": errors / length, "phrases": lines}


def clips(folder: Path, config: Config) -> Any:
    """Reads each clip of truth.json; prints letters right, and letters where none is shown."""
    try:
        truth = json.loads((folder / "truth.json").read_text())["clips"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{folder} has no truth.json that can be read") from error
    groups: dict[str, list[dict[str, Any]]] = {}
    for clip in truth:
        group = str(Path(clip["path"]).parent)
        _, events, seconds = spell(f"video:{folder / clip['path']}", config)
        read = [(e.t_ns / 1e9, e.label) for e in events if e.kind == "letter"]
        line = {"path": clip["path"], "seconds": seconds, **_compared(clip["segments"], read)}
        groups.setdefault(group, []).append(line)
        print(f"{line['path']:34} {line['read'] or '-'}", flush=True)
    figures = {name: _summed(lines) for name, lines in groups.items()}
    print(f"\n{'clips':22} {'static letters':>18} {'J and Z':>12} {'wrong':>6} {'an hour':>8}")
    for name, figure in figures.items():
        still, moving = Count(*figure["static"]), Count(*figure["motion"])
        rate = 3600 * figure["wrong"] / figure["seconds"]
        print(f"{name:22} {still!s:>18} {moving!s:>12} {figure['wrong']:>6} {rate:>8.0f}")
    return {"groups": figures, "clips": [line for lines in groups.values() for line in lines]}


def _compared(segments: list[list[Any]], read: list[tuple[float, str]]) -> dict[str, Any]:
    """Matches each segment with the first letter of its label in its time; the rest is wrong."""
    rest = list(read)
    hits: list[tuple[str, bool]] = []
    for start, end, label in segments:
        hit = next((r for r in rest if r[1] == label and start <= r[0] <= end + LATE_S), None)
        if hit:
            rest.remove(hit)
        hits.append((label, hit is not None))
    static = [hit for label, hit in hits if len(label) == 1 and label not in "JZ"]
    motion = [hit for label, hit in hits if label in ("J", "Z")]
    return {
        "read": "".join(label for _, label in read),
        "static": [sum(static), len(static)],
        "motion": [sum(motion), len(motion)],
        "wrong": len(rest),
    }


def _summed(lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    sums: dict[str, Any] = {"static": [0, 0], "motion": [0, 0], "wrong": 0, "seconds": 0.0}
    for line in lines:
        for key in ("static", "motion"):
            sums[key] = [a + b for a, b in zip(sums[key], line[key], strict=True)]
        sums["wrong"] += line["wrong"]
        sums["seconds"] += line["seconds"]
    return sums


def photographs(folder: Path, config: Config) -> Any:
    """Reads pictures whose names begin with their label; a hand that is not found is wrong."""
    detector = open_detector("mediapipe:full")
    letters = open_letters(config.model, alphabet=config.alphabet)
    right = missed = total = 0
    wrong: dict[str, int] = {}
    for path in find_pictures(folder):
        total += 1
        hands = hands_in(detector, read_rgb(path))
        label = path.name[0].upper()
        read = letters.predict(hands[0]).label if hands else ""
        right += read == label
        missed += not hands
        if read != label:
            pair = f"{label}>{read or 'no hand'}"
            wrong[pair] = wrong.get(pair, 0) + 1
    print(f"{folder.name}: {Count(right, total)} right, {missed} without a hand")
    print("confused:", ", ".join(f"{pair} {n}" for pair, n in sorted(wrong.items())) or "nothing")
    return {"right": right, "total": total, "missed": missed, "wrong": wrong}


def main() -> int:
    """Runs one of the three; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("phrases", "clips", "photographs"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the signer")
    parser.add_argument("--detector", default="mediapipe")
    parser.add_argument("--alphabet", default="letters", choices=("letters", "digits", "both"))
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    config = Config(detector=arguments.detector, alphabet=arguments.alphabet)
    try:
        if arguments.what == "phrases":
            figures = phrases(config, seeds=arguments.seeds)
        elif arguments.folder is None:
            parser.error(f"{arguments.what} needs a folder")
        else:
            read = clips if arguments.what == "clips" else photographs
            figures = read(arguments.folder, config)
        if arguments.json:
            write(arguments.json, json.dumps(figures, indent=1).encode() + b"\n")
    except FingerspellError as error:
        print(f"benchmarks.accuracy: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
