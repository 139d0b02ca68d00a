"""Signs become text and words, and the word says what its signs mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from edge.spelling.speller import Speller, TextConfig
from edge.types import Event, Sign, SignKind
from tests.support.examples import examples
from tests.support.simulated import Act, look, spell, spelled

STEPS = st.text("ABC ", max_size=60)


def letter(label: str, t_ns: int, score: float = 0.9, other: str | None = None) -> Sign:
    """A letter that was held; other: what else its handshape may mean."""
    return Sign("letter", label, score, t_ns, other)


def edit(kind: SignKind, t_ns: int) -> Sign:
    """A space, a deletion or a retraction."""
    return Sign(kind, None, None, t_ns)


def run(speller: Speller, steps: str, t_ns: int = 0) -> tuple[int, list[Event]]:
    """Signs letters and spaces, a frame each; returns the time after them and all events."""
    events: list[Event] = []
    for step in steps:
        t_ns += 100_000_000
        events += speller.update((edit("space", t_ns) if step == " " else letter(step, t_ns),))
    return t_ns, events


@given(steps=STEPS)
def test_text_never_leads_with_a_space_nor_has_two_in_a_row(steps: str) -> None:
    """Whatever is signed, spaces stand only between words, and none is left at the end."""
    speller = Speller()
    t_ns, _ = run(speller, steps)
    assert not speller.text.startswith(" ")
    assert "  " not in speller.text
    speller.end(t_ns)
    assert speller.text == " ".join(speller.text.split())


@given(steps=STEPS)
def test_events_tell_the_whole_text_in_order(steps: str) -> None:
    """Letters and spaces make the text, words are what stands between, times never fall."""
    speller = Speller()
    t_ns, events = run(speller, steps)
    running = speller.text
    events += speller.end(t_ns)
    assert "".join(e.label for e in events if e.kind in ("letter", "space")) == running
    assert [e.label for e in events if e.kind == "word"] == speller.text.split()
    times = [event.t_ns for event in events]
    assert times == sorted(times)
    spaces = [i for i, event in enumerate(events) if event.kind == "space"]
    assert all(events[i - 1].kind == "word" for i in spaces), "a word comes before its space"


@pytest.mark.parametrize("fps", [10, 15, 30, 60])
@pytest.mark.parametrize("rest", ["", None])
@pytest.mark.parametrize("double", ["slide", "release"])
def test_hello_world(double: str, rest: str | None, fps: float) -> None:
    """Two words with a pause between, the hand resting in view or gone from it."""
    acts = [*spell("HELLO", 350, double), Act(rest, 1500), *spell("WORLD", 350), Act(None, 2500)]
    text, events = spelled(look(acts, fps))
    assert text == "HELLO WORLD"
    assert [e.label for e in events if e.kind == "word"] == ["HELLO", "WORLD"]
    assert sum(e.kind == "space" for e in events) == 2  # the second is taken away at the end


@given(
    ms=st.floats(1500, 8_000),
    rest=st.sampled_from(["", None]),
    fps=st.sampled_from([15.0, 25.0, 30.0, 60.0]),
    seed=st.integers(0, 2**16),
    drop=st.floats(0, 0.3),
)
@examples(15)
def test_a_pause_of_any_length_is_one_space(
    ms: float, rest: str | None, fps: float, seed: int, drop: float
) -> None:
    """One space whether the signer pauses for a second or for eight."""
    acts = [Act("A", 600), Act(rest, ms), Act("B", 600)]
    assert spelled(look(acts, fps, seed, drop=drop))[0] == "A B"


@pytest.mark.parametrize("acts", [[Act("A", 4000), Act("B", 400)], spell("AB", 400)])
def test_a_letter_held_long_is_no_pause(acts: list[Act]) -> None:
    """Only the absence of signing is a pause."""
    assert spelled(look(acts))[0] == "AB"


def test_clear_starts_anew() -> None:
    """After clear the text is empty, no word is left over and no space leads."""
    speller = Speller()
    t_ns, _ = run(speller, "AB")
    speller.clear()
    t_ns, events = run(speller, " C", t_ns)
    assert [event.kind for event in events] == ["letter"]
    assert speller.text == "C"
    assert [event.label for event in speller.end(t_ns)] == ["C"]
    assert speller.end(t_ns) == ()


def test_nothing_signed_is_nothing_spelled() -> None:
    """Frames that settle nothing, and spaces alone, make an empty text and no word."""
    speller = Speller()
    assert speller.update(()) == ()
    t_ns, events = run(speller, "   ")
    assert events == []
    assert speller.end(t_ns) == ()
    assert speller.text == ""


@pytest.mark.parametrize("name", ["pause_ms", "gap_ms"])
@pytest.mark.parametrize("value", [0.0, -5.0, float("nan")])
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: float) -> None:
    """The message names the setting."""
    settings_made: dict[str, Any] = {name: value}
    with pytest.raises(UsageError, match=f"text.{name}"):
        TextConfig(**settings_made)


@pytest.mark.parametrize("word", ["", "of", "ROOM 20", "B-2"])
def test_a_word_that_cannot_be_spelled_is_refused(word: str) -> None:
    """Known words are capitals and digits; the message shows the one that is not."""
    with pytest.raises(UsageError, match=f"text.words has '{word}'"):
        TextConfig(words=("WOW", word))


def test_a_text_that_grows_for_weeks_keeps_its_end() -> None:
    """Of a long text the last words stay, whole, and none of them is split."""
    speller, t_ns = Speller(), 0
    for number in range(3000):
        t_ns, events = run(speller, "WORD " if number % 2 else "NO ", t_ns)
        assert [event.text for event in events][-1] == speller.text
    assert 1900 < len(speller.text) <= 2001
    assert set(speller.text.split()) == {"WORD", "NO"}


SHARED = (("O", "0"), ("V", "2"), ("W", "6"), ("F", "9"))
SHAPE = {digit: letter for letter, digit in SHARED}  # the model reads a shared shape as the letter
OTHER = dict(SHARED)
WHOLE = {"h": "hello", "t": "thank you"}  # gestures with names of their own
KEYS = st.text("OVWFAB145 _<~", max_size=25)


def type_in(keys: str, config: TextConfig | None = None) -> tuple[str, list[Event]]:
    """Signs `keys`, a frame each: "_" is a space, "<" a deletion, "!" a retraction, "~" nothing.

    Small letters are gestures with names of their own. Returns the text before the source ends, and
    all events.
    """
    speller = Speller(config or TextConfig())
    events: list[Event] = []
    for number, key in enumerate(keys, 1):
        before = speller.text
        done = speller.update(signs_of(key, number * 100_000_000))
        events += done
        if done:
            assert done[-1].text == speller.text
        assert replay(done, before) == speller.text
    text = speller.text
    assert replay(events) == text
    events += speller.end(len(keys) * 100_000_000)
    assert replay(events).rstrip(" ") == speller.text
    return text, events


def signs_of(key: str, t_ns: int) -> tuple[Sign, ...]:
    """What a key of `type_in` is."""
    kinds: dict[str, SignKind] = {"_": "space", " ": "space", "<": "delete", "!": "retract"}
    if key == "~":
        return ()
    if key in kinds:
        return (edit(kinds[key], t_ns),)
    if key in WHOLE:
        return (Sign("drawn", WHOLE[key], 0.9, t_ns),)
    label = SHAPE.get(key, key)
    return (letter(label, t_ns, other=OTHER.get(label)),)


def replay(events: Sequence[Event], text: str = "") -> str:
    """The text that somebody has who sees the events alone; each must carry it."""
    for event in events:
        if event.kind == "delete":
            assert text, "nothing is deleted where there is nothing"
            text = text[:-1]
        elif event.kind in ("letter", "space"):
            text += event.label
        assert event.text == text
    return text


def words(events: list[Event]) -> list[str]:
    """The words that were told."""
    return [event.label for event in events if event.kind == "word"]


@pytest.mark.parametrize(
    "text",
    ["RASPBERRY PI 4", "ROOM 20", "2026", "COVID 19", "COVID19", "B2B", "24 HOURS", "OF THE WOOD",
     "WORLD WIDE WEB", "WOW", "H2O", "CO2", "A24", "12TH 2ND 6TH", "OFTEN OFF", "007", "6", "90210",
     "VOWEL", "FLOWER 5", "K9", "LEVEL 9 OF 20"],
)  # fmt: skip
def test_the_word_says_whether_a_sign_is_a_letter_or_a_digit(text: str) -> None:
    """Shapes that O and 0, V and 2, W and 6, F and 9 share are read as their word wants them."""
    _, events = type_in(text)
    assert words(events) == text.split()
    assert replay(events) == text


@pytest.mark.parametrize(
    ("signed", "read"), [("F16", "916"), ("W6", "66"), ("RAV4", "RA24"), ("VOW", "206")]
)
def test_what_no_neighbour_tells_is_read_as_the_rule_says(signed: str, read: str) -> None:
    """The limits of context: the event tells the other reading, and a setting can know the word."""
    _, events = type_in(signed)
    assert replay(events) == read
    letters = [event for event in events if event.kind == "letter"]
    assert {event.alternative for event in letters} >= set(signed) - set(read)
    _, events = type_in(signed, TextConfig(words=(signed,)))
    assert replay(events) == signed


def test_the_events_tell_the_other_reading_and_the_correction() -> None:
    """F1 begins with an F; when the 1 comes, it is taken back and the 9 comes with the 1."""
    _, events = type_in("F1")
    assert [(e.kind, e.label, e.alternative) for e in events] == [
        ("letter", "F", "9"),
        ("delete", "", None),
        ("letter", "9", "F"),
        ("letter", "1", None),
        ("word", "91", None),
    ]
    assert [(e.score, e.text) for e in events] == [
        (0.9, "F"), (None, ""), (0.9, "9"), (0.9, "91"), (None, "91"),
    ]  # fmt: skip


def test_a_sign_without_an_alternative_passes_as_it_is() -> None:
    """Where only one of a pair is in the alphabet, nothing is ambiguous."""
    speller = Speller()
    assert speller.update((letter("O", 0),)) == (Event("letter", "O", 0.9, 0, "O"),)
    assert [e.label for e in speller.end(1)] == ["O"]


def test_a_score_that_nobody_gave_is_none() -> None:
    """It stays so in the letter's event; an edit, a word and a space never have one."""
    speller = Speller()
    events = speller.update((Sign("letter", "A", None, 0), edit("space", 0), edit("delete", 0)))
    assert [(e.kind, e.score) for e in events] == [
        ("letter", None), ("word", None), ("space", None), ("delete", None), ("delete", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "read"),
    [("F16<<<F16", "F16"), ("W6<6", "W6"), ("RAV4<<V4", "RAV4"), ("VO<O<OT", "VOT"),
     ("F1<<F<F6", "96")],
)  # fmt: skip
def test_a_sign_that_is_deleted_and_signed_again_gets_its_other_reading(
    keys: str, read: str
) -> None:
    """What the signer deletes was read wrongly; what he leaves standing was not."""
    assert replay(type_in(keys)[1]) == read


