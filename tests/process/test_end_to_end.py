"""The whole way, as a user runs it: a source, hands, letters, debounce and text."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.accuracy.items import PHRASES, SEEDS, clips, measure, phrases
from benchmarks.accuracy.recordings import spell
from benchmarks.measure.scoring import edits, total
from edge.config import Config
from tests.support.examples import full_only

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hand_models")]


def test_hello_world_is_read_from_the_command_line() -> None:
    """`fingerspell run --source signer:'HELLO WORLD' --sink jsonl:-` ends with HELLO WORLD."""
    command = [sys.executable, "-m", "edge", "run"]
    command += ["--source", "signer:HELLO WORLD", "--sink", "jsonl:-"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["event"] == "end"
    assert events[-1]["text"] == "HELLO WORLD"
    assert events[-1]["dropped"] == 0
    assert [e["label"] for e in events if e["event"] == "word"] == ["HELLO", "WORLD"]
    # Nothing is said, but for a line a minute where the machine is that slow.
    assert all(" in the last minute " in line for line in done.stderr.splitlines())


def test_phrases_are_read() -> None:
    """At most one of the letters of three phrases is wrong."""
    groups = measure(islice(phrases(Config(), SEEDS[:1]), 3), Config())
    assert total(groups.values()).edits <= 1


@full_only
def test_ten_phrases_are_read_with_three_seeds_each() -> None:
    """At most 2 % of the letters of ten phrases, three signers each, are wrong."""
    assert len(PHRASES) >= 10
    assert len(SEEDS) >= 3
    groups = measure(phrases(Config()), Config())
    assert total(groups.values()).error_rate <= 0.02


def test_a_left_hand_is_read_as_well() -> None:
    """The signer's left hand spells the same text."""
    text = spell("signer:HELLO WORLD?hand=left&seed=1", Config()).text
    assert edits("HELLO WORLD", text) <= 1


def test_digits_are_read() -> None:
    """With the digits alphabet, all ten digits are read in order."""
    text = spell("signer:0123456789", Config(alphabet="digits")).text
    assert edits("0123456789", text) <= 1


@full_only
def test_real_clips_give_sensible_letters(shared_data: Path) -> None:
    """Nearly all letters of the lesson clips are read, and few come twice; where there is no hand,
    nothing is read."""
    groups = measure(clips(shared_data / "clips", Config()), Config())
    assert groups["lesson"].missed_share <= 0.12
    assert groups["lesson"].error_rate <= 0.25
    assert groups["no_letters/no_hand"].false == 0
