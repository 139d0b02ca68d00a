"""Letter events become text and words."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import UsageError
from edge.text import Speller, TextConfig
from edge.types import Event
from tests.simulated import Act, look, spell, spelled

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
@settings(deadline=None, max_examples=15)
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


@pytest.mark.parametrize("name", [field.name for field in fields(TextConfig)])
@pytest.mark.parametrize("value", [0.0, -5.0, float("nan")])
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: float) -> None:
    """The message names the setting."""
    with pytest.raises(UsageError, match=f"text.{name}"):
        TextConfig(**{name: value})


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
