"""Whether hands are seen only turned, as by a camera that is mounted upside down or sideways.

A letter such as G, P or Q turns a hand too, and everyone lowers a hand now and then. So most hands
have to be turned, and all of these to one side, before anything is said of the camera.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from edge.joints import MIDDLE_MCP, WRIST
from edge.types import Hand

Turn = Literal[90, 180, 270]  # degrees by which the picture is to be turned clockwise

TURNED_RAD = math.radians(60)  # of a hand's direction from upright
# Where the fingers point, by what turns them up again.
_POINTING: dict[Turn, str] = {90: "to the left", 180: "down", 270: "to the right"}
_QUARTERS: dict[int, Turn] = {1: 270, 2: 180, 3: 90}

# Of a run, by choice. In half a minute of spelling an upright camera sees few turned hands, and a
# turned one sees few others: those of G, H, P and Q, which are a tenth of English letters.
WATCHED_S = 30.0  # during which hands are seen
NEARLY_ALL = 0.8  # share of the hands in this time
LONGEST_STEP_S = 0.5  # between two frames of one hand; a longer one is a pause


def turn_of(hand: Hand) -> Turn | None:
    """Returns by how much the picture is to be turned for this hand; None if it is upright."""
    x, y = hand.landmarks[MIDDLE_MCP, :2] - hand.landmarks[WRIST, :2]
    angle = math.atan2(x, -y)  # 0 is up, and right is a quarter turn
    return _QUARTERS[round(angle / (math.pi / 2)) % 4] if abs(angle) > TURNED_RAD else None


def common_turn(turns: Iterable[Turn | None], share: float) -> Turn | None:
    """Returns the turn that more than this share of the hands need; None if there is none."""
    counts = Counter(turns)
    return next((turn for turn in _POINTING if counts[turn] > share * counts.total()), None)


def where_fingers_point(turn: Turn) -> str:
    """Says where the fingers of hands point that this turn turns up: "down"."""
    return _POINTING[turn]


def mend(turn: Turn) -> str:
    """Says what to do about it."""
    return (
        f"turn the camera upright, or give the source the option rotate={turn} "
        "(added to a rotate= that it has)"
    )


class TurnWatch:
    """Watches the hands of a run; says once that they are only seen turned."""

    def __init__(self) -> None:
        self._turns: list[Turn | None] = []
        self._watched_s = 0.0
        self._last_s: float | None = None  # the time of the last frame that had a hand
        self._said = False

    def take(self, hand: Hand | None, t_s: float) -> Turn | None:
        """Takes a frame's first hand, and its time in the stream; returns what is to be said now.

        Each time that hands were seen for WATCHED_S, these hands are judged.
        """
        if self._said:
            return None
        last_s, self._last_s = self._last_s, t_s if hand else None
        if hand is None:
            return None
        self._turns.append(turn_of(hand))
        if last_s is not None:
            self._watched_s += min(max(t_s - last_s, 0.0), LONGEST_STEP_S)
        if self._watched_s < WATCHED_S:
            return None
        turn = common_turn(self._turns, NEARLY_ALL)
        self._said = turn is not None
        self._turns.clear()
        self._watched_s = 0.0
        return turn
