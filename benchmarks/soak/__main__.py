"""A long run with faults: `python -m benchmarks.soak [--minutes M | --frames N] [--json FILE]`.

A signer who comes and goes is read as `fingerspell run` reads a camera, but faster. Frames come as
fast as they are read, through the guarded capture process and the mailbox, with the time stamps of
a camera of 30 frames a second. The first tenth of the run has no faults. Then the camera hangs,
crashes, is unplugged, freezes, goes black, or sends broken pictures or pictures of other sizes, at
random from the seed. Memory, open files, threads and times are sampled (drift.py), and every
letter that is shown is accounted for (ledger.py). Exit status 1 when a bound is broken. Ctrl-C ends
the run early, and what was measured is reported.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.measure.result import typed
from benchmarks.soak.bystanders import Page, Systemd, Troubles, Unhurried
from benchmarks.soak.drift import Bound, Sampler, bounds
from benchmarks.soak.ledger import Ledger
from edge.assembly import USUAL_FPS, open_stages
from edge.capture import CameraConfig, open_guarded
from edge.config import Config
from edge.errors import INTERRUPTED, SourceError, UsageError, command
from edge.files import write
from edge.models import interpreter
from edge.running import machine
from edge.running.stop import Stop, stop_on_signals
from edge.session import open_session
from edge.types import Result

TEXT = "SPHINX OF BLACK QUARTZ JUDGE MY VOW"
FAULTS = "hang,seize,crash,gone,frozen,black,half,size"
# Small pictures, so that the capture process can keep them all; a hand is as large in them.
SOURCE = (
    "faulty:{text}?seed={seed}&size=320x240&rest=45&fault={faults}&after={after}&every=250&lasts=90"
)
# Where frames come faster, silence of 2 s is long, and 8 s of the same picture are.
CAMERA = CameraConfig(stall_s=2.0, frozen_s=8.0, patience_s=60.0)
EVERY = 10_000  # frames from sample to sample
WATCHDOG_S = 10.0  # as in systemd/fingerspell.service
FASTEST = 300  # frames a second that a run of so many minutes is likely to have


@command("soak")
def main(argv: Sequence[str] | None = None) -> int:
    """Runs, prints, and writes the JSON file if one is wanted; returns the exit code."""
    arguments = _parser().parse_args(argv)
    report: dict[str, Any] = {}
    with stop_on_signals() as stop, tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        report = Soak(arguments, Path(scratch)).run(stop)
    if not report:  # a signal came before all was open
        raise KeyboardInterrupt
    print(table(report))
    if arguments.json:
        write(arguments.json, json.dumps(report, indent=1).encode() + b"\n")
    return INTERRUPTED if stop.reason == "SIGINT" else int(not report["passed"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=10.0, metavar="M", help="default: 10")
    length.add_argument("--frames", type=int, default=0, metavar="N", help="end after so many")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of signer and faults")
    parser.add_argument("--source", metavar="URI", help="default: the signer, with all faults")
    parser.add_argument("--every", type=int, default=EVERY, metavar="N", help="frames a sample")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser


class Soak:
    """One long run: what `fingerspell run` does, with bystanders."""

    def __init__(self, arguments: argparse.Namespace, scratch: Path) -> None:
        """Raises UsageError for flags that make no sense."""
        if arguments.minutes <= 0 or arguments.every <= 0 or arguments.frames < 0:
            raise UsageError("--minutes and --every must be above 0, --frames not below it")
        self._frames = arguments.frames
        self._seconds = 0.0 if self._frames else 60 * arguments.minutes
        self._state = scratch / "state"
        self._letters = scratch / "letters.jsonl"
        self._uri = arguments.source or SOURCE.format(
            text=TEXT,
            seed=arguments.seed,
            faults=FAULTS,
            after=round(0.1 * (self._frames or FASTEST * self._seconds) / USUAL_FPS),
        )
        kept = f"{'&' if '?' in self._uri else '?'}state={self._state}"
        self._state_option = kept if self._uri.startswith("faulty:") else ""
        self._config = Config(detector="mediapipe:lite")  # as a Raspberry Pi 4 chooses itself
        self._ledger = Ledger()
        self._sampler = Sampler(arguments.every)
        self._systemd = Systemd(scratch / "notify", WATCHDOG_S)
        self._troubles = Troubles()
        self._page = Page() if find_spec("prometheus_client") else None
        self._outages_s: list[float] = []

    def run(self, stop: Stop) -> dict[str, Any]:
        """Returns all figures. Raises FingerspellError."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._systemd.close)
            logging.getLogger("edge").addHandler(self._troubles)
            stack.callback(logging.getLogger("edge").removeHandler, self._troubles)
            camera = Unhurried(open_guarded(self._uri + self._state_option, CAMERA))
            stack.callback(camera.close)
            sinks = [f"jsonl:{self._letters}"]
            if self._page:
                sinks.append(f"metrics:{self._page.address}")
            with open_session(
                stop,
                lambda: camera,
                lambda source: open_stages(self._config, source),
                lambda source: sinks,
                patience_s=CAMERA.patience_s,
                max_seconds=self._seconds,
                notifier=self._systemd.notifier,
                waiting=self._systemd.listen,
            ) as session:
                start_s = time.monotonic()
                with contextlib.closing(session.results()) as results:
                    self._follow(results, camera)
                seconds = time.monotonic() - start_s
                self._sampler.close()  # while all is still open
            self._systemd.listen()
        end = session.end
        if not end.frames:
            raise SourceError(f"{self._uri} gave no frame to follow; choose another source")
        self._ledger.close()
        return {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": typed("soak", sys.argv[1:]),
            "stopped": stop.reason if stop.reason in ("SIGINT", "SIGTERM") else "",
            "frames": end.frames,
            "seconds": round(seconds, 1),
            **self._verdict(),
            "letters": self._ledger.figures(),
            "faults": self._faults(),
            "reopened": camera.reopened,
            "half_pictures_left_out": camera.broken,
            "outages_s": {
                "median": float(np.median(self._outages_s or [0.0])),
                "longest": max(self._outages_s, default=0.0),
            },
            "warnings": dict(self._troubles.counted.most_common()),
            "machine": {"board": machine.board(), "processor": machine.processor()},
            "litert": interpreter.runtime(),
            "source": self._uri,
            "detector": self._config.detector,
            "camera": asdict(CAMERA),
            "samples": [asdict(sample) for sample in self._sampler.samples],
        }

    def _follow(self, results: Iterable[Result], camera: Unhurried) -> None:
        """Accounts for each result once the run is done with it; ends after so many frames."""
        period_s = 1 / (camera.fps or USUAL_FPS)
        well_s = time.monotonic()
        with tqdm(total=self._frames or None, disable=None, unit=" frames") as bar:
            for seen, result in enumerate(results, 1):
                self._systemd.listen()
                was_well, now_s = self._ledger.well, time.monotonic()
                self._ledger.see(result.frame, result.events, period_s)
                if self._ledger.well:
                    if not was_well:
                        self._outages_s.append(now_s - well_s)
                    well_s = now_s
                if self._sampler.after(result, camera.reopened) and self._page:
                    self._page.fetch()  # after the sample: answering takes a thread and a socket
                if seen % 100 == 0:
                    bar.update(100)
                if seen == self._frames:
                    return

    def _faults(self) -> int | None:
        """How many there were, which the source notes; None of a source that does not."""
        return json.loads(self._state.read_text())[1] if self._state.exists() else None

    def _verdict(self) -> dict[str, Any]:
        """Returns what is held to a bound, and whether all of it is kept."""
        ledger, faults = self._ledger, self._faults()
        lines = self._letters.read_text().splitlines()
        written = sum('"event": "letter"' in line for line in lines)
        beyond = None if faults is None else max(0, ledger.disturbances - faults)
        silence_s = self._systemd.silence_s()
        held = [
            Bound("letters missed where no fault was", len(ledger.missed), 0),
            Bound("letters too many where no fault was", len(ledger.extra), 0),
            Bound("letters that a sink did not get", self._sampler.letters - written, 0),
            Bound("disturbances beyond the faults", beyond, 0),
            Bound("READY=1, more or less often than once", abs(self._systemd.ready - 1), 0),
            Bound("watchdog's longest silence, of its limit", silence_s / WATCHDOG_S, 0.5),
            *bounds(self._sampler.samples),
        ]
        return {
            "passed": all(bound.met is not False for bound in held),
            "bounds": [{**asdict(bound), "met": bound.met} for bound in held],
        }


