"""Handshapes: which letter or digit one hand shows in one frame.

In come a frame and a hand in it. Out goes a Prediction, with the score of each label of one
alphabet. letters.py reads landmarks. closed.py adds pixels for closed hands, whose thumb hides
behind the fingers. pixels.py reads a picture of the hand instead. alphabet.py turns a model's
logits into a Prediction. Photographs are read by this room alone; in live video, edge/recognise
follows the predictions from frame to frame.

Other rooms use open_reader, Reader and DRAWN.
"""

from __future__ import annotations

from edge.errors import UsageError
from edge.handshapes.alphabet import DRAWN
from edge.handshapes.closed import open_closed
from edge.handshapes.letters import Letters
from edge.handshapes.pixels import Pixels
from edge.models import find, hint, load

__all__ = ["DRAWN", "Reader", "open_reader"]

Reader = Letters | Pixels


def open_reader(name: str, *, alphabet: str = "", pooled: int = 0, live: bool = False) -> Reader:
    """Opens the model that reads a hand, for one alphabet.

    name: of an installed model, or a path (edge.models.find).
    alphabet: its name, or "" for the model's usual one (edge.handshapes.alphabet.Alphabet).
    pooled: how many pooled features the detector's hands have (Detector.pooled).
    live: True for video, where J and Z are read from the trajectory of the hand.
    Raises UsageError if there is no such model or alphabet, or the model does not read a hand in a
    single picture; ModelError if the model is broken.
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
