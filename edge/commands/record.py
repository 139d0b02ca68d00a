"""`fingerspell record`: takes of a gesture, from any source, to train a motion model on."""

from __future__ import annotations

import contextlib
import datetime
import logging
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from edge.commands.run import USUAL_FPS, chosen_source, taken, threads, window
from edge.config import Config
from edge.detectors import open_detector
from edge.errors import SourceError, UsageError
from edge.hands.tracking import Hands
from edge.recording.recorder import Order, Recorder, Step
from edge.recording.takes import LEAST, next_number, save
from edge.running.stop import Stop
from edge.sinks import Sinks
from edge.sources import public
from edge.types import NONE, End, Frame, Hand, Prediction, Result

log = logging.getLogger(__name__)


def record(config: Config, order: Order, stop: Stop) -> int:
    """Records until all takes are kept or `stop` is asked; returns how many were kept.

    Raises UsageError for a folder that cannot be written, SourceError where the source ends before
    all takes are kept: those that were are there.
    """
    folder = order.folder / order.name
    _check_writable(folder)
    number, kept, text = next_number(folder), 0, ""
    with contextlib.ExitStack() as stack:
        with stop.at_once():
            source = chosen_source(config)
            if source is None:
                raise SourceError("no camera works (see fingerspell devices); choose a --source")
            stack.callback(source.close)
            fps = (source.fps or USUAL_FPS) if source.live else None
            hands = Hands(open_detector(config.detector, fps=fps, threads=threads(config)))
            sink_uris = config.sink or window(source)
            sinks = Sinks(sink_uris)
        stack.callback(lambda: sinks.close(End(text, 0, 0)))
        frames = stop.frames(stack.enter_context(taken(source, sink_uris, stop)))
        facts = {"source": public(config.source), "detector": config.detector, "sitting": _now()}
        log.info(_plan(order, folder))
        recorder = Recorder(order)
        for seen, (frame, found, step) in enumerate(_steps(frames, hands, recorder, stop), 1):
            if step.take is not None:
                facts["size"] = "{1}x{0}".format(*frame.rgb.shape)
                save(replace(step.take, facts=facts), folder / f"{number + kept:03}.npz")
                kept += 1
                step.say = f"kept: take {kept} of {order.takes}"
            if step.say:
                log.info("%s", step.say)
                text = step.say
            shown = Prediction(step.large, step.share, {}) if found or step.large else None
            dropped = max(0, frame.index + 1 - seen)
            if sinks.write(Result(frame, found, shown, (), text, {}, dropped)) == "quit":
                stop.ask("quit")
            if kept == order.takes:
                break
    if kept < order.takes and not stop.reason:
        told = f"{kept} of {order.takes} takes are kept in {folder}" if kept else "no take is kept"
        why = "" if recorder.seen else ", and no hand was seen in it"
        raise SourceError(f"the source ended{why}: {told}; go on with a longer one")
    log.info("%d of %d takes are kept in %s", kept, order.takes, folder)
    missing = 0 if order.name == NONE else LEAST - len(list(folder.glob("*.npz")))
    if missing > 0:
        log.info("%d more are needed to train a model", missing)
    else:
        log.info("next: python -m train.recipes.dynamic --data %s --out out", order.folder)
    return kept


def _steps(
    frames: Iterable[Frame], hands: Hands, recorder: Recorder, stop: Stop
) -> Iterator[tuple[Frame, tuple[Hand, ...], Step]]:
    """Yields each frame with its hands and what it leads to; the last once more, if it ends a take.

    A take that was begun when the user stopped is none.
    """
    frame = None
    for frame in frames:
        found = hands.update(frame)
        yield frame, found, recorder.update(frame.t_ns, found[0] if found else None)
    last = recorder.end()
    if frame is not None and last.take and not stop.reason:
        yield frame, (), last


def _plan(order: Order, folder: Path) -> str:
    there = next_number(folder) - 1
    more = f", after the {there} that are there" if there else ""
    return f"{order.takes} takes of {order.name}, {order.seconds:g} s each, into {folder}{more}"


def _check_writable(folder: Path) -> None:
    """Raises UsageError where takes could not be written; makes nothing."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"cannot write into {there}: {reason}; choose another --out") from error


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
