"""Video files and network streams."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np
import pytest

from edge.errors import FingerspellError, SourceError, UsageError
from edge.sources import open_source
from tests.support.mjpeg_server import Camera, jpeg, serve

CLIPS = Path(__file__).parents[2].parent / "shared" / "data" / "clips"


def write_video(path: Path, frames: int = 30, codec: str = "MJPG", fps: float = 30) -> Path:
    """A grey that grows lighter, 5 a frame, with noise so that it takes room on disk."""
    noise = np.random.default_rng(0).integers(0, 5, (120, 160, 3))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (160, 120))
    for index in range(frames):
        writer.write((noise + 5 * index % 250).astype(np.uint8))
    writer.release()
    return path


def stamps_ms(uri: str) -> list[float]:
    with closing(open_source(uri)) as source:
        return [frame.t_ns / 1e6 for frame in source.frames()]


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v")])
def test_every_frame_is_read_in_order(tmp_path: Path, name: str, codec: str) -> None:
    """No frame is lost or doubled, whatever the container."""
    path = write_video(tmp_path / name, 40, codec)
    with closing(open_source(f"video:{path}")) as source:
        assert (source.live, source.fps) == (False, 30)
        greys = [float(np.median(frame.rgb)) for frame in source.frames()]
    assert greys == pytest.approx([5 * index + 2 for index in range(40)], abs=4)


def test_stamps_are_the_containers(tmp_path: Path) -> None:
    """At 12.5 frames a second frames are 80 ms apart."""
    path = write_video(tmp_path / "slow.mp4", 10, "mp4v", 12.5)
    assert stamps_ms(f"video:{path}") == pytest.approx([80 * index for index in range(10)])


def test_a_gif_is_a_video(tmp_path: Path) -> None:
    """An animated GIF is read frame by frame, with its own delays."""
    palette = bytes(channel for grey in range(128) for channel in (2 * grey,) * 3)
    gif = b"GIF89a" + bytes([2, 0, 2, 0, 0xF6, 0, 0]) + palette
    for _ in range(4):
        gif += bytes([0x21, 0xF9, 4, 0, 20, 0, 0, 0])  # 0.2 s
        gif += bytes([0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0, 7])
        codes = [128, 120, 120, 120, 120, 129]  # clear, four pixels, end; 8 bits each
        gif += bytes([len(codes), *codes, 0])
    path = tmp_path / "four.gif"
    path.write_bytes(gif + b";")
    with closing(open_source(f"video:{path}")) as source:
        frames = list(source.frames())
    assert [frame.t_ns / 1e6 for frame in frames] == pytest.approx([0, 200, 400, 600])
    assert frames[0].rgb.tolist() == [[[240] * 3] * 2] * 2


def test_a_turned_phone_gives_upright_frames(tmp_path: Path) -> None:
    """The rotation that a phone writes beside the picture is applied."""
    path = write_video(tmp_path / "phone.mp4", 5, "mp4v")
    data = bytearray(path.read_bytes())
    # The track header ends in a 3x3 matrix, then width and height; all fixed point.
    at = data.index(b"tkhd") + 4 + 4 + 36
    one = 1 << 16
    upright, quarter = [one, 0, 0, 0, one, 0, 0, 0, 1 << 30], [0, one, 0, -one, 0, 0, 0, 0, 1 << 30]
    assert data[at : at + 36] == b"".join(v.to_bytes(4, "big", signed=True) for v in upright)
    data[at : at + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in quarter)
    path.write_bytes(data)
    with closing(open_source(f"video:{path}")) as source:
        assert next(source.frames()).rgb.shape == (160, 120, 3)


FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")


def film(path: Path, *options: str) -> Path:
    """Twelve pictures of 64 x 48 in which something moves, as these options of ffmpeg make it."""
    moving = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=0.48"]
    command = [str(FFMPEG), "-v", "error", "-y", *moving, *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@needs_ffmpeg
@pytest.mark.parametrize(
    ("aspect", "turn", "size"),
    [
        ("2/1", "0", (128, 48)),
        ("4/3", "0", (85, 48)),
        ("1/2", "0", (64, 96)),
        ("1/1", "0", (64, 48)),
        ("2/1", "90", (48, 128)),
    ],
)
def test_pixels_are_square(tmp_path: Path, aspect: str, turn: str, size: tuple[int, int]) -> None:
    """A picture that a player would stretch is stretched, also one that is turned."""
    path = film(tmp_path / "a.mp4", "-vf", f"setsar={aspect}", "-c:v", "libx264")
    if turn != "0":
        turned = tmp_path / "turned.mp4"
        quiet = [str(FFMPEG), "-v", "error"]
        rest = ["-i", str(path), "-c", "copy", "-metadata:s:v", f"rotate={turn}", str(turned)]
        if subprocess.run([*quiet, "-display_rotation", turn, *rest], check=False).returncode:
            subprocess.run([*quiet, *rest], check=True)  # ffmpeg before 6
        path = turned
    with closing(open_source(f"video:{path}")) as source:
        height, width = next(iter(source.frames())).rgb.shape[:2]
    assert (width, height) == size


def test_a_file_cut_short_ends_early(tmp_path: Path) -> None:
    """What could be read is given, then the frames end."""
    path = write_video(tmp_path / "cut.avi", 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 0 < len(stamps_ms(f"video:{path}")) < 30


BAD = {
    "empty.mp4": b"",
    "noise.mp4": np.random.default_rng(1).bytes(50_000),
    "text.txt": b"A text is no video.\n" * 100,
    "text.mp4": b"A text is no video.\n" * 100,
    "header.mp4": b"\0\0\0\x18ftypisom\0\0\0\0isomiso2",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_video_says_so(tmp_path: Path, name: str) -> None:
    """One line names the file and what is wrong with it."""
    path = tmp_path / name
    path.write_bytes(BAD[name])
    with pytest.raises(SourceError, match="is empty" if not BAD[name] else "is no video") as caught:
        open_source(f"video:{path}")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_file_is_a_mistake(tmp_path: Path) -> None:
    """A missing path and a folder are the user's mistakes, not the source's."""
    with pytest.raises(UsageError, match="there is no file"):
        open_source(f"video:{tmp_path / 'missing.mp4'}")
    with pytest.raises(UsageError, match=f"images:{tmp_path}"):
        open_source(f"video:{tmp_path}")


def test_names_are_not_mistaken_for_options_or_protocols(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is a path, whatever characters it holds."""
    monkeypatch.chdir(tmp_path)
    for name in ("what?x=1#timeout=2.avi", "file:odd.avi", "a%20b.avi"):
        write_video(tmp_path / name, 3)
        assert len(stamps_ms(f"video:{name}")) == 3


