"""What every source does: one suite over all the files of edge/sources.

Those that are guarded, in a process of their own (edge/capture), do the same there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import islice, pairwise
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np
import pytest

from edge import sources
from edge.capture import open_guarded
from edge.errors import FingerspellError
from edge.sources import open_source
from edge.stages import Source
from edge.uploads import UPLOADS
from tests.support import fake_cameras, fake_v4l2, mjpeg_server

RED_BGR = (10, 20, 250)


class Stage:
    """Prepares, for one test, what a source needs in order to be opened here."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self._folder = folder
        self._patch = patch
        self._stack = stack

    def usb(self) -> str:
        machine = fake_cameras.install(self._patch, self._folder)
        machine.plug(0, fake_v4l2.Device(noise=True))
        return "usb:0?size=320x240"

    def picamera(self) -> str:
        fake_cameras.install(self._patch, self._folder, {})
        return "picamera:0?size=320x240"

    def video(self) -> str:
        path = self._folder / "red.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 240))
        for _ in range(20):
            writer.write(np.full((240, 320, 3), RED_BGR, np.uint8))
        writer.release()
        return f"video:{path}"

    def stream(self) -> str:
        camera = self._stack.enter_context(mjpeg_server.serve(mjpeg_server.Camera()))
        return f"video:{camera.url}/video?quality=80#timeout=2"

    def images(self) -> str:
        for number in range(1, 21):
            path = self._folder / f"{number}.png"
            cv2.imwrite(str(path), np.full((24, 32, 3), RED_BGR, np.uint8))
        return f"images:{self._folder}?fps=10&repeat=2"

    def signer(self) -> str:
        return "signer:HI?seed=1"

    def browser(self) -> str:
        """A sender that the page's server would be, until the source is closed."""

        def send() -> None:
            deadline_s = time.monotonic() + 10
            while not UPLOADS.begin(self) and time.monotonic() < deadline_s:
                time.sleep(0.01)
            picture = np.full((240, 320, 3), RED_BGR, np.uint8)
            while UPLOADS.put(self, mjpeg_server.jpeg(picture)):
                time.sleep(0.01)
            UPLOADS.end(self)

        Thread(target=send, daemon=True).start()
        return "browser:"

    def faulty(self) -> str:
        return "faulty:HI?seed=1&size=320x240&fault=slow,half&after=60"


# Every source by its name; video twice, as a file and as a stream. A new source adds a line here
# and a method above.
WAYS: dict[str, tuple[str, Callable[[Stage], str]]] = {
    "usb": ("usb", Stage.usb),
    "picamera": ("picamera", Stage.picamera),
    "video-file": ("video", Stage.video),
    "video-stream": ("video", Stage.stream),
    "images": ("images", Stage.images),
    "signer": ("signer", Stage.signer),
    "browser": ("browser", Stage.browser),
    "faulty": ("faulty", Stage.faulty),
    "usb-guarded": ("usb", Stage.usb),
    "picamera-guarded": ("picamera", Stage.picamera),
    "video-file-guarded": ("video", Stage.video),
    "video-stream-guarded": ("video", Stage.stream),
    "faulty-guarded": ("faulty", Stage.faulty),
}

# Of each source, what makes no sense or cannot be had.
WRONG = {
    "usb": ["usb:7", "usb:front", "usb:0?nonsense=1", "usb:0?size=big", "usb:0?fps=0"],
    "picamera": ["picamera:7", "picamera:front", "picamera:0?nonsense=1", "picamera:0?size=3x3"],
    "video": [
        "video:",
        "video:/no/such/file.mp4",
        "video:ftp://host/x",
        "video:http://h/#timeout=x",
    ],
    "images": ["images:", "images:/no/such/folder", "images:/?fps=0", "images:/?nonsense=1"],
    "browser": ["browser:front", "browser:?nonsense=1"],
    "signer": ["signer:", "signer:%", "signer:HI?nonsense=1", "signer:HI?speed=fast"],
    "faulty": ["faulty:", "faulty:HI?fault=bad,hang", "faulty:HI?after=-1", "faulty:HI?seed=-1"],
}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, monkeypatch, stack)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def uri(way: str, stage: Stage) -> str:
    return WAYS[way][1](stage)


@pytest.fixture
def opened(way: str) -> Callable[[str], Source]:
    """What opens a source of this way."""
    return open_guarded if way.endswith("-guarded") else open_source


