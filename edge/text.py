"""Letter events -> text and words: which reading a hand shape has, what a space is, what is undone.

Shared shapes. Some letters and digits are one hand shape (the model's manifest names them: O and 0,
for one). Where both are in the alphabet, the word decides. A run of such signs that touches a sure
digit on either side is digits, else one that touches a sure letter is letters: ROOM, COVID, 19,
A24, 12TH. A word of nothing else is letters while it is open and a number once it ends: 20, 2026.
`TextConfig.words` are the words that this would misread: OF, WOW, B2B. What was written already is
corrected by events, `delete` and then `letter`, of which each says what else its shape means.

Deletion takes back the last letter, and the space after it if there is one. It fixes what stands of
the word as it is shown; and if the same shape is signed again, it gets its other reading. So F16,
which reads as 916, can be had: delete all three, and sign them again.

Spaces. A pause is `pause_ms` of stream time in which nobody signs: no hand in view, or one that
makes no letter. It makes one space, and so does the gesture, and only after a letter: the text
never starts with a space and never has two in a row. While a source runs the text may end in a
space ("HELLO "); `end` takes it away. This module reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
    words: those to be read as they stand here, in capitals, whatever their neighbours say; for
        an alphabet of letters and digits.
    """

    pause_ms: float = 900.0
    gap_ms: float = 300.0
    words: tuple[str, ...] = ("OF", "OFF", "WOW", "B2B", "CO2", "H2O", "K9", "2ND", "6TH", "9TH")

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        for name in ("pause_ms", "gap_ms"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise UsageError(f"text.{name} is {value}; it must be a number above 0")
        for word in self.words:
            if not word.isalnum() or word != word.upper():
                raise UsageError(
                    f"text.words has {word!r}; write words in capital letters and digits"
                )


@dataclass(frozen=True, slots=True)
class _Sign:
    """One sign of a word. label: what it was read as. other: what else it may be, or "".

    fixed: the reading is settled, and says something about its neighbours.
    """

    label: str
    other: str
    score: float
    fixed: bool

    @property
    def digit(self) -> str:
        return self.label if self.label.isdigit() else self.other

    @property
    def letter(self) -> str:
        return self.other if self.label.isdigit() and self.other else self.label


class Speller:
    """Feed it every frame in order; `text` is what was spelled since the start or `clear`.

    Of a long text it is the end, in whole words: a run lasts for weeks.
    """

    def __init__(
        self, config: TextConfig = TextConfig(), shared: Iterable[tuple[str, str]] = ()
    ) -> None:
        """shared: pairs of labels, both in the alphabet, that are one hand shape."""
        self.config = config
        self.text = ""
        self._other = {label: other for a, b in shared for label, other in ((a, b), (b, a))}
        self._signs: list[_Sign] = []  # of the word being spelled; none right after a space
        self._word = ""  # as it stands in the text
        self._again = ""  # the reading of the same shape, if it is signed right after its deletion
        self._t_ns: int | None = None
        self._quiet_ms = 0.0

    def update(
        self,
        t_ns: int,
        signing: bool,
        events: tuple[Event, ...],
        gestures: tuple[Event, ...] = (),
    ) -> tuple[Event, ...]:
        """One frame: its time stamp, whether somebody signs, and what was signed.

        signing: as Debouncer.signing. events: its letters, and the deletion that makes place for
        a better one. gestures: the signer's own spaces and deletions.
        Returns what happens to the text, in order, a word before its space: the text is that of
        the letters and spaces, less the last one for each delete.
        A time stamp that is not later than the one before adds no pause.
        """
        if signing or events or gestures:
            self._quiet_ms = 0.0
        elif self._t_ns is not None:
            self._quiet_ms += min(max(t_ns - self._t_ns, 0) / _NS_PER_MS, self.config.gap_ms)
        self._t_ns = t_ns
        done: list[Event] = []
        for event in events:
            done += self._add(event) if event.kind == "letter" else self._take_back(t_ns)
        for event in gestures:
            done += self._space(t_ns) if event.kind == "space" else self._delete(t_ns)
        if self._quiet_ms >= self.config.pause_ms:
            done += self._space(t_ns)
        self._trim()
        return tuple(done)

    def end(self, t_ns: int) -> tuple[Event, ...]:
        """The source ended: the last word, if one was begun; the text loses a trailing space."""
        last = self._end_word(t_ns)
        self.text = self.text.rstrip(" ")
        return tuple(last)

    def clear(self) -> None:
        """Starts an empty text; a word that was begun is dropped without an event."""
        self.text = self._word = self._again = ""
        self._signs = []

    def _add(self, event: Event) -> list[Event]:
        """A letter, and what it says about those before it."""
        label, other = event.label, self._other.get(event.label, "")
        again, self._again = self._again, ""
        if again and again == other:
            label, other = other, label
        self._signs.append(_Sign(label, other, event.score, not other or again == label))
        if len(self._signs) > KEPT:
            self._signs, self._word = self._signs[1:], self._word[1:]
        return self._rewrite(event.t_ns, ended=False)

    def _rewrite(self, t_ns: int, *, ended: bool) -> list[Event]:
        """Puts the word's readings into the text, from the first that is new."""
        word = _read(self._signs, self.config.words, ended)
        same = next(
            (i for i, (a, b) in enumerate(zip(word, self._word, strict=False)) if a != b),
            min(len(word), len(self._word)),
        )
        gone = len(self._word) - same
        self.text = self.text[: len(self.text) - gone] + word[same:]
        self._word = word
        return [Event("delete", "", 1.0, t_ns)] * gone + [
            Event("letter", label, sign.score, t_ns, self._other.get(label, ""))
            for label, sign in zip(word[same:], self._signs[same:], strict=True)
        ]

    def _take_back(self, t_ns: int) -> list[Event]:
        """Deletes the last letter, and the space after it; the word goes on from there."""
        rest = self.text.rstrip(" ")
        if not rest:
            return []
        if not self._word:
            self._word = rest[rest.rfind(" ") + 1 :]
            self._signs = [_Sign(label, "", 1.0, True) for label in self._word]
        gone = len(self.text) - len(rest) + 1
        self.text, self._word = rest[:-1], self._word[:-1]
        self._signs.pop()
        return [Event("delete", "", 1.0, t_ns)] * gone

    def _delete(self, t_ns: int) -> list[Event]:
        """The signer takes the last letter back, and agrees with the rest of the word."""
        self._again = self._other.get(self.text.rstrip(" ")[-1:], "")
        gone = self._take_back(t_ns)
        self._signs = [
            replace(sign, label=label, other="", fixed=True)
            for label, sign in zip(self._word, self._signs, strict=True)
        ]
        return gone

    def _space(self, t_ns: int) -> list[Event]:
        if not self._word:
            return []
        word = self._end_word(t_ns)
        self.text += " "
        return [*word, Event("space", " ", 1.0, t_ns)]

    def _end_word(self, t_ns: int) -> list[Event]:
        if not self._word:
            return []
        last = [*self._rewrite(t_ns, ended=True), Event("word", self._word, 1.0, t_ns)]
        self._signs, self._word, self._again = [], "", ""
        return last

    def _trim(self) -> None:
        """Forgets the first words of a text that has grown too long."""
        if len(self.text) > KEPT:
            rest = self.text[-KEPT:]
            self.text = rest[rest.find(" ") + 1 :]


def _read(signs: Sequence[_Sign], words: Iterable[str], ended: bool) -> str:
    """Returns a word's characters: each sign as its neighbours say, or as a known word has it."""
    for word in words:
        if len(word) == len(signs) and all(
            char == sign.label or (char == sign.other and not sign.fixed)
            for char, sign in zip(word, signs, strict=True)
        ):
            return word
    labels = [sign.label if sign.fixed else "" for sign in signs]
    start = 0
    while "" in labels[start:]:
        start = labels.index("", start)
        end = start
        while end < len(labels) and not labels[end]:
            end += 1
        around = "".join(labels[max(start - 1, 0) : start] + labels[end : end + 1])
        numeric = any(char.isdigit() for char in around) or (not around and ended)
        labels[start:end] = [sign.digit if numeric else sign.letter for sign in signs[start:end]]
        start = end
    return "".join(labels)