def test_a_stream_keeps_its_query_and_loses_our_options() -> None:
    """The camera's own ?name=value reaches it; the fragment, which is ours, does not."""
    with serve(Camera()) as camera:
        uri = f"video:{camera.url}/video?timeout=9&x=1#timeout=2"
        with closing(open_source(uri)) as source:
            assert source.live
            next(source.frames())
        assert set(camera.paths) == {"/video?timeout=9&x=1"}


def test_motion_jpeg_is_stamped_on_arrival() -> None:
    """FFmpeg takes any Motion JPEG for 25 frames a second; the true rate is what counts."""
    with serve(Camera(interval_s=0.1)) as camera, closing(open_source(f"video:{camera.url}")) as s:
        frames = s.frames()
        stamps = [next(frames).t_ns for _ in range(6)]
        assert s.fps is None
    steps_ms = [(b - a) / 1e6 for a, b in pairwise(stamps[1:])]
    assert np.median(steps_ms) == pytest.approx(100, abs=30)


NOISY = [
    jpeg(np.random.default_rng(n).integers(0, 255, (48, 64, 3)).astype(np.uint8)) for n in range(8)
]


@pytest.mark.parametrize(
    "part", [NOISY[0][:200], b"\xff\xd8" + bytes(range(256)), b"", b"out of memory"]
)
def test_a_part_that_cannot_be_decoded_is_left_out(part: bytes) -> None:
    """The stream goes on over the same connection, and the part counts as a dropped frame."""
    pictures = [*NOISY, part, *NOISY]
    with serve(Camera(pictures=pictures)) as camera:
        source = open_source(f"video:{camera.url}#timeout=2")
        frames = source.frames()
        first = next(frames).index
        connections = len(camera.paths)
        indices = [first, *(next(frames).index for _ in range(50))]
        assert len(camera.paths) == connections
        source.close()
    assert indices[-1] > len(indices) - 1
    assert all(a < b for a, b in pairwise(indices))


