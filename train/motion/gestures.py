"""A user's recorded gestures, to train on: what is there, what is wrong, and what is held out.

The takes are DATA/NAME/*.npz, one folder a gesture, as `fingerspell record` writes them
(edge/recording/takes.py); a folder "none" holds what is no gesture. DATA may also be shared/data:
then J and Z of its motion/sequences.npz are the gestures, and its other letters are none.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.handshapes.alphabet import DRAWN
from edge.recording import takes as files
from edge.types import NONE
from train.motion.bags import LETTERS, Vocabulary, vocabulary_of
from train.motion.figures import PACES
from train.motion.fit import Recipe
from train.motion.trajectories import ACTS, Take, recorded

HELD_OUT = 0.225  # share of the takes: between a fifth and a quarter
NEITHER = tuple(act for act in ACTS if act not in DRAWN)  # what made hands do besides J and Z
_DRAWS = 500  # random choices of sittings to hold out, of which the best is taken


@dataclass(frozen=True, eq=False)
class Gathered:
    """The takes that a model learns from and is judged by.

    gestures: their names, in order. takes: of gestures, and of what is none of them (any other
    label). unread: takes that could not be read, and why. unknown: files that are no takes.
    timed: whether the takes' pace is known.
    """

    gestures: tuple[str, ...]
    takes: tuple[Take, ...]
    unread: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    timed: bool = True

    @property
    def vocabulary(self) -> Vocabulary:
        """What a model of these is to know."""
        return vocabulary_of(self.gestures) if self.timed else LETTERS

    @property
    def recipe(self) -> Recipe:
        """How a model of these is trained; few takes, which may show anything, in smaller steps."""
        return Recipe(batch=32, widths=(64, 48)) if self.timed else Recipe()

    @property
    def acts(self) -> tuple[str, ...]:
        """What hands of the skeleton do; they draw J and Z only where these are ASL's letters."""
        return NEITHER if self.timed else tuple(ACTS)

    @property
    def paces(self) -> tuple[float, ...]:
        """How fast the takes are played: at their own pace, or at several where it is not known."""
        return (1.0,) if self.timed else PACES

    def counts(self) -> dict[str, int]:
        """How many takes there are of each gesture, and of what is none."""
        counted = Counter(self.label(take) for take in self.takes)
        return {name: counted[name] for name in (*self.gestures, NONE)}

    def label(self, take: Take) -> str:
        """The gesture that a take shows, or "none"."""
        return take.label if take.label in self.gestures else NONE


def gather(data: Path, limit: int = 0) -> Gathered:
    """Reads all takes below DATA; with `limit`, so many of each gesture at most.

    Raises UsageError where there is no gesture, or one has too few takes.
    """
    if (data / "motion" / "sequences.npz").is_file():
        return _limited(Gathered(DRAWN, tuple(recorded(data)), timed=False), limit)
    if not data.is_dir():
        raise UsageError(f"there is no folder {data}; record into it: {_record('hello', data)}")
    folders = [path for path in sorted(data.iterdir()) if path.is_dir() and path.name[0] != "."]
    unread: dict[str, str] = {}
    unknown = [str(p) for p in sorted(data.iterdir()) if not p.is_dir() and p.name[0] != "."]
    found: dict[str, list[Take]] = {}
    for folder in folders:
        name = files.checked_name(unicodedata.normalize("NFC", folder.name))
        found[name] = list(_read(folder, name, unread, unknown))
        if not found[name]:
            raise UsageError(
                f"{folder} holds no take that can be read: delete it, or {_record(name, data)}"
            )
    gestures = tuple(sorted(set(found) - {NONE}))
    if not gestures:
        raise UsageError(f"there is no gesture in {data}; {_record('hello', data)}")
    for name in gestures:
        missing = files.LEAST - len(found[name])
        if missing > 0:
            raise UsageError(
                f"{name} has {len(found[name])} takes, {files.LEAST} are needed: "
                f"{_record(name, data)} --takes {missing}"
            )
    takes = tuple(take for name in found for take in found[name])
    return _limited(Gathered(gestures, takes, unread, tuple(unknown)), limit)


