"""Practice: what is asked for, what is said of a hand, what is kept, and the window."""

# ruff: noqa: E402 (pygame is an extra: without it, nothing below can be imported)

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sample_results import hand, result

pygame = pytest.importorskip("pygame", reason="needs pip install 'fingerspell[screen]'")

from edge.assembly import open_stages
from edge.commands.cli import main
from edge.config import Config
from edge.errors import SinkError, UsageError
from edge.handshapes.advice import TABLE, advice, usual
from edge.handshapes.anatomy import MEASURES, measure
from edge.signer import Signer
from edge.sinks import open_sink
from edge.sinks.practice import words
from edge.sinks.practice.drawing import arrange, sentence
from edge.sinks.practice.lesson import Lesson, Shown
from edge.sinks.practice.practice import Practice
from edge.sinks.practice.progress import Progress, Tally, load, progress_path, save
from edge.sinks.practice.receptive import Receptive
from edge.sources import open_source
from edge.types import End, Landmarks, Vitals
from tests.support.seen import cut, near

SHAPES = "ABCDEFGHIKLMNOPQRSTUVWXY"
SIZES = [(1280, 720), (800, 480), (480, 800)]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the progress of who runs it, or opens a window."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.fixture
def window() -> Iterator[Callable[..., Practice]]:
    """Opens a window of practice."""

    def opened(
        *asked: str, size_px: tuple[int, int] = (800, 480), receptive: bool = False
    ) -> Practice:
        return Practice(size_px, asked, receptive=receptive, mirror=True, seed=1)

    yield opened
    pygame.display.quit()


def shape(letter: str, seed: int) -> Landmarks:
    """The landmarks of a drawn hand that holds a letter."""
    signer = Signer(letter, seed=seed)
    segment = next(s for s in signer.timeline.segments if s.label == letter)
    truth = signer.draw((segment.start_s + segment.end_s) / 2)[1]
    assert truth.hand is not None
    return truth.hand.landmarks


# What to change.


def test_the_table_has_every_letter_that_is_held() -> None:
    """Of the measures that are taken now."""
    assert set(SHAPES) <= set(usual())
    assert json.loads(TABLE.read_text())["measures"] == list(MEASURES)


@given(
    turn=st.floats(-3, 3),
    scale=st.floats(0.1, 10),
    x=st.floats(-500, 500),
    letter=st.sampled_from("ABLRY"),
)
def test_measures_do_not_depend_on_place_size_or_hand(
    turn: float, scale: float, x: float, letter: str
) -> None:
    """Only where the hand points depends on how it is turned."""
    landmarks = shape(letter, 0).astype(np.float64)
    cos, sin = np.cos(turn), np.sin(turn)
    moved = landmarks @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]) * scale
    moved[:, :2] += x
    own, other = measure(landmarks), measure(moved)
    assert other[:-2] == pytest.approx(own[:-2], abs=1e-3)
    mirrored = landmarks * np.array([-1, 1, 1])
    assert measure(mirrored) == pytest.approx(own, abs=1e-3)


@pytest.mark.parametrize(
    ("asked", "shown", "said"),
    [
        ("S", "M", "thumb"),
        ("V", "U", "spread your index and middle finger"),
        ("U", "V", "hold your index and middle finger together"),
        ("W", "V", "straighten your ring finger"),
        ("V", "W", "bend your ring finger"),
        ("R", "U", "cross"),
        ("B", "A", "straighten your"),
        ("A", "B", "bend your"),
        ("I", "Y", "thumb"),
        ("Y", "I", "thumb"),
        ("L", "D", "thumb"),
    ],
)
def test_what_to_change_is_what_differs(asked: str, shown: str, said: str) -> None:
    """Of drawn hands, four signers each, in most cases as a teacher would say it."""
    answers = [advice(asked, shown, shape(shown, seed)) or "" for seed in range(4)]
    assert sum(said in answer for answer in answers) >= 3, answers


def test_every_wrong_letter_gets_some_advice() -> None:
    """Each letter in place of each other: nearly always there is something to say."""
    hands = {letter: shape(letter, 1) for letter in SHAPES}
    pairs = [(a, b) for a in SHAPES for b in SHAPES if a != b]
    said = [advice(a, b, hands[b]) is not None for a, b in pairs]
    assert np.mean(said) > 0.95


def test_of_what_is_not_known_nothing_is_said() -> None:
    """Digits and gestures have no usual shape here; a letter as it should be needs nothing."""
    assert advice("7", "B", shape("B", 0)) is None
    assert sum(advice(a, None, shape(a, 0)) is None for a in "BVWUR") >= 4


# Words.


