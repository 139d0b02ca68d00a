"""The process that a camera lives in: `python -m edge.capture.child SOCKET MEMORY`.

Started by edge/capture/process.py; SOCKET and MEMORY are descriptors. It opens the source that its
parent names, and copies each picture into a free slot: this is the only copy of it. It also looks
for faults in the picture, because it has more time than the loop.

It ends when its parent does, even if a driver holds Python's lock for ever: the kernel sends SIGIO
when the pipe on stdin is closed, and SIGIO ends a process that does not catch it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import resource
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from edge.capture import channel, symptoms
from edge.capture.channel import SLOT_BYTES, SLOTS, Memory, is_ready, receive, send
from edge.capture.complaints import Complaints
from edge.errors import FingerspellError, OutOfMemoryError, SourceError, lacks_memory
from edge.sources import is_url, may_be_recorded, may_complain, open_source, public
from edge.stages import Renamed, Source
from edge.types import Frame

_log = logging.getLogger(__name__)

# What decoding may take: a stream of 3840x2160 takes 0.3 GB, a film of 7680x4320 takes 1.2 GB (17
# pictures of the decoder and 3 of ours). FFmpeg collects what a server sends as an endless picture.
_URL_BYTES, _FILE_BYTES = 512 * 10**6, 2 * 10**9
# A recording that goes on where it broke off reports each time that so many frames were skipped.
_SKIPPED = 30
_STILL = 25  # pictures: from so many that are all the same on, a warning; a second of most videos


def main(socket_fd: int, memory_fd: int) -> None:
    """Sends frames until the source ends or fails, or the parent is gone."""
    _die_with_parent()
    parent = socket.socket(fileno=socket_fd)
    memory = Memory(memory_fd)
    os.close(memory_fd)
    logging.getLogger().addHandler(_ToParent(parent))
    logging.getLogger().setLevel(logging.INFO)
    order = receive(parent)
    if order is None:
        return
    uri = order["uri"] = _of_parent(order["uri"])
    complaints = None
    if may_complain(uri):
        complaints = Complaints()
        _let_ffmpeg_complain()
        bound_memory(_URL_BYTES if is_url(uri) else _FILE_BYTES)
    try:
        send(parent, "opening")
        _send_frames(open_source(uri), order, parent, memory, complaints)
        send(parent, "end")
    except FingerspellError as error:
        with suppress(OSError):  # the parent is gone, or does not listen any more
            send(parent, "error", error=type(error).__name__, text=str(error))
    except Exception as error:  # of a library: it ends this process, not the run
        reason = public(f"{type(error).__name__} {error}").partition("\n")[0]
        kind = OutOfMemoryError if lacks_memory(error) else SourceError
        text = f"{order['shown']} failed: {reason}"
        with suppress(OSError):
            send(parent, "error", error=kind.__name__, text=text)


def _die_with_parent() -> None:
    """Has this process end with its parent, and only then.

    Ctrl-C and a service manager's SIGTERM are for the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:  # it has ended already
        os._exit(0)


def _of_parent(uri: str) -> str:
    """The URI of a file that is open in the parent, /dev/stdin or /dev/fd/N, for this process."""
    found = re.fullmatch(
        r"(video|images):(?:/dev/stdin|(?:/dev|/proc/self)/fd/([0-9]+))((?:\?.*)?)", uri
    )
    return f"{found[1]}:/proc/{os.getppid()}/fd/{found[2] or 0}{found[3]}" if found else uri


def _let_ffmpeg_complain() -> None:
    """Has FFmpeg write what it cannot decode to stderr, which is kept here.

    With the variable, whatever its value is, OpenCV writes that to stdout, if at all.
    """
    from edge.decoding.opencv_log import SILENT  # which sets the variable

    if os.environ.get("OPENCV_FFMPEG_LOGLEVEL") == SILENT:
        del os.environ["OPENCV_FFMPEG_LOGLEVEL"]


