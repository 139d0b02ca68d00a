"""The signer: a drawn hand that fingerspells, and exactly what each picture shows.

In come a text and a seed. Out go, for any moment, a picture and its Truth: the label that is held
and the hand's true landmarks. script.py turns the text into a timeline of trajectories between
handshapes (motion.py, handshapes.py). skeleton.py and flesh.py turn a posture into a body.
scene.py, canvas.py, light.py and renderer.py draw it. The signer serves the sources `signer` and
`faulty`, training and tests. It knows no model, so that it cannot be tuned to one.

`python -m edge.signer --sheet FILE.png` draws all handshapes.
"""

from __future__ import annotations

from edge.signer.script import spelling
from edge.signer.signer import Signer

__all__ = ["Signer", "spelling"]
