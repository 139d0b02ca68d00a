"""What is kept of a learner: how often each letter was right, and how long it took.

One JSON file, $XDG_DATA_HOME/fingerspell/practice.json, which is written whole or not at all.
"""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edge.errors import FingerspellError, SinkError
from edge.files import data_folder, write

log = logging.getLogger(__name__)

HARD = 5  # so many letters are named as those to work on
KNOWN_TRIES = 3  # a letter that was tried less often is neither hard nor easy yet


def progress_path() -> Path:
    """Returns the learner's file."""
    return data_folder() / "practice.json"


@dataclass(slots=True)
class Tally:
    """Of one letter: how often it was right and wrong, and the time of all right ones, in s."""

    right: int = 0
    wrong: int = 0
    seconds: float = 0.0

    @property
    def missed(self) -> float:
        """The share of wrong ones, 0 to 1, as if each letter had been tried once each way before.

        Source: Laplace's rule of succession, with which a letter that is new counts as half known.
        """
        return (self.wrong + 1) / (self.right + self.wrong + 2)


@dataclass(slots=True)
class Progress:
    """letters: by letter. streak: letters in a row without a wrong one; best: the longest."""

    letters: dict[str, Tally] = field(default_factory=dict)
    streak: int = 0
    best: int = 0

    def right(self, letter: str, seconds: float) -> None:
        """Counts a letter that was right after so long."""
        tally = self.letters.setdefault(letter, Tally())
        tally.right += 1
        tally.seconds += seconds
        self.streak += 1
        self.best = max(self.best, self.streak)

    def wrong(self, letter: str) -> None:
        """Counts a letter in whose place another was read, or typed."""
        self.letters.setdefault(letter, Tally()).wrong += 1
        self.streak = 0

    def hard(self) -> list[str]:
        """Returns the letters to work on, the hardest first: more wrong than one time in four."""
        tried = {k: t for k, t in self.letters.items() if t.right + t.wrong >= KNOWN_TRIES}
        hard = [letter for letter, tally in tried.items() if tally.missed > 0.25]
        return sorted(hard, key=lambda letter: -tried[letter].missed)[:HARD]

    def choose(self, words: Sequence[str], last: str, chance: random.Random) -> str:
        """Returns a word; those with letters that are often missed come more often."""
        others = [word for word in words if word != last] or list(words)
        weights = [
            sum(self.letters.get(letter, Tally()).missed for letter in word) / len(word)
            for word in others
        ]
        return chance.choices(others, [weight**2 for weight in weights])[0]


def load(path: Path) -> Progress:
    """Reads the file; a damaged one is put aside and said. Raises SinkError if none can be kept."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        save(Progress(), path)
        return Progress()
    except OSError as error:
        raise SinkError(f"the progress, {path}, cannot be read: {error.strerror}") from error
    try:
        return _progress(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        aside = path.with_suffix(".damaged")
        os.replace(path, aside)
        log.warning("%s is damaged; it is kept as %s, and practice begins anew", path, aside.name)
        return Progress()


def save(progress: Progress, path: Path) -> None:
    """Writes the file; raises SinkError if it cannot be written."""
    try:
        write(path, json.dumps(asdict(progress), indent=1).encode())
    except FingerspellError as error:
        raise SinkError(f"the progress cannot be kept: {error}") from error


def _progress(read: dict[str, Any]) -> Progress:
    letters = {
        str(letter): Tally(int(row["right"]), int(row["wrong"]), float(row["seconds"]))
        for letter, row in read["letters"].items()
    }
    return Progress(letters, int(read["streak"]), int(read["best"]))
