"""What a visitor of the kiosk sees and can press, at any size, without a display."""

# ruff: noqa: E402 (pygame is an extra: without it, nothing below can be imported)

from __future__ import annotations

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
from edge.config import Config
from edge.errors import UsageError
from edge.sinks import open_sink
from edge.sinks._window import colours
from edge.sinks._window.sentences import fitted
from edge.sinks.kiosk import sentences
from edge.sinks.kiosk.kiosk import Kiosk
from edge.sinks.kiosk.places import BUTTONS, Places, arrange
from edge.sinks.kiosk.visit import SHOWN_MS, Visit
from edge.sources import open_source
from edge.types import Result, Rgb, Vitals
from tests.support.seen import cut, extent, near

SIZES = [(800, 480), (1280, 720), (1920, 1080), (480, 800), (1080, 1920)]
FPS = 25  # of sample results


@pytest.fixture
def kiosk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Kiosk]]:
    """Opens a kiosk with these options on a display that nobody sees."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")

    def opened(options: str) -> Kiosk:
        sink = open_sink(f"kiosk:{options}")
        assert isinstance(sink, Kiosk)
        return sink

    yield opened
    pygame.display.quit()


def pixels() -> Rgb:
    """What the display shows: (H, W, 3), red first."""
    return np.asarray(pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2))


def places(attract: bool, aspect: float = 4 / 3) -> Places:
    return arrange(pygame.display.get_surface().get_size(), aspect, attract)


def seen(frame: int, **more: object) -> Result:
    """A frame of a camera with a hand in view."""
    return result(frame, hands=(hand(300, 150, 200),), **more)


# How far a visitor is.


def test_a_visit_goes_from_nobody_to_text_and_back() -> None:
    """A hand begins it, letters come, and it is over when no hand has come back for `idle_s`."""
    visit, phases, cleared = Visit(idle_s=2), [], []

    def at(frame: int, **more: object) -> None:
        shown, request = visit.after(result(frame, **more))  # type: ignore[arg-type]
        phases.append((shown.phase, shown.hint, shown.letter))
        if request:
            cleared.append(frame)

    held = (hand(300, 150, 200),)
    at(0)
    at(1, hands=held)  # shorter than SHOWN_MS: it may be a mistake
    at(2)
    at(10, hands=held)
    at(10 + FPS * SHOWN_MS // 1000, hands=held)
    at(40, hands=held, events=(("letter", "H"),), text="H")
    at(50, text="H")
    at(39 + 2 * FPS, text="H")
    at(40 + 2 * FPS, text="H")
    at(41 + 2 * FPS, text="")
    assert phases == [
        ("attract", "hand_up", ""),
        ("attract", "hand_up", ""),
        ("attract", "hand_up", ""),
        ("attract", "hand_up", ""),
        ("reading", "hold_still", ""),
        ("reading", "", "H"),
        ("away", "go_on", "H"),
        ("away", "go_on", "H"),
        ("attract", "hand_up", ""),
        ("attract", "hand_up", ""),
    ]
    assert cleared == [40 + 2 * FPS]


@given(moments=st.lists(st.tuples(st.booleans(), st.sampled_from(["", "A", "AB"])), max_size=60))
def test_only_an_old_text_is_cleared(moments: list[tuple[bool, str]]) -> None:
    """Whatever hands and texts come: never while a hand is in view of somebody who spells."""
    visit = Visit(idle_s=0.5)
    for frame, (there, text) in enumerate(moments):
        hands = (hand(300, 150, 200),) if there else ()
        shown, request = visit.after(result(5 * frame, hands=hands, text=text))
        assert request == ("clear" if shown.phase == "attract" and text else None)
        assert shown.text in (text, "")


def test_the_next_visitor_has_an_empty_text_although_a_hand_is_in_view() -> None:
    """Also where that hand's next letter comes with the same frame."""
    visit = Visit(idle_s=2)
    held = (hand(300, 150, 200),)
    visit.after(result(1, hands=held, events=(("letter", "A"),), text="A"))
    visit.next_visitor()
    shown, request = visit.after(result(2, hands=held, events=(("letter", "B"),), text="AB"))
    assert (shown.phase, request) == ("reading", "clear")
    assert visit.after(result(3, hands=held))[1] is None


# What is drawn.


