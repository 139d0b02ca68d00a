"""`video:PATH` and `video:URL`: video files, animated GIFs, and http or rtsp streams.

Every frame of a file is read, in order, so that a replay is exact. Everything after `video:` is
the path, but for the options of every source. A file that is cut short ends after the last frame
that can be read.

A URL (http, https, rtsp, rtsps) is live unless it is a recording of known length. Its options stand
in the fragment, which is never sent to the camera, so that the camera's own `?name=value` can be
used too:

    video:rtsp://user:password@192.168.1.7/stream1
    video:http://192.168.1.8:8080/video?quality=80#timeout=2

timeout (in seconds, default 5): the longest wait for the stream to open, and then for each frame.
Without it OpenCV waits 30 s. RTSP runs over TCP, which is OpenCV's default; the environment
variable OPENCV_FFMPEG_CAPTURE_OPTIONS changes that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge.errors import SourceError, UsageError
from edge.sources import is_url, place, public, read_options, split_url_options
from edge.sources._answer import is_single_picture, what_is_there
from edge.sources._capture import Capture, Picture
from edge.stages import Source
from edge.types import Frame
from edge.urls import encoded

GUARDED = True  # a file may lie on a network share, or be a pipe or an endless playlist
RECORDINGS = True
COMPLAINS = True  # FFmpeg, of what it cannot decode

_FALLBACK_FPS = 25.0  # of a file that states no rate; FFmpeg assumes the same
_MOTION_JPEG = int.from_bytes(b"MJPG", "little")
_TEXT = int.from_bytes(b"ansi", "little")  # FFmpeg opens text files too, and draws them
# A read that took this share of the time limit ran into the limit, which OpenCV checks only now and
# then.
_STALLED_SHARE = 0.95

# What FFmpeg recognises and, as OpenCV's packages have it, does not decode, by its four characters.
_NOT_DECODED = {"AV01": "AV1 video", "av01": "AV1 video", "webp": "an animated WebP"}
_CONVERT = "which this OpenCV cannot decode; convert it: ffmpeg -i FILE -c:v libx264 NEW.mp4"
_ASK_S = 3.0  # the longest wait for a camera that is asked what its address is
_ONE_PICTURE = "is a single picture, not a stream; use the camera's address for video"
# After the end of a video each further read fails at once, so that this costs no time.
_MOST_UNREADABLE = 100


@dataclass(frozen=True)
class Options:
    """The options of a URL."""

    timeout: float = 5.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.timeout <= 60:
            raise ValueError("timeout is 0.1 to 60 seconds")


def open(rest: str) -> Source:
    """Opens a file or a URL.

    Raises UsageError for a path that does not exist or is a folder, for a URL of another kind and
    for a wrong option. Raises SourceError for a file that is not a video, and for a URL that gives
    no video in time.
    """
    if is_url(rest):
        return _open_url(rest)
    path = Path(rest).expanduser()
    if not rest or not path.exists():
        raise UsageError(f"there is no file {rest!r}; video: is followed by a path or a URL")
    if path.is_dir():
        raise UsageError(f"{rest} is a folder; for its pictures, say images:{rest}")
    # The path is absolute, so that FFmpeg does not read a name with a colon as a protocol.
    capture = Capture(str(path.absolute()), cv2.CAP_FFMPEG)
    if not capture.opened() or capture.get(cv2.CAP_PROP_FOURCC) == _TEXT:
        capture.close()
        raise SourceError(f"{rest} {_why_not(path)}")
    return Video(capture, shown=rest, timeout_s=None)


def _open_url(rest: str) -> Source:
    url, texts = split_url_options(rest)
    options = read_options(texts, Options)
    if not re.match(r"(https?|rtsps?)://[^/]", url):
        raise UsageError(
            f"{public(url)} cannot be read; video: takes http, https, rtsp and rtsps URLs"
        )
    timeout_ms = round(options.timeout * 1000)
    params = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms]
    params += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    shown = place(url)
    capture = Capture(encoded(url), cv2.CAP_FFMPEG, params, live=True)
    if not capture.opened():
        matter = what_is_there(url, min(options.timeout, _ASK_S))
        if matter is not None:
            raise SourceError(f"{shown} {matter}")
        raise SourceError(
            f"no video from {shown} within {options.timeout:g} s; "
            "check the address, the password and that the camera is on"
        )
    video = Video(capture, shown, options.timeout, url)
    if video.is_one_picture():
        video.close()
        raise UsageError(f"{shown} {_ONE_PICTURE}")
    return video


def _fourcc(capture: Capture) -> str:
    """The four characters that name the codec."""
    code = int(max(0.0, capture.get(cv2.CAP_PROP_FOURCC)))
    return code.to_bytes(8, "little")[:4].decode("ascii", "replace")


def _why_not(path: Path) -> str:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if empty:
        return "is empty; copy it again"
    return "is no video, or in a format that OpenCV cannot read; try an MP4 with H.264"


class Video:
    """A video that OpenCV's FFmpeg has opened.

    Time stamps are the container's. A frame whose stamp is not later than the one before gets the
    time that follows at the stated rate. Motion JPEG over the network has no time stamps (FFmpeg
    invents them, at 25 frames a second), so its frames are stamped when they arrive.
    """

    def __init__(
        self, capture: Capture, shown: str, timeout_s: float | None, url: str = ""
    ) -> None:
        """url: its address, to ask what is the matter with it; "" for a file."""
        self._capture = capture
        self._url = url
        self._shown = shown
        self._timeout_s = timeout_s
        self._length = int(max(0, capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self.live = timeout_s is not None and not self._length
        self._stamped = not (self.live and capture.get(cv2.CAP_PROP_FOURCC) == _MOTION_JPEG)
        fps = capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if self._stamped and 0 < fps <= 1000 else None
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # off by default before OpenCV 5

    def frames(self) -> Iterator[Frame]:
        """Yields every frame; raises SourceError if a live stream stalls or drops."""
        step_ns = round(1e9 / (self.fps or _FALLBACK_FPS))
        index, t_ns = 0, -step_ns
        begun_s = time.monotonic()
        while (found := self._next(begun_s)) is not None:
            left_out, (rgb, stamp_ms, cost_ms) = found
            self._check_stall(begun_s)
            index += left_out
            stamp_ns = round(stamp_ms * 1e6) if self._stamped else time.monotonic_ns()
            t_ns = stamp_ns if stamp_ns > t_ns else t_ns + step_ns
            yield Frame(rgb, index, t_ns, cost_ms=cost_ms)
            index += 1
            begun_s = time.monotonic()
        if self._capture.closed:
            return
        self._check_stall(begun_s)
        codec = _NOT_DECODED.get(_fourcc(self._capture))
        self.close()
        if not index and codec:
            raise SourceError(f"{self._shown} is {codec}, {_CONVERT}")
        if self.live and index <= 1 and is_single_picture(self._url, _ASK_S):
            raise UsageError(f"{self._shown} {_ONE_PICTURE}")
        if self.live:
            raise SourceError(f"{self._shown} ended the stream; check the camera")
        if not index:
            raise SourceError(f"{self._shown} holds no frame that can be read; copy it again")

    def is_one_picture(self) -> bool:
        """Whether the address is known to be that of a single JPEG."""
        return bool(self._url) and self._length == 1 and _fourcc(self._capture) == "MJPG"

    def close(self) -> None:
        """Releases the video; may be called twice, and from another thread."""
        self._capture.close()

    def _next(self, begun_s: float) -> tuple[int, Picture] | None:
        """The next picture, and how many before it could not be decoded and were left out.

        None at the end, which looks the same as so many pictures that cannot be decoded.
        """
        for left_out in range(_MOST_UNREADABLE):
            picture = self._capture.read()
            if picture is not None:
                return left_out, picture
            if self._capture.closed or self._stalled(begun_s):
                break
        return None

    def _stalled(self, begun_s: float) -> bool:
        """Whether the read that began at `begun_s` ran into the time limit."""
        waited_s = time.monotonic() - begun_s
        return self._timeout_s is not None and waited_s > _STALLED_SHARE * self._timeout_s

    def _check_stall(self, begun_s: float) -> None:
        """Raises SourceError if the read that began at `begun_s` ran into the time limit.

        Such a read may still return a frame: an old one that the decoder had held back. Several
        reads after it may do the same, each after waiting as long again.
        """
        if self._stalled(begun_s):
            assert self._timeout_s is not None
            self.close()
            raise SourceError(
                f"{self._shown} sent nothing for {self._timeout_s:g} s; "
                "check the network and the camera"
            )
