"""Letter events -> text and words: which reading a hand shape has, what a space is, what is undone.

Shared shapes. Some letters and digits are one hand shape; where both are in the alphabet, the word
decides (edge/spelling/readings.py). What was written already is corrected by events, `delete` and then
`letter`, of which each says what else its shape means.

Whole words. A gesture whose name is longer than one character is a word: "hello" ends the word
before it and is written with a space after it, as one `letter` event of that label between the
events of a word. The labels "space" and "del" (of models trained on ASL Alphabet, or of a user's
own gestures) are no words: they do what they say.

Deletion takes back the last sign, and the space after it if there is one. After a whole word the
last sign is the gesture, so all of the word goes, and the space with which it had ended the word
before it: whoever takes a gesture back stands where they stood, and spells on. Deletion fixes what
stands of the word as it is shown; and if the same shape is signed again, it gets its other reading.
So F16, which reads as 916, can be had: delete all three, and sign them again.

Spaces. A pause is `pause_ms` of stream time in which nobody signs: no hand in view, or one that
makes no letter. It makes one space, and so does the gesture, and only after a letter: the text
never starts with a space and never has two in a row. While a source runs the text may end in a
space ("HELLO "); `end` takes it away. This module reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite

from edge.errors import UsageError
from edge.spelling.readings import Sign, read_word
from edge.types import Event

KEPT = 2000  # characters of text: a page, and more than any screen shows
SPACE, DELETE = "space", "del"  # labels that are no letters, as ASL Alphabet names its classes
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
class _Whole:
    """A word that was one gesture. end: characters from the start of the run to behind its space.

    parted: it ended a word that was being spelled.
    """

    label: str
    end: int
    parted: bool


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
        self._signs: list[Sign] = []  # of the word being spelled; none right after a space
        self._word = ""  # as it stands in the text
        self._again = ""  # the reading of the same shape, if it is signed right after its deletion
        self._whole: list[_Whole] = []  # of the text, in order
        self._forgotten = 0  # characters before those of the text
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

        signing: as Debouncer.signing. events: its letters and whole words, and the deletion that
        makes place for a better one. gestures: the signer's own spaces and deletions.
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
        self._signs, self._whole = [], []

    def _add(self, event: Event) -> list[Event]:
        """A letter, and what it says about those before it; or what is signed in its place."""
        if event.label == SPACE:
            return self._space(event.t_ns)
        if event.label == DELETE:
            return self._delete(event.t_ns)
        if len(event.label) > 1:
            return self._add_whole(event)
        label, other = event.label, self._other.get(event.label, "")
        again, self._again = self._again, ""
        if again and again == other:
            label, other = other, label
        self._signs.append(Sign(label, other, event.score, not other or again == label))
        if len(self._signs) > KEPT:
            self._signs, self._word = self._signs[1:], self._word[1:]
        return self._rewrite(event.t_ns, ended=False)

    def _add_whole(self, event: Event) -> list[Event]:
        """A word that is one gesture."""
        label, t_ns = event.label, event.t_ns
        before = self._space(t_ns)
        self._again = ""
        self.text += f"{label} "
        self._whole.append(_Whole(label, self._forgotten + len(self.text), bool(before)))
        word, space = Event("word", label, 1.0, t_ns), Event("space", " ", 1.0, t_ns)
        return [*before, event, word, space]

    def _rewrite(self, t_ns: int, *, ended: bool) -> list[Event]:
        """Puts the word's readings into the text, from the first that is new."""
        word = read_word(self._signs, self.config.words, ended)
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
        """Deletes the last sign, and the space after it; the word goes on from there."""
        rest = self.text.rstrip(" ")
        if not rest:
            return []
        before = len(self.text)
        if self._ends_whole():
            whole = self._whole.pop()
            self.text = rest[: -len(whole.label) - whole.parted]
            self._spell_on()
        else:
            self.text = rest
            self._spell_on()
            self.text, self._word = rest[:-1], self._word[:-1]
            self._signs.pop()
        return [Event("delete", "", 1.0, t_ns)] * (before - len(self.text))

    def _ends_whole(self) -> bool:
        """Whether the last word is one gesture."""
        end = self._forgotten + len(self.text.rstrip(" ")) + 1
        return bool(self._whole) and self._whole[-1].end == end

    def _spell_on(self) -> None:
        """Goes on with the word that the text ends in, if it has ended."""
        if not self._word:
            self._word = self.text[self.text.rfind(" ") + 1 :]
            self._signs = [Sign(label, "", 1.0, True) for label in self._word]

    def _delete(self, t_ns: int) -> list[Event]:
        """The signer takes the last sign back, and agrees with the rest of the word."""
        last = "" if self._ends_whole() else self.text.rstrip(" ")[-1:]
        self._again = self._other.get(last, "")
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
            rest = rest[rest.find(" ") + 1 :]
            self._forgotten += len(self.text) - len(rest)
            self.text = rest
            self._whole = [w for w in self._whole if w.end - len(w.label) > self._forgotten]
