"""An open hand that is held is a space, and one that sweeps aside a deletion; nothing else is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Config
from edge.errors import UsageError
from edge.hands.geometry import box_of, hand_size_px
from edge.recognise.rules.gestures import Edit, Gestures, is_open
from edge.recognise.rules.tunables import GestureConfig
from edge.signer.handshapes import DIGITS, HANDSHAPES, LETTERS
from edge.signer.motion import RELAXED
from edge.signer.signer import Signer
from edge.types import Hand, Handedness
from tests.support.examples import examples, full_case
from tests.support.sample_results import hand as drawn
from tests.support.spelled import spell

PALM_PX = 100.0
# What a hand does: (shape, None for no hand; for how long in ms; how far it goes meanwhile, in
# palm lengths to the right and down). "." is a relaxed hand.
Act = tuple[str | None, float, float, float]
FPS = [10.0, 15.0, 25.0, 30.0, 60.0]


def shaped(label: str) -> Hand:
    """A right hand of the synthetic signer, its palm PALM_PX long."""
    signer = Signer("A")
    body = signer.body(replace(signer.timeline.at(0)[1], shape=_shape(label)), 0.0)
    joints = body.joints * (1, -1, -1)  # y down, and z smaller towards the camera
    joints = joints * PALM_PX / np.linalg.norm(joints[9] - joints[0]) + (300, 300, 0)
    landmarks = joints.astype(np.float32)
    return Hand(landmarks, box_of(landmarks), "right", 1.0)


def _shape(label: str) -> Any:
    return RELAXED if label == "." else HANDSHAPES[label]


HANDS = {label: shaped(label) for label in [*LETTERS, *DIGITS, "."]}


def moved(hand: Hand, dx: float, dy: float) -> Hand:
    """The same hand, so many of its palm lengths to the right and down."""
    way = np.array([dx, dy, 0], np.float32) * hand_size_px(hand.landmarks)
    return replace(hand, landmarks=hand.landmarks + way)


def turned(hand: Hand, degrees: float) -> Hand:
    """The same hand, turned clockwise in the picture."""
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float32)
    return replace(hand, landmarks=hand.landmarks @ matrix.T)


def mirrored(hand: Hand) -> Hand:
    """The other hand, doing the same."""
    sides: dict[Handedness, Handedness] = {"left": "right", "right": "left"}
    landmarks = hand.landmarks * np.array([-1, 1, 1], np.float32)
    return replace(hand, landmarks=landmarks, handedness=sides[hand.handedness])


def film(
    acts: Sequence[Act], fps: float = 30.0, seed: int = 0
) -> Iterator[tuple[int, Hand | None]]:
    """Frames of acts, a little noise on every joint; ways begin and end gently."""
    random = np.random.default_rng(seed)
    place, start_ms, t_ms = np.zeros(2), 0.0, 0.0
    for label, ms, dx, dy in acts:
        while t_ms < start_ms + ms:
            phase = (t_ms - start_ms) / ms
            x, y = place + phase**2 * (3 - 2 * phase) * np.array([dx, dy])
            hand = moved(HANDS[label], x, y) if label else None
            if hand:
                noise = random.normal(0, 0.005 * PALM_PX, (21, 3)).astype(np.float32)
                hand = replace(hand, landmarks=hand.landmarks + noise)
            yield round(t_ms * 1e6), hand
            t_ms += 1000 / fps
        place = place + np.array([dx, dy])
        start_ms += ms


def made(acts: Sequence[Act], fps: float = 30.0, **options: Any) -> list[str]:
    """The kinds of gestures that come of it."""
    return kinds_of(Gestures(**options), film(acts, fps))


def kinds_of(gestures: Gestures, frames: Iterable[tuple[int, Hand | None]]) -> list[str]:
    """The kind of each gesture that these frames complete."""
    return [edit.kind for seen in frames if (edit := gestures.update(*seen))]


HOLD: list[Act] = [("A", 300, 0, 0), ("5", 1000, 0, 0), ("A", 300, 0, 0)]
SWIPE: list[Act] = [
    ("A", 300, 0, 0), ("5", 400, 0, 0), ("5", 350, 1.8, 0.2), ("5", 200, 0, 0), ("A", 300, -1.8, 0),
]  # fmt: skip


@pytest.mark.parametrize("label", [*LETTERS, *DIGITS, "."])
def test_only_the_five_is_an_open_hand(label: str) -> None:
    """No letter, no other digit and no resting hand looks open."""
    assert is_open(HANDS[label].landmarks) == (label == "5")


@given(
    degrees=st.floats(-35, 35), size=st.floats(0.2, 5), left=st.booleans(),
    x=st.floats(-2000, 2000), y=st.floats(-2000, 2000),
)  # fmt: skip
def test_an_open_hand_is_one_at_any_size_and_place_and_slant(
    degrees: float, size: float, left: bool, x: float, y: float
) -> None:
    """Left or right, near or far, leaning by up to 35 degrees; a letter stays a letter."""
    for label in "5BFC4":
        hand = turned(HANDS[label], degrees)
        hand = mirrored(hand) if left else hand
        landmarks = hand.landmarks * np.float32(size) + np.array([x, y, 0], np.float32)
        assert is_open(landmarks) == (label == "5")


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_a_hand_that_hangs_or_lies_is_not_open(degrees: float) -> None:
    """Fingers that do not point up are no gesture, however they are spread."""
    assert not is_open(turned(HANDS["5"], degrees).landmarks)


def test_a_hand_without_size_is_not_open() -> None:
    """All joints in one point, or nowhere, are no open hand, and no crash."""
    assert not is_open(np.zeros((21, 3), np.float32))
    assert not is_open(np.full((21, 3), np.nan, np.float32))


def test_an_open_hand_of_the_screens_sample_is_open() -> None:
    """A hand drawn flat, without depth, is open too."""
    assert is_open(drawn(10, 20, 200).landmarks)


@pytest.mark.parametrize("fps", FPS)
def test_a_hold_is_one_space(fps: float) -> None:
    """At any frame rate, and however long the hand stays."""
    assert made(HOLD, fps) == ["space"]
    assert made([("5", 8000, 0, 0)], fps) == ["space"]


@pytest.mark.parametrize("fps", FPS)
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("left", [True, False])
def test_a_swipe_is_one_deletion(fps: float, side: int, left: bool) -> None:
    """To either side, with either hand."""
    acts = [(label, ms, side * dx, dy) for label, ms, dx, dy in SWIPE]
    frames = ((t_ns, mirrored(hand) if left and hand else hand) for t_ns, hand in film(acts, fps))
    assert kinds_of(Gestures(), frames) == ["delete"]


@given(
    fps=st.sampled_from(FPS), stop_ms=st.floats(350, 600), way_ms=st.floats(200, 380),
    way=st.floats(1.6, 3.0), down=st.floats(-0.4, 0.4), seed=st.integers(0, 1000),
)  # fmt: skip
def test_a_swipe_may_be_long_or_short_and_a_little_aslant(
    fps: float, stop_ms: float, way_ms: float, way: float, down: float, seed: int
) -> None:
    """A stop too short for a space, then a quick way to the side."""
    acts: list[Act] = [("5", stop_ms, 0, 0), ("5", way_ms, way, down), ("5", 200, 0, 0)]
    assert kinds_of(Gestures(), film(acts, fps, seed)) == ["delete"]


@pytest.mark.parametrize("fps", FPS)
def test_gestures_can_be_repeated(fps: float) -> None:
    """Two swipes are two deletions, the way back is none; two holds need the hand to close."""
    back: list[Act] = [("5", 300, -1.8, 0)]
    assert made([*SWIPE[:4], *back, *SWIPE[1:4]], fps) == ["delete", "delete"]
    assert made([*HOLD, *HOLD], fps) == ["space", "space"]
    assert made([*HOLD[:2], (None, 400, 0, 0), *HOLD[1:]], fps) == ["space", "space"]


@pytest.mark.parametrize("fps", FPS)
@pytest.mark.parametrize(
    "acts",
    [
        [("5", 450, 0, 0)],  # a short stop
        [("5", 2000, 4, 0)],  # too slow for a swipe, too fast for a hold
        [("5", 400, 0, 0), ("5", 350, 0, 2)],  # down
        [("5", 400, 0, 0), ("5", 350, 1.5, 1.5)],  # aslant
        [("5", 400, 0, 0), ("5", 200, 0.6, 0), ("A", 200, 0, 0)],  # as a repeated letter slides
        [("5", 250, 1.5, 0), ("5", 250, -1.5, 0)] * 6,  # waving
        [("B", 1500, 0, 0), ("B", 300, 2, 0)],
        [("4", 1500, 0, 0), ("4", 300, 2, 0)],
        [(".", 1500, 0, 0), (".", 300, 2, 0)],
        [("5", 400, 0, 0), (None, 300, 2, 0), ("5", 300, 0, 0)],  # out of view meanwhile
    ],
)
def test_what_is_no_gesture(acts: list[Act], fps: float) -> None:
    """Short stops, slow or crooked ways, other shapes and waving make no event."""
    assert made(acts, fps) == []


def test_after_a_swipe_the_hand_may_stay_where_it_is() -> None:
    """A hand that lingers after its swipe makes no space."""
    assert made([*SWIPE[:4], ("5", 3000, 0, 0)]) == ["delete"]


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_a_frame_that_is_missed_breaks_nothing(fps: float) -> None:
    """One frame without a hand, or with a hand misread, in the midst of either gesture."""
    for acts, expected in ((HOLD, "space"), (SWIPE, "delete")):
        seen = list(film(acts, fps))
        for missed in range(len(seen)):
            for instead in (None, HANDS["E"]):
                frames = [*seen]
                frames[missed] = seen[missed][0], instead
                assert kinds_of(Gestures(), frames) == [expected], f"frame {missed}"


def test_another_hand_is_no_swipe() -> None:
    """Where one hand is lost and the other one is found, nothing has moved."""
    gestures = Gestures()
    frames = list(film([("5", 400, 0, 0), ("5", 400, 0, 0)]))
    for i, (t_ns, hand) in enumerate(frames):
        assert hand is not None
        other = moved(mirrored(hand), 3, 0)
        assert gestures.update(t_ns, hand if i < len(frames) // 2 else other) is None


def test_a_camera_that_stalls_and_time_that_turns_back_make_nothing() -> None:
    """Ten seconds between two frames are no hold, nor is a recording that begins again."""
    gestures = Gestures()
    for t_ms in (0, 33, 10_000, 10_033, 20_000, 100, 133, 166, 166):
        assert gestures.update(t_ms * 10**6, HANDS["5"]) is None


def test_where_an_open_hand_is_the_digit_five_only_the_swipe_is_left() -> None:
    """Held, it is a 5; swept aside, it takes a sign back."""
    assert made(HOLD, space=False) == []
    assert made(SWIPE, space=False) == ["delete"]


def swept(acts: Sequence[Act], fps: float = 30.0) -> Edit:
    """The deletion that these acts end with, where an open hand is a 5."""
    gestures = Gestures(space=False)
    (edit,) = [edit for seen in film(acts, fps) if (edit := gestures.update(*seen))]
    assert edit.kind == "delete"
    return edit


@pytest.mark.parametrize("fps", FPS)
def test_a_swipe_says_from_when_until_when_it_stopped(fps: float) -> None:
    """From the frame on which the open hand came until it left: what was read then is none."""
    edit = swept([("1", 500, 0, 0), ("5", 400, 0, 0), ("5", 350, 1.8, 0)], fps)
    assert edit.stop_ns is not None
    frame_ms = 1000 / fps
    first_ms, end_ms = (t_ns / 1e6 for t_ns in edit.stop_ns)
    assert 500 <= first_ms < 500 + frame_ms + 1
    assert 900 < end_ms <= 1250


def test_a_five_that_was_held_long_was_meant() -> None:
    """After a stop of hold_ms the swipe takes back what it takes, and says of no stop."""
    assert swept([("1", 500, 0, 0), ("5", 1500, 0, 0), ("5", 350, 1.8, 0)]).stop_ns is None


def test_a_stop_begins_where_the_open_hand_came_to_rest() -> None:
    """The places that it drifted through, without a stop at any, are a part of its stop."""
    edit = swept([("1", 500, 0, 0), ("5", 450, 1.2, 0), ("5", 300, 0, 0), ("5", 350, 1.8, 0)])
    assert edit.stop_ns is not None
    assert edit.stop_ns[0] / 1e6 == pytest.approx(500, abs=40)


def test_a_space_has_no_stop() -> None:
    """Nothing is read of a hand that is open where that is a gesture: nothing is taken back."""
    gestures = Gestures()
    assert [edit for seen in film(HOLD) if (edit := gestures.update(*seen))] == [Edit("space")]


def test_gestures_can_be_turned_off() -> None:
    """With gestures.on = false nothing is a gesture, and every hand is read."""
    gestures = Gestures(GestureConfig(on=False))
    for seen in film([*HOLD, *SWIPE]):
        assert gestures.update(*seen) is None
        assert not gestures.busy


def test_an_open_hand_is_not_read() -> None:
    """`busy` says when the hand is no sign: while it is open, or after it has swept as a 5."""
    for space in (True, False):
        gestures = Gestures(space=space)
        over = False
        for t_ns, hand in film(SWIPE):
            over = bool(gestures.update(t_ns, hand)) or over
            opened = hand is not None and is_open(hand.landmarks)
            assert gestures.busy == (opened and (space or over))
        assert over


@pytest.mark.parametrize("name", ["hold_ms", "still", "stop_ms", "swipe", "swipe_ms", "gap_ms"])
@pytest.mark.parametrize("value", [0.0, -5.0, float("nan"), float("inf")])
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: float) -> None:
    """The message names the setting."""
    setting: dict[str, Any] = {name: value}
    with pytest.raises(UsageError, match=f"gestures.{name}"):
        GestureConfig(**setting)


def signed(text: str, fps: float, **options: Any) -> list[str]:
    """The gestures in what the synthetic signer does, by its true joints."""
    signer = Signer(text, **options)
    return kinds_of(Gestures(), followed(signer, fps, options.get("handedness", "right")))


def followed(
    signer: Signer, fps: float, handedness: Handedness
) -> Iterator[tuple[int, Hand | None]]:
    """The time of each frame, and the signer's hand in it."""
    for index in range(int(signer.end_s * fps)):
        _, posture = signer.timeline.at(index / fps)
        landmarks, _ = signer.scene.project(signer.body(posture, index / fps).joints)
        landmarks[:, 2] = landmarks[0, 2] - landmarks[:, 2]
        joints = landmarks.astype(np.float32)
        yield round(index * 1e9 / fps), Hand(joints, box_of(joints), handedness, 1.0)


