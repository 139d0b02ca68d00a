"""A camera or stream that is opened again when it fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator

from edge.capture.channel import Message, log_for_child, unpack_truth
from edge.capture.process import Child, Process
from edge.capture.settings import CameraConfig
from edge.capture.stamps import Stamps
from edge.capture.watch import Watch
from edge.capture.words import advice, is_file, shown
from edge.errors import FingerspellError, OutOfMemoryError, SourceError, UsageError, lacks_memory
from edge.sources import is_url, sizes_vary
from edge.types import Frame

_log = logging.getLogger(__name__)

_SILENT, _BROKEN = "has sent nothing", "has sent only broken pictures"

# The longest wait between two checks of whether close() was called.
_POLL_S = 0.25
# The pause before a camera is opened again: each is twice the one before, up to the longest.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
# After frames have come for so long, the next pause is the first one again.
_STEADY_S = 10.0
# A disk that wakes up, or a busy network share, takes seconds.
_FILE_STALL_S = 10.0
# Decoding one picture may take a minute (edge/decoding/child.py), and reading it comes before that.
_PICTURE_STALL_S = 70.0
# How long opening may take. A Raspberry Pi needs 5 s to start Python and picamera2. The timeout of
# a URL is at most 60 s (edge/sources/video.py), and 5 s more leave it time to say what is wrong.
_CAMERA_OPEN_S, _URL_OPEN_S = 20.0, 65.0
# An opening ends at most so long after the patience does. The watchdog is fed for 30 s longer than
# the patience (edge/running/health.py), so that the run still says what was wrong.
_BEYOND_PATIENCE_S = 20.0
# What the child says of its errors; every other one is a SourceError.
_ERRORS = {"UsageError": UsageError, "OutOfMemoryError": OutOfMemoryError}


class GuardedSource:
    """A source in a process of its own, which is killed and started again as often as needed.

    Over all openings, indices and time stamps of the frames go on rising. A recording goes on where
    it broke off.

    reopened: how often the source was opened again, so far.
    trouble: what is wrong now, in one line; "" while frames flow.
    broken: how many pictures were left out because a part of them was missing.
    """

    def __init__(
        self,
        uri: str,
        config: CameraConfig,
        *,
        start: Callable[[str, str, int, bool], Child] = Process,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        opening: Callable[[float], None] = lambda opening_s: None,
    ) -> None:
        """Opens the source; raises what edge.sources.open_source raises, and OutOfMemoryError.

        start: starts a child process: see edge.capture.process.Process. clock: seconds, rising.
        opening: is called while a file is being opened, with the seconds that it has taken so far.
        """
        self.live = True
        self.fps: float | None = None
        self.reopened = 0
        self.trouble = ""
        self.broken = 0
        self._config = config
        self._start, self._clock, self._sleep, self._opening = start, clock, sleep, opening
        self._uri = uri  # the one to open the next time
        self._file, self._shown, self._advice = is_file(uri), shown(uri), advice(uri)
        self._sizes_vary = sizes_vary(uri)
        least_s = _PICTURE_STALL_S if self._sizes_vary else _FILE_STALL_S if self._file else 0.0
        self._stall_s = max(config.stall_s, least_s)
        # The index at which a file was opened again the last time; -1 for never.
        self._reopened_at = -1
        self._open_s = _URL_OPEN_S if is_url(uri) else _CAMERA_OPEN_S
        self._child: Child | None = None
        self._closed = False
        self._recorded: bool | None = None  # None before it was open for the first time
        # Whether pictures with a flat lower part are given: opening it again did not help.
        self._flat_is_whole = False
        self._watch = Watch(self._shown, config.frozen_s)
        self._pause_s = _FIRST_PAUSE_S
        # When the last frame came, when the source was opened, and when its trouble began.
        self._frame_s = self._opened_s = self._troubled_s = clock()
        # The index of this opening's first frame, and of the next frame.
        self._first_index = self._next_index = 0
        self._stamps = Stamps()
        self._sizes: set[tuple[int, int]] = set()
        try:
            self._open()
        except SourceError as error:
            if not config.wait or self._file:
                raise
            self._set_trouble(str(error))

    def frames(self) -> Iterator[Frame]:
        """Yields frames until a recording ends.

        Raises SourceError when the patience is over, and at once for a file that says what is wrong
        with it or that fails twice at the same frame; UsageError for an option that turns out
        wrong with the first picture, such as a crop outside of it. It also raises SourceError when
        a URL that was waited for turns out to be a recording: the run took it to be live, and
        dropped frames.
        """
        self._frame_s = self._clock()
        live = self.live
        try:
            while not self._closed:
                trouble = yield from self._frames_of_this_opening()
                if not trouble:
                    self.close()
                    return
                self._reopen(trouble)
                if live and not self.live:
                    self.close()
                    raise SourceError(
                        f"{self._shown} is a recording, which is not waited for (camera.wait); "
                        "now that it is there, start again"
                    )
        finally:
            if self._closed:  # another thread closed it, and left it to this one to tidy up
                self.close()

    def close(self) -> None:
        """Kills the process; may be called twice, from another thread, and by a signal handler."""
        self._closed = True
        if self._child:
            self._child.end()

    def _frames_of_this_opening(self) -> Generator[Frame, None, str]:
        """Yields frames while they come; returns what is wrong, or "" at the end of a recording."""
        child = self._child
        if child is None or (child.ended and self.trouble):  # it did not open at the start
            return self.trouble
        sent = _SILENT
        while not self._closed:
            since_s = max(self._frame_s, self._opened_s)
            left_s = since_s + self._stall_s - self._clock()
            if (message := child.receive(max(0.0, min(left_s, _POLL_S)))) is None:
                if child.ended:
                    return f"{self._shown}: its process {child.ended}"
                if left_s <= 0:
                    self._flat_is_whole = self._flat_is_whole or sent == _BROKEN
                    return f"{self._shown} {sent} for {self._stall_s:g} s; {self._advice}"
            elif message["kind"] == "frame":
                to_be_reopened = self._judge(message)
                yield self._frame(message)
                del message  # it holds the picture's shared memory
                if to_be_reopened:
                    return self.trouble
                self._frame_s = self._clock()
                sent = _SILENT
            elif message["kind"] == "broken":
                self.broken += 1
                self._next_index = self._first_index + message["index"] + 1
                sent = _BROKEN
            elif (why_ended := self._why_ended(message)) is not None:
                return why_ended
            elif self._recorded:  # it skips pictures, or logs why it left one out
                self._opened_s = self._clock()  # as if it had been opened by now
        return ""

    def _why_ended(self, message: Message) -> str | None:
        """What is wrong, or "" at the end of a recording; None if this message is not the last."""
        if message["kind"] == "error" and message["error"] == "UsageError":
            self.close()
            raise UsageError(message["text"])  # opening it again would not help
        if message["kind"] == "error" and self._file:
            self.close()
            raise _ERRORS.get(message["error"], SourceError)(message["text"])
        if message["kind"] == "error":
            return str(message["text"])
        if message["kind"] == "end":
            return f"{self._shown} ended; {self._advice}" if self.live else ""
        log_for_child(message)
        return None

    def _judge(self, message: Message) -> bool:
        """Judges a picture; returns whether the camera is to be opened again because of it."""
        now_s = self._clock()
        if now_s - self._opened_s > _STEADY_S:
            self._pause_s = _FIRST_PAUSE_S
        to_be_reopened = not self._recorded and self._watch.take(
            now_s, message["checksum"], message["black"]
        )
        self._set_trouble(self._watch.trouble)
        size = message["width"], message["height"]
        if self._sizes and size not in self._sizes and not self._sizes_vary:
            _log.warning("%s now gives pictures of %dx%d", self._shown, *size)
        self._sizes.add(size)
        return to_be_reopened

    def _frame(self, message: Message) -> Frame:
        now_s, stamp_ns = self._clock(), int(message["t_ns"])
        recorded = bool(self._recorded)
        t_ns = self._stamps.take(stamp_ns, now_s, live=self.live, recorded=recorded)
        self._frame_s = now_s
        index = self._first_index + message["index"]
        self._next_index = index + 1
        truth = unpack_truth(message["truth"])
        return Frame(message.pop("rgb"), index, t_ns, truth, message["cost_ms"])

    def _reopen(self, trouble: str) -> None:
        """Tries to open it until it opens; raises SourceError when the patience is over."""
        while not self._closed:
            self._set_trouble(trouble)
            if self._child:
                self._child.end()
            if self._file and self._next_index == self._reopened_at:
                self.close()
                raise SourceError(f"{trouble} (twice, at frame {self._next_index})")
            self._reopened_at = self._next_index
            silent_s = self._clock() - self._frame_s
            if silent_s >= self._config.patience_s:
                self.close()
                raise SourceError(
                    f"{trouble} (no frame for {silent_s:.0f} s, reopened {self.reopened} times)"
                )
            self._pause()
            if self._closed:
                return
            self.reopened += 1
            _log.info("opening %s again", self._shown)
            try:
                return self._open()
            except FingerspellError as error:
                trouble = str(error)

    def _pause(self) -> None:
        until_s = min(self._clock() + self._pause_s, self._frame_s + self._config.patience_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        while not self._closed and (left_s := until_s - self._clock()) > 0:
            self._sleep(min(left_s, _POLL_S))

    def _open(self) -> None:
        """Starts a child, and waits until it has opened the source or says why it cannot."""
        began_s, limit_s = self._clock(), self._open_s
        if self.reopened:
            latest_s = self._frame_s + self._config.patience_s + _BEYOND_PATIENCE_S
            limit_s = min(limit_s, latest_s - began_s)
        try:
            child = self._child = self._start(
                self._uri, self._shown, self._next_index, self._flat_is_whole
            )
            while not self._closed:
                message = child.receive(_POLL_S)
                if message is not None and message["kind"] == "hello":
                    return self._take(message)
                if message is not None and message["kind"] == "error":
                    raise _ERRORS.get(message["error"], SourceError)(message["text"])
                if message is not None and message["kind"] == "opening":
                    began_s = self._clock()  # Python and its libraries have started by now
                elif message is not None:
                    log_for_child(message)
                elif child.ended:
                    raise SourceError(f"{self._shown}: its process {child.ended} as it opened it")
                elif self._clock() > began_s + limit_s:
                    raise SourceError(
                        f"{self._shown} does not open within {limit_s:.0f} s; {self._advice}"
                    )
                elif self._file:
                    self._opening(self._clock() - began_s)
            child.end()
        except BaseException as error:  # also the one that a signal raises
            if self._child:
                self._child.end()
            if isinstance(error, OSError):
                kind = OutOfMemoryError if lacks_memory(error) else SourceError
                raise kind(f"no process for {self._shown}: {error.strerror}") from error
            raise

    def _take(self, hello: Message) -> None:
        """Takes over what an opened source says of itself."""
        if self._recorded is None:
            self.live, self.fps, self._recorded = hello["live"], hello["fps"], hello["recorded"]
        self._uri = hello["again"]
        self._opened_s = self._clock()
        self._first_index = 0 if self._recorded else self._next_index
        self._stamps.reopened()

    def _set_trouble(self, trouble: str) -> None:
        """Keeps what is wrong; logs it when it has changed, and when it is over."""
        if trouble and not self.trouble:
            self._troubled_s = self._frame_s
        if trouble != self.trouble:
            if trouble:
                _log.warning("%s", trouble)
            else:
                gone_s = self._clock() - self._troubled_s
                _log.info("%s works again after %.1f s", self._shown, gone_s)
        self.trouble = trouble
