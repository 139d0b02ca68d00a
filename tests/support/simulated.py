"""A hand that spells without pixels: landmarks and predictions at any times, with known letters.

Scenes are written as acts in milliseconds and looked at through a camera of any frame rate, with
jitter and dropped frames. Sizes of the noise are those of real landmark sequences: 0.01 palm
lengths a frame while a letter is held, finger tips crossing about one palm length in a transition.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np

from edge.recognise.rules.debounce import Debouncer
from edge.recognise.rules.tunables import DebounceConfig
from edge.spelling.speller import Speller
from edge.types import Box, Event, Hand, Prediction, Sign
from tests.support.scripted import Scene, ScriptedReader, prediction, rules

PALM_PX = 100.0
TRANSITION_MS = 200.0
Look = tuple[int, Hand | None, Prediction | None]


@dataclass(frozen=True)
class Key:
    """Where the hand is at one time: letter "" is a hand that makes no sign, None is no hand."""

    t_ms: float
    letter: str | None
    x: float  # palm lengths


@dataclass(frozen=True)
class Act:
    """Something the hand does for some time. letter as in Key; slide in palm lengths, sideways."""

    letter: str | None
    ms: float
    slide: float = 0.0


def hold(letter: str, ms: float = 300.0) -> list[Act]:
    """Holds a letter still."""
    return [Act(letter, ms)]


def spell(word: str, ms: float = 300.0, double: str = "slide") -> list[Act]:
    """Spells a word; a double letter by a slide, or by opening the hand (double="release")."""
    acts: list[Act] = []
    for i, letter in enumerate(word):
        if i and word[i - 1] == letter:
            acts.append(Act(letter, 150, 0.5) if double == "slide" else Act("", 150))
        acts.append(Act(letter, ms))
    return acts


def keys(acts: Sequence[Act]) -> list[Key]:
    """The key frames of a scene; a change of shape takes TRANSITION_MS."""
    t_ms, x = 0.0, 0.0
    result: list[Key] = []
    for act in acts:
        before = result[-1].letter if result else None
        if before is not None and act.letter not in (None, before):
            t_ms += TRANSITION_MS
        result.append(Key(t_ms, act.letter, x))
        t_ms, x = t_ms + act.ms, x + act.slide
        result.append(Key(t_ms, act.letter, x))
    return result


def frame_times_ms(
    duration_ms: float, fps: float, seed: int = 0, jitter: float = 0.0, drop: float = 0.0
) -> Iterator[float]:
    """Times of frames; jitter is a share of the frame's time, drop the chance that one is lost."""
    rng = np.random.default_rng(seed)
    dropped = False
    for i in range(int(duration_ms * fps / 1000) + 2):
        dropped = not dropped and rng.random() < drop  # never two in a row
        if not dropped:
            yield max(0.0, (i + jitter * rng.uniform(-0.5, 0.5)) * 1000 / fps)


def look(
    acts: Sequence[Act],
    fps: float = 30.0,
    seed: int = 0,
    jitter: float = 0.0,
    drop: float = 0.0,
    start_ns: int = 0,
    drift: float = 0.0,
    shake: float = 0.0,
    shake_hz: float = 4.0,
    clarity: float = 0.92,
) -> Iterator[Look]:
    """What the pipeline would see, frame by frame.

    drift: palm lengths a second. shake: amplitude of the camera's shake in palm lengths.
    clarity: score of a letter that is held, give or take 0.05.
    """
    rng = np.random.default_rng(seed + 1)
    scene = keys(acts)
    for t_ms in frame_times_ms(scene[-1].t_ms, fps, seed, jitter, drop):
        after = next((i for i, key in enumerate(scene) if key.t_ms > t_ms), len(scene) - 1)
        a, b = scene[max(after - 1, 0)], scene[after]
        t_ns = start_ns + round(t_ms * 1e6)
        if a.letter is None or b.letter is None:
            yield t_ns, None, None
            continue
        share = min(max((t_ms - a.t_ms) / max(b.t_ms - a.t_ms, 1e-9), 0.0), 1.0)
        smooth = share * share * (3 - 2 * share)
        x = a.x + smooth * (b.x - a.x) + drift * t_ms / 1000
        x += shake * math.sin(2 * math.pi * shake_hz * t_ms / 1000)
        shape = (1 - smooth) * _shape(a.letter) + smooth * _shape(b.letter)
        shape = shape + rng.normal(0, 0.007, shape.shape) + (x, 0, 0)
        landmarks = (300 + PALM_PX * shape).astype(np.float32)
        landmarks[:, 2] -= landmarks[0, 2]
        hand = Hand(landmarks, Box(0, 0, 1, 1), "right", 1.0)
        yield t_ns, hand, _predict(a.letter, b.letter, smooth, clarity + rng.uniform(-0.05, 0.05))


def debounced(looks: Iterator[Look], config: DebounceConfig | None = None) -> list[Sign]:
    """The letters that a debouncer makes of it."""
    debouncer = Debouncer(config or DebounceConfig())
    return [sign for seen in looks for sign in step(debouncer, *seen)]


def step(
    debouncer: Debouncer, t_ns: int, hand: Hand | None, seen: Prediction | None
) -> tuple[Sign, ...]:
    """Gives a debouncer one frame, with a hand or without."""
    if hand is None:
        debouncer.miss(t_ns)
        return ()
    return debouncer.update(t_ns, hand, seen)


def spelled(looks: Iterator[Look]) -> tuple[str, list[Event]]:
    """The text and all events of recogniser and speller, as the pipeline runs them."""
    reader, speller = ScriptedReader(), Speller()
    scene = Scene(reader, rules(reader))
    events: list[Event] = []
    t_ns = 0
    for t_ns, hand, seen in looks:
        events += speller.update(scene.show(t_ns, hand, seen))
    events += speller.end(t_ns)
    return speller.text, events


def still_hand() -> Hand:
    """A hand that never moves, for tests of scores alone."""
    return Hand((300 + PALM_PX * _shape("")).astype(np.float32), Box(0, 0, 1, 1), "right", 1.0)


def _shape(letter: str) -> np.ndarray:
    """21 joints in palm lengths; the palm is the same for all, the fingers differ by letter."""
    palm = {0: (0, 0), 5: (-0.3, -1), 9: (-0.1, -1.05), 13: (0.1, -1), 17: (0.3, -0.9)}
    curl = np.random.default_rng(sum(map(ord, letter)) + 7).uniform(0, 1, 5)
    joints = np.zeros((21, 3))
    for joint, xy in palm.items():
        joints[joint, :2] = xy
    for finger in range(5):
        base = joints[finger * 4 + 1] if finger else np.array([-0.25, -0.3, 0])
        for k in range(4):
            bone = 0.3 * np.array([0.3 * (1 - curl[finger]), -1 + 2 * curl[finger], 0])
            joints[finger * 4 + 1 + k] = base + k * bone
    return joints


def _predict(a: str, b: str, share: float, clarity: float) -> Prediction:
    """Half-way between two shapes the classifier takes the hand for a third letter."""
    if a == b:
        return prediction({a: clarity} if a else {"Q": 0.08, "E": 0.1, "S": 0.06})
    between = ascii_uppercase[(sum(map(ord, a + b)) * 7) % 26]
    scores = {between: max(0.0, 0.8 * (1 - abs(share - 0.5) / 0.2))}
    for letter, near in ((a, 1 - share), (b, share)):
        if letter:
            scores[letter] = scores.get(letter, 0.0) + clarity * min(max(2.5 * near - 1.5, 0), 1)
    return prediction({letter: min(score, 1.0) for letter, score in scores.items()})
