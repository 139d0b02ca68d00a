"""Distortions do what they say, and how much of them is borne is reckoned right."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.types import Box, Rgb
from tests.support.examples import examples
from train.data.datasets import NO_LETTER, Photo
from train.evaluate.distortions import CAMERA_PX, DISTORTIONS, Distortion, undone

SIZES = st.tuples(st.integers(30, 90), st.integers(30, 90))  # height and width
AMOUNTS = [(name, amount) for name, d in DISTORTIONS.items() for amount in d.amounts]


def noise(size: tuple[int, int]) -> Rgb:
    return np.random.default_rng(size[0]).integers(0, 255, (*size, 3), np.uint8)


def inside(size: tuple[int, int]) -> Box:
    """A box of a hand in the middle of a photograph of this size."""
    height, width = size
    return Box(width * 0.25, height * 0.2, width * 0.75, height * 0.8)


def apply(name: str, rgb: Rgb, amount: float) -> tuple[Rgb, np.ndarray]:
    return DISTORTIONS[name].apply(rgb, amount, inside(rgb.shape[:2]))


def dots(size: tuple[int, int]) -> tuple[Rgb, np.ndarray]:
    """A black photograph with three coloured dots, and where they are, (3, 2)."""
    height, width = size
    places = np.array([(0.3, 0.3), (0.7, 0.4), (0.4, 0.75)]) * (width, height)
    rgb = np.zeros((height, width, 3), np.uint8)
    for colour, (x, y) in enumerate(places):
        shade = [255 * (colour == channel) for channel in range(3)]
        cv2.circle(rgb, (round(x), round(y)), 3, shade, -1)
    return rgb, np.rint(places).astype(np.float32)


def middles(rgb: Rgb) -> np.ndarray:
    """Where the dots are found, (3, 2): the middle of each colour that the other two lack."""
    out = []
    for colour in range(3):
        others = np.delete(rgb, colour, 2).max(2).astype(int)
        y, x = np.nonzero(rgb[..., colour].astype(int) - others > 100)
        out.append((x.mean(), y.mean()))
    return np.array(out, np.float32)


@given(SIZES, st.sampled_from([n for n, d in DISTORTIONS.items() if d.identity is not None]))
def test_nothing_changes_at_the_identity(size: tuple[int, int], name: str) -> None:
    """Each distortion has an amount of none at all, which leaves every pixel as it is."""
    rgb = noise(size)
    distortion = DISTORTIONS[name]
    changed, matrix = apply(name, rgb, cast(float, distortion.identity))
    np.testing.assert_array_equal(changed, rgb)
    np.testing.assert_allclose(matrix, np.eye(2, 3), atol=1e-12)
    assert distortion.identity in distortion.amounts


@given(SIZES, st.sampled_from(AMOUNTS))
def test_a_photograph_stays_one_and_its_original_as_it_was(
    size: tuple[int, int], condition: tuple[str, float]
) -> None:
    """Whatever is done, (H, W, 3) uint8 comes out, and the photograph itself is not written to."""
    rgb = noise(size)
    before = rgb.copy()
    changed, _ = apply(condition[0], rgb, condition[1])
    assert changed.dtype == np.uint8
    assert changed.ndim == 3
    assert changed.shape[2] == 3
    np.testing.assert_array_equal(rgb, before)


@given(SIZES, st.floats(-30, 30))
def test_points_follow_a_turn(size: tuple[int, int], degrees: float) -> None:
    """Dots are where the matrix takes them, all of them within the picture; clockwise is right."""
    rgb, places = dots(size)
    turned, matrix = apply("turn", rgb, degrees)
    np.testing.assert_allclose(undone(middles(turned), matrix), places, atol=1.0)
    middle = np.array([size[1] / 2, 0, 1])
    if degrees > 5:
        assert (matrix @ middle)[0] > turned.shape[1] / 2


@given(SIZES, st.floats(10, 470))
def test_points_follow_a_change_of_height(size: tuple[int, int], height_px: float) -> None:
    """The picture is the camera's, the hand is in its middle and of the given height."""
    rgb, _ = dots(size)
    scaled, matrix = apply("hand height", rgb, height_px)
    assert scaled.shape == (CAMERA_PX[1], CAMERA_PX[0], 3)
    box = inside(size)
    corners = np.array([(box.x0, box.y0, 1), (box.x1, box.y1, 1)]) @ matrix.T
    # Its size is a whole number of pixels, so it is off by half of one at the photograph's edge.
    assert corners[1, 1] - corners[0, 1] == pytest.approx(height_px, abs=0.5)
    half = matrix[0, 0] / 2 + 1  # of a pixel of the photograph, enlarged, and the rounding
    np.testing.assert_allclose(corners.mean(0), np.array(CAMERA_PX) / 2, atol=half)


