"""Hands over time: found, followed, lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.hands.geometry import box_of, hand_size_px, region_of_hand
from edge.hands.tracking import EAGER_MS, IDLE_MS, SECOND_MS, OneEuro, Tracked, Tracker
from edge.stages import CountingModel
from edge.types import Frame, Hand, Handedness, Landmarks, Region
from tests.unit.test_geometry import OPEN_HAND

FRAME_MS = 33
Fit = Callable[[Frame, Region], Hand | None]
PICTURE = np.zeros((480, 640, 3), np.uint8)


def a_hand(
    x: float = 300.0,
    presence: float = 1.0,
    handedness: Handedness = "right",
    y: float = 300.0,
) -> Hand:
    landmarks: Landmarks = OPEN_HAND + np.array([x, y, 0], np.float32)
    return Hand(landmarks, box_of(landmarks), handedness, presence)


@dataclass
class Scene:
    """A detector that sees the hands it was given, near where they are looked for.

    hands: what is there. found: what a search finds of it, if not all.
    """

    hands: Sequence[Hand] = ()
    found: Sequence[Hand] | None = None
    pooled: int = 0
    models: tuple[CountingModel, ...] = ()
    calls: list[str] = field(default_factory=list)

    def find(self, frame: Frame, limit: int) -> tuple[Region, ...]:
        self.calls.append("find")
        found = self.hands if self.found is None else self.found
        return tuple(region_of_hand(hand.landmarks) for hand in found)[:limit]

    def fit(self, frame: Frame, region: Region) -> Hand | None:
        self.calls.append("fit")
        near = [
            (abs(place.cx - region.cx) + abs(place.cy - region.cy), i)
            for i, place in enumerate(region_of_hand(hand.landmarks) for hand in self.hands)
        ]
        distance, nearest = min(near, default=(1e9, 0))
        return self.hands[nearest] if distance < region.size / 2 else None


class Film:
    """Shows a scene to a tracker, frame after frame."""

    def __init__(self, *, limit: int = 1, smooth: bool = False) -> None:
        self.scene = Scene()
        self.tracker = Tracker(self.scene, limit=limit, smooth=smooth)
        self.patience = 1.0
        self.find_ms: float | None = None  # of the last frame
        self.t_ms = 0.0

    def show(self, *hands: Hand, found: Sequence[Hand] | None = None) -> tuple[Hand, ...]:
        self.scene.hands, self.scene.found = hands, found
        self.scene.calls.clear()
        frame = Frame(PICTURE, 0, round(self.t_ms * 1e6))
        seen, self.find_ms = self.tracker.update(frame, self.patience)
        self.t_ms += FRAME_MS
        return seen

    def searches(self, ms: float, *hands: Hand, step_ms: float = FRAME_MS) -> list[float]:
        """Shows the same for a while; returns the times of the frames that were searched."""
        end_ms, times = self.t_ms + ms, []
        while self.t_ms < end_ms:
            t_ms = self.t_ms
            self.show(*hands)
            self.t_ms = t_ms + step_ms
            if "find" in self.scene.calls:
                times.append(t_ms)
        return times


def test_a_hand_is_found_in_its_first_frame() -> None:
    """The first frame is searched, and what is found there is fitted and returned."""
    film = Film()
    (hand,) = film.show(a_hand())
    assert film.scene.calls == ["find", "fit"]
    np.testing.assert_array_equal(hand.landmarks, a_hand().landmarks)


def test_a_held_hand_is_followed_without_searching() -> None:
    """While a hand is held, each frame is one fit, and nothing is searched."""
    film = Film()
    film.show(a_hand(100))
    for x in range(110, 500, 10):
        (hand,) = film.show(a_hand(x))
        assert film.scene.calls == ["fit"]
        assert hand.box_px == a_hand(x).box_px
        assert film.find_ms is None


def test_no_hand_is_an_empty_tuple() -> None:
    """A frame without a hand gives ()."""
    assert Film().show() == ()


def test_a_hand_that_leaves_is_lost() -> None:
    """The frame without the hand already returns none."""
    film = Film()
    film.show(a_hand())
    assert film.show() == ()


def test_what_is_found_must_be_a_hand() -> None:
    """A palm whose fit is no hand is not taken."""
    film = Film()
    assert film.show(a_hand(presence=0.45)) == ()
    assert film.show(a_hand(presence=0.1)) == ()


def test_a_hand_that_jumps_is_found_again_in_the_same_frame() -> None:
    """A cut costs no frame: where following fails, the frame is searched at once."""
    film = Film()
    film.show(a_hand(100))
    (hand,) = film.show(a_hand(500))
    assert film.scene.calls == ["fit", "find", "fit"]
    assert hand.box_px == a_hand(500).box_px


def test_what_was_found_after_a_loss_is_found_anew_once() -> None:
    """The frame after a cut is searched once more, and then the hand is followed."""
    film = Film()
    film.show(a_hand(100))
    film.show(a_hand(500))
    film.show(a_hand(505))
    assert film.scene.calls == ["find", "fit"]
    film.show(a_hand(510))
    assert film.scene.calls == ["fit"]


def test_a_hand_found_in_haste_is_followed_where_the_search_fails() -> None:
    """The second search after a cut may find nothing: the hand is then followed all the same."""
    film = Film()
    film.show(a_hand(100))
    film.show(a_hand(500))
    (hand,) = film.show(a_hand(505), found=())
    assert hand.box_px == a_hand(505).box_px
    film.show(a_hand(510))
    assert film.scene.calls == ["fit"]


def test_a_fading_hand_is_kept_while_nothing_better_is_found() -> None:
    """A held hand may be less sure for a while; it is let go when it is hardly there."""
    film = Film()
    film.show(a_hand())
    for _ in range(5):
        (hand,) = film.show(a_hand(presence=0.4), found=())
        assert hand.presence == 0.4
        assert film.scene.calls == ["fit", "find"]
    assert film.show(a_hand(presence=0.2), found=()) == ()


def test_a_fading_hand_gives_way_to_one_that_is_found() -> None:
    """Where a search finds a surer hand than the one that fades, that one is taken."""
    film = Film()
    film.show(a_hand(150))
    sure = a_hand(450)
    (hand,) = film.show(a_hand(150, presence=0.4), sure, found=(sure,))
    assert hand.box_px == sure.box_px


def test_a_hand_is_looked_for_once_more_before_it_is_let_go() -> None:
    """Where neither following nor the search finds a hand, a larger and a smaller square may."""
    film = Film()
    film.show(a_hand())
    usual = region_of_hand(a_hand().landmarks).size
    film.scene.fit = _only_in(  # type: ignore[method-assign]
        film.scene.fit, lambda region: abs(region.size - usual) > 0.1 * usual
    )
    (hand,) = film.show(a_hand(), found=())
    assert hand.box_px == a_hand().box_px
    film.scene.fit = _only_in(film.scene.fit, lambda region: False)  # type: ignore[method-assign]
    assert film.show(a_hand(), found=()) == ()


def test_searches_are_eager_after_a_loss_and_rare_when_idle() -> None:
    """Each frame is searched for a while after a loss; then only every so often."""
    film = Film()
    film.show(a_hand())
    lost_ms = film.t_ms
    times = film.searches(5000)
    eager = [t for t in times if t <= lost_ms + EAGER_MS]
    assert len(eager) == EAGER_MS // FRAME_MS + 1
    idle = [t for t in times if t > lost_ms + EAGER_MS]
    pauses = np.diff(idle)
    assert len(idle) >= 10
    assert min(pauses) >= IDLE_MS
    assert max(pauses) < IDLE_MS + FRAME_MS


@pytest.mark.parametrize("step_ms", [5.0, 16.0, 100.0, 400.0])
def test_the_idle_rate_is_bounded_by_the_frames_time_stamps(step_ms: float) -> None:
    """At any frame rate, and however fast frames are worked off, searches keep their distance."""
    film = Film()
    film.searches(2 * EAGER_MS, step_ms=step_ms)
    times = film.searches(3000, step_ms=step_ms)
    assert min(np.diff(times)) >= IDLE_MS
    assert max(np.diff(times)) < IDLE_MS + step_ms


def test_a_hand_that_comes_to_an_idle_camera_is_found_soon() -> None:
    """After a long time without hands, a new one is found within the idle pause."""
    film = Film()
    film.searches(20_000)
    came_ms = film.t_ms
    while not film.show(a_hand()):
        pass
    assert film.t_ms - came_ms <= IDLE_MS + 2 * FRAME_MS


def test_almost_a_hand_makes_the_search_eager() -> None:
    """What is almost a hand may be one in the next frame, which is then searched."""
    film = Film()
    film.searches(5000)
    while film.find_ms is None:
        film.show(a_hand(presence=0.4))
    assert film.show(a_hand()) != ()


def test_time_that_goes_back_begins_anew() -> None:
    """A new recording with earlier stamps is searched at once, and idles like any other."""
    film = Film()
    film.t_ms = 3_600_000
    film.searches(3000)
    film.t_ms = 0
    film.show()
    assert film.find_ms is not None
    film.searches(2 * EAGER_MS)
    assert min(np.diff(film.searches(2000))) >= IDLE_MS


def test_a_hand_is_followed_when_time_goes_back_or_stands_still() -> None:
    """Stamps that do not grow neither lose a hand nor smooth it into nonsense."""
    film = Film(smooth=True)
    for t_ms, x in ((100, 100), (100, 105), (50, 110), (50, 115)):
        film.t_ms = t_ms
        (hand,) = film.show(a_hand(x))
        assert np.isfinite(hand.landmarks).all()
        assert abs(hand.box_px.x0 - a_hand(x).box_px.x0) <= 5


def test_one_hand_is_held_by_default() -> None:
    """Two hands in view: the one found first is held, the other is not looked for."""
    film = Film()
    assert len(film.show(a_hand(150), a_hand(450))) == 1
    assert len(film.show(a_hand(150), a_hand(450))) == 1
    assert film.scene.calls == ["fit"]


def test_two_hands_on_request() -> None:
    """With a limit of two, both are held, followed, and keep their order."""
    film = Film(limit=2)
    for step in range(10):
        first, second = film.show(a_hand(450 - step), a_hand(150 + step))
        assert first.box_px == a_hand(450 - step).box_px
        assert second.box_px == a_hand(150 + step).box_px
    assert film.scene.calls == ["fit", "fit"]


def test_a_hand_that_fades_for_a_frame_keeps_its_place() -> None:
    """The hand that came first stays first, though it was nearly lost for one frame."""
    film = Film(limit=2)
    first, second = a_hand(450), a_hand(150)
    film.show(first, second)
    film.show(replace(first, presence=0.4), second)
    seen = film.show(first, second)
    assert [hand.box_px for hand in seen] == [first.box_px, second.box_px]


def test_a_second_hand_is_looked_for_now_and_then() -> None:
    """While one of two is held, searches are rare; the second is found when it comes."""
    film = Film(limit=2)
    film.searches(2 * EAGER_MS, a_hand(150))
    pauses = np.diff(film.searches(4000, a_hand(150)))
    assert min(pauses) >= SECOND_MS
    came_ms = film.t_ms
    while len(film.show(a_hand(150), a_hand(450))) < 2:
        pass
    assert film.t_ms - came_ms <= SECOND_MS + 2 * FRAME_MS


def test_one_hand_is_never_held_twice() -> None:
    """A search that finds the held hand again, or one hand twice, adds no second one."""
    film = Film(limit=2)
    for _ in range(100):
        assert len(film.show(a_hand(300), found=(a_hand(300), a_hand(304)))) == 1


def test_two_hands_that_become_one_are_one() -> None:
    """When two tracks come to follow the same hand, one of them is given up."""
    film = Film(limit=2)
    assert len(film.show(a_hand(200), a_hand(400))) == 2
    assert len(film.show(a_hand(300))) == 1


def test_the_one_that_stays_is_kept_when_the_other_leaves() -> None:
    """Losing one of two hands does not disturb the other."""
    film = Film(limit=2)
    film.show(a_hand(150), a_hand(450))
    (hand,) = film.show(a_hand(450))
    assert hand.box_px == a_hand(450).box_px


def test_handedness_is_steady() -> None:
    """One frame, or three, on which the model flips do not turn a right hand into a left one."""
    film = Film()
    for frame in range(60):
        flips = frame > 10 and frame % 10 < 3
        (hand,) = film.show(a_hand(handedness="left" if flips else "right"))
        assert hand.handedness == "right"


def test_handedness_is_learned() -> None:
    """A hand whose first frame was misread is known for what it is before long."""
    film = Film()
    film.show(a_hand(handedness="left"))
    seen = [film.show(a_hand())[0].handedness for _ in range(20)]
    assert seen[-1] == "right"


def test_a_hand_lost_and_found_in_its_place_keeps_its_handedness() -> None:
    """A search that finds the hand where it was lost goes on with what was known of it."""
    film = Film()
    for _ in range(30):
        film.show(a_hand(300))
    film.scene.fit = _missing_once(film.scene.fit)  # type: ignore[method-assign]
    (hand,) = film.show(a_hand(320, handedness="left"))
    assert "find" in film.scene.calls
    assert hand.handedness == "right"


def _missing_once(fit: Fit) -> Fit:
    """The detector's fit, which loses its hand the first time that it is asked."""
    missed: list[bool] = []

    def once(region: Region) -> bool:
        missed.append(True)
        return len(missed) > 1

    return _only_in(fit, once)


