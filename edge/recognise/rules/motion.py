"""Gestures by their motion: a hand's trajectory -> Prediction. J and Z, or a user's own gestures.

A small int8 model says of each window of the trajectory (trajectory.py) whether one of its gestures
has just been made in it. The manifest names the gestures: all of its labels but the last, which is
"none". The model is run only where the gate finds movement: a hand that keeps still costs a few
comparisons.

A letter's motion is over when it is recognised. A gesture of the user's own may go on, as a wave
does. It is returned once, and again only after its score was low for a while (_OVER_MS).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.models.manifest import BUNDLED, Manifest, open_model
from edge.recognise.rules.trajectory import COVERED, LOST_MS, VERSIONS, WINDOWS_MS, Features
from edge.types import NONE, Hand, Prediction

ON = 0.8  # probability that makes a gesture: 1.24 false ones in ten minutes (train/LOG.md, J and Z)

_EVERY_MS = 28.0  # between two runs of the model: at 30 frames a second it runs on each frame
_APART_MS = 12.0  # samples closer than this add nothing: it lets 60 frames a second through
_KEPT = int(WINDOWS_MS[-1] / _APART_MS) + 2  # samples that the longest window can hold
_WAIT_MS = 130.0  # how long a gesture whose score still rises is waited for: four frames, by choice
_AGAIN_MS = 600.0  # after a gesture before the next can end: it ended doubles (train/LOG.md)
# A gesture that goes on is over when its score is lower for so long: by choice.
_OVER, _OVER_MS = 0.5, 400.0
# The farthest that a palm goes between two frames, in palm lengths, and as many more for each ms
# between them. What is farther off is another hand (train/LOG.md, "Another hand, or a fast one").
_JUMP, _FASTEST = 1.5, 0.03


class Motion:
    """Follows one hand's trajectory, and returns each gesture when it has been made.

    path: of the manifest. Raises ModelError when the model is missing, altered, or made for other
    features than this version's.
    labels: the gestures that it knows.
    scores: how probable each of them is by the trajectory up to now, 0..1.
    """

    scores: Mapping[str, float]

    def __init__(self, path: Path = BUNDLED / "motion.json", *, on: float = ON) -> None:
        self.manifest, self._model = open_model(path)
        self.models = (self._model,)
        self._features = features_of(self.manifest, path)
        self.labels = self.manifest.labels[:-1]
        self._on = on
        self._t_ms = np.empty(2 * _KEPT)
        self._samples = np.empty((2 * _KEPT, self._features.channels), np.float32)
        self._left = np.empty(2 * _KEPT, bool)
        self._now_ms = -np.inf  # of the last sample
        self._forget()

    def update(self, t_ns: int, hand: Hand | None) -> Prediction | None:
        """Takes a frame, in order: its time stamp and the hand that is read, or None.

        Returns a gesture on the frame with which its motion is complete. No clock is read. A
        trajectory ends where the hand is lost, another hand comes, or the time goes back.
        """
        now_ms = t_ns / 1e6
        since_ms = now_ms - self._now_ms
        if since_ms < 0 or since_ms > LOST_MS:
            self._forget()
        if hand is None or not np.isfinite(hand.landmarks).all():
            return None
        if self._count and since_ms < _APART_MS:
            return None
        sample = self._features.samples(hand.landmarks)
        if self._count:
            last = self._samples[self._count - 1]
            step = np.abs(sample[1:3] - last[1:3]).max()
            if step > (_JUMP + _FASTEST * since_ms) * max(sample[0], last[0]):
                self._forget()
        self._keep(now_ms, sample, hand.handedness == "left")
        return self._made(now_ms)

    def _forget(self) -> None:
        """As if no hand had been seen."""
        self._count = 0
        self._best: Prediction | None = None  # a gesture whose score may still rise
        self._best_ms = 0.0  # since when
        self._asked_ms = -np.inf
        self._lasting = ""  # the gesture that was made last and may go on; "": none
        self._lasted_ms = 0.0  # until when it has gone on
        self._again_ms = -np.inf  # from when on another may be made
        self._quiet()

    def _quiet(self) -> None:
        self.scores = dict.fromkeys(self.labels, 0.0)

    def _keep(self, now_ms: float, sample: npt.NDArray[np.float32], left: bool) -> None:
        if self._count == 2 * _KEPT:
            for kept in (self._t_ms, self._samples, self._left):
                kept[:_KEPT] = kept[_KEPT:]
            self._count = _KEPT
        self._t_ms[self._count] = self._now_ms = now_ms
        self._samples[self._count] = sample
        self._left[self._count] = left
        self._count += 1

    def _made(self, now_ms: float) -> Prediction | None:
        """Runs the model on the trajectory up to now, if it is time for that."""
        if self._count < 3 or now_ms - self._asked_ms < _EVERY_MS:
            return None
        recent = slice(max(0, self._count - _KEPT), self._count)
        t_ms, samples = self._t_ms[recent], self._samples[recent]
        if not self._features.gate(t_ms, samples):
            self._quiet()
            self._lasting = ""
            return self._done(now_ms)
        self._asked_ms = now_ms
        left = 2 * int(self._left[recent].sum()) > len(t_ms)
        windows = self._features.windows(t_ms, samples, left, np.array([now_ms]))
        (logits,) = self._model.run(windows)
        scores = np.exp(logits[0] - logits[0].max(1, keepdims=True))
        scores /= scores.sum(1, keepdims=True)
        scores[now_ms - t_ms[0] < COVERED * WINDOWS_MS] = 0
        best = scores[:, :-1].max(0)
        self.scores = dict(zip(self.labels, best.tolist(), strict=True))
        if self._goes_on(now_ms):
            best[self.labels.index(self._lasting)] = 0
        if now_ms < self._again_ms:
            return None
        label = int(best.argmax())
        if best[label] < self._on or (self._best and best[label] <= self._best.score):
            return self._done(now_ms)
        if self._best is None:
            self._best_ms = now_ms
        self._best = Prediction(self.labels[label], float(best[label]), self.scores)
        return self._done(now_ms) if now_ms - self._best_ms >= _WAIT_MS else None

    def _goes_on(self, now_ms: float) -> bool:
        """Whether the gesture that was made last still goes on."""
        if self._lasting and self.scores[self._lasting] >= _OVER:
            self._lasted_ms = now_ms
        elif now_ms - self._lasted_ms >= _OVER_MS:
            self._lasting = ""
        return bool(self._lasting)

    def _done(self, now_ms: float) -> Prediction | None:
        """Returns the gesture whose score has passed its highest, if there is one."""
        best = self._best
        if best and self._features.lasting:
            self._best, self._lasting = None, best.label
            self._lasted_ms, self._again_ms = now_ms, now_ms + _AGAIN_MS
        elif best:
            self._forget()
            self._asked_ms = now_ms + _AGAIN_MS
        return best


def features_of(manifest: Manifest, path: Path) -> Features:
    """Returns the features that a motion model is made for.

    path: of the manifest, for the message. Raises ModelError for what is no motion model, and for
    one that is made for other features than this version's.
    """
    if manifest.kind != "motion" or manifest.labels[-1:] != (NONE,) or len(manifest.labels) < 2:
        raise ModelError(f"the model of {path} reads no motion; choose another")
    features = VERSIONS.get(manifest.features)
    if features is None:
        raise ModelError(
            f"the model of {path} is for features {manifest.features}, "
            f"this version makes {' and '.join(map(str, VERSIONS))}; train it again"
        )
    if [tensor.shape for tensor in manifest.inputs] != [(1, len(WINDOWS_MS), features.size)]:
        raise ModelError(f"the model of {path} reads no motion; reinstall it")
    return features