def test_a_retraction_is_no_opinion_about_the_word() -> None:
    """W and the first pose of Z, read as a 1: when the Z takes its place, W is a letter again."""
    speller = Speller()
    for key in "W1":
        speller.update(signs_of(key, 0))
    assert speller.text == "61"
    events = speller.update((edit("retract", 1), Sign("drawn", "Z", 0.9, 1)))
    assert speller.text == "WZ"
    assert [(e.kind, e.text) for e in events] == [
        ("delete", "6"), ("delete", ""), ("letter", "W"), ("letter", "WZ"),
    ]  # fmt: skip


def test_a_word_is_told_before_its_space() -> None:
    """And a pause that follows a gesture's space adds no other."""
    text, events = type_in("HI_  YA")
    assert text == "HI YA"
    assert [e.kind for e in events] == ["letter"] * 2 + ["word", "space"] + ["letter"] * 2 + [
        "word"
    ]


@pytest.mark.parametrize("keys", ["A_B", "A _B", "A_ B", "A__ _B", "_A_B", "A _ ~_B"])
def test_pauses_and_gestures_make_one_space(keys: str) -> None:
    """However a space is made, there is one, and none at the start."""
    assert type_in(keys)[0] == "A B"


@pytest.mark.parametrize(
    ("keys", "text"),
    [("HELLP<O", "HELLO"), ("HELLP_<O", "HELLO"), ("HELLP <O", "HELLO"), ("A B<<C", "C"),
     ("<", ""), ("A<<<B", "B"), ("HI A<YA", "HI YA"), ("20 <1", "21"), ("A_B<C", "A C")],
)  # fmt: skip
def test_a_deletion_takes_the_last_letter_and_the_space_after_it(keys: str, text: str) -> None:
    """Each delete event is one character of the text; an empty text has nothing to delete."""
    assert type_in(keys)[0] == text


