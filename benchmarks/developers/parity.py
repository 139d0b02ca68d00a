"""How closely our hands agree with MediaPipe's own, on the very same frames.

    python -m benchmarks.developers.parity [--clips FOLDER] [--model lite|full] [--json FILE]

MediaPipe 0.10.18's `Hands` (static_image_mode=False, one hand, the same model complexity, both
confidences 0.5) runs in an environment of its own, `.venv-mediapipe`, made when it is not there:
it needs Python 3.12 or older. Every frame is decoded once, here, and given to both. Ours runs
unsmoothed, as MediaPipe's landmarks come.

The error of a frame is the mean distance of the 21 joints in the picture, over the larger side of
the box around MediaPipe's: its hand's size. A hand is missed where MediaPipe has one and ours has
none. Scenes without a hand (clips/no_letters/no_hand) are counted apart: what is found there is
no hand, whoever finds it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.detectors import open_detector
from edge.errors import FingerspellError, command
from edge.files import write
from edge.hands.tracking import Tracker
from edge.sources import open_source
from edge.types import Frame, Hand, Landmarks

ROOT = Path(__file__).resolve().parents[2]
CLIPS = ROOT.parent / "shared" / "data" / "clips"
ENVIRONMENT = ROOT / ".venv-mediapipe"
WHEEL = "mediapipe==0.10.18"
FOLDERS = ("lesson", "words", "webcam", "no_letters")
NO_HAND = "no_letters/no_hand"
MODELS = ("lite", "full")
CLOSE = 0.02  # of the hand's size


class NoReferenceError(FingerspellError):
    """MediaPipe cannot be run here; the message says why."""


@dataclass
class Tally:
    """What was counted over some frames.

    both: frames on which both have a hand; errors: one for each of them, in hand sizes.
    missed: frames on which MediaPipe has a hand and we have none; extra: the other way round.
    agreed: frames of `both` whose handedness is the same.
    """

    frames: int = 0
    both: int = 0
    missed: int = 0
    extra: int = 0
    agreed: int = 0
    errors: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Pools the frames of another tally into this one."""
        for name in ("frames", "both", "missed", "extra", "agreed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.errors += other.errors

    def count(self, ours: Hand | None, theirs: Landmarks | None, right: bool) -> None:
        """Counts one frame; `right` is the handedness of theirs."""
        self.frames += 1
        if theirs is None or ours is None:
            self.extra += ours is not None
            self.missed += theirs is not None
            return
        self.both += 1
        self.agreed += (ours.handedness == "right") == right
        size = float(np.ptp(theirs[:, :2], axis=0).max())
        apart = np.linalg.norm(ours.landmarks[:, :2] - theirs[:, :2], axis=1)
        self.errors.append(float(apart.mean()) / size)

    @property
    def close_share(self) -> float:
        """The share of frames with both hands on which the error is below CLOSE; 1 for none."""
        return float(np.mean(np.array(self.errors) < CLOSE)) if self.errors else 1.0

    def figures(self) -> dict[str, float | int]:
        """The tally as it is printed and written."""
        errors = np.array(self.errors or [0.0])
        return {
            "frames": self.frames,
            "both": self.both,
            "missed": self.missed,
            "extra": self.extra,
            "within_2_percent": round(self.close_share, 4),
            "median_error": round(float(np.median(errors)), 5),
            "p95_error": round(float(np.percentile(errors, 95)), 4),
            "same_handedness": round(self.agreed / self.both, 4) if self.both else 1.0,
        }


class Reference:
    """MediaPipe's Hands in a process of its own; see mediapipe_reference.py for the protocol."""

    def __init__(self, model: str) -> None:
        command = [str(environment()), str(Path(__file__).parent / "mediapipe_reference.py"), model]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout

    def ask(self, frame: Frame, *, begins: bool) -> None:
        """Hands over a frame; `begins` where another clip begins."""
        self._questions.write(np.array([begins, *frame.rgb.shape[:2]], np.int32).tobytes())
        self._questions.write(frame.rgb.tobytes())
        self._questions.flush()

    def answer(self) -> tuple[Landmarks | None, bool]:
        """Waits for the landmarks in the frame given before, and whether it is a right hand.

        Its "Left" is a right hand: it means a mirrored picture, and ours are not.
        """
        raw = self._answers.read(65 * 4)
        if len(raw) < 65 * 4:
            raise NoReferenceError(
                "MediaPipe's process ended; run benchmarks/developers/mediapipe_reference.py"
            )
        numbers: npt.NDArray[np.float32] = np.frombuffer(raw, np.float32)
        return (numbers[2:].reshape(21, 3) if numbers[0] else None), bool(numbers[1])

    def __enter__(self) -> Reference:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._answers.close()
        with contextlib.suppress(BrokenPipeError):  # it ended first
            self._questions.close()


def environment() -> Path:
    """Returns the Python of the environment that has MediaPipe, made first where it is not there.

    Raises NoReferenceError where no Python is old enough, or MediaPipe cannot be installed.
    """
    python = ENVIRONMENT / "bin" / "python"
    if _has_mediapipe(python):
        return python
    old = [sys.executable] if sys.version_info < (3, 13) else []
    old += [path for minor in (12, 11, 10, 9) if (path := shutil.which(f"python3.{minor}"))]
    if not old:
        raise NoReferenceError(f"{WHEEL} needs Python 3.9 to 3.12, and there is none; install one")
    print(f"installing {WHEEL} into {ENVIRONMENT.name}", file=sys.stderr)
    steps = ([old[0], "-m", "venv", str(ENVIRONMENT)], [str(python), "-m", "pip", "install", WHEEL])
    for step in steps:
        done = subprocess.run(step, check=False, capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            said = (done.stderr or done.stdout).strip().splitlines() or ["it failed"]
            raise NoReferenceError(f"{WHEEL} cannot be installed here: {said[-1]}")
    return python


def _has_mediapipe(python: Path) -> bool:
    if not python.exists():
        return False
    check = f"from importlib.metadata import version as v; exit(v('mediapipe') != {WHEEL[11:]!r})"
    return not subprocess.run([python, "-c", check], check=False, capture_output=True).returncode


def clips(folder: Path) -> list[Path]:
    """Returns the clips that are compared, in order."""
    found = [p for name in FOLDERS for p in sorted((folder / name).rglob("*")) if p.is_file()]
    return [p for p in found if p.suffix in (".mp4", ".mov")]


def compare(model: str, folder: Path) -> Iterator[tuple[str, Tally]]:
    """Yields each clip's name and tally. model: "lite" or "full"."""
    detector = open_detector(f"mediapipe:{model}")
    with Reference(model) as reference:
        for clip in clips(folder):
            tracker, tally = Tracker(detector, smooth=False), Tally()
            for frame in open_source(f"video:{clip}").frames():
                reference.ask(frame, begins=not tally.frames)
                ours = tracker.update(frame).hands  # while MediaPipe works on the same frame
                tally.count(ours[0] if ours else None, *reference.answer())
            yield str(clip.relative_to(folder)), tally


def pooled(tallies: dict[str, Tally]) -> tuple[Tally, Tally]:
    """Returns the tally of all clips that show hands, and of those that show none."""
    with_hands, without = Tally(), Tally()
    for name, tally in tallies.items():
        (without if name.startswith(NO_HAND) else with_hands).add(tally)
    return with_hands, without


@command("parity")
def main(arguments: list[str] | None = None) -> int:
    """Compares, prints, and writes the JSON if it is wanted; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.developers.parity", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, default=CLIPS, help="the folder of clips")
    parser.add_argument("--model", choices=MODELS, action="append", help="default: both")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    if not clips(options.clips):
        parser.error(f"there are no clips in {options.clips}")
    report: dict[str, Any] = {
        "reference": f"{WHEEL} solutions.hands.Hands",
        "versions": {
            name: version(name) for name in ("ai-edge-litert", "numpy", "opencv-python-headless")
        },
        "models": {},
    }
    for model in options.model or MODELS:
        tallies = {}
        for name, tally in compare(model, options.clips):
            tallies[name] = tally
            print(f"{model} {name:36s} {_line(tally)}", flush=True)
        with_hands, without = pooled(tallies)
        print(f"{model} {'all that show hands':36s} {_line(with_hands)}")
        print(f"{model} {'all that show none':36s} {_line(without)}")
        report["models"][model] = {
            "hands": with_hands.figures(),
            "no_hands": without.figures(),
            "clips": {name: tally.figures() for name, tally in tallies.items()},
        }
    if options.json:
        write(options.json, (json.dumps(report, indent=1) + "\n").encode())
    return 0


def _line(tally: Tally) -> str:
    figures = tally.figures()
    return (
        f"{figures['frames']:5d} frames, both {figures['both']:5d}, missed {figures['missed']:3d}, "
        f"extra {figures['extra']:3d}, within 2 % {figures['within_2_percent']:7.2%}, "
        f"median {figures['median_error']:.5f}, p95 {figures['p95_error']:.4f}"
    )


if __name__ == "__main__":
    sys.exit(main())
