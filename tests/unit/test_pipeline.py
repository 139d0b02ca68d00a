"""The loop: frames in, results out, with real stages and letters that are known beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from edge.detectors import open_detector
from edge.hands.geometry import box_of
from edge.hands.tracking import Tracker
from edge.pipeline import Reading
from edge.sources import open_source
from edge.spelling.speller import Speller
from edge.types import Event, Frame, Hand, Result, Truth
from tests.support.scripted import ScriptedReader, prediction, rules
from tests.unit.test_hands import a_hand

PICTURE = np.zeros((48, 64, 3), np.uint8)
HAND = a_hand()
TIPS = [4, 8, 12, 16, 20]
STAGES = {"wait", "follow", "recognise", "spell", "invoke"}


def shaped(letter: str) -> Hand:
    """A hand whose fingers stand differently for each letter, by half a palm or so."""
    landmarks = HAND.landmarks.copy()
    if letter.isalpha():
        landmarks[TIPS, 1] += np.random.default_rng(ord(letter)).uniform(20, 110, 5)
    return replace(HAND, landmarks=landmarks, box_px=box_of(landmarks))


def film(script: ScriptedReader, scenes: str, each: int = 12, fps: int = 30) -> Iterator[Frame]:
    """Shows each letter of `scenes` for `each` frames; "-" is no hand, "_" a hand at rest."""
    index = 0
    for scene in scenes:
        for _ in range(each):
            label = scene if scene.isalpha() else ""
            script.next = prediction({label: 0.95} if label else {})
            truth = Truth(label, None if scene == "-" else shaped(scene))
            yield Frame(PICTURE, index, round(index * 1e9 / fps), truth)
            index += 1


def stages(script: ScriptedReader, *, limit: int = 1) -> Reading:
    return Reading(Tracker(open_detector("truth"), limit=limit), rules(script), Speller())


def run(
    frames: Iterable[Frame], script: ScriptedReader, *, limit: int = 1
) -> tuple[list[Result], list[tuple[str, str]], str]:
    """Returns the results, kind and label of all events to the end, and the text at the end."""
    reading = stages(script, limit=limit)
    seen = list(reading.results(frames))
    last = reading.end(seen[-1].frame.t_ns) if seen else ()
    events = [event for result in seen for event in result.events] + [*last]
    return seen, [(event.kind, event.label) for event in events], reading.text


def test_letters_become_text() -> None:
    """A hand that comes, spells and leaves: each event once, in order, and the text at the end."""
    script = ScriptedReader()
    _, told, text = run(film(script, "-_CAT_-"), script)
    assert told == [
        ("hand", "found"),
        *[("letter", letter) for letter in "CAT"],
        ("hand", "lost"),
        ("word", "CAT"),
    ]
    assert text == "CAT"


def test_a_pause_ends_the_word() -> None:
    """After a pause come the word and then its space; the text grows with them."""
    script = ScriptedReader()
    _, told, text = run(film(script, "HI" + 4 * "-" + "YO"), script)
    assert told == [
        ("hand", "found"), ("letter", "H"), ("letter", "I"), ("hand", "lost"),
        ("word", "HI"), ("space", " "),
        ("hand", "found"), ("letter", "Y"), ("letter", "O"), ("word", "YO"),
    ]  # fmt: skip
    assert text == "HI YO"


def test_each_frame_has_one_result() -> None:
    """Results come one a frame, in order, each with its frame, and none without one."""
    script = ScriptedReader()
    frames = list(film(script, "-"))
    seen, _, _ = run(frames, script)
    assert [result.frame for result in seen] == frames


def test_buttons_edit_as_the_hand_does() -> None:
    """An edit comes with the next frame, as events; clearing the text drops edits that wait."""
    script = ScriptedReader()
    reading = stages(script)
    events: list[Event] = []
    for result in reading.results(film(script, "A")):
        events += result.events
        if result.frame.index == 10:  # A has been read
            reading.edit("space")
            reading.edit("delete")
    assert [(event.kind, event.text) for event in events][-4:] == [
        ("word", "A"), ("space", "A "), ("delete", "A"), ("delete", ""),
    ]  # fmt: skip


def test_clearing_drops_edits_that_wait() -> None:
    """The text starts empty, and nothing is done to it."""
    script = ScriptedReader()
    reading = stages(script)
    reading.edit("delete")
    reading.clear()
    assert reading.edits == []


def test_the_end_settles_the_word_that_was_begun() -> None:
    """Its events belong to no frame: they carry the last one's time, and come once."""
    script = ScriptedReader()
    reading = stages(script)
    seen = list(reading.results(film(script, "A")))
    assert not any(event.kind == "word" for result in seen for event in result.events)
    t_ns = seen[-1].frame.t_ns
    assert reading.end(t_ns) == (Event("word", "A", None, t_ns, "A"),)
    assert reading.end(t_ns) == ()


