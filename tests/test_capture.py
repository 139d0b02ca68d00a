"""Cameras in a process of their own: what is shared, what is judged, and what is left over."""

from __future__ import annotations

import gc
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture import CameraConfig, open_guarded, symptoms
from edge.capture.channel import SLOTS
from edge.capture.guarded import Guarded
from edge.capture.process import Process
from edge.capture.stamps import Stamps
from edge.capture.watch import Watch
from edge.errors import SourceError, UsageError
from edge.mailbox import Mailbox
from edge.sources import open_source, public
from edge.types import Frame, Rgb
from tests import fake_v4l2, mjpeg_server
from tests.fake_cameras import install

QUICK = CameraConfig(stall_s=0.7, frozen_s=2.0, patience_s=10.0)
SMALL = "size=160x120"


def guarded(uri: str, config: CameraConfig = QUICK) -> Guarded:
    source = open_guarded(uri, config)
    assert isinstance(source, Guarded)
    return source


def child_of(source: Guarded) -> int:
    """The number of the process that the camera lives in."""
    assert source._process is not None
    return source._process.pid


def children() -> set[int]:
    """The processes that this one has started and that have not ended, or were not reaped."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(entry.name))
    return found


def descriptors() -> dict[str, str]:
    """What this process has open."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found[entry.name] = os.readlink(entry)
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """After every test here: no process, no shared memory, no descriptor, no thread's mapping."""
    gc.collect()
    processes, before = children(), descriptors()
    yield
    gc.collect()
    assert children() == processes
    left = {fd: what for fd, what in descriptors().items() if before.get(fd) != what}
    assert not left
    assert "fingerspell-frames" not in Path("/proc/self/maps").read_text()


def until(frames: Iterator[Frame], seconds: float = 20.0) -> Iterator[Frame]:
    """Frames, until something is clearly wrong."""
    end_s = time.monotonic() + seconds
    for frame in frames:
        assert time.monotonic() < end_s, "it took too long"
        yield frame


# What is shared.


def test_pictures_are_those_of_the_source() -> None:
    """Through shared memory come the same pictures, stamps and truths as without."""
    uri = f"faulty:HI?{SMALL}"
    with closing(guarded(uri)) as there, closing(open_source(uri)) as here:
        for ours, theirs in zip(there.frames(), islice(here.frames(), 60), strict=False):
            assert np.array_equal(ours.rgb, theirs.rgb)
            assert (ours.index, ours.t_ns) == (theirs.index, theirs.t_ns)
            assert ours.truth
            assert theirs.truth
            assert ours.truth.label == theirs.truth.label
            mine, other = ours.truth.hand, theirs.truth.hand
            assert (mine is None) == (other is None)
            if mine and other:
                assert np.array_equal(mine.landmarks, other.landmarks)
                assert (mine.box_px, mine.handedness) == (other.box_px, other.handedness)


def test_pictures_are_not_copied_in_the_loop() -> None:
    """A consumer that lets go of its frames looks right into the shared memory."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        for frame in islice(source.frames(), 50):
            base = cast(Any, frame.rgb)
            while isinstance(base.base, np.ndarray):
                base = base.base
            assert isinstance(base.base, memoryview)


def test_frames_that_are_hoarded_do_not_change() -> None:
    """Whoever keeps all frames keeps them as they were, and starves nobody."""
    uri = f"faulty:HI?{SMALL}"
    with closing(guarded(uri)) as source, closing(open_source(uri)) as here:
        hoard = list(islice(source.frames(), 5 * SLOTS))
    for kept, true in zip(hoard, here.frames(), strict=False):
        assert np.array_equal(kept.rgb, true.rgb)


def test_frames_outlive_their_camera() -> None:
    """A frame that is still looked at when the camera is closed stays as it was."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        frame = next(source.frames())
        before = frame.rgb.copy()
    assert np.array_equal(frame.rgb, before)