def _only_in(fit: Fit, sees: Callable[[Region], bool]) -> Fit:
    """The detector's fit, which sees only in some regions."""
    return lambda frame, region: fit(frame, region) if sees(region) else None


def test_the_models_of_a_tracker_are_the_detector_s() -> None:
    """Their work is counted there."""
    film = Film()
    assert film.tracker.models is film.scene.models


def test_the_time_of_a_search_is_told() -> None:
    """It is that of the frame alone, and None for one that was not searched."""
    tracker = Tracker(Scene([a_hand()]))
    first = tracker.update(Frame(PICTURE, 0, 0))
    assert first.find_ms is not None
    assert first.find_ms > 0
    second = tracker.update(Frame(PICTURE, 1, 33_000_000))
    assert second == Tracked(second.hands, None)
    assert len(second.hands) == 1


@pytest.mark.parametrize("patience", [1.0, 2.0, 5.0])
def test_where_time_is_short_searches_are_spaced_out(patience: float) -> None:
    """The pauses between idle searches are longer by that factor, from that frame on."""
    film = Film()
    film.searches(2 * EAGER_MS)
    film.patience = patience
    pauses = np.diff(film.searches(20_000))
    assert min(pauses) >= patience * IDLE_MS
    assert max(pauses) < patience * IDLE_MS + FRAME_MS