def test_a_space_at_the_end_is_taken_away() -> None:
    """While frames come the text may end in one."""
    script = ScriptedReader()
    reading = stages(script)
    seen = list(reading.results(film(script, "A" + 4 * "-")))
    assert seen[-1].text == "A "
    assert reading.end(seen[-1].frame.t_ns) == ()
    assert reading.text == "A"


def test_each_event_carries_the_text_after_it() -> None:
    """What a hand that comes or goes carries is the text that stands, and a letter's its own."""
    script = ScriptedReader()
    seen, _, _ = run(film(script, "-HI" + 4 * "-" + "U"), script)
    assert [(e.kind, e.text) for result in seen for e in result.events] == [
        ("hand", ""), ("letter", "H"), ("letter", "HI"), ("hand", "HI"),
        ("word", "HI"), ("space", "HI "), ("hand", "HI "), ("letter", "HI U"),
    ]  # fmt: skip


def test_an_empty_text_is_begun_where_it_is_cleared() -> None:
    """The word that was begun is dropped, and what is held is not read again."""
    script = ScriptedReader()
    reading = stages(script)
    texts = []
    for result in reading.results(film(script, "ABC")):
        texts.append(result.text)
        if result.text == "AB":
            reading.clear()
    assert list(dict.fromkeys(texts)) == ["", "A", "AB", "C"]


def test_nothing_in_nothing_out() -> None:
    """No frames give no results, and an end without any settles nothing."""
    assert run([], ScriptedReader()) == ([], [], "")
    assert stages(ScriptedReader()).end(0) == ()


def test_the_tracker_is_told_the_patience_of_each_frame() -> None:
    """It is asked for before each frame; idle searches are that much rarer."""

    def searches(patience: float) -> int:
        script = ScriptedReader()
        seen = stages(script).results(film(script, "-", each=150), lambda: patience)
        return sum("find" in result.timings_ms for result in [*seen][60:])

    assert searches(4.0) * 3 < searches(1.0)


def test_results_come_while_frames_come() -> None:
    """The loop is a generator: the first result is there before the second frame is asked for."""
    script = ScriptedReader()
    asked = []

    def frames() -> Iterator[Frame]:
        for frame in film(script, "A"):
            asked.append(frame.index)
            yield frame

    loop = stages(script).results(frames())
    assert next(loop).frame.index == 0
    assert asked == [0]


def test_hand_events_carry_presence_and_time() -> None:
    """Found tells how sure the model is, lost has no score; both tell the time of their frame."""
    script = ScriptedReader()
    frames = list(film(script, "-_-", each=3))
    truth = Truth("", replace(HAND, presence=0.75))
    frames[3] = replace(frames[3], truth=truth)
    found, lost = (event for result in run(frames, script)[0] for event in result.events)
    assert found == Event("hand", "found", 0.75, frames[3].t_ns, "")
    assert lost == Event("hand", "lost", None, frames[6].t_ns, "")


def test_a_hand_found_and_a_letter_settled_together_keep_their_order() -> None:
    """Where one frame settles more than one event, the hand comes before what it spells."""
    script = ScriptedReader()
    seen, _, _ = run(film(script, "A" + 3 * "-" + "B", fps=3, each=4), script)
    for result in seen:
        kinds = [event.kind for event in result.events]
        assert kinds == sorted(kinds, key=["hand", "letter", "word", "space"].index)


