"""Recording takes: by the stream's time, only good ones, and all else is said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commands.cli import main
from edge.commands.record import record
from edge.config import Config
from edge.errors import SourceError, UsageError
from edge.recording import takes
from edge.recording.recorder import Order, Recorder, Step
from edge.running.stop import Stop
from edge.sources import public
from edge.types import Hand
from tests.support.sample_results import hand

SIGNER = "size=160x120&fps=15"  # as quick as a signer can be drawn


def order(name: str = "hello", folder: Path = Path("gestures"), **given: float) -> Order:
    return Order(name, folder, **given)  # type: ignore[arg-type]


def resting(_: float) -> Hand | None:
    return hand(200, 100, 200)


def waving(t_s: float) -> Hand | None:
    return hand(200 + 100 * float(np.sin(5 * t_s)), 100, 200)


def steps(
    recorder: Recorder, way: Callable[[float], Hand | None], seconds: float, fps: float = 30
) -> Iterator[tuple[float, Step]]:
    """What the recorder makes of a hand that goes so, with the time of each frame."""
    for number in range(int(seconds * fps)):
        t_s = number / fps
        yield t_s, recorder.update(round(t_s * 1e9), way(t_s))


def said(found: Iterator[tuple[float, Step]]) -> list[str]:
    """All that is said, and "TAKE" for each take."""
    return ["TAKE" if step.take else step.say or "" for _, step in found if step.take or step.say]


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_a_take_follows_a_countdown(fps: float) -> None:
    """A hand comes, three seconds are counted, and the take is as long as it should be, with the
    half second before it."""
    found = list(steps(Recorder(order(seconds=2)), waving, 6, fps))
    told = [(step.say, t_s) for t_s, step in found if step.say or step.take]
    assert [say for say, _ in told][:5] == [
        "3", "2", "1", "now: make the gesture, then hold still", None,
    ]  # fmt: skip
    assert told[3][1] - told[0][1] == pytest.approx(3, abs=1 / fps)
    (taken,) = [step.take for _, step in found if step.take]
    assert taken.t_ms[0] == 0
    assert taken.t_ms[-1] == pytest.approx(2500, abs=2500 / fps)
    assert len(taken.t_ms) == pytest.approx(2.5 * fps, abs=2)
    assert taken.landmarks.shape == (len(taken.t_ms), 21, 3)
    assert not taken.left


def test_what_stands_large_is_the_countdown_and_then_how_much_is_over() -> None:
    """For who stands before the window: 3, 2, 1, go, and the take's share rises to 1."""
    shown = [step.status for _, step in steps(Recorder(order()), waving, 6.2)]
    large = [status.large if status else None for status in shown]
    assert list(dict.fromkeys(large)) == [None, "3", "2", "1", "go"]
    shares = [status.progress for status in shown if status and status.large == "go"]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] < 1


def test_no_hand_is_asked_for_now_and_then() -> None:
    """It says so at once, and again every ten seconds, and nothing is counted."""
    assert said(steps(Recorder(order()), lambda t_s: None, 25)) == ["show your hand"] * 3


def test_a_hand_that_is_missed_is_called_at_once() -> None:
    """In the countdown and in the take, once each, within a third of a second."""

    def way(t_s: float) -> Hand | None:
        return None if 1 < t_s < 1.6 or 4 < t_s < 4.6 else waving(t_s)

    found = [(t_s, step.say) for t_s, step in steps(Recorder(order()), way, 6.5) if step.say]
    calls = [t_s for t_s, say in found if say.startswith("your hand is not seen")]
    assert calls == pytest.approx([1.33, 4.33], abs=0.06)


def test_a_take_waits_for_the_hand_at_the_end_of_the_countdown() -> None:
    """Whoever leaves is waited for, and the take begins as they come back."""

    def way(t_s: float) -> Hand | None:
        return None if 2 < t_s < 5 else waving(t_s)

    found = list(steps(Recorder(order()), way, 8))
    begun = [t_s for t_s, step in found if step.say and step.say.startswith("now")]
    assert begun == pytest.approx([5], abs=0.05)
    (taken,) = [step.take for _, step in found if step.take]
    assert taken.t_ms[-1] < 2600


@pytest.mark.parametrize(
    ("name", "way", "told"),
    [
        ("hello", resting, "not kept: the hand hardly moved"),
        ("hello", lambda t_s: waving(t_s) if t_s < 4 else None, "not kept: the hand was seen in 4"),
        ("none", resting, "TAKE"),
        ("hello", waving, "TAKE"),
    ],
)
def test_only_good_takes_are_kept(
    name: str, way: Callable[[float], Hand | None], told: str
) -> None:
    """The hand has to be seen for most of it, and to move unless it is to mean nothing."""
    assert any(say.startswith(told) for say in said(steps(Recorder(order(name)), way, 6.2)))