def test_hands_are_not_changed_in_place() -> None:
    """A hand that was handed out stays as it was, smoothed or not."""
    film = Film(smooth=True)
    (first,) = film.show(a_hand(100))
    kept = first.landmarks.copy()
    for x in range(101, 120):
        film.show(a_hand(x))
    np.testing.assert_array_equal(first.landmarks, kept)
    np.testing.assert_array_equal(a_hand(100).landmarks, kept)


def test_the_box_is_around_the_landmarks_shown() -> None:
    """Box and landmarks are smoothed together."""
    film = Film(smooth=True)
    for x in (100, 140, 150, 155):
        (hand,) = film.show(a_hand(x))
        assert hand.box_px == box_of(hand.landmarks)


# The smoothing filter


def _smoothed(path: Sequence[Landmarks], fps: float = 30.0) -> list[Landmarks]:
    smooth = OneEuro()
    return [smooth(landmarks, round(i * 1e9 / fps)) for i, landmarks in enumerate(path)]


def test_the_first_landmarks_are_taken_as_they_are() -> None:
    """There is nothing to smooth a first frame with."""
    np.testing.assert_array_equal(OneEuro()(OPEN_HAND, 5), OPEN_HAND)


def test_a_resting_hand_jitters_less() -> None:
    """Noise of a hundredth of a hand, as in real recordings, is a third smaller or better."""
    rng = np.random.default_rng(0)
    path = [OPEN_HAND + rng.normal(0, 1, (21, 3)).astype(np.float32) for _ in range(300)]
    raw, smooth = np.array(path[30:]), np.array(_smoothed(path)[30:])
    assert np.diff(smooth, axis=0).std() < 0.67 * np.diff(raw, axis=0).std()


