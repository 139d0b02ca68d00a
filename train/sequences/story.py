"""What happens in a stream: which items follow each other, and how the hand gets there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from train.sequences import words
from train.sequences.poses import PLACE, SCALE, Floats
from train.sequences.sources import Clip, Material
from train.sequences.timeline import ALPHABET, Timeline, Writer, style

# Shares of the items that streams consist of; no others were tried.
ITEMS = {"word": 0.3, "held": 0.28, "sign": 0.27, "rest": 0.05, "made up": 0.1}
LONGEST_MS = 2500.0  # of a word sign: longer ones are cut
_RAISED = 0.5  # share of the words that begin and end as a word sign does
_CUT = 0.35  # share of the items before which no hand is in view


def compose(
    material: Material, vocabulary: Sequence[str], length_ms: float, random: np.random.Generator
) -> tuple[Timeline, int]:
    """Returns a timeline at least so long, and the fold of its signer."""
    signer = material.signers[int(random.integers(len(material.signers)))]
    story = Story(Writer(material, signer, random), vocabulary)
    while story.line.now_ms < length_ms:
        story.go_on()
    return story.line, signer.fold


class Story:
    """What one signer does, item by item."""

    def __init__(self, writer: Writer, vocabulary: Sequence[str]) -> None:
        self.line = writer.line
        self._writer, self._words = writer, vocabulary
        self._material, self._random = writer.material, writer.random
        self._acts = {
            "word": self._word,
            "held": self._held,
            "sign": self._sign,
            "rest": self._rest,
            "made up": self._made_up,
        }
        self._home = np.zeros(2, np.float32)  # where the hand signs
        self._way_ms = 0.0  # how long it takes to get there
        self._gone = True  # out of view

    def go_on(self) -> None:
        """Adds one item of ITEMS."""
        random = self._random
        self._gone = bool(random.random() < _CUT)
        self._way_ms = float(random.uniform(0, 700) if self._gone else random.uniform(130, 600))
        self._home = (self._home * 0.5 + random.normal(0, 1.0, 2)).astype(np.float32)
        shares = np.array([ITEMS[name] for name in self._acts])
        which = random.choice(len(shares), p=shares / shares.sum())
        list(self._acts.values())[int(which)]()

    def _word(self) -> None:
        """A word, half of the time between the beginning and the end of a word sign."""
        random, writer = self._random, self._writer
        text, how = words.draw(random, self._words), style(random)
        if random.random() >= _RAISED:
            writer.word(text, how, self._way_ms, gone=self._gone, at=self._home)
            return
        clip = self._some(self._material.signs)
        third = max(2, len(clip.t_ms) // 3)
        up = Clip(clip.t_ms[:third], clip.poses[:third], "")
        self._play(up, 1.0)
        there = self.line.poses[-1][PLACE]
        writer.word(text, how, float(random.uniform(100, 350)), gone=False, at=there)
        if random.random() < 0.7:
            down = Clip(clip.t_ms[-third:] - clip.t_ms[-third], clip.poses[-third:], "")
            there = (there + random.normal(0, 0.2, 2)).astype(np.float32)
            self.line.play(down, float(random.uniform(100, 350)), 1.0, there, gone=False)

    def _held(self) -> None:
        """One letter or two, held for a while: 0.2 to 5 s, most for under one."""
        random = self._random
        if self._material.held and random.random() < 0.35:
            clip = self._some(self._material.held)
            pace = float(clip.t_ms[-1] / (np.exp(random.normal(0, 0.4)) * 900) + 1e-3)
            self._writer.held(clip, self._way_ms, pace, self._home, gone=self._gone)
            return
        text = "".join(random.choice(list(ALPHABET), 1 if random.random() < 0.7 else 2))
        held_ms = float(np.clip(np.exp(random.normal(np.log(800), 0.8)), 200, 5000))
        pace = 1000 / (held_ms + random.uniform(150, 400))
        how = replace(style(random), pace=pace, hold=0.8, rhythm=0.2, undershoot=0.0)
        self._writer.word(text, how, self._way_ms, gone=self._gone, at=self._home)

    def _sign(self) -> None:
        """A word sign."""
        random = self._random
        clip = _cut(self._some(self._material.signs), random)
        self._play(_calmer(clip, random), float(np.exp(random.normal(0, 0.2))))

    def _rest(self) -> None:
        """A hand that does nothing, mostly as at the beginning of a word sign."""
        random = self._random
        clip = self._some(self._material.signs)
        still = 0 if random.random() < 0.7 else int(random.integers(len(clip.poses)))
        self._go(clip.poses[still], self._way_ms, float(random.uniform(300, 3000)))

    def _made_up(self) -> None:
        """Poses of word signs, put together as words are, so that joins are no sign of spelling."""
        random = self._random
        clip, how = self._some(self._material.signs), style(random)
        for i in range(int(random.integers(1, 6))):
            pose = clip.poses[int(random.integers(len(clip.poses)))]
            period = 1000 / how.pace * float(np.exp(random.normal(0, how.rhythm)))
            hold = how.hold * period
            self._home = (self._home + random.normal(0, 0.1 + how.bounce, 2)).astype(np.float32)
            self._go(pose, self._way_ms if i == 0 else max(period - hold, 60.0), hold)
            self._gone = False

    def _play(self, clip: Clip, pace: float) -> None:
        self.line.play(clip, self._way_ms, pace, self._home, gone=self._gone)

    def _go(self, pose: Floats, way_ms: float, hold_ms: float) -> None:
        pose = pose.copy()
        pose[PLACE], pose[SCALE] = self._home, self._random.normal(0, 0.03)
        course = int(self._random.integers(len(self._material.courses)))
        self.line.add(pose, way_ms, hold_ms, course, "", gone=self._gone)

    def _some(self, clips: Sequence[Clip]) -> Clip:
        return clips[int(self._random.integers(len(clips)))]


def _cut(clip: Clip, random: np.random.Generator) -> Clip:
    """Returns LONGEST_MS of a clip, from anywhere."""
    if clip.t_ms[-1] <= LONGEST_MS:
        return clip
    first = int(np.searchsorted(clip.t_ms, random.uniform(0, clip.t_ms[-1] - LONGEST_MS)))
    last = int(np.searchsorted(clip.t_ms, clip.t_ms[first] + LONGEST_MS))
    return Clip(clip.t_ms[first:last] - clip.t_ms[first], clip.poses[first:last], "")


def _calmer(clip: Clip, random: np.random.Generator) -> Clip:
    """Returns a clip whose palm goes less far, half of the time: fingers, not palms, spell."""
    if random.random() < 0.5:
        return clip
    poses = clip.poses.copy()
    poses[:, PLACE] *= random.uniform(0.05, 0.8)
    return Clip(clip.t_ms, poses, "")