def test_a_take_of_few_frames_is_none() -> None:
    """One frame a second shows no gesture."""
    found = said(steps(Recorder(order(seconds=2)), waving, 10, fps=1))
    assert any(say.endswith("frames; 5 are needed") for say in found)


def test_a_film_of_takes_needs_no_countdown() -> None:
    """Each coming of the hand is a take, as long as it is there; and one that never leaves is one
    take and no more."""

    def way(t_s: float) -> Hand | None:
        return waving(t_s) if t_s % 3 > 1 else None

    found = [step.take for _, step in steps(Recorder(order(countdown_s=0)), way, 9.5) if step.take]
    assert [taken.t_ms[-1] for taken in found] == pytest.approx([2000] * 3, abs=100)
    assert said(steps(Recorder(order(countdown_s=0)), waving, 20)).count("TAKE") == 1


def test_a_source_that_ends_in_a_take() -> None:
    """What is half over is a take, what has just begun is none."""
    for seconds, kept in ((4.0, False), (5.5, True)):
        recorder = Recorder(order())
        list(steps(recorder, waving, seconds))
        assert (recorder.end().take is not None) == kept


def test_another_recording_begins_anew() -> None:
    """Time that goes back is another film: half a take of one and half of another are none."""
    recorder = Recorder(order())
    list(steps(recorder, waving, 4.5))
    found = [step for _, step in steps(recorder, waving, 3.2)]
    assert not any(step.take for step in found)
    assert "3" in [step.status.large for step in found if step.status]


def test_landmarks_that_are_no_numbers_are_no_hand() -> None:
    """They are left out of the take, and most frames are still seen."""

    def way(t_s: float) -> Hand | None:
        seen = waving(t_s)
        if seen and round(t_s * 30) % 20 == 15:
            seen.landmarks[4] = np.nan
        return seen

    (taken,) = [step.take for _, step in steps(Recorder(order()), way, 6.2) if step.take]
    assert np.isfinite(taken.landmarks).all()
    assert len(taken.t_ms) == pytest.approx(0.95 * 3 * 30, abs=3)


def test_a_left_hand_is_one() -> None:
    """By what most frames say."""

    def way(t_s: float) -> Hand | None:
        seen = hand(200 + 100 * float(np.sin(5 * t_s)), 100, 200)
        side = "right" if int(t_s * 10) % 4 == 0 else "left"
        return Hand(seen.landmarks, seen.box_px, side, 1.0)  # type: ignore[arg-type]

    (taken,) = [step.take for _, step in steps(Recorder(order()), way, 6.2) if step.take]
    assert taken.left


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a\\b", "..", ".hidden", "None", "NONE", "a\nb", "what?", "x" * 41]
)
def test_a_bad_name_is_refused(name: str) -> None:
    """One line that says what is wrong with it."""
    with pytest.raises(UsageError, match="a gesture cannot be named") as caught:
        order(name)
    assert "\n" not in str(caught.value)


@given(name=st.text(min_size=1, max_size=20))
def test_a_name_that_is_taken_is_a_folder(name: str) -> None:
    """Whatever is accepted names one folder, directly below, and itself again."""
    try:
        checked = takes.checked_name(name)
    except UsageError:
        return
    assert Path("out", checked).parent == Path("out")
    assert takes.checked_name(checked) == checked


@pytest.mark.parametrize(
    "wrong", [{"takes": 0}, {"seconds": 0.1}, {"seconds": float("nan")}, {"countdown_s": -1}]
)
def test_a_number_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    """It says which flag."""
    with pytest.raises(UsageError, match=f"--{next(iter(wrong)).removesuffix('_s')} is"):
        order(**wrong)


def command(folder: Path, *more: str, source: str = f"signer:Z Z Z?{SIGNER}") -> int:
    given = ("--source", source, "--detector", "truth", "--out", str(folder), *more)
    return main(["record", "--motion", "Z", "--countdown", "0", *given])


def test_takes_are_recorded_and_counted_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that are there stay as they are, and numbers go on after them."""
    caplog.set_level(logging.INFO)
    assert command(tmp_path, "--takes", "2") == 0
    first = (tmp_path / "Z" / "001.npz").read_bytes()
    assert command(tmp_path, "--takes", "1") == 0
    assert sorted(path.name for path in tmp_path.glob("Z/*")) == ["001.npz", "002.npz", "003.npz"]
    assert (tmp_path / "Z" / "001.npz").read_bytes() == first
    assert "after the 2 that are there" in caplog.text
    assert "1 of 1 takes are kept" in caplog.text
    assert "12 more are needed to train a model" in caplog.text
    taken = takes.load(tmp_path / "Z" / "002.npz")
    assert taken.landmarks.dtype == np.float32
    assert taken.landmarks[..., :2].min() > -160
    assert taken.facts["size"] == "160x120"
    assert taken.facts["detector"] == "truth"
    assert taken.facts["source"].startswith("signer:Z")


def test_a_source_that_ends_early_says_how_many_it_gave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3; what was kept is there."""
    assert command(tmp_path, "--takes", "9") == SourceError.exit_code
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("fingerspell: the source ended: 3 of 9 takes are kept in")
    assert len(list(tmp_path.glob("Z/*.npz"))) == 3