@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0])
def test_a_moving_hand_is_hardly_held_back(fps: float) -> None:
    """At two hands a second, as between letters, the smoothed hand is less than 20 ms behind."""
    speed_px_s = 2 * hand_size_px(OPEN_HAND)
    shift = np.array([speed_px_s / fps, 0, 0], np.float32)
    path = [OPEN_HAND + i * shift for i in range(round(fps) * 2)]
    behind_px = float(np.mean(path[-1][:, 0] - _smoothed(path, fps)[-1][:, 0]))
    assert 0 <= behind_px / speed_px_s < 0.020


@given(st.lists(st.floats(-200, 200), min_size=2, max_size=40), st.floats(5, 120))
def test_smoothing_never_overshoots(xs: list[float], fps: float) -> None:
    """A smoothed joint stays between the smallest and the largest place that it was seen at."""
    path = [OPEN_HAND + np.array([x, 0, 0], np.float32) for x in xs]
    moved = np.array([s[0, 0] - OPEN_HAND[0, 0] for s in _smoothed(path, fps)])
    assert moved.min() >= min(xs) - 1e-3
    assert moved.max() <= max(xs) + 1e-3


@given(st.floats(0.1, 10), st.floats(-500, 500))
def test_near_and_far_hands_are_smoothed_alike(scale: float, shift: float) -> None:
    """A hand twice as large, or elsewhere, is smoothed by the same share."""
    rng = np.random.default_rng(1)
    path = [OPEN_HAND + rng.normal(0, 3, (21, 3)).astype(np.float32) for _ in range(20)]
    large = [p * np.float32(scale) + np.float32(shift) for p in path]
    if hand_size_px(OPEN_HAND) * scale < 20:  # a hand of a few pixels has no meaningful size
        return
    expected = np.array(_smoothed(path)) * scale + shift
    np.testing.assert_allclose(np.array(_smoothed(large)), expected, atol=0.02 * scale + 2e-3)


