"""A file that cannot be opened for now, as one on a network share whose server does not answer."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_F_SETSIG = 10  # of fcntl(2); Python does not name it


@contextmanager
def stalled(path: Path) -> Iterator[Callable[[float], None]]:
    """While this lasts, whoever opens the file waits, up to 45 s (fcntl(2), Leases).

    Gives a function that waits until somebody does, for so many seconds at most.
    """
    fd = os.open(path, os.O_RDWR)
    try:
        fcntl.fcntl(fd, _F_SETSIG, signal.SIGURG)  # which is ignored, unlike SIGIO
        try:
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            pytest.skip(f"no lease on {path}: {error.strerror}")

        def until_opened(patience_s: float) -> None:
            end_s = time.monotonic() + patience_s
            while fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_WRLCK:
                assert time.monotonic() < end_s, f"nobody opens {path}"
                time.sleep(0.01)

        yield until_opened
    finally:
        os.close(fd)
