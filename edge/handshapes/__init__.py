"""Handshapes: which letter or digit one hand shows in one frame.

Comes in: a frame and a hand. Goes out: a Prediction, with the score of each label of one alphabet.
letters.py reads landmarks, and closed.py helps it where a closed hand hides its thumb; pixels.py
reads a picture of the hand. Photographs are read by this room alone; live, edge/recognise follows
what it says from frame to frame.
"""

from __future__ import annotations

from edge.errors import UsageError
from edge.handshapes.closed import open_closed
from edge.handshapes.letters import Letters
from edge.handshapes.pixels import Pixels
from edge.models import find, hint
from edge.models.manifest import load

Reader = Letters | Pixels


def open_reader(name: str, *, alphabet: str = "", pooled: int = 0, live: bool = False) -> Reader:
    """Opens what reads a hand: a model by name or path, for one alphabet (see edge.handshapes.alphabet).

    pooled: how many pooled features the detector's hands have (`Detector.pooled`). live: J and Z
    are read from the path of the hand. Raises UsageError where there is no such model or alphabet,
    or the model reads no single picture of a hand; ModelError for one that is broken.
    """
    path = find(name)
    kind = load(path).kind
    if kind == "pixels":
        return Pixels(path, alphabet=alphabet, live=live)
    if kind == "letters":
        closed = open_closed(path, pooled)
        return Letters(path, alphabet=alphabet, closed=closed, live=live)
    if kind == "motion":
        raise UsageError(
            f"the model {name!r} reads motion, and a photograph holds none; "
            f"run it live: fingerspell run --model {name}"
        )
    raise UsageError(f"the model {name!r} is a part of another; {hint()}")
