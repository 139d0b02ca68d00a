"""`faulty:TEXT`: the signer as a camera that fails on request; for tests, drills and soaks.

    faulty:HELLO?fault=hang&after=2&live=yes
    faulty:HELLO?fault=hang,black,half&every=20&lasts=1&seed=3&state=/tmp/where

The signer's frames for TEXT are drawn once, kept, and repeated without end. They come as fast as
they are taken or, with live=yes, at their own rate, and then frames that are not taken in time are
lost. Frame.truth says what each frame shows. A fault interrupts the signer, who continues
afterwards with the next frame of the text, so that a fault loses no frame of it.

It is made for edge.capture.open_guarded, which runs it in a process that can be killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.errors import SourceError
from edge.signer import Signer, spelling
from edge.sources import VGA, Size, read_options, split_options
from edge.types import Frame, Rgb, Truth

HIDDEN = True  # not offered to users: it serves tests, drills and soaks
GUARDED = True

# The colours that the missing part of a damaged picture has in real cameras.
_GREEN_RGB = (0, 135, 0)  # of raw YUV data that is all zeros
_GREY_RGB = (128, 128, 128)  # of JPEG coefficients that are all zeros
_HOUR_NS = 3_600_000_000_000

_ENDING = ("hang", "seize", "crash", "gone", "end")  # faults after which no frame comes
_PASSING = ("frozen", "black", "half", "size", "slow", "leap")  # faults that spoil frames


@dataclass(frozen=True, slots=True)
class Options:
    """What may follow the text.

    seed: of the signer, and of the random choice of faults. size, fps, live: of the frames.
    rest: seconds without a hand, added to the end of the text.
    fault: one of these faults, or several joined by commas, of which one is chosen at random:
        hang: a read never returns. seize: a read never returns and keeps Python's lock.
        crash: the process aborts. gone: SourceError is raised. end: the frames end.
        frozen: the same picture repeats. black: the picture is black. half: the lower part of the
        picture is grey or green. size: the picture has half its width and height. slow: a frame
        comes every two seconds. leap: time stamps are an hour ahead.
    after: seconds of frames before the first fault.
    every: seconds of frames from one fault to the next, varied by half at random; 0: one fault.
    resting: faults begin only when no hand is in view, so that they interrupt no word.
    lasts: seconds of frames that a passing fault lasts; 0: until the source is opened again.
    until: a file; once it exists there are no more faults, as if the camera were repaired.
    state: a file that keeps how far the text and the faults have come, so that another process
        that opens the same URI continues there. Without it, each opening starts from the beginning.
    """

    seed: int = 0
    size: Size = VGA
    fps: float = 30.0
    live: bool = False
    rest: float = 1.0
    fault: str = ""
    after: float = 2.0
    every: float = 0.0
    resting: bool = False
    lasts: float = 0.0
    until: str = ""
    state: str = ""

    def __post_init__(self) -> None:
        unknown = set(self.faults) - {*_ENDING, *_PASSING}
        if unknown:
            known = ", ".join((*_ENDING, *_PASSING))
            raise ValueError(f"fault is {', '.join(sorted(unknown))}; there are {known}")
        if min(self.rest, self.after, self.every, self.lasts) < 0:
            raise ValueError("rest, after, every and lasts are 0 or more")
        if not 1 <= self.fps <= 240:
            raise ValueError("fps is between 1 and 240")
        if not (160 <= self.size.width <= 3840 and 120 <= self.size.height <= 2160):
            raise ValueError("size is between 160x120 and 3840x2160")
        if self.seed < 0:
            raise ValueError("seed is 0 or more")

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults to choose from."""
        return tuple(self.fault.split(",")) if self.fault else ()


def open(rest: str) -> Faulty:
    """Opens "TEXT?name=value&..."; raises UsageError for a text that cannot be spelled."""
    text, texts = split_options(rest)
    options = read_options(texts, Options)
    return Faulty(Signer(spelling(text), seed=options.seed, size=options.size), options)


