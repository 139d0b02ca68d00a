"""A hand's picture is the same square of the frame wherever it is cut out, and by whomever."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commands.run import run
from edge.config import Config
from edge.decoding.picture import read_rgb
from edge.errors import ModelError
from edge.hands.geometry import region_of_box
from edge.handshapes.pixels import Pixels, picture
from edge.models.interpreter import Model
from edge.models.manifest import BUNDLED
from edge.running.stop import Stop
from edge.sources import open_source
from edge.types import Box, Frame, Hand, Handedness, Region, Rgb
from tests.support.examples import examples
from tests.support.tiny_model import PIXELS, Kind, classifier, save

ORDERS = ("rgb", "bgr", "grey")
WIDTH, HEIGHT = 90, 70
BOXES = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    *[st.floats(-200, 200)] * 2,
    *[st.floats(1, 300)] * 2,
)
MARGINS = st.floats(0.5, 3)
SIDES = st.integers(1, 64)


def scene(seed: int = 0) -> Rgb:
    """A picture in which no two places look the same, smooth enough to be resampled."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


@given(BOXES, MARGINS)
def test_the_square_is_upright_around_the_middle_of_the_box(box: Box, margin: float) -> None:
    """Its side is the margin times the longer side of the box, which it holds from margin 1 on."""
    region = region_of_box(box, margin)
    long = max(box.x1 - box.x0, box.y1 - box.y0)
    assert region.rotation_rad == 0
    assert region.size == pytest.approx(margin * long)
    assert (region.cx, region.cy) == ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    if margin >= 1:
        half = region.size / 2 + 1e-9 * (1 + abs(region.cx) + abs(region.cy))
        assert region.cx - half <= box.x0 <= box.x1 <= region.cx + half
        assert region.cy - half <= box.y0 <= box.y1 <= region.cy + half


@examples(50)
@given(BOXES, MARGINS, SIDES, st.sampled_from(ORDERS), st.booleans())
def test_a_picture_has_its_size_and_colours_wherever_it_lies(
    box: Box, margin: float, side_px: int, order: str, flip: bool
) -> None:
    """Any square gives a whole picture of the requested size, the same one each time."""
    rgb = scene()
    region = region_of_box(box, margin)
    made = picture(rgb, region, side_px, order, flip)
    assert made.shape == (side_px, side_px, 1 if order == "grey" else 3)
    assert made.dtype == np.uint8
    assert made.flags.c_contiguous
    assert np.array_equal(made, picture(rgb, region, side_px, order, flip))
    assert np.array_equal(made, picture(rgb, region, side_px, order, not flip)[:, ::-1])


