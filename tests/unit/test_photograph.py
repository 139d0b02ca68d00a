"""Hands in one photograph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.decoding.picture import read_rgb
from edge.detectors import open_detector
from edge.hands.geometry import box_of, hand_size_px, region_of_hand
from edge.hands.photograph import hands_in, mirrored, variants
from edge.hands.tracking import PRESENCE
from edge.sources import open_source
from edge.stages import Detector
from edge.types import Frame, Hand, Region, Rgb
from tests.unit.test_hands import a_hand

PHOTOGRAPH = np.zeros((480, 640, 3), np.uint8)


class Views:
    """A detector that finds its hands only in some views, by their size."""

    pooled = 0

    def __init__(self, hands: list[Hand], sees: Callable[[Rgb], bool]) -> None:
        self.hands = hands
        self.sees = sees
        self.models = ()
        self.searched: list[tuple[int, int]] = []

    def find(self, frame: Frame, limit: int) -> tuple[Region, ...]:
        self.searched.append(frame.rgb.shape[:2])
        regions = tuple(region_of_hand(hand.landmarks) for hand in self.hands)
        return regions[:limit] if self.sees(frame.rgb) else ()

    def fit(self, frame: Frame, region: Region) -> Hand | None:
        if not self.sees(frame.rgb):
            return None
        return min(self.hands, key=lambda hand: abs(hand.landmarks[0, 0] - region.cx))


def test_a_hand_that_is_seen_at_once_ends_the_search() -> None:
    """The photograph as it is comes first, and a sure hand is enough."""
    detector = Views([a_hand(presence=0.99)], lambda view: True)
    (hand,) = hands_in(detector, PHOTOGRAPH)
    assert detector.searched == [(480, 640)]
    np.testing.assert_array_equal(hand.landmarks, a_hand().landmarks)


def test_hands_are_in_pixels_of_the_photograph() -> None:
    """A hand found with room around the photograph, or in a part of it, is moved back."""
    for sees, shift in (
        (lambda view: view.shape[0] == 768, (-192, -144)),
        (lambda view: view.shape[0] == 288, (0, 0)),
    ):
        (hand,) = hands_in(Views([a_hand()], sees), PHOTOGRAPH)
        np.testing.assert_allclose(hand.landmarks - a_hand().landmarks, [[*shift, 0]] * 21)
        np.testing.assert_allclose(hand.box_px, box_of(hand.landmarks))


def test_an_unsure_hand_does_not_end_the_search() -> None:
    """Where no hand is sure, all views are searched, and the hand is returned once."""
    detector = Views([a_hand(presence=0.6)], lambda view: True)
    assert len(hands_in(detector, PHOTOGRAPH)) == 1
    assert len(detector.searched) == 12


def test_what_is_no_hand_is_not_returned() -> None:
    """A photograph in which nothing is present enough has no hands."""
    assert hands_in(Views([a_hand(presence=0.4)], lambda view: True), PHOTOGRAPH) == ()
    assert hands_in(Views([a_hand()], lambda view: False), PHOTOGRAPH) == ()


def test_the_limit_bounds_the_hands() -> None:
    """With a limit of two, two hands apart are returned, the surer first; with one, one."""
    pair = [a_hand(450, presence=0.95), a_hand(150, presence=0.99)]
    found = hands_in(Views(pair, lambda view: True), PHOTOGRAPH, limit=2)
    assert [hand.presence for hand in found] == [0.99, 0.95]
    assert len(hands_in(Views(pair, lambda view: True), PHOTOGRAPH, limit=1)) == 1


@pytest.fixture(scope="module")
def detector(hand_models: Path) -> Detector:
    return open_detector("mediapipe:full")


@pytest.fixture(scope="module")
def drawn() -> Frame:
    """A drawn hand that holds a letter, with its true joints."""
    for frame in open_source("signer:B?seed=4").frames():
        if frame.truth and frame.truth.hand and frame.truth.label == "B":
            return frame
    raise AssertionError("the signer never held its letter")


def _off(
    hand: Hand, frame: Frame, scale: float = 1.0, shift: tuple[float, float] = (0, 0)
) -> float:
    """The mean distance of the joints from the true ones, in hand sizes."""
    assert frame.truth is not None
    assert frame.truth.hand is not None
    true = frame.truth.hand.landmarks * np.float32(scale)
    apart = np.linalg.norm(hand.landmarks[:, :2] - true[:, :2] - shift, axis=1).mean()
    return float(apart / hand_size_px(true))


def test_a_hand_is_found(detector: Detector, drawn: Frame) -> None:
    """A hand in the middle of its picture is found where it is."""
    (hand,) = hands_in(detector, drawn.rgb)
    assert _off(hand, drawn) < 0.25


def test_a_small_hand_is_found(detector: Detector, drawn: Frame) -> None:
    """A hand in a corner of a photograph nine times as large is found."""
    picture = np.full((1440, 1920, 3), 120, np.uint8)
    picture[960:, 1280:] = drawn.rgb
    (hand,) = hands_in(detector, picture)
    assert _off(hand, drawn, shift=(1280, 960)) < 0.25


def test_a_hand_that_fills_the_photograph_is_found(detector: Detector, drawn: Frame) -> None:
    """A photograph cut close around the hand is read all the same."""
    assert drawn.truth is not None
    assert drawn.truth.hand is not None
    x0, y0, x1, y1 = (int(n) for n in drawn.truth.hand.box_px)
    close = np.ascontiguousarray(drawn.rgb[max(y0 - 15, 0) : y1 + 15, max(x0 - 15, 0) : x1 + 15])
    (hand,) = hands_in(detector, close)
    assert _off(hand, drawn, shift=(-max(x0 - 15, 0), -max(y0 - 15, 0))) < 0.3


def test_the_size_of_a_photograph_does_not_matter(detector: Detector, drawn: Frame) -> None:
    """Half or three times as large, the hand is where it was."""
    for scale in (0.5, 3.0):
        picture = cv2.resize(drawn.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        (hand,) = hands_in(detector, picture)  # type: ignore[arg-type]
        assert _off(hand, drawn, scale) < 0.25


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (30, 31), (2000, 3)])
def test_photographs_of_any_size_are_searched(detector: Detector, size: tuple[int, int]) -> None:
    """One pixel, a line, a thumbnail: there is no hand in them, and no error."""
    assert hands_in(detector, np.full((*size, 3), 200, np.uint8)) == ()


def test_a_photograph_without_a_hand_has_none(detector: Detector) -> None:
    """An even grey and a ramp hold no hand."""
    ramp = np.broadcast_to(np.linspace(0, 255, 640).astype(np.uint8)[:, None], (480, 640, 3))
    for picture in (np.full((480, 640, 3), 128, np.uint8), np.ascontiguousarray(ramp)):
        assert hands_in(detector, picture) == ()


@pytest.mark.slow
def test_real_photographs_are_read(detector: Detector, shared_data: Path) -> None:
    """In nine of ten photographs of a whole scene, the hand is found near its box."""
    folder = shared_data / "letters" / "multiuser" / "user_3"
    boxes = [line.split(",") for line in (folder / "boxes.csv").read_text().splitlines()[1:]]
    good = 0
    chosen = boxes[::24]
    for name, *corners in chosen:
        bgr = cv2.imread(str(folder.parent / name))
        assert bgr is not None
        found = hands_in(detector, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))  # type: ignore[arg-type]
        x0, y0, x1, y1 = (float(n) for n in corners)
        for hand in found:
            assert hand.presence >= PRESENCE
            x, y = hand.landmarks[:, :2].mean(0)
            good += x0 <= x <= x1 and y0 <= y <= y1
    assert good >= 0.9 * len(chosen)


@pytest.mark.parametrize(
    "name", ["0/IMG_1219", "1/IMG_4287", "2/IMG_4488", "6/IMG_4640", "7/IMG_4963"]
)
def test_a_fingertip_does_not_stand_for_the_hand(
    detector: Detector, shared_data: Path, name: str
) -> None:
    """In a close photograph a fingertip passes for a fist: the whole hand is returned instead."""
    rgb = read_rgb(shared_data / "digits" / "ardamavi" / f"{name}.jpg")
    (hand,) = hands_in(detector, rgb)
    x0, y0, x1, y1 = hand.box_px
    assert max(x1 - x0, y1 - y0) > 0.45 * max(rgb.shape)


def test_a_hand_is_fitted_in_the_mirrored_photograph_too() -> None:
    """The second variant comes from the mirrored photograph, in pixels of the photograph."""
    wide = PHOTOGRAPH.shape[1] - 1
    hand = a_hand()
    detector = Views([mirrored(hand, wide)], lambda view: True)
    first, second = variants(detector, PHOTOGRAPH, hand)
    assert first is hand
    assert second.handedness == hand.handedness
    np.testing.assert_allclose(second.landmarks, hand.landmarks)
    np.testing.assert_allclose(second.box_px, hand.box_px)


def test_a_hand_that_the_mirror_does_not_show_has_one_variant() -> None:
    """A second fit that finds nothing takes nothing away."""
    hand = a_hand()
    assert variants(Views([hand], lambda view: False), PHOTOGRAPH, hand) == (hand,)


def test_mirroring_twice_changes_nothing() -> None:
    """A hand that is mirrored twice is the same hand."""
    hand = a_hand()
    again = mirrored(mirrored(hand, 639), 639)
    np.testing.assert_allclose(again.landmarks, hand.landmarks)
    assert again.box_px == pytest.approx(hand.box_px)
    assert again.handedness == hand.handedness