def test_shape_is_kept() -> None:
    """All joints are smoothed by the same share, so that a mix of two shapes lies between them."""
    smooth = OneEuro()
    smooth(OPEN_HAND, 0)
    other = OPEN_HAND.copy()
    other[8] += (40, 60, 10)  # the index finger bends
    mixed = smooth(other, 33_000_000)
    share = (mixed - OPEN_HAND)[8] / (other - OPEN_HAND)[8]
    assert np.ptp(share) < 1e-3
    assert 0 < share[0] <= 1
    np.testing.assert_allclose(np.delete(mixed, 8, 0), np.delete(OPEN_HAND, 8, 0), atol=1e-3)


def test_a_filter_is_replaceable() -> None:
    """Constants can be chosen: a cut-off of nothing holds still, an endless one changes nothing."""
    still, free = OneEuro(min_cutoff_hz=0, beta=0), OneEuro(min_cutoff_hz=1e9)
    moved = OPEN_HAND + np.float32(10)
    for smooth, expected in ((still, OPEN_HAND), (free, moved)):
        smooth(OPEN_HAND, 0)
        np.testing.assert_allclose(smooth(moved, 33_000_000), expected, atol=1e-3)


def test_a_track_without_smoothing_is_raw() -> None:
    """smooth=False returns what the detector fitted."""
    film = Film(smooth=False)
    film.show(a_hand(100))
    (hand,) = film.show(replace(a_hand(150), presence=0.8))
    np.testing.assert_array_equal(hand.landmarks, a_hand(150).landmarks)
