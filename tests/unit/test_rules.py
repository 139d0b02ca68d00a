"""The rules as a whole: shape, motion, gestures and pauses make one sequence of signs."""

from __future__ import annotations

from collections.abc import Sequence
from string import digits

import pytest

from edge.spelling.speller import Speller
from edge.types import Event, Hand, Prediction, Sign
from tests.support.scripted import STILLS, Scene, ScriptedReader, labels, prediction, rules
from tests.support.simulated import Act as Spelled
from tests.support.simulated import look, spell
from tests.unit.test_gestures import Act, film

LETTERS_AND_DIGITS = (*STILLS, *digits)
SWIPE: list[Act] = [("5", 400, 0, 0), ("5", 350, 1.8, 0.2), ("5", 200, 0, 0)]


def played(acts: Sequence[Act], known: Sequence[str] = STILLS) -> list[Sign]:
    """What the rules make of a hand in these shapes, each read as what it is, if it is known."""
    reader = ScriptedReader(known)
    scene = Scene(reader, rules(reader))
    return [sign for t_ns, hand in film(acts) for sign in scene.show(t_ns, hand, read(t_ns, acts))]


def read(t_ns: int, acts: Sequence[Act]) -> Prediction:
    """What the model says of the hand that these acts show at that time."""
    end_ms = 0.0
    for label, ms, _, _ in acts:
        end_ms += ms
        if t_ns / 1e6 < end_ms:
            return prediction({label: 0.95} if label and label != "." else {})
    return prediction({})


def test_a_word_is_letters_and_a_pause_is_a_space() -> None:
    """Once, when the hand has rested for long enough, and not while it spells."""
    reader = ScriptedReader()
    scene = Scene(reader, rules(reader))
    acts = [*spell("CAT", 350), Spelled("", 3000), *spell("A", 600)]
    signs = [sign for t_ns, hand, seen in look(acts) for sign in scene.show(t_ns, hand, seen)]
    assert labels(signs) == ["C", "A", "T", "space", "A"]
    assert all(sign.kind == "letter" for sign in signs if sign.label)


@pytest.mark.parametrize("shared", [(), (("O", "0"), ("V", "2"))])
def test_a_letter_says_what_else_its_handshape_may_mean(
    shared: tuple[tuple[str, str], ...],
) -> None:
    """If both are in the alphabet; what has no other meaning says so."""
    reader = ScriptedReader([*STILLS, "0"], shared)
    scene = Scene(reader, rules(reader))
    acts = spell("OVA", 600)
    signs = [sign for t_ns, hand, seen in look(acts) for sign in scene.show(t_ns, hand, seen)]
    other = "0" if shared else None
    assert [(sign.label, sign.alternative) for sign in signs] == [
        ("O", other), ("V", None), ("A", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("label", "kind"), [("space", "space"), ("del", "delete")])
def test_labels_that_are_edits_become_edits(label: str, kind: str) -> None:
    """As the classes of ASL Alphabet are named; they have no label then, and no score."""
    reader = ScriptedReader([*STILLS, label])
    scene = Scene(reader, rules(reader))
    signs = [
        sign
        for t_ns, hand, _ in look([Spelled("A", 800)])
        for sign in scene.show(t_ns, hand, prediction({label: 0.95}))
    ]
    assert [(sign.kind, sign.label, sign.score) for sign in signs] == [(kind, None, None)]


def test_an_open_hand_edits_and_is_not_read() -> None:
    """Where it is no digit: held it is a space, swept aside a deletion, and never a letter."""
    acts: list[Act] = [("A", 600, 0, 0), ("5", 1000, 0, 0), ("A", 600, 0, 0), *SWIPE]
    assert labels(played(acts)) == ["A", "space", "A", "delete"]


def test_a_swipe_takes_back_what_its_own_stop_was_read_as() -> None:
    """A 5 read in a short stop goes, and the sign before it: two deletions after the 5."""
    acts: list[Act] = [("1", 600, 0, 0), *SWIPE]
    assert labels(played(acts, LETTERS_AND_DIGITS)) == ["1", "5", "delete", "delete"]


def test_a_five_that_was_held_long_was_meant() -> None:
    """It alone is taken back."""
    acts: list[Act] = [("1", 600, 0, 0), ("5", 1500, 0, 0), *SWIPE[1:]]
    assert labels(played(acts, LETTERS_AND_DIGITS)) == ["1", "5", "delete"]


def test_a_swipe_takes_nothing_back_of_another_recording() -> None:
    """A letter that was settled at the same time of a recording before is no part of its stop."""
    reader = ScriptedReader(LETTERS_AND_DIGITS)
    scene = Scene(reader, rules(reader))
    for t_ns, hand in film([("A", 500, 0, 0), ("B", 500, 0, 0), ("C", 2000, 0, 0)]):
        seen = read(t_ns, [("A", 500, 0, 0), ("B", 500, 0, 0), ("C", 2000, 0, 0)])
        scene.show(t_ns, hand, seen)
    acts: list[Act] = [("1", 200, 0, 0), *SWIPE]
    # The stop is too short for a 5 here, as the model is unsure of it.
    signs = [sign for t_ns, hand in film(acts) for sign in scene.show(t_ns, hand)]
    assert labels(signs) == ["delete"]


def test_a_hand_in_a_gesture_has_a_prediction_and_settles_nothing() -> None:
    """Who watches sees what the hand looks like; the rules do not read it."""
    reader = ScriptedReader()
    recogniser = rules(reader)
    scene = Scene(reader, recogniser)
    for t_ns, hand in film([("5", 400, 0, 0)]):
        assert scene.show(t_ns, hand, prediction({"F": 0.99})) == ()
        assert recogniser.prediction is not None
        assert recogniser.prediction.label == "F"


def test_the_text_of_it_all_is_what_was_signed() -> None:
    """Letters, a space, a mistake and its deletion, seen frame by frame."""
    speller = Speller()
    reader = ScriptedReader()
    scene = Scene(reader, rules(reader))
    acts: list[Act] = [
        ("H", 600, 0, 0), ("I", 600, 0, 0), ("5", 1000, 0, 0), ("Y", 600, 0, 0), ("W", 600, 0, 0),
        *SWIPE, ("O", 600, -1.8, 0),  ("O", 600, 0, 0),
    ]  # fmt: skip
    events: list[Event] = []
    hand: Hand | None
    for t_ns, hand in film(acts):
        events += speller.update(scene.show(t_ns, hand, read(t_ns, acts)))
    assert speller.text == "HI YO"
    assert events[-1].text == speller.text
