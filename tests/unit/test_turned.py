"""Hands that are seen only turned: what is noticed of them in a run, and when."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.hands.turned import TurnWatch, turn_of
from edge.types import Box, Hand
from tests.unit.test_geometry import OPEN_HAND

FRAME_S = 0.1


def hand(clockwise: int) -> Hand:
    """An open hand, turned by so many degrees."""
    angle = math.radians(clockwise)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    landmarks = OPEN_HAND.copy()
    landmarks[:, :2] = landmarks[:, :2] @ turn
    return Hand(landmarks.astype(np.float32), Box(0, 0, 1, 1), "right", 1.0)


def said(*shown: tuple[int | None, float]) -> list[int]:
    """What is said of hands that are shown for so many seconds each, or of no hand."""
    watch, now_s, told = TurnWatch(), 0.0, []
    for clockwise, seconds in shown:
        for _ in range(round(seconds / FRAME_S)):
            turn = watch.take(None if clockwise is None else hand(clockwise), now_s)
            told += [] if turn is None else [int(turn)]
            now_s += FRAME_S
    return told


@pytest.mark.parametrize("clockwise", [90, 180, 270])
def test_a_turned_camera_is_noticed_once(clockwise: int) -> None:
    """It is to be turned back, whichever way; nothing more is said however long it goes on."""
    assert said((clockwise, 25)) == []
    assert said((clockwise, 200)) == [360 - clockwise]


def test_letters_that_turn_the_hand_are_no_turned_camera() -> None:
    """Half of the hands are turned, or all of them to several sides."""
    assert said(*[(0, 1), (90, 1)] * 100) == []
    assert said(*[(180, 1), (90, 1)] * 100) == []


def test_few_other_letters_do_not_hide_a_turned_camera() -> None:
    """A tenth of the letters point elsewhere."""
    assert said(*[(180, 9), (90, 1)] * 10) == [180]


def test_only_the_time_with_a_hand_counts() -> None:
    """Visitors come and go: pauses between hands are not watched, and do not begin anew."""
    assert said(*[(180, 5), (None, 60)] * 5) == []
    assert said(*[(180, 5), (None, 60)] * 8) == [180]


def test_a_camera_that_is_turned_later_is_noticed() -> None:
    """What was seen before it fell over does not count for ever."""
    assert said((0, 300), (180, 70)) == [180]


def test_a_hand_that_leans_is_upright() -> None:
    """Nobody holds a hand quite upright."""
    assert [turn_of(hand(degrees)) for degrees in (0, 45, -45)] == [None] * 3
