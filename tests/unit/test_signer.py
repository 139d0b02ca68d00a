"""The synthetic signer: its bones, its timing, its truth, and its URI."""

from __future__ import annotations

import re
from itertools import groupby, islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.detectors.mediapipe import open as open_detector
from edge.errors import UsageError
from edge.hands.tracking import Tracker
from edge.joints import PARENT
from edge.signer.handshapes import DIGITS, HANDSHAPES, LETTERS
from edge.signer.motion import Posture, between, ease, trace
from edge.signer.scene import make_scene
from edge.signer.script import PAUSE_S, Timeline, plan
from edge.signer.signer import Signer
from edge.signer.skeleton import LENGTHS_MM, pose
from edge.sources import open_source
from edge.sources.signer import open as open_signer
from edge.types import Frame
from tests.support.examples import examples, full_case

angles = st.lists(st.floats(-30, 120), min_size=21, max_size=21)
texts = st.text("ABCEHILMNOSTUW015_< ", min_size=1, max_size=6).map(lambda s: " ".join(s.split()))


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    parents = joints[list(PARENT[1:])]
    lengths: np.ndarray = np.linalg.norm(joints[1:] - parents, axis=1)
    return lengths


@given(angles)
def test_bones_keep_their_length_however_the_hand_is_bent(angles_deg: list[float]) -> None:
    """No angle stretches or shrinks a finger's bones, and the palm does not change at all."""
    joints = pose(np.array(angles_deg)).joints_mm
    lengths = bone_lengths(joints).reshape(5, 4)
    np.testing.assert_allclose(lengths[:, 1:], LENGTHS_MM, rtol=1e-9)
    np.testing.assert_allclose(joints[1::4], pose(np.zeros(21)).joints_mm[1::4])


def test_an_open_hand_points_up_and_bends_into_its_palm() -> None:
    """At zero all fingers are straight up; bending an MCP joint brings the tip out of the palm."""
    flat = pose(np.zeros(21)).joints_mm
    assert np.all(np.diff(flat[5:].reshape(4, 4, 3)[:, :, 1], axis=1) > 0)
    bent = np.zeros(21)
    bent[6] = 90  # the index's MCP
    tip = pose(bent).joints_mm[8]
    assert tip[2] > 80
    assert tip[1] == pytest.approx(flat[5][1])


