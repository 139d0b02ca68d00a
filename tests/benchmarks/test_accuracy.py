"""The arithmetic of benchmarks.accuracy: what counts as read, missed, wrong, false and late."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy import recordings, tradeoff
from benchmarks.accuracy.idle import KINDS, Idle
from benchmarks.accuracy.recordings import record, replay
from benchmarks.measure.scoring import EARLY_S, LATE_S, Score, Shown, edits, score, shown_in, total
from edge.assembly import open_stages
from edge.config import Config
from edge.sources import open_source
from edge.types import Event, Frame, Truth

TEXTS = st.text("ABC", max_size=8)


def letter(label: str, t_s: float) -> Event:
    return Event("letter", label, 0.9, round(t_s * 1e9), "")


HELD = [Shown(1.0, 2.0, "A"), Shown(2.5, 3.5, "B"), Shown(4.0, 5.0, "J")]


@given(a=TEXTS, b=TEXTS, c=TEXTS)
def test_edits_are_a_distance(a: str, b: str, c: str) -> None:
    """Zero for equal texts only, the same both ways, and no detour is shorter."""
    assert (edits(a, b) == 0) == (a == b)
    assert edits(a, b) == edits(b, a)
    assert edits(a, c) <= edits(a, b) + edits(b, c)
    assert abs(len(a) - len(b)) <= edits(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("truth", "read", "n"),
    [("CAT", "CAT", 0), ("CAT", "CT", 1), ("CAT", "CARTS", 2), ("", "AB", 2)],
)
def test_edits_count_letters_missed_added_and_taken_for_another(
    truth: str, read: str, n: int
) -> None:
    """Known distances."""
    assert edits(truth, read) == n


def test_letters_read_in_their_time_are_right() -> None:
    """Nothing is missed, wrong or false, and delays are from the start of what is held still."""
    s = score(HELD, [letter("A", 1.2), letter("B", 2.8), letter("J", 5.1)], 10.0)
    assert (s.letters, s.edits, s.held, s.missed, s.traced, s.traced_missed) == (3, 0, 2, 0, 1, 0)
    assert (s.wrong, s.false) == (0, 0)
    assert s.settled_ms == pytest.approx((200, 300))
    assert s.free_s == pytest.approx(7)


def test_a_letter_may_come_early_or_late_within_limits() -> None:
    """Up to EARLY_S before its hold or LATE_S after; beyond that it is missed, and false."""
    one = [Shown(2.0, 3.0, "A")]
    for t_s, right in (
        (2.01 - EARLY_S, True),
        (1.99 - EARLY_S, False),
        (2.99 + LATE_S, True),
        (3.01 + LATE_S, False),
    ):
        s = score(one, [letter("A", t_s)], 6.0)
        assert (s.missed, s.false) == ((0, 0) if right else (1, 1))


def test_no_letter_is_early_while_another_is_held() -> None:
    """The window of a letter begins with the end of the one before."""
    pair = [Shown(1.0, 2.0, "A"), Shown(2.1, 3.0, "B")]
    s = score(pair, [letter("A", 1.1), letter("B", 1.95)], 4.0)
    assert (s.missed, s.wrong, s.false) == (1, 1, 0)


def test_each_event_counts_once() -> None:
    """A double letter needs two events; a third is wrong."""
    twice = [Shown(1.0, 1.5, "L"), Shown(1.7, 2.2, "L")]
    assert score(twice, [letter("L", 1.2)], 3.0).missed == 1
    assert score(twice, [letter("L", 1.2), letter("L", 1.9)], 3.0).missed == 0
    assert score(twice, [letter("L", t) for t in (1.2, 1.9, 2.1)], 3.0).wrong == 1


def test_letters_where_none_is_shown_are_false_and_make_a_rate() -> None:
    """Two in a minute are 120 an hour."""
    s = score([], [letter("A", 3), letter("B", 30), Event("hand", "lost", None, 5, "")], 60.0)
    assert (s.false, s.wrong, s.false_an_hour) == (2, 0, 120)
    assert (s.error_rate, s.missed_share, s.settled(0.5)) == (0, 0, None)


def test_a_deleted_letter_was_not_read() -> None:
    """An I that turned out to begin a J is no error."""
    events = [letter("I", 4.1), Event("delete", "", None, 5_000_000_000, ""), letter("J", 5.0)]
    s = score(HELD[2:], events, 6.0)
    assert (s.edits, s.traced_missed, s.wrong, s.false) == (0, 0, 0, 0)


def test_words_right_are_counted_in_their_order() -> None:
    """A word missing or spelled amiss is not right; those after it still are."""
    s = score([], [], 1.0, ("PACK MY BOX", "PACK M BOX"))
    assert (s.words, s.words_right) == (3, 2)


@given(
    events=st.lists(st.tuples(st.sampled_from("ABJX"), st.floats(0, 9)), max_size=9),
    shift=st.integers(1, 1000),
)
def test_every_event_is_a_hit_or_wrong_or_false(
    events: list[tuple[str, float]], shift: int
) -> None:
    """The counts add up, and sums of scores are sums of their counts."""
    read = sorted((letter(label, t) for label, t in events), key=lambda e: e.t_ns)
    s = score(HELD, read, 10.0)
    hits = s.held + s.traced - s.missed - s.traced_missed
    assert hits + s.wrong + s.false == len(read)
    assert len(s.settled_ms) == s.held - s.missed
    both = total([s, s, Score(false=shift)])
    assert both.wrong == 2 * s.wrong
    assert both.false == 2 * s.false + shift
    assert both.settled_ms == 2 * s.settled_ms


def test_what_frames_show_becomes_stretches_of_time() -> None:
    """A letter is shown from its first frame to the first without it."""
    picture = np.zeros((1, 1, 3), np.uint8)
    labels = ["", "A", "A", "", "B", "C"]
    frames = [Frame(picture, i, i * 10**9, Truth(x, None)) for i, x in enumerate(labels)]
    assert shown_in(frames) == [Shown(1, 3, "A"), Shown(4, 5, "B"), Shown(5, 5, "C")]


def test_a_replay_is_what_the_runtime_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hands kept, on disk too, give the very events of the stages run over the source."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = Config(detector="truth")
    uri = "signer:HI?speed=2&fps=20"
    with_source = open_source(uri)
    stages = open_stages(config, with_source)
    seen = list(stages.results(with_source.frames()))
    events = tuple(e for r in seen for e in r.events) + stages.end(seen[-1].frame.t_ns)
    assert [e.label for e in events if e.kind == "letter"] == ["H", "I"]
    fresh = record(uri, config)
    kept = record(uri, config)
    assert len(list(tmp_path.rglob("*.pickle"))) == 1
    assert replay(fresh, config).events == replay(kept, config).events == events
    assert replay(kept, config).text == stages.text


def test_a_broken_cache_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was cut short on disk is not believed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = Config(detector="truth")
    first = record("signer:A?speed=4&fps=10", config)
    (path,) = tmp_path.rglob("*.pickle")
    path.write_bytes(path.read_bytes()[:100])
    assert len(record("signer:A?speed=4&fps=10", config).frames) == len(first.frames)


def test_what_is_kept_depends_on_who_found_it() -> None:
    """Another detector or source is another recording."""
    key = recordings._key
    config = Config()
    assert key("signer:A", config) == key("signer:A", config)
    assert key("signer:A", config) != key("signer:B", config)
    assert key("signer:A", config) != key("signer:A", Config(detector="truth"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_idle_hand_shows_no_letter(kind: str) -> None:
    """The same seed gives the same hand, whose frames all say that they show none."""

    def film() -> list[Frame]:
        return list(islice(Idle(kind, 7, 0.5).frames(), 15))  # type: ignore[arg-type]

    frames = film()
    assert len(frames) == 15
    assert all(f.truth is not None and f.truth.label == "" for f in frames)
    assert any(f.truth is not None and f.truth.hand is not None for f in frames)
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(frames, film(), strict=True))


def test_the_trade_off_keeps_signs_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Word signs have their own rate; groups that show letters are no resting hands."""

    def read(first_ms: float) -> dict[str, Score]:
        return {
            "2 letters/s": Score(letters=10, held=10, missed=1, false=9, settled_ms=(first_ms,)),
            "idle: signs": Score(false=2, free_s=3600),
            "idle: rest": Score(false=1, free_s=1800),
            "no_letters/no_hand": Score(free_s=9999),
            "no_letters/signs": Score(false=5, free_s=3600),
        }

    lines = tradeoff.sweep(read)
    assert [line["first_ms"] for line in lines][::2] == list(tradeoff.FIRST_MS)
    assert capsys.readouterr().out.count("\n") == len(lines) + 1
    clips = [line for line in lines if line["kind"] == "clips"]
    assert {(line["signs_an_hour"], line["other_an_hour"]) for line in clips} == {(5.0, 0.0)}
    lines = [line for line in lines if line["kind"] == "synthetic"]
    assert {(line["signs_an_hour"], line["other_an_hour"]) for line in lines} == {(2.0, 2.0)}
    assert {line["missed_share"] for line in lines} == {0.1}
    assert lines[3]["settled_ms"] == tradeoff.FIRST_MS[3]
