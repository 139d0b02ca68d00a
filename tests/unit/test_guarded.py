"""Cameras and streams that fail, in virtual time: when they are opened again, and what is said.

tests/process/test_capture.py has real processes, and tests/process/test_faults.py real servers.
"""

from __future__ import annotations

import errno
import logging
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture import CameraConfig
from edge.capture.guarded import GuardedSource
from edge.errors import OutOfMemoryError, SourceError, UsageError
from edge.sources import is_guarded, may_complain
from edge.stages import Guarded
from edge.types import Frame
from tests.support.guarded import (
    DEATH,
    END,
    PICTURE,
    QUICK,
    SILENCE,
    Machine,
    Scripted,
    broken,
    error,
    frames,
    hello,
)

FLOWING = [*hello(), *frames(2000)]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as a warning, without other libraries."""
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def read(source: GuardedSource, reopened: int, further: int = 20) -> list[Frame]:
    """Frames until the source was reopened so often and is well, and some after that."""
    taken: list[Frame] = []
    for frame in source.frames():
        taken.append(frame)
        if source.reopened >= reopened and not source.trouble:
            further -= 1
        if not further:
            break
    return taken


@pytest.mark.parametrize(
    ("uri", "guarded"),
    [
        ("usb:0", True),
        ("picamera:0", True),
        ("faulty:A", True),
        ("video:rtsp://host/stream", True),
        ("video:clip.mp4", True),
        ("images:folder", True),
        ("signer:A", False),
        ("tape:0", False),
        ("nonsense", False),
    ],
)
def test_a_source_says_whether_it_may_hang(uri: str, guarded: bool) -> None:
    """Cameras, streams and files may; the signer may not, nor what is no source."""
    assert is_guarded(uri) == guarded


@pytest.mark.parametrize(
    ("uri", "noisy"), [("usb:0", True), ("video:a", True), ("signer:A", False), ("no", False)]
)
def test_sources_declare_whether_they_complain(uri: str, noisy: bool) -> None:
    """The process that runs a source knows none of them by name."""
    assert may_complain(uri) == (uri in ("usb:0", "video:a"))


def test_what_is_guarded_says_so() -> None:
    """The loop asks any Guarded for its trouble, and how often it was opened again."""
    assert isinstance(Machine([FLOWING]).open(), Guarded)


FAULTS: dict[str, tuple[Scripted, float, str]] = {
    "silence": (SILENCE, 0.7, "usb:0 has sent nothing for 0.7 s; check its cable"),
    "death": (DEATH, 0.0, "usb:0: its process died of SIGSEGV"),
    "loss": (error("usb:0 was lost"), 0.0, "usb:0 was lost"),
    "end": (END, 0.0, "usb:0 ended; check its cable"),
    "broken": (broken(100), 0.7, "usb:0 has sent only broken pictures for 0.7 s; check its cable"),
    "frozen": (frames(100, frozen=True), 2.0, "usb:0 has given the same picture for 2 s or more"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_camera_that_fails_is_opened_again(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """The fault is one line, after the time in the settings; half a second later it is opened
    again, and the frames go on: indices and stamps rise."""
    script, after_s, line = FAULTS[fault]
    caplog.set_level(logging.INFO)
    machine = Machine([[*hello(), *frames(30), *script], FLOWING])
    source = machine.open()
    taken = read(source, 1)
    assert (source.reopened, source.trouble, machine.running) == (1, "", 1)
    assert warnings(caplog) == [line]
    failed_s = 1000.0 + 0.5 + 30 / 30 + after_s
    assert machine.opened[1][0] - failed_s == pytest.approx(0.5, abs=0.3)
    assert machine.opened[1][1] == "usb:1"  # where the first opening had found it
    assert all(a.index < b.index and a.t_ns < b.t_ns for a, b in pairwise(taken))
    assert "usb:0 works again after" in caplog.text
    source.close()
    assert machine.running == 0


def test_a_mistake_that_shows_late_ends_the_run() -> None:
    """A crop outside of the first picture stays there, however often the camera is opened."""
    machine = Machine([[*hello(), *error("crop lies outside", "UsageError")]])
    source = machine.open()
    with pytest.raises(UsageError, match="crop lies outside"):
        list(source.frames())
    assert (source.reopened, machine.running) == (0, 0)


FILE = "video:/a/clip.mp4?rotate=90"


def test_what_is_wrong_with_a_file_ends_the_run() -> None:
    """Opening it again would not mend it, even where cameras are waited for."""
    machine = Machine([[*hello(live=False, recorded=True), *frames(3), *error("is interlaced")]])
    source = machine.open(QUICK, FILE)
    with pytest.raises(SourceError, match="is interlaced"):
        list(source.frames())
    assert (source.reopened, machine.running) == (0, 0)
    machine = Machine([error("clip.mp4 is empty")])
    with pytest.raises(SourceError, match="is empty"):
        machine.open(CameraConfig(wait=True), FILE)


@pytest.mark.parametrize("fault", [SILENCE, DEATH])
def test_a_file_that_fails_twice_at_one_frame_ends_the_run(fault: Scripted) -> None:
    """It is opened once more, as a network share may have stalled; then it is the file."""
    machine = Machine([[*hello(live=False, recorded=True), *frames(3), *fault]] * 2)
    source = machine.open(CameraConfig(stall_s=0.7), FILE)
    with pytest.raises(SourceError, match=r"/a/clip\.mp4.*twice, at frame 3") as told:
        list(source.frames())
    assert "rotate" not in str(told.value)
    assert (source.reopened, machine.running) == (1, 0)


def test_a_recording_that_skips_frames_is_alive() -> None:
    """What it skips to go on where it broke off takes longer than a stall would."""
    skipping = [(2.0, dict(kind="skipped", index=n)) for n in range(20)]
    again = [*hello(live=False, recorded=True), *skipping, *frames(3), *END]
    machine = Machine([[*hello(live=False, recorded=True), *frames(3), *SILENCE], again])
    source = machine.open(CameraConfig(stall_s=3.0), "video:http://host/clip.mp4")
    list(source.frames())
    assert source.reopened == 1


def test_time_without_a_frame_is_counted_from_the_last_one() -> None:
    """A camera that gives a frame just in time, for ever, is never opened again."""
    slow = [(0.65, message) for _, message in frames(100)]
    source = Machine([[*hello(), *slow]]).open()
    assert len(list(islice(source.frames(), 100))) == 100
    assert source.reopened == 0


def test_the_time_that_a_consumer_takes_is_no_silence() -> None:
    """Frames that nobody took for a minute are no fault of the camera."""
    machine = Machine([[*hello(), *frames(50)]])
    source = machine.open()
    for _ in islice(source.frames(), 20):
        machine.sleep(60.0)
    assert source.reopened == 0


def test_pauses_between_openings_double() -> None:
    """Up to ten seconds, also when a frame came in between; after steady frames they begin anew."""
    dies = [*hello(), *frames(1), *DEATH]
    machine = Machine([*[dies] * 8, [*hello(), *frames(30 * 11), *DEATH], FLOWING])
    read(machine.open(), 9, 1)
    pauses = [b[0] - a[0] - 0.5 - 1 / 30 for a, b in pairwise(machine.opened)]
    assert pauses[:8] == pytest.approx([0.5, 1, 2, 4, 8, 10, 10, 10], abs=0.01)
    assert pauses[8] == pytest.approx(11 + 0.5, abs=0.1)


def test_patience_ends_with_what_was_wrong() -> None:
    """The error says what is wrong, for how long, and how often it was tried; no child is left."""
    machine = Machine([[*hello(), *frames(1)], error("there is no camera usb:0")])
    source = machine.open()
    match = r"^there is no camera usb:0 \(no frame for 10 s, reopened 5 times\)$"
    with pytest.raises(SourceError, match=match):
        list(source.frames())
    assert machine.now_s == pytest.approx(1000.5 + 1 / 30 + QUICK.patience_s, abs=0.3)
    assert machine.running == 0


def test_no_opening_outlasts_patience_for_long() -> None:
    """A stream that may take a minute to open: it ends before the watchdog would end the run."""
    machine = Machine([[*hello(), *frames(1)], SILENCE])
    source = machine.open(uri="video:http://host/cam")
    with pytest.raises(SourceError, match=r"does not open within \d+ s; check the network"):
        list(source.frames())
    assert machine.now_s - 1000.5 < QUICK.patience_s + 20 + 1


@pytest.mark.parametrize(("uri", "limit_s"), [("usb:0", 20), ("video:rtsp://host/x", 65)])
def test_what_does_not_open_in_time_is_an_error_at_the_start(uri: str, limit_s: int) -> None:
    """A camera has 20 seconds; a URL has its own timeout, and a bit."""
    machine = Machine([SILENCE])
    with pytest.raises(SourceError, match=f"does not open within {limit_s} s"):
        machine.open(uri=uri)
    assert machine.now_s == pytest.approx(1000 + limit_s, abs=0.6)
    assert machine.running == 0


@pytest.mark.parametrize(
    ("opening", "kind", "told"),
    [
        (error("no option 'sped'", "UsageError"), UsageError, "no option"),
        (error("there is no camera usb:0"), SourceError, "there is no camera"),
        (DEATH, SourceError, "usb:0: its process died of SIGSEGV as it opened it"),
        (OSError(errno.EAGAIN, "no more processes"), SourceError, "no process for usb:0: no more"),
        (OSError(errno.ENOMEM, "no memory"), OutOfMemoryError, "no process for usb:0: no memory"),
        (error("MemoryError", "OutOfMemoryError"), OutOfMemoryError, "MemoryError"),
    ],
)
def test_what_does_not_open_at_the_start_ends_the_run(
    opening: Scripted | OSError, kind: type[Exception], told: str
) -> None:
    """A wrong option is the user's mistake; the rest is the camera's."""
    machine = Machine([opening])
    with pytest.raises(kind, match=told):
        machine.open()
    assert machine.running == 0


def test_with_wait_a_missing_camera_is_tried_until_it_is_there() -> None:
    """It is live, says what is wrong, and takes over its frame rate when it opens."""
    machine = Machine([error("there is no camera usb:0")] * 3 + [FLOWING])
    source = machine.open(CameraConfig(wait=True))
    assert (source.live, source.fps, source.trouble) == (True, None, "there is no camera usb:0")
    frame = next(source.frames())
    assert (frame.index, source.fps, source.trouble, source.reopened) == (0, 30.0, "", 3)
    with pytest.raises(UsageError):
        Machine([error("no option", "UsageError")]).open(CameraConfig(wait=True))


def test_a_recording_is_not_waited_for() -> None:
    """It was taken to be live, and its frames would be dropped."""
    machine = Machine([error("no video"), hello(live=False, recorded=True)])
    source = machine.open(CameraConfig(wait=True), "video:http://host/clip.mp4")
    with pytest.raises(SourceError, match="is a recording, which is not waited for"):
        next(source.frames())
    assert machine.running == 0


def test_a_recording_goes_on_where_it_broke_off() -> None:
    """The next child is to begin at the frame that is missing, and the end is no fault."""
    recording = hello(live=False, recorded=True)
    machine = Machine([[*recording, *frames(10)], [*recording, *frames(5), *END]])
    source = machine.open(uri="video:http://host/clip.mp4")
    assert len(list(source.frames())) == 15
    assert [start for _, _, start in machine.opened] == [0, 10]
    assert (source.live, source.reopened, machine.running) == (False, 1, 0)


def test_a_recording_may_show_the_same_picture() -> None:
    """It is what was recorded; only a sensor's pictures all differ."""
    still = frames(300, frozen=True)
    source = Machine([[*hello(live=False, recorded=True), *still, *END]]).open()
    assert len(list(source.frames())) == 300
    assert source.reopened == 0