def table(report: dict[str, Any]) -> str:
    """Returns the figures for people to read; the verdict is the last line."""
    letters, outages = report["letters"], report["outages_s"]
    lines = [
        f"{report['frames']:,} frames, {report['frames'] / USUAL_FPS / 3600:.1f} h at 30 a second,"
        f" in {report['seconds'] / 60:.1f} min",
        f"{letters['read']:,} of {letters['shown']:,} letters read where no fault was,"
        f" {letters['touched_read']} of {letters['touched']} in words that a fault interrupted",
        f"{report['faults'] or 0} faults, reopened {report['reopened']} times,"
        f" {report['half_pictures_left_out']} broken pictures left out;"
        f" no pictures for {outages['median']:.1f} s (median), {outages['longest']:.1f} s at most",
        *(f"{count:>6} x {warning}" for warning, count in report["warnings"].items()),
        *(f"missed: {line}" for line in letters["missed"][:10]),
        *(f"too many: {line}" for line in letters["extra"][:10]),
        f"\n{'':46}{'measured':>10}{'at most':>9}",
    ]
    words = {True: "kept", False: "BROKEN", None: "the run was too short"}
    for bound in report["bounds"]:
        measured = "" if bound["measured"] is None else f"{bound['measured']:.3g}"
        met = words[bound["met"]]
        lines.append(f"{bound['name']:<46}{measured:>10}{bound['at_most']:>9g}  {met}")
    stopped = f" (stopped by {report['stopped']})" if report["stopped"] else ""
    return "\n".join([*lines, "", f"{'PASSED' if report['passed'] else 'FAILED'}{stopped}"])


if __name__ == "__main__":
    sys.exit(main())
