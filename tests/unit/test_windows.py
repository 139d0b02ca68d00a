"""Which sinks a run gets, and which windows are mirrors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.assembly import windows
from edge.types import Frame


class Still:
    """A source that gives nothing."""

    fps: float | None = None

    def __init__(self, live: bool) -> None:
        self.live = live

    def frames(self) -> Iterator[Frame]:
        """Yields nothing."""
        return iter(())

    def close(self) -> None:
        """Does nothing."""


@pytest.mark.parametrize(
    ("sink", "of_a_recording"),
    [
        ("screen", "screen:no-mirror"),
        ("screen:full,1280x720", "screen:full,1280x720,no-mirror"),
        ("screen:mirror", "screen:mirror"),
        ("kiosk", "kiosk:no-mirror"),
        ("kiosk:idle=9", "kiosk:idle=9,no-mirror"),
        ("screen:no-mirror,full", "screen:no-mirror,full"),
        ("jsonl:-", "jsonl:-"),
    ],
)
def test_a_window_mirrors_live_cameras_only(sink: str, of_a_recording: str) -> None:
    """In a mirror, the captions of a recording would read backwards."""
    assert windows((sink,), Still(live=True)) == (sink,)
    assert windows((sink,), Still(live=False)) == (of_a_recording,)


def test_a_run_without_sinks_gets_a_window_where_there_is_a_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without one it gets none."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert windows((), Still(live=True)) == ()
    monkeypatch.setenv("DISPLAY", ":0")
    assert windows((), Still(live=True)) == ("screen",)
    assert windows((), Still(live=False)) == ("screen:no-mirror",)