def test_black_pictures_are_given_and_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """The camera is opened again once: a dark room is no fault. Frames flow all the while."""
    night = frames(30 * 60, black=True)
    machine = Machine([[*hello(), *frames(300), *night], [*hello(), *night, *frames(300)]])
    source = machine.open()
    assert len(read(source, 1)) > 30 * 60
    assert source.reopened == 1
    assert warnings(caplog) == ["usb:0 gives black pictures; is there light, and the lens free?"]


def test_broken_pictures_are_counted_and_left_out() -> None:
    """The index tells how many there were; nothing is opened again while others come."""
    script = [*hello(), *frames(10), *broken(5), *frames(10), *broken(3), *frames(10)]
    source = Machine([script]).open()
    taken = list(islice(source.frames(), 30))
    assert (source.broken, source.reopened) == (8, 0)
    assert [b.index - a.index for a, b in pairwise(taken) if b.index - a.index > 1] == [6, 4]


def test_pictures_that_stay_broken_are_given_after_one_opening() -> None:
    """A camera whose own pictures end in grey: opening it again might have helped, once."""
    machine = Machine([[*hello(), *broken(100)], [*hello(), *frames(10), *DEATH], FLOWING])
    read(machine.open(), 1, 1)
    assert machine.flat_is_whole
    source = Machine([[*hello(), *frames(5)], FLOWING])
    read(source.open(), 1, 1)
    assert not source.flat_is_whole


