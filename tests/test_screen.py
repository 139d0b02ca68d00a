"""The screen: what it shows at any size, and what its keys do in a real window."""

# ruff: noqa: E402 (pygame is an extra: without it, nothing below can be imported)

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.sample_results import hand, prediction, result

pygame = pytest.importorskip("pygame", reason="needs pip install 'fingerspell[screen]'")

from edge.errors import SinkError, UsageError
from edge.sinks import open_sink
from edge.sinks.screen import panels
from edge.sinks.screen.layout import WIDEST, Layout, arrange
from edge.sinks.screen.lettering import wrap, wrap_on
from edge.sinks.screen.picture import draw_hand, scaled
from edge.types import End, Monitor, Result, Rgb, Vitals

ROOT = Path(__file__).resolve().parent.parent
SIZES = [(640, 480), (800, 480), (1280, 720), (1920, 1080), (3840, 2160), (720, 1280), (1080, 1920)]
RED, BLUE = (220, 40, 30), (30, 60, 220)


def halves(width: int = 640, height: int = 480) -> Rgb:
    """A frame whose left half is red and whose right half is blue."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:, : width // 2], rgb[:, width // 2 :] = RED, BLUE
    return rgb


def near(image: Rgb, colour: tuple[int, int, int], within: int = 12) -> npt.NDArray[np.bool_]:
    """Which pixels have that colour, nearly."""
    return (np.abs(image.astype(int) - colour) <= within).all(axis=-1)


def cut(image: Rgb, rect: pygame.Rect) -> Rgb:
    """The part of a window's picture within the rectangle."""
    return image[rect.top : rect.bottom, rect.left : rect.right]


def extent(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Width and height of what is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert rows.size, "nothing of that colour"
    return int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)


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


