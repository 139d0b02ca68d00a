"""Turns a text into a timeline: which trajectory the hand follows at which time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np

from edge.errors import UsageError
from edge.signer.handshapes import HANDSHAPES, Handshape
from edge.signer.motion import RELAXED, Posture, Trajectory, hold, move, strokes, trace
from edge.signer.skeleton import Array

# Times of a clear, unhurried demonstrator, about 1.6 letters a second (0.40 + 0.22 s each). The
# option `speed` divides them all, but not the pause. They are chosen; no signer was measured.
HOLD_S = 0.40
MOVE_S = 0.22
TRACE_S = {"J": 0.70, "Z": 0.85}
SLIDE_S = 0.17
RAISE_S = 0.50
# A reader needs a pause of about a second to read a space, so the pause does not shrink with speed.
PAUSE_S = 1.0

# A repeated letter slides about two inches to the signer's own side (W. Vicars, ASL University,
# "Fingerspelling: double letters"). At the end of its reach the hand opens and closes instead.
SLIDE_MM = 55.0
REACH_MM = 150.0
RETURN_MM = 14.0  # the most that a hand drifts back with each new letter

# The editing gestures (edge/recognise/rules/gestures.py), made with an open hand. Held, it is a
# space; swept to the signer's own side, it takes back a letter. Their times do not depend on speed.
SPACE, DELETE = "_", "<"
OPEN_S = 0.9
STOP_S = 0.35
SWIPE_S = 0.30
SWIPE_MM = 180.0

DROP_MM = 370.0  # from the signing space to the place of rest between words, without a scene


def spelling(written: str) -> str:
    """Returns the text for plan() from one that a user wrote: quoted, in any case, with any spaces.

    Raises UsageError for a text that cannot be spelled.
    """
    text = written.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    text = " ".join(text.upper().split())
    if not text:
        raise UsageError("signer: has no text to spell; write for example signer:'HELLO WORLD'")
    unknown = sorted(set(text) - set(HANDSHAPES) - {" ", SPACE, DELETE})
    if unknown:
        raise UsageError(
            f"signer: cannot spell {''.join(unknown)!r}; use the letters A to Z, digits, spaces, "
            f"{SPACE} for a space by gesture and {DELETE} for a deletion"
        )
    return text


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A part of a timeline, with one trajectory.

    label: of the sign that is made; "" between signs, at rest and out of view.
    """

    label: str
    start_s: float
    end_s: float
    trajectory: Trajectory


class Timeline:
    """All that one signer's hand does for a text."""

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = tuple(segments)
        self.end_s = segments[-1].end_s
        self._starts = [segment.start_s for segment in segments]

    def at(self, time_s: float) -> tuple[str, Posture]:
        """The label and the posture at a time from 0 to end_s."""
        segment = self.segments[max(bisect_right(self._starts, time_s) - 1, 0)]
        phase = (time_s - segment.start_s) / (segment.end_s - segment.start_s)
        return segment.label, segment.trajectory(min(phase, 1.0))


def plan(text: str, seed: int = 0, speed: float = 1.0, drop_mm: float = DROP_MM) -> Timeline:
    """Makes the timeline of `text`: A to Z, 0 to 9, SPACE, DELETE, and single inner spaces.

    seed: decides how the signer forms each sign, and varies the pace. speed: 2 is twice as fast.
    drop_mm: how far the hand is lowered between words.
    """
    return _Writer(seed, speed, drop_mm).write(text)


class _Writer:
    def __init__(self, seed: int, speed: float, drop_mm: float) -> None:
        self._random = np.random.Generator(np.random.PCG64([seed, 2]))
        self._shapes = {label: self._own(shape) for label, shape in HANDSHAPES.items()}
        self._speed = speed
        self._now_s = 0.0
        self._segments: list[Segment] = []
        self._below = Posture(RELAXED, np.array([-15.0, -drop_mm, 0.0]))

    def write(self, text: str) -> Timeline:
        self._add("", 0.25, hold(self._below))
        for number, word in enumerate(text.split(" ")):
            if number:
                self._keep_pace(PAUSE_S, hold(self._below))
            self._word(word)
        self._add("", 0.35, hold(self._below))
        return Timeline(self._segments)

    def _own(self, shape: Handshape) -> Handshape:
        """The signer's own version of a handshape: each angle differs by up to two degrees."""
        return replace(shape, angles_deg=shape.angles_deg + self._random.uniform(-2, 2, 21))

    def _add(self, label: str, seconds: float, trajectory: Trajectory) -> None:
        self._keep_pace(
            seconds * float(self._random.uniform(0.9, 1.1)) / self._speed, trajectory, label
        )

    def _keep_pace(self, seconds: float, trajectory: Trajectory, label: str = "") -> None:
        """Adds a segment whose time neither speed nor the signer's pace changes."""
        self._segments.append(Segment(label, self._now_s, self._now_s + seconds, trajectory))
        self._now_s += seconds

    def _word(self, word: str) -> None:
        here = self._below
        side_mm = 0.0
        for index, label in enumerate(word):
            if label in (SPACE, DELETE):
                here = self._gesture(label, here, RAISE_S if index == 0 else MOVE_S)
                continue
            again = index > 0 and word[index - 1] == label
            if again and label not in TRACE_S:
                slides = side_mm - SLIDE_MM >= -REACH_MM
                side_mm -= SLIDE_MM if slides else 0.0
                there = replace(here, offset_mm=np.array([side_mm, 0.0, 0.0]))
                if slides:
                    self._add("", SLIDE_S, move(here, there, arc_mm=6.0))
                else:
                    self._add("", 2 * MOVE_S, strokes(here, replace(here, shape=RELAXED), there))
            else:
                side_mm += float(np.clip(-side_mm, -RETURN_MM, RETURN_MM))
                there = Posture(self._shapes[label], self._place(label, side_mm))
                self._add("", RAISE_S if index == 0 else MOVE_S, move(here, there))
            here = there
            if label in TRACE_S:
                trajectory = trace(label, here)
                self._add("", 0.3 * HOLD_S, hold(here))
                self._add(label, TRACE_S[label], trajectory)
                here = trajectory(1.0)
            self._add(label if label not in TRACE_S else "", self._held_s(label), hold(here))
        self._add("", RAISE_S, move(here, self._below))

    def _gesture(self, label: str, here: Posture, way_s: float) -> Posture:
        """Opens the hand, then holds or sweeps it; returns its last posture."""
        sweeps = label == DELETE
        there = Posture(self._shapes["5"], np.array([SWIPE_MM / 2 if sweeps else 0.0, 0.0, 0.0]))
        self._add("", way_s, move(here, there))
        self._keep_pace(STOP_S if sweeps else OPEN_S, hold(there))
        if not sweeps:
            return there
        aside = replace(there, offset_mm=there.offset_mm - np.array([SWIPE_MM, 0.0, 0.0]))
        self._keep_pace(SWIPE_S, move(there, aside))
        return aside

    @staticmethod
    def _held_s(label: str) -> float:
        return 0.25 * HOLD_S if label in TRACE_S else HOLD_S

    @staticmethod
    def _place(label: str, side_mm: float) -> Array:
        """The place of a sign; Z begins higher and to the side, and is drawn in the middle."""
        return np.array([side_mm + 52.0, 42.0, 0.0] if label == "Z" else [side_mm, 0.0, 0.0])
