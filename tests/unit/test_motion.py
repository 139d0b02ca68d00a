"""J and Z: read once from their path, at any frame rate, size, slant and hand; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.assembly import open_stages
from edge.config import Alphabet, Config
from edge.errors import ModelError, UsageError
from edge.models.manifest import BUNDLED
from edge.recognise.rules.debounce import Debouncer
from edge.recognise.rules.motion import Motion
from edge.recognise.rules.trajectory import ANY, J_AND_Z, WINDOWS_MS, Features
from edge.signer.handshapes import HANDSHAPES
from edge.signer.motion import Posture, hold, move, trace
from edge.signer.motion import Trajectory as Way
from edge.signer.skeleton import rotation
from edge.sources import open_source
from edge.types import Frame, Hand, Prediction, Sign
from tests.support.examples import examples, full_case
from tests.support.filmed import BELOW, Looks, drawn, film, held
from tests.support.scripted import PICTURE, ScriptedReader, labels, prediction, rules
from tests.support.spelled import spell

RATES = st.floats(10, 60)
SIZES = st.floats(40, 600)  # pixels of the palm
SLANTS = st.floats(-0.35, 0.35)  # 20 degrees to either side
SEEDS = st.integers(0, 2**16)


@pytest.fixture(scope="module")
def motion() -> Motion:
    """One for all: each film begins with a time that goes back, and so anew."""
    return Motion()


def read(motion: Motion, seen: Iterable[tuple[int, Hand | None]]) -> list[str]:
    motion.update(0, None)
    motion.update(-1_000_000_000, None)
    found = (motion.update(t_ns, hand) for t_ns, hand in seen)
    return [prediction.label for prediction in found if prediction]


@given(
    label=st.sampled_from("JZ"), seconds=st.floats(0.6, 1.1), fps=RATES, size_px=SIZES,
    slant_rad=SLANTS, left=st.booleans(), seed=SEEDS,
)  # fmt: skip
@examples(40)
def test_a_drawn_letter_is_read_once(
    motion: Motion, label: str, seconds: float, fps: float, size_px: float, slant_rad: float,
    left: bool, seed: int,
) -> None:  # fmt: skip
    """J and Z are read once each, at any rate, size and slant, of either hand."""
    acts = drawn(label, seconds)
    seen = film(*acts, fps=fps, size_px=size_px, slant_rad=slant_rad, left=left, seed=seed)
    assert read(motion, seen) == [label]


@given(
    label=st.sampled_from("IDXLYG1"), fps=RATES, size_px=SIZES, slant_rad=SLANTS,
    left=st.booleans(), seed=SEEDS,
)  # fmt: skip
@examples(40)
def test_a_letter_moved_to_its_place_and_held_is_not_drawn(
    motion: Motion, label: str, fps: float, size_px: float, slant_rad: float, left: bool, seed: int
) -> None:
    """An I or a D that is raised, held, put elsewhere, held and lowered is neither J nor Z."""
    there = Posture(HANDSHAPES[label], np.zeros(3))
    aside = replace(there, offset_mm=np.random.default_rng(seed).normal(0, [60, 40, 10]))
    acts = [
        (0.5, move(BELOW, there)), (0.8, hold(there)), (0.3, move(there, aside)),
        (0.8, hold(aside)), (0.5, move(aside, BELOW)),
    ]  # fmt: skip
    seen = film(*acts, fps=fps, size_px=size_px, slant_rad=slant_rad, left=left, seed=seed)
    assert read(motion, seen) == []


def test_it_is_told_as_the_path_ends(motion: Motion) -> None:
    """A letter comes neither while it is being drawn nor long after."""
    for label, seconds in (("J", 0.7), ("Z", 0.85)):
        seen = film(*drawn(label, seconds))
        motion.update(-1_000_000_000, None)
        at_s = [t_ns / 1e9 for t_ns, hand in seen if motion.update(t_ns, hand)]
        assert len(at_s) == 1
        assert 0.65 + 0.75 * seconds <= at_s[0] <= 0.65 + seconds + 0.35


def test_two_in_a_row_are_two(motion: Motion) -> None:
    """The second Z of JAZZ is read as well."""
    start, way = held("Z"), trace("Z", held("Z"))
    again = [(0.25, move(way(1.0), start)), (0.12, hold(start)), (0.85, way), (0.3, hold(way(1.0)))]
    assert read(motion, film(*drawn("Z", 0.85)[:3], (0.1, hold(way(1.0))), *again)) == ["Z", "Z"]


def test_a_path_ends_where_the_hand_is_lost(motion: Motion) -> None:
    """Two halves of a Z with no hand between them are no Z; a missed frame does no harm."""
    seen = film(*drawn("Z", 0.85))
    some = [(t, None if 0.9e9 < t < 1.25e9 else hand) for t, hand in seen]
    assert read(motion, some) == []
    missed = [(t, None if i % 7 == 0 else hand) for i, (t, hand) in enumerate(seen)]
    assert read(motion, missed) == ["Z"]


def test_another_recording_begins_anew(motion: Motion) -> None:
    """Half a J, and then half a J of another recording, are none; a whole one is."""
    seen = film(*drawn("J", 0.7))
    half = [(t, hand) for t, hand in seen if t < 1.0e9]
    rest = [(t - int(0.9e9), hand) for t, hand in seen if t >= 1.0e9]
    assert read(motion, [*half, *rest]) == []
    assert read(motion, [*seen, *seen]) == ["J", "J"]


def test_landmarks_that_are_no_numbers_are_no_hand(motion: Motion) -> None:
    """NaN does not spoil what comes after it."""
    seen = film(*drawn("J", 0.7))
    _, hand = seen[0]
    broken = replace(hand, landmarks=np.full((21, 3), np.nan, np.float32))
    mixed = [look for t, hand in seen for look in ((t, hand), (t + 1000, broken))]
    assert read(motion, mixed) == ["J"]


@given(size=st.floats(0.1, 10), x=st.floats(-500, 500), y=st.floats(-500, 500), seed=SEEDS)
@examples(20)
@pytest.mark.parametrize("features", [J_AND_Z, ANY])
def test_features_know_no_place_size_or_hand(
    features: Features, size: float, x: float, y: float, seed: int
) -> None:
    """Moved, enlarged or mirrored, a path has the same features."""
    t_ms, xyz = _path(seed)
    ends_ms = t_ms[[20, 40]]

    def seen(landmarks: npt.NDArray[np.float32], left: bool = False) -> npt.NDArray[np.float32]:
        return features.windows(t_ms, features.samples(landmarks), left, ends_ms)

    mine = seen(xyz)
    assert mine.shape == (2, len(WINDOWS_MS), features.size)
    moved = (xyz * size + [x, y, 0]).astype(np.float32)
    np.testing.assert_allclose(seen(moved), mine, atol=2e-3)
    mirrored = xyz * np.array([-1, 1, 1], np.float32)
    np.testing.assert_allclose(seen(mirrored, left=True), mine, atol=1e-4)
    later = features.windows(t_ms + 1e7, features.samples(xyz), False, ends_ms + 1e7)
    np.testing.assert_allclose(later, mine, atol=1e-3)


def test_features_do_not_depend_on_the_frame_rate() -> None:
    """Half or twice the frames of one path hardly change its features."""
    fast = film(*drawn("Z", 0.85), fps=60)
    full = [J_AND_Z.windows(*_arrays(fast[::n]), False, np.array([1500.0])) for n in (1, 2, 4)]
    assert full[0].shape[1] == len(WINDOWS_MS)
    assert np.abs(full[1] - full[0]).max() < 0.25
    assert np.abs(full[2] - full[0]).mean() < 0.05


def _arrays(seen: Looks) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    t_ms = np.array([t_ns / 1e6 for t_ns, _ in seen])
    return t_ms, J_AND_Z.samples(np.stack([hand.landmarks for _, hand in seen]))


def _path(seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    seen = film(*drawn("J", 0.7), seed=seed)
    t_ms = np.cumsum(random.uniform(15, 50, len(seen)))
    return t_ms, np.stack([hand.landmarks for _, hand in seen])


def turned_by(posture: Posture, axis: int, angle_rad: float) -> Posture:
    palm = rotation(axis, angle_rad) @ posture.shape.palm
    return replace(posture, shape=replace(posture.shape, palm=palm))


FIST, FLAT = held("S"), held("B")
MOVES: dict[str, Way] = {
    "a flat hand goes aside": move(FLAT, replace(FLAT, offset_mm=np.array([60.0, 0, 0]))),
    "a fist goes down": move(FIST, replace(FIST, offset_mm=np.array([0, -50.0, 0]))),
    "a fist nods": move(turned_by(FIST, 0, -0.2), turned_by(FIST, 0, 0.7)),
    "a fist turns": move(turned_by(FIST, 1, -0.6), turned_by(FIST, 1, 0.6)),
    "a flat hand turns": move(turned_by(FLAT, 1, -0.6), turned_by(FLAT, 1, 0.6)),
    "a fist opens": move(FIST, held("5")),
}


def asks(features: Features, seen: Looks) -> list[bool]:
    """Whether the gate lets each frame from the third on pass."""
    t_ms = np.array([t_ns / 1e6 for t_ns, _ in seen])
    path = features.samples(np.stack([hand.landmarks for _, hand in seen]))
    return [features.gate(t_ms[:k], path[:k]) for k in range(3, len(seen) + 1)]


@given(fps=RATES, size_px=SIZES, slant_rad=SLANTS, left=st.booleans(), seed=SEEDS)
@examples(10)
@pytest.mark.parametrize("name", MOVES)
def test_the_gate_opens_to_any_gesture(
    name: str, fps: float, size_px: float, slant_rad: float, left: bool, seed: int
) -> None:
    """At its end the model is asked, whatever the hand's shape; before it began, and long after,
    it is not: that hand keeps still."""
    way = MOVES[name]
    acts = [(0.9, hold(way(0.0))), (0.5, way), (1.0, hold(way(1.0)))]
    seen = film(*acts, fps=fps, size_px=size_px, slant_rad=slant_rad, left=left, seed=seed)
    opened = asks(ANY, seen)
    at_s = [t_ns / 1e9 for t_ns, _ in seen[2:]]
    assert all(open_ for open_, t_s in zip(opened, at_s, strict=True) if 1.4 <= t_s < 1.5)
    assert not any(open_ for open_, t_s in zip(opened, at_s, strict=True) if t_s <= 0.9)
    assert not opened[-1]


def test_a_model_for_other_features_is_refused(tmp_path: Path) -> None:
    """An older model beside newer code is one clear line."""
    facts = json.loads((BUNDLED / "motion.json").read_text())
    (tmp_path / "motion.json").write_text(json.dumps({**facts, "features": 99}))
    (tmp_path / "motion.tflite").write_bytes((BUNDLED / "motion.tflite").read_bytes())
    with pytest.raises(ModelError, match="features 99"):
        Motion(tmp_path / "motion.json")


@pytest.mark.parametrize("alphabet", ["letters", "both"])
def test_alphabets_with_j_and_z_read_what_is_drawn(alphabet: Alphabet) -> None:
    """A J has no score of its own in a single frame, and is read by its motion."""
    config = Config(detector="truth", alphabet=alphabet)
    assert spell("signer:JAZZ?seed=3&size=160x120", config) == "JAZZ"


def test_where_digits_alone_are_read_nothing_is_drawn() -> None:
    """A finger that draws a Z is the digit that it looks like, if any."""
    config = Config(detector="truth", alphabet="digits")
    assert "Z" not in spell("signer:1Z1?seed=3&size=160x120", config)


def test_a_motion_model_runs_alone() -> None:
    """Named by --model, it reads what is drawn and no still, by its name or its path; no open hand
    is a space; and it knows no alphabet."""
    for model in ("motion", str(BUNDLED / "motion.tflite")):
        config = Config(detector="truth", model=model)
        assert spell("signer:JAZZ_<?seed=3&size=160x120", config) == "JZZ"
    source = open_source("signer:A?size=160x120")
    with pytest.raises(UsageError, match="leave --alphabet out"):
        open_stages(Config(detector="truth", model="motion", alphabet="letters"), source)


def test_a_gesture_of_the_user_s_own_takes_nothing_back() -> None:
    """Letters told before a gesture stay, whatever it is called."""
    seen = film((0.6, hold(held("J"))), (0.7, trace("J", held("J"))), (0.5, hold(held("A"))))
    assert settled(iter("I" * 37 + "-" * len(seen)), seen, 37, "hello") == ["I", "hello"]


def test_where_no_still_is_read_an_i_is_a_gesture_too() -> None:
    """Of a user's own I and J the J takes nothing back."""
    seen = film((2.5, hold(held("J"))))
    debouncer = Debouncer(stills=False)
    told: list[Sign] = []
    for i, (t_ns, hand) in enumerate(seen):
        label = {20: "I", 50: "J"}.get(i)
        motion = Prediction(label, 0.9, {label: 0.9}) if label else None
        told += debouncer.update(t_ns, hand, None, motion)
    assert [(sign.kind, sign.label) for sign in told] == [("drawn", "I"), ("drawn", "J")]


