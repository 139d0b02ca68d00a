"""Training of sequence models: streams to learn from, and the model that comes of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("tensorflow", reason="training is done on a workstation, with TensorFlow")

from convert.quantize import convert
from edge.config import Config
from edge.joints import PALM
from edge.models.manifest import load
from edge.recognise import open_recogniser
from edge.recognise.sequences.features import MOMENT, PAIR, SCORED, SCORES, STEP, scaled
from edge.recognise.sequences.recogniser import AHEAD
from edge.signer.handshapes import HANDSHAPES
from edge.signer.motion import hold
from edge.signer.skeleton import pose
from edge.types import Frame
from tests.support.filmed import film
from tests.support.filmed import held as held_posture
from train.sequences import words
from train.sequences.__main__ import export, figures_of, manifest_fields
from train.sequences.camera import STEP_MS, Camera, targets
from train.sequences.fit import Recipe, fit
from train.sequences.make import rows
from train.sequences.network import Shape, build, for_device
from train.sequences.poses import PARTS, Floats, blend, decode, encode
from train.sequences.readers import Readers
from train.sequences.shake import shaken
from train.sequences.sources import COURSE_POINTS, Clip, Material, Signer
from train.sequences.store import HELD_BACK, Store, held_back, save
from train.sequences.story import compose
from train.sequences.timeline import ALPHABET, BLANK, Style, Timeline, Writer

pytestmark = pytest.mark.tensorflow

PACE = Style(pace=3.0, hold=0.5, rhythm=0.1, undershoot=0.1, bounce=0.05, drift=0.0)


def shape(letter: str) -> Floats:
    joints = pose(HANDSHAPES[letter].angles_deg).joints_mm * [1, -1, -1]
    return np.asarray(joints, np.float32)


def encoded(letter: str) -> Floats:
    one = shape(letter)[None]
    return encode(one, float(np.linalg.norm(one[0, 9] - one[0, 0])))


@pytest.fixture
def material() -> Material:
    poses = {x: np.repeat(encoded(x), 3, 0) for x in SCORED}
    way = np.linspace(0, 1, COURSE_POINTS, dtype=np.float32)
    t_ms = np.arange(40) * 33.0
    moving = np.concatenate([encoded("5"), encoded("A")])[np.arange(40) % 2]
    drawn = Clip(t_ms[:20], np.repeat(encoded("I"), 20, 0), "J")
    return Material(
        signers=(Signer("s", poses, 0),),
        held=(Clip(t_ms[:20], np.repeat(encoded("B"), 20, 0), "B"),),
        drawn={"J": (drawn,), "Z": (drawn,)},
        signs=(Clip(t_ms, moving, ""),),
        courses=np.tile(way, (2, PARTS, 1)),
    )


@pytest.fixture
def readers() -> Readers:
    random = np.random.default_rng(0)
    sizes = (157, 8, 8, 37)
    pairs = itertools.pairwise(sizes)
    layers = [
        (random.normal(0, 0.1, (a, b)).astype(np.float32), np.zeros(b, np.float32))
        for a, b in pairs
    ]
    return Readers([layers] * 4)


@pytest.mark.parametrize("letter", SCORED)
def test_a_pose_is_its_hand(letter: str) -> None:
    one = shape(letter)
    back = decode(encoded(letter))[0] * np.linalg.norm(one[9] - one[0])
    wanted = one - one[list(PALM)].mean(0)
    assert np.abs(back - back[list(PALM)].mean(0) - wanted).max() < 1.0  # mm


@given(st.sampled_from(SCORED), st.sampled_from(SCORED), st.floats(0, 1))
def test_bones_keep_their_length_on_the_way(first: str, second: str, share: float) -> None:
    a, b = encoded(first), encoded(second)
    mid = decode(blend(a, b, np.full((1, PARTS), share, np.float32)))[0]
    for joint, wanted in ((8, 7), (12, 11), (20, 19)):
        ends = [np.linalg.norm(decode(x)[0][joint] - decode(x)[0][wanted]) for x in (a, b)]
        length = np.linalg.norm(mid[joint] - mid[wanted])
        assert min(ends) * 0.98 <= length <= max(ends) * 1.02


def read_off(allowed: np.ndarray) -> str:
    """The letters that have to be read, each run once."""
    out, last = "", -1
    for row in allowed:
        must = int(row.argmax()) if row.sum() == 1 and not row[BLANK] else -1
        if must >= 0 and must != last:
            out += ALPHABET[must]
        last = must
    return out


@settings(max_examples=30)
@given(st.text("ABEJLZ", min_size=1, max_size=6), st.integers(0, 99))
@example("ZJZAJA", 98)  # a J that lasts no step
def test_what_has_to_be_read_is_what_was_spelled(text: str, seed: int) -> None:
    poses = {x: np.repeat(encoded(x), 3, 0) for x in SCORED}
    clip = Clip(np.arange(20) * 40.0, np.repeat(encoded("I"), 20, 0), "J")
    clip.poses[:, 81] += np.linspace(0, 1, 20)
    courses = np.tile(np.linspace(0, 1, COURSE_POINTS, dtype=np.float32), (1, PARTS, 1))
    drawn = {"J": (clip,), "Z": (clip,)}
    made = Material((Signer("s", poses, 0),), (), drawn, (clip,), courses)
    writer = Writer(made, made.signers[0], np.random.default_rng(seed))
    writer.word(text, PACE, 300.0, gone=True, at=np.zeros(2, np.float32))
    allowed, spelling = targets(writer.line, np.arange(0, writer.line.now_ms + 500, STEP_MS))
    assert read_off(allowed) == text
    assert spelling.any()


def test_a_word_is_spelling_and_a_sign_is_not(material: Material) -> None:
    line = Timeline()
    line.play(material.signs[0], 0.0, 1.0, np.zeros(2, np.float32), gone=True)
    allowed, spelling = targets(line, np.arange(0, line.now_ms, STEP_MS))
    assert not spelling.any()
    assert allowed.all()  # a sign says nothing about letters


def test_a_seed_repeats_a_stream(material: Material, readers: Readers) -> None:
    def row() -> tuple[np.ndarray, tuple[str, ...]]:
        random = np.random.default_rng(5)
        line, fold = compose(material, ("HELLO",), 3000, random)
        made = Camera(material, readers).film(line, fold, 3000, random)
        return made.x, made.text

    (a, text), (b, again) = row(), row()
    assert (a == b).all()
    assert text == again
    assert a.shape == (int(3000 / STEP_MS), STEP)
    assert np.isfinite(a).all()


def test_what_is_told_is_of_a_while_ago(material: Material, readers: Readers) -> None:
    writer = Writer(material, material.signers[0], np.random.default_rng(0))
    writer.word("B", PACE, 500.0, gone=True, at=np.zeros(2, np.float32))
    row = Camera(material, readers).film(writer.line, 0, 3000, np.random.default_rng(1))
    first_seen = int(np.flatnonzero(row.x[:, -1])[0])
    first_read = int(np.flatnonzero(row.allowed[:, ALPHABET.index("B")] & (row.spelling == 1))[0])
    assert abs(first_read - first_seen - AHEAD) <= 1


def test_shaking_leaves_no_hand_alone() -> None:
    x = np.zeros((4, 10, STEP), np.float16)
    assert not shaken(x, np.random.default_rng(0)).any()


def test_random_strings_have_every_letter_and_doubles() -> None:
    random = np.random.default_rng(0)
    texts = [words.draw(random, ("WORD",)) for _ in range(400)]
    assert set("".join(texts)) == set(ALPHABET)
    assert any(a == b for text in texts for a, b in itertools.pairwise(text))
    assert all(2 <= len(text) <= words.LONGEST for text in texts if text not in words.NAMES)


def test_a_model_that_has_learned_a_little_is_run_by_the_recogniser(
    material: Material, readers: Readers, tmp_path: Path
) -> None:
    """From streams on disk to a full int8 model: its manifest is of kind sequence."""
    folder = tmp_path / "rows"
    save(folder / "0000.npz", rows(1, 2, material, readers, ("HELLO",)))
    save(folder / HELD_BACK, rows(0, 2, material, readers, ("HELLO",)))
    recipe = Recipe(steps=2, batch=2, shape=Shape(width=8, kernel=2, dilations=(1, 1, 2)))
    held = held_back(folder, recipe.shape.window)
    watched: list[int] = []
    store = Store(folder, recipe.shape.window)
    trained = fit(store.batch, recipe, tmp_path / "c", lambda _, step: watched.append(step))
    assert watched == [2]
    fit(store.batch, recipe, tmp_path / "c", lambda _, step: watched.append(step))
    assert watched == [2]  # the checkpoint had all steps
    streams = held.x[:1, : recipe.shape.window + 1].astype(np.float32)
    single = for_device(trained, recipe.shape)
    one = np.concatenate([single(streams[:, i : i + recipe.shape.window]) for i in (0, 1)])
    assert np.asarray(trained(streams))[0] == pytest.approx(one, abs=1e-4)

    figures = figures_of(trained, held)
    export(trained, recipe, held, tmp_path, manifest_fields(recipe, len(store), figures))
    made = tmp_path / "sequence.tflite"
    convert(tmp_path / "sequence.keras", tmp_path / "calibration.npz", made)
    path = made.with_suffix(".json")
    assert load(path).kind == "sequence"
    recogniser = open_recogniser(path, Config(), 0)
    for index, (t_ns, hand) in enumerate(film((1.0, hold(held_posture("A"))))):
        recogniser.update(Frame(np.zeros((2, 2, 3), np.uint8), index, t_ns), (hand,))
    assert recogniser.models[-1].calls > 10


def test_learning_begins_with_the_letter_models_scores() -> None:
    """A network that has learned nothing reads what the letter model read 200 ms ago."""
    shape = Shape(width=8)
    x = np.zeros((1, shape.window, STEP), np.float32)
    moments = x.reshape(shape.window, PAIR, MOMENT)
    moments[:, :, SCORES] = scaled(np.zeros(len(SCORED) + 1, np.float32))
    moments[-1 - AHEAD, :, SCORES.start + SCORED.index("R")] = scaled(np.float32([0.9]))[0]
    (logits,) = np.asarray(build(shape, streams=False)(x))
    assert ALPHABET[int(logits[:-1].argmax())] == "R"
