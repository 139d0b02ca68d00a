"""`fingerspell doctor --source`: what is odd about a source is said, with its mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.commands import doctor_source
from edge.commands.cli import main
from edge.commands.doctor import Finding
from edge.commands.doctor_source import findings, is_combed, survey
from edge.detectors import open_detector
from edge.errors import SourceError, UsageError
from edge.hands import Tracker
from edge.sources import open_source
from edge.types import Frame, Rgb

SECONDS = 2.0
Change = Callable[[int, Rgb], Rgb]


class Shown:
    """The signer's frames, changed, as a source of so many frames a second."""

    live = False

    def __init__(self, change: Change, *, fps: float = 30.0, promised: float | None = 30.0) -> None:
        self.fps = promised
        self._change, self._rate = change, fps

    def frames(self) -> Iterator[Frame]:
        for n, frame in enumerate(open_source("signer:BLU?seed=1").frames()):
            rgb = np.ascontiguousarray(self._change(n, frame.rgb))
            yield Frame(rgb, n, round(n / self._rate * 1e9))

    def close(self) -> None:
        pass


def seen(change: Change, **how: float) -> dict[str, Finding]:
    """What is found of the signer's frames, by its subject."""
    detector = open_detector("mediapipe:lite", fps=None, threads=1)
    found = survey(Shown(change, **how), Tracker(detector), SECONDS)
    return {finding.subject: finding for finding in findings(found)}


def same(_: int, rgb: Rgb) -> Rgb:
    return rgb


def test_a_good_source_has_nothing_odd(hand_models: Path) -> None:
    """The signer before a camera of 30 frames a second: each finding is ok."""
    found = seen(same)
    assert {finding.mark for finding in found.values()} == {"ok"}, found
    assert {"size", "rate", "pictures", "light", "hand"} <= set(found)


@pytest.mark.parametrize(
    ("change", "subject", "said", "mend"),
    [
        (lambda n, rgb: rgb // 8, "light", "dark", "light"),
        (lambda n, rgb: 255 - rgb // 12, "light", "too bright", "exposure"),
        (lambda n, rgb: rgb[::4, ::4], "size", "small", "size=640x480"),
        (lambda n, rgb: rgb[:: 1 + n % 2], "size", "other sizes", "fixed size"),
        (lambda n, rgb: np.rot90(rgb, 1), "rotation", "to the left", "rotate=90"),
        (lambda n, rgb: np.rot90(rgb, -1), "rotation", "to the right", "rotate=270"),
        (lambda n, rgb: np.full_like(rgb, n % 9 + 90), "hand", "none was seen", "hold a hand up"),
    ],
    ids=["dark", "bright", "small", "sizes", "left", "right", "no hand"],
)
def test_what_is_odd_is_said_with_its_mend(
    hand_models: Path, change: Change, subject: str, said: str, mend: str
) -> None:
    """A note, in words, and what to do."""
    finding = seen(change)[subject]
    assert finding.mark == "note"
    assert said in finding.text
    assert mend in (finding.repair or "")


def test_a_hand_far_away_is_told(hand_models: Path) -> None:
    """The signer in a corner of a wide room."""

    def far(_: int, rgb: Rgb) -> Rgb:
        room = np.full((1920, 2560, 3), 120, np.uint8)
        room[700:1180, 900:1540] = rgb
        return room

    finding = seen(far)["hand"]
    assert finding.mark == "note"
    assert "far away" in finding.text or "none was seen" in finding.text


def test_frozen_stale_and_black_pictures_are_told(hand_models: Path) -> None:
    """One picture for ever and black ones are faults; every other one twice is a note."""
    kept: list[Rgb] = []

    def frozen(_: int, rgb: Rgb) -> Rgb:
        kept[:] = kept or [rgb]
        return kept[0]

    def stale(n: int, rgb: Rgb) -> Rgb:
        kept[:] = [rgb] if n % 2 == 0 else kept
        return kept[0]

    assert (seen(frozen)["pictures"].mark, seen(stale)["pictures"].mark) == ("fault", "note")
    black = seen(lambda n, rgb: np.full_like(rgb, n % 3))
    assert black["light"].mark == "fault"
    assert "hand" not in black


@pytest.mark.parametrize(
    ("fps", "promised", "said"),
    [(12.0, 30.0, "30 were promised"), (10.0, None, "quick letters are missed")],
)
def test_a_slow_source_is_told(
    hand_models: Path, fps: float, promised: float | None, said: str
) -> None:
    """Slower than it promised, or than letters come."""
    finding = seen(same, fps=fps, promised=promised)["rate"]  # type: ignore[arg-type]
    assert finding.mark == "note"
    assert said in finding.text


def test_a_source_without_pictures_is_a_fault() -> None:
    class Empty(Shown):
        def frames(self) -> Iterator[Frame]:
            return iter(())

    tracker = Tracker(open_detector("truth", fps=None, threads=1))
    (finding,) = findings(survey(Empty(same), tracker, SECONDS))
    assert (finding.mark, finding.subject) == ("fault", "pictures")


def test_a_source_that_is_lost_is_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hand_models: Path
) -> None:
    """It opens, and says afterwards what keeps it from being read: the status is 1, not 3."""

    class Lost(Shown):
        def frames(self) -> Iterator[Frame]:
            raise SourceError("a.ts is interlaced; convert it")
            yield

    monkeypatch.setattr(doctor_source, "open_guarded", lambda *_: Lost(same))
    assert main(["doctor", "--source", "video:a.ts"]) == 1
    assert "fault  pictures  a.ts is interlaced; convert it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "turned", "said"),
    [
        ("HI", True, "point to several sides"),  # an H points sideways, and is half of it
        ("BI", True, "the fingers point down"),
        ("HI", False, None),
    ],
)
def test_hands_that_are_upside_down_are_told(text: str, turned: bool, said: str | None) -> None:
    """Which way to turn them is told where most of them agree."""
    source = open_source(f"signer:{text}{'?rotate=180' if turned else ''}")
    tracker = Tracker(open_detector("truth", fps=None, threads=1))
    rotation = [f for f in findings(survey(source, tracker, 10)) if f.subject == "rotation"]
    assert [finding.mark for finding in rotation] == (["note"] if said else [])
    assert all(said in finding.text for finding in rotation if said)


def test_interlaced_pictures_are_told() -> None:
    """Rows of two moments are found where something moves; whole and noisy pictures are not."""
    shown = [frame.rgb for frame in open_source("signer:BL?seed=1").frames()][30:60]
    woven = []
    for first, second in zip(shown, shown[3:], strict=False):
        both = first.copy()
        both[1::2] = second[1::2]
        woven.append(is_combed(both))
    assert sum(woven) > len(woven) / 4
    assert not any(is_combed(rgb) for rgb in shown)
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    assert not is_combed(noise)


def test_the_command_prints_it(hand_models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line, with status 0 where no fault was found; wrong use is one line."""
    assert main(["doctor", "--source", "signer:B?seed=1", "--seconds", "1"]) == 0
    said = capsys.readouterr().out
    assert "640x480" in said
    assert said.endswith("nothing keeps this source from being read\n")
    assert main(["doctor", "--source", "signer:B", "--seconds", "0"]) == UsageError.exit_code
    assert main(["doctor", "--source", "video:/no/such.mp4"]) == UsageError.exit_code