def test_no_frame_of_a_recording_is_lost_by_a_slow_consumer() -> None:
    """What is not live waits until there is room."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        indices = []
        for frame in islice(source.frames(), 20):
            time.sleep(0.02)
            indices.append(frame.index)
    assert indices == list(range(20))


def test_a_live_camera_is_read_through_the_mailbox_as_ever() -> None:
    """The newest frame is taken; those that were not are counted as dropped."""
    source = guarded(f"faulty:HI?{SMALL}&live=yes&fps=120")
    with Mailbox(source) as frames:
        indices = []
        for frame in islice(frames, 10):
            indices.append(frame.index)
            time.sleep(0.05)
    assert source.live
    assert frames.dropped == indices[-1] + 1 - 10 > 20


def test_files_are_opened_in_the_loops_own_process() -> None:
    """What cannot hang needs no process of its own."""
    with closing(open_guarded("signer:HI", QUICK)) as source:
        assert not isinstance(source, Guarded)


# What is judged.


@given(st.integers(8, 300), st.integers(8, 300), st.integers(0, 2**32 - 1), st.integers(0, 10**6))
def test_a_changed_region_changes_the_mark(height: int, width: int, seed: int, where: int) -> None:
    """The mark of a picture is its own; a change as large as the grid shows in it."""
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    step = max(1, round((height * width / 4800) ** 0.5))
    other = rgb.copy()
    y, x = where % (height - step + 1), where // 1000 % (width - step + 1)
    other[y : y + step, x : x + step] ^= 255
    before = symptoms.mark(symptoms.sample(rgb))
    assert before == symptoms.mark(symptoms.sample(rgb.copy()))
    inside = y + step > step // 2 and x + step > step // 2
    grid = symptoms.sample(rgb).shape
    if inside and y <= (grid[0] - 1) * step + step // 2 and x <= (grid[1] - 1) * step + step // 2:
        assert before != symptoms.mark(symptoms.sample(other))


@given(st.integers(0, 23), st.integers(0, 2**32 - 1))
def test_noise_without_light_is_black(level: int, seed: int) -> None:
    """A sensor in the dark has noise, and a few hot pixels."""
    random = np.random.default_rng(seed)
    rgb = random.integers(0, level + 1, (120, 160, 3)).astype(np.uint8)
    rgb.reshape(-1)[random.choice(rgb.size, rgb.size // 1000, replace=False)] = 255
    assert symptoms.is_black(symptoms.sample(rgb))


@given(st.integers(60, 255), st.floats(0.03, 1.0))
def test_a_lamp_in_the_dark_is_no_black_picture(level: int, share: float) -> None:
    """Where a part of the picture has light, it is a picture."""
    rgb = np.zeros((120, 160, 3), np.uint8)
    rgb[: max(4, round(120 * share))] = level
    assert not symptoms.is_black(symptoms.sample(rgb))


GREY, GREEN = (128, 128, 128), (0, 135, 0)


def room(seed: int, height: int = 240, width: int = 320) -> Rgb:
    """A picture with noise, as of a sensor."""
    return np.random.default_rng(seed).integers(90, 170, (height, width, 3)).astype(np.uint8)


@given(
    st.sampled_from([GREY, GREEN]), st.floats(0.1, 1.0), st.integers(0, 1000), st.integers(-2, 2)
)
def test_what_a_decoder_fills_in_is_seen(
    colour: tuple[int, int, int], share: float, seed: int, off: int
) -> None:
    """Grey or green up to the lower edge is the part of the picture that did not come."""
    rgb = room(seed)
    rows = round(240 * share)
    rgb[240 - rows :] = np.clip(np.add(colour, off), 0, 255)
    found = symptoms.flat_end(rgb)
    assert rows - 4 <= found <= rows + 4
    assert symptoms.Halves().is_half(found)


@given(st.integers(0, 1000), st.floats(0, 0.4), st.integers(0, 60))
def test_pictures_with_black_bars_are_whole(seed: int, share: float, level: int) -> None:
    """A film in a wider or higher picture than its own is no half picture, nor is any other."""
    rgb = room(seed)
    bar = round(240 * share)
    rgb[:bar] = rgb[240 - bar :] = level
    assert symptoms.flat_end(rgb) == 0


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_jpeg_that_is_cut_is_half_a_picture(share: float) -> None:
    """What libjpeg makes of a webcam's picture of which the end is missing."""
    whole = cv2.imencode(".jpg", room(1))[1].tobytes()
    assert symptoms.flat_end(cv2.imdecode(np.frombuffer(whole, np.uint8), 1)) == 0
    cut = np.frombuffer(whole[: int(share * len(whole))] + b"\xff\xd9", np.uint8)
    rows = symptoms.flat_end(np.asarray(cv2.imdecode(cut, 1), np.uint8))
    assert rows == pytest.approx(240 * (1 - share), abs=24)