def bound_memory(most_bytes: int) -> None:
    """Has this process fail where it would take so much more memory than now.

    The bound is a quarter of the machine's memory if that is less.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    # Shared memory is not counted, libraries' data is: proc_pid_statm(5), the sixth number.
    used = int(Path("/proc/self/statm").read_text().split()[5]) * page
    more = min(most_bytes, os.sysconf("SC_PHYS_PAGES") * page // 4)
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = used + more
    if most == resource.RLIM_INFINITY or wanted < most:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


def _send_frames(
    source: Source,
    order: channel.Message,
    parent: socket.socket,
    memory: Memory,
    complaints: Complaints | None,
) -> None:
    recorded = may_be_recorded(order["uri"]) and not source.live
    again = source.again if isinstance(source, Renamed) else order["uri"]
    send(parent, "hello", live=source.live, fps=source.fps, again=again, recorded=recorded)
    slots = _Slots(parent)
    judged = not (recorded or order["flat_is_whole"])
    broken = symptoms.BrokenPictures()
    decoder = _Decoder(order["shown"], recorded and complaints is not None, complaints)
    for frame in source.frames():
        decoder.check()
        if recorded and frame.index < order["start"]:
            if frame.index % _SKIPPED == 0:
                send(parent, "skipped", index=frame.index)
            continue  # an earlier process gave it, before the stream broke off
        if judged and broken.is_broken(symptoms.flat_end_rows(frame.rgb)):
            send(parent, "broken", index=frame.index)
            continue
        slot = slots.take(wait=not source.live)
        if slot is not None:
            decoder.take(_put(frame, slot, parent, memory))
    decoder.end()


class _Decoder:
    """What a video's decoder complains of, and whether its pictures change at all."""

    def __init__(self, shown: str, changes: bool, complaints: Complaints | None) -> None:
        """changes: whether its pictures are expected to change, as those of a video are."""
        self._shown = shown
        self._changes = changes
        self._complaints = complaints
        self._count = 0
        self._pictures = 0
        self._checksums: set[int] = set()

    def check(self) -> None:
        """Logs the first complaint. Raises SourceError for one that means a wrong picture."""
        lines = self._complaints.new() if self._complaints else []
        for line in lines:
            if "interlaced" in line:  # of libswscale: it leaves the picture as it was
                raise SourceError(
                    f"{self._shown} is interlaced, which this version of OpenCV cannot read; "
                    "convert it: ffmpeg -i FILE -vf yadif NEW.mp4, or set the camera to progressive"
                )
        if lines and not self._count:
            _log.warning(
                "%s: the decoder says %r; pictures may be damaged", self._shown, lines[0][:200]
            )
        self._count += len(lines)

    def take(self, checksum: int) -> None:
        """Takes the checksum of a picture."""
        self._pictures += 1
        if len(self._checksums) < 2:
            self._checksums.add(checksum)

    def end(self) -> None:
        """The source has ended: logs what was wrong with all of it."""
        if self._count > 1:
            _log.warning("%s: the decoder complained %d times", self._shown, self._count)
        if self._changes and self._pictures >= _STILL and len(self._checksums) == 1:
            _log.warning("%s shows the same picture from start to end", self._shown)


def _put(frame: Frame, slot: int, parent: socket.socket, memory: Memory) -> int:
    """Hands a frame to the parent; returns the checksum of its picture."""
    height, width = frame.rgb.shape[:2]
    if frame.rgb.size > SLOT_BYTES:
        raise SourceError(f"pictures of {width}x{height} are too large; choose 7680x4320 or less")
    start_ns = time.perf_counter_ns()
    np.copyto(memory.picture(slot, height, width)[0], frame.rgb)
    pixels = symptoms.some_pixels(frame.rgb)
    checksum, black = symptoms.checksum(pixels), symptoms.is_black(pixels)
    share_ms = (time.perf_counter_ns() - start_ns) / 1e6
    send(
        parent,
        "frame",
        slot=slot,
        height=height,
        width=width,
        index=frame.index,
        t_ns=frame.t_ns,
        checksum=checksum,
        black=black,
        truth=channel.pack_truth(frame.truth),
        cost_ms={**frame.cost_ms, "share": share_ms},
    )
    return checksum


class _Slots:
    """The slots that are free, as the parent reports them."""

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._free = set(range(SLOTS))

    def take(self, *, wait: bool) -> int | None:
        """A slot to write to. If all are in use: waits for one, or returns None without `wait`."""
        while is_ready(self._parent, None if wait and not self._free else 0):
            message = receive(self._parent)
            if message is None:
                os._exit(0)
            self._free.update(message["slots"])
        if not self._free:
            return None
        slot = min(self._free)
        self._free.remove(slot)
        return slot


class _ToParent(logging.Handler):
    """Sends what is logged here to the parent, which logs it as the user has set it up."""

    def __init__(self, parent: socket.socket) -> None:
        super().__init__()
        self._parent = parent

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
            send(self._parent, "log", name=record.name, level=record.levelno, text=text)
        except OSError:
            self.handleError(record)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
