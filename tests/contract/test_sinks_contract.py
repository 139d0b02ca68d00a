"""What every sink does: one suite over all the files of edge/sinks."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge import plugins, sinks
from edge.errors import FingerspellError, SinkError, UsageError
from edge.sinks import Sinks, keys, open_sink
from edge.stages import Monitor, Sink
from edge.types import End, Event, Result, Status, Vitals
from tests.support.sample_results import hand, prediction, result

ROOT = Path(__file__).parents[2]

# Where a sink needs more than its name to be opened in a test: NAME -> REST.
REST = {
    "exec": "true",
    "jsonl": "{folder}/out.jsonl",
    "keys": "{folder}/uinput",
    "metrics": "0",
    "web": "0",
    "mqtt": "//127.0.0.1:{port}",
}

BROKERS: list[Any] = []  # the MQTT broker of these tests, once it was needed

# Of each sink, a REST that makes no sense or cannot be had.
WRONG = {
    "exec": "no-such-program",
    "keys": "{folder}/missing",
    "speech": "-w",
    "jsonl": "{folder}/missing/out.jsonl",
    "kiosk": "upside-down",
    "practice": "upside-down",
    "screen": "upside-down",
    "metrics": "http",
    "mqtt": "//broker:letters",
    "web": "no-such-host:8080",
}


def rest_of(name: str, folder: Path) -> str:
    """What follows the sink's name; a broker is started where it needs one, and a device made."""
    (folder / "uinput").touch()
    if name == "mqtt" and not BROKERS:
        from tests.support.mosquitto import Broker

        BROKERS.append(Broker(folder))
    port = BROKERS[0].port if name == "mqtt" else 0
    return REST.get(name, "").format(folder=folder, port=port)


@pytest.fixture(scope="module", autouse=True)
def _no_broker_is_left() -> Iterator[None]:
    """Tests of other files count the processes that this one has started."""
    yield
    while BROKERS:
        BROKERS.pop().kill()


