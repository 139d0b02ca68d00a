"""What the screen shows, at any size, without a display."""

# ruff: noqa: E402 (pygame is an extra: without it, nothing below can be imported)

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.support.sample_results import hand, prediction, result

pygame = pytest.importorskip("pygame", reason="needs pip install 'fingerspell[screen]'")

from edge.errors import UsageError
from edge.sinks import open_sink
from edge.sinks._window import colours
from edge.sinks.screen.layout import Layout, arrange
from edge.stages import Monitor
from edge.types import End, Result, Rgb, Status, Vitals
from tests.support.seen import BLUE, RED, cut, extent, halves, near

SIZES = [(640, 480), (800, 480), (1280, 720), (1920, 1080), (3840, 2160), (720, 1280), (1080, 1920)]


class Shown:
    """A screen without a display, and what it shows."""

    def __init__(self, options: str) -> None:
        opened = open_sink(f"screen:{options}")
        assert isinstance(opened, Monitor)
        self.sink = opened

    def after(self, *results: Result) -> tuple[Rgb, Layout]:
        """The window's (H, W, 3) pixels after these results, and where things are in it."""
        for one in results:
            self.sink.write(one)
        window = pygame.display.get_surface()
        height, width = results[-1].frame.rgb.shape[:2]
        pixels = pygame.surfarray.array3d(window).transpose(1, 0, 2)
        return pixels, arrange(window.get_size(), width / height)


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Shown]]:
    """Opens a screen with these options."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield Shown
    pygame.display.quit()


@pytest.mark.parametrize("size_px", SIZES)
def test_letter_text_and_picture_at_every_size(
    show: Callable[[str], Shown], size_px: tuple[int, int]
) -> None:
    """Measured in pixels: the letter, the text, and the picture's colours and proportions."""
    rgb = halves()
    rgb[100:200, 100:200] = (250, 250, 20)
    screen = show(f"{size_px[0]}x{size_px[1]},no-mirror")
    pixels, layout = screen.after(
        result(rgb=rgb, hands=(hand(350, 200, 200),), reading=prediction("W", 0.9), text="NOW W")
    )
    assert pixels.shape == (size_px[1], size_px[0], 3)
    card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
    assert extent(near(card, colours.INK, 60))[1] >= size_px[1] / 4
    assert extent(near(cut(pixels, layout.text), colours.INK, 60))[1] >= size_px[1] / 12
    picture = cut(pixels, layout.picture)
    square_w, square_h = extent(near(picture, (250, 250, 20)))
    assert square_w == pytest.approx(square_h, abs=2)
    assert square_w == pytest.approx(picture.shape[1] * 100 / 640, abs=1 + picture.shape[1] / 640)
    assert near(picture[picture.shape[0] // 2, 20], RED)
    assert near(picture[20, -20], BLUE)


@pytest.mark.parametrize("label", list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
def test_every_letter_and_digit_is_tall_enough(show: Callable[[str], Shown], label: str) -> None:
    """None is smaller than a quarter of the window, and none leaves its card."""
    pixels, layout = show("640x480").after(result(reading=prediction(label, 0.9)))
    card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
    ink = near(card, colours.INK, 60)
    assert extent(ink)[1] >= 120
    assert not ink[:2].any()
    assert not ink[:, :2].any()
    assert not ink[:, -2:].any()
    assert not ink[-2:].any()


@pytest.mark.parametrize(
    "label", ["go", "hello", "thank you", "a gesture with a name that is very long"]
)
@pytest.mark.parametrize("size", ["640x480", "720x1280"])
def test_a_gesture_s_name_fits_its_card(
    show: Callable[[str], Shown], size: str, label: str
) -> None:
    """A whole word is smaller than a letter, all of it is there, and none of it leaves the card."""
    pixels, layout = show(size).after(result(reading=prediction(label, 0.9)))
    card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
    ink = near(card, colours.INK, 60)
    assert extent(ink)[0] > 0.5 * layout.letter.w or label == "go"
    assert not ink[:, : layout.gap_px // 2].any()
    assert not ink[:, -layout.gap_px // 2 :].any()


def test_the_bar_is_as_long_as_the_score(show: Callable[[str], Shown]) -> None:
    """Half a score is half a bar."""
    screen = show("1280x720")
    lengths = []
    for index, score in enumerate([1.0, 0.5, 0.25]):
        pixels, layout = screen.after(result(index, reading=prediction("A", score)))
        bar = near(cut(pixels, layout.score), colours.ACCENT)
        lengths.append(extent(bar)[0])
    assert lengths[1] == pytest.approx(lengths[0] / 2, abs=2)
    assert lengths[2] == pytest.approx(lengths[0] / 4, abs=2)


def test_a_letter_that_was_just_taken_is_shown_in_colour_for_a_moment(
    show: Callable[[str], Shown],
) -> None:
    """Whoever signs sees that the letter counted, and that it has passed."""
    screen = show("1280x720")
    reading = prediction("A", 0.9)

    def coloured(*results: Result) -> bool:
        pixels, layout = screen.after(*results)
        card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
        return bool(near(card, colours.ACCENT).any())

    assert not coloured(result(0, reading=reading))
    assert coloured(result(1, reading=reading, events=(("letter", "A"),), text="A"))
    assert coloured(result(5, reading=reading, text="A"))
    assert not coloured(result(30, reading=reading, text="A"))


def test_a_recording_that_begins_at_zero_shows_its_first_letters(
    show: Callable[[str], Shown],
) -> None:
    """Before any letter was written, the hand's letter is shown, whatever the time stamp."""
    first = result(reading=prediction("A", 0.9), start_ns=0)
    pixels, layout = show("1280x720").after(first)
    assert near(cut(pixels, layout.letter), colours.INK, 60).any()


def test_a_drawn_letter_is_shown_though_the_pose_is_another_s(show: Callable[[str], Shown]) -> None:
    """J is read from a trajectory that ends in an I: for a moment the card shows J in colour."""
    screen = show("1280x720")
    drawn = prediction("I", 0.9)  # J has no score

    def card(*results: Result) -> np.ndarray:
        pixels, layout = screen.after(*results)
        return cut(pixels, layout.letter)[: layout.score.top - layout.letter.top].copy()

    i = card(result(0, reading=drawn))
    j = card(result(1, reading=drawn, events=(("letter", "J"),), text="J"))
    assert near(j, colours.ACCENT).any()
    assert not near(i, colours.ACCENT).any()
    assert not np.array_equal(near(i, colours.INK), near(j, colours.ACCENT))
    np.testing.assert_array_equal(card(result(30, reading=drawn, text="J")), i)


def test_what_a_recording_shows_is_a_status(show: Callable[[str], Shown]) -> None:
    """Its word stands large, and the bar shows how much is over; no letter is shown beside it."""
    screen = show("1280x720")
    bars = []
    for index, progress in enumerate([1.0, 0.5]):
        pixels, layout = screen.after(result(index, status=Status("go", progress)))
        card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
        assert near(card, colours.INK, 60).any()
        bars.append(extent(near(cut(pixels, layout.score), colours.ACCENT))[0])
    assert bars[1] == pytest.approx(bars[0] / 2, abs=2)


def test_without_a_prediction_there_is_no_bar(show: Callable[[str], Shown]) -> None:
    """A hand of which nothing is read has no score either."""
    pixels, layout = show("1280x720").after(result(0, hands=(hand(9, 9, 9),)))
    assert not near(cut(pixels, layout.score), colours.ACCENT).any()


def test_a_hand_is_asked_for_only_after_a_while(show: Callable[[str], Shown]) -> None:
    """A hand lost for a moment is no reason to speak up."""
    screen = show("1280x720")

    def hinted(*results: Result) -> bool:
        pixels, layout = screen.after(*results)
        card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
        return bool(near(card, colours.QUIET).any() and not near(card, colours.INK).any())

    assert not hinted(result(0), result(20))
    assert hinted(result(50))
    assert not hinted(result(51, hands=(hand(9, 9, 9),), reading=prediction("A", 0.9)))
    assert not hinted(result(60))
    assert hinted(result(120))


def test_without_a_picture_it_says_so_until_there_is_one(show: Callable[[str], Shown]) -> None:
    """The last picture goes dark, the text stays, and below it stands what is wrong."""
    screen = show("1280x720,no-mirror")
    last = result(
        0, rgb=halves(), hands=(hand(350, 200, 200),), reading=prediction("W", 0.9), text="HI"
    )
    before, layout = screen.after(last)
    lost = Vitals(trouble="usb:0 was lost; check its cable", waited_s=0.5)
    assert screen.sink.note(lost) is None
    dark = pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2)
    middle = cut(dark, layout.picture)[layout.picture.h // 2]
    assert 0 < middle.max() < 100
    np.testing.assert_array_equal(cut(dark, layout.text), cut(before, layout.text))
    assert near(cut(dark, layout.footer), colours.QUIET, 60).any()
    assert not near(cut(dark, layout.letter), colours.INK).any()
    after, _ = screen.after(last, last)
    np.testing.assert_array_equal(cut(after, layout.picture), cut(before, layout.picture))
    np.testing.assert_array_equal(cut(after, layout.letter), cut(before, layout.letter))
    assert screen.sink.note(Vitals(fps=30.0)) is None  # it is well: nothing is drawn
    well = pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2)
    np.testing.assert_array_equal(well, after)


def test_a_window_without_any_picture_yet_can_be_closed(show: Callable[[str], Shown]) -> None:
    """A camera that is waited for does not hold the keys up."""
    screen = show("1280x720")
    missing = Vitals(trouble="there is no camera usb:0", waited_s=5.0)
    assert screen.sink.note(missing) is None
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_q))
    assert screen.sink.note(missing) == "quit"


def test_a_kiosk_s_visitors_cannot_close_it(show: Callable[[str], Shown]) -> None:
    """With no-quit neither a key nor the window's frame does, and no hint speaks of it."""
    screen = show("1280x720,no-quit")
    with_hint, layout = show("1280x720").after(result(0))
    without, _ = screen.after(result(0))
    for key in (pygame.K_q, pygame.K_ESCAPE):
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert screen.sink.write(result(1)) is None
    assert not np.array_equal(cut(with_hint, layout.footer), cut(without, layout.footer))


def test_an_ill_picture_is_shown_with_what_is_wrong(show: Callable[[str], Shown]) -> None:
    """Black or frozen ones still come: they are drawn as ever, and the footer says why."""
    screen = show("1280x720,no-hints")
    screen.after(result(0, rgb=halves()))
    screen.sink.note(Vitals(trouble="usb:0 gives black pictures", fps=30.0))
    before, layout = screen.after(result(1, rgb=halves()))
    assert near(cut(before, layout.picture), RED).any()
    screen.sink.note(Vitals(fps=30.0))
    after, _ = screen.after(result(2, rgb=halves()))
    assert not np.array_equal(cut(before, layout.footer), cut(after, layout.footer))


def test_of_a_long_text_the_last_lines_are_shown(show: Callable[[str], Shown]) -> None:
    """What was spelled last is in view, with the cursor behind it."""
    screen = show("1280x720")
    pixels, layout = screen.after(result(0, text="HELLO THERE " * 40 + "IIII"))
    text = cut(pixels, layout.text)
    cursor = near(text, colours.ACCENT)
    assert extent(cursor)[1] >= layout.text_cap_px
    columns = np.flatnonzero(cursor.any(axis=0))
    rows = np.flatnonzero(cursor.any(axis=1))
    assert rows[0] > text.shape[0] / 2  # on the last of the two lines
    ink = near(text[rows[0] : rows[-1] + 1], colours.INK, 60)
    assert np.flatnonzero(ink.any(axis=0))[-1] < columns[0]
    assert near(text[: rows[0] - 10], colours.INK).any()


def test_options_hide_what_is_not_wanted(show: Callable[[str], Shown]) -> None:
    """A kiosk without a keyboard shows no keys; a picture may be shown without the bones."""
    moment = result(rgb=halves(), hands=(hand(100, 100, 300),), reading=prediction("A", 0.9))
    pixels, layout = show("1280x720").after(moment)
    assert near(cut(pixels, layout.footer), colours.TRACK).any()
    assert near(cut(pixels, layout.picture), colours.ACCENT).any()
    pygame.display.quit()
    pixels, layout = show("1280x720,no-hints,no-skeleton").after(moment)
    assert not near(cut(pixels, layout.footer), colours.TRACK).any()
    assert not near(cut(pixels, layout.picture), colours.ACCENT).any()


@pytest.mark.parametrize(
    "rest", ["ful", "full,", "no-", "99x99", "1280x", "mirror=no", "no-640x480"]
)
def test_an_unknown_option_is_told_with_those_that_exist(rest: str) -> None:
    """One line that mends it."""
    with pytest.raises(UsageError, match="full, mirror, skeleton, hints"):
        open_sink(f"screen:{rest}")


def test_close_gives_the_display_back(show: Callable[[str], Shown]) -> None:
    """After the last word there is no window."""
    screen = show("640x480")
    screen.after(result())
    screen.sink.close(End("", 1, 0))
    assert not pygame.display.get_init()
