"""What was shown against what was read: letter errors, misses, false letters, delays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from edge.handshapes import DRAWN
from edge.types import Event, Frame

# A letter may be settled this long after its hold, whose end is known to 0.15 s in real clips; a
# letter of four a second comes 0.25 s after the one before.
LATE_S = 1.0
# And this long before it: a hand that slows down is read before it has come to rest.
EARLY_S = 0.3


class Shown(NamedTuple):
    """A stretch of time, in seconds, in which a letter is held or traced."""

    start_s: float
    end_s: float
    label: str


class Read(NamedTuple):
    """A letter event."""

    t_s: float
    label: str


@dataclass(frozen=True)
class Score:
    """Figures of one recording, or, added up, of many.

    letters, edits: shown; to make what was read of what was shown. words, words_right: of texts.
    held, missed: letters that are held still; those not read in their time.
    traced, traced_missed: the same of J and Z.
    wrong: letters read while another is shown, or twice. false: read while none is shown.
    free_s: for how long none is shown. settled_ms: from each held letter's start to its event.
    """

    letters: int = 0
    edits: int = 0
    words: int = 0
    words_right: int = 0
    held: int = 0
    missed: int = 0
    traced: int = 0
    traced_missed: int = 0
    wrong: int = 0
    false: int = 0
    free_s: float = 0.0
    settled_ms: tuple[float, ...] = ()

    def __add__(self, other: Score) -> Score:
        both = zip(self.__dict__.items(), other.__dict__.values(), strict=True)
        return Score(**{name: a + b for (name, a), b in both})

    @property
    def error_rate(self) -> float:
        """Edits a letter; 0 where no letter is shown."""
        return self.edits / self.letters if self.letters else 0.0

    @property
    def missed_share(self) -> float:
        """Of held letters; 0 where there are none."""
        return self.missed / self.held if self.held else 0.0

    @property
    def false_an_hour(self) -> float:
        """False letters in an hour in which none is shown; 0 where there is no such time."""
        return 3600 * self.false / self.free_s if self.free_s else 0.0

    def settled(self, share: float) -> float | None:
        """Returns the quantile of the delays, in ms: 0.5 is the median; None without any."""
        return float(np.quantile(self.settled_ms, share)) if self.settled_ms else None

    def figures(self) -> dict[str, Any]:
        """Returns everything, for JSON."""
        counts = {k: v for k, v in self.__dict__.items() if k != "settled_ms"}
        return counts | {
            "free_s": round(self.free_s, 2),
            "letter_error_rate": round(self.error_rate, 4),
            "missed_share": round(self.missed_share, 4),
            "false_an_hour": round(self.false_an_hour, 1),
            "settled_ms": {"median": self.settled(0.5), "p90": self.settled(0.9)},
        }


def total(scores: Iterable[Score]) -> Score:
    """Returns the sum."""
    return sum(scores, Score())


def edits(truth: str, read: str) -> int:
    """Returns the Levenshtein distance: letters missed, added or taken for another."""
    row = list(range(len(read) + 1))
    for i, wanted in enumerate(truth, 1):
        before, row[0] = row[0], i
        for j, got in enumerate(read, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (wanted != got))
    return row[-1]


def shown_in(frames: Iterable[Frame]) -> list[Shown]:
    """Returns what synthetic frames say that they show, to a frame's time."""
    result: list[Shown] = []
    label, start_s, t_s = "", 0.0, 0.0
    for frame in frames:
        t_s = frame.t_ns / 1e9
        now = frame.truth.label if frame.truth else ""
        if now != label:
            if label:
                result.append(Shown(start_s, t_s, label))
            label, start_s = now, t_s
    return [*result, Shown(start_s, t_s, label)] if label else result


def score(
    shown: Sequence[Shown],
    events: Iterable[Event],
    seconds: float,
    text: tuple[str, str] | None = None,
) -> Score:
    """Compares what a recording of so many seconds shows with its events.

    Each letter shown takes the first event of its label from its start, or EARLY_S before it but
    not before the end of the one before, to LATE_S after its end. A letter that is deleted again
    was not read. text: true and read, for words. Signs that are no letter (a label of more than
    one character) are no time in which a letter may come.
    """
    read = _kept(events)
    letters = [s for s in shown if len(s.label) == 1]
    truth = "".join(s.label for s in letters)
    rest = list(read)
    missed = {True: 0, False: 0}
    settled_ms: list[float] = []
    before_s = -EARLY_S
    windows = []
    for start_s, end_s, label in letters:
        window = (max(start_s - EARLY_S, before_s), end_s + LATE_S)
        before_s = end_s
        windows.append((window[0], end_s))
        hit = next((r for r in rest if r.label == label and _within(r.t_s, window)), None)
        if hit is None:
            missed[label in DRAWN] += 1
            continue
        rest.remove(hit)
        if label not in DRAWN:
            settled_ms.append((hit.t_s - start_s) * 1000)
    false = [r for r in rest if not any(_within(r.t_s, window) for window in windows)]
    wanted, got = (t.split(" ") for t in text) if text else ([], [])
    traced = sum(s.label in DRAWN for s in letters)
    return Score(
        letters=len(letters),
        edits=edits(truth, "".join(r.label for r in read)),
        words=len(wanted),
        words_right=_in_common(wanted, got),
        held=len(letters) - traced,
        missed=missed[False],
        traced=traced,
        traced_missed=missed[True],
        wrong=len(rest) - len(false),
        false=len(false),
        free_s=max(0.0, seconds - sum(s.end_s - s.start_s for s in letters)),
        settled_ms=tuple(settled_ms),
    )


def _kept(events: Iterable[Event]) -> list[Read]:
    """Returns the letters, less those that a delete took back."""
    read: list[Read] = []
    for event in events:
        if event.kind == "letter":
            read.append(Read(event.t_ns / 1e9, event.label))
        elif event.kind == "delete" and read:
            read.pop()
    return read


def _within(t_s: float, window: tuple[float, float]) -> bool:
    return window[0] <= t_s <= window[1]


def _in_common(wanted: Sequence[str], got: Sequence[str]) -> int:
    """Returns the length of the longest common subsequence: words right, in their order."""
    row = [0] * (len(got) + 1)
    for word in wanted:
        before = 0
        for j, other in enumerate(got, 1):
            before, row[j] = row[j], before + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]
