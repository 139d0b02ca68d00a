"""Signs -> text and words: which reading a handshape has, what a space does, what is undone.

Shared handshapes. Some letters and digits are one handshape; where both are in the alphabet, the
word decides (edge/spelling/readings.py). What was written already is corrected by events, `delete`
and then `letter`, each of which says what else its handshape means.

Whole words. A gesture whose name is longer than one character is a word: "hello" ends the word
before it and is written with a space after it, as one `letter` event of that label between the
events of a word.

Deletion takes back the last sign, and the space after it if there is one. After a whole word the
last sign is the gesture, so all of the word goes, and the space with which it had ended the word
before it: whoever takes a gesture back stands where they stood, and spells on. Deletion fixes what
stands of the word as it is shown; and if the same shape is signed again, it gets its other reading.
So F16, which reads as 916, can be had: delete all three, and sign them again.

Spaces. A sign for a space makes one only after a letter: the text never starts with a space and
never has two in a row. While a source runs the text may end in a space ("HELLO "); `end` takes it
away. This module reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.errors import UsageError
from edge.recognise.pause import PauseConfig
from edge.spelling.readings import Character, read_word
from edge.types import Event, EventKind, Sign

KEPT = 2000  # characters of text: a page, and more than any screen shows


@dataclass(frozen=True, slots=True)
class TextConfig(PauseConfig):
    """How letters become words.

    words: those to be read as they stand here, in capitals, whatever their neighbours say; for
        an alphabet of letters and digits.
    """

    words: tuple[str, ...] = ("OF", "OFF", "WOW", "B2B", "CO2", "H2O", "K9", "2ND", "6TH", "9TH")

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        PauseConfig.__post_init__(self)
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
    """Feed it the signs of every frame in order; `text` is what was spelled since `clear`.

    Of a long text it is the end, in whole words: a run lasts for weeks.
    """

    def __init__(self, config: TextConfig = TextConfig()) -> None:
        self.config = config
        self.text = ""
        self._other: dict[str, str] = {}  # of each label that shares its handshape, the other one
        self._word: list[Character] = []  # the word being spelled; empty right after a space
        self._written = ""  # as that word stands in the text
        self._again: str | None = None  # the reading of the shape deleted last, if signed again now
        self._whole: list[_Whole] = []  # of the text, in order
        self._forgotten = 0  # characters before those of the text

    def update(self, signs: tuple[Sign, ...]) -> tuple[Event, ...]:
        """Takes what was settled on a frame, in order.

        Returns what it does to the text, in order, a word before its space. Each event carries the
        text after it: that of the letters and spaces, less the last character for each delete.
        """
        if not signs:
            return ()
        events: list[Event] = []
        for sign in signs:
            match sign.kind:
                case "letter" | "drawn":
                    events += self._add(sign)
                case "space":
                    events += self._space(sign.t_ns)
                case "delete":
                    events += self._delete(sign.t_ns)
                case "retract":
                    events += self._take_back(sign.t_ns)
        return self._trimmed(events)

    def end(self, t_ns: int) -> tuple[Event, ...]:
        """Ends the word that was begun, if one was; the text loses a space at its end."""
        last = self._end_word(t_ns)
        self.text = self.text.rstrip(" ")
        return tuple(last)

    def clear(self) -> None:
        """Starts an empty text; a word that was begun is dropped without an event."""
        self.text = self._written = ""
        self._again = None
        self._word, self._whole = [], []

    def _event(
        self, kind: EventKind, label: str, t_ns: int, *, score: float | None = None
    ) -> Event:
        """Returns an event after which the text is as it is now."""
        other = self._other.get(label) if kind == "letter" else None
        return Event(kind, label, score, t_ns, self.text, other)

    def _cut(self, count: int, t_ns: int) -> list[Event]:
        """Takes the last characters away, one event each."""
        events = []
        for _ in range(count):
            self.text = self.text[:-1]
            events.append(self._event("delete", "", t_ns))
        return events

    def _add(self, sign: Sign) -> list[Event]:
        """A letter, and what it says about those before it."""
        assert sign.label is not None
        label, other = sign.label, sign.alternative
        if len(label) > 1:
            return self._add_whole(sign)
        if other:
            self._other |= {label: other, other: label}
        again, self._again = self._again, None
        if again and again == other:
            label, other = again, label
        self._word.append(Character(label, other, sign.score, not other or again == label))
        if len(self._word) > KEPT:
            self._word, self._written = self._word[1:], self._written[1:]
        return self._rewrite(sign.t_ns, ended=False)

    def _add_whole(self, sign: Sign) -> list[Event]:
        """A word that is one gesture."""
        label, t_ns = sign.label or "", sign.t_ns
        before = self._space(t_ns)
        self._again = None
        self.text += label
        letter = self._event("letter", label, t_ns, score=sign.score)
        word = self._event("word", label, t_ns)
        self.text += " "
        self._whole.append(_Whole(label, self._forgotten + len(self.text), bool(before)))
        return [*before, letter, word, self._event("space", " ", t_ns)]

    def _rewrite(self, t_ns: int, *, ended: bool) -> list[Event]:
        """Puts the word's readings into the text, from the first that is new."""
        word = read_word(self._word, self.config.words, ended)
        same = next(
            (i for i, (a, b) in enumerate(zip(word, self._written, strict=False)) if a != b),
            min(len(word), len(self._written)),
        )
        events = self._cut(len(self._written) - same, t_ns)
        for label, character in zip(word[same:], self._word[same:], strict=True):
            self.text += label
            events.append(self._event("letter", label, t_ns, score=character.score))
        self._written = word
        return events

    def _take_back(self, t_ns: int) -> list[Event]:
        """Deletes the last sign, and the space after it; the word goes on from there."""
        rest = self.text.rstrip(" ")
        if not rest:
            return []
        if self._ends_whole():
            whole = self._whole.pop()
            events = self._cut(len(self.text) - len(rest) + len(whole.label) + whole.parted, t_ns)
            self._spell_on()
            return events
        events = self._cut(len(self.text) - len(rest), t_ns)
        self._spell_on()
        self._word.pop()
        self._written = self._written[:-1]
        return [*events, *self._cut(1, t_ns)]

    def _ends_whole(self) -> bool:
        """Whether the last word is one gesture."""
        end = self._forgotten + len(self.text.rstrip(" ")) + 1
        return bool(self._whole) and self._whole[-1].end == end

    def _spell_on(self) -> None:
        """Goes on with the word that the text ends in, if it has ended."""
        if not self._written:
            self._written = self.text[self.text.rfind(" ") + 1 :]
            self._word = [Character(label, None, None, True) for label in self._written]

    def _delete(self, t_ns: int) -> list[Event]:
        """The signer takes the last sign back, and agrees with the rest of the word."""
        last = "" if self._ends_whole() else self.text.rstrip(" ")[-1:]
        self._again = self._other.get(last)
        events = self._take_back(t_ns)
        self._word = [
            replace(character, label=label, other=None, fixed=True)
            for label, character in zip(self._written, self._word, strict=True)
        ]
        return events

    def _space(self, t_ns: int) -> list[Event]:
        if not self._written:
            return []
        word = self._end_word(t_ns)
        self.text += " "
        return [*word, self._event("space", " ", t_ns)]

    def _end_word(self, t_ns: int) -> list[Event]:
        if not self._written:
            return []
        last = self._rewrite(t_ns, ended=True)
        last.append(self._event("word", self._written, t_ns))
        self._word, self._written, self._again = [], "", None
        return last

    def _trimmed(self, events: list[Event]) -> tuple[Event, ...]:
        """Forgets the first words of a text that has grown too long, in the events as well."""
        if len(self.text) <= KEPT:
            return tuple(events)
        rest = self.text[-KEPT:]
        rest = rest[rest.find(" ") + 1 :]
        gone = len(self.text) - len(rest)
        self._forgotten += gone
        self.text = rest
        self._whole = [w for w in self._whole if w.end - len(w.label) > self._forgotten]
        return tuple(replace(event, text=event.text[gone:]) for event in events)