def settled(stills: Iterator[str], seen: Looks, drawn_at: int, letter: str) -> list[str]:
    """What a debouncer makes of stills named so, and of a letter drawn at the frame given."""
    debouncer = Debouncer()
    told: list[Sign] = []
    for i, ((t_ns, hand), label) in enumerate(zip(seen, stills, strict=False)):
        still = Prediction(label, 0.9, {label: 0.9} if label != "-" else {})
        motion = Prediction(letter, 0.9, {letter: 0.9}) if i == drawn_at else None
        told += debouncer.update(t_ns, hand, still, motion)
    return labels(told)


def test_the_pose_that_a_letter_begins_with_is_taken_back() -> None:
    """I held, then J drawn: the I is retracted; another letter before it stays."""
    seen = film((0.6, hold(held("J"))), (0.7, trace("J", held("J"))), (0.5, hold(held("A"))))
    end = int(1.25 * 30)
    after = "-" * len(seen)  # the hand that changes its shape then is no letter yet
    assert settled(iter("I" * end + after), seen, end, "J") == ["I", "retract", "J"]
    assert settled(iter("B" * end + after), seen, end, "J") == ["B", "J"]


def test_a_still_is_neither_j_nor_z() -> None:
    """However sure the letter model is of a J in a still, only its path counts."""
    seen = film((2.0, hold(held("J"))))
    for label in "JZ":
        assert settled(iter(label * len(seen)), seen, -1, "J") == []


