"""Letter events become text and words, and the word says what its signs mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from edge.spelling.speller import Speller, TextConfig
from edge.types import Event
from tests.support.examples import examples
from tests.support.simulated import Act, look, spell, spelled

FRAME_NS = 33_333_333
# One frame each: a letter, a frame of signing without one, or a run of quiet frames.
STEPS = st.lists(
    st.one_of(
        st.sampled_from("ABC").map(lambda letter: (letter, 1)),
        st.just(("+", 1)),
        st.integers(1, 60).map(lambda count: ("-", count)),
    ),
    max_size=40,
)


def run(speller: Speller, steps: list[tuple[str, int]], t_ns: int = 0) -> tuple[int, list[Event]]:
    """Plays steps at 30 frames a second; returns the time after them and all events."""
    events: list[Event] = []
    for what, count in steps:
        for _ in range(count):
            t_ns += FRAME_NS
            letters = (Event("letter", what, 0.9, t_ns),) if what.isalpha() else ()
            events += speller.update(t_ns, what != "-", letters)
    return t_ns, events


@given(steps=STEPS)
def test_text_never_leads_with_a_space_nor_has_two_in_a_row(steps: list[tuple[str, int]]) -> None:
    """Whatever is signed, spaces stand only between words, and none is left at the end."""
    speller = Speller()
    t_ns, _ = run(speller, steps)
    assert not speller.text.startswith(" ")
    assert "  " not in speller.text
    speller.end(t_ns)
    assert speller.text == " ".join(speller.text.split())


@given(steps=STEPS)
def test_events_tell_the_whole_text_in_order(steps: list[tuple[str, int]]) -> None:
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


def test_a_stalled_camera_is_no_pause() -> None:
    """Ten seconds between two frames count as little; who knows what was signed in them."""
    speller = Speller()
    t_ns, _ = run(speller, [("A", 1), ("-", 1)])
    assert speller.update(t_ns + 10 * 10**9, False, ()) == ()
    assert speller.text == "A"


def test_time_running_backwards_is_no_pause() -> None:
    """Time stamps that fall neither crash nor make a space."""
    speller = Speller()
    t_ns, _ = run(speller, [("A", 1)])
    for i in range(100):
        assert speller.update(t_ns - i * 10**9, False, ()) == ()
    assert speller.text == "A"


def test_clear_starts_anew() -> None:
    """After clear the text is empty, no word is left over and no space leads."""
    speller = Speller()
    t_ns, _ = run(speller, [("A", 1), ("B", 1)])
    speller.clear()
    t_ns, events = run(speller, [("-", 90), ("C", 1)], t_ns)
    assert [event.kind for event in events] == ["letter"]
    assert speller.text == "C"
    assert [event.label for event in speller.end(t_ns)] == ["C"]
    assert speller.end(t_ns) == ()


def test_nothing_signed_is_nothing_spelled() -> None:
    """An empty scene ends with an empty text and no word."""
    speller = Speller()
    t_ns, events = run(speller, [("-", 200)])
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
        for letter in "WORD" if number % 2 else "NO":
            t_ns += 100_000_000
            speller.update(t_ns, True, (Event("letter", letter, 1.0, t_ns),))
        for _ in range(12):
            t_ns += 100_000_000
            speller.update(t_ns, False, ())
    assert 1900 < len(speller.text) <= 2001
    assert set(speller.text.split()) == {"WORD", "NO"}


SHARED = (("O", "0"), ("V", "2"), ("W", "6"), ("F", "9"))
SHAPE = {digit: letter for letter, digit in SHARED}  # the model reads a shared shape as the letter
WHOLE = {"h": "hello", "t": "thank you", "s": "space", "d": "del"}  # labels of gestures
KEYS = st.text("OVWFAB145 _<~", max_size=25)


def type_in(keys: str, config: TextConfig | None = None) -> tuple[str, list[Event]]:
    """Signs `keys`, a frame each: " " is a pause, "_" and "<" the gestures, "~" no sign, and small
    letters are gestures with names of their own.

    Returns the text before the source ends, and all events.
    """
    speller = Speller(config or TextConfig(), SHARED)
    events: list[Event] = []
    t_ns = 0
    for key in keys:
        for _ in range(12 if key == " " else 1):
            t_ns += 100_000_000
            spelled = gestures = tuple[Event, ...]()
            if key == "_":
                gestures = (Event("space", " ", 1.0, t_ns),)
            elif key == "<":
                gestures = (Event("delete", "", 1.0, t_ns),)
            elif key not in " ~":
                label = WHOLE.get(key, SHAPE.get(key, key))
                spelled = (Event("letter", label, 0.9, t_ns),)
            events += speller.update(t_ns, key != " ", spelled, gestures)
    text = speller.text
    assert replay(events) == text
    events += speller.end(t_ns)
    assert replay(events).rstrip(" ") == speller.text
    return text, events


def replay(events: list[Event]) -> str:
    """The text that somebody has who only sees the events."""
    text = ""
    for event in events:
        if event.kind == "delete":
            assert text, "nothing is deleted where there is nothing"
            text = text[:-1]
        elif event.kind in ("letter", "space"):
            text += event.label
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
        ("delete", "", ""),
        ("letter", "9", "F"),
        ("letter", "1", ""),
        ("word", "91", ""),
    ]
    assert [e.score for e in events if e.kind == "letter"] == [0.9] * 3


def test_where_only_one_of_a_pair_is_read_nothing_is_ambiguous() -> None:
    """Without shared shapes in the alphabet letters pass as they are."""
    speller = Speller()
    event = Event("letter", "O", 0.9, 0)
    assert speller.update(0, True, (event,)) == (event,)
    assert [e.label for e in speller.end(1)] == ["O"]


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


def test_a_deletion_by_the_debouncer_is_no_opinion_about_the_word() -> None:
    """W and the first pose of Z, read as a 1: when the Z takes its place, W is a letter again."""
    speller = Speller(shared=SHARED)
    for label in "W1":
        speller.update(0, True, (Event("letter", label, 0.9, 0),))
    assert speller.text == "61"
    events = speller.update(1, True, (Event("delete", "", 1.0, 1), Event("letter", "Z", 0.9, 1)))
    assert speller.text == "WZ"
    assert [e.kind for e in events] == ["delete", "delete", "letter", "letter"]


def test_a_gesture_makes_the_space_at_once() -> None:
    """The word is told before its space, and the pause that follows adds no other."""
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
    """Context changes the reading and never the hand shape, nor how many signs there are."""
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


@pytest.mark.parametrize(
    ("keys", "text"),
    [("AsB", "A B"), ("Ass", "A "), ("sA", "A"), ("ABd", "A"), ("d", ""), ("ABsdB", "AB"),
     ("hd", ""), ("AhsB", "A hello B")],
)  # fmt: skip
def test_space_and_del_do_what_they_say(keys: str, text: str) -> None:
    """The labels of ASL Alphabet that are no letters are never written."""
    assert type_in(keys)[0] == text


@given(keys=st.text("AOVhtsd1 _<", max_size=25))
@examples(300)
def test_replaying_the_events_yields_the_text_with_gestures_too(keys: str) -> None:
    """Whole words among letters, spaces and deletions: events tell the text, and words stand
    between single spaces."""
    text, events = type_in(keys)
    assert not text.startswith(" ")
    assert "  " not in text
    if not set("<d") & set(keys):
        assert " ".join(words(events)) == replay(events).rstrip(" ")


def test_whole_words_that_are_forgotten_are_forgotten_whole() -> None:
    """Weeks of gestures keep the last words, and each of these can still be deleted whole."""
    speller = Speller()
    for i in range(400):
        speller.update(i, True, (Event("letter", "thank you", 0.9, i),))
    assert len(speller.text) <= 2000
    kept = speller.text.count("thank you ")
    for i in range(kept):
        gone = speller.update(400 + i, True, (), (Event("delete", "", 1.0, 400 + i),))
        assert len(gone) == len("thank you ")
    assert speller.text in ("", "you ")


def test_a_word_of_thousands_of_signs_is_kept_in_bounds() -> None:
    """A word that never ends keeps its last signs, and can be corrected and deleted."""
    speller = Speller(shared=SHARED)
    for i in range(2100):
        speller.update(i, True, (Event("letter", "V", 0.9, i),))
    speller.update(2101, True, (Event("letter", "1", 0.9, 2101),))
    assert speller.text.endswith("2221")
    assert len(speller.text) <= 2000
    speller.update(2102, True, (), (Event("delete", "", 1.0, 2102),))
    assert speller.text.endswith("222")
