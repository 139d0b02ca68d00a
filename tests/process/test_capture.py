"""Cameras and streams that fail, in real processes: what is said of it, and that frames go on.

tests/unit/test_guarded.py has every fault in virtual time.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import time
from contextlib import closing
from dataclasses import fields
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from threading import Timer

import numpy as np
import pytest

from edge.capture import CameraConfig, open_guarded, symptoms
from edge.capture.guarded import GuardedSource
from edge.errors import SourceError, UsageError
from edge.sources import open_source, public
from edge.types import Frame, Rgb
from tests.support import fake_v4l2, mjpeg_server
from tests.support.clip_server import record, serve
from tests.support.fake_cameras import install
from tests.support.guarded import GREY, QUICK, SMALL, child_of, guarded, room, until

pytestmark = pytest.mark.usefixtures("nothing_is_left")


# What is wrong from the start.


@pytest.mark.parametrize("name", [f.name for f in fields(CameraConfig) if f.name != "wait"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_settings_that_make_no_sense_are_told(name: str, value: float) -> None:
    """The setting is named, and what it may be."""
    with pytest.raises(UsageError, match=rf"camera\.{name} is .*; it must be"):
        CameraConfig(**{name: value})


def test_mistakes_are_no_illness(tmp_path: Path) -> None:
    """A wrong option ends the run at once, whatever the patience; so does a camera that is missing,
    unless it is to be waited for."""
    with pytest.raises(UsageError, match="no option 'nonsense'"):
        open_guarded("faulty:HI?nonsense=1", CameraConfig(wait=True))
    with pytest.raises(SourceError, match="check the address"):
        open_guarded("video:http://127.0.0.1:9/#timeout=1", QUICK)


@pytest.mark.parametrize("password", ["secret", "se?cret", "se#cret", "s?e#c?ret=1", "s@cret"])
def test_passwords_are_not_shown(password: str) -> None:
    """Whatever is in them, and wherever the URI is told of."""
    assert public(f"video:rtsp://me:{password}@host/live?x=1") == "video:rtsp://host/live?x=1"
    for start in ("video:http", "video:rtmp", "http", "rtmp"):
        with pytest.raises((SourceError, UsageError)) as error:
            open_source(f"{start}://me:{password}@127.0.0.1:9/x#timeout=1")
        assert "cret" not in str(error.value)
    if password == "se?cret":  # the most difficult one, through a camera's own process
        with pytest.raises(SourceError) as error:
            open_guarded(f"video:http://me:{password}@127.0.0.1:9/x#timeout=1", QUICK)
        assert "cret" not in str(error.value)


# What goes wrong, and goes on.


def read(source: GuardedSource, reopened: int, further: int = 20) -> list[Frame]:
    """Frames until the source was reopened so often and is well, and some after that."""
    frames: list[Frame] = []
    for frame in until(source.frames()):
        frames.append(Frame(frame.rgb[:2, :2].copy(), frame.index, frame.t_ns, frame.truth))
        if source.reopened >= reopened and not source.trouble:
            further -= 1
        if not further:
            break
    return frames


faults = partial(pytest.param, marks=pytest.mark.faults)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("hang", "has sent nothing for 0.7 s"),
        faults("seize", "has sent nothing for 0.7 s"),
        faults("slow", "has sent nothing for 0.7 s"),
        ("crash", "its process died of SIGABRT"),
        faults("gone", "was lost; check its cable"),
        faults("end", "ended; check its cable"),
        faults("half", "has sent only broken pictures for 0.7 s"),
        faults("frozen", "has given the same picture for 2 s"),
    ],
)
def test_a_camera_that_fails_is_opened_again(
    fault: str, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong is one line; then frames go on: indices and stamps rise, with the same text.

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
    assert re.search(r"faulty:HI works again after \d+\.\d s", caplog.text)
    seen = [frame.truth.hand is not None for frame in frames if frame.truth]
    assert any(seen)


@pytest.mark.faults
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
    assert not any(symptoms.flat_end_rows(frame.rgb) for frame in frames)


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


@pytest.mark.faults
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


@pytest.mark.faults
def test_a_camera_module_that_stops_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ribbon cable that is loose for a moment."""
    install(monkeypatch, tmp_path, {"stalls_after": 20})
    with closing(guarded("picamera:0")) as source:
        assert len(list(until(islice(source.frames(), 45)))) == 45
        assert source.reopened >= 2


def test_a_webcams_stamp_that_is_far_off_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it hold up those after it, which would all be later than it by nothing."""
    fake_v4l2.Machine(monkeypatch, tmp_path).plug(0, fake_v4l2.Device(leaps=5))
    with closing(open_source("usb:0")) as source:
        late_s = [time.monotonic() - f.t_ns / 1e9 for f in islice(source.frames(), 12)]
    assert late_s == pytest.approx([0.0] * 12, abs=1.0)


# Cameras that are away.


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


@pytest.mark.faults
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


# Recordings by URL.


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


@pytest.mark.slow
def test_a_recording_by_url_goes_on_where_it_stalled(tmp_path: Path) -> None:
    """No frame of it is lost or comes twice, and no stamp changes."""
    path = tmp_path / "clip.avi"
    pictures = np.random.default_rng(0).integers(0, 256, (120, 120, 160, 3)).astype(np.uint8)
    clip = record(path, pictures)
    with (
        serve(clip, stalls=True) as uri,
        closing(guarded(uri)) as source,
        closing(open_source(f"video:{path}")) as here,
    ):
        assert not source.live
        for ours, theirs in zip(until(source.frames()), here.frames(), strict=True):
            assert (ours.index, ours.t_ns) == (theirs.index, theirs.t_ns)
            assert np.array_equal(ours.rgb, theirs.rgb)
        assert source.reopened == 1
    assert ours.index == 119