def test_a_damaged_picture_does_not_end_a_file(tmp_path: Path) -> None:
    """It is left out; the rest of the file is read."""
    path = write_video(tmp_path / "a.avi", 30)
    data = bytearray(path.read_bytes())
    starts = [found.start() + 8 for found in re.finditer(rb"00dc", data)][:30]
    for at in range(starts[12], starts[13] - 8):
        data[at] = 0
    path.write_bytes(data)
    with closing(open_source(f"video:{path}")) as source:
        indices = [frame.index for frame in source.frames()]
    assert (len(indices), indices[0], indices[-1]) == (29, 0, 29)


@pytest.mark.parametrize(
    ("then", "told"), [("stall", "sent nothing for 0.5 s"), ("drop", "ended the stream")]
)
def test_a_stream_that_stops_is_lost(then: str, told: str) -> None:
    """What was sent is given, then SourceError says whether the stream stalled or ended."""
    with serve(Camera(frames=8, then=then)) as camera:
        source = open_source(f"video:{camera.url}/cam#timeout=0.5")
        frames = source.frames()
        assert [next(frames).index for _ in range(6)] == list(range(6))
        with pytest.raises(SourceError, match=told):
            list(frames)
        source.close()


def test_closing_lets_go_of_a_stalled_stream() -> None:
    """A reader that waits for a frame ends without an error once the source is closed."""
    with serve(Camera(frames=4, then="stall")) as camera:
        source = open_source(f"video:{camera.url}/cam#timeout=1")
        begun = Event()
        ended: list[object] = []

        def read() -> None:
            try:
                for frame in source.frames():
                    if frame.index == 2:
                        begun.set()
            except FingerspellError as error:
                ended.append(error)
            else:
                ended.append("quietly")

        reader = Thread(target=read, daemon=True)
        reader.start()
        assert begun.wait(10)
        source.close()
        reader.join(10)
    assert ended == ["quietly"]


def test_a_silent_host_is_given_up() -> None:
    """A host that accepts and says nothing is given up after the timeout; no password is shown."""
    with serve(Camera(silent=True)) as camera:
        address = camera.url.replace("//", "//me:secret@")
        with pytest.raises(SourceError, match=r"no video from .* within 0.3 s") as caught:
            open_source(f"video:{address}/cam?pwd=secret#timeout=0.3")
        assert not camera.outlasted
    assert "secret" not in str(caught.value)


def test_nobody_listening_is_one_line() -> None:
    """A port on which nobody listens is a SourceError."""
    with serve(Camera()) as camera:
        url = camera.url
    with pytest.raises(SourceError, match="check the address"):
        open_source(f"video:{url}#timeout=0.5")


def test_opencv_says_nothing_of_its_own(tmp_path: Path) -> None:
    """Neither OpenCV nor FFmpeg writes to stderr, whatever is wrong with a video.

    In a process of its own: cv2.VideoWriter, used by the other tests, wakes FFmpeg's log.
    """
    cut = write_video(tmp_path / "cut.avi", 30)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    for name, content in BAD.items():
        (tmp_path / name).write_bytes(content)
    script = (
        "import sys\n"
        "from edge.errors import SourceError\n"
        "from edge.sources import open_source\n"
        "for uri in sys.argv[1:]:\n"
        "    try:\n"
        "        print(len(list(open_source(uri).frames())))\n"
        "    except SourceError as error:\n"
        "        print(error)\n"
    )
    with serve(Camera(frames=8)) as drops, serve(Camera(frames=8, then="stall")) as stalls:
        uris = [f"video:{tmp_path / name}" for name in ("cut.avi", *BAD)]
        uris += [f"video:{camera.url}#timeout=0.3" for camera in (drops, stalls)]
        command = [sys.executable, "-c", script, *uris]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert len(done.stdout.splitlines()) == len(uris)
    assert done.stderr == ""


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the real clips are not in ../shared/data")
@pytest.mark.parametrize("name", ["motion/J.gif", "webcam/A.mov", "lesson/a.mp4"])
def test_real_clips_are_read_to_their_end(name: str) -> None:
    """Real recordings of three kinds are read whole, in order, at their own pace."""
    capture = cv2.VideoCapture(str(CLIPS / name))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    stamps = stamps_ms(f"video:{CLIPS / name}")
    assert len(stamps) == count
    assert all(a < b for a, b in pairwise(stamps))