@examples(25)
@given(SIZES, st.sampled_from([60.0, 150.0, 200.0]))
def test_dots_follow_a_change_of_height(size: tuple[int, int], height_px: float) -> None:
    """Dots that are in the picture are where the matrix takes them."""
    rgb, places = dots(size)
    scaled, matrix = apply("hand height", rgb, height_px)
    there = places @ matrix[:, :2].T + matrix[:, 2]
    if (there > 12).all() and (there < np.array(CAMERA_PX) - 12).all():
        np.testing.assert_allclose(undone(middles(scaled), matrix), places, atol=1.0)


def test_a_mirrored_picture_is_one_and_its_points_too() -> None:
    """Left and right change places."""
    rgb, places = dots((60, 80))
    mirrored, matrix = apply("mirror", rgb, 1)
    np.testing.assert_array_equal(mirrored, rgb[:, ::-1])
    np.testing.assert_allclose(undone(middles(mirrored), matrix), places, atol=0.1)


def test_light_blur_and_compression_grow_with_their_amounts() -> None:
    """Brighter is brighter, a higher exponent darker, more blur smoother, less quality further."""
    rgb = cv2.GaussianBlur(noise((90, 90)), (0, 0), 3.0)

    def of(name: str, measure: str) -> list[float]:
        out = []
        for amount in DISTORTIONS[name].amounts:
            changed = apply(name, cast(Rgb, rgb), amount)[0].astype(float)
            off = np.abs(changed - rgb).mean()
            out.append({"mean": changed.mean(), "spread": changed.std(), "off": off}[measure])
        return out

    assert of("brightness", "mean") == sorted(of("brightness", "mean"))
    assert of("gamma", "mean") == sorted(of("gamma", "mean"), reverse=True)
    assert of("blur", "spread") == sorted(of("blur", "spread"), reverse=True)
    off = dict(zip(DISTORTIONS["JPEG"].amounts, of("JPEG", "off"), strict=True))
    assert off[5] > off[20] > off[80] > off[100] == 0


@pytest.mark.parametrize("distortion", DISTORTIONS.values(), ids=DISTORTIONS)
def test_amounts_rise(distortion: Distortion) -> None:
    """Curves are walked from one to the next."""
    assert list(distortion.amounts) == sorted(set(distortion.amounts))


def test_the_point_where_accuracy_falls_is_between_its_neighbours() -> None:
    """Walked from the start to either side, the first fall counts, interpolated."""
    pytest.importorskip("matplotlib", reason="reports are made on a workstation")
    from train.evaluate.tolerance import fall

    points = [(-2.0, 0.95), (-1.0, 0.8), (0.0, 1.0), (1.0, 0.95), (2.0, 0.85)]
    assert fall(points, 0.0, 0.9) == (pytest.approx(-0.5), pytest.approx(1.5))
    assert fall(points, 0.0, 0.5) == (None, None)
    assert fall(points, None, 0.9) == fall(points, 0.0, 0.9)
    assert fall(points, -1.0, 0.9) == (-1.0, -1.0)


