"""The screen in a real window on a display: its keys, its sizes, its end, and no display at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("pygame", reason="needs pip install 'fingerspell[screen]'")

from edge.errors import SinkError
from edge.sinks import open_sink
from edge.sinks._window import colours
from edge.sinks.screen.layout import Layout, arrange
from edge.types import Rgb
from tests.support.command_line import command, environment, events
from tests.support.seen import BLUE, RED, cut, extent, near

ROOT = Path(__file__).resolve().parents[2]


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
from tests.support.command_line import command, environment, events
from tests.support.seen import halves
from tests.support.sample_results import hand, prediction, result
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


def x_server() -> tuple[subprocess.Popen[bytes], str]:
    """A virtual display without a window manager, and its name."""
    reading, writing = os.pipe()
    size = f"{DISPLAY_PX[0]}x{DISPLAY_PX[1]}x24"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with open(reading) as pipe:
        return server, f":{pipe.readline().strip()}"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A virtual display with a window manager; its name."""
    server, name = x_server()
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
        assert near(cut(before, part), colours.INK).any()
        assert (cut(before, part) == cut(after, part)).all()
    window.do("key", "m")
    window.wait_for(mirrored)


@real
def test_a_key_hides_and_shows_the_skeleton(opened: Callable[[str], Window]) -> None:
    """S takes bones and box away, and brings them back."""

    def bones(pixels: Rgb, layout: Layout) -> bool:
        return bool(near(cut(pixels, layout.picture), colours.ACCENT).any())

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
        return bool(near(cut(pixels, layout.text), colours.INK).any())

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
        assert near(corner, colours.GROUND, 2).all()
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
    assert extent(near(card, colours.INK, 60))[1] >= size_px[1] / 4


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


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs apt-get install xvfb")
@pytest.mark.parametrize("options", ["640x480", "full,no-quit"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_whose_x_server_ends_does_so_in_order(options: str, number: signal.Signals) -> None:
    """As when the window is closed: the other sinks get the end, and the status is 0."""
    server, name = x_server()
    source = ("--source", "signer:HELLO?live=yes&loop=yes", "--detector", "truth")
    run = subprocess.Popen(
        command(["run", *source, "--sink", f"screen:{options}", "--sink", "jsonl:-"]),
        cwd=ROOT,
        env=environment(DISPLAY=name),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert run.stdout
        assert json.loads(run.stdout.readline())["label"] == "found"
        server.send_signal(number)
        out, err = run.communicate(timeout=60)
    finally:
        for process in (run, server):
            process.kill()
            process.wait()
    assert (run.returncode, err) == (0, "")
    assert events(out)[-1]["event"] == "end"