def test_our_words_have_every_letter() -> None:
    ours = words.read(words.OURS)
    assert {letter for word in ours for letter in word} == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert len(ours) >= 50


def test_a_list_is_read_as_people_write_it(tmp_path: Path) -> None:
    """A byte order mark, CR LF, small letters; other lines are left out, repeated ones too."""
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbfsun\r\n\r\n moon \r\nSun\r\nna\xc3\xafve\r\n# no\r\n42\r\n")
    assert words.read(path) == ("SUN", "MOON")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no word"), (b"42\n\n", "no word"), (bytes(3000), "no word"), (b"A\n" * 600_000, "MB")],
)
def test_a_list_that_is_none_is_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        open_sink(f"practice:words={path}")
    assert "\n" not in str(caught.value)


# What is kept.


def test_letters_that_are_missed_come_more_often() -> None:
    """And are named as those to work on, once they were tried a few times."""
    progress = Progress()
    for _ in range(6):
        progress.wrong("Q")
        progress.right("A", 1.0)
    chance = random.Random(1)
    chosen = [progress.choose(("QQ", "AA"), "", chance) for _ in range(200)]
    assert chosen.count("QQ") > 150
    assert progress.hard() == ["Q"]
    assert (progress.streak, progress.best) == (1, 1)
    assert progress.choose(("ONE",), "ONE", chance) == "ONE"


@given(
    letters=st.dictionaries(
        st.sampled_from("ABC"),
        st.builds(Tally, st.integers(0, 99), st.integers(0, 99), st.floats(0, 1e6)),
    ),
    streak=st.integers(0, 999),
)
def test_progress_comes_back_as_it_was_kept(
    letters: dict[str, Tally], streak: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("kept") / "practice.json"
    progress = Progress(letters, streak, streak + 1)
    save(progress, path)
    assert load(path) == progress


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"letters": 3}', b"\xff", b"[" * 9000])
def test_a_damaged_file_is_put_aside(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its learner begins anew, and is told where it is."""
    path = tmp_path / "practice.json"
    path.write_bytes(content)
    assert load(path) == Progress()
    assert path.with_suffix(".damaged").read_bytes() == content
    assert "is damaged; it is kept as practice.damaged" in caplog.text


def test_a_folder_that_cannot_be_written_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the window opens, in one line."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(SinkError, match="progress"):
        open_sink("practice")


# How far a learner is.


def test_a_lesson_goes_letter_by_letter() -> None:
    """A wrong letter is named with what to change, and the right one goes on."""
    progress = Progress()
    lesson = Lesson(("HI",), progress, lambda asked, seen, _: f"{seen} to {asked}", seed=1)
    held = (hand(300, 150, 200),)

    def after(frame: int, letter: str = "") -> Shown:
        events = (("letter", letter),) if letter else ()
        return lesson.after(result(frame, hands=held, events=events))

    assert after(0).asked == "H"
    wrong = after(50, "U")
    assert (wrong.instead, wrong.advice, wrong.asked) == ("U", "U to H", "H")
    assert sentence(wrong) == "That was U; for H, U to H"
    assert after(60, "U").instead == "U"  # still held: counted once
    right = after(100, "H")
    assert (right.asked, right.instead, right.done) == ("I", "", 1)
    assert after(110, "H").instead == ""  # the letter before, which the hand has not left
    done = after(150, "I")
    assert done.finished
    assert sentence(done) == "HI: well done"
    assert after(160).finished
    assert not after(200).finished
    assert progress.letters["H"] == Tally(1, 1, 4.0)
    assert progress.letters["I"] == Tally(1, 0, 2.0)
    assert (progress.streak, progress.best) == (2, 2)


def test_the_drawn_signer_passes_a_word(window: Callable[..., Practice]) -> None:
    """With the loop's real stages: J is drawn, and letters that look alike are told apart."""
    source = open_source("signer:JAZZ?seed=1")
    stages = open_stages(Config(detector="truth"), source)
    shown = window("JAZZ")
    for read in stages.results(source.frames()):
        shown.write(read)
    shown.close(End("", 0, 0))
    kept = json.loads(progress_path().read_text())
    assert {letter: row["right"] for letter, row in kept["letters"].items()} == {
        "J": 1, "A": 1, "Z": 2,
    }  # fmt: skip
    assert kept["best"] == 4


def test_the_command_is_a_run_with_this_window(tmp_path: Path) -> None:
    """With words of one's own; what was learned is kept at its end."""
    own = tmp_path / "own.txt"
    own.write_text("hi\n")
    words_ = [
        "practice",
        "--words",
        str(own),
        "--source",
        "signer:HI?speed=2",
        "--detector",
        "truth",
    ]
    assert main(words_) == 0
    kept = json.loads(progress_path().read_text())["letters"]
    assert {letter: row["right"] for letter, row in kept.items()} == {"H": 1, "I": 1}


# The window.


@pytest.mark.parametrize("size_px", SIZES)
def test_nothing_lies_over_anything_else(size_px: tuple[int, int]) -> None:
    """All parts are in the window, and the handshapes are large enough to be looked at."""
    found = arrange(size_px, 4 / 3)
    parts = [found.picture, *found.shapes, found.word, found.advice, found.footer]
    assert all(pygame.Rect((0, 0), size_px).contains(part) for part in parts)
    assert not [pair for pair in combinations(parts, 2) if pair[0].colliderect(pair[1])]
    assert found.shapes[0].w >= min(size_px) / 4


def test_both_sides_of_the_handshape_are_shown(window: Callable[..., Practice]) -> None:
    """Two pictures of one hand that differ; another letter has others."""
    shown = window("LY")
    shown.write(result(0))
    surface = pygame.display.get_surface()
    before = pygame.surfarray.array3d(surface).transpose(1, 0, 2)
    first, second = arrange(surface.get_size(), 4 / 3).shapes
    assert cut(before, first).std() > 15
    assert np.abs(cut(before, first).astype(int) - cut(before, second)).mean() > 5
    shown.write(result(9, hands=(hand(9, 9, 9),), events=(("letter", "L"),)))
    after = pygame.surfarray.array3d(surface).transpose(1, 0, 2)
    assert np.abs(cut(before, first).astype(int) - cut(after, first)).mean() > 5


def press(key: int, letter: str = "") -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=letter, mod=0))


