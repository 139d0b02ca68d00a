"""Where the screen puts its parts: the room of each, the text's lines, the joints of a hand."""

# ruff: noqa: E402 (pygame is an extra: without it, nothing below can be imported)

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.sample_results import hand

pygame = pytest.importorskip("pygame", reason="needs pip install 'fingerspell[screen]'")

from edge.sinks._picture import draw_hand, scaled
from edge.sinks._window.lettering import wrap, wrap_on
from edge.sinks.screen import panels
from edge.sinks.screen.layout import WIDEST, arrange
from tests.support.seen import BLUE, RED, halves, near

# Layout, at every size.

windows = st.tuples(st.integers(320, 3840), st.integers(240, 2160))


@given(size_px=windows, aspect=st.floats(0.5, 2.5))
def test_nothing_overlaps_and_nothing_is_cut_off(size_px: tuple[int, int], aspect: float) -> None:
    """In any window between 9:16 and 3:1, for any picture, every part has its own room."""
    assume(9 / 16 <= size_px[0] / size_px[1] <= 3)
    layout = arrange(size_px, aspect)
    parts = [layout.picture, layout.letter, layout.text, layout.footer]
    for part in parts:
        assert pygame.Rect((0, 0), size_px).contains(part)
        assert part.collidelistall(parts) == [parts.index(part)]
    assert layout.letter.contains(layout.score)
    assert layout.letter_cap_px <= layout.score.top - layout.letter.top
    assert layout.letter_cap_px * WIDEST <= layout.letter.w
    assert layout.text_lines * layout.text_cap_px <= layout.text.h


@given(size_px=windows, aspect=st.floats(0.5, 2.5))
def test_it_can_be_read_from_three_metres(size_px: tuple[int, int], aspect: float) -> None:
    """The letter has a quarter of the window's height, the text a twelfth; two lines of it."""
    assume(9 / 16 <= size_px[0] / size_px[1] <= 3)
    layout = arrange(size_px, aspect)
    assert layout.letter_cap_px >= size_px[1] / 4
    assert layout.text_cap_px >= size_px[1] / 12
    assert layout.text_lines >= 2


@given(size_px=windows, aspect=st.floats(0.5, 2.5))
def test_the_picture_is_never_distorted(size_px: tuple[int, int], aspect: float) -> None:
    """Its proportions are the frame's, to half a pixel."""
    assume(9 / 16 <= size_px[0] / size_px[1] <= 3)
    picture = arrange(size_px, aspect).picture
    assert abs(picture.w - picture.h * aspect) <= max(0.5, 0.5 * aspect) + 1e-6


# The text's lines.


def measure(text: str) -> int:
    """As if every letter were as wide as an M or an I."""
    return sum(3 if char == "I" else 10 for char in text)


texts = st.text("AIW  ", max_size=60)


@given(text=texts, width=st.integers(5, 120))
def test_wrapped_lines_fit_and_are_the_text(text: str, width: int) -> None:
    """No character is lost, none sticks out, and words stay whole where they fit."""
    lines = wrap(text, width, measure)
    assert "".join(lines) == text
    for line in lines:
        assert len(line.rstrip()) <= 1 or measure(line.rstrip()) <= width
    for line, following in pairwise(lines):
        word = following.split(" ")[0]
        assert line.endswith(" ") or measure(line + word) > width


@given(before=texts, after=texts, width=st.integers(5, 120), grows=st.booleans())
def test_lines_that_are_kept_are_as_if_wrapped_anew(
    before: str, after: str, width: int, grows: bool
) -> None:
    """Whether the text grew, was cut or is another one."""
    text = before + after if grows else after
    assert wrap_on(wrap(before, width, measure), text, width, measure) == wrap(text, width, measure)


# The picture.


@pytest.mark.parametrize("shape", [(480, 640), (720, 1280), (3000, 4001), (1, 1), (7, 900)])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_scaled_picture_has_its_sides_where_they_belong(
    shape: tuple[int, int], mirror: bool
) -> None:
    """Left is left, or right in a mirror, however much it is scaled."""
    picture = scaled(halves(shape[1], shape[0]), (553, 415), mirror)
    assert picture.shape == (415, 553, 3)
    if shape[1] > 1:
        left, right = (BLUE, RED) if mirror else (RED, BLUE)
        assert near(picture[:, :250], left).all()
        assert near(picture[:, 303:], right).all()


@pytest.mark.parametrize("mirror", [False, True])
def test_joints_are_drawn_where_the_picture_shows_them(mirror: bool) -> None:
    """A skeleton follows the picture's scale and its mirror."""
    shown = hand(100, 50, 300)
    frame = np.zeros((480, 640, 3), np.uint8)
    for x_px, y_px, _ in shown.landmarks:
        cv2.circle(frame, (round(x_px), round(y_px)), 5, (255, 0, 0), cv2.FILLED)
    bare = scaled(frame, (400, 300), mirror)
    drawn = bare.copy()
    draw_hand(drawn, shown, (640, 480), mirror, panels.ACCENT)
    joints = near(drawn, (255, 255, 255))
    assert joints.sum() > 21 * 3
    assert (bare[..., 0] > 0)[joints].mean() > 0.95


def test_a_hand_out_of_bounds_or_of_no_numbers_does_no_harm() -> None:
    """A landmark model that goes astray must not end a run of weeks."""
    picture = np.zeros((300, 400, 3), np.uint8)
    for place in (1e12, -1e12, float("nan"), float("inf")):
        draw_hand(picture, hand(place, 0, 100), (640, 480), True, panels.ACCENT)
        draw_hand(picture, hand(0, 0, place), (640, 480), True, panels.ACCENT)
