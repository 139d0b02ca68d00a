"""Guarded cameras: real ones with little patience, and scripted ones in virtual time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.capture import CameraConfig, open_guarded
from edge.capture.channel import Message
from edge.capture.guarded import GuardedSource
from edge.capture.process import Process
from edge.types import Frame, Rgb
from tests.support.patience import patience_s

QUICK = CameraConfig(stall_s=0.7, frozen_s=2.0, patience_s=10.0)
SMALL = "size=160x120"
GREY, GREEN = (128, 128, 128), (0, 135, 0)


def guarded(uri: str, config: CameraConfig = QUICK) -> GuardedSource:
    source = open_guarded(uri, config)
    assert isinstance(source, GuardedSource)
    return source


def child_of(source: GuardedSource) -> int:
    """The number of the process that the camera lives in."""
    assert isinstance(source._child, Process)
    return source._child.pid


def until(frames: Iterator[Frame], seconds: float = 20.0) -> Iterator[Frame]:
    """Frames, until something is clearly wrong."""
    end_s = time.monotonic() + patience_s(seconds)
    for frame in frames:
        assert time.monotonic() < end_s, "it took too long"
        yield frame


def room(seed: int, height: int = 240, width: int = 320) -> Rgb:
    """A picture with noise, as of a sensor."""
    return np.random.default_rng(seed).integers(90, 170, (height, width, 3)).astype(np.uint8)


# Scripted cameras.

Scripted = Sequence[tuple[float, Message]]  # the pause before each message in seconds, and it

PICTURE: Rgb = np.zeros((120, 160, 3), np.uint8)


def hello(*, live: bool = True, recorded: bool = False) -> Scripted:
    """A camera, stream or recording that has been opened."""
    fps = 30.0
    return [(0.5, dict(kind="hello", live=live, fps=fps, again="usb:1", recorded=recorded))]


def frames(
    count: int, *, frozen: bool = False, black: bool = False, leap_s: float = 0.0
) -> Scripted:
    """Frames at 30 a second, of which those that are `frozen` show one picture."""
    return [(1 / 30, _frame(1 if frozen else None, black, leap_s)) for _ in range(count)]


def _frame(checksum: int | None, black: bool, leap_s: float) -> Message:
    return {"kind": "frame", "checksum": checksum, "black": black, "leap_s": leap_s}


def broken(count: int) -> Scripted:
    """Pictures of which a part is missing, at 30 a second."""
    return [(1 / 30, {"kind": "broken"})] * count


def error(text: str, kind: str = "SourceError") -> Scripted:
    """A source that raised this."""
    return [(0.0, {"kind": "error", "error": kind, "text": text})]


END: Scripted = [(0.0, {"kind": "end"})]
DEATH: Scripted = [(0.0, {"kind": "death"})]
SILENCE: Scripted = []


@dataclass
class Machine:
    """A clock that only waiting moves, and one script for each opening of the camera.

    openings: of the last one there is no end. opened: when each child was started, its URI, and
    the index at which it was to go on. running: how many children have not been ended.
    """

    openings: Sequence[Scripted | OSError]
    now_s: float = 1000.0
    opened: list[tuple[float, str, int]] = field(default_factory=list)
    flat_is_whole: bool = False
    running: int = 0
    slept: Callable[[], None] = lambda: None

    def open(self, config: CameraConfig = QUICK, uri: str = "usb:0") -> GuardedSource:
        """The source, which waits in this machine's time."""
        return GuardedSource(uri, config, start=self._start, clock=self.clock, sleep=self.sleep)

    def clock(self) -> float:
        """The time in seconds."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.now_s += seconds
        self.slept()

    def _start(self, uri: str, shown: str, start: int, flat_is_whole: bool) -> ScriptedChild:
        script = self.openings[min(len(self.opened), len(self.openings) - 1)]
        self.opened.append((self.now_s, uri, start))
        self.flat_is_whole = flat_is_whole
        if isinstance(script, OSError):
            raise script
        self.running += 1
        return ScriptedChild(self, script)


class ScriptedChild:
    """A child that sends what its script says, when the script says."""

    def __init__(self, machine: Machine, script: Scripted) -> None:
        self.ended = ""
        self._machine = machine
        self._script = list(script)
        self._due_s = machine.now_s + (self._script[0][0] if self._script else 0.0)
        self._index = 0

    def receive(self, timeout_s: float) -> Message | None:
        """The message that is due within timeout_s; otherwise that time passes."""
        machine = self._machine
        if self.ended:
            return None
        if not self._script or self._due_s > machine.now_s + timeout_s:
            machine.sleep(timeout_s)
            return None
        if self._due_s > machine.now_s:
            machine.sleep(self._due_s - machine.now_s)
        message = dict(self._script.pop(0)[1])
        if self._script:
            self._due_s = machine.now_s + self._script[0][0]
        if message["kind"] == "death":
            self.end()
            self.ended = "died of SIGSEGV"
            return None
        return self._completed(message)

    def _completed(self, message: Message) -> Message:
        if message["kind"] in ("frame", "broken"):
            message["index"] = self._index
            self._index += 1
        if message["kind"] == "frame":
            height, width = message.setdefault("rgb", PICTURE).shape[:2]
            stamp_ns = round((self._machine.now_s + message["leap_s"]) * 1e9)
            checksum = message["checksum"] or 2 + round(self._machine.now_s * 1e6)
            message |= {"height": height, "width": width, "t_ns": stamp_ns, "checksum": checksum}
            message |= {"truth": None, "cost_ms": {}}
        return message

    def end(self) -> None:
        """Ends it."""
        if not self.ended:
            self._machine.running -= 1
        self.ended = self.ended or "died of SIGKILL"
