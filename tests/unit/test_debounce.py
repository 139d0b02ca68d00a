"""Predictions become letters by evidence over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from edge.recognise.rules.debounce import Debouncer
from edge.recognise.rules.tunables import DebounceConfig
from edge.types import Hand, Prediction, Sign
from tests.support.examples import examples
from tests.support.scripted import prediction
from tests.support.simulated import (
    PALM_PX,
    TRANSITION_MS,
    Act,
    Look,
    debounced,
    frame_times_ms,
    hold,
    look,
    spell,
    step,
    still_hand,
)

LETTERS = "ABCDEFGHIKLMNOPQRSTUVWXY"  # J and Z are drawn in the air: see motion
RATES = st.sampled_from([10.0, 12.5, 15.0, 24.0, 25.0, 30.0, 50.0, 60.0])
SEEDS = st.integers(0, 2**16)
WORDS = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=7).map("".join)


def labels(signs: list[Sign]) -> str:
    """The letters in order."""
    return "".join(sign.label or sign.kind for sign in signs)


@given(seed=SEEDS, fps=RATES, peak=st.floats(0.3, 1.0))
@examples(13)
def test_random_labels_with_random_scores_settle_nothing(
    seed: int, fps: float, peak: float
) -> None:
    """A classifier that names another letter on every frame, however surely, spells nothing."""
    rng = np.random.default_rng(seed)
    label = ""
    looks = []
    for t_ms in frame_times_ms(5_000, fps, seed):
        label = str(rng.choice([other for other in LETTERS if other != label]))
        looks.append((round(t_ms * 1e6), still_hand(), prediction({label: rng.uniform(0, peak)})))
    assert debounced(iter(looks)) == []


@given(seed=SEEDS, fps=RATES)
@examples(8)
def test_uniform_scores_settle_nothing(seed: int, fps: float) -> None:
    """Scores spread over the alphabet are no evidence for any letter."""
    rng = np.random.default_rng(seed)
    looks = (
        (round(t * 1e6), still_hand(), prediction(dict(zip(LETTERS, scores, strict=True))))
        for t in frame_times_ms(5_000, fps, seed)
        for scores in [rng.dirichlet(np.ones(len(LETTERS)))]
    )
    assert debounced(looks) == []


@given(
    letter=st.sampled_from(LETTERS),
    ms=st.floats(500, 10_000),
    fps=RATES,
    seed=SEEDS,
    jitter=st.floats(0, 0.6),
)
@examples(20)
def test_one_hold_is_one_letter(
    letter: str, ms: float, fps: float, seed: int, jitter: float
) -> None:
    """A letter held alone for half a second or for ten seconds is settled exactly once."""
    assert labels(debounced(look(hold(letter, ms), fps, seed, jitter))) == letter


@given(word=WORDS, fps=RATES, seed=SEEDS, ms=st.floats(500, 900))
@examples(20)
def test_letters_keep_their_order_and_their_times(
    word: str, fps: float, seed: int, ms: float
) -> None:
    """A word comes out as it was spelled, each letter while it was held, times never falling."""
    acts = spell(word, ms)
    signs = debounced(look(acts, fps, seed))
    assert labels(signs) == word
    times = [sign.t_ns for sign in signs]
    assert times == sorted(times)
    for sign in signs:
        assert sign.kind == "letter"
        assert sign.score is not None
        assert 0.5 <= sign.score <= 1


@given(word=WORDS, seed=SEEDS, jitter=st.floats(0, 0.8), drop=st.floats(0, 0.3))
@examples(20)
def test_the_frame_rate_does_not_matter(word: str, seed: int, jitter: float, drop: float) -> None:
    """10, 30 and 60 frames a second, even or jittered with dropped frames, read the same word."""
    acts = spell(word, 450)
    for fps in (10, 30, 60):
        assert labels(debounced(look(acts, fps, seed))) == word
    for fps in (20, 30, 60):
        assert labels(debounced(look(acts, fps, seed, jitter, drop))) == word


@pytest.mark.parametrize("fps", [10, 15, 30, 60])
@pytest.mark.parametrize("double", ["slide", "release"])
def test_hello_has_two_ls(double: str, fps: float) -> None:
    """A double letter is read from a sideways slide, and from a hand that opens in between."""
    for seed in range(4):
        assert labels(debounced(look(spell("HELLO", 350, double), fps, seed))) == "HELLO"


@given(fps=RATES, seed=SEEDS, width=st.floats(0.45, 1.0), sign=st.sampled_from([-1, 1]))
@examples(13)
def test_a_quick_slide_repeats_once(fps: float, seed: int, width: float, sign: int) -> None:
    """Two thirds of a palm's width (0.45 palm lengths) or more, to either side, is one repeat."""
    acts = [Act("L", 400), Act("L", 130, sign * width), Act("L", 400)]
    assert labels(debounced(look(acts, fps, seed))) == "LL"