def test_a_word_that_is_taken_up_again_is_told_again() -> None:
    """A deletion opens the last word; when it ends, it is told as it is now."""
    _, events = type_in("HELLP_<O_A")
    assert words(events) == ["HELLP", "HELLO", "A"]


@given(keys=KEYS)
@examples(300)
def test_replaying_the_events_yields_the_text(keys: str) -> None:
    """Whatever is signed, paused and deleted, letters, spaces and deletes tell the whole text."""
    text, events = type_in(keys)  # which compares
    assert not text.startswith(" ")
    assert "  " not in text
    assert "" not in words(events)
    if "<" not in keys:
        assert words(events) == replay(events).split()


@given(keys=KEYS)
def test_a_shared_sign_has_one_of_its_two_readings(keys: str) -> None:
    """Context changes the reading and never the handshape, nor how many signs there are."""
    assert len(SHAPE) == len(SHARED)
    text, _ = type_in(keys.replace("<", ""))
    shapes = "".join(SHAPE.get(char, char) for char in text)
    signed = "".join(SHAPE.get(key, key) for key in keys if key not in "_<~ ")
    assert shapes.replace(" ", "") == signed


def told(keys: str) -> list[tuple[str, str]]:
    """Kind and label of the events of `keys`."""
    return [(event.kind, event.label) for event in type_in(keys)[1]]


