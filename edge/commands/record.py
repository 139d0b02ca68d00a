"""`fingerspell record`: takes of a gesture, from any source, to train a motion model on."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from edge.assembly import chosen_source, open_tracker, windows
from edge.config import Config
from edge.errors import SourceError, UsageError
from edge.recording.recorder import Order
from edge.recording.stages import Recording
from edge.recording.takes import LEAST, next_number
from edge.running.stop import Stop
from edge.session import open_session
from edge.sources import public
from edge.stages import Source
from edge.types import NONE

log = logging.getLogger(__name__)


def record(config: Config, order: Order, stop: Stop) -> int:
    """Records until all takes are kept or a stop is requested; returns how many were kept.

    Raises UsageError for a folder that cannot be written, SourceError where the source ends before
    all takes are kept: those that were are there.
    """
    folder = order.folder / order.name
    _check_writable(folder)
    facts = {"source": public(config.source), "detector": config.detector}

    def stages(source: Source) -> Recording:
        return Recording(open_tracker(config, source), order, facts, lambda: bool(stop.reason))

    with open_session(
        stop,
        lambda: _source(config),
        stages,
        lambda source: windows(config.sink, source),
        patience_s=config.camera.patience_s,
    ) as session:
        recording = session.stages
        log.info(_plan(order, folder))
        for _ in session.results():
            pass
    if recording.kept < order.takes and not stop.reason:
        kept = recording.kept
        found = f"{kept} of {order.takes} takes are kept in {folder}" if kept else "no take is kept"
        why = "" if recording.seen else ", and no hand was seen in it"
        raise SourceError(f"the source ended{why}: {found}; go on with a longer one")
    log.info("%d of %d takes are kept in %s", recording.kept, order.takes, folder)
    missing = 0 if order.name == NONE else LEAST - len(list(folder.glob("*.npz")))
    if missing > 0:
        log.info("%d more are needed to train a model", missing)
    else:
        log.info("next: python -m train.recipes.dynamic --data %s --out out", order.folder)
    return recording.kept


def _source(config: Config) -> Source:
    source = chosen_source(config)
    if source is None:
        raise SourceError("no camera works (see fingerspell devices); choose a --source")
    return source


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