def test_only_hands_are_read() -> None:
    """The model is asked where there is a hand, and the prediction is what it says."""
    script = ScriptedReader()
    seen, _, _ = run(film(script, "-A-", each=5), script)
    assert len(script.read) == 5
    for result in seen:
        assert (result.prediction is not None) == bool(result.hands)
    assert seen[7].prediction is not None
    assert seen[7].prediction.label == "A"


def test_the_first_hand_is_read() -> None:
    """Of two hands, the one that was found first is the one that spells."""
    script = ScriptedReader()
    for result in stages(script, limit=2).results(film(script, "A")):
        if result.hands:
            assert script.read[-1] is result.hands[0]


def test_timings_name_the_stages() -> None:
    """Every frame tells what each stage took; "find" only where hands were searched for."""
    script = ScriptedReader()
    seen, _, _ = run(film(script, "A-", each=60), script)
    for result in seen:
        assert set(result.timings_ms) - {"find"} == STAGES
        assert all(ms >= 0 for ms in result.timings_ms.values())
    searched = ["find" in result.timings_ms for result in seen]
    assert searched[0]
    assert not any(searched[1:60])
    assert 30 < sum(searched[60:]) < 60


def test_time_inside_the_models_is_told_apart() -> None:
    """`invoke` is what detector and letters spent inside the interpreter on this frame."""
    script = ScriptedReader()
    seen, _, _ = run(film(script, "A-", each=5), script)
    assert [r.timings_ms["invoke"] for r in seen] == pytest.approx([1.0] * 5 + [0.0] * 5)


def test_each_stage_is_told_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting and reading are told apart, and what sinks do with a result is nobody's stage."""
    now_s = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now_s[0])
    script = ScriptedReader()

    def takes(seconds: float) -> None:
        now_s[0] += seconds

    def frames() -> Iterator[Frame]:
        for frame in film(script, "A"):
            takes(1)
            yield frame

    read = script.predict
    script.predict = lambda *seen: (takes(2), read(*seen))[1]  # type: ignore[method-assign]
    loop = stages(script).results(frames())
    for _ in range(5):
        timings_ms = dict(next(loop).timings_ms)
        assert timings_ms.pop("invoke") == pytest.approx(1)
        assert timings_ms.pop("wait") == pytest.approx(1000)
        assert timings_ms.pop("recognise") == pytest.approx(2000)
        assert set(timings_ms.values()) == {0}
        takes(100)  # a sink


def test_dropped_frames_show_as_gaps() -> None:
    """What a live source dropped is the gaps in its indices, summed up."""
    script = ScriptedReader()
    frames = [f for f in film(script, "AB") if f.index not in (3, 4, 10, 23)]
    seen, _, _ = run(frames, script)
    assert [r.dropped for r in seen[:3]] == [0, 0, 0]
    assert seen[3].frame.index == 5
    assert seen[3].dropped == 2
    assert seen[-1].dropped == 3


def test_what_was_dropped_before_the_first_frame_counts() -> None:
    """A source that begins at its third frame dropped two."""
    script = ScriptedReader()
    seen, _, _ = run([f for f in film(script, "-") if f.index >= 2], script)
    assert seen[0].dropped == 2


def test_indices_that_begin_again_drop_nothing() -> None:
    """A source that counts from 0 again has not dropped less than nothing."""
    script = ScriptedReader()
    frames = [*film(script, "-", each=5), *film(script, "-", each=5)]
    assert all(r.dropped == 0 for r in run(frames, script)[0])


def test_an_error_of_the_source_is_passed_on() -> None:
    """A source that is lost ends the loop with its own error."""
    script = ScriptedReader()

    def frames() -> Iterator[Frame]:
        yield from film(script, "A", each=3)
        raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        list(stages(script).results(frames()))


@pytest.mark.slow
def test_the_signer_s_truth_is_spelled() -> None:
    """Drawn frames, true hands and true letters: the text is the one that was signed."""
    source = open_source("signer:HELLO WORLD?seed=1&size=160x120")
    script = ScriptedReader()

    def frames() -> Iterator[Frame]:
        for frame in source.frames():
            label = frame.truth.label if frame.truth else ""
            script.next = prediction({label: 0.95} if label else {})
            yield frame

    assert run(frames(), script)[2] == "HELLO WORLD"
