"""What every recogniser does: one suite over all the files of edge/recognise."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.config import Config
from edge.errors import UsageError
from edge.models.manifest import BUNDLED
from edge.recognise import Recogniser, kinds, open_recogniser
from edge.signer.motion import hold, move
from edge.types import Frame, Hand, Sign
from tests.support.filmed import BELOW, Looks, drawn, film, held
from tests.support.tiny_model import classifier, save
from tests.support.tiny_sequence import save_sequence

FRAME_NS = 33_333_333
SIDE_PX = 4
Open = Callable[[], Recogniser]


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a model of pixels that reads A of whatever is bright."""
    weights = np.zeros((2, SIDE_PX, SIDE_PX, 3))
    weights[0] = 1
    words = {"labels": ("A", "none"), "alphabets": {"bright": ("A",)}}
    path = tmp_path_factory.mktemp("model") / "bright.json"
    return save(path, classifier(weights), colour_order="rgb", margin=1.4, **words)


@pytest.fixture(params=kinds())
def opened(request: pytest.FixtureRequest, bright: Path, tmp_path: Path) -> Open:
    """Opens a new recogniser of each kind."""
    models = {
        "letters": BUNDLED / "letters.json",
        "motion": BUNDLED / "motion.json",
        "pixels": bright,
        "sequence": save_sequence(tmp_path / "spells.json"),
    }
    return lambda: open_recogniser(models[request.param], Config(), 0)


def scene() -> Looks:
    """A hand that holds an A, leaves it, draws a J, rests and leaves the picture."""
    a = held("A")
    acts = [(0.5, move(BELOW, a)), (0.8, hold(a)), (0.3, move(a, held("J"))), *drawn("J", 0.7)[1:]]
    return film(*acts, (0.3, hold(BELOW)))


def frames(scenes: Looks) -> Iterator[tuple[Frame, tuple[Hand, ...]]]:
    """The frames of it, bright everywhere, and no hand in the last second and a half."""
    rgb = np.full((1000, 1000, 3), 250, np.uint8)
    for index, (t_ns, hand) in enumerate(scenes):
        yield Frame(rgb, index, t_ns), (hand,)
    for index in range(45):
        yield Frame(rgb, len(scenes) + index, scenes[-1][0] + (index + 1) * FRAME_NS), ()


def signs_of(recogniser: Recogniser, seen: list[tuple[Frame, tuple[Hand, ...]]]) -> list[Sign]:
    """All signs that these frames settle."""
    return [sign for frame, hands in seen for sign in recogniser.update(frame, hands)]


def test_every_recogniser_is_found_by_its_file_name() -> None:
    """They are named as the kinds of models that they run."""
    assert kinds() == ["letters", "motion", "pixels", "sequence"]


def test_a_part_of_another_model_is_refused() -> None:
    """There is no recogniser for it; the message says so in one line."""
    with pytest.raises(UsageError, match="part of another") as caught:
        open_recogniser(BUNDLED / "letters-closed.json", Config(), 0)
    assert "\n" not in str(caught.value)


def test_signs_carry_the_time_of_the_frame_that_settled_them(opened: Open) -> None:
    """Something is settled of a hand that signs, and a space once it has gone for long enough."""
    recogniser = opened()
    found: list[Sign] = []
    for frame, hands in frames(scene()):
        signs = recogniser.update(frame, hands)
        assert all(sign.t_ns == frame.t_ns for sign in signs)
        found += signs
    assert {sign.kind for sign in found} & {"letter", "drawn"}
    assert found[-1].kind == "space"


def test_signs_say_what_they_mean(opened: Open) -> None:
    """What was read has a label and may have a score; an edit has neither."""
    for sign in signs_of(opened(), list(frames(scene()))):
        if sign.kind in {"letter", "drawn"}:
            assert sign.label
            assert sign.score is None or 0 <= sign.score <= 1
        else:
            assert (sign.label, sign.score, sign.alternative) == (None, None, None)


def test_a_prediction_is_of_the_hand_in_the_last_frame(opened: Open) -> None:
    """Without a hand there is none; its score is among its scores, which sum to at most 1."""
    recogniser = opened()
    assert recogniser.prediction is None
    seen = 0
    for frame, hands in frames(scene()):
        recogniser.update(frame, hands)
        prediction = recogniser.prediction
        if not hands:
            assert prediction is None
        elif prediction is not None:
            seen += 1
            assert prediction.scores[prediction.label] == prediction.score
            assert 0 <= prediction.score <= 1
    assert seen


