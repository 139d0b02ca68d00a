"""What is read: the synthetic signer's texts, its hand without a letter, and real clips."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy import idle as idle_hand
from benchmarks.accuracy.recordings import Recording, record, replay
from benchmarks.measure.scoring import Score, Shown, score, shown_in, total
from edge.config import Config
from edge.errors import UsageError

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


def measure(items: Iterable[Item], config: Config, verbose: bool = False) -> dict[str, Score]:
    """Reads every item; returns the sums of each group; `verbose`: prints what was misread."""
    scores: dict[str, list[Score]] = {}
    for item in items:
        read = replay(item.recording, config)
        text = (item.text, read.text) if item.text else None
        one = score(item.shown, read.events, item.recording.seconds, text)
        scores.setdefault(item.group, []).append(one)
        if verbose and (one.edits or one.false):
            print(f"{item.recording.uri.rpartition('/')[2]:44} {read.text or '-'}", flush=True)
    return {group: total(each) for group, each in scores.items()}