@pytest.mark.parametrize("size_px", SIZES)
@pytest.mark.parametrize("attract", [True, False])
def test_nothing_lies_over_anything_else(size_px: tuple[int, int], attract: bool) -> None:
    """All parts are on the display; letters and buttons are as large as a visitor needs."""
    found = arrange(size_px, 4 / 3, attract)
    parts = [
        part
        for part in (*found, *found.buttons.values())
        if isinstance(part, pygame.Rect) and part.w
    ]
    assert len(parts) == (5 if attract else 7)
    display = pygame.Rect((0, 0), size_px)
    assert all(display.contains(part) for part in parts)
    assert not [pair for pair in combinations(parts, 2) if pair[0].colliderect(pair[1])]
    assert found.cap_px >= min(size_px) / 7
    assert all(button.h >= min(size_px) / 6 for button in found.buttons.values())
    assert found.picture.w >= min(size_px) / 4


@pytest.mark.parametrize("size_px", SIZES)
def test_text_is_large_and_its_tails_are_whole(
    kiosk: Callable[[str], Kiosk], size_px: tuple[int, int]
) -> None:
    """Measured in pixels: capitals are a seventh of the shorter side, and a g is not cut off."""
    shown = kiosk(f"{size_px[0]}x{size_px[1]}")
    for text, shares in (("HI", (1.0, 1.0)), ("jgQ", (1.1, 1.5))):
        shown.write(seen(90, events=(("letter", text[-1]),), text=text))
        card = cut(pixels(), places(False).text)
        ink = near(card, colours.INK, 60)
        high = extent(ink)[1] / (min(size_px) / 7)
        assert shares[0] <= high <= shares[1] + 0.05
        for edge in (ink[:2], ink[-2:], ink[:, :2], ink[:, -2:]):
            assert not edge.any()


@pytest.mark.parametrize("size_px", SIZES)
@pytest.mark.parametrize("language", sentences.languages())
def test_every_sentence_fits(
    kiosk: Callable[[str], Kiosk], language: str, size_px: tuple[int, int]
) -> None:
    """In every language, at every size: whole, and larger than the smallest letters there are."""
    shown = kiosk(f"{size_px[0]}x{size_px[1]},lang={language}")
    said = sentences.load(language)
    attract, reading = places(True), places(False)
    rooms = {"title": attract.title, "hand_up": attract.card, "hold_still": reading.card}
    rooms["go_on"] = reading.card
    rooms |= {name: rect for name, rect in reading.buttons.items()}
    type_ = shown._type
    for name, rect in rooms.items():
        cap, lines = fitted(type_, said[name], rect, min(size_px) // 7)
        assert cap >= min(size_px) / 40
        assert all(type_.width(line.rstrip(), cap) <= rect.w for line in lines)


def test_the_alphabet_is_drawn_while_nobody_is_there(kiosk: Callable[[str], Kiosk]) -> None:
    """One hand a frame, until all 26 are there; a visitor does not wait for them."""
    shown = kiosk("800x480")
    for frame in range(35):
        shown.write(result(frame))
    alphabet = cut(pixels(), places(True).alphabet)
    side = alphabet.shape[1] // 13
    tiles = [alphabet[r * side :, c * side :][:side, :side] for r in (0, 1) for c in range(13)]
    assert all(tile[side // 3 :].std() > 15 for tile in tiles)  # a hand, not an empty tile
    assert len({tile.tobytes() for tile in tiles}) == 26


def test_letters_that_are_not_settled_are_not_shown(kiosk: Callable[[str], Kiosk]) -> None:
    """What a hand might be from frame to frame would flicker."""
    from tests.support.sample_results import prediction

    shown = kiosk("800x480")
    for frame, label in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        shown.write(seen(30 + frame, reading=prediction(label, 0.9)))
    assert not near(cut(pixels(), places(False).card), colours.INK, 60).any()
    shown.write(seen(90, events=(("letter", "K"),), text="K"))
    assert near(cut(pixels(), places(False).card), colours.ACCENT, 60).any()


def test_a_drawn_source_is_called_a_demonstration(kiosk: Callable[[str], Kiosk]) -> None:
    """Visitors are told that the hand that they see is not theirs."""
    shown = kiosk("800x480")
    banner = pygame.Rect(places(True).picture.topleft, (places(True).picture.w, 20))
    shown.write(result(0))
    assert not near(cut(pixels(), banner), colours.ACCENT, 60).any()
    source = open_source("signer:HI")
    frame = next(iter(source.frames()))
    shown.write(Result(frame, (), None, (), "", {}))
    assert near(cut(pixels(), banner), colours.ACCENT, 60).any()


def test_a_camera_without_pictures_is_told_in_large_words(kiosk: Callable[[str], Kiosk]) -> None:
    """A crossed-out camera over the whole display, until pictures come again."""
    shown = kiosk("800x480")
    shown.write(result(0))
    shown.note(Vitals(waited_s=1.0, trouble="usb:0 was lost"))
    before = pixels()
    shown.note(Vitals(waited_s=5.0, trouble="usb:0 was lost"))
    trouble = pixels()
    assert not np.array_equal(before, trouble)
    assert extent(near(trouble, colours.INK, 60))[0] > 400  # the sentence
    assert near(trouble, colours.ACCENT, 60).any()  # the stroke through the camera
    for frame in range(1, 40):  # all hands are drawn again where they were
        shown.write(result(frame))
    assert extent(near(cut(pixels(), places(True).title), colours.INK, 60))[0] > 200


# What can be pressed.


def click(at: tuple[int, int]) -> None:
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=at))


@pytest.mark.parametrize("size_px", SIZES)
def test_buttons_edit_the_text(kiosk: Callable[[str], Kiosk], size_px: tuple[int, int]) -> None:
    """Each is pressed anywhere in its rectangle; "next" ends the visit."""
    shown = kiosk(f"{size_px[0]}x{size_px[1]}")
    said = {}
    for n, name in enumerate(BUTTONS):
        shown.write(seen(40 * n + 30, events=(("letter", "A"),), text="A"))
        rect = places(False).buttons[name]
        click((rect.left + 3, rect.bottom - 3))
        said[name] = shown.write(result(40 * n + 31, text="A"))
    assert said == {"space": "space", "delete": "delete", "clear": "clear", "next": "clear"}
    assert extent(near(cut(pixels(), places(True).title), colours.INK, 60))[0] > 100


def test_nothing_that_a_visitor_can_press_ends_it(kiosk: Callable[[str], Kiosk]) -> None:
    """Keys, the window's frame, and places without a button."""
    shown = kiosk("800x480")
    shown.write(seen(30, events=(("letter", "A"),), text="A"))
    for key in (pygame.K_ESCAPE, pygame.K_q, pygame.K_c, pygame.K_F4, pygame.K_F11):
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, mod=pygame.KMOD_ALT))
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    click(places(False).text.center)
    assert shown.write(seen(31, text="A")) is None
    assert pygame.display.get_surface() is not None


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("idle=0", "no option 'idle=0'"),
        ("idle=soon", "no option 'idle=soon'"),
        ("lang=fr", "does not speak 'fr'; it speaks: de, en, es"),
        ("lang=eng", "did you mean en"),
        ("full", "no option 'full'"),
        ("sentences=nowhere.toml", "nowhere.toml cannot be read"),
    ],
)
def test_a_wrong_option_is_one_line(rest: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        open_sink(f"kiosk:{rest}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("title =", "# title ="), "has no sentence title"),
        (lambda text: text + 'hello = "x"\n', "there is no sentence 'hello'"),
        (lambda text: text.replace("Spell", "Spell" * 20), "title has more than 80"),
        (lambda text: text + "=", "is not TOML"),
    ],
)
def test_wrong_sentences_are_one_line(
    change: Callable[[str], str], said: str, tmp_path: Path
) -> None:
    """A file of one's own is whole, or it is said what it lacks."""
    path = tmp_path / "own.toml"
    path.write_text(change((sentences.FOLDER / "en.toml").read_text()))
    with pytest.raises(UsageError, match=said) as caught:
        sentences.read(path)
    assert "\n" not in str(caught.value)


