"""Every letter shown, accounted for while a run goes on: read or not, and whether a fault did it.

A word is settled when nothing has been shown for WORD_S. One that a fault interrupted, or came
shortly before, is counted apart; in all others each letter has to be read, once, and nothing else.
When a letter may come is said in benchmarks/measure/scoring.py. Nothing is kept of a word but
counts, and of what was read amiss a line, so that a run of any length can be followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measure.scoring import EARLY_S, LATE_S, Read, Shown
from edge.capture import symptoms
from edge.types import Event, Frame

WORD_S = 1.3  # later than LATE_S, and sooner than the next word's first letter
KEPT = 200  # lines about what was read amiss


class _Eye:
    """Recognises by the pictures alone which of them do not show what the signer does."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self._mark = 0

    def is_spoilt(self, frame: Frame) -> bool:
        """Whether it has another size than the first, is black, or is frozen with a hand in it."""
        self._shape = self._shape or frame.rgb.shape
        sampled = symptoms.some_pixels(frame.rgb)
        before, self._mark = self._mark, symptoms.checksum(sampled)
        frozen = self._mark == before and frame.truth is not None and frame.truth.hand is not None
        return frozen or frame.rgb.shape != self._shape or symptoms.is_black(sampled)


@dataclass(slots=True)
class Ledger:
    """Feed it every frame with its events, in order, and `close` it.

    shown, read: letters of words that no fault touched; those that were read in their time.
    missed, extra: what was read amiss in these words, in words.
    touched: letters of words that a fault interrupted; touched_read of them were read all the same,
        and touched_extra were read that were none.
    disturbances: how often the pictures stopped, or were not what the camera saw.
    """

    shown: int = 0
    read: int = 0
    missed: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    touched: int = 0
    touched_read: int = 0
    touched_extra: int = 0
    disturbances: int = 0
    well: bool = True  # the last frame
    _eye: _Eye = field(default_factory=_Eye)
    _t_s: float | None = None
    _label: str = ""
    _start_s: float = 0.0
    _quiet_s: float = 0.0
    _interrupted: bool = False  # a fault came into this word
    _word: list[Shown] = field(default_factory=list)
    _reads: list[Read] = field(default_factory=list)

    def see(self, frame: Frame, events: Iterable[Event], period_s: float) -> None:
        """Takes a frame with its truth; period_s: from one frame to the next, if none is lost."""
        t_s = frame.t_ns / 1e9
        passed_s = 0.0 if self._t_s is None else t_s - self._t_s
        self._t_s = t_s
        spoilt = self._eye.is_spoilt(frame)
        well = not spoilt and passed_s < 1.5 * period_s
        if not well:
            self._interrupted = True
            self.disturbances += self.well
        self.well = well
        for event in events:
            if event.kind == "letter":
                self._reads.append(Read(t_s, event.label))
                self._quiet_s = 0.0
            elif event.kind == "delete" and self._reads:
                self._reads.pop()
        if not spoilt:  # such a frame shows nothing of what the signer does
            self._follow(t_s, frame.truth.label if frame.truth else "", min(passed_s, period_s))

    def _follow(self, t_s: float, label: str, passed_s: float) -> None:
        if label != self._label:
            if self._label:
                self._word.append(Shown(self._start_s, t_s, self._label))
            self._label, self._start_s = label, t_s
        self._quiet_s = 0.0 if label else self._quiet_s + passed_s
        if self._quiet_s >= WORD_S:
            self._settle()

    def close(self) -> None:
        """Settles what is left; the last word counts as interrupted, since it was cut off."""
        if self._label:
            self._word.append(Shown(self._start_s, self._t_s or 0.0, self._label))
            self._interrupted = True
        self._settle()

    def figures(self) -> dict[str, Any]:
        """Returns all counts and lines, for JSON."""
        names = "shown read missed extra touched touched_read touched_extra disturbances"
        return {name: getattr(self, name) for name in names.split()}

    def _settle(self) -> None:
        missed, extra = compare(self._word, self._reads)
        count = len(self._word)
        if self._interrupted:
            self.touched += count
            self.touched_read += count - len(missed)
            self.touched_extra += len(extra)
        else:
            self.shown += count
            self.read += count - len(missed)
            word = "".join(s.label for s in self._word)
            read = "".join(r.label for r in self._reads)
            for lines, letters in ((self.missed, missed), (self.extra, extra)):
                lines += [f"{t_s:.1f} s: {x} ({word} read as {read})" for t_s, x in letters]
                del lines[KEPT:]
        self._word, self._reads, self._interrupted, self._quiet_s = [], [], False, 0.0


def compare(shown: Iterable[Shown], reads: Iterable[Read]) -> tuple[list[Read], list[Read]]:
    """Returns the letters that were shown and not read, and those read and not shown."""
    rest, missed = list(reads), []
    before_s = -float("inf")
    for start_s, end_s, label in shown:
        first_s, last_s = max(start_s - EARLY_S, before_s), end_s + LATE_S
        before_s = end_s
        hit = next((r for r in rest if r.label == label and first_s <= r.t_s <= last_s), None)
        if hit is None:
            missed.append(Read(start_s, label))
        else:
            rest.remove(hit)
    return missed, rest
