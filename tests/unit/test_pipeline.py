"""The loop: frames in, results out, with real stages and letters that are known beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from edge.detectors import open_detector
from edge.hands.geometry import box_of
from edge.hands.tracking import Hands
from edge.pipeline import results
from edge.recognise.rules.debounce import Debouncer
from edge.recognise.rules.gestures import Gestures
from edge.sources import open_source
from edge.spelling.speller import Speller
from edge.types import Frame, Hand, Prediction, Result, Truth
from tests.unit.test_hands import a_hand

PICTURE = np.zeros((48, 64, 3), np.uint8)
HAND = a_hand()
TIPS = [4, 8, 12, 16, 20]
STAGES = {"wait", "follow", "letter", "debounce", "invoke"}


class Script:
    """Reads the letter that the film's frame says; "" is a hand that makes no sign."""

    def __init__(self) -> None:
        self.invoke_ns = 0
        self.label = ""
        self.read: list[Hand] = []

    def predict(self, frame: Frame, *looks: Hand) -> Prediction:
        (hand,) = looks
        self.read.append(hand)
        self.invoke_ns += 1_000_000
        scores = dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0.0)
        if self.label:
            scores[self.label] = 0.95
        best = max(scores, key=lambda label: scores[label])
        return Prediction(best, scores[best], scores)


def shaped(letter: str) -> Hand:
    """A hand whose fingers stand differently for each letter, by half a palm or so."""
    landmarks = HAND.landmarks.copy()
    if letter.isalpha():
        landmarks[TIPS, 1] += np.random.default_rng(ord(letter)).uniform(20, 110, 5)
    return replace(HAND, landmarks=landmarks, box_px=box_of(landmarks))


def film(script: Script, scenes: str, each: int = 12, fps: int = 30) -> Iterator[Frame]:
    """Shows each letter of `scenes` for `each` frames; "-" is no hand, "_" a hand at rest."""
    index = 0
    for scene in scenes:
        for _ in range(each):
            script.label = scene if scene.isalpha() else ""
            truth = Truth(script.label, None if scene == "-" else shaped(scene))
            yield Frame(PICTURE, index, round(index * 1e9 / fps), truth)
            index += 1


def run(frames: Iterable[Frame], script: Script, *, limit: int = 1) -> list[Result]:
    hands = Hands(open_detector("truth"), limit=limit)
    return list(results(frames, hands, script, None, Gestures(), Debouncer(), Speller()))


def told(seen: Iterable[Result]) -> list[tuple[str, str]]:
    return [(event.kind, event.label) for result in seen for event in result.events]


def test_letters_become_text() -> None:
    """A hand that comes, spells and leaves: each event once, in order, and the text at the end."""
    script = Script()
    seen = run(film(script, "-_CAT_-"), script)
    assert told(seen) == [
        ("hand", "found"),
        *[("letter", letter) for letter in "CAT"],
        ("hand", "lost"),
        ("word", "CAT"),
    ]
    assert seen[-1].text == "CAT"


def test_a_pause_ends_the_word() -> None:
    """After a pause come the word and then its space; the text grows with them."""
    script = Script()
    seen = run(film(script, "HI" + 4 * "-" + "YO"), script)
    assert told(seen) == [
        ("hand", "found"), ("letter", "H"), ("letter", "I"), ("hand", "lost"),
        ("word", "HI"), ("space", " "),
        ("hand", "found"), ("letter", "Y"), ("letter", "O"), ("word", "YO"),
    ]  # fmt: skip
    assert seen[-1].text == "HI YO"


def test_each_frame_has_one_result() -> None:
    """Results come one a frame, in order, each with its frame; one more for a begun last word."""
    script = Script()
    frames = list(film(script, "-"))
    seen = run(frames, script)
    assert [r.frame for r in seen] == frames
    script = Script()
    seen = run(film(script, "A"), script)
    assert len(seen) == 13
    assert seen[-1].events[0].kind == "word"
    assert seen[-1].events[0].t_ns == seen[-2].frame.t_ns
    assert seen[-1].hands == ()
    assert seen[-1].prediction is None
    assert seen[-1].timings_ms == {}


def test_nothing_in_nothing_out() -> None:
    """No frames give no results."""
    assert run([], Script()) == []


def test_results_come_while_frames_come() -> None:
    """The loop is a generator: the first result is there before the second frame is asked for."""
    script = Script()
    asked = []

    def frames() -> Iterator[Frame]:
        for frame in film(script, "A"):
            asked.append(frame.index)
            yield frame

    loop = results(
        frames(), Hands(open_detector("truth")), script, None, Gestures(), Debouncer(), Speller()
    )
    assert next(loop).frame.index == 0
    assert asked == [0]


def test_hand_events_carry_presence_and_time() -> None:
    """Found tells how sure the model is; both tell the time of their frame."""
    script = Script()
    frames = list(film(script, "-_-", each=3))
    truth = Truth("", replace(HAND, presence=0.75))
    frames[3] = replace(frames[3], truth=truth)
    found, lost = (event for result in run(frames, script) for event in result.events)
    assert (found.kind, found.label, found.score) == ("hand", "found", 0.75)
    assert found.t_ns == frames[3].t_ns
    assert (lost.kind, lost.label, lost.t_ns) == ("hand", "lost", frames[6].t_ns)