def _record(name: str, data: Path) -> str:
    shown = f'"{name}"' if " " in name else name
    return f"fingerspell record --motion {shown} --out {data}"


def _read(folder: Path, name: str, unread: dict[str, str], unknown: list[str]) -> Iterator[Take]:
    """Yields the takes of a folder; adds other files to `unread` and `unknown`."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix != ".npz":
            unknown.append(str(path))
            continue
        try:
            take = files.load(path)
        except UsageError as error:
            unread[str(path)] = str(error)
            continue
        sitting = take.facts.get("sitting", "") or folder.name
        yield Take(take.t_ms, take.landmarks, take.left, name, sitting)


def _limited(gathered: Gathered, limit: int) -> Gathered:
    """Returns `limit` takes of each label at most, from the first to the last of them."""
    label = np.array([take.label for take in gathered.takes])
    kept: set[int] = set()
    for name in np.unique(label):
        mine = np.flatnonzero(label == name)
        kept |= set(mine[np.unique(np.linspace(0, len(mine) - 1, limit or len(mine)).astype(int))])
    return replace(gathered, takes=tuple(t for i, t in enumerate(gathered.takes) if i in kept))


def held_out(gathered: Gathered, seed: int) -> tuple[npt.NDArray[np.bool_], str]:
    """Returns which takes are held out, (N,), and how they were chosen, in words.

    Whole sittings or collections where every gesture has several, else takes of each gesture.
    Raises UsageError where a gesture would be on one side only.
    """
    label = np.array([gathered.label(take) for take in gathered.takes])
    for name in gathered.gestures:
        if (label == name).sum() < 2:
            raise UsageError(
                f"{name} has one take, which can be on one side of the split only; "
                "raise --limit, to 5 or more"
            )
    random = np.random.default_rng([seed, 2])
    source = np.array([take.source for take in gathered.takes])
    held = _whole(label, source, gathered.gestures, random)
    if held is not None:
        out = np.unique(source[held])
        kind = "sittings" if gathered.timed else "collections"
        return held, f"whole {kind}, {len(out)} of {len(np.unique(source))}: {', '.join(out)}"
    held = np.zeros(len(label), bool)
    for name in np.unique(label):
        mine = random.permutation(np.flatnonzero(label == name))
        held[mine[: max(1, round(HELD_OUT * len(mine)))]] = len(mine) > 1
    return held, (
        "takes of each gesture, as not every gesture was recorded in several sittings: takes of "
        "one sitting look alike, so that another day reads worse than these figures"
    )


def _whole(
    label: npt.NDArray[np.str_],
    source: npt.NDArray[np.str_],
    gestures: Sequence[str],
    random: np.random.Generator,
) -> npt.NDArray[np.bool_] | None:
    """Returns the sittings that hold nearest to HELD_OUT of every gesture; None where none do."""
    sources = np.unique(source)
    best, off = None, 0.1  # 12 to 33 % of each gesture are near enough
    for _ in range(_DRAWS):
        some = random.permutation(sources)[: random.integers(1, max(2, len(sources) // 2 + 1))]
        held = np.isin(source, some)
        shares = [held[label == name].mean() for name in gestures]
        worst = max(abs(share - HELD_OUT) for share in shares)
        if len(some) < len(sources) and worst < off:
            best, off = held, worst
    return best


def evened(gathered: Gathered, takes: Sequence[Take], least: int) -> list[Take]:
    """Returns the takes, those of each gesture again and again until there are `least` of it.

    What is no gesture counts as one gesture.
    """
    many = Counter(gathered.label(take) for take in takes)
    return [take for take in takes for _ in range(max(1, -(-least // many[gathered.label(take)])))]