@given(fps=RATES, seed=SEEDS, drift=st.floats(-0.5, 0.5))
@examples(13)
def test_slow_drift_never_repeats(fps: float, seed: int, drift: float) -> None:
    """A hand that wanders through the picture while it holds a letter spells it once."""
    assert labels(debounced(look(hold("L", 4000), fps, seed, drift=drift))) == "L"


@given(fps=RATES, seed=SEEDS, shake=st.floats(0, 0.12), hz=st.floats(1, 8))
@examples(13)
def test_a_shaking_camera_does_not_repeat(fps: float, seed: int, shake: float, hz: float) -> None:
    """Shaking by up to a tenth of a palm length (a quarter from side to side) is no slide."""
    acts = hold("L", 3000)
    assert labels(debounced(look(acts, fps, seed, shake=shake, shake_hz=hz))) == "L"


@given(
    fps=RATES,
    seed=SEEDS,
    nearer=st.floats(0.15, 0.35),
    aside=st.floats(-1.5, 1.5),
    bounce_ms=st.floats(300, 900),
)
@examples(20)
def test_a_hand_that_bounces_towards_the_camera_does_not_repeat(
    fps: float, seed: int, nearer: float, aside: float, bounce_ms: float
) -> None:
    """A nearer hand is larger and farther from the picture's middle, which is no slide."""
    middle_px = np.array([300 - 100 * aside, 250, 0])

    def bounced(t_ns: int, hand: Hand) -> Hand:
        phase = min(max((t_ns / 1e6 - 500) / bounce_ms, 0.0), 3.0)
        scale = 1 / (1 - nearer * np.sin(np.pi * phase) ** 2)
        moved = (middle_px + scale * (hand.landmarks - middle_px)).astype(np.float32)
        return replace(hand, landmarks=moved)

    looks = look(hold("L", 1000 + 3 * bounce_ms), fps, seed)
    assert labels(debounced((t, bounced(t, hand), seen) for t, hand, seen in looks if hand)) == "L"


@given(
    fps=st.sampled_from([24.0, 30.0, 60.0]),
    seed=SEEDS,
    width=st.floats(-0.8, 0.8),
    ms=st.floats(100, 150),
)
@examples(13)
def test_a_hand_that_returns_at_once_does_not_repeat(
    fps: float, seed: int, width: float, ms: float
) -> None:
    """A slide that turns back without a stop ends where it began (10 frames/s can miss that)."""
    acts = [Act("L", 500), Act("L", ms, width), Act("L", ms, -width), Act("L", 600)]
    assert labels(debounced(look(acts, fps, seed))) == "L"


@given(fps=RATES, seed=SEEDS)
@examples(13)
def test_a_hand_that_stopped_at_both_ends_repeats_at_each_once(fps: float, seed: int) -> None:
    """Back where the letter was told before, it is not told again."""
    there, back = Act("L", 150, 0.7), Act("L", 150, -0.7)
    acts = [Act("L", 500), there, Act("L", 400), back, Act("L", 400), there, Act("L", 400)]
    assert labels(debounced(look(acts, fps, seed))) == "LL"


@given(fps=RATES, seed=SEEDS)
@examples(10)
def test_a_letter_comes_again_after_a_slide_to_rest_and_back(fps: float, seed: int) -> None:
    """A hand that slid away and relaxed has let go of its letter, wherever it is held next."""
    acts = [Act("L", 500), Act("L", 150, 0.8), Act("", 900, -0.8), Act("L", 600)]
    assert labels(debounced(look(acts, fps, seed))).startswith("LL")


@given(fps=RATES, seed=SEEDS, missed=st.integers(1, 2))
@examples(13)
def test_a_missed_frame_or_two_do_not_repeat_the_letter(fps: float, seed: int, missed: int) -> None:
    """The detector may lose the hand for two frames in a row without a second letter."""
    looks = list(look(hold("L", 3000), fps, seed))
    for gap in range(6, len(looks) - 2, 7):
        for i in range(gap, gap + missed):
            looks[i] = (looks[i][0], None, None)
    assert labels(debounced(iter(looks))) == "L"


@given(fps=RATES, seed=SEEDS)
@examples(8)
def test_a_hand_that_leaves_and_returns_repeats(fps: float, seed: int) -> None:
    """Taking the hand out of view for half a second releases the letter."""
    acts = [Act("L", 600), Act(None, 500), Act("L", 600)]
    assert labels(debounced(look(acts, fps, seed))) == "LL"


@given(fps=RATES, seed=SEEDS)
@examples(10)
def test_a_letter_passed_through_is_not_settled(fps: float, seed: int) -> None:
    """A shape that the hand passes, and even stops in for a frame, is no letter."""
    acts = [Act("A", 400), Act("W", 30), Act("O", 400)]
    assert labels(debounced(look(acts, fps, seed))) == "AO"