def test_a_grey_bar_is_part_of_the_picture() -> None:
    """A camera's own grey footer does not cost all of its pictures: no JPEG is cut there always."""
    halves = symptoms.Halves()
    judged = [halves.is_half(40) for _ in range(100)]
    assert sum(judged) < 30
    assert not judged[-1]
    assert halves.is_half(100)


_INTERVALS = st.lists(st.floats(0.001, 2.9), min_size=3, max_size=40)
_LEAPS = st.floats(6, 1e6) | st.floats(-1e6, -6)


@given(_INTERVALS, _LEAPS, st.integers(1, 39), st.integers(1, 39))
def test_stamps_go_on_with_time_whatever_the_clock_does(
    intervals: list[float], leap_s: float, start: int, count: int
) -> None:
    """A live camera's clock that is off for some frames, or from one on, does not show."""
    stamps, now_s, given = Stamps(), 1e7, []
    for number, interval_s in enumerate(intervals):
        now_s += interval_s
        off_s = leap_s if start <= number < start + count else 0.0
        t_ns = stamps.take(round((now_s + off_s) * 1e9), now_s, live=True, recorded=False)
        given.append(t_ns / 1e9 - now_s)
    assert given == pytest.approx([0.0] * len(given), abs=1e-4)


@given(st.lists(st.integers(1, 10**12), min_size=2, max_size=40), st.integers(1, 39))
def test_stamps_of_a_recording_are_its_own(steps: list[int], where: int) -> None:
    """Neither gaps in it, however long, nor another opening of it change any."""
    stamps, t_ns = Stamps(), 0
    for number, step_ns in enumerate(steps):
        t_ns += step_ns
        if number == where:
            stamps.reopened()
        assert stamps.take(t_ns, 0.01 * number, live=False, recorded=True) == t_ns


@pytest.mark.parametrize("password", ["secret", "se?cret", "se#cret", "s?e#c?ret=1", "s@cret"])
def test_passwords_are_not_shown(password: str) -> None:
    """Whatever is in them, and wherever the URI is told of."""
    assert public(f"video:rtsp://me:{password}@host/live?x=1") == "video:rtsp://host/live?x=1"
    for scheme in ("http", "rtmp"):
        for start in ("video:", ""):
            with pytest.raises((SourceError, UsageError)) as error:
                open_guarded(f"{start}{scheme}://me:{password}@127.0.0.1:9/x#timeout=1", QUICK)
            assert "cret" not in str(error.value)


@given(st.lists(st.tuples(st.floats(0.001, 5), st.integers(0, 2**32)), max_size=60))
def test_pictures_that_differ_are_no_trouble(steps: list[tuple[float, int]]) -> None:
    """As long as each picture differs from the one before, a camera is well."""
    watch, now_s = Watch("cam", 10.0), 0.0
    for number, (dt_s, mark) in enumerate(steps):
        now_s += dt_s
        assert not watch.see(now_s, 2 * mark + number % 2, False)
        assert watch.trouble == ""


@given(st.floats(0.5, 30), st.floats(0.01, 1.0))
def test_a_camera_that_stays_frozen_is_reopened_less_and_less(frozen_s: float, dt: float) -> None:
    """The first time after frozen_s, then after twice as long each time, at most a minute."""
    watch = Watch("cam", frozen_s)
    times = [n * dt for n in range(round(600 / dt)) if watch.see(n * dt, 7, False)]
    assert times[0] == pytest.approx(frozen_s, abs=dt + 1e-6)
    gaps = [b - a for a, b in pairwise([0.0, *times])]
    assert all(b >= a - 2 * dt for a, b in pairwise(gaps))
    assert max(gaps) <= max(60, 2 * frozen_s) + 2 * dt
    assert "same picture" in watch.trouble
    assert not watch.see(601.0, 8, False)
    assert watch.trouble == ""