def test_keys_skip_and_quit(window: Callable[..., Practice]) -> None:
    shown = window("HI", "NO")
    shown.write(result(0))
    first = shown._word
    press(pygame.K_RIGHT)
    assert shown.write(result(1, text="H")) == "clear"
    assert shown._word != first
    press(pygame.K_q, "q")
    assert shown.write(result(2)) == "quit"
    press(pygame.K_ESCAPE)
    assert shown.note(Vitals(waited_s=3)) == "quit"


def test_what_is_spelled_is_typed(window: Callable[..., Practice]) -> None:
    """Right letters are counted as right, others as wrong, by their place in the word."""
    shown = window("SUN", receptive=True)
    shown.write(result(0))
    for key in "sux":
        press(ord(key), key)
    press(pygame.K_BACKSPACE)
    press(ord("m"), "m")
    press(pygame.K_RETURN)
    shown.write(result(1))
    kept = json.loads(progress_path().read_text())["letters"]
    assert {k: (row["right"], row["wrong"]) for k, row in kept.items()} == {
        "S": (1, 0), "U": (1, 0), "N": (0, 1),
    }  # fmt: skip
    assert shown._receptive is not None
    assert shown._receptive.shown.word == "SUN"
    press(pygame.K_RETURN)
    shown.write(result(2))
    assert shown._receptive.shown.typed == ""
    press(pygame.K_ESCAPE)
    assert shown.write(result(3)) == "quit"


def test_the_signer_spells_the_word_again_and_again() -> None:
    """Each moment has a picture, also long after the word was spelled once."""
    receptive = Receptive(("HI",), Progress(), (160, 120), seed=1)
    first, later = receptive.draw(0.5), receptive.draw(1000.5)
    assert first.shape == later.shape == (120, 160, 3)


@pytest.mark.parametrize("rest", ["words=", "fast", "words=/no/such/file", "12"])
def test_a_wrong_option_is_one_line(rest: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_sink(f"practice:{rest}")
    assert "\n" not in str(caught.value)


def test_its_files_are_in_the_wheel() -> None:
    """As package data."""
    packed = Path("setup.cfg").read_text()
    assert "edge.sinks.practice = words.txt" in packed
    assert "edge.handshapes = shapes.json" in packed


def test_the_marked_letter_is_seen(window: Callable[..., Practice]) -> None:
    """The word stands in its card, in the colours of what is done and what is asked."""
    from edge.sinks._window import colours

    shown = window("HI")
    shown.write(result(0))
    shown.write(result(9, hands=(hand(9, 9, 9),), events=(("letter", "H"),)))
    surface = pygame.display.get_surface()
    pixels = pygame.surfarray.array3d(surface).transpose(1, 0, 2)
    card = cut(pixels, arrange(surface.get_size(), 4 / 3).word)
    assert near(card, colours.ACCENT, 60).any()
    assert near(card, colours.INK, 60).any()
