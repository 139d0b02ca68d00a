"""Letter events -> text and words: a pause is a space.

A pause is `pause_ms` of stream time in which nobody signs: no hand in view, or one that makes no
letter. It makes one space, and only after a letter, so the text never starts with a space and
never has two in a row. While a source runs the text may end in a space ("HELLO "); `end` takes
it away. This module reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from edge.errors import UsageError
from edge.types import Event

KEPT = 2000  # characters of text: a page, and more than any screen shows
_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class TextConfig:
    """How letters become words.

    pause_ms: how long nobody signs before a space; longer than any transition between letters.
    gap_ms: the most that the time between two frames may count: a stalled camera is no pause.
    """

    pause_ms: float = 900.0
    gap_ms: float = 300.0

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        for name in self.__slots__:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise UsageError(f"text.{name} is {value}; it must be a number above 0")


class Speller:
    """Feed it every frame in order; `text` is what was spelled since the start or `clear`.

    Of a long text it is the end, in whole words: a run lasts for weeks.
    """

    def __init__(self, config: TextConfig = TextConfig()) -> None:
        self.config = config
        self.text = ""
        self._word = ""  # the word being spelled; "" right after a space
        self._t_ns: int | None = None
        self._quiet_ms = 0.0

    def update(self, t_ns: int, signing: bool, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """One frame: its time stamp, whether somebody signs (Debouncer.signing), and its letters.

        Returns the events with those that follow from them, in order: a word, then its space.
        A time stamp that is not later than the one before adds no pause.
        """
        if signing or events:
            self._quiet_ms = 0.0
        elif self._t_ns is not None:
            self._quiet_ms += min(max(t_ns - self._t_ns, 0) / _NS_PER_MS, self.config.gap_ms)
        self._t_ns = t_ns
        for event in events:
            if event.kind == "letter":
                self.text += event.label
                self._word = (self._word + event.label)[-KEPT:]
        self._trim()
        if self._quiet_ms < self.config.pause_ms or not self._word:
            return events
        self.text += " "
        return (*events, self._take_word(t_ns), Event("space", " ", 1.0, t_ns))

    def end(self, t_ns: int) -> tuple[Event, ...]:
        """The source ended: the last word, if one was begun; the text loses a trailing space."""
        self.text = self.text.rstrip(" ")
        if not self._word:
            return ()
        return (self._take_word(t_ns),)

    def clear(self) -> None:
        """Starts an empty text; a word that was begun is dropped without an event."""
        self.text = self._word = ""

    def _trim(self) -> None:
        """Forgets the first words of a text that has grown too long."""
        if len(self.text) > KEPT:
            rest = self.text[-KEPT:]
            self.text = rest[rest.find(" ") + 1 :]

    def _take_word(self, t_ns: int) -> Event:
        word, self._word = self._word, ""
        return Event("word", word, 1.0, t_ns)