def test_frozen_s_of_0_is_never() -> None:
    """Whoever films a picture on a wall turns it off."""
    watch = Watch("cam", 0.0)
    assert not any(watch.see(n, 7, False) for n in range(10000))


@given(st.booleans(), st.floats(0.03, 1.0))
def test_a_dark_night_is_no_fault(noisy: bool, dt: float) -> None:
    """A camera in the dark is reopened once, told of once, and not again until there was light."""
    watch = Watch("cam", 10.0)
    for n in range(round(10 / dt)):
        assert not watch.see(n * dt, n, False)
    night = [watch.see(10 + n * dt, n if noisy else -1, True) for n in range(round(3600 / dt))]
    assert sum(night) == 1
    assert "black" in watch.trouble
    day = [watch.see(3700 + n * dt, n, False) for n in range(round(10 / dt))]
    assert not any(day)
    assert watch.trouble == ""
    assert sum(watch.see(3800 + n * dt, n, True) for n in range(round(100 / dt))) == 1


# What is set.


@pytest.mark.parametrize("name", [f.name for f in fields(CameraConfig) if f.name != "wait"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_settings_that_make_no_sense_are_told(name: str, value: float) -> None:
    """The setting is named, and what it may be."""
    with pytest.raises(UsageError, match=rf"camera\.{name} is .*; it must be"):
        CameraConfig(**{name: value})


# What goes wrong, and goes on.


def read(source: Guarded, reopened: int, further: int = 20) -> list[Frame]:
    """Frames until the source was reopened so often and is well, and some after that."""
    frames: list[Frame] = []
    for frame in until(source.frames()):
        frames.append(Frame(frame.rgb[:2, :2].copy(), frame.index, frame.t_ns, frame.truth))
        if source.reopened >= reopened and not source.trouble:
            further -= 1
        if not further:
            break
    return frames


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("hang", "has sent nothing for 0.7 s"),
        ("seize", "has sent nothing for 0.7 s"),
        ("slow", "has sent nothing for 0.7 s"),
        ("crash", "its process died of SIGABRT"),
        ("gone", "was lost; check its cable"),
        ("end", "ended; check its cable"),
        ("half", "has sent only broken pictures for 0.7 s"),
        ("frozen", "has given the same picture for 2 s"),
    ],
)
def test_a_camera_that_falls_ill_is_reopened(
    fault: str, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong is told in one line; then frames go on: counted on, stamped on, the same text.

    No frame of the signer's was lost, since faults interrupt the signer.
    """
    uri = f"faulty:HI?{SMALL}&fault={fault}&after=1&state={tmp_path / 'state'}&live=yes"
    caplog.set_level(logging.INFO)
    with closing(guarded(uri)) as source:
        frames = read(source, 1)
        assert (source.reopened, source.trouble) == (1, "")
    assert all(a.index < b.index and a.t_ns < b.t_ns for a, b in pairwise(frames))
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert told in lines[0]
    assert re.search(r"faulty:HI is well again after \d+\.\d s", caplog.text)
    seen = [frame.truth.hand is not None for frame in frames if frame.truth]
    assert any(seen)


@pytest.mark.slow
def test_every_letter_of_the_text_is_seen_whatever_happens(tmp_path: Path) -> None:
    """Faults at random, one after the other; the letters shown are those of the text, in order."""
    faults = "hang,crash,gone,black,half,size,seize"
    uri = f"faulty:LAB?{SMALL}&fault={faults}&after=1&every=2&lasts=0.5&seed=5"
    labels: list[str] = []
    with closing(guarded(f"{uri}&resting=yes&state={tmp_path / 'state'}")) as source:
        for frame in until(source.frames(), 60):
            assert frame.truth
            if frame.truth.label and (not labels or labels[-1] != frame.truth.label):
                labels.append(frame.truth.label)
            if len(labels) >= 15 and source.reopened >= 2:
                break
    text = "".join(labels)
    assert text == ("LAB" * len(text))[: len(text)]


@pytest.mark.slow
def test_black_pictures_are_told_and_let_through(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A lens that is covered: told once, reopened once, and frames flow all the while."""
    mended = tmp_path / "mended"
    uri = f"faulty:HI?{SMALL}&fault=black&after=1&live=yes&until={mended}"
    with closing(guarded(uri)) as source:
        began_s, dark = time.monotonic(), 0
        for frame in until(source.frames(), 40):
            dark += frame.rgb.max() == 0
            if source.reopened and time.monotonic() - began_s > 9:
                mended.touch()
            if mended.exists() and not source.trouble:
                break
        assert source.reopened == 1
    assert dark > 100
    assert [r.getMessage() for r in caplog.records if "black" in r.getMessage()] == [
        "faulty:HI gives black pictures; is there light, and the lens free?"
    ]


def test_a_picture_that_changes_its_size_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Frames come in the new size, and nothing is reopened."""
    uri = f"faulty:HI?{SMALL}&fault=size&after=0.5&every=0.5&lasts=0.2"
    with closing(guarded(uri)) as source:
        sizes = [frame.rgb.shape[:2] for frame in islice(source.frames(), 120)]
        assert source.reopened == 0
    assert set(sizes) == {(120, 160), (60, 80)}
    assert caplog.text.count("now gives pictures of 80x60") == 1


def test_half_pictures_are_left_out(tmp_path: Path) -> None:
    """Those that came whole are given; the index tells how many were not."""
    uri = f"faulty:HI?{SMALL}&fault=half&after=0.5&every=1&lasts=0.3"
    with closing(guarded(uri)) as source:
        frames = list(islice(source.frames(), 200))
        assert source.broken > 9
        assert frames[-1].index + 1 == 200 + source.broken
        assert source.reopened == 0
    assert not any(symptoms.flat_end(frame.rgb) for frame in frames)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV])
def test_a_process_that_is_killed_or_stopped_is_replaced(number: signal.Signals) -> None:
    """By the kernel for want of memory, by a debugger, by a driver: frames go on."""
    with closing(guarded(f"faulty:HI?{SMALL}&live=yes")) as source:
        frames = source.frames()
        first = next(frames)
        os.kill(child_of(source), number)
        frame = next(f for f in until(frames) if source.reopened and not source.trouble)
        assert source.reopened == 1
        assert frame.index > first.index
        assert frame.t_ns > first.t_ns


def test_ctrl_c_and_sigterm_are_not_for_the_camera() -> None:
    """A terminal's Ctrl-C and systemd's SIGTERM leave the last frames to the loop."""
    with closing(guarded(f"faulty:HI?{SMALL}")) as source:
        os.kill(child_of(source), signal.SIGINT)
        os.kill(child_of(source), signal.SIGTERM)
        assert len(list(islice(source.frames(), 50))) == 50
        assert source.reopened == 0
        assert os.getsid(child_of(source)) != os.getsid(0)


@pytest.mark.slow
def test_patience_ends_with_what_was_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that stays away: exit code 3, and how long it was tried."""
    machine = install(monkeypatch, tmp_path)
    machine.plug(0, fake_v4l2.Device(noise=True))
    with closing(guarded("usb:0", CameraConfig(patience_s=2.5))) as source:
        frames = source.frames()
        next(frames)
        machine.unplug(0)
        with pytest.raises(SourceError, match=r"plug it in \(no frame for \d s, reopened \d times"):
            list(until(frames))


@pytest.mark.slow
def test_a_camera_that_dies_at_once_is_not_opened_in_a_circle(tmp_path: Path) -> None:
    """Each pause is twice as long as the one before, also when a frame came in between."""
    uri = f"faulty:HI?{SMALL}&fault=crash&after=0.04"
    with closing(guarded(uri)) as source:
        closer = Timer(4.0, source.close)
        closer.start()
        count = sum(1 for _ in source.frames())
        closer.join()
        assert 1 <= source.reopened <= 4
    assert count >= source.reopened


def test_mistakes_are_no_illness(tmp_path: Path) -> None:
    """A wrong option ends the run at once, whatever the patience; so does a camera that is missing,
    unless it is to be waited for."""
    with pytest.raises(UsageError, match="no option 'nonsense'"):
        open_guarded("faulty:HI?nonsense=1", CameraConfig(wait=True))
    with pytest.raises(SourceError, match="check the address"):
        open_guarded("video:http://127.0.0.1:9/#timeout=1", QUICK)


def test_a_camera_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With wait, a run starts without its camera, says so, and sees it as soon as it is there."""
    machine = install(monkeypatch, tmp_path)
    source = guarded("usb:0", CameraConfig(stall_s=2, wait=True))
    with closing(source):
        assert source.live
        assert "there is no camera usb:0; plug it in" in source.trouble
        assert source.fps is None
        Timer(0.3, machine.plug, (0, fake_v4l2.Device(noise=True))).start()
        frame = next(until(source.frames()))
        assert (frame.index, source.trouble, source.fps) == (0, "", 30)
    assert "its process" not in caplog.text  # nothing but what is wrong


@pytest.mark.slow
def test_a_camera_that_is_plugged_in_elsewhere_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Pulled out and plugged in again as /dev/video4, beside another camera: the same is opened."""
    caplog.set_level(logging.INFO)
    machine = install(monkeypatch, tmp_path)
    machine.plug(0, fake_v4l2.Device("HD Webcam & Mic", noise=True))
    with closing(guarded("usb:0?size=320x240")) as source:
        frames = source.frames()
        next(frames)
        machine.unplug(0)
        machine.plug(0, fake_v4l2.Device("Other Camera", noise=True))
        Timer(1.0, machine.plug, (4, fake_v4l2.Device("HD Webcam & Mic", noise=True))).start()
        frame = next(f for f in until(frames) if source.reopened and not source.trouble)
        assert frame.rgb.shape == (240, 320, 3)
    assert "usb:0 (HD Webcam & Mic) was lost" in caplog.text
    assert "HD Webcam & Mic is usb:4 now" in caplog.text


@pytest.mark.slow
def test_a_driver_that_hangs_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A USB camera whose read never returns is opened again."""
    machine = install(monkeypatch, tmp_path)
    machine.plug(0, fake_v4l2.Device(noise=True, frames=20, hangs=True))
    with closing(guarded("usb:0")) as source:
        indices = [frame.index for frame in until(islice(source.frames(), 45))]
        assert source.reopened >= 2
    assert indices == sorted(set(indices))
    assert "usb:0 has sent nothing for 0.7 s" in caplog.text


@pytest.mark.slow
def test_a_camera_module_that_stops_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ribbon cable that is loose for a moment."""
    install(monkeypatch, tmp_path, {"stalls_after": 20})
    with closing(guarded("picamera:0")) as source:
        assert len(list(until(islice(source.frames(), 45)))) == 45
        assert source.reopened >= 2


def test_a_clock_that_leaps_does_not_show() -> None:
    """Stamps that are an hour ahead for a moment: letters are timed as ever."""
    uri = f"faulty:HI?{SMALL}&fault=leap&after=0.3&lasts=0.2&live=yes"
    with closing(guarded(uri)) as source:
        times = [(frame.t_ns / 1e9, time.monotonic()) for frame in islice(source.frames(), 40)]
    off_s = [t_s - now_s - (times[0][0] - times[0][1]) for t_s, now_s in times]
    assert off_s == pytest.approx([0.0] * 40, abs=1.0)


def test_a_webcams_stamp_that_is_far_off_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it hold up those after it, which would all be later than it by nothing."""
    fake_v4l2.Machine(monkeypatch, tmp_path).plug(0, fake_v4l2.Device(leaps=5))
    with closing(open_source("usb:0")) as source:
        late_s = [time.monotonic() - f.t_ns / 1e9 for f in islice(source.frames(), 12)]
    assert late_s == pytest.approx([0.0] * 12, abs=1.0)


def flat(number: int) -> Rgb:
    """A picture that ends in flat grey, now at one row and now at another."""
    picture = room(number, 120, 160)
    picture[60 + 7 * number % 50 :] = GREY
    return picture


def test_a_camera_whose_pictures_all_end_flat_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A virtual camera with a grey background: it is reopened once, which might have helped."""
    np.save(tmp_path / "flat.npy", np.stack([flat(number) for number in range(50)]))
    machine = install(monkeypatch, tmp_path)
    device = fake_v4l2.Device(pictures=str(tmp_path / "flat.npy"), interval_s=0.01)
    machine.plug(0, device)
    with closing(guarded("usb:0")) as source:
        frames = until(source.frames())
        assert len(list(islice(frames, 100))) == 100
        os.kill(child_of(source), signal.SIGKILL)  # and that is not forgotten
        assert len(list(islice(frames, 100))) == 100
        assert source.reopened == 2
    assert caplog.text.count("only broken pictures") == 1


def record(path: Path, pictures: Iterator[Rgb]) -> bytes:
    """A recording of 160x120."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (160, 120))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path.read_bytes()


@contextmanager
def serve(clip: bytes, port: int = 0) -> Iterator[str]:
    """A recording, by URL."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(clip)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(clip)

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"video:http://127.0.0.1:{server.server_port}/clip.avi"
        finally:
            server.shutdown()
            thread.join()


def test_no_picture_of_a_recording_is_called_half(tmp_path: Path) -> None:
    """What was recorded is all there, flat ends or not."""
    clip = record(tmp_path / "clip.avi", map(flat, range(60)))
    with serve(clip) as uri, closing(guarded(uri)) as source:
        assert [frame.index for frame in until(source.frames())] == list(range(60))
        assert (source.live, source.broken) == (False, 0)


def test_a_recording_is_not_waited_for(tmp_path: Path) -> None:
    """Its frames would be dropped like those of a camera: it is said that it is none."""
    clip = record(tmp_path / "clip.avi", map(room, range(9), [120] * 9, [160] * 9))
    port = mjpeg_server.free_port()
    config = CameraConfig(patience_s=20, wait=True)
    with closing(guarded(f"video:http://127.0.0.1:{port}/clip.avi#timeout=1", config)) as source:
        assert source.live
        with serve(clip, port), pytest.raises(SourceError, match="is a recording, which is not"):
            list(until(source.frames()))


def test_no_opening_outlasts_patience_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that comes back silent, and may take half a minute to open: the watchdog would have
    ended the run before it could say why."""
    monkeypatch.setattr("edge.capture.guarded._LATE_S", 1.0)
    camera = mjpeg_server.Camera(frames=10)
    with mjpeg_server.serve(camera):
        uri = f"video:{camera.url}/cam#timeout=30"
        with closing(guarded(uri, CameraConfig(patience_s=1.0))) as source:
            frames = source.frames()
            next(frames)
            camera.silent = True
            with pytest.raises(
                SourceError, match=r"does not open within \d s; .* reopened 1 times"
            ):
                list(until(frames))


@pytest.mark.slow
def test_a_recording_by_url_goes_on_where_it_stalled(tmp_path: Path) -> None:
    """No frame of it is lost or comes twice, and no stamp changes."""
    path = tmp_path / "clip.avi"
    pictures = np.random.default_rng(0).integers(0, 256, (120, 120, 160, 3)).astype(np.uint8)
    clip, asked, gone = record(path, iter(pictures)), list[str](), Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(clip)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(clip[: len(clip) // 2])
                if len(asked) == 1:
                    gone.wait(20)
                self.wfile.write(clip[len(clip) // 2 :])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        uri = f"video:http://127.0.0.1:{server.server_port}/clip.avi"
        with closing(guarded(uri)) as source, closing(open_source(f"video:{path}")) as here:
            assert not source.live
            for ours, theirs in zip(until(source.frames()), here.frames(), strict=True):
                assert (ours.index, ours.t_ns) == (theirs.index, theirs.t_ns)
                assert np.array_equal(ours.rgb, theirs.rgb)
            assert source.reopened == 1
        assert ours.index == 119
    finally:
        gone.set()
        server.shutdown()
        server.server_close()
        thread.join()


# What is left over: see _nothing_is_left, too.


def test_closing_a_camera_that_hangs_takes_no_time() -> None:
    """Neither a hung read nor a held lock of Python's keeps a run from ending."""
    for fault in ("hang", "seize"):
        source = guarded(f"faulty:HI?{SMALL}&fault={fault}&after=0.2", CameraConfig())
        counts: list[int] = []
        reader = Thread(target=lambda s=source, c=counts: c.append(sum(1 for _ in s.frames())))
        reader.start()
        time.sleep(0.6)
        source.close()
        reader.join(5)
        assert not reader.is_alive()
        assert counts == [6]


def test_a_camera_that_is_closed_as_a_frame_comes_leaves_nothing() -> None:
    """Closed while another thread receives a frame, which then asks for no more."""
    source = guarded(f"faulty:HI?{SMALL}&live=yes")
    frames = source.frames()
    next(frames)
    process = source._process
    assert process is not None
    with process._using:  # as a thread that receives
        source.close()
    assert not process.ended
    cast(Any, frames).close()
    assert process.ended


def test_a_process_that_cannot_be_killed_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel keeps a process whose driver does not let go of it; nobody waits for that."""
    monkeypatch.setattr("edge.capture.process._REAP_S", 0.05)
    with closing(guarded(f"faulty:HI?{SMALL}&live=yes")) as source:
        first = child_of(source)
        os.kill(first, signal.SIGSTOP)  # no signal ends it then but the one that we keep back
        monkeypatch.setattr(Process, "kill", lambda process: None)
        frames = source.frames()
        next(f for f in until(frames) if source.reopened and not source.trouble)
        assert {first, child_of(source)} <= children()
        monkeypatch.undo()
        os.kill(first, signal.SIGKILL)  # the driver has let go
        os.kill(child_of(source), signal.SIGKILL)
        next(f for f in until(frames) if source.reopened == 2 and not source.trouble)
        assert children() == {child_of(source)}


@pytest.mark.parametrize("fault", ["hang", "seize", "slow"])
def test_a_camera_ends_with_its_run(fault: str) -> None:
    """A run that is killed leaves no process behind, whatever its camera was doing."""
    script = (
        "import sys\n"
        "from edge.capture import open_guarded\n"
        "source = open_guarded(sys.argv[1])\n"
        "print(source._process.pid, flush=True)\n"
        "list(source.frames())\n"
    )
    uri = f"faulty:HI?{SMALL}&fault={fault}&after=0.2"
    run = [sys.executable, "-c", script, uri]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        time.sleep(0.6)
        process.kill()
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or ") Z " in stat.read_text():  # whoever adopted it, reaps it
            return
        time.sleep(0.05)
    pytest.fail("it is still there")


READ = """
import sys
from itertools import islice
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from edge.capture import open_guarded
source = open_guarded("faulty:HI?size=160x120")
environment = Path(f"/proc/{source._process.pid}/environ").read_text().split("\\0")
paths = [line for line in environment if line.startswith("PYTHONPATH=")]
Path(sys.argv[2]).write_text(f"{len(list(islice(source.frames(), 20)))} {paths[0]}")
source.close()
"""


@pytest.mark.parametrize("closed", ["", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_camera_opens_wherever_a_run_is_started(closed: str, tmp_path: Path) -> None:
    """In a folder with modules of other people's, without stdin, stdout and stderr, and with an
    edge that is not installed."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('this is not NumPy')")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "edge").symlink_to(Path(symptoms.__file__).parents[1])
    shell = f'exec "$@" {closed}'
    run = [sys.executable, "-P", "-c", READ, str(tmp_path / "home"), str(tmp_path / "out")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = ["sh", "-c", shell, "sh", *run]
    subprocess.run(words, cwd=tmp_path, env=environment, timeout=60, check=False)
    assert (tmp_path / "out").read_text() == f"20 PYTHONPATH={tmp_path / 'home'}"