@pytest.fixture(autouse=True)
def _no_devices(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No window, no sound, no keyboard, and nothing in the home of who runs this."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    silent = tmp_path_factory.mktemp("bin") / "espeak-ng"
    silent.write_text("#!/bin/sh\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", f"{silent.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(keys, "NOTICED_S", 0.0)
    monkeypatch.setattr(keys.fcntl, "ioctl", lambda *_: 0)


@pytest.fixture(params=sinks.names())
def name(request: pytest.FixtureRequest) -> str:
    """Each sink's name; skipped where its library, an extra, is not installed."""
    try:
        importlib.import_module(f"edge.sinks.{request.param}")
    except ModuleNotFoundError as error:
        pytest.skip(f"needs {error.name}: pip install 'fingerspell[{request.param}]'")
    return str(request.param)


@pytest.fixture
def sink(name: str, tmp_path: Path) -> Iterator[Sink]:
    """Each sink, open."""
    opened = open_sink(f"{name}:{rest_of(name, tmp_path)}")
    yield opened
    opened.close(End("", 0, 0))


def moments() -> list[Result]:
    """All kinds of results, in an order in which they may happen."""
    rgb = np.random.default_rng(1).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    rgb.setflags(write=False)
    close, far = hand(200, 100, 300), hand(-40, 400, 150)
    found = (("hand", "found"), ("letter", "A"))
    rest = (("word", "A"), ("space", " "), ("delete", ""), ("hand", "lost"))
    return [
        result(0, rgb=rgb),
        result(1, rgb=rgb, hands=(close,), reading=prediction("A", 0.2)),
        result(2, rgb=rgb, hands=(close,), reading=prediction("A", 1.0), events=found, text="A"),
        result(3, rgb=rgb, hands=(close, far), reading=prediction("7", 0.5), text="A"),
        result(4, rgb=rgb, events=rest, text="A"),
        result(90, rgb=rgb, text="A LONG TEXT " * 50),
        result(91, rgb=rgb[:1, :1], text=""),
        result(92, rgb=rgb[:, ::-1][:300, :7], hands=(far,), reading=prediction("Z", 0.0)),
        result(93, rgb=rgb, hands=(close,), text="A"),
        result(94, rgb=rgb, hands=(close,), text="now", status=Status("go", 0.5)),
    ]


def test_every_sink_is_found_by_its_file_name() -> None:
    """The folder is the list."""
    folder = Path(str(sinks.__file__)).parent
    found = {path.stem for path in folder.iterdir() if path.name[0] not in "_."}
    assert set(sinks.names()) == found
    assert {"jsonl", "screen"} <= found


def test_nothing_is_printed_when_it_is_opened(name: str, tmp_path: Path) -> None:
    """Neither by it nor by its library: standard output may be for JSON lines."""
    if plugins.declared(sinks.__path__, name, "EXTRA") != "screen":
        pytest.skip("its library prints nothing, or the tests of the sink say what")
    opening = f"from edge.sinks import open_sink\nopen_sink({name!r})"
    done = subprocess.run(
        [sys.executable, "-c", opening], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


def test_a_sink_is_a_sink(sink: Sink) -> None:
    """What open() returns has the methods of the Protocol."""
    assert isinstance(sink, Sink)


def test_every_kind_of_result_is_taken(sink: Sink) -> None:
    """With hands or without, with a reading, a status or neither, events of every kind."""
    for moment in moments():
        assert sink.write(moment) is None
    sink.close(End("A", 95, 2))


def test_an_end_may_settle_something(sink: Sink) -> None:
    """The word that was begun, after a run or without a single frame."""
    for moment in moments()[:3]:
        sink.write(moment)
    sink.close(End("A", 3, 0, (Event("word", "A", None, 7_080_000_000, "A"),)))


def test_an_end_without_a_frame_is_taken(sink: Sink) -> None:
    """A source that gives nothing settles nothing, and what it settles all the same is taken."""
    sink.close(End("A", 0, 0, (Event("word", "A", None, 0, "A"),)))


def test_a_sink_that_wants_to_know_how_the_run_is_takes_all_of_it(sink: Sink) -> None:
    """Before the first frame, while it is well, while no frame comes, and when frames are back."""
    if not isinstance(sink, Monitor):
        pytest.skip("it does not want to know")
    troubled = Vitals(
        trouble="the camera was lost; it is opened again in 4 s", waited_s=3.5, reopened=2
    )
    assert sink.note(troubled) is None
    for moment in moments():
        assert sink.write(moment) is None
        assert sink.note(Vitals(fps=30.0, temperature_c=50.0, throttled=("capped clock",))) is None
        assert sink.note(troubled) is None
    sink.close(End("A", 93, 2))


def test_the_result_is_left_as_it_was(sink: Sink) -> None:
    """No sink draws into the frame or moves the landmarks that others are still to see."""
    rgb = np.full((240, 320, 3), 90, np.uint8)
    one = hand(50, 50, 150)
    landmarks = one.landmarks.copy()
    sink.write(result(rgb=rgb, hands=(one,), reading=prediction("A", 0.9)))
    assert (rgb == 90).all()
    assert (one.landmarks == landmarks).all()


def test_close_may_be_called_twice(sink: Sink) -> None:
    """Also when nothing was ever written."""
    sink.close(End("", 0, 0))
    sink.close(End("", 0, 0))


def test_a_sink_can_be_opened_again_after_close(name: str, tmp_path: Path) -> None:
    """Nothing of the first run is left in the way of the second."""
    for _ in range(2):
        sink = open_sink(f"{name}:{rest_of(name, tmp_path)}")
        sink.write(moments()[2])
        sink.close(End("A", 1, 0))


def test_no_file_descriptor_is_left_open(name: str, tmp_path: Path) -> None:
    """A run of weeks in which a sink is opened and closed does not run out of them."""
    counts = []
    for _ in range(3):
        sink = open_sink(f"{name}:{rest_of(name, tmp_path)}")
        sink.write(moments()[2])
        sink.close(End("A", 1, 0))
        counts.append(len(os.listdir("/proc/self/fd")))
    assert counts[1] == counts[2]


def test_what_cannot_be_opened_is_one_line(name: str, tmp_path: Path) -> None:
    """It says which sink's option or path is wrong, without a line break."""
    rest = WRONG[name].format(folder=tmp_path)
    with pytest.raises(FingerspellError) as caught:
        open_sink(f"{name}:{rest}")
    assert rest in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("uri", ["telegraph", "telegraph:x", "", ":", "__init__:x", "_x:", "/etc"])
def test_an_unknown_sink_is_told_with_those_that_exist(uri: str) -> None:
    """A slip of the pen is mended without the manual."""
    with pytest.raises(UsageError, match=r"there are: .*jsonl.*screen"):
        open_sink(uri)


def test_a_missing_library_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the command that installs it."""
    for loaded in [m for m in sys.modules if m.startswith("edge.sinks.screen")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(SinkError, match=r"pip install 'fingerspell\[screen\]'"):
        open_sink("screen")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A sink `failing:` of the same kind as those of others: one file in the folder."""
    (tmp_path / "failing.py").write_text(
        "class Failing:\n"
        "    def write(self, result): raise ValueError('out of\\npaper')\n"
        "    def close(self, end): raise ValueError('jammed')\n"
        "def open(rest): return Failing()\n"
    )
    (tmp_path / "asking.py").write_text(
        "class Asking:\n"
        "    def __init__(self, rest): self.rest = rest\n"
        "    def write(self, result): return self.rest\n"
        "    def close(self, end): pass\n"
        "def open(rest): return Asking(rest)\n"
    )
    monkeypatch.setattr(sinks, "__path__", [*sinks.__path__, str(tmp_path)])
    yield
    for added in ("edge.sinks.failing", "edge.sinks.asking"):
        sys.modules.pop(added, None)


@pytest.mark.usefixtures("failing")
def test_a_failing_sink_is_logged_once_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its neighbours get every result and the last word; what it missed is counted."""
    path = tmp_path / "out.jsonl"
    several = Sinks(["failing", f"jsonl:{path}"], clock=lambda: 0.0)
    with caplog.at_level(logging.WARNING):
        for index in range(3):
            assert several.write(result(index, events=(("letter", "A"),), text="A")) is None
        assert (several.trouble, several.lost) == ("failing: out of paper", 3)
        with pytest.raises(SinkError, match="failing: out of paper; 3 events did not reach it"):
            several.close(End("A", 3, 0))
    assert caplog.messages == ["sink failing failed: out of paper"]
    assert len(path.read_text().splitlines()) == 4


def test_a_sink_that_failed_is_opened_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After a pause that doubles; what was written before stays, and health is told meanwhile."""
    now_s = 0.0
    kept, lost = tmp_path / "kept.jsonl", tmp_path / "folder" / "lost.jsonl"
    lost.parent.mkdir()
    several = Sinks([f"jsonl:{kept}", f"jsonl:{lost}"], clock=lambda: now_s)
    caplog.set_level(logging.INFO)
    letter = result(1, events=(("letter", "A"),), text="A")
    several.write(letter)
    lost.parent.rename(tmp_path / "away")  # as a disk that is unmounted
    for moment_s in (0.0, 0.5, 1.0, 2.0):
        now_s = moment_s
        several.write(letter)
        assert several.trouble.startswith(f"jsonl:{lost}: cannot write to")
    (tmp_path / "away").rename(lost.parent)
    now_s = 2.9
    several.write(letter)
    assert several.trouble
    now_s = 3.0
    assert not any("works again" in said for said in caplog.messages)
    several.write(letter)
    assert (several.trouble, several.lost) == ("", 5)
    assert caplog.messages[-1] == f"sink jsonl:{lost} works again; 5 events did not reach it"
    with pytest.raises(SinkError, match="5 events did not reach it"):
        several.close(End("A", 1, 0))
    assert len(kept.read_text().splitlines()) == 8
    assert len(lost.read_text().splitlines()) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_sink_that_opens_works_only_once_it_has_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk is told once, health says so all the time, and the pauses grow."""
    now_s = 0.0
    uri = "jsonl:/dev/full"
    several = Sinks([uri, f"jsonl:{tmp_path / 'kept.jsonl'}"], clock=lambda: now_s)
    letter = result(1, events=(("letter", "A"),), text="A")
    opened = []
    with caplog.at_level(logging.INFO):
        several.write(letter)
        for tenth in range(80):
            now_s = tenth / 10
            several.write(result(2))
            assert several.trouble.startswith(f"{uri}: cannot write to /dev/full")
            if uri in several.took_ms:
                opened.append(now_s)
                several.write(letter)
    assert opened == [1.0, 3.0, 7.0]
    assert len(caplog.messages) == 1
    with pytest.raises(SinkError, match="cannot write to /dev/full: No space"):
        several.close(End("A", 1, 0))


@pytest.mark.usefixtures("failing")
def test_a_run_whose_last_sink_fails_is_over() -> None:
    """A run that nobody hears ends with the reason."""
    several = Sinks(["failing"])
    with pytest.raises(SinkError, match="no sink works: failing: out of paper"):
        several.write(result())
    with pytest.raises(SinkError, match="out of paper"):
        several.close(End("", 1, 0))
    several.close(End("", 1, 0))


@pytest.mark.usefixtures("failing")
def test_a_failing_close_does_not_keep_the_last_word_from_the_others(tmp_path: Path) -> None:
    """Each is closed, whatever the one before it does."""
    path = tmp_path / "out.jsonl"
    several = Sinks(["failing", f"jsonl:{path}"])
    with pytest.raises(SinkError, match="jammed"):
        several.close(End("HI", 3, 0))
    several.close(End("HI", 3, 0))
    assert path.read_text() == '{"event": "end", "text": "HI", "frames": 3, "dropped": 0}\n'


@pytest.mark.usefixtures("failing")
def test_of_two_requests_quit_outweighs_clear() -> None:
    """Whoever closes the window means it."""
    assert Sinks(["asking:clear"]).write(result()) == "clear"
    assert Sinks(["asking:clear", "asking:quit", "asking:clear"]).write(result()) == "quit"
    assert Sinks([]).write(result()) is None


@pytest.mark.usefixtures("failing")
def test_only_those_who_want_to_know_are_told_how_the_run_is(tmp_path: Path) -> None:
    """A sink of write() and close() alone is whole."""
    several = Sinks(["asking:clear", f"jsonl:{tmp_path / 'out.jsonl'}"])
    assert several.note(Vitals()) is None
    assert several.write(result()) == "clear"


@pytest.mark.usefixtures("failing")
def test_sinks_opened_before_one_that_fails_to_open_are_closed(tmp_path: Path) -> None:
    """All or none: the file of the first holds its last line."""
    path = tmp_path / "out.jsonl"
    with pytest.raises(UsageError):
        Sinks([f"jsonl:{path}", "telegraph:x"])
    assert path.read_text() == '{"event": "end", "text": "", "frames": 0, "dropped": 0}\n'
