"""`fingerspell run`: puts a source, the stages and the sinks together, and runs them."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import NamedTuple

from edge.capture import open_guarded
from edge.config import Config
from edge.detectors import open_detector
from edge.errors import UsageError
from edge.hands.tracking import Hands
from edge.handshapes import open_reader
from edge.models import find
from edge.models.manifest import load
from edge.pipeline import Letters, results
from edge.recognise.rules.debounce import Debouncer
from edge.recognise.rules.gestures import OPEN_HAND, Gestures
from edge.recognise.rules.motion import DRAWN, Motion
from edge.running.health import Health
from edge.running.mailbox import Mailbox
from edge.running.stop import Stop
from edge.sinks import Sinks
from edge.sources import first_camera, open_source
from edge.spelling.speller import Speller
from edge.types import End, Frame, Request, Source

log = logging.getLogger(__name__)

USUAL_FPS = 30.0  # of cameras and streams that do not say
WAIT_S = 0.5  # how long nobody looks whether the run is to end
SIGNER = "signer:HELLO WORLD?live=yes&loop=yes"


class Stages(NamedTuple):
    """What stands between the frames and the results, in the order of pipeline.results()."""

    hands: Hands
    letters: Letters | None
    motion: Motion | None
    gestures: Gestures
    debouncer: Debouncer
    speller: Speller


def open_stages(config: Config, source: Source) -> Stages:
    """Opens the stages for one source; the benchmarks measure these very ones.

    Raises UsageError for a detector, model or alphabet that there is not, ModelError for a model
    that is missing or broken.
    """
    fps = (source.fps or USUAL_FPS) if source.live else None
    detector = open_detector(config.detector, fps=fps, threads=threads(config))
    hands = Hands(detector, limit=config.hands)
    if load(find(config.model)).kind == "motion":
        return _of_motion(config, hands)
    letters = open_reader(config.model, alphabet=config.alphabet, pooled=detector.pooled, live=True)
    motion = Motion() if set(DRAWN) & set(letters.labels) else None
    gestures = Gestures(config.gestures, space=OPEN_HAND not in letters.labels)
    shared = [pair for pair in letters.manifest.shared if set(pair) <= set(letters.labels)]
    speller = Speller(config.text, shared)
    return Stages(hands, letters, motion, gestures, Debouncer(config.debounce), speller)


def _of_motion(config: Config, hands: Hands) -> Stages:
    """Returns the stages of a motion model, which runs alone: no still is read.

    Nor are the open hand's own space and deletion: a wave of the user's would be one of these.
    """
    if config.alphabet:
        raise UsageError(
            f"the model {config.model!r} reads motion and no alphabet; leave --alphabet out"
        )
    motion = Motion(find(config.model))
    gestures = Gestures(replace(config.gestures, on=False))
    debouncer = Debouncer(config.debounce, stills=False)
    return Stages(hands, None, motion, gestures, debouncer, Speller(config.text))


def run(config: Config, stop: Stop) -> End:
    """Runs until the source ends, `stop` is asked, or max_seconds are over.

    Everything is opened before the first frame is asked for, so that what is wrong is said at
    once. Returns what the sinks were told last. Raises FingerspellError, and Stopped for a signal
    that comes before that.
    """
    with contextlib.ExitStack() as stack:
        with stop.at_once():
            source = some_source(config)
            stack.callback(source.close)
            stages = open_stages(config, source)
            sink_uris = config.sink or window(source) or ("jsonl:-",)
            sinks = Sinks(sink_uris)
        health = Health(source, patience_s=config.camera.patience_s)
        stack.callback(health.stopping)

        def heed(request: Request | None) -> None:
            if request == "clear":
                stages.speller.clear()
            elif request == "quit":
                stop.ask("quit")

        def wait() -> None:
            heed(sinks.note(health.waiting()))
            stop.look()

        frames = stack.enter_context(taken(source, sink_uris, stop, wait))
        frames = health.load.paced(stop.frames(frames, config.max_seconds))
        end = End("", 0, 0)
        try:
            for result in results(frames, *stages):
                end = End("", result.frame.index + 1 - result.dropped, result.dropped)
                heed(sinks.write(result))
                vitals = health.after(result)
                stages.hands.patience = health.load.patience
                if vitals:
                    heed(sinks.note(vitals))
        finally:
            end = End(stages.speller.text.rstrip(" "), end.frames, end.dropped)
            sinks.close(end)
    return end


def threads(config: Config) -> int:
    """Returns how many threads the hand models may use: half the cores leave room for the rest."""
    return config.threads or max(1, min(4, (os.cpu_count() or 1) // 2))


@contextlib.contextmanager
def taken(
    source: Source,
    sink_uris: Sequence[str],
    stop: Stop,
    waiting: Callable[[], None] = lambda: None,
) -> Iterator[Iterable[Frame]]:
    """Gives a source's frames as they are to be taken: the newest of a live one, else every one.

    With a window, recorded frames come no faster than they were recorded. waiting: as of Mailbox.
    """
    with contextlib.ExitStack() as stack:
        frames: Iterable[Frame]
        if source.live or hasattr(source, "trouble"):  # one that is opened again may take its time
            frames = mailbox = stack.enter_context(Mailbox(source, waiting))
            stop.on_ask(mailbox.close)
        else:
            frames = source.frames()
        if not source.live and any(uri.partition(":")[0] == "screen" for uri in sink_uris):
            frames = _at_their_time(frames, stop, waiting)
        yield frames


def _at_their_time(
    frames: Iterable[Frame], stop: Stop, waiting: Callable[[], None]
) -> Iterator[Frame]:
    """Yields recorded frames no faster than they were recorded, for eyes to follow."""
    ahead_s = None
    for frame in frames:
        due_s = frame.t_ns / 1e9
        ahead_s = due_s - time.monotonic() if ahead_s is None else ahead_s
        while (early_s := due_s - time.monotonic() - ahead_s) > 0 and not stop.reason:
            time.sleep(min(early_s, WAIT_S))
            if early_s > WAIT_S:
                waiting()
        yield frame


def some_source(config: Config) -> Source:
    """Opens the source of the settings, else the first camera that works, else the signer."""
    source = chosen_source(config)
    if source is None:
        log.info("no camera works (see fingerspell devices): showing the synthetic signer")
    return source or open_source(SIGNER)


def chosen_source(config: Config) -> Source | None:
    """Opens the source of the settings, else the first camera that works; None if there is none."""
    if config.source:
        return open_guarded(config.source, config.camera)
    # One that does not open is not waited for: the next may.
    at_once = replace(config.camera, wait=False)
    return first_camera(lambda uri: open_guarded(uri, at_once))


def window(source: Source) -> tuple[str, ...]:
    """Returns the sink that is a window, where there is a screen to put it on; else ().

    The window is a mirror for who stands before a camera, and none for a recording.
    """
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if display and find_spec("pygame"):
        return ("screen" if source.live else "screen:no-mirror",)
    return ()
