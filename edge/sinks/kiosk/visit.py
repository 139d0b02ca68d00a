"""How far a visitor is: nobody there, a hand in view, a hand that has gone; without any drawing."""

from __future__ import annotations

from typing import Literal, NamedTuple

from edge.types import Request, Result

# A hand counts as a visitor's only after so long in view, in milliseconds: what the hand models
# take for a hand in a busy room is mostly gone after a few frames. By choice.
SHOWN_MS = 400
# A letter is marked as new for so long. Letters come at 1.6 a second at an unhurried pace, and the
# mark should be over before the next one (as in edge/sinks/screen/screen.py).
NEW_MS = 450

Phase = Literal["attract", "reading", "away"]
Button = Literal["space", "delete", "clear", "next"]


class Shown(NamedTuple):
    """What the display is to show.

    phase: "attract" (nobody is there), "reading" (a hand is in view), "away" (it has gone, and may
        come back). letter: the one settled last, or "". new: whether it was settled just now.
    text: what was spelled. hint: the name of a sentence, or "". demonstration: the source draws its
        own pictures, so there is no camera.
    """

    phase: Phase = "attract"
    letter: str = ""
    new: bool = False
    text: str = ""
    hint: str = "hand_up"
    demonstration: bool = False


class Visit:
    """Follows one visitor after the other, by the hands and events of each frame."""

    def __init__(self, idle_s: float) -> None:
        """idle_s: after how long without a hand the visitor counts as gone."""
        self._idle_ns = idle_s * 1e9
        self._phase: Phase = "attract"
        self._hand_ns: int | None = None  # since when a hand has been in view
        self._seen_ns = 0  # when one was last in view
        self._letter, self._letter_ns = "", 0
        self._next = False  # the button was pressed, and the text is still there

    def after(self, result: Result) -> tuple[Shown, Request | None]:
        """Takes a frame's result; returns what to show, and "clear" once the visitor is gone."""
        now_ns = result.frame.t_ns
        for event in result.events:
            if event.kind == "letter":
                self._letter, self._letter_ns = event.label, now_ns
            elif event.kind == "delete":
                self._letter = ""
        if result.hands:
            self._hand_ns = now_ns if self._hand_ns is None else self._hand_ns
            self._seen_ns = now_ns
            if now_ns - self._hand_ns >= SHOWN_MS * 1e6 or result.events:
                self._phase = "reading"
        else:
            self._hand_ns = None
            if self._phase == "reading":
                self._phase = "away"
        if self._phase == "away" and now_ns - self._seen_ns >= self._idle_ns:
            self._leave()
        gone = bool(result.text) and (self._next or self._phase == "attract")
        self._next = False
        return self._shown(result), "clear" if gone else None

    def next_visitor(self) -> None:
        """The visitor says to have done: the text is cleared with the next frame."""
        self._next = True
        self._leave()

    def _leave(self) -> None:
        self._phase, self._letter, self._hand_ns = "attract", "", None

    def _shown(self, result: Result) -> Shown:
        demonstration = result.frame.truth is not None
        if self._phase == "attract":
            return Shown(demonstration=demonstration)
        hint = "go_on" if self._phase == "away" else "" if result.text else "hold_still"
        new = bool(self._letter) and result.frame.t_ns - self._letter_ns < NEW_MS * 1e6
        return Shown(self._phase, self._letter, new, result.text, hint, demonstration)