@pytest.mark.usefixtures("hand_models")
def test_no_hand_ever_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A film without a hand ends with 3, and leaves no folder."""
    (tmp_path / "grey").mkdir()
    grey = np.full((120, 160, 3), 127, np.uint8)
    cv2.imwrite(str(tmp_path / "grey" / "A.png"), grey)
    source = f"images:{tmp_path / 'grey'}?fps=5&repeat=10"
    given = ("--source", source, "--out", str(tmp_path / "out"))
    assert main(["record", "--motion", "Z", *given]) == SourceError.exit_code
    assert "no hand was seen in it: no take is kept" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_ctrl_c_keeps_what_was_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It ends without an error, with the takes that were whole; the one under way is none."""
    caplog.set_level(logging.INFO)
    stop = Stop()

    class Asking(logging.Handler):
        def emit(self, made: logging.LogRecord) -> None:
            if "take 1" in made.getMessage():
                stop.request("SIGINT")

    logging.getLogger("edge.recording.stages").addHandler(handler := Asking())
    try:
        config = Config(source=f"signer:Z Z Z?{SIGNER}", detector="truth")
        assert record(config, order("Z", tmp_path, takes=3, countdown_s=0), stop) == 1
    finally:
        logging.getLogger("edge.recording.stages").removeHandler(handler)
    assert [path.name for path in tmp_path.glob("Z/*")] == ["001.npz"]
    assert "1 of 3 takes are kept" in caplog.text


def test_a_folder_that_cannot_be_written_is_said_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anybody has moved a hand; exit code 2."""
    (tmp_path / "file").write_text("")
    assert command(tmp_path / "file") == UsageError.exit_code
    assert "choose another --out" in capsys.readouterr().err


def test_a_disk_that_fills_up_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Takes that were kept stay, and nothing half-written does."""
    whole = takes.save

    def full(take: takes.Take, path: Path) -> None:
        if path.name == "002.npz":
            path = Path("/dev/full/002.npz")
        whole(take, path)

    monkeypatch.setattr("edge.recording.stages.save", full)
    assert command(tmp_path) == UsageError.exit_code
    assert "cannot write" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("Z/*")] == ["001.npz"]


def test_a_password_is_not_kept(tmp_path: Path) -> None:
    """Takes are shared; a camera's password is not."""
    assert (
        public("video:rtsp://me:secret@10.0.0.7/s#timeout=3") == "video:rtsp://10.0.0.7/s#timeout=3"
    )


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"no archive", {"t_ms": np.arange(3.0)},
        {"t_ms": np.arange(3.0), "landmarks": np.zeros((2, 21, 3)), "left": np.array(False)},
        {"t_ms": np.zeros(3), "landmarks": np.zeros((3, 21, 3)), "left": np.array(False)},
        {"t_ms": np.arange(3.0), "landmarks": np.full((3, 21, 3), np.nan), "left": np.array(True)},
        {"t_ms": np.array([{}]), "landmarks": np.zeros((1, 21, 3)), "left": np.array(False)},
    ],
)  # fmt: skip
def test_a_file_that_is_no_take_is_refused(
    broken: bytes | dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]], tmp_path: Path
) -> None:
    """Cut short, of another kind, or with times or landmarks that make no sense: one line."""
    path = tmp_path / "001.npz"
    if isinstance(broken, bytes):
        path.write_bytes(broken)
    else:
        np.savez(path, **broken)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"001\.npz"):
        takes.load(path)


def test_a_take_is_what_was_written(tmp_path: Path) -> None:
    """Bit for bit."""
    t_ms, landmarks = np.array([0, 33.3, 70]), np.random.default_rng(1).normal(size=(3, 21, 3))
    take = takes.Take(t_ms, landmarks.astype(np.float32), True, {"sitting": "now"})
    takes.save(take, tmp_path / "hello" / "007.npz")
    again = takes.load(tmp_path / "hello" / "007.npz")
    np.testing.assert_array_equal(again.t_ms, take.t_ms)
    np.testing.assert_array_equal(again.landmarks, take.landmarks)
    assert again.left
    assert again.facts["sitting"] == "now"
    assert takes.next_number(tmp_path / "hello") == 8
