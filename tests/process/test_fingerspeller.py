"""Fingerspeller: events in a loop, functions, and a clean end, with real stages."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from edge import Fingerspeller
from edge.errors import SinkError, SourceError, UsageError

TEXT = [("letter", "H"), ("letter", "I"), ("word", "HI")]
ENDLESS = "signer:HI?live=yes&loop=yes"


def reader(source: str = "signer:HI", **settings: Any) -> Fingerspeller:
    return Fingerspeller(source, detector="truth", **settings)


def threads() -> list[str]:
    """Those of a Fingerspeller that are still there."""
    return [t.name for t in threading.enumerate() if t.name.startswith("fingerspeller")]


def test_a_loop_gets_each_event() -> None:
    """It ends with the source, and the word that the end settles is among them."""
    events = [(event.kind, event.label) for event in reader()]
    assert [event for event in events if event[0] != "hand"] == TEXT
    assert not threads()


def test_functions_are_called_with_the_event_or_with_nothing() -> None:
    """Each for its own kind; None takes one away."""
    labels: list[str] = []
    calls: list[int] = []
    with reader(when_letter=lambda event: labels.append(event.label)) as spelled:
        spelled.when_word = lambda: calls.append(1)
        spelled.when_hand = lambda: calls.append(2)
        spelled.when_hand = None
        assert spelled.when_hand is None
        assert spelled.wait(60)
        assert spelled.text == "HI"
    assert (labels, calls) == (["H", "I"], [1])


def test_a_function_that_fails_or_is_slow_holds_up_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The exception is logged, and the frames go on meanwhile."""
    gate = threading.Event()

    def slow() -> None:
        gate.wait(60)
        raise ValueError("no such lamp")

    spelled = reader(when_letter=slow)
    assert [event.label for event in spelled if event.kind == "letter" or gate.set()] == ["H", "I"]
    assert spelled.wait(60)
    assert "no such lamp" in caplog.text


def test_a_camera_is_read_from_the_start_and_closed_by_the_context() -> None:
    """Nobody has to listen; leaving the context ends the thread."""
    with reader(ENDLESS) as spelled:
        deadline_s = time.monotonic() + 60
        while not spelled.text and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert spelled.is_active
        assert not spelled.wait(0.01)
        spelled.clear()
    assert not spelled.is_active
    assert not threads()
    spelled.close()


def test_a_loop_may_be_left() -> None:
    """One that nothing refers to any longer is closed."""
    for event in reader(ENDLESS):
        assert event.kind == "hand"
        break
    assert not threads()


def test_a_function_may_close_it() -> None:
    """The loop then ends."""
    spelled = reader(ENDLESS)
    spelled.when_letter = spelled.close
    assert spelled.wait(60)
    spelled.close()


@pytest.mark.parametrize(
    ("source", "settings", "error"),
    [
        ("usbb:0", {}, UsageError),
        ("video:missing.mp4", {}, UsageError),
        ("usb:77", {}, SourceError),
        ("signer:HI", {"sink": "jsonl:/missing/folder/out.jsonl"}, SinkError),
        ("signer:HI", {"max_seconds": -1.0}, UsageError),
        ("signer:HI", {"when_words": print}, TypeError),
        ("signer:HI", {"alphabets": "both"}, TypeError),
    ],
)
def test_what_is_wrong_is_raised_where_it_is_made(
    source: str, settings: dict[str, Any], error: type[Exception]
) -> None:
    """Not in a thread where nobody sees it."""
    with pytest.raises(error):
        reader(source, **settings)
    assert not threads()


def test_importing_it_is_quick() -> None:
    """`import edge` loads none of the libraries; a program that forgets to close it ends."""
    code = "import edge, sys; assert not {'numpy', 'cv2'} & set(sys.modules)\n" + (
        "r = edge.Fingerspeller('signer:HI?live=yes&loop=yes', detector='truth')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