def test_a_gesture_with_a_long_name_is_a_word() -> None:
    """It ends the word before it, is told as a letter and a word, and has its space at once."""
    assert told("AhB")[1:] == [
        ("word", "A"), ("space", " "),
        ("letter", "hello"), ("word", "hello"), ("space", " "),
        ("letter", "B"), ("word", "B"),
    ]  # fmt: skip
    assert type_in("AhB")[0] == "A hello B"


@pytest.mark.parametrize(
    ("keys", "text"),
    [("h", "hello "), ("hh", "hello hello "), ("h  t", "hello thank you "), ("A_h", "A hello "),
     ("h<", ""), ("h  <A", "A"), ("Ah<B", "AB"), ("A_h<B", "A B"), ("hh<", "hello "),
     ("hA<", "hello "), ("hA<<", ""), ("t<h", "hello "), ("AhAt<<<", "A"), ("AhAt<<<<", ""),
     ("20h", "20 hello "), ("AOh<1", "AO1"), ("h<<<A", "A")],
)  # fmt: skip
def test_a_deletion_takes_a_whole_word_back(keys: str, text: str) -> None:
    """A gesture goes as a whole, its space with it and the one that it had made before it: the
    word that it ended is spelled on."""
    assert type_in(keys)[0] == text


@given(keys=st.text("AOVht1 _<!", max_size=25))
@examples(300)
def test_replaying_the_events_yields_the_text_with_gestures_too(keys: str) -> None:
    """Whole words among letters, spaces and deletions: events tell the text, and words stand
    between single spaces."""
    text, events = type_in(keys)
    assert not text.startswith(" ")
    assert "  " not in text
    if not set("<!") & set(keys):
        assert " ".join(words(events)) == replay(events).rstrip(" ")


def test_whole_words_that_are_forgotten_are_forgotten_whole() -> None:
    """Weeks of gestures keep the last words, and each of these can still be deleted whole."""
    speller = Speller()
    for i in range(400):
        speller.update((Sign("drawn", "thank you", 0.9, i),))
    assert len(speller.text) <= 2000
    kept = speller.text.count("thank you ")
    for i in range(kept):
        gone = speller.update((edit("delete", 400 + i),))
        assert len(gone) == len("thank you ")
    assert speller.text in ("", "you ")


def test_a_word_of_thousands_of_signs_is_kept_in_bounds() -> None:
    """A word that never ends keeps its last signs, and can be corrected and deleted."""
    speller = Speller()
    for i in range(2100):
        speller.update(signs_of("V", i))
    speller.update(signs_of("1", 2101))
    assert speller.text.endswith("2221")
    assert len(speller.text) <= 2000
    speller.update((edit("delete", 2102),))
    assert speller.text.endswith("222")
