"""A take: one hand making one gesture, as a file that a motion model can be trained on.

FOLDER/NAME/001.npz and so on, one file a take, one folder a gesture; NAME "none" is for takes of
what is no gesture. `fingerspell record` writes them, `python -m train.recipes.dynamic` reads them.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.files import write
from edge.types import NONE

LEAST = 15  # takes of a gesture that a model is trained on
LONGEST = 40  # characters of a name
_FACTS = ("source", "detector", "sitting", "size")


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """What was seen of a hand, frame by frame; frames on which it was missed are left out.

    t_ms: (N,) float64, rising, of the stream. landmarks: (N, 21, 3) float32, in pixels of the
    frame, as Hand has them. left: whether it is a left hand.
    facts: where it comes from, in words: source (URI), detector, sitting (when the recording
    began: takes of one sitting look alike), size (of the pictures).
    """

    t_ms: npt.NDArray[np.float64]
    landmarks: npt.NDArray[np.float32]
    left: bool
    facts: dict[str, str] = field(default_factory=dict)


def checked_name(name: str) -> str:
    """Returns a gesture's name as its folder has it; raises UsageError for what can be none.

    A name of one character is a letter, a longer one a word; "none" is what is no gesture.
    """
    name = unicodedata.normalize("NFC", name.strip())  # an accent may be typed as two characters
    reason = ""
    if not name:
        reason = "it is empty"
    elif "/" in name or "\\" in name:
        reason = "a path is no name; the folder is set with --out"
    elif name.startswith(".") or not name.isprintable() or any(char in '<>:"|?*' for char in name):
        reason = "it cannot name a folder everywhere"
    elif len(name) > LONGEST:
        reason = f"it is longer than {LONGEST} characters"
    elif name != NONE and name.lower() == NONE:
        reason = f'what is no gesture is written "{NONE}"'
    if reason:
        raise UsageError(f"a gesture cannot be named {name!r}: {reason}; for example: hello")
    return name


def save(take: Take, path: Path) -> None:
    """Writes a take whole or not at all; raises UsageError where it may not be written."""
    buffer = io.BytesIO()
    values = {"t_ms": take.t_ms, "landmarks": take.landmarks, "left": np.array(take.left)}
    values |= {name: np.array(take.facts.get(name, "")) for name in _FACTS}
    np.savez_compressed(buffer, **values)  # type: ignore[arg-type]
    write(path, buffer.getvalue())


def load(path: Path) -> Take:
    """Reads a take; raises UsageError, saying why, for a file that is none."""
    try:
        with np.load(path) as file:
            t_ms = np.asarray(file["t_ms"], np.float64)
            landmarks = np.asarray(file["landmarks"], np.float32)
            left = bool(file["left"])
            facts = {name: str(file[name]) for name in _FACTS if name in file}
    except OSError as error:
        raise UsageError(f"cannot read the take {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} is no take: record it again") from error
    if t_ms.ndim != 1 or landmarks.shape != (len(t_ms), 21, 3):
        raise UsageError(f"{path} is no take: its landmarks are {landmarks.shape}; record it again")
    if not (np.isfinite(t_ms).all() and np.isfinite(landmarks).all() and (np.diff(t_ms) > 0).all()):
        raise UsageError(f"{path} is no take: its times or landmarks are no numbers in order")
    return Take(t_ms, landmarks, left, facts)


def next_number(folder: Path) -> int:
    """Returns the number of the first take after those in a gesture's folder."""
    numbers = [int(path.stem) for path in folder.glob("*.npz") if path.stem.isdigit()]
    return max(numbers, default=0) + 1