class Faulty:
    """A camera with faults; each of the signer's pictures is drawn when it is first needed."""

    def __init__(self, signer: Signer, options: Options) -> None:
        self.live = options.live
        self.fps: float | None = options.fps
        self._options = options
        self._signer = signer
        self._drawn: dict[int, tuple[Rgb, Truth]] = {}
        self.length = int(signer.end_s * options.fps) + 1
        self._loop = self.length + round(options.rest * options.fps)
        self._closed = False
        # The state file keeps these: the number of the signer's next frame, counted over all
        # loops; the number of the next fault; and the frame at which that fault is due.
        self._place = self._fault = 0
        self._due = round(options.after * options.fps)
        if options.state and Path(options.state).exists():
            self._place, self._fault, self._due = json.loads(Path(options.state).read_text())

    def frames(self) -> Iterator[Frame]:
        """Yields frames without end, unless a fault ends them."""
        pace = _Pace(self._options.fps if self.live else 0.0)
        index = 0
        passing, left = "", 0.0  # the present fault, and how many frames it still lasts
        while not self._closed:
            if not passing and self._is_due():
                passing, left = self._begin(), self._options.lasts * self._options.fps or np.inf
            if passing and (left <= 0 or self._is_mended()):
                passing = ""
            rgb, truth = self.picture(self._place)
            if passing != "frozen":
                rgb = _noisy(rgb, index)
            if passing:
                rgb, truth = _spoilt(passing, index, rgb, truth)
                left -= 1
                if passing == "slow":
                    time.sleep(2.0)
            else:
                self._place += 1
            index += pace.wait()
            t_ns = round(index * 1e9 / self._options.fps) + (_HOUR_NS if passing == "leap" else 0)
            yield Frame(rgb, index, t_ns, truth)
            index += 1

    def picture(self, place: int) -> tuple[Rgb, Truth]:
        """The picture (read-only) and the truth of frame number `place`, counted over all loops."""
        number = min(place % self._loop, self.length - 1)  # the last picture fills the rest
        if number not in self._drawn:
            rgb, truth = self._signer.draw(number / self._options.fps)
            rgb.flags.writeable = False
            self._drawn[number] = rgb, truth
        return self._drawn[number]

    def close(self) -> None:
        """Ends the frames after the next one."""
        self._closed = True

    def _is_mended(self) -> bool:
        return bool(self._options.until) and Path(self._options.until).exists()

    def _is_due(self) -> bool:
        if not self._options.fault or self._place < self._due or self._is_mended():
            return False
        return not self._options.resting or self.picture(self._place)[1].hand is None

    def _begin(self) -> str:
        """Starts the next fault, which the seed decides, after the state file was written."""
        options = self._options
        random = np.random.Generator(np.random.PCG64([options.seed, 4, self._fault]))
        fault = options.faults[int(random.integers(len(options.faults)))]
        wait_s = options.every * float(random.uniform(0.5, 1.5)) if options.every else np.inf
        self._due = self._place + round(max(1.0, min(wait_s, 1e9) * options.fps))
        self._fault += 1
        if options.state:
            there = Path(options.state)
            scratch = there.with_name(f"{there.name}.{os.getpid()}")
            scratch.write_text(json.dumps([self._place, self._fault, self._due]))
            scratch.replace(there)
        if fault == "hang":
            while not self._closed:
                time.sleep(0.05)
        elif fault == "seize":
            ctypes.PyDLL(None).sleep(100_000)  # PyDLL keeps Python's lock
        elif fault == "crash":
            os.abort()
        elif fault == "gone":
            raise SourceError("faulty: was lost; check its cable and power")
        elif fault == "end":
            self._closed = True
        return fault


class _Pace:
    """Spaces frames evenly by their rate; with a rate of 0 it never waits."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._next_s = time.monotonic()

    def wait(self) -> int:
        """Waits until the next frame is due; returns how many earlier frames were missed."""
        if not self._fps:
            return 0
        late_s = time.monotonic() - self._next_s
        lost = max(0, int(late_s * self._fps))
        self._next_s += lost / self._fps
        time.sleep(max(0.0, self._next_s - time.monotonic()))
        self._next_s += 1 / self._fps
        return lost


def _noisy(rgb: Rgb, index: int) -> Rgb:
    """A copy with noise in one corner, since no two pictures of a real sensor are the same."""
    rgb = rgb.copy()
    rgb[:16, :16] = np.random.Generator(np.random.PCG64(index)).integers(0, 256, (16, 16, 3))
    return rgb


def _spoilt(fault: str, index: int, rgb: Rgb, truth: Truth) -> tuple[Rgb, Truth]:
    """The picture as a camera with this fault gives it, and the truth of what it still shows."""
    height, width = rgb.shape[:2]
    if fault == "black":
        return np.zeros_like(rgb), Truth("", None)
    if fault == "half":
        cut = height // 4 + index * 16 % (height // 2)
        rgb[cut:] = _GREEN_RGB if index % 2 else _GREY_RGB
        return rgb, Truth("", None)
    if fault == "size":
        return np.asarray(cv2.resize(rgb, (width // 2, height // 2)), np.uint8), Truth("", None)
    return rgb, truth
