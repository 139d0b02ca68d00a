"""A camera or stream that is opened anew when it falls ill."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Generator, Iterator

from edge.capture import CameraConfig
from edge.capture.channel import Message, unpack_truth
from edge.capture.process import Process
from edge.capture.stamps import Stamps
from edge.capture.watch import Watch
from edge.errors import FingerspellError, SourceError, UsageError
from edge.sources import public
from edge.types import Frame

_log = logging.getLogger(__name__)

_NOTHING, _HALVES = "has sent nothing", "has sent only broken pictures"

_LOOK_S = 0.25  # how long close() may go unnoticed
_FIRST_S, _LONGEST_S = 0.5, 10.0  # the pauses between reopenings, each twice the one before
_STEADY_S = 10.0  # frames for so long, and the next pause is the first again
# To open: a Pi takes 5 s to start Python and picamera2; a stream has its own limit of at most 60.
_OPEN_S, _STREAM_OPEN_S = 20.0, 65.0
_LATE_S = 20.0  # no opening lasts longer beyond patience: edge/running/health.py vouches for 30 s


class Guarded:
    """A source in a process of its own, which is killed and started again as need be.

    Frames are counted on, and stamped later and later, over reopenings. A recording goes on where
    it broke off. reopened: how often it was, so far. trouble: one line of what is wrong now; ""
    while frames flow. broken: how many half pictures were left out.
    """

    def __init__(self, uri: str, config: CameraConfig) -> None:
        """Opens it; raises as edge.sources.open_source does."""
        self.live = True
        self.fps: float | None = None
        self.reopened = 0
        self.trouble = ""
        self.broken = 0
        self._config = config
        self._uri = uri  # as it is to be opened the next time
        stream = uri.startswith("video:")
        self._shown = re.sub(r"[?#].*", "", public(uri).removeprefix("video:"))
        self._check = "check the network and the camera" if stream else "check its cable"
        self._open_s = _STREAM_OPEN_S if stream else _OPEN_S
        self._process: Process | None = None
        self._closed = False
        self._recorded: bool | None = None  # None until it was open once
        self._flat = False  # flat ends of its pictures are theirs: reopening it did not help
        self._watch = Watch(self._shown, config.frozen_s)
        self._pause_s = _FIRST_S
        self._heard_s = self._opened_s = self._well_s = time.monotonic()
        self._base = self._next = 0  # the index of this opening's first frame, and of the next one
        self._stamps = Stamps()
        self._sizes: set[tuple[int, int]] = set()
        try:
            self._open()
        except SourceError as error:
            if not config.wait:
                raise
            self._say(str(error))

    def frames(self) -> Iterator[Frame]:
        """Yields frames until a recording ends; raises SourceError when patience does.

        And where it turns out to be a recording after it was waited for: until then it was taken
        to be live, of which frames may be dropped.
        """
        self._heard_s = time.monotonic()
        live = self.live
        try:
            while not self._closed:
                trouble = yield from self._flow()
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
            if self._closed:  # by another thread, which left the process to this one to tidy up
                self.close()

    def close(self) -> None:
        """Kills the process; may be called twice, from another thread, and by a signal handler."""
        self._closed = True
        if self._process:
            self._process.end()

    def _flow(self) -> Generator[Frame, None, str]:
        """Yields frames while they come; returns what is wrong when none do, "" at the end."""
        process = self._process
        if process is None or (process.ended and self.trouble):  # it did not open at the start
            return self.trouble
        sent = _NOTHING
        while not self._closed:
            since_s = max(self._heard_s, self._opened_s)
            left_s = since_s + self._config.stall_s - time.monotonic()
            if (message := process.receive(max(0.0, min(left_s, _LOOK_S)))) is None:
                if process.ended:
                    return f"{self._shown}: its process {process.ended}"
                if left_s <= 0:
                    self._flat = self._flat or sent == _HALVES
                    return f"{self._shown} {sent} for {self._config.stall_s:g} s; {self._check}"
            elif message["kind"] == "frame":
                ill = self._look(message)
                yield self._frame(message)
                del message  # or its picture would be held for ever
                if ill:
                    return self.trouble
                self._heard_s = time.monotonic()
                sent = _NOTHING
            elif message["kind"] == "broken":
                self.broken += 1
                self._next = self._base + message["index"] + 1
                sent = _HALVES
            elif (last := self._last_word(message)) is not None:
                return last
        return ""

    def _last_word(self, message: Message) -> str | None:
        """What is wrong, "" for the end of a recording, or None: more will come."""
        if message["kind"] == "error":
            return str(message["text"])
        if message["kind"] == "end":
            return f"{self._shown} ended; {self._check}" if self.live else ""
        _relay(message)
        return None

    def _look(self, message: Message) -> bool:
        """Judges a picture; returns whether the camera is to be reopened for it."""
        now_s = time.monotonic()
        if now_s - self._opened_s > _STEADY_S:
            self._pause_s = _FIRST_S
        ill = not self._recorded and self._watch.see(now_s, message["mark"], message["black"])
        self._say(self._watch.trouble)
        size = message["width"], message["height"]
        if self._sizes and size not in self._sizes:
            _log.warning("%s now gives pictures of %dx%d", self._shown, *size)
        self._sizes.add(size)
        return ill

    def _frame(self, message: Message) -> Frame:
        now_s, stamp_ns = time.monotonic(), int(message["t_ns"])
        recorded = bool(self._recorded)
        t_ns = self._stamps.take(stamp_ns, now_s, live=self.live, recorded=recorded)
        self._heard_s = now_s
        index = self._base + message["index"]
        self._next = index + 1
        truth = unpack_truth(message["truth"])
        return Frame(message.pop("rgb"), index, t_ns, truth, message["cost_ms"])

    def _reopen(self, trouble: str) -> None:
        """Opens it anew, and again, until it opens; raises SourceError when patience ends."""
        while not self._closed:
            self._say(trouble)
            if self._process:
                self._process.end()
            silent_s = time.monotonic() - self._heard_s
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
        until_s = min(time.monotonic() + self._pause_s, self._heard_s + self._config.patience_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_S)
        while not self._closed and (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(left_s, _LOOK_S))

    def _open(self) -> None:
        """Starts a process, and waits until it has opened the source or says why it cannot."""
        began_s, limit_s = time.monotonic(), self._open_s
        if self.reopened:
            limit_s = min(limit_s, self._heard_s + self._config.patience_s + _LATE_S - began_s)
        try:
            process = self._process = Process(self._uri, self._shown, self._next, self._flat)
            while not self._closed:
                message = process.receive(_LOOK_S)
                if message is not None and message["kind"] == "hello":
                    return self._take(message)
                if message is not None and message["kind"] == "error":
                    usage = message["error"] == "UsageError"
                    raise (UsageError if usage else SourceError)(message["text"])
                if message is not None:
                    _relay(message)
                elif process.ended:
                    raise SourceError(f"{self._shown}: its process {process.ended} as it opened it")
                elif time.monotonic() > began_s + limit_s:
                    raise SourceError(
                        f"{self._shown} does not open within {limit_s:.0f} s; {self._check}"
                    )
            process.end()
        except BaseException as error:  # a signal's, too
            if self._process:
                self._process.end()
            if isinstance(error, OSError):
                raise SourceError(f"no process for {self._shown}: {error.strerror}") from error
            raise

    def _take(self, hello: Message) -> None:
        """Takes up what a source says of itself when it is open."""
        if self._recorded is None:
            self.live, self.fps, self._recorded = hello["live"], hello["fps"], hello["recorded"]
        self._uri = hello["again"]
        self._opened_s = time.monotonic()
        self._base = 0 if self._recorded else self._next
        self._stamps.reopened()

    def _say(self, trouble: str) -> None:
        """Logs what is wrong when it is news, and that it is over."""
        if trouble and not self.trouble:
            self._well_s = self._heard_s
        if trouble != self.trouble:
            gone_s = time.monotonic() - self._well_s
            if trouble:
                _log.warning("%s", trouble)
            else:
                _log.info("%s is well again after %.1f s", self._shown, gone_s)
        self.trouble = trouble


def _relay(message: Message) -> None:
    """Logs what the child logs."""
    if message["kind"] == "log":
        logging.getLogger(message["name"]).log(message["level"], "%s", message["text"])