def test_a_hand_found_and_a_letter_settled_together_keep_their_order() -> None:
    """Where one frame settles more than one event, the hand comes before what it spells."""
    script = Script()
    seen = run(film(script, "A" + 3 * "-" + "B", fps=3, each=4), script)
    for result in seen:
        kinds = [event.kind for event in result.events]
        assert kinds == sorted(kinds, key=["hand", "letter", "word", "space"].index)


def test_only_hands_are_read() -> None:
    """Letters are asked for where there is a hand, and the prediction is what they say."""
    script = Script()
    seen = run(film(script, "-A-", each=5), script)
    assert len(script.read) == 5
    for result in seen:
        assert (result.prediction is not None) == bool(result.hands)
    assert seen[7].prediction is not None
    assert seen[7].prediction.label == "A"


def test_the_first_hand_is_read() -> None:
    """Of two hands, the one that was found first is the one that spells."""
    script = Script()
    hands = Hands(open_detector("truth"), limit=2)
    for result in results(
        film(script, "A"), hands, script, None, Gestures(), Debouncer(), Speller()
    ):
        if result.hands:
            assert script.read[-1] is result.hands[0]


def test_timings_name_the_stages() -> None:
    """Every frame tells what each stage took; "find" only where hands were searched for."""
    script = Script()
    seen = run(film(script, "A-", each=60), script)
    for result in seen[:120]:
        assert set(result.timings_ms) - {"find"} == STAGES
        assert all(ms >= 0 for ms in result.timings_ms.values())
    searched = ["find" in result.timings_ms for result in seen[:120]]
    assert searched[0]
    assert not any(searched[1:60])
    assert 30 < sum(searched[60:]) < 60


def test_time_inside_the_models_is_told_apart() -> None:
    """`invoke` is what detector and letters spent inside the interpreter on this frame."""
    script = Script()
    seen = run(film(script, "A-", each=5), script)
    assert [r.timings_ms["invoke"] for r in seen[:10]] == pytest.approx([1.0] * 5 + [0.0] * 5)


def test_each_stage_is_told_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting and reading are told apart, and what sinks do with a result is nobody's stage."""
    now_s = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now_s[0])
    script = Script()

    def takes(seconds: float) -> None:
        now_s[0] += seconds

    def frames() -> Iterator[Frame]:
        for frame in film(script, "A"):
            takes(1)
            yield frame

    read = script.predict
    script.predict = lambda *seen: (takes(2), read(*seen))[1]  # type: ignore[method-assign]
    loop = results(
        frames(), Hands(open_detector("truth")), script, None, Gestures(), Debouncer(), Speller()
    )
    for _ in range(5):
        timings_ms = dict(next(loop).timings_ms)
        assert timings_ms.pop("invoke") == pytest.approx(1)
        assert timings_ms.pop("wait") == pytest.approx(1000)
        assert timings_ms.pop("letter") == pytest.approx(2000)
        assert set(timings_ms.values()) == {0}
        takes(100)  # a sink


def test_dropped_frames_show_as_gaps() -> None:
    """What a live source dropped is the gaps in its indices, summed up."""
    script = Script()
    frames = [f for f in film(script, "AB") if f.index not in (3, 4, 10, 23)]
    seen = run(frames, script)
    assert [r.dropped for r in seen[:3]] == [0, 0, 0]
    assert seen[3].frame.index == 5
    assert seen[3].dropped == 2
    assert seen[-1].dropped == 3


def test_what_was_dropped_before_the_first_frame_counts() -> None:
    """A source that begins at its third frame dropped two."""
    script = Script()
    seen = run([f for f in film(script, "-") if f.index >= 2], script)
    assert seen[0].dropped == 2


def test_indices_that_begin_again_drop_nothing() -> None:
    """A source that counts from 0 again has not dropped less than nothing."""
    script = Script()
    frames = [*film(script, "-", each=5), *film(script, "-", each=5)]
    assert all(r.dropped == 0 for r in run(frames, script))


def test_an_error_of_the_source_is_passed_on() -> None:
    """A source that is lost ends the loop with its own error."""
    script = Script()

    def frames() -> Iterator[Frame]:
        yield from film(script, "A", each=3)
        raise OSError("unplugged")

    seen = []
    hands = Hands(open_detector("truth"))
    with pytest.raises(OSError, match="unplugged"):
        seen.extend(results(frames(), hands, script, None, Gestures(), Debouncer(), Speller()))


@pytest.mark.slow
def test_the_signer_s_truth_is_spelled() -> None:
    """Drawn frames, true hands and true letters: the text is the one that was signed."""
    source = open_source("signer:HELLO WORLD?seed=1&size=160x120")
    script = Script()

    def frames() -> Iterator[Frame]:
        for frame in source.frames():
            script.label = frame.truth.label if frame.truth else ""
            yield frame

    assert run(frames(), script)[-1].text == "HELLO WORLD"