@given(seed=SEEDS, fps=RATES)
@examples(10)
def test_a_flickering_score_does_not_repeat(seed: int, fps: float) -> None:
    """Two frames in a row of a low score are no release."""
    rng = np.random.default_rng(seed)
    looks = [
        (round(t * 1e6), still_hand(), prediction({"E": rng.uniform(0.7, 1.0)}))
        for t in frame_times_ms(6000, fps, seed)
    ]
    for i in range(8, len(looks), 6):
        looks[i] = (looks[i][0], still_hand(), prediction({"E": 0.1, "S": 0.5}))
    assert labels(debounced(iter(looks))) == "E"


@given(seed=SEEDS, fps=RATES, ms=st.floats(150, 600))
@examples(15)
def test_a_still_hand_keeps_its_letter(seed: int, fps: float, ms: float) -> None:
    """A classifier that wavers between two letters does not spell both while the hand is still."""
    looks = (
        (t_ns, hand, prediction({"M": 1.0} if t_ns // (ms * 1e6) % 2 == 0 else {"N": 1.0}))
        for t_ns, hand, _ in look(hold("M", 4000), fps, seed)
    )
    assert labels(debounced(looks)) in ("M", "N")


@given(word=WORDS, origin=st.integers(0, 2**60), fps=RATES, seed=SEEDS)
@examples(10)
def test_only_differences_of_time_matter(word: str, origin: int, fps: float, seed: int) -> None:
    """The same scene at another time of day gives the same signs, later by the difference."""
    acts = spell(word)
    here = debounced(look(acts, fps, seed))
    there = debounced(look(acts, fps, seed, start_ns=origin))
    assert [replace(sign, t_ns=sign.t_ns + origin) for sign in here] == there


@given(seed=SEEDS, back_ms=st.integers(0, 999))
@examples(10)
def test_time_that_stands_still_or_runs_backwards_is_ignored(seed: int, back_ms: int) -> None:
    """Frames with a time stamp that is not later change nothing."""
    looks = list(look(spell("AB"), 30, seed))
    disturbed = []
    for t_ns, hand, seen in looks:
        disturbed.append((t_ns, hand, seen))
        disturbed.append((max(t_ns - back_ms * 1_000_000, 0), still_hand(), prediction({"Q": 1})))
    assert debounced(iter(disturbed)) == debounced(iter(looks))


def test_another_recording_begins_anew() -> None:
    """When time goes back by a second or more, a letter held before may come again."""
    looks = list(look(hold("A", 2000), 30))
    assert labels(debounced(iter([*looks, *looks]))) == "AA"


def test_a_stalled_camera_adds_no_evidence() -> None:
    """Two looks ten seconds apart are not a letter held for ten seconds."""
    config = DebounceConfig(hold_ms=300)
    looks = [(t * 10**9, still_hand(), prediction({"A": 1.0})) for t in (0, 10)]
    assert debounced(iter(looks), config) == []


def test_a_broken_landmark_counts_as_no_hand() -> None:
    """A NaN among the landmarks neither crashes nor poisons what follows."""
    looks = list(look(hold("A", 600), 30))
    for i in (3, 9):
        hand = looks[i][1]
        assert hand is not None
        landmarks = hand.landmarks.copy()
        landmarks[4] = np.nan
        looks[i] = (looks[i][0], replace(hand, landmarks=landmarks), looks[i][2])
    assert labels(debounced(iter(looks))) == "A"


def test_signing_follows_the_hand() -> None:
    """Somebody signs while a letter is held, and no longer once the hand rests or is gone."""
    for rest in ("", None):
        debouncer = Debouncer()
        seen = []
        for t_ns, hand, scores in look([Act("A", 500), Act(rest, 1000)], 30):
            step(debouncer, t_ns, hand, scores)
            seen.append(debouncer.signing)
        assert seen[10]
        assert not seen[-1]


def test_a_hand_that_moves_is_signing() -> None:
    """A letter that is not recognised, and the way there and back, are no pause."""
    debouncer = Debouncer()
    quiet_ms = longest_ms = 0.0
    for t_ns, hand, seen in look([Act("A", 500), Act("B", 500), Act("C", 500)], 30):
        unsure = seen if seen is None or "B" not in seen.label else prediction({"B": 0.1})
        step(debouncer, t_ns, hand, unsure)
        quiet_ms = 0.0 if debouncer.signing else quiet_ms + 1000 / 30
        longest_ms = max(longest_ms, quiet_ms)
    assert 300 < longest_ms < 700


@pytest.mark.parametrize("name", [field.name for field in fields(DebounceConfig)])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: float) -> None:
    """The message names the setting."""
    with pytest.raises(UsageError, match=f"debounce.{name}"):
        DebounceConfig(**{name: value})


def test_off_must_be_below_on() -> None:
    """Hysteresis needs two different thresholds."""
    with pytest.raises(UsageError, match="off < on < 1"):
        DebounceConfig(on=0.5, off=0.5)


@given(fps=RATES, seed=SEEDS, ms=st.floats(60, 120))
@examples(10)
def test_a_shape_that_is_shown_alone_and_briefly_is_no_letter(
    fps: float, seed: int, ms: float
) -> None:
    """Word signs and gestures stop in a letter's shape for a tenth of a second, between others."""
    acts = [Act("", 600), Act("B", ms), Act("", 600)]
    assert labels(debounced(look(acts, fps, seed))) == ""


@given(seed=SEEDS, fps=st.sampled_from([25.0, 30.0, 60.0]))
@examples(10)
def test_the_first_of_quick_letters_is_told_with_those_that_follow(seed: int, fps: float) -> None:
    """Three letters that are each held too briefly for one alone are a word, in their order."""
    acts = [Act("", 500), *spell("CAT", 150), Act("", 500)]
    signs = debounced(look(acts, fps, seed), DebounceConfig(first_ms=300))
    assert labels(signs) == "CAT"
    assert signs[0].t_ns == signs[1].t_ns


@given(seed=SEEDS, fps=RATES)
@examples(10)
def test_within_a_word_a_letter_is_told_sooner_than_alone(seed: int, fps: float) -> None:
    """The first letter waits for first_ms; the next one does not."""
    signs = debounced(look(spell("AB", 900), fps, seed))
    assert labels(signs) == "AB"
    a_ms, b_ms = (sign.t_ns / 1e6 for sign in signs)
    assert b_ms - (900 + TRANSITION_MS) < a_ms


@given(seed=SEEDS, fps=RATES)
@examples(10)
def test_a_letter_on_a_travelling_hand_waits(seed: int, fps: float) -> None:
    """A shape that is carried through the picture, as in a word sign, is not told."""
    acts = [Act("", 500), Act("V", 500, 3.0), Act("", 500)]
    assert labels(debounced(look(acts, fps, seed))) == ""


def test_first_letters_are_told_at_once_if_asked() -> None:
    """With a first_ms of next to nothing each letter is told as soon as it is settled."""
    config = DebounceConfig(first_ms=1)
    acts = [Act("", 600), Act("B", 200), Act("", 600)]
    assert labels(debounced(look(acts, 30), config)) == "B"


def test_a_drawn_letter_drops_the_pose_that_waited() -> None:
    """An I that was not told yet is not taken back when it turns out to begin a J."""
    debouncer = Debouncer()
    told: list[Sign] = []
    for i, (t_ns, hand, seen) in enumerate(look([Act("", 300), Act("I", 200)], 30)):
        drawn = prediction({"J": 1.0}) if i == 20 else None
        assert hand is not None
        told += debouncer.update(t_ns, hand, seen, drawn)
    assert [(sign.kind, sign.label) for sign in told] == [("drawn", "J")]


def test_a_hand_of_which_no_letter_is_read_is_in_view_still() -> None:
    """Without a prediction nothing is settled, and a letter that was held is held on."""
    looks: list[tuple[int, Hand | None, Prediction | None]] = []
    for i, (t_ns, hand, seen) in enumerate(look(hold("A", 2000), 30)):
        looks.append((t_ns, hand, None if 20 <= i < 40 else seen))
    assert labels(debounced(iter(looks))) == "A"
    assert debounced((t_ns, hand, None) for t_ns, hand, _ in looks) == []


@given(seed=SEEDS, fps=st.sampled_from([24.0, 30.0, 60.0]), up=st.floats(1.2, 2.0))
@examples(10)
def test_a_bounce_that_blurs_the_letter_does_not_repeat_it(
    seed: int, fps: float, up: float
) -> None:
    """A hand that jerks up and down looks like no letter on its way, and still holds its own."""
    acts = [*hold("B", 700), Act("", 150), Act("", 100), *hold("B", 700)]
    begin_ms, end_ms = 700.0, 1350.0

    def bounced() -> Iterator[Look]:
        for t_ns, hand, read in look(acts, fps, seed):
            assert hand is not None
            share = np.clip((t_ns / 1e6 - begin_ms) / (end_ms - begin_ms), 0, 1)
            rise_px = PALM_PX * up * (1 - abs(2 * share - 1))
            risen = hand.landmarks - np.array([0, rise_px, 0], np.float32)
            yield t_ns, replace(hand, landmarks=risen), read

    assert labels(debounced(look(acts, fps, seed))) == "BB"  # the same, in its place
    assert labels(debounced(bounced())) == "B"
