"""The sinks exec and speech: a program a word, which may be slow, fail or hang."""

from __future__ import annotations

import logging
import shutil
import sys
import time
import wave
from pathlib import Path

import pytest

from edge.errors import SinkError, UsageError
from edge.sinks import _program, open_sink
from edge.stages import Sink
from edge.types import End, Event
from tests.support.sample_results import result

WORD = Event("word", "HI", None, 0, "HI")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What an espeak-ng was given that says nothing aloud, a line a word."""
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path / "said"


def spell(sink: Sink, *words: str) -> None:
    """Spells the words letter by letter."""
    for index, word in enumerate(words):
        letters = [("letter", letter) for letter in word]
        sink.write(result(index, events=(("hand", "found"), *letters), text=word))
        sink.write(result(index, events=(("word", word), ("space", " ")), text=word))


def test_a_program_runs_for_each_word(tmp_path: Path) -> None:
    """In their order; the word is the last argument, or stands where {} is."""
    script = tmp_path / "script.sh"
    script.write_text(f'echo "$@" "$FINGERSPELL_WORD" "$FINGERSPELL_TEXT" >> {tmp_path}/out\n')
    for command in (f"sh {script} word", f"sh {script} {{}} 'a  b'"):
        sink = open_sink(f"exec:{command}")
        spell(sink, "HELLO", "YOU")
        sink.close(End("HI", 1, 0, (WORD,)))
        sink.close(End("HI", 1, 0, (WORD,)))
    assert (tmp_path / "out").read_text().splitlines() == [
        *("word HELLO HELLO HELLO", "word YOU YOU YOU", "word HI HI HI"),
        *("HELLO a  b HELLO HELLO", "YOU a  b YOU YOU", "HI a  b HI HI"),
    ]


def test_a_word_is_no_command(tmp_path: Path) -> None:
    """No shell reads it."""
    sink = open_sink("exec:true")
    spell(sink, f"$(touch {tmp_path}/made)", f"; touch {tmp_path}/made")
    sink.close(End("", 1, 0))
    assert not (tmp_path / "made").exists()


def test_a_program_that_hangs_is_told_and_killed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Nothing waits for it meanwhile, and the words after it have their turn."""
    monkeypatch.setattr(_program, "LONGEST_S", 0.2)
    script = tmp_path / "script.sh"
    script.write_text(f'[ "$1" = HANG ] && sleep 1000\necho "$1" >> {tmp_path}/out\n')
    sink = open_sink(f"exec:sh {script}")
    with caplog.at_level(logging.WARNING):
        spell(sink, "HANG", "HI")
        sink.close(End("", 1, 0))
    assert (tmp_path / "out").read_text() == "HI\n"
    assert "it hangs, and was killed" in caplog.text


def test_the_end_does_not_wait_for_a_program_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed, and the words that it missed are counted, also those that had no room."""
    monkeypatch.setattr(_program, "LAST_S", 0.05)
    sink = open_sink("exec:sh -c 'sleep 1000'")
    process = None
    spell(sink, "A")
    while process is None:
        process = sink._process  # type: ignore[attr-defined]
        time.sleep(0.01)
    spell(sink, *["B"] * (_program.WAITING + 3))
    with pytest.raises(SinkError, match=f"missed {_program.WAITING + 4} words"):
        sink.close(End("", 1, 0))
    assert process.wait(10) == -9


def test_a_program_that_fails_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """In a row; the run goes on."""
    sink = open_sink(f"exec:{sys.executable} -c 'raise SystemExit(3)'")
    with caplog.at_level(logging.WARNING):
        spell(sink, "A", "B")
        sink.close(End("", 1, 0))
    assert [m for m in caplog.messages if "the status 3" in m] == caplog.messages
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("command", ["", "no-such-program", "sh 'a"])
def test_a_command_that_cannot_run_is_told_at_once(command: str) -> None:
    """Not after the first word."""
    with pytest.raises(UsageError):
        open_sink(f"exec:{command}")


def test_words_are_said_and_letters_are_not(said: Path) -> None:
    """Once each, in small letters, so that none is taken for an abbreviation."""
    sink = open_sink("speech")
    spell(sink, "HELLO", "US")
    sink.close(End("", 1, 0, (WORD,)))
    assert said.read_text().splitlines() == [
        f"-v en-us -- {word}" for word in ("hello", "us", "hi")
    ]


def test_a_voice_can_be_chosen(said: Path) -> None:
    """By its name."""
    sink = open_sink("speech:en-gb+f2")
    sink.close(End("", 1, 0, (WORD,)))
    assert said.read_text() == "-v en-gb+f2 -- hi\n"


def test_without_espeak_it_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is the command that installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SinkError, match="sudo apt install espeak-ng"):
        open_sink("speech")


def test_espeak_understands_what_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Path
) -> None:
    """The real program, which writes a recording in place of a sound."""
    real = shutil.which("espeak-ng", path="/usr/bin:/usr/local/bin")
    if real is None:
        pytest.skip("needs espeak-ng: apt install espeak-ng")
    program = said.parent / "bin" / "espeak-ng"
    program.write_text(f'#!/bin/sh\nfor word; do :; done\n{real} -w {tmp_path}/$word.wav "$@"\n')
    sink = open_sink("speech")
    spell(sink, "I", "HELLO")
    sink.close(End("", 1, 0))
    lengths_s = {}
    for path in tmp_path.glob("*.wav"):
        with wave.open(str(path)) as sound:
            lengths_s[path.stem] = sound.getnframes() / sound.getframerate()
    assert set(lengths_s) == {"i", "hello"}
    assert 0.1 < lengths_s["i"] < lengths_s["hello"] < 2.0
