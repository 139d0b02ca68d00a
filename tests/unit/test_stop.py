"""How a run ends, at any moment of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge.running.mailbox import Mailbox
from edge.running.stop import Stop, Stopped, stop_on_signals
from edge.types import Frame

RGB = np.zeros((2, 2, 3), np.uint8)


class Recording:
    """A source that is not live: these stamps, in seconds."""

    live = False
    fps: float | None = None

    def __init__(self, *stamps_s: float) -> None:
        self._stamps_s = stamps_s

    def frames(self) -> Iterator[Frame]:
        for index, stamp_s in enumerate(self._stamps_s):
            yield Frame(RGB, index, round(stamp_s * 1e9))

    def close(self) -> None: ...


def test_an_earlier_request_releases_at_once() -> None:
    """A signal while models load ends the wait for a camera that begins afterwards."""
    stop, released = Stop(), []
    stop.request("SIGTERM")
    stop.on_request(lambda: released.append(1))
    assert released == [1]


def test_a_signal_while_things_open_ends_them_at_once() -> None:
    """Whatever hangs there; and it is a clean end."""
    with stop_on_signals() as stop, stop.at_once():
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("it went on")
    assert stop.reason == "SIGTERM"


def test_a_signal_that_a_library_turns_into_an_error_is_still_one() -> None:
    """C libraries that are being imported turn it into other exceptions."""
    with stop_on_signals() as stop, stop.at_once():
        try:
            signal.raise_signal(signal.SIGTERM)
        except Stopped:
            raise ImportError("half made") from None
    assert stop.reason == "SIGTERM"


def test_a_signal_before_anything_opens_is_not_lost() -> None:
    """Nothing is opened any more."""
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGTERM)
        with stop.at_once():
            pytest.fail("it was opened")


def test_a_signal_later_ends_the_frames_in_order() -> None:
    """The frame in hand is finished."""
    seen = []
    with stop_on_signals() as stop:
        for frame in stop.frames(Recording(0, 1, 2).frames()):
            signal.raise_signal(signal.SIGTERM)
            seen.append(frame.index)
    assert seen == [0]


def test_an_error_while_things_open_is_raised() -> None:
    """Without a signal it stays the error that it is."""
    with pytest.raises(ZeroDivisionError), stop_on_signals() as stop, stop.at_once():
        _ = 1 / 0


def test_the_time_is_over_while_nothing_comes() -> None:
    """The time is checked while no frame comes, and what waits is released."""
    stop, released = Stop(), []
    stop.on_request(lambda: released.append(1))
    assert next(stop.frames(Recording(0).frames(), 0.01)).index == 0
    time.sleep(0.02)
    stop.check_time()
    assert stop.reason == "time"
    assert released == [1]


def test_every_frame_of_a_recording_goes_through_a_mailbox() -> None:
    """It waits for the slot instead of overwriting it."""
    with Mailbox(Recording(*range(200))) as mailbox:
        assert [frame.index for frame in mailbox] == list(range(200))
        assert mailbox.dropped == 0


def test_a_mailbox_of_a_recording_can_be_closed() -> None:
    """Also while its thread waits for the slot."""
    mailbox = Mailbox(Recording(*range(200)))
    with mailbox as frames:
        assert next(frames).index == 0
    assert not mailbox._thread.is_alive()