def test_every_letter_and_digit_has_a_handshape() -> None:
    """A to Z and 0 to 9, and nothing else, each with proper angles and directions."""
    assert "".join(HANDSHAPES) == LETTERS + DIGITS
    for shape in HANDSHAPES.values():
        assert shape.angles_deg.shape == (21,)
        np.testing.assert_allclose(shape.palm @ shape.palm.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(shape.palm) == pytest.approx(1)
        assert np.linalg.norm(shape.forearm) == pytest.approx(1)


@given(st.sampled_from(sorted(HANDSHAPES)), st.sampled_from(sorted(HANDSHAPES)), st.floats(0, 1))
def test_between_two_signs_the_hand_stays_a_hand(first: str, last: str, share: float) -> None:
    """Half-way postures turn the hand rigidly, by no more than the whole way."""
    start, end = (Posture(HANDSHAPES[label], np.zeros(3)) for label in (first, last))
    shape = between(start, end, share).shape
    np.testing.assert_allclose(shape.palm @ shape.palm.T, np.eye(3), atol=1e-9)
    low = np.minimum(start.shape.angles_deg, end.shape.angles_deg) - 1e-9
    high = np.maximum(start.shape.angles_deg, end.shape.angles_deg) + 1e-9
    assert np.all((low <= shape.angles_deg) & (shape.angles_deg <= high))


@pytest.mark.parametrize("label", ["J", "Z"])
def test_a_motion_starts_at_its_held_shape(label: str) -> None:
    """Tracing J or Z begins where the hold before it ended, without a jump."""
    start = Posture(HANDSHAPES[label], np.array([10.0, 20.0, 0.0]))
    first = trace(label, start)(0.0)
    np.testing.assert_allclose(first.offset_mm, start.offset_mm)
    np.testing.assert_allclose(first.shape.palm, start.shape.palm, atol=1e-9)


def test_the_viewer_sees_z_reversed() -> None:
    """The index finger goes to the viewer's left, back down to the right, and left again."""
    start = Posture(HANDSHAPES["Z"], np.zeros(3))
    path = trace("Z", start)
    x, y = np.array([path(phase).offset_mm[:2] for phase in (0, 1 / 3, 2 / 3, 1)]).T
    assert x[1] < x[0]
    assert x[2] > x[1]
    assert x[3] < x[2]
    assert y[2] < y[1] - 50
    assert abs(y[1] - y[0]) < 10
    assert abs(y[3] - y[2]) < 10


@given(texts.filter(bool), st.integers(0, 50), st.sampled_from([0.5, 1.0, 2.0]))
def test_segments_follow_each_other_without_gap_or_overlap(
    text: str, seed: int, speed: float
) -> None:
    """The timeline starts at 0, ends at end_s, and says the text's letters in order.

    The gestures, _ and <, are no letters.
    """
    timeline = plan(text, seed, speed)
    assert timeline.segments[0].start_s == 0
    assert timeline.segments[-1].end_s == timeline.end_s
    assert all(before.end_s == after.start_s for before, after in pairwise(timeline.segments))
    assert all(segment.end_s > segment.start_s for segment in timeline.segments)
    spelled = "".join(s.label for s in timeline.segments)
    assert spelled == re.sub("[ _<]", "", text)


@given(texts.filter(bool), st.integers(0, 9))
@examples(20)
def test_the_hand_never_jumps(text: str, seed: int) -> None:
    """From one millisecond to the next no joint's angle changes by more than 5 degrees."""
    timeline = plan(text, seed)
    for before, after in pairwise(timeline.segments):
        one, other = before.trajectory(1.0), after.trajectory(0.0)
        np.testing.assert_allclose(one.shape.angles_deg, other.shape.angles_deg, atol=1e-6)
        np.testing.assert_allclose(one.shape.palm, other.shape.palm, atol=1e-6)
        np.testing.assert_allclose(one.offset_mm, other.offset_mm, atol=1e-6)


def held(timeline: Timeline) -> list[tuple[str, np.ndarray]]:
    """Each sign of a timeline, and where the hand is in the middle of it."""
    middles = [(s, (s.start_s + s.end_s) / 2) for s in timeline.segments if s.label]
    return [(s.label, timeline.at(middle)[1].offset_mm) for s, middle in middles]


@given(st.sampled_from("ABCLOST5"), st.integers(0, 20))
def test_a_repeated_letter_slides_to_the_signers_own_side(label: str, seed: int) -> None:
    """LL is one shape held twice, the second time more than half a palm's width aside."""
    (one, here), (two, there) = held(plan(label * 2, seed))
    assert one == two == label
    assert here[0] - there[0] > 40
    assert np.all(here[1:] == there[1:])


def test_a_letter_repeated_beyond_reach_opens_and_closes_instead() -> None:
    """Five As: the hand slides while there is room, and then stays and opens between."""
    timeline = plan("AAAAA")
    x = np.array([offset[0] for _, offset in held(timeline)])
    steps = -np.diff(x)
    assert steps[0] > 40
    assert steps[-1] == 0
    last_gap = [s for s in timeline.segments if not s.label][-3]
    fist, opened = timeline.segments[2].trajectory(0).shape, last_gap.trajectory(0.5).shape
    assert fist.angles_deg[6:9].sum() - opened.angles_deg[6:9].sum() > 60


@given(st.integers(0, 20), st.sampled_from([0.5, 1.0, 3.0]))
@examples(10)
def test_between_words_the_hand_is_away_for_a_second(seed: int, speed: float) -> None:
    """However fast the signer, words are a second apart, and the hand is out of the picture."""
    timeline = plan("A B", seed, speed)
    first, last = (s for s in timeline.segments if s.label)
    assert last.start_s - first.end_s >= PAUSE_S
    signer = Signer("A B", seed=seed, speed=speed, size=(320, 240))
    _, truth = signer.draw((first.end_s + last.start_s) / 2)
    assert truth.label == ""
    assert truth.hand is None


def test_speed_shortens_all_but_the_pause() -> None:
    """Twice as fast is half as long."""
    assert plan("HELLO", 0, 2.0).end_s == pytest.approx(plan("HELLO", 0, 1.0).end_s / 2)
    assert plan("A B", 0, 2.0).end_s > plan("A B", 0, 1.0).end_s / 2


@given(st.floats(0, 1), st.floats(0, 1))
def test_easing_goes_forward_from_0_to_1(one: float, other: float) -> None:
    """A reach starts at its start, ends at its end and never turns back."""
    assert ease(0.0) == 0
    assert ease(1.0) == 1
    low, high = sorted((one, other))
    assert ease(low) <= ease(high) + 1e-12


def frames(uri: str, count: int | None = None) -> list[Frame]:
    return list(islice(open_signer(uri).frames(), count))


def test_the_same_uri_gives_the_same_frames() -> None:
    """Pixels, times and truth are a function of the URI alone."""
    for one, other in zip(*(frames("HI?seed=4&fps=6", 12) for _ in range(2)), strict=True):
        assert np.array_equal(one.rgb, other.rgb)
        assert (one.index, one.t_ns) == (other.index, other.t_ns)
        assert one.truth is not None
        assert other.truth is not None
        assert one.truth.label == other.truth.label


def test_another_seed_is_another_signer() -> None:
    """Skin, room and camera change with the seed."""
    one, other = make_scene(1, 320, 240), make_scene(2, 320, 240)
    assert not np.array_equal(one.background, other.background)
    assert not np.array_equal(one.palette, other.palette)
    assert one.light != other.light


def test_frames_come_in_order_at_the_rate_asked_for() -> None:
    """Index and time stamp count up from 0 at fps, and the frames cover the timeline."""
    source = open_signer("HI?fps=10&size=320x240")
    taken = list(source.frames())
    assert [f.index for f in taken] == list(range(len(taken)))
    assert [f.t_ns for f in taken] == [n * 100_000_000 for n in range(len(taken))]
    assert len(taken) == int(source.signer.end_s * 10) + 1
    assert all(f.rgb.shape == (240, 320, 3) and f.rgb.dtype == np.uint8 for f in taken)
    labels = [f.truth.label for f in taken if f.truth is not None]
    assert "".join(k for k, _ in groupby(labels)) == "HI"


@pytest.mark.parametrize("seed", range(4))
def test_held_hands_are_wholly_in_the_picture(seed: int) -> None:
    """Every letter and digit is held inside the frame."""
    signer = Signer("".join(HANDSHAPES), seed=seed)
    held = [segment for segment in signer.timeline.segments if segment.label]
    assert {segment.label for segment in held} == set(HANDSHAPES)
    for segment in held:
        for moment in (segment.start_s, segment.end_s - 1e-6):
            body = signer.body(signer.timeline.at(moment)[1], moment)
            x, y, _ = signer.scene.project(body.joints)[0].T
            assert min(x.min(), y.min()) >= 0, segment.label
            assert x.max() < 640, segment.label
            assert y.max() < 480, segment.label


def test_the_truth_is_what_the_camera_sees() -> None:
    """The landmarks are the joints' places in the picture, and the box is around them."""
    signer = Signer("L", seed=2)
    moment = next(s for s in signer.timeline.segments if s.label).start_s
    _, truth = signer.draw(moment)
    assert truth.hand is not None
    body = signer.body(signer.timeline.at(moment)[1], moment)
    x, y, z = signer.scene.project(body.joints)[0].T
    np.testing.assert_allclose(truth.hand.landmarks, np.stack([x, y, z[0] - z], 1), rtol=1e-4)
    np.testing.assert_allclose(truth.hand.box_px, (x.min(), y.min(), x.max(), y.max()), rtol=1e-5)


@pytest.mark.parametrize("hand", ["right", "left"])
@pytest.mark.parametrize("seed", range(4))
def test_gestures_stay_in_the_picture(seed: int, hand: str) -> None:
    """An open hand is held, and sweeps from one side to the other, without leaving the frame."""
    for frame in frames(f"_<?seed={seed}&hand={hand}&fps=10&size=320x240"):
        assert frame.truth is not None
        assert not frame.truth.label
        if 0.9 < frame.t_ns / 1e9 < 2.6:
            assert frame.truth.hand is not None
            box = frame.truth.hand.box_px
            assert min(box) >= 0
            assert box.x1 < 320
            assert box.y1 < 240


def test_the_true_joints_lie_on_the_drawn_hand() -> None:
    """Where the truth has a joint, the picture differs from the empty room."""
    for label in "ABLY5":
        signer = Signer(label, seed=1)
        segment = next(s for s in signer.timeline.segments if s.label)
        rgb, truth = signer.draw(segment.start_s)
        assert truth.hand is not None
        room = signer.scene.background.astype(int)
        changed = np.abs(rgb.astype(int) - room).sum(axis=2) > 20
        x, y = truth.hand.landmarks[:, :2].round().astype(int).T
        assert changed[y, x].all(), label


def test_a_left_hand_is_the_mirror_image_of_a_right_one() -> None:
    """Before the camera, the same moment of both hands differs in the sign of x alone."""
    right, left = Signer("B"), Signer("B", handedness="left")
    moment = right.timeline.segments[2].start_s
    _, posture = right.timeline.at(moment)
    back = np.linalg.inv(right.scene.view).T
    mine, other = (s.body(posture, moment) for s in (right, left))
    np.testing.assert_allclose(mine.joints @ back * (-1, 1, 1), other.joints @ back, atol=1e-9)
    _, truth = left.draw(moment)
    assert truth.hand is not None
    assert truth.hand.handedness == "left"


def test_true_joints_are_the_bones_apart() -> None:
    """Without perspective, the truth's landmarks are as far apart as the bones are long."""
    signer = Signer("5")
    body = signer.body(signer.timeline.segments[2].trajectory(0.0), 0.0)
    np.testing.assert_allclose(
        bone_lengths(body.joints).reshape(5, 4)[:, 1:], LENGTHS_MM, rtol=1e-9
    )


@pytest.mark.slow
@pytest.mark.usefixtures("hand_models")
@pytest.mark.parametrize(
    ("text", "seed", "hand"),
    [
        ("HELLO", 0, "right"),
        ("QUIZ", 8, "left"),
        full_case("HELLO WORLD", 0, "right"),
        full_case("MATHS CLUB", 3, "left"),
        full_case("XYLOPHONE QT", 5, "right"),
        full_case("QUIZ JEWEL", 8, "left"),
        full_case("0123456789", 11, "right"),
    ],
)
def test_the_hand_models_find_the_drawn_hand(text: str, seed: int, hand: str) -> None:
    """A whole hand is found in 99 % of its frames, at the place and with the handedness of truth.

    A hand that comes into view counts from a fifth of a second later, since after a pause frames
    are searched only every 150 ms. In 95 % of frames the joints' mean distance to the truth is
    under a tenth of the hand's size, its box's longer side.
    """
    tracker = Tracker(open_detector("full"), smooth=False)
    wanted = found = right_hand = whole = 0
    errors = []
    for frame in open_signer(f"{text}?seed={seed}&hand={hand}").frames():
        seen = tracker.update(frame).hands
        assert frame.truth is not None
        true = frame.truth.hand
        if true is None or min(true.box_px) < 0 or true.box_px.x1 > 640 or true.box_px.y1 > 480:
            whole = 0
            continue
        whole += 1
        if whole <= 6:
            continue
        wanted += 1
        if seen:
            found += 1
            right_hand += seen[0].handedness == hand
            apart = np.linalg.norm((seen[0].landmarks - true.landmarks)[:, :2], axis=1).mean()
            box = true.box_px
            errors.append(apart / max(box.x1 - box.x0, box.y1 - box.y0))
    assert found >= 0.99 * wanted
    assert right_hand >= 0.95 * found
    assert np.percentile(errors, 95) < 0.1


def test_loop_starts_again_and_goes_on_counting() -> None:
    """With loop=1 the text comes again, with indices and times that only grow."""
    once = len(frames("A?fps=10&size=160x120"))
    taken = frames("A?fps=10&size=160x120&loop=1", 2 * once)
    assert [f.index for f in taken] == list(range(2 * once))
    assert np.array_equal(taken[once].rgb, taken[0].rgb)
    assert taken[once].t_ns == once * 100_000_000


def test_text_may_be_quoted_and_in_any_case() -> None:
    """signer:'Hello  world' spells HELLO WORLD."""
    for rest in ("HI YA", "'hi ya'", '"Hi  ya"', " hi ya "):
        labels = [s.label for s in open_signer(rest).signer.timeline.segments]
        assert "".join(labels) == "HIYA"


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("", "no text"),
        ("''", "no text"),
        ("  ", "no text"),
        ("HELLO!", "'!'"),
        ("NAÏVE", "Ï"),
        ("A?colour=red", "colour"),
        ("A?speed=fast", "speed"),
        ("A?speed=0", "speed"),
        ("A?seed=-1", "seed"),
        ("A?hand=both", "hand"),
        ("A?size=big", "size"),
        ("A?size=10x10", "size"),
        ("A?fps=0", "fps"),
        ("A?loop=maybe", "loop"),
    ],
)
def test_a_wrong_uri_is_one_clear_line(rest: str, said: str) -> None:
    """What cannot be spelled, and what is no option, is named in a one-line UsageError."""
    with pytest.raises(UsageError) as caught:
        open_source(f"signer:{rest}")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