def test_the_sentences_are_in_the_wheel() -> None:
    """As package data."""
    assert "edge.sinks.kiosk = sentences/*" in Path("setup.cfg").read_text()


# A visit from end to end.


def test_a_first_visitor_succeeds(kiosk: Callable[[str], Kiosk]) -> None:
    """Attract, hand up, HELLO, idle, cleared: with the loop's real stages and a drawn signer."""
    shown, idle_s = kiosk("800x480,idle=2"), 2
    source = open_source("signer:HELLO?seed=1")
    stages = open_stages(Config(detector="truth"), source)
    frames = list(source.frames())
    last = frames[-1]
    empty = next(frame for frame in frames if frame.truth and frame.truth.hand is None)
    for n in range(1, (idle_s + 1) * FPS):  # nobody is there for a while
        t_ns = last.t_ns + round(n * 1e9 / FPS)
        frames.append(type(last)(empty.rgb, last.index + n, t_ns, empty.truth))
    story: list[str] = []
    for read in stages.results(frames):
        if shown.write(read) == "clear":
            stages.clear()
        title = near(cut(pixels(), places(True).title), colours.INK, 60).any()
        text = read.text.strip()
        moment = "attract" if title and shown._visit._phase == "attract" else text or "begun"
        if not story or story[-1] != moment:
            story.append(moment)
    assert story == ["attract", "begun", "H", "HE", "HEL", "HELL", "HELLO", "attract"]
    assert stages.text == ""