@given(
    seed=st.integers(0, 1000), fps=st.sampled_from(FPS), speed=st.floats(0.6, 3),
    handedness=st.sampled_from(["left", "right"]),
)  # fmt: skip
@examples(20)
def test_the_synthetic_signer_makes_both_gestures(
    seed: int, fps: float, speed: float, handedness: str
) -> None:
    """Any signer's "_" is a space and "<" a deletion; the letters and rests between are neither."""
    assert signed("A_B<<C", fps, seed=seed, speed=speed, handedness=handedness) == [
        "space", "delete", "delete",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_spelling_is_no_gesture(seed: int) -> None:
    """In every letter, and on the way from each to the next, no gesture is seen."""
    assert signed("THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG BFBFFBWW", 30.0, seed=seed) == []


def test_recorded_letters_are_no_open_hands(shared_data: Path) -> None:
    """Of the landmarks of 46 collections, one letter in 300 looks open, and nine 5s in ten do."""
    with np.load(shared_data / "landmarks" / "static.npz") as file:
        xyz = file["xyz"].astype(np.float32) * np.array([4 / 3, 1, 4 / 3], np.float32)
        label = file["label"]
    found = np.array([is_open(hand) for hand in xyz])
    assert found[np.char.isalpha(label)].mean() < 1 / 300
    assert found[label == "5"].mean() > 0.9


@pytest.mark.slow
@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize(
    ("text", "alphabet", "expected"),
    [
        full_case("HELLP<O_WORLD?seed=1", "letters", "HELLO WORLD"),
        ("HI_U<YA?seed=4&hand=left&fps=15", "letters", "HI YA"),
        full_case("ROOM 20<4?seed=2", "both", "ROOM 24"),
        ("3557<<1?seed=3", "digits", "351"),
    ],
)
def test_text_is_edited_from_end_to_end(text: str, alphabet: Any, expected: str) -> None:
    """The signer's gestures, seen through the hand models, edit the text; nothing else is read."""
    assert spell(f"signer:{text}", Config(alphabet=alphabet)) == expected