def test_a_new_size_of_pictures_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Once for each size, and nothing is opened again."""
    small = [(1 / 30, {**frames(1)[0][1], "rgb": PICTURE[:60, :80]})] * 10
    source = Machine([[*hello(), *frames(10), *small, *frames(10), *small]]).open()
    sizes = {frame.rgb.shape for frame in islice(source.frames(), 40)}
    assert sizes == {(120, 160, 3), (60, 80, 3)}
    assert warnings(caplog) == ["usb:0 now gives pictures of 80x60"]
    assert source.reopened == 0


def test_a_clock_that_leaps_does_not_show() -> None:
    """Stamps that are an hour ahead for a moment: letters are timed as before."""
    machine = Machine([[*hello(), *frames(10), *frames(6, leap_s=3600.0), *frames(20)]])
    source = machine.open()
    off_s = [f.t_ns / 1e9 - machine.now_s for f in islice(source.frames(), 36)]
    assert off_s == pytest.approx([off_s[0]] * 36, abs=0.01)


def test_closing_during_a_pause_ends_the_frames() -> None:
    """Whoever closes it waits for no opening."""
    machine = Machine([[*hello(), *frames(1), *DEATH], FLOWING])
    source = machine.open()
    given = source.frames()
    next(given)
    machine.slept = source.close
    assert list(given) == []
    assert (len(machine.opened), machine.running) == (1, 0)


def test_what_the_child_logs_is_logged_here(caplog: pytest.LogCaptureFixture) -> None:
    """With its name and level, while it opens and while frames flow."""
    log = [(0.1, {"kind": "log", "name": "edge.sources.usb", "level": 30, "text": "too slow"})]
    source = Machine([[*log, *hello(), *log, *frames(2)]]).open()
    next(source.frames())
    told = [(r.name, r.levelno, r.getMessage()) for r in caplog.records]
    assert told == [("edge.sources.usb", 30, "too slow")] * 2


ANY_FAULT = st.sampled_from([SILENCE, DEATH, error("lost"), END, broken(30), [*SILENCE]])
OPENINGS = st.lists(st.tuples(st.integers(0, 40), ANY_FAULT) | st.just(None), max_size=12)


@given(OPENINGS)
def test_whatever_fails_frames_go_on_or_patience_ends(
    openings: list[tuple[int, Scripted] | None],
) -> None:
    """For any faults in any order: indices and stamps rise, at most one child runs, no silence is
    longer than patience and the last opening, and the end is either frames or a SourceError."""
    scripts = [
        error("not there") if opening is None else [*hello(), *frames(opening[0]), *opening[1]]
        for opening in openings
    ]
    machine = Machine([hello(), *scripts, FLOWING])
    source = machine.open()
    last_s, last = machine.now_s, Frame(PICTURE, -1, -1)
    try:
        for frame in islice(source.frames(), 600):
            assert frame.index > last.index
            assert frame.t_ns > last.t_ns
            assert machine.running == 1
            assert machine.now_s - last_s <= QUICK.patience_s + 21
            last_s, last = machine.now_s, frame
    except SourceError:
        assert machine.now_s - last_s >= QUICK.patience_s - 0.3
        assert machine.running == 0
    source.close()
    assert machine.running == 0
