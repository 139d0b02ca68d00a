"""What smoothing takes away and what it costs: jitter while a letter is held, lag while moving.

    python -m benchmarks.developers.smoothing [--clips FOLDER] [--sweep] [--json FILE]

Landmarks are fitted once, unsmoothed, on the synthetic signer and on the real clips (those of a
letter that is held), and then smoothed with edge.hands.tracking.OneEuro. Per setting:

jitter     of what the hand does while a letter is held, the part that is left: frame to frame
           changes, smoothed over raw
lag_ms     the delay of the raw landmarks that comes nearest to the smoothed ones, over the frames
           in which the hand moves by more than half a hand size a second; slow_lag_ms: over those
           in which it moves by half to one
shape      distance of the smoothed from the true joints while a letter is held, over that of the
           raw ones, each hand put at its middle (the synthetic signer only: its joints are known)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.developers.parity import CLIPS
from edge.detectors import open_detector
from edge.errors import command
from edge.files import write
from edge.hands.geometry import hand_size_px
from edge.hands.tracking import OneEuro, Tracker
from edge.sources import open_source
from edge.stages import Detector
from edge.types import Frame

MOVING = 0.5  # hand sizes a second
PHRASES = ("signer:QUICK BROWN FOX?seed=1", "signer:JUMPS OVER LAZY DOG?seed=2")
SWEEP = product((0.5, 1.0, 2.0, 3.0), (0.5, 1.0, 1.5, 2.0, 3.0))

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """One hand followed without a gap.

    raw: (N, 21, 3) landmarks in hand sizes. t_ms: (N,). held: (N,) whether a letter is held.
    true: as raw, or None.
    """

    raw: Floats
    t_ms: Floats
    held: npt.NDArray[np.bool_]
    true: Floats | None


def tracks(frames: Iterable[Frame], detector: Detector, held_s: list[list[float]]) -> list[Track]:
    """Follows the hands of a clip; `held_s`: [start, end] of its letters."""
    tracker = Tracker(detector, smooth=False)
    runs: list[list[tuple[Floats, float, bool, Floats | None]]] = [[]]
    for frame in frames:
        found, find_ms = tracker.update(frame)
        if not found or find_ms is not None:
            runs.append([])
        if found:
            true, held = None, any(a <= frame.t_ns / 1e9 <= b for a, b in held_s)
            if frame.truth and frame.truth.hand:
                true, held = frame.truth.hand.landmarks.astype(float), frame.truth.label != ""
            runs[-1].append((found[0].landmarks.astype(float), frame.t_ns / 1e6, held, true))
    result = []
    for run in runs:
        if len(run) < 15:
            continue
        raw = np.array([r[0] for r in run])
        size = float(np.median([hand_size_px(r[0].astype(np.float32)) for r in run]))
        truth = [r[3] for r in run if r[3] is not None]
        true = np.array(truth) / size if len(truth) == len(run) else None
        result.append(
            Track(raw / size, np.array([r[1] for r in run]), np.array([r[2] for r in run]), true)
        )
    return result


def smoothed(track: Track, min_cutoff_hz: float, beta: float) -> Floats:
    """Returns the track's landmarks as OneEuro gives them."""
    scale = 100  # OneEuro wants pixels, and takes no hand for smaller than one
    smooth = OneEuro(min_cutoff_hz=min_cutoff_hz, beta=beta)
    pairs = zip(track.raw, track.t_ms, strict=True)
    return (
        np.array([smooth((r * scale).astype(np.float32), int(t * 1e6)) for r, t in pairs]) / scale
    )


