"""What a hand does over some seconds: words, held letters, word signs and rest, one after another.

A timeline is a row of keys, poses that are held from one time to another, with a way from each to
the next. Beside them stand which outputs of the model are right when, and when somebody is
spelling. The constants and the random ranges were chosen by hand; no others were tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from train.letters.alphabets import LETTERS
from train.sequences.poses import PARTS, PLACE, SCALE, Floats, blend, decode
from train.sequences.sources import GAP_MS, Clip, Material, Signer

ALPHABET = "".join(LETTERS)
BLANK = len(ALPHABET)  # the index of the output for no letter
LINEAR = -1  # the course of a way between two frames of a recording
EDGE = 0.2  # the last share of the way to a letter, on which the hand shows it already
DOUBLE_MS = 270.0  # at least, from a letter to the same again: half of it is two steps
NEAR_MS = 250.0  # before a word and after it, nobody knows whether it is spelling yet
_TIP = {"J": 20, "Z": 8}  # joint that draws it
# Shares of a drawn letter's trajectory: from the first on it may be read, from the second it must.
_SHOWN, _FORMED = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Mark:
    """From start_ms to end_ms the outputs `allowed` (indices into ALPHABET, or BLANK) are right."""

    start_ms: float
    end_ms: float
    allowed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Spelling:
    """From start_ms to end_ms somebody spells; just before and after, it cannot be known."""

    start_ms: float
    end_ms: float
    text: str


@dataclass(eq=False)
class Timeline:
    """Keys: poses, each held from begin_ms to end_ms; course, gone: of the way to each from before.

    course: index into Material.courses, or LINEAR. gone: no hand is in view on that way. letter:
    what a key shows, "" for none.
    """

    poses: list[Floats] = field(default_factory=list)
    begin_ms: list[float] = field(default_factory=list)
    end_ms: list[float] = field(default_factory=list)
    course: list[int] = field(default_factory=list)
    gone: list[bool] = field(default_factory=list)
    letter: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    spelled: list[Spelling] = field(default_factory=list)

    @property
    def now_ms(self) -> float:
        """When the last key ends."""
        return self.end_ms[-1] if self.end_ms else 0.0

    def add(
        self, pose: Floats, way_ms: float, hold_ms: float, course: int, letter: str, *, gone: bool
    ) -> None:
        """Goes to a pose and holds it."""
        begin = self.now_ms + way_ms
        self.poses.append(pose)
        self.begin_ms.append(begin)
        self.end_ms.append(begin + hold_ms)
        self.course.append(course)
        self.gone.append(gone or not self.gone)
        self.letter.append(letter)

    def play(self, clip: Clip, way_ms: float, pace: float, at: Floats, *, gone: bool) -> None:
        """Plays a recorded hand, `pace` times as fast, its first palm at the place `at`."""
        poses = clip.poses.copy()
        poses[:, PLACE] += at - poses[0, PLACE]
        self.add(poses[0], way_ms, 0.0, LINEAR, "", gone=gone)
        for pose, gap_ms in zip(poses[1:], np.diff(clip.t_ms).tolist(), strict=True):
            self.add(pose, gap_ms / pace, 0.0, LINEAR, "", gone=gap_ms > GAP_MS)


@dataclass(frozen=True, slots=True)
class Style:
    """How one person spells one word. Lengths in palm lengths.

    pace: letters a second. hold: share of a letter's time that it is held. rhythm: deviation of the
    logarithm of times. undershoot: how far, at most, a finger stays behind its letter. bounce: how
    far the palm goes from letter to letter. drift: how far to the side with each.
    """

    pace: float
    hold: float
    rhythm: float
    undershoot: float
    bounce: float
    drift: float


def style(random: np.random.Generator) -> Style:
    """Returns a way to spell, from one letter a second to eight. Fast hands hold and reach less.

    That fingers keep a part of the letters before and after was measured by Jerde, Soechting and
    Flanders (Coarticulation in Fluent Fingerspelling, 2003). How much of it there is at which pace
    is a guess.
    """
    pace = float(np.exp(random.uniform(0, np.log(8))))
    fast = (pace - 1) / 7
    return Style(
        pace=pace,
        hold=float(random.uniform(0.1, 0.65) * (1 - 0.6 * fast)),
        rhythm=float(random.uniform(0.05, 0.4)),
        undershoot=float(random.uniform(0, 0.15 + 0.3 * fast)),
        bounce=float(abs(random.normal(0, 0.12))),
        drift=float(random.normal(0, 0.06)),
    )


class Writer:
    """Writes the timeline of one signer."""

    def __init__(self, material: Material, signer: Signer, random: np.random.Generator) -> None:
        self.line = Timeline()
        self.material, self.signer, self.random = material, signer, random

    def word(self, text: str, how: Style, way_ms: float, *, gone: bool, at: Floats) -> None:
        """Spells a text. way_ms: from what was before to the first letter, out of view or not."""
        line, random = self.line, self.random
        raw = self._poses(text, how, at)
        cores: list[tuple[str, float, float, float]] = []  # as in _mark
        begun = len(line.poses)
        for i, letter in enumerate(text):
            period = 1000 / how.pace * float(np.exp(random.normal(0, how.rhythm)))
            hold = how.hold * period * float(np.exp(random.normal(0, 0.5)))
            hold = min(hold, 0.8 * period) if how.pace > 1.5 else hold
            way = way_ms if i == 0 else max(period - hold, 60.0)
            out = gone and i == 0
            if letter in "JZ":
                cores.append(self._draw(letter, how, way, raw[i], gone=out))
                continue
            if i and text[i - 1] == letter:
                way = max(way, DOUBLE_MS)
                if random.random() < 0.4:
                    self._reform(raw[i], way)
                    way /= 2
            pose = self._undershot(raw, i, how)
            course = int(random.integers(len(self.material.courses)))
            line.add(pose, way, hold, course, letter, gone=out)
            early = 0.0 if out else EDGE * way
            cores.append((letter, np.nan, line.begin_ms[-1] - early, line.end_ms[-1]))
        self._mark(cores, text, begun)

    def _poses(self, text: str, how: Style, at: Floats) -> list[Floats]:
        """One pose a letter, where the palm is then."""
        random, place = self.random, np.array(at, np.float32)
        chosen: dict[str, Floats] = {}
        out: list[Floats] = []
        for i, letter in enumerate(text):
            bank = self.signer.poses.get(letter if letter not in "JZ" else "I")
            if bank is None:
                bank = next(iter(self.signer.poses.values()))
            if letter not in chosen or random.random() < 0.3:
                chosen[letter] = bank[random.integers(len(bank))]
            pose = chosen[letter].copy()
            if i and text[i - 1] == letter:
                place = place + np.array([random.uniform(0.3, 0.9), 0], np.float32)
            place = place + np.array([how.drift, 0], np.float32)
            pose[PLACE] = place + random.normal(0, how.bounce, 2)
            pose[SCALE] = random.normal(0, 0.02 + 0.2 * how.bounce)
            out.append(pose)
        return out

    def _undershot(self, raw: list[Floats], i: int, how: Style) -> Floats:
        """The pose that a letter reaches: each finger stays a little with its neighbours."""
        others = [raw[k] for k in (i - 1, i + 1) if 0 <= k < len(raw)]
        if not others:
            return raw[i]
        share = self.random.uniform(0, how.undershoot, (1, PARTS)).astype(np.float32)
        share[:, 0] *= 0.5
        mean = np.mean(others, 0)
        return np.asarray(blend(raw[i][None], mean[None], share)[0])

    def _reform(self, pose: Floats, way_ms: float) -> None:
        """Opens the hand a little on its way to the same letter again."""
        bank = list(self.signer.poses.values())
        other = bank[int(self.random.integers(len(bank)))][0]
        share = self.random.uniform(0.2, 0.6, (1, PARTS)).astype(np.float32)
        share[:, 0] = 0
        between = blend(pose[None], other[None], share)[0]
        between[PLACE], between[SCALE] = pose[PLACE], pose[SCALE]
        course = int(self.random.integers(len(self.material.courses)))
        self.line.add(between, way_ms / 2, 0.0, course, "", gone=False)

    def _draw(
        self, letter: str, how: Style, way_ms: float, pose: Floats, *, gone: bool
    ) -> tuple[str, float, float, float]:
        """Draws a J or a Z as somebody was recorded to; returns when it may and must be read."""
        random, takes = self.random, self.material.drawn[letter]
        take = takes[int(random.integers(len(takes)))]
        wanted = np.clip(1600 / how.pace, 350, 1000) * np.exp(random.normal(0, 0.25))
        first = len(self.line.poses)
        pace = float(max(take.t_ms[-1], 1.0) / wanted)
        self.line.play(take, way_ms, pace, pose[PLACE], gone=gone)
        hands = decode(take.poses)
        way = np.linalg.norm(np.diff(hands[:, _TIP[letter], :2], axis=0), axis=1).cumsum()
        way /= way[-1] + 1e-6
        may, must = (first + 1 + int(np.searchsorted(way, s)) for s in (_SHOWN, _FORMED))
        last = len(self.line.poses) - 1
        self.line.end_ms[-1] += float(random.uniform(20, 200))
        begin = self.line.begin_ms
        return letter, begin[min(may, last)], begin[min(must, last)], self.line.end_ms[-1]

    def held(self, clip: Clip, way_ms: float, pace: float, at: Floats, *, gone: bool) -> None:
        """Holds one letter as somebody was recorded to."""
        self.line.play(clip, way_ms, pace, at, gone=gone)
        first = len(self.line.poses) - len(clip.t_ms)
        start = self.line.begin_ms[first]
        self._mark([(clip.label, np.nan, start, self.line.now_ms)], clip.label, first)

    def _mark(self, cores: list[tuple[str, float, float, float]], text: str, begun: int) -> None:
        """Adds which outputs are right when, and when it is spelling.

        cores: each letter, from when on it may be read (NaN where it is not drawn), from when on it
        must, and until when. begun: the number of the first of its keys.
        """
        marks = self.line.marks
        before = self.line.end_ms[begun - 1] if begun else 0.0
        last = -1
        for letter, may_ms, must_ms, until_ms in cores:
            index = ALPHABET.index(letter)
            drawn = not np.isnan(may_ms)
            if drawn:
                marks.append(Mark(before, may_ms, frozenset({last, BLANK} - {-1})))
                marks.append(Mark(may_ms, must_ms, frozenset({index, BLANK})))
            elif index == last:
                quarter = (must_ms - before) / 4
                marks.append(Mark(before, before + quarter, frozenset({index, BLANK})))
                marks.append(Mark(before + quarter, must_ms - quarter, frozenset({BLANK})))
                marks.append(Mark(must_ms - quarter, must_ms, frozenset({index, BLANK})))
            elif last < 0:
                near = max(before, must_ms - 150)
                marks.append(Mark(before, near, frozenset({BLANK})))
                marks.append(Mark(near, must_ms, frozenset({index, BLANK})))
            else:
                marks.append(Mark(before, must_ms, frozenset({last, index, BLANK})))
            marks.append(Mark(must_ms, until_ms, frozenset({index})))
            last, before = index, until_ms
        self.line.spelled.append(Spelling(cores[0][2], cores[-1][3], text))