def test_the_pose_at_the_end_is_no_letter() -> None:
    """The I that is still there when the J is done does not follow it."""
    way = trace("J", held("J"))
    seen = film((0.05, hold(held("J"))), (0.7, way), (1.0, hold(way(1.0))))
    stills = iter("-" * 20 + "I" * len(seen))
    assert settled(stills, seen, 23, "J") == ["J"]


def test_a_letter_that_is_drawn_comes_in_the_place_of_its_pose() -> None:
    """The rules as a whole: an I is told, its hand draws, and the J comes in its place."""
    seen = film((0.6, hold(held("J"))), *drawn("J", 0.7)[2:])
    reader = ScriptedReader("IJ")
    recogniser = rules(reader)
    reader.next = prediction({"I": 0.9})
    told: list[Sign] = []
    for index, (t_ns, hand) in enumerate(seen):
        told += recogniser.update(Frame(PICTURE, index, t_ns), (hand,))
    assert labels(told)[:3] == ["I", "retract", "J"]
    assert [sign.kind for sign in told[:3]] == ["letter", "retract", "drawn"]


@pytest.mark.slow
@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize(
    "word",
    [
        full_case("JAZZ?seed=1"),
        full_case("JIZ?seed=2"),
        "JAZZ?seed=0&hand=left",
        "JOZI?seed=3&speed=1.4&fps=20",
        "JOZI?seed=6&fps=15",
    ],
)
def test_the_signer_s_j_and_z_are_read_live(word: str) -> None:
    """Drawn pictures, hands found, letters read, by either hand, fast or at few frames a second:
    the text is right, with no I or D before what is drawn."""
    assert spell(f"signer:{word}", Config()) == word.partition("?")[0]