@pytest.fixture
def source(uri: str, opened: Callable[[str], Source]) -> Iterator[Source]:
    with closing(opened(uri)) as source:
        yield source


def test_every_source_is_tested() -> None:
    """A source without a way to open it here fails, so that none slips past this suite."""
    assert {name for name, _ in WAYS.values()} == set(sources.names()) == set(WRONG)


def test_a_source_says_what_it_is(source: Source) -> None:
    """A source has frames, close, live, and a rate or None."""
    assert isinstance(source, Source)
    assert source.live in (True, False)
    assert source.fps is None or 0 < source.fps <= 1000


def test_frames_are_counted_and_stamped(source: Source) -> None:
    """Frames are (H, W, 3) uint8, counted from 0, each stamped later than the one before.

    A busy machine may lose frames of a live source; their indices are left out.
    """
    frames = list(islice(source.frames(), 8))
    indices = [frame.index for frame in frames]
    assert indices[0] == 0
    assert indices == (sorted(set(indices)) if source.live else list(range(8)))
    for frame in frames:
        assert frame.rgb.dtype == np.uint8
        assert frame.rgb.ndim == 3
        assert frame.rgb.shape[2] == 3
        assert frame.rgb.flags.c_contiguous
        assert isinstance(frame.t_ns, int)
    assert all(a.t_ns < b.t_ns for a, b in pairwise(frames))


def test_stamps_are_nanoseconds(source: Source) -> None:
    """Where the source states its rate and keeps to it, stamps are that far apart."""
    frames = list(islice(source.frames(), 8))
    if source.live or source.fps is None:
        pytest.skip("the test's cameras run at a pace of their own")
    step_ns = (frames[-1].t_ns - frames[0].t_ns) / 7
    assert step_ns == pytest.approx(1e9 / source.fps, rel=0.01)


def test_a_held_frame_does_not_change(source: Source) -> None:
    """Each frame has memory of its own."""
    frames = source.frames()
    held = next(frames)
    before = held.rgb.copy()
    later = list(islice(frames, 5))
    assert not any(np.shares_memory(held.rgb, frame.rgb) for frame in later)
    assert np.array_equal(held.rgb, before)


def test_red_is_red(way: str, source: Source) -> None:
    """Red comes first."""
    if way.partition("-")[0] in ("signer", "faulty"):
        pytest.skip("it chooses its own colours")
    frame = next(source.frames())
    assert np.median(frame.rgb, axis=(0, 1)) == pytest.approx([250, 20, 10], abs=8)


def test_a_closed_source_gives_no_frame(source: Source) -> None:
    """Closing twice does no harm, and ends the frames without an error."""
    frames = source.frames()
    next(frames)
    source.close()
    source.close()
    assert list(frames) == []


def test_a_source_may_be_closed_before_it_is_read(source: Source) -> None:
    """After closing there are no more frames."""
    source.close()
    assert list(source.frames()) == []


def test_closing_from_another_thread_ends_the_frames(source: Source) -> None:
    """A reader that is in the midst of frames gets at most one more."""
    begun, closed = Event(), Event()
    counts: list[int] = []

    def read() -> None:
        frames = source.frames()
        next(frames)
        begun.set()
        if source.live:
            counts.append(sum(1 for _ in frames if closed.is_set()))
        else:
            closed.wait(10)
            counts.append(sum(1 for _ in frames))

    reader = Thread(target=read, daemon=True)
    reader.start()
    assert begun.wait(10)
    source.close()
    closed.set()
    reader.join(10)
    assert not reader.is_alive()
    assert counts[0] <= 1


def test_what_is_read_in_order_is_the_same_again(uri: str, opened: Callable[[str], Source]) -> None:
    """A source that is not live gives the same frames each time it is opened."""
    runs = []
    for _ in range(2):
        with closing(opened(uri)) as source:
            if source.live:
                pytest.skip("a live source never shows the same twice")
            runs.append([(f.index, f.t_ns, f.rgb.tobytes()) for f in islice(source.frames(), 30)])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("wrong", [uri for uris in WRONG.values() for uri in uris])
@pytest.mark.parametrize("opened", [open_source, open_guarded])
def test_mistakes_are_told_in_one_line(
    wrong: str,
    opened: Callable[[str], Source],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What makes no sense or cannot be had is a FingerspellError of one line."""
    machine = fake_cameras.install(monkeypatch, tmp_path, {})
    machine.plug(0, fake_v4l2.Device())
    with pytest.raises(FingerspellError) as caught:
        opened(wrong)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 200