# What is shown, without a window.


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
    assert extent(near(card, panels.INK, 60))[1] >= size_px[1] / 4
    assert extent(near(cut(pixels, layout.text), panels.INK, 60))[1] >= size_px[1] / 12
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
    ink = near(card, panels.INK, 60)
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
    ink = near(card, panels.INK, 60)
    assert extent(ink)[0] > 0.5 * layout.letter.w or label == "go"
    assert not ink[:, : layout.gap_px // 2].any()
    assert not ink[:, -layout.gap_px // 2 :].any()


def test_the_bar_is_as_long_as_the_score(show: Callable[[str], Shown]) -> None:
    """Half a score is half a bar."""
    screen = show("1280x720")
    lengths = []
    for index, score in enumerate([1.0, 0.5, 0.25]):
        pixels, layout = screen.after(result(index, reading=prediction("A", score)))
        bar = near(cut(pixels, layout.score), panels.ACCENT)
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
        return bool(near(card, panels.ACCENT).any())

    assert not coloured(result(0, reading=reading))
    assert coloured(result(1, reading=reading, events=(("letter", "A"),), text="A"))
    assert coloured(result(5, reading=reading, text="A"))
    assert not coloured(result(30, reading=reading, text="A"))


def test_a_drawn_letter_is_shown_though_the_pose_is_another_s(show: Callable[[str], Shown]) -> None:
    """J is told from a path that ends in an I: for a moment the card shows the J in colour."""
    screen = show("1280x720")
    pose = prediction("I", 0.9)
    drawn = replace(pose, scores={**pose.scores, "J": 0.0})

    def card(*results: Result) -> np.ndarray:
        pixels, layout = screen.after(*results)
        return cut(pixels, layout.letter)[: layout.score.top - layout.letter.top].copy()

    i = card(result(0, reading=drawn))
    j = card(result(1, reading=drawn, events=(("letter", "J"),), text="J"))
    assert near(j, panels.ACCENT).any()
    assert not near(i, panels.ACCENT).any()
    assert not np.array_equal(near(i, panels.INK), near(j, panels.ACCENT))
    np.testing.assert_array_equal(card(result(30, reading=drawn, text="J")), i)


def test_a_hand_is_asked_for_only_after_a_while(show: Callable[[str], Shown]) -> None:
    """A hand lost for a moment is no reason to speak up."""
    screen = show("1280x720")

    def asked(*results: Result) -> bool:
        pixels, layout = screen.after(*results)
        card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
        return bool(near(card, panels.QUIET).any() and not near(card, panels.INK).any())

    assert not asked(result(0), result(20))
    assert asked(result(50))
    assert not asked(result(51, hands=(hand(9, 9, 9),), reading=prediction("A", 0.9)))
    assert not asked(result(60))
    assert asked(result(120))


def test_without_a_picture_it_says_so_until_there_is_one(show: Callable[[str], Shown]) -> None:
    """The last picture goes dark, the text stays, and below it stands what is wrong."""
    screen = show("1280x720,no-mirror")
    last = result(
        0, rgb=halves(), hands=(hand(350, 200, 200),), reading=prediction("W", 0.9), text="HI"
    )
    before, layout = screen.after(last)
    lost = Vitals(trouble="usb:0 was lost; check its cable", waited_s=0.5)
    assert screen.sink.note(lost) is None
    ill = pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2)
    middle = cut(ill, layout.picture)[layout.picture.h // 2]
    assert 0 < middle.max() < 100
    np.testing.assert_array_equal(cut(ill, layout.text), cut(before, layout.text))
    assert near(cut(ill, layout.footer), panels.QUIET, 60).any()
    assert not near(cut(ill, layout.letter), panels.INK).any()
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
    cursor = near(text, panels.ACCENT)
    assert extent(cursor)[1] >= layout.text_cap_px
    columns = np.flatnonzero(cursor.any(axis=0))
    rows = np.flatnonzero(cursor.any(axis=1))
    assert rows[0] > text.shape[0] / 2  # on the last of the two lines
    ink = near(text[rows[0] : rows[-1] + 1], panels.INK, 60)
    assert np.flatnonzero(ink.any(axis=0))[-1] < columns[0]
    assert near(text[: rows[0] - 10], panels.INK).any()


def test_options_hide_what_is_not_wanted(show: Callable[[str], Shown]) -> None:
    """A kiosk without a keyboard shows no keys; a picture may be shown without the bones."""
    moment = result(rgb=halves(), hands=(hand(100, 100, 300),), reading=prediction("A", 0.9))
    pixels, layout = show("1280x720").after(moment)
    assert near(cut(pixels, layout.footer), panels.TRACK).any()
    assert near(cut(pixels, layout.picture), panels.ACCENT).any()
    pygame.display.quit()
    pixels, layout = show("1280x720,no-hints,no-skeleton").after(moment)
    assert not near(cut(pixels, layout.footer), panels.TRACK).any()
    assert not near(cut(pixels, layout.picture), panels.ACCENT).any()


@pytest.mark.parametrize(
    "rest", ["ful", "full,", "no-", "99x99", "1280x", "mirror=no", "no-640x480"]
)
def test_an_unknown_option_is_told_with_those_that_exist(rest: str) -> None:
    """One line that mends it."""
    with pytest.raises(UsageError, match="full, mirror, skeleton, hints"):
        open_sink(f"screen:{rest}")


@pytest.mark.parametrize("display", [None, ":4711"])
def test_without_a_display_it_says_what_to_do(display: str | None) -> None:
    """One line, and nothing from the libraries beside it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SDL_")}
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    if display:
        environment["DISPLAY"] = display
    script = "try:\n    open_sink('screen')\nexcept SinkError as error:\n    print(error)"
    run = subprocess.run(
        [sys.executable, "-c", f"from edge.sinks import *\nfrom edge.errors import *\n{script}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith("no display for the window")
    assert "--sink jsonl:-" in run.stdout
    assert run.stdout.count("\n") == 1
    assert run.stderr == ""


def test_a_display_that_refuses_a_window_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that does not exist is named."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "etchasketch")
    with pytest.raises(SinkError, match=r"no display for the window .*etchasketch"):
        open_sink("screen")


# A real window, under a virtual display.

TOOLS = ("Xvfb", "openbox", "xdotool", "import")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
real = pytest.mark.skipif(
    bool(MISSING),
    reason=f"needs {', '.join(MISSING)}: apt-get install xvfb openbox xdotool imagemagick",
)
DISPLAY_PX = (1366, 768)

PROGRAM = """
import sys, time
sys.path.insert(0, ".")
import pygame
from tests.test_screen import halves
from tests.sample_results import hand, prediction, result
from edge.sinks import open_sink
from edge.types import End
sink = open_sink("screen:" + sys.argv[1])
text, index = "HELLO WORLD", 0
seen = {"rgb": halves(), "hands": (hand(40, 100, 250),), "reading": prediction("A", 0.9)}
while True:
    request = sink.write(result(index, text=text, **seen))
    if index == 0:
        print(pygame.display.get_wm_info()["window"], flush=True)
    index += 1
    if request == "clear":
        text = ""
    if request == "quit":
        break
    time.sleep(0.02)
sink.close(End(text, index, 0))
print("quit with", repr(text))
"""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A virtual display with a window manager; its name."""
    reading, writing = os.pipe()
    size = f"{DISPLAY_PX[0]}x{DISPLAY_PX[1]}x24"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with open(reading) as pipe:
        name = f":{pipe.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"],
        env={**os.environ, "DISPLAY": name},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield name
    for process in (manager, server):
        process.terminate()
        process.wait(timeout=30)


class Window:
    """A screen sink at work in its own process, looked at and typed into from outside."""

    def __init__(self, display: str, options: str) -> None:
        self._env = {k: v for k, v in os.environ.items() if not k.startswith("SDL_")}
        self._env["DISPLAY"] = display
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, options],
            cwd=ROOT,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_open(self) -> None:
        """Waits for the first frame, and gives the window the keyboard."""
        assert self.process.stdout is not None
        self.id = self.process.stdout.readline().strip()
        self.do("windowfocus", "--sync", self.id)

    def do(self, *arguments: str) -> str:
        """Runs xdotool."""
        run = subprocess.run(
            ["xdotool", *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return run.stdout

    def look(self, window: str | None = None) -> Rgb:
        """The window's pixels, (H, W, 3); or those of the whole display for "root"."""
        run = subprocess.run(
            ["import", "-silent", "-window", window or self.id, "-depth", "8", "bmp:-"],
            env=self._env,
            capture_output=True,
            check=True,
            timeout=10,  # where the window has just gone, it waits for a click on another
        )
        bgr = cv2.imdecode(np.frombuffer(run.stdout, np.uint8), cv2.IMREAD_COLOR)
        assert bgr is not None
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8)

    def wait_for(self, seen: Callable[[Rgb, Layout], bool], window: str | None = None) -> Rgb:
        """Looks until it is seen."""
        patience_s = time.monotonic() + 60
        while True:
            try:
                pixels = self.look(window)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
                pass  # no window for the moment: it is being opened anew
            else:
                if seen(pixels, arrange((pixels.shape[1], pixels.shape[0]), 4 / 3)):
                    return pixels
            assert self.process.poll() is None, "the program has ended"
            assert time.monotonic() < patience_s, "never seen"
            time.sleep(0.1)

    def end(self) -> tuple[str, str, int]:
        """What it printed on its way out, and its status."""
        out, err = self.process.communicate(timeout=60)
        return out, err, self.process.returncode


@pytest.fixture
def opened(display: str) -> Iterator[Callable[[str], Window]]:
    """Opens windows, and sees to it that none is left."""
    windows: list[Window] = []

    def open_window(options: str) -> Window:
        windows.append(Window(display, options))
        windows[-1].wait_until_open()
        return windows[-1]

    yield open_window
    for window in windows:
        if window.process.poll() is None:
            window.process.kill()
            window.process.communicate()


def mirrored(pixels: Rgb, layout: Layout) -> bool:
    """Blue, the right half of the frame, is on the left."""
    picture = cut(pixels, layout.picture)
    return bool(near(picture[-20, 20], BLUE) and near(picture[-20, -20], RED))


def plain(pixels: Rgb, layout: Layout) -> bool:
    """Red, the left half of the frame, is on the left."""
    picture = cut(pixels, layout.picture)
    return bool(near(picture[-20, 20], RED) and near(picture[-20, -20], BLUE))


@real
def test_a_key_mirrors_the_picture_and_never_the_text(opened: Callable[[str], Window]) -> None:
    """The colours are right, M swaps the picture's sides, and every letter stays as it is."""
    window = opened("800x600")
    before = window.wait_for(mirrored)
    window.do("key", "m")
    after = window.wait_for(plain)
    layout = arrange((800, 600), 4 / 3)
    for part in (layout.text, layout.letter):
        assert near(cut(before, part), panels.INK).any()
        assert (cut(before, part) == cut(after, part)).all()
    window.do("key", "m")
    window.wait_for(mirrored)


@real
def test_a_key_hides_and_shows_the_skeleton(opened: Callable[[str], Window]) -> None:
    """S takes bones and box away, and brings them back."""

    def bones(pixels: Rgb, layout: Layout) -> bool:
        return bool(near(cut(pixels, layout.picture), panels.ACCENT).any())

    window = opened("800x600")
    window.wait_for(bones)
    window.do("key", "s")
    window.wait_for(lambda pixels, layout: not bones(pixels, layout) and mirrored(pixels, layout))
    window.do("key", "s")
    window.wait_for(bones)


@real
def test_a_key_clears_the_text_and_another_quits(opened: Callable[[str], Window]) -> None:
    """C empties the text for the whole run, not on the screen alone."""

    def text(pixels: Rgb, layout: Layout) -> bool:
        return bool(near(cut(pixels, layout.text), panels.INK).any())

    window = opened("800x600")
    window.wait_for(text)
    window.do("key", "c")
    window.wait_for(lambda pixels, layout: not text(pixels, layout) and mirrored(pixels, layout))
    window.do("key", "q")
    assert window.end() == ("quit with ''\n", "", 0)


@real
@pytest.mark.parametrize("key", ["q", "Escape", "alt+F4"])
def test_the_window_closes_when_asked(opened: Callable[[str], Window], key: str) -> None:
    """By either key, and by the window manager's close button."""
    window = opened("640x480")
    window.wait_for(mirrored)
    window.do("key", key)
    assert window.end() == ("quit with 'HELLO WORLD'\n", "", 0)


@real
def test_a_key_fills_the_whole_display_and_gives_it_back(opened: Callable[[str], Window]) -> None:
    """Full screen is the full screen: no frame, no other proportions; then the old size again."""
    window = opened("800x600")
    window.wait_for(mirrored)
    window.do("key", "f")
    pixels = window.wait_for(mirrored, "root")
    assert pixels.shape == (DISPLAY_PX[1], DISPLAY_PX[0], 3)
    for corner in (pixels[:3, :3], pixels[:3, -3:], pixels[-3:, :3], pixels[-3:, -3:]):
        assert near(corner, panels.GROUND, 2).all()
    window.do("key", "f")
    window.wait_for(
        lambda pixels, layout: pixels.shape == (600, 800, 3) and mirrored(pixels, layout)
    )
    window.do("windowfocus", "--sync", window.id)
    window.do("key", "q")
    assert window.end()[2] == 0


@real
def test_full_screen_from_the_start(opened: Callable[[str], Window]) -> None:
    """`screen:full` needs no key, and Q ends it."""
    window = opened("full,no-mirror")
    assert window.wait_for(plain, "root").shape == (DISPLAY_PX[1], DISPLAY_PX[0], 3)
    window.do("key", "q")
    assert window.end()[2] == 0


@real
@pytest.mark.parametrize("size_px", [(1000, 500), (420, 700), (320, 240)])
def test_a_resized_window_is_laid_out_anew(
    opened: Callable[[str], Window], size_px: tuple[int, int]
) -> None:
    """Wider, taller or smaller: everything finds its new place."""
    window = opened("800x600")
    window.wait_for(mirrored)
    window.do("windowsize", window.id, str(size_px[0]), str(size_px[1]))
    pixels = window.wait_for(
        lambda pixels, layout: (
            pixels.shape == (size_px[1], size_px[0], 3) and mirrored(pixels, layout)
        )
    )
    layout = arrange(size_px, 4 / 3)
    card = cut(pixels, layout.letter)[: layout.score.top - layout.letter.top]
    assert extent(near(card, panels.INK, 60))[1] >= size_px[1] / 4


@real
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_it(opened: Callable[[str], Window], name: str) -> None:
    """SDL does not swallow Ctrl-C or the service manager's request to stop."""
    window = opened("640x480")
    window.wait_for(mirrored)
    window.process.send_signal(getattr(signal, name))
    out, err, status = window.end()
    if name == "SIGINT":
        assert "KeyboardInterrupt" in err
    else:
        assert (out, status) == ("quit with 'HELLO WORLD'\n", 0) or status == -signal.SIGTERM


def test_close_gives_the_display_back(show: Callable[[str], Shown]) -> None:
    """After the last word there is no window."""
    screen = show("640x480")
    screen.after(result())
    screen.sink.close(End("", 1, 0))
    assert not pygame.display.get_init()
