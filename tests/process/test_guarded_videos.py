"""Video files behind a guard: what their decoder says is told, and none of them can hang a run."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture import open_guarded
from edge.errors import SourceError
from edge.types import Frame

pytestmark = pytest.mark.usefixtures("nothing_is_left")

FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")

MOVING = "testsrc=size=64x48:rate=25:duration=1.2"
STILL = "color=red:size=64x48:rate=25:duration=1.2"


def film(path: Path, picture: str, *options: str) -> Path:
    """A short film, as these options of ffmpeg make it."""
    command = [str(FFMPEG), "-v", "error", "-y", "-f", "lavfi", "-i", picture, *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def frames(path: Path) -> list[Frame]:
    """All frames of a file, read behind a guard."""
    with closing(open_guarded(f"video:{path}")) as source:
        return list(source.frames())


@needs_ffmpeg
@pytest.mark.parametrize(
    "how",
    [
        ("a.mp4", "-c:v", "libx264", "-x264opts", "interlaced=1"),
        ("a.mpg", "-c:v", "mpeg2video", "-flags", "+ilme+ildct"),
        ("a.ts", "-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ilme+ildct"),
    ],
)
def test_interlaced_video_is_read_or_told(tmp_path: Path, how: tuple[str, ...]) -> None:
    """OpenCV 4.13 to 5.0 gives one stale picture for all; before, it gives each of them."""
    path = film(tmp_path / how[0], MOVING, *how[1:])
    try:
        pictures = {frame.rgb.tobytes() for frame in frames(path)}
    except SourceError as error:
        told = str(error)
    else:
        told = f"{path} is interlaced" if len(pictures) > 10 else "it is stale"
    assert f"{path} is interlaced" in told


@needs_ffmpeg
def test_a_recording_that_never_changes_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All its frames come, and the log says what is odd."""
    path = film(tmp_path / "still.mp4", STILL, "-c:v", "libx264")
    assert len(frames(path)) == 30
    assert f"{path} shows the same picture from start to end" in caplog.text


@needs_ffmpeg
def test_errors_of_the_decoder_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What FFmpeg writes to stderr reaches the log, once, and nothing reaches stderr."""
    path = film(tmp_path / "damaged.mp4", MOVING, "-c:v", "libx264")
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 900
    for at in range(begin, begin + 2000, 97):
        data[at] ^= 0x55
    path.write_bytes(data)
    with caplog.at_level(logging.INFO):
        frames(path)
    told = [r.getMessage() for r in caplog.records if "the decoder says" in r.getMessage()]
    assert len(told) == 1
    assert str(path) in told[0]
    assert "0x" not in told[0]


@needs_ffmpeg
def test_a_whole_recording_is_not_complained_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is logged of a film that is as it should be."""
    path = film(tmp_path / "whole.mp4", MOVING, "-c:v", "libx264")
    assert [frame.index for frame in frames(path)] == list(range(30))
    assert "decoder" not in caplog.text
    assert "same picture" not in caplog.text


def write_video(path: Path) -> Path:
    """Ten small pictures with noise."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for _ in range(10):
        writer.write(np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8))
    writer.release()
    return path


def endless_playlist(folder: Path) -> Path:
    """A playlist of a stream that has not ended; no more of it ever comes."""
    (folder / "a.ts").write_bytes(b"")
    path = folder / "live.m3u8"
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", "a.ts"]
    path.write_text("\n".join(lines) + "\n")
    return path


def silent_pipe(folder: Path) -> Path:
    """A named pipe into which nobody writes."""
    path = folder / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("what", [endless_playlist, silent_pipe])
def test_a_file_that_hangs_ends_the_run(
    what: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever hangs does so in a process that is killed; the message says what to check."""
    monkeypatch.setattr("edge.capture.guarded._CAMERA_OPEN_S", 2.0)
    monkeypatch.setattr("edge.capture.guarded._FILE_STALL_S", 3.0)
    path = what(tmp_path)  # type: ignore[operator]
    with pytest.raises(SourceError) as error:
        frames(path)
    assert str(path) in str(error.value)


def test_standard_input_is_a_file_too(tmp_path: Path) -> None:
    """/dev/stdin is that of the run, not of the process that reads it."""
    path = write_video(tmp_path / "a.avi")
    script = (
        "from edge.capture import open_guarded\n"
        "print(len(list(open_guarded('video:/dev/stdin?rotate=90').frames())))\n"
    )
    with path.open("rb") as file:
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, stdin=file, capture_output=True, timeout=50, check=False)
    assert done.stdout.decode().strip() == "10", done.stderr.decode()


def test_decoding_cannot_take_all_memory() -> None:
    """What would take more than its bound fails in the child, and nothing else does."""
    script = (
        "from edge.capture.child import bound_memory\n"
        "bound_memory(10**8)\n"
        "few = bytearray(3 * 10**7)\n"
        "try:\n"
        "    bytearray(2 * 10**8)\n"
        "except MemoryError:\n"
        "    print('bounded')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=50, check=False
    )
    assert done.stdout.decode().strip() == "bounded", done.stderr.decode()