def test_the_sample_is_even_and_the_same_each_time() -> None:
    """As many photographs of each set, labels evenly, none without a sign, the same by seed."""
    pytest.importorskip("matplotlib", reason="reports are made on a workstation")
    from train.evaluate.robustness import sample

    found = [
        Photo(f"{dataset}/{label}{i}", label, dataset, "a", "")
        for dataset in ("lee", "multiuser")
        for label, count in (("A", 90), ("B", 10), ("C", 10), (NO_LETTER, 50))
        for i in range(count)
    ]
    chosen = sample(found, 12)
    assert len(chosen) == 24
    for dataset in ("lee", "multiuser"):
        labels = [photo.label for photo in chosen if photo.dataset == dataset]
        assert {label: labels.count(label) for label in "ABC"} == dict.fromkeys("ABC", 4)
    assert sample(found, 12) == chosen
    assert sample(found, 12, seed=8) != chosen


def test_figures_keep_enlarged_photographs_apart() -> None:
    """Of twenty hands, half too low for 100 px: those are kept apart, and all losses are there."""
    pytest.importorskip("matplotlib", reason="reports are made on a workstation")
    from train.evaluate.robustness import CONDITIONS
    from train.evaluate.tolerance import blocks, figures
    from train.report.document import markdown

    heights = np.array([90.0] * 10 + [110.0] * 10)
    right = np.ones((20, len(CONDITIONS)), bool)
    right[:10, CONDITIONS.index(("hand height", 100.0))] = False
    right[:, CONDITIONS.index(("turn", 30.0))] = False
    right[0] = False
    result = figures(["lee"] * 20, CONDITIONS, right, heights.tolist())
    assert result["as it came"]["accuracy"] == 0.95
    steps = {s["amount"]: s for s in result["distortions"]["hand height"]["steps"]}
    assert steps[100.0]["accuracy"] == 0.5
    assert steps[100.0]["relative"] == pytest.approx(0.5 / 0.95)
    assert steps[100.0]["enlarged"] == 0.5
    assert steps[100.0]["not enlarged"]["accuracy"] == 1
    assert steps[150.0]["not enlarged"] == {"photographs": 0}
    turn = result["distortions"]["turn"]
    low, high = turn["under 90%"]["mean"]
    assert low is None
    assert high == pytest.approx(20 + 10 * 0.05 / 0.95)
    text = markdown(blocks(result))
    assert "| turn | degrees, clockwise on screen | above 20.5 |" in text
    assert "![What light" in text


@pytest.mark.slow
def test_a_drawn_hand_is_followed_through_every_distortion(
    hand_models: Path, tmp_path: Path
) -> None:
    """One photograph gives a row a condition; slight conditions find the hand where it
    was, a turned hand is slanted by as much, and the hand is judged by where it was before."""
    pytest.importorskip("matplotlib", reason="reports are made on a workstation")
    from edge.detectors import open_detector
    from edge.sources import open_source
    from train.evaluate.robustness import CONDITIONS, rows_of

    frame = next(
        f for f in open_source("signer:B?seed=4").frames() if f.truth and f.truth.label == "B"
    )
    assert frame.truth is not None
    assert frame.truth.hand is not None
    photo = Photo("drawn", "B", "lee", "signer", "", frame.truth.hand.box_px)
    rows, height_px = rows_of(open_detector("mediapipe:full"), frame.rgb, photo)
    true = frame.truth.hand.box_px
    assert height_px == pytest.approx(true.y1 - true.y0, rel=0.2)
    assert len(rows) == len(CONDITIONS)
    missed = {condition for condition, m in zip(CONDITIONS, rows.missed, strict=True) if m}
    slight = {("brightness", 0.6), ("gamma", 1.6), ("blur", 1.0), ("JPEG", 80.0), ("turn", 10.0)}
    assert not missed & (slight | {("", 0.0), ("mirror", 1.0), ("hand height", 200.0)})
    plain, turned = rows.xyz[0, 0], rows.xyz[CONDITIONS.index(("turn", 20.0)), 0]

    def slant(xyz: np.ndarray) -> float:
        x, y = (xyz[9] - xyz[0])[:2]
        return float(np.degrees(np.arctan2(x, -y)))

    assert slant(turned) - slant(plain) == pytest.approx(20, abs=6)
