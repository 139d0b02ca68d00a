"""The jsonl sink: one JSON object a line, whole lines only, and a quiet end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.errors import SinkError
from edge.sinks import jsonl, open_sink
from edge.sinks.jsonl import Jsonl
from edge.spelling.speller import Speller
from edge.types import End, Event, Sign
from tests.support.sample_results import result

ROOT = Path(__file__).resolve().parents[2]


def lines(path: Path) -> list[dict[str, object]]:
    """Every line of the file, decoded."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_event_is_one_line_with_the_fields_of_the_contract(tmp_path: Path) -> None:
    """A letter's line has exactly the agreed fields, in order, and the end its own."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    sink.write(result(20, text="HE"))
    assert sink.write(result(123, events=(("letter", "A"),), text="HEA")) is None
    sink.close(End("HEA", 124, 3))
    assert path.read_text() == (
        '{"event": "letter", "label": "A", "score": 0.975, "t_ms": 4120, "frame": 123,'
        ' "text": "HEA"}\n'
        '{"event": "end", "text": "HEA", "frames": 124, "dropped": 3}\n'
    )


def test_another_reading_is_told_in_a_field_of_its_own(tmp_path: Path) -> None:
    """`or` is there for a letter whose hand shape has another reading, and for no other."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    events = (Event("letter", "O", 0.9, 0, "O", "0"), Event("letter", "K", 0.9, 0, "OK"))
    sink.write(replace(result(0, text="OK"), events=events))
    first, second = lines(path)
    assert first.pop("or") == "0"
    assert set(first) == set(second) == {"event", "label", "score", "t_ms", "frame", "text"}


def test_a_correction_can_be_followed_line_by_line(tmp_path: Path) -> None:
    """The text after each line is the one before it, with that line's event done to it."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    speller, other = Speller(), {"V": "2", "O": "0"}
    for index, label in enumerate("VO1VO"):
        events = speller.update((Sign("letter", label, 0.9, index, other.get(label)),))
        sink.write(replace(result(index, text=speller.text), events=events))
    text = ""
    for line in lines(path):
        text = text[:-1] if line["event"] == "delete" else text + str(line["label"])
        assert line["text"] == text
    assert text == "20120"


def test_each_event_is_in_the_file_before_the_next_frame(tmp_path: Path) -> None:
    """A reader that follows along sees a letter when it happens."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl://{path}")
    for index, text in enumerate(["H", "HE", "HEY"]):
        sink.write(result(index, events=(("letter", text[-1]),), text=text))
        assert lines(path)[-1]["text"] == text
    sink.close(End("HEY", 3, 0))


def test_several_events_of_a_frame_each_show_the_text_after_themselves(tmp_path: Path) -> None:
    """A letter, the word that it completes and the space after it come in order."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    events = (
        Event("hand", "found", 0.99, 0, "N"), Event("letter", "O", 0.9, 0, "NO"),
        Event("word", "NO", None, 0, "NO"), Event("space", " ", None, 0, "NO "),
        Event("delete", "", None, 0, "NO"), Event("hand", "lost", None, 0, "NO"),
    )  # fmt: skip
    sink.write(replace(result(2, text="NO"), events=events))
    assert [(line["event"], line["label"], line["text"]) for line in lines(path)] == [
        (event.kind, event.label, event.text) for event in events
    ]


def test_a_score_that_means_nothing_is_one(tmp_path: Path) -> None:
    """It is a number in every line, as the contract has it."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    sink.write(replace(result(0), events=(Event("delete", "", None, 0, ""),)))
    sink.write(replace(result(1), events=(Event("hand", "found", 0.12345, 0, ""),)))
    assert [line["score"] for line in lines(path)] == [1.0, 0.123]