def figures(all_tracks: list[Track], min_cutoff_hz: float, beta: float) -> dict[str, float]:
    """Returns jitter, lag_ms and shape, over all tracks, as the module says."""
    steps = {"raw": [1e-9], "smooth": [1e-9]}
    off = {"raw": [1e-9], "smooth": [1e-9]}
    delays_ms = np.arange(0.0, 81.0)
    misfits = {"lag_ms": np.zeros(len(delays_ms)), "slow_lag_ms": np.zeros(len(delays_ms))}
    for track in all_tracks:
        smooth = smoothed(track, min_cutoff_hz, beta)
        held = track.held[1:] & track.held[:-1]
        speed = _speed(track)
        still = held & (speed < MOVING)
        for name, path in (("raw", track.raw), ("smooth", smooth)):
            change = np.diff(path[..., :2], axis=0)[still]
            steps[name].extend((change**2).sum(-1).ravel())
            if track.true is not None:
                off[name].extend(_shape_error(path, track.true)[1:][still])
        late = track.t_ms[1:] - track.t_ms[0] > delays_ms[-1]
        fast = {"lag_ms": speed > MOVING, "slow_lag_ms": (speed > MOVING) & (speed < 2 * MOVING)}
        for name, moves in fast.items():
            moving = np.flatnonzero(moves & late) + 1
            for i, delay_ms in enumerate(delays_ms):
                before = _at(track, track.t_ms[moving] - delay_ms)
                misfits[name][i] += ((before - smooth[moving][..., :2]) ** 2).sum()
    return {
        "jitter": round(float(np.sqrt(np.mean(steps["smooth"]) / np.mean(steps["raw"]))), 3),
        **{name: float(delays_ms[int(np.argmin(misfit))]) for name, misfit in misfits.items()},
        "shape": round(float(np.mean(off["smooth"]) / np.mean(off["raw"])), 4),
    }


def _speed(track: Track) -> Floats:
    """Returns (N - 1,): how fast the palm and fingers move, in hand sizes a second."""
    # Over three frames, so that jitter is no speed.
    kernel = np.ones(3) / 3
    flat = track.raw[..., :2].reshape(len(track.raw), -1)
    calm = np.apply_along_axis(
        lambda x: np.convolve(np.pad(x, 1, "edge"), kernel, "valid"), 0, flat
    )
    step = np.diff(calm.reshape(-1, 21, 2), axis=0)
    distance: Floats = np.linalg.norm(step, axis=-1).mean(1)
    return distance / np.diff(track.t_ms) * 1000


def _at(track: Track, t_ms: Floats) -> Floats:
    """Returns the raw (M, 21, 2) landmarks at any times, between frames by their mix."""
    after = np.clip(np.searchsorted(track.t_ms, t_ms), 1, len(track.t_ms) - 1)
    before = after - 1
    share = (t_ms - track.t_ms[before]) / (track.t_ms[after] - track.t_ms[before])
    xy = track.raw[..., :2]
    mix: Floats = xy[before] + share[:, None, None] * (xy[after] - xy[before])
    return mix


def _shape_error(path: Floats, true: Floats) -> Floats:
    """Returns (N,): the mean distance of the joints, both hands put at their middle."""
    off = path[..., :2] - true[..., :2]
    error: Floats = np.linalg.norm(off - off.mean(1, keepdims=True), axis=-1).mean(1)
    return error


@command("smoothing")
def main(arguments: list[str] | None = None) -> int:
    """Measures, prints, and writes the JSON if it is wanted; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.developers.smoothing", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, default=CLIPS, help="the folder of clips")
    parser.add_argument("--detector", default="mediapipe:full")
    parser.add_argument("--sweep", action="store_true", help="also other settings")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    detector = open_detector(options.detector)
    sets = {"signer": [t for p in PHRASES for t in tracks(open_source(p).frames(), detector, [])]}
    truth = options.clips / "truth.json"
    if truth.exists():
        sets["clips"] = []
        for clip in json.loads(truth.read_text())["clips"]:
            if clip["path"].startswith(("lesson/", "webcam/")):
                frames = open_source(f"video:{options.clips / clip['path']}").frames()
                sets["clips"] += tracks(frames, detector, [[a, b] for a, b, _ in clip["segments"]])
    chosen = OneEuro()
    settings = [(chosen.min_cutoff_hz, chosen.beta), *(SWEEP if options.sweep else ())]
    report = []
    for min_cutoff_hz, beta in settings:
        for name, found in sets.items():
            line = {"on": name, "min_cutoff_hz": min_cutoff_hz, "beta": beta}
            report.append(line | figures(found, min_cutoff_hz, beta))
            print(*(f"{key} {value}" for key, value in report[-1].items()), sep="  ", flush=True)
    if options.json:
        write(options.json, (json.dumps(report, indent=1) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
