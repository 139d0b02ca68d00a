"""The recogniser of kind sequence: its input on a grid, its decoder, and what it makes of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config import Config
from edge.errors import ModelError, UsageError
from edge.hands.geometry import box_of, hand_size_px
from edge.recognise import Recogniser, open_recogniser
from edge.recognise.sequences.decoder import Decoder
from edge.recognise.sequences.features import (
    GRID_HZ,
    MOMENT,
    MOTION,
    PAIR,
    SAMPLE,
    SCORED,
    SPEED_UNIT,
    STEP,
    moments,
    on_grid,
    samples_of,
    scaled,
    unscaled,
)
from edge.recognise.sequences.steps import Steps
from edge.signer.handshapes import HANDSHAPES
from edge.signer.motion import hold, move
from edge.signer.skeleton import pose
from edge.types import Frame, Hand, Sign
from tests.support.filmed import Looks, film, held
from tests.support.tiny_sequence import save_sequence

LABELS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
NO_LETTER = len(LABELS)
FRAME_NS = 33_333_333


def hand(letter: str = "B", x: float = 0.0, *, mirrored: bool = False) -> Hand:
    joints = pose(HANDSHAPES[letter].angles_deg).joints_mm * [1, -1, -1]
    joints = joints + np.array([x + 300, 300, 0])
    if mirrored:
        joints = joints * [-1, 1, 1] + np.array([700, 0, 0])
    xyz = joints.astype(np.float32)
    return Hand(xyz, box_of(xyz), "left" if mirrored else "right", 1.0)


def scores(letter: str = "B") -> np.ndarray:
    return np.array([0.9 if x == letter else 0.001 for x in SCORED], np.float32)


def logits(letter: str, spelling: float = 5.0) -> np.ndarray:
    """Of a model that is sure of a letter, or, for "_", of none."""
    out = np.zeros(NO_LETTER + 2, np.float32)
    out[NO_LETTER if letter == "_" else LABELS.index(letter)] = 8
    out[-1] = spelling
    return out


def decoded(text: str, spelling: float = 5.0) -> str:
    decoder = Decoder(LABELS)
    return "".join(x for c in text for x, _ in decoder.step(logits(c, spelling)))


def stepped(fps: float, px_per_s: float) -> np.ndarray:
    """The moments of a hand that goes to the right for two seconds."""
    steps = Steps()
    made = [
        step
        for i in range(int(2 * fps))
        for step in steps.update(round(i * 1e9 / fps), hand(x=px_per_s * i / fps), scores())
    ]
    return np.array(made).reshape(-1, MOMENT)


def test_a_left_hand_is_like_its_mirror_image() -> None:
    """But for where it is."""
    left, right = hand(mirrored=True), hand()
    a = samples_of(left.landmarks[None], np.array([True]), scores()[None])
    b = samples_of(right.landmarks[None], np.array([False]), scores()[None])
    place = MOTION.start
    assert np.delete(a, place, 1) == pytest.approx(np.delete(b, place, 1), abs=1e-4)
    assert a[0, place] != pytest.approx(b[0, place])


def test_scores_lie_between_minus_one_and_one_and_come_back() -> None:
    """Only those below the least that is told apart from 0 do not."""
    given_scores = np.array([0, 0.01, 0.5, 1], np.float32)
    values = scaled(given_scores)
    assert (values[0], values[-1]) == pytest.approx((-1, 1))
    assert unscaled(values)[1:] == pytest.approx(given_scores[1:], rel=1e-4)


@settings(max_examples=15)
@given(st.floats(8, 60), st.floats(0, 0.3))
def test_steps_come_fifteen_a_second_at_any_frame_rate(fps: float, jitter: float) -> None:
    """Though frames come unevenly."""
    steps, count = Steps(), 0
    random = np.random.default_rng(0)
    times = [round((i + random.uniform(0, jitter)) * 1e9 / fps) for i in range(int(3 * fps))]
    for t_ns in times:
        made = steps.update(t_ns, hand(), scores())
        assert all(step.shape == (STEP,) for step in made)
        count += len(made)
    assert abs(count - (times[-1] - times[0]) / 1e9 * GRID_HZ / PAIR) <= 1


@pytest.mark.parametrize("fps", [10.0, 15.0, 30.0, 60.0])
def test_motion_is_in_palm_lengths_a_second_at_any_frame_rate(fps: float) -> None:
    """A hand that goes to the right by 100 px a second."""
    velocity = stepped(fps, 100)[2:, MOTION] * SPEED_UNIT
    assert velocity[:, 0] == pytest.approx(100 / hand_size_px(hand().landmarks), rel=0.02)
    assert velocity[:, 1] == pytest.approx(0, abs=1e-3)


def test_a_moment_without_a_hand_is_zero_and_a_lost_frame_hides_its_neighbours() -> None:
    """Between a frame with a hand and one without, nobody knows where it was."""
    t_ms = np.arange(6) * 100.0
    seen = np.array([True, True, False, True, True, True])
    grid_ms = np.array([0.0, 50, 150, 250, 350, 450])
    there, visible = on_grid(t_ms, np.ones((6, SAMPLE), np.float32), seen, grid_ms)
    assert visible.tolist() == [True, True, False, False, True, True]
    made = moments(there, visible)
    assert made.any(1).tolist() == [True, False, False, True, True]
    assert made[3, -1] == 1


def test_a_hand_that_is_no_numbers_is_none() -> None:
    """And those that come after it are as if it had not been there."""
    steps = Steps()
    broken = hand()
    broken.landmarks[:] = np.nan
    made = []
    for i in range(30):
        with np.errstate(invalid="ignore"):
            made += steps.update(i * FRAME_NS, broken if i < 10 else hand(), scores())
    assert np.isfinite(made).all()
    assert not np.array(made)[:4].any()
    assert np.array(made)[-4:, -1].all()


def test_a_held_letter_is_one_letter_and_comes_again_after_a_gap() -> None:
    """A short doubt in the middle is no gap."""
    assert decoded("B" * 40) == "B"
    assert decoded("LLLL_LLLL") == "LL"
    assert decoded("BBEE__AAARR") == "BEAR"


def test_the_same_letter_comes_again_beside_itself() -> None:
    """After the least gap, if the hand has gone aside; not if it bounces in its place."""

    def spelled(aside: float, speed: float) -> str:
        decoder, text = Decoder(LABELS), ""
        for c in "LLLL_LLLL":
            text += "".join(x for x, _ in decoder.step(logits(c), aside, speed))
        return text

    assert spelled(0.0, 3.0) == "L"
    assert spelled(0.2, 3.0) == "LL"


def test_nothing_is_settled_where_nobody_spells() -> None:
    """However sure the letters are."""
    assert decoded("BBBBBEEEE", spelling=-6.0) == ""


@given(st.text("AB_", max_size=60), st.floats(-6, 6))
def test_letters_never_outnumber_the_runs(text: str, spelling: float) -> None:
    """One run of one output is one letter at most."""
    runs = sum(a != b for a, b in zip(text, "_" + text, strict=False))
    assert len(decoded(text, spelling)) <= runs


def test_letters_wait_for_their_word_to_begin() -> None:
    """Then all of them are settled, in order."""
    decoder = Decoder(LABELS)
    steps = [decoder.step(logits(*c)) for c in zip("BBEEE", (-2, -2, 5, 5, 5), strict=True)]
    assert [x for step in steps for x, _ in step] == ["B", "E"]
    assert not steps[1]


@pytest.fixture
def recogniser(tmp_path: Path) -> Recogniser:
    return open_recogniser(save_sequence(tmp_path / "spells.json"), Config(), 0)


def signs_of(recogniser: Recogniser, scene: Looks) -> list[Sign]:
    """The signs of a scene, and of 1.5 s after it in which nobody is there."""
    rgb = np.zeros((2, 2, 3), np.uint8)
    signs = []
    for i, (t_ns, one) in enumerate(scene):
        signs += recogniser.update(Frame(rgb, i, t_ns), (one,))
    for i in range(len(scene), len(scene) + 45):
        signs += recogniser.update(
            Frame(rgb, i, scene[-1][0] + (i - len(scene) + 1) * FRAME_NS), ()
        )
    return signs


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0])
def test_it_spells_by_the_letter_models_scores(
    recogniser: Recogniser, fps: float, left: bool
) -> None:
    """At any frame rate, with either hand; the pause after a word is a space."""
    a, b = held("A"), held("B")
    acts = ((0.8, hold(a)), (0.3, move(a, b)), (0.8, hold(b)))
    signs = signs_of(recogniser, film(*acts, fps=fps, left=left))
    assert [s.label or s.kind for s in signs] == ["A", "B", "space"]


def test_an_open_hand_that_is_held_is_a_space(recogniser: Recogniser) -> None:
    """As by the rules: while the hand is there."""
    a, five = held("A"), held("5")
    acts = ((0.8, hold(a)), (0.2, move(a, five)), (1.0, hold(five)))
    scene = film(*acts)
    signs = signs_of(recogniser, scene)
    assert [s.kind for s in signs[:2]] == ["letter", "space"]
    assert signs[1].t_ns <= scene[-1][0]


def test_a_drawn_letter_takes_back_its_first_pose(recogniser: Recogniser) -> None:
    """If it was settled a moment ago, and nothing came between."""
    settle = recogniser._letter  # type: ignore[attr-defined]
    settle("I", 0.9, 10**9)
    assert [s.kind for s in settle("J", 0.9, 2 * 10**9)] == ["retract", "drawn"]
    settle("D", 0.9, 3 * 10**9)
    assert [s.kind for s in settle("J", 0.9, 4 * 10**9)] == ["drawn"]
    settle("D", 0.9, 5 * 10**9)
    assert [s.kind for s in settle("Z", 0.9, 9 * 10**9)] == ["drawn"]


def test_an_alphabet_that_it_does_not_read_is_refused(tmp_path: Path) -> None:
    """In one line that says which there are."""
    path = save_sequence(tmp_path / "spells.json")
    open_recogniser(path, Config(alphabet="letters"), 0)
    with pytest.raises(UsageError, match="it reads: letters") as caught:
        open_recogniser(path, Config(alphabet="digits"), 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"features": 99},
        {"labels": ("A", "B", "C", "D"), "alphabets": {"letters": ("A", "B")}},
        {"alphabets": {}},
        {"alphabets": {"letters": ("A",)}},
    ],
)
def test_another_model_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    """One of other features, without the two last outputs, or with letters of no alphabet."""
    path = save_sequence(tmp_path / "spells.json", **fields)
    with pytest.raises(ModelError) as caught:
        open_recogniser(path, Config(), 0)
    assert "\n" not in str(caught.value)