@pytest.mark.parametrize("start_ns", [0, 7_000_000_000])
def test_what_the_end_settles_comes_before_the_last_line(tmp_path: Path, start_ns: int) -> None:
    """The word that was begun is told as of the last frame."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    sink.write(result(0, start_ns=start_ns))
    sink.write(result(25, events=(("letter", "A"),), text="A", start_ns=start_ns))
    word = Event("word", "A", None, start_ns + 1_000_000_000, "A")
    sink.close(End("A", 26, 0, (word,)))
    assert lines(path)[1:] == [
        {"event": "word", "label": "A", "score": 1.0, "t_ms": 1000, "frame": 25, "text": "A"},
        {"event": "end", "text": "A", "frames": 26, "dropped": 0},
    ]


END = {"event": "end", "text": "", "frames": 0, "dropped": 0}
LETTER = result(1, events=(("letter", "A"),), text="A")


def test_a_new_run_goes_on_in_the_file(tmp_path: Path) -> None:
    """A service that restarts keeps its transcript."""
    path = tmp_path / "out.jsonl"
    for _ in range(2):
        open_sink(f"jsonl:{path}").close(End("", 0, 0))
    assert lines(path) == [END, END]


def test_two_runs_do_not_write_into_one_file(tmp_path: Path) -> None:
    """The second is told so, and may when the first has ended."""
    path = tmp_path / "out.jsonl"
    first = open_sink(f"jsonl:{path}")
    with pytest.raises(SinkError, match="another run writes to"):
        open_sink(f"jsonl:{path}")
    first.close(End("", 0, 0))
    open_sink(f"jsonl:{path}").close(End("", 0, 0))


@pytest.mark.parametrize("move", [Path.unlink, lambda path: path.rename(f"{path}.1")])
def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path, move: Any) -> None:
    """As logrotate does, which need not tell the run."""
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    sink.write(LETTER)
    move(path)
    sink.write(LETTER)
    assert len(lines(path)) == 1
    sink.close(End("", 0, 0))
    assert lines(path)[-1] == END


def test_a_file_that_has_grown_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One older file is kept: a run of months does not fill the disk."""
    monkeypatch.setattr(jsonl, "ROTATE_BYTES", 250)
    path = tmp_path / "out.jsonl"
    sink = open_sink(f"jsonl:{path}")
    for _ in range(20):
        sink.write(LETTER)
    sink.close(End("", 0, 0))
    older = tmp_path / "out.jsonl.1"
    assert sorted(tmp_path.iterdir()) == [path, older]
    assert 250 <= older.stat().st_size < 500
    assert path.stat().st_size < 500
    assert all("event" in line for line in lines(path) + lines(older))


