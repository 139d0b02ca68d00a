"""What every detector does: one suite over all the files of edge/detectors.

Frames come from the synthetic signer, whose true joints are known.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from edge import detectors
from edge.detectors import open_detector
from edge.errors import UsageError
from edge.hands.geometry import box_of, hand_size_px, iou
from edge.hands.tracking import PRESENCE, Tracker
from edge.sources import open_source
from edge.stages import Detector
from edge.types import Frame, Hand, Handedness, Region

# Needs beyond the file itself, by the name of the detector; a new one that needs nothing is tested
# without being named here.
NEEDS = {"mediapipe": "hand_models"}
VARIANTS = {"mediapipe": ("mediapipe", "mediapipe:lite", "mediapipe:full", "mediapipe:auto")}
NAMES = [variant for name in detectors.names() for variant in VARIANTS.get(name, (name,))]


@pytest.fixture(scope="module", params=NAMES)
def detector(request: pytest.FixtureRequest) -> Detector:
    name: str = request.param
    need = NEEDS.get(name.partition(":")[0])
    if need:
        request.getfixturevalue(need)
    return open_detector(name)


@pytest.fixture(scope="module")
def signed() -> Callable[[Handedness], list[Frame]]:
    """Frames of a hand that spells, each with its true hand, three a second."""
    films: dict[Handedness, list[Frame]] = {}

    def film(hand: Handedness) -> list[Frame]:
        if hand not in films:
            source = open_source(f"signer:BLUE FLY?seed=2&hand={hand}&fps=10")
            frames = islice(source.frames(), 0, 60, 3)
            films[hand] = [f for f in frames if f.truth and f.truth.hand and _inside(f)]
            assert len(films[hand]) >= 8
        return films[hand]

    return film


def _inside(frame: Frame) -> bool:
    assert frame.truth is not None
    assert frame.truth.hand is not None
    height, width = frame.rgb.shape[:2]
    x0, y0, x1, y1 = frame.truth.hand.box_px
    return x0 > 0 and y0 > 0 and x1 < width and y1 < height


def _fitted(detector: Detector, frame: Frame) -> Hand | None:
    regions = detector.find(frame, 1)
    return detector.fit(frame, regions[0]) if regions else None


@pytest.mark.parametrize("side", ["left", "right"])
def test_hands_are_found_where_they_are(
    detector: Detector, signed: Callable[[Handedness], list[Frame]], side: Handedness
) -> None:
    """In nearly all frames the hand is found, its box over the true one, its joints near."""
    good = 0
    for frame in signed(side):
        assert frame.truth is not None
        assert frame.truth.hand is not None
        true = frame.truth.hand
        hand = _fitted(detector, frame)
        if hand is None or hand.presence < PRESENCE:
            continue
        off = np.linalg.norm(hand.landmarks[:, :2] - true.landmarks[:, :2], axis=1).mean()
        good += iou(hand.box_px, true.box_px) > 0.5 and off < 0.25 * hand_size_px(true.landmarks)
    assert good >= 0.85 * len(signed(side))


@pytest.mark.parametrize("side", ["left", "right"])
def test_hands_are_the_person_s_own(
    detector: Detector, signed: Callable[[Handedness], list[Frame]], side: Handedness
) -> None:
    """In a picture that is not mirrored, a left hand is left, over a few frames at least."""
    tracker = Tracker(detector)
    seen = [hand.handedness for frame in signed(side) for hand in tracker.update(frame).hands]
    assert seen.count(side) >= 0.8 * len(seen) > 0


def test_hands_are_of_the_agreed_form(
    detector: Detector, signed: Callable[[Handedness], list[Frame]]
) -> None:
    """Landmarks are (21, 3) float32 and finite, the box is around them, presence is a share."""
    for frame in signed("right"):
        hand = _fitted(detector, frame)
        if hand is None:
            continue
        assert hand.landmarks.shape == (21, 3)
        assert hand.landmarks.dtype == np.float32
        assert np.isfinite(hand.landmarks).all()
        np.testing.assert_allclose(hand.box_px, box_of(hand.landmarks), atol=1e-3)
        assert hand.handedness in ("left", "right")
        assert 0 <= hand.presence <= 1
        assert type(hand.presence) is float


def test_regions_are_of_the_agreed_form(
    detector: Detector, signed: Callable[[Handedness], list[Frame]]
) -> None:
    """Regions are plain finite numbers, at most as many as the limit, of some size."""
    frame = signed("right")[0]
    assert detector.find(frame, 0) == ()
    for limit in (1, 2, 5):
        regions = detector.find(frame, limit)
        assert isinstance(regions, tuple)
        assert 1 <= len(regions) <= limit
        for region in regions:
            assert isinstance(region, Region)
            assert np.isfinite(region).all()
            assert region.size > 0


def test_nothing_is_found_where_there_is_nothing(detector: Detector) -> None:
    """Black, grey, and noise hold no hand."""
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    for picture in (np.zeros_like(noise), np.full_like(noise, 128), noise):
        frame = Frame(picture, 0, 0)
        hand = _fitted(detector, frame)
        assert hand is None or hand.presence < PRESENCE


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (3, 1000), (30, 4000), (4000, 30), (17, 33)])
def test_frames_of_any_size_are_searched(detector: Detector, size: tuple[int, int]) -> None:
    """A frame of one pixel or a strip is searched like any other; there is no hand in it."""
    frame = Frame(np.full((*size, 3), 90, np.uint8), 0, 0)
    assert Tracker(detector).update(frame).hands == ()
    hand = detector.fit(frame, Region(size[1] / 2, size[0] / 2, 20, 0.3))
    assert hand is None or np.isfinite(hand.landmarks).all()


@pytest.mark.parametrize(
    "region",
    [Region(-500, -500, 100, 0), Region(320, 240, 0, 0), Region(320, 240, 20_000, 3)],
)
def test_any_region_can_be_fitted(
    detector: Detector, signed: Callable[[Handedness], list[Frame]], region: Region
) -> None:
    """A region outside the frame, of no size or far too large gives finite landmarks or none."""
    hand = detector.fit(signed("right")[0], region)
    assert hand is None or np.isfinite(hand.landmarks).all()


def test_frames_are_left_as_they_are(
    detector: Detector, signed: Callable[[Handedness], list[Frame]]
) -> None:
    """A detector only reads: a picture that cannot be written to is searched and fitted."""
    frame = signed("right")[0]
    picture = frame.rgb.copy()
    picture.setflags(write=False)
    locked = Frame(picture, frame.index, frame.t_ns, frame.truth)
    assert _fitted(detector, locked) is not None
    np.testing.assert_array_equal(picture, frame.rgb)


def test_the_same_frame_gives_the_same_hand(
    detector: Detector, signed: Callable[[Handedness], list[Frame]]
) -> None:
    """A detector remembers nothing: what it saw in between does not change what it sees."""
    frame, other = signed("right")[0], signed("left")[-1]
    first = _fitted(detector, frame)
    _fitted(detector, other)
    second = _fitted(detector, frame)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.landmarks, second.landmarks)


def test_hands_are_handed_out_for_good(
    detector: Detector, signed: Callable[[Handedness], list[Frame]]
) -> None:
    """A hand that is held does not change when the next frame is searched."""
    frames = signed("right")
    first = _fitted(detector, frames[0])
    assert first is not None
    kept = first.landmarks.copy()
    _fitted(detector, frames[-1])
    np.testing.assert_array_equal(first.landmarks, kept)


def test_a_detector_counts_what_its_models_do(
    detector: Detector, signed: Callable[[Handedness], list[Frame]]
) -> None:
    """Calls, bytes and time inside the interpreter are sums since the start, of whole numbers."""
    names = ("calls", "copied_bytes", "invoke_ns")
    before = [[getattr(model, name) for name in names] for model in detector.models]
    _fitted(detector, signed("right")[0])
    after = [[getattr(model, name) for name in names] for model in detector.models]
    assert all(isinstance(count, int) for counts in after for count in counts)
    assert all(
        a >= b for c, d in zip(after, before, strict=True) for a, b in zip(c, d, strict=True)
    )
    assert (sum(map(sum, after)) > sum(map(sum, before))) == bool(detector.models)


def test_a_detector_is_one(detector: Detector) -> None:
    """It has everything that the Protocol of edge/stages.py names."""
    assert isinstance(detector, Detector)


@pytest.mark.parametrize("name", detectors.names())
def test_unknown_options_are_refused(name: str) -> None:
    """`NAME:nonsense` is a usage error of one line that says what was wrong."""
    with pytest.raises(UsageError) as caught:
        open_detector(f"{name}:nonsense")
    assert "nonsense" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "nothing", "_private", "media pipe", "__init__", "../x"])
def test_unknown_detectors_are_refused(name: str) -> None:
    """A name that is no file of the folder is a usage error that lists those that are."""
    with pytest.raises(UsageError) as caught:
        open_detector(name)
    assert all(known in str(caught.value) for known in detectors.shown_names())
    assert "\n" not in str(caught.value)


def test_auto_takes_the_model_that_keeps_up(hand_models: object) -> None:
    """For a camera of a million frames a second only the lite model will do, for files the full."""
    lite, full = open_detector("mediapipe:lite"), open_detector("mediapipe:full")
    frame = Frame(np.random.default_rng(3).integers(0, 256, (200, 200, 3), np.uint8), 0, 0)
    region = Region(100, 100, 150, 0)

    def fits(detector: Detector) -> bytes:
        hand = detector.fit(frame, region)
        assert hand is not None
        return hand.landmarks.tobytes()

    assert fits(lite) != fits(full)
    assert fits(open_detector("mediapipe:auto", fps=1e6)) == fits(lite)
    assert fits(open_detector("mediapipe", fps=1e6)) == fits(lite)
    assert fits(open_detector("mediapipe:auto", fps=None)) == fits(full)
    assert fits(open_detector("mediapipe:auto", fps=0.01)) == fits(full)
    assert fits(open_detector("mediapipe:full", fps=1e6)) == fits(full)