@examples(50)
@given(BOXES, MARGINS, SIDES)
def test_colours_are_those_of_the_rgb_picture(box: Box, margin: float, side_px: int) -> None:
    """Blue first is the same picture turned round; grey is OpenCV's grey of it."""
    region = region_of_box(box, margin)
    rgb, bgr, grey = (picture(scene(), region, side_px, order, False) for order in ORDERS)
    assert np.array_equal(bgr, rgb[..., ::-1])
    assert np.array_equal(grey[..., 0], cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


@examples(50)
@given(BOXES, MARGINS, SIDES)
def test_a_mirrored_hand_in_a_mirrored_picture_looks_the_same(
    box: Box, margin: float, side_px: int
) -> None:
    """A left hand's flipped picture is that of the right hand that it mirrors, but for rounding."""
    rgb = scene()
    mirror = np.ascontiguousarray(rgb[:, ::-1])
    mirrored = Box(WIDTH - box.x1, box.y0, WIDTH - box.x0, box.y1)
    left = picture(rgb, region_of_box(box, margin), side_px, "rgb", True)
    right = picture(mirror, region_of_box(mirrored, margin), side_px, "rgb", False)
    assert np.abs(left.astype(int) - right).max() <= 4  # bilinear weights are in 32nds


@pytest.mark.parametrize("times", [1, 2, 3, 8])
def test_a_square_of_whole_pixels_is_averaged_exactly(times: int) -> None:
    """Each pixel is the mean of those it covers, where it covers whole ones."""
    side_px = 24 // times
    made = picture(scene(), Region(30, 40, 24, 0), side_px, "rgb", False)
    part = scene()[28:52, 18:42].astype(float)
    mean = part.reshape(side_px, times, side_px, times, 3).mean((1, 3))
    assert np.abs(made - mean).max() <= 0.5


def test_fine_stripes_become_grey() -> None:
    """What is finer than the picture is averaged, and does not come through as coarse stripes."""
    rgb = np.zeros((480, 640, 3), np.uint8)
    rgb[:, ::2] = 255
    for size in (300, 333.3, 401, 420.5):
        made = picture(rgb, Region(320, 240, size, 0), 28, "grey", False)
        assert np.abs(made - 127.5).max() <= 20


def test_an_unknown_order_of_colours_is_an_error() -> None:
    """A slip of the pen does not become blue-first pictures."""
    with pytest.raises(KeyError, match="gray"):
        picture(scene(), Region(30, 40, 24, 0), 28, "gray", False)


def test_a_hand_without_extent_is_a_point() -> None:
    """Landmarks that all lie in one place do no harm: the picture is of one colour."""
    made = picture(scene(), region_of_box(Box(30, 40, 30, 40), 1.5), 28, "rgb", False)
    assert np.ptp(made, (0, 1)).tolist() == [0, 0, 0]


def test_what_lies_outside_the_frame_repeats_its_border() -> None:
    """A hand at the edge is no hand before a black wall."""
    rgb = np.full((50, 50, 3), 200, np.uint8)
    assert picture(rgb, Region(0, 0, 80, 0), 28, "rgb", False).min() == 200
    assert picture(rgb, Region(-500, 700, 80, 0), 28, "rgb", False).min() == 200


# --- the reader

SIDE_PX = 12
MARGIN = 1.5


def model(folder: Path, order: str = "rgb", kind: Kind = PIXELS, **fields: Any) -> Path:
    """A model that reads which colour most of the picture has: A red, B green, C blue."""
    weights = np.zeros((3, SIDE_PX, SIDE_PX, 3))
    for label, channel in enumerate({"rgb": (0, 1, 2), "bgr": (2, 1, 0)}[order]):
        weights[label, ..., channel] = 1
    given: dict[str, Any] = {
        "colour_order": order,
        "margin": MARGIN,
        "labels": ("A", "B", "C"),
        "alphabets": {"letters": ("A", "B", "C")},
    }
    return save(folder / f"{order}.json", classifier(weights, kind), **given | fields)


def sides(folder: Path) -> Path:
    """A model that reads which side of the picture is brighter: L left, R right."""
    weights = np.zeros((2, SIDE_PX, SIDE_PX, 1))
    weights[0, :, : SIDE_PX // 2] = weights[1, :, SIDE_PX // 2 :] = 1
    return save(
        folder / "sides.json",
        classifier(weights),
        colour_order="grey",
        margin=MARGIN,
        labels=("L", "R"),
        alphabets={"letters": ("L", "R")},
    )


def hand_in(box: Box, handedness: Handedness = "right") -> Hand:
    """A hand of which only its box and its side matter here."""
    landmarks = np.zeros((21, 3), np.float32)
    landmarks[:2, :2] = box[:2], box[2:]
    return Hand(landmarks, box, handedness, 1.0)


BOX = Box(20, 10, 44, 42)


@pytest.mark.parametrize("kind", [PIXELS, Kind("int8", 0.5, -128), Kind("float32")])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_a_model_is_given_its_own_order_of_colours(tmp_path: Path, order: str, kind: Kind) -> None:
    """Red is red to a model trained on blue-first pictures too, and however pixels are stored."""
    reader = Pixels(model(tmp_path, order, kind))
    for label, channel in zip("ABC", range(3), strict=True):
        rgb = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        rgb[..., channel] = 120
        prediction = reader.predict(Frame(rgb, 0, 0), hand_in(BOX))
        assert prediction.label == label
        weights = np.exp(np.array([120, 40, 40]) / 16)
        assert prediction.score == pytest.approx(weights[0] / weights.sum(), abs=0.02)


def test_the_hand_is_looked_at_and_nothing_else(tmp_path: Path) -> None:
    """Two hands in one frame are each read from their own place."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:, :45, 0] = rgb[:, 45:, 2] = 200
    reader = Pixels(model(tmp_path))
    frame = Frame(rgb, 0, 0)
    assert reader.predict(frame, hand_in(Box(10, 20, 30, 40))).label == "A"
    assert reader.predict(frame, hand_in(Box(60, 20, 80, 40))).label == "C"


def test_a_left_hand_is_read_as_the_right_one_that_it_mirrors(tmp_path: Path) -> None:
    """Mirrored, frame and hand give the very same scores."""
    rgb = scene()
    mirror = np.ascontiguousarray(rgb[:, ::-1])
    mirrored = Box(WIDTH - BOX.x1, BOX.y0, WIDTH - BOX.x0, BOX.y1)
    reader = Pixels(sides(tmp_path))
    left = reader.predict(Frame(rgb, 0, 0), hand_in(BOX, "left"))
    right = reader.predict(Frame(mirror, 0, 0), hand_in(mirrored, "right"))
    assert left == right
    assert left.label != reader.predict(Frame(rgb, 0, 0), hand_in(BOX, "right")).label


def test_two_variants_are_read_together(tmp_path: Path) -> None:
    """The logits of several variants of a hand are averaged, whatever their order."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:, :45, 0], rgb[:, 45:, 2] = 96, 32
    frame, reader = Frame(rgb, 0, 0), Pixels(model(tmp_path))
    red, blue = hand_in(Box(10, 20, 30, 40)), hand_in(Box(60, 20, 80, 40))
    weights = np.exp(np.array([96, 0, 32]) / 2 / 16)
    scores = reader.predict(frame, red, blue).scores
    assert list(scores.values()) == pytest.approx(weights / weights.sum(), abs=0.02)
    assert scores == reader.predict(frame, blue, red).scores


@pytest.fixture(scope="module")
def shown() -> Frame:
    """A frame of the signer's, with a hand in it."""
    frames = open_source("signer:B?seed=1&fps=10").frames()
    return next(frame for frame in frames if frame.truth and frame.truth.label)


@pytest.mark.parametrize("ending", ["png", "jpg"])
@pytest.mark.parametrize("handedness", ["right", "left"])
def test_training_and_reading_see_the_same_pixels(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shown: Frame,
    handedness: Handedness,
    ending: str,
) -> None:
    """What training cuts out of a file is, bit for bit, what the reader hands to its model: for a
    photograph, and for the same file as a frame of a source."""
    file = tmp_path / f"b.{ending}"
    cv2.imwrite(str(file), cv2.cvtColor(shown.rgb, cv2.COLOR_RGB2BGR))
    assert shown.truth
    assert shown.truth.hand
    hand = replace(shown.truth.hand, handedness=handedness)

    region = region_of_box(hand.box_px, MARGIN)
    trained_on = picture(read_rgb(file), region, SIDE_PX, "bgr", hand.handedness == "left")

    run, handed = Model.run, []

    def spied(self: Model, *inputs: Any) -> Any:
        handed.extend(inputs)
        return run(self, *inputs)

    monkeypatch.setattr(Model, "run", spied)
    reader = Pixels(model(tmp_path, "bgr"))
    reader.predict(Frame(read_rgb(file), 0, 0), hand)
    reader.predict(next(iter(open_source(f"images:{tmp_path}").frames())), hand)
    for given_pixels in handed:
        assert given_pixels.dtype == np.uint8
        assert np.array_equal(given_pixels, trained_on[None])
    assert len(handed) == 2


def test_a_model_that_reads_no_pixels_is_refused(tmp_path: Path) -> None:
    """The bundled model of landmarks has no picture to be given; others have no labels."""
    for path in (BUNDLED / "letters.json", model(tmp_path, labels=(), alphabets={})):
        with pytest.raises(ModelError, match="reads no labels from pixels") as error:
            Pixels(path)
        assert error.value.exit_code == 4


def test_j_and_z_of_a_live_hand_are_left_to_its_trajectory(tmp_path: Path) -> None:
    """A still may be a J as the model's pictures had it; a live hand's pose is none."""
    labels = ("J", "B", "C")
    path = model(tmp_path, labels=labels, alphabets={"letters": labels})
    frame = Frame(np.full((HEIGHT, WIDTH, 3), (200, 0, 0), np.uint8), 0, 0)
    assert Pixels(path).predict(frame, hand_in(BOX)).label == "J"
    live = Pixels(path, live=True).predict(frame, hand_in(BOX))
    assert "J" not in live.scores
    assert sum(live.scores.values()) == pytest.approx(1)


def test_a_model_of_pixels_runs_live(tmp_path: Path) -> None:
    """Through the whole loop, named by its path: what it says of the signer's hand is spelled."""
    out = tmp_path / "out.jsonl"
    weights = np.zeros((2, SIDE_PX, SIDE_PX, 3))
    weights[0] = 1  # bright, which the signer is
    words = {"labels": ("A", "none"), "alphabets": {"bright": ("A",)}}
    path = save(
        tmp_path / "bright.json", classifier(weights), colour_order="rgb", margin=MARGIN, **words
    )
    config = Config(
        source="signer:B?seed=1", detector="truth", model=str(path), sink=(f"jsonl:{out}",)
    )
    end = run(config, Stop())
    letters = [json.loads(line) for line in out.read_text().splitlines()]
    assert {line["label"] for line in letters if line["event"] == "letter"} == {"A"}
    assert set(end.text) == {"A"}
