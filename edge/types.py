"""The values that flow through fingerspell; edge/stages.py has what they flow through.

    Source -> Frame -> Hand -> Sign -> Event -> Result -> Sink

Values are frozen: no stage changes what another one holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]  # (H, W, 3), red first
Landmarks = npt.NDArray[np.float32]  # (21, 3): x, y in pixels of the frame, z relative to the wrist

Handedness = Literal["left", "right"]
SignKind = Literal["letter", "drawn", "space", "delete", "retract"]
EventKind = Literal["hand", "letter", "space", "delete", "word"]
Edit = Literal["space", "delete"]  # of the text, by a button instead of a hand
Request = Literal["quit", "clear", "delete", "space"]

NONE = "none"  # the label of a hand that makes no sign: in models, takes and data sets


class Box(NamedTuple):
    """An upright box in pixels of the frame; x1 and y1 are exclusive and may lie outside it."""

    x0: float
    y0: float
    x1: float
    y1: float


class Region(NamedTuple):
    """A rotated square of the frame, in pixels, in which the landmarks of one hand are fitted.

    `rotation_rad` turns the square clockwise on screen (y points down); at 0 its top is the
    frame's top, and a hand whose fingers point up needs no rotation.
    """

    cx: float
    cy: float
    size: float
    rotation_rad: float


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One hand in one frame.

    landmarks: (21, 3) float32, MediaPipe's joint order; x, y in pixels of the frame, z on the
        same scale and relative to the wrist, smaller towards the camera.
    box_px: the upright box around the landmarks.
    handedness: the person's own hand, for a picture that is not mirrored.
    presence: 0..1, the landmark model's belief that its crop holds a hand.
    pooled: (P,) float32, the landmark model's last features, their mean over its crop: they hold
        what its landmarks leave out of the pixels. None from a detector without such features.
    """

    landmarks: Landmarks
    box_px: Box
    handedness: Handedness
    presence: float
    pooled: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What a synthetic frame shows, exactly.

    label: the letter or digit being held, or "" in a transition or a rest.
    hand: the true joints (presence 1), or None when no hand is in view.
    """

    label: str
    hand: Hand | None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture.

    rgb: (H, W, 3) uint8, red first, not mirrored.
    index: counts from 0 at the source, dropped frames included.
    t_ns: the source's own time stamp where it has one; only differences have a meaning.
    truth: what the picture shows, where the source made the picture itself.
    cost_ms: the time to get it, without the wait for it: "capture" (reading and decoding),
        "convert" (colours), "share" (from the process that a camera lives in to this one). {} from
        a source that does not measure it. It is no part of a result's timings_ms: a live source
        spends it elsewhere, while the loop works on another frame.
    """

    rgb: Rgb
    index: int
    t_ns: int
    truth: Truth | None = None
    cost_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model reads on one frame, settled or not.

    label: the most probable label ("A".."Z", "0".."9", or a gesture's name).
    score: 0..1, the probability of that label; low for every label when the hand makes no sign.
    scores: of each label that can be read from this one frame. They sum to 1 less the probability
        of "no sign". A letter that is drawn in the air has none where its motion is read instead.
    """

    label: str
    score: float
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sign:
    """What a recogniser has settled. It is returned once, and holds unless a "retract" follows.

    kind: "letter" (a handshape that was held), "drawn" (a letter or gesture made by moving),
        "space" and "delete" (the signer's own, by a gesture or a pause), "retract" (the letter
        settled last was a misreading: the recogniser takes it back).
    label: of a "letter" or "drawn", one character or a whole word; None of the others.
    score: 0..1, how probable the label is; None where no model gave one.
    t_ns: the time stamp of the frame that settled it.
    alternative: the other label that this handshape may mean ("0" of an "O"); None if there is no
        such label in the alphabet.
    """

    kind: SignKind
    label: str | None
    score: float | None
    t_ns: int
    alternative: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the hand or to the text.

    kind and label: "hand" ("found" or "lost"), "letter" (the letter, or a whole word that was one
        gesture), "space" (" "), "delete" (""), "word" (the word that was completed).
    score: 0..1; None where a score has no meaning.
    t_ns: the time stamp of the frame that settled it.
    text: the text after this event.
    alternative: what else a letter's handshape may mean ("0" of an "O"); None for nothing.
    """

    kind: EventKind
    label: str
    score: float | None
    t_ns: int
    text: str
    alternative: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What a run that reads nothing shows in place of a letter.

    large: a word or number to be shown large. progress: 0..1, how much of it is over.
    """

    large: str
    progress: float


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Everything known after one frame.

    hands: the hands in view, the one that is read first; () when there is none.
    prediction: of the first hand; None when there is none, or nothing is read of it.
    events: what this frame settled, in order; () most of the time.
    text: all that was spelled so far.
    timings_ms: time spent on this frame by stage: "wait" (for the frame), "find" (searching the
        whole frame for hands; only where that was done), "follow" (fitting landmarks), "recognise",
        "spell", and "invoke", the part of these that was spent inside the models' interpreter.
    dropped: frames dropped since the start.
    status: what is shown in place of a prediction; None while letters are read.
    """

    frame: Frame
    hands: tuple[Hand, ...]
    prediction: Prediction | None
    events: tuple[Event, ...]
    text: str
    timings_ms: Mapping[str, float]
    dropped: int = 0
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Vitals:
    """The state of a run, measured once a second, and twice a second while no frame comes.

    frames, dropped, reopened: since the start: frames read, frames lost or left out, and how often
        a source that had failed was opened again.
    fps: frames read in a second, over the last few seconds.
    busy_ms: the time that a frame takes, median of the last few seconds; waiting is not counted.
    waited_s: how long ago the last frame came, or the start if none ever did.
    trouble: what is wrong with the source, in a line; "" while frames flow.
    sink_trouble: which sinks do not work, and why, in a line; "" while all work. events_lost: how
        many events did not reach a sink, each counted once for every sink.
    shed: what is left out, and why, in a line; "" for nothing.
    memory_mb: resident, of this process and its children.
    temperature_c: of the hottest sensor; None without sensors.
    throttled: what the board's firmware holds back, in words (edge/running/machine.py).
    watchdog_age_s: how long ago the loop reset the service manager's watchdog; None without one.
    """

    frames: int = 0
    dropped: int = 0
    reopened: int = 0
    fps: float = 0.0
    busy_ms: float = 0.0
    waited_s: float = 0.0
    trouble: str = ""
    sink_trouble: str = ""
    events_lost: int = 0
    shed: str = ""
    memory_mb: float = 0.0
    temperature_c: float | None = None
    throttled: tuple[str, ...] = ()
    watchdog_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended.

    text: all that was spelled, without a space at its end. frames, dropped: how many were read, and
    how many were not. events: what the end itself settled, such as the word that was begun; they
    belong to no frame.
    """

    text: str
    frames: int
    dropped: int
    events: tuple[Event, ...] = ()