def test_a_reader_that_takes_nothing_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines wait for it, and it gets all of them; the oldest go when they are too many."""
    monkeypatch.setattr(jsonl, "WAITING", 200)
    reader, writer = os.pipe()
    sink = Jsonl(writer, None)
    text = "A" * 1000
    for index in range(2000):
        assert sink.write(result(index, events=(("letter", "A"),), text=text)) is None
    os.set_blocking(reader, False)
    got = b""
    for _ in range(20):  # what the pipe holds, and what waits: 260 kB at most
        with contextlib.suppress(BlockingIOError):
            got += os.read(reader, 65_536)
        sink.write(result(2001))
    sink.close(End("", 0, 0))
    with contextlib.suppress(BlockingIOError):
        got += os.read(reader, 65_536)
    os.close(writer)
    os.close(reader)
    found = [json.loads(line) for line in got.splitlines()]
    frames = [line["frame"] for line in found if line["event"] == "letter"]
    assert frames == sorted(set(frames))
    assert frames[-1] == 1999
    assert 200 <= len(frames) < 400


def test_a_reader_that_takes_nothing_is_not_waited_for_at_the_end() -> None:
    """The run says what it did not read."""
    reader, writer = os.pipe()
    sink = Jsonl(writer, None)
    for index in range(100):
        sink.write(result(index, events=(("letter", "A"),), text="A" * 2000))
    with pytest.raises(SinkError, match="lines were not read from standard output"):
        sink.close(End("", 0, 0))
    os.close(reader)
    os.close(writer)


def test_a_path_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """A missing folder, a folder, and a name that is no name say so, and what to do."""
    for rest, reason in [
        (tmp_path / "missing" / "out.jsonl", "No such file or directory"),
        (tmp_path, "Is a directory"),
        ("a\0b", "null"),
    ]:
        with pytest.raises(SinkError, match=reason) as caught:
            open_sink(f"jsonl:{rest}")
        assert "\n" not in str(caught.value)
        assert "jsonl:PATH" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """No permission is an error at the start, not at the first letter."""
    tmp_path.chmod(0o500)
    with pytest.raises(SinkError, match="Permission denied"):
        open_sink(f"jsonl:{tmp_path / 'out.jsonl'}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_clear_line() -> None:
    """The failing write says what is wrong; closing afterwards does not fail again."""
    sink = open_sink("jsonl:/dev/full")
    with pytest.raises(SinkError, match="No space left on device"):
        sink.write(result(0, events=(("letter", "A"),), text="A"))
    sink.close(End("A", 1, 0))


LIMITED = """
import resource, signal, sys
sys.path.insert(0, "tests")
from tests.support.sample_results import result
from edge.errors import SinkError
from edge.sinks import jsonl, open_sink
from edge.sinks.jsonl import Jsonl
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sink = open_sink("jsonl:" + sys.argv[1])
try:
    for index in range(100):
        sink.write(result(index, events=(("letter", "A"),), text="A" * (index + 1)))
except SinkError as error:
    print(error)
"""


def test_a_disk_that_fills_up_never_leaves_half_a_line(tmp_path: Path) -> None:
    """What did not fit whole is taken back."""
    path = tmp_path / "out.jsonl"
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "File too large" in run.stdout
    assert path.read_bytes().endswith(b"}\n")
    assert 5 < len(lines(path)) < 100
    assert path.stat().st_size < 1000  # some of a line had been written, and was taken back


PIPED = """
import sys
sys.path.insert(0, "tests")
from tests.support.sample_results import result
from edge.sinks import Sinks
from edge.types import End
sinks = Sinks(["jsonl:-"])
index = 0
while sinks.write(result(index, events=(("letter", "A"),), text="A" * (index + 1))) != "quit":
    index += 1
    assert index < 100_000, "nobody noticed that the reader has gone"
print("a last remark")
sinks.close(End("A" * index, index, 0))
"""


def test_a_reader_that_goes_away_ends_the_run_without_a_word() -> None:
    """`| head -1` gets its line; nothing is said on stderr, and the status is 0."""
    with subprocess.Popen(
        [sys.executable, "-c", PIPED],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert json.loads(run.stdout.readline())["label"] == "A"
        run.stdout.close()
        assert run.stderr.read() == ""
        assert run.wait(timeout=60) == 0


@pytest.mark.parametrize("events", [1, 2, 3])
def test_a_reader_that_has_gone_ends_the_run_at_any_frame(events: int) -> None:
    """However many events a frame has: those after the first do not hide that nobody reads."""
    reader, writer = os.pipe()
    sink = Jsonl(writer, None)
    letters = (("letter", "A"),) * events
    assert sink.write(result(0, events=letters, text="A" * events)) is None
    os.close(reader)
    for index in range(1, 4):
        assert sink.write(result(index, events=letters, text="A" * events)) == "quit"
    assert sink.write(result(4)) == "quit"
    sink.close(End("A", 5, 0))
    os.close(writer)


def test_a_run_without_stdout_says_so() -> None:
    """A closed stdout (`>&-`) is an error that names the other way."""
    script = "from edge.sinks import open_sink; open_sink('jsonl:-')"
    run = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -c "{script}" >&-'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "SinkError: there is no standard output to write to: use jsonl:PATH" in run.stderr