def test_only_the_first_hand_is_read(opened: Open) -> None:
    """A second one beside it changes nothing."""
    alone = list(frames(scene()))
    second = scene()[0][1]
    beside = [(frame, (*hands, second) if hands else ()) for frame, hands in alone]
    assert signs_of(opened(), alone) == signs_of(opened(), beside)


def test_its_models_count_their_work(opened: Open) -> None:
    """They are the same ones as long as it lives, and are run while a hand signs."""
    recogniser = opened()
    models = recogniser.models
    assert models
    signs_of(recogniser, list(frames(scene())))
    assert recogniser.models == models
    assert sum(model.calls for model in models) > 0
    assert sum(model.invoke_ns for model in models) > 0


def test_no_clock_is_read(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same frames give the same signs, at whatever speed they come and time of day it is."""
    seen = list(frames(scene()))
    expected = signs_of(opened(), seen)
    recogniser = opened()
    days_s = iter(range(0, 10**9, 86_400))
    for name in ("time", "monotonic"):
        monkeypatch.setattr(time, name, lambda: float(next(days_s)))
    assert signs_of(recogniser, seen) == expected


def test_frames_out_of_order_do_no_harm(opened: Open) -> None:
    """A stamp that comes twice or is a little late settles nothing, and what is to come is read."""
    seen = list(frames(scene()))
    shaken = []
    for number, (frame, hands) in enumerate(seen):
        shaken.append((frame, hands))
        if number % 5 == 4 and hands:
            shaken.append(seen[number - 3])
    recogniser = opened()
    found = signs_of(recogniser, shaken)
    assert [sign.t_ns for sign in found] == sorted(sign.t_ns for sign in found)
    again = [(Frame(f.rgb, f.index, f.t_ns + 60 * 10**9), hands) for f, hands in seen]
    kinds_found = [(sign.kind, sign.label) for sign in signs_of(recogniser, again)]
    assert kinds_found == [(sign.kind, sign.label) for sign in signs_of(opened(), seen)]


def test_another_recording_begins_anew(opened: Open) -> None:
    """When time goes back by more than a second, it is read as if it were the first."""
    seen = list(frames(scene()))
    recogniser = opened()
    first = signs_of(recogniser, seen)
    assert signs_of(recogniser, seen) == first


def test_landmarks_that_are_no_numbers_are_no_letter(opened: Open) -> None:
    """They neither crash nor spoil what comes after."""
    recogniser = opened()
    broken = film((0.1, hold(held("A"))))[0][1]
    broken.landmarks[:] = np.nan
    rgb = np.full((64, 64, 3), 250, np.uint8)
    with np.errstate(invalid="ignore"):  # a model is given such a hand as any other
        for index in range(60):
            signs = recogniser.update(Frame(rgb, index, index * FRAME_NS), (broken,))
            assert not {sign.kind for sign in signs} & {"letter", "drawn"}
    again = [(Frame(f.rgb, f.index, f.t_ns + 9 * 10**9), hands) for f, hands in frames(scene())]
    assert signs_of(recogniser, again)


def test_it_does_not_grow_while_nobody_comes(opened: Open) -> None:
    """Ten thousand frames without a hand leave it as large as a hundred did, and settle nothing."""
    recogniser = opened()
    signs_of(recogniser, list(frames(scene())))
    rgb = np.zeros((2, 2, 3), np.uint8)
    sizes = {}
    for index in range(10_000):
        signs = recogniser.update(Frame(rgb, index, (index + 1000) * FRAME_NS), ())
        assert signs == ()
        if index in {100, 9_999}:
            sizes[index] = _size(recogniser)
    assert sizes[100] == sizes[9_999]


def _size(recogniser: Recogniser) -> int:
    """How much its parts hold, by the parts that can be pickled: models cannot."""
    total = 0
    for part in vars(recogniser).values():
        for value in vars(part).values() if hasattr(part, "__dict__") else [part]:
            try:
                total += len(pickle.dumps(value))
            except (TypeError, pickle.PicklingError, AttributeError):
                continue
    return total
