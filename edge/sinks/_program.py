"""Runs a program for each finished word, one after another, and never holds up the frame loop."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Callable

from edge.errors import SinkError
from edge.types import End, Event, Request, Result
from edge.worker import Worker

log = logging.getLogger(__name__)

WAITING = 50  # words that wait for a program: what is older than that means little to anybody
LONGEST_S = 10.0  # a program that runs longer hangs: it is killed, and the log says so
LAST_S = 5.0  # how long the end of a run waits for words that wait


class ProgramSink:
    """A sink that runs a program for each word."""

    def __init__(self, name: str, command: Callable[[Event], list[str]]) -> None:
        """name: of the sink, for messages. command: the program and its arguments for a word."""
        self._name = name
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._failing = False
        self._closed = self._over = False
        self._worker: Worker[Event] = Worker(name, self._run, most=WAITING)

    def write(self, result: Result) -> Request | None:
        """Hands each finished word to the thread that runs the program."""
        for event in result.events:
            self._take(event)
        return None

    def close(self, end: End) -> None:
        """Waits a little for words that wait. Raises SinkError where the program missed some."""
        if self._closed:
            return
        self._closed = True
        for event in end.events:
            self._take(event)
        missed = self._worker.close(LAST_S) + self._worker.lost
        self._over = True
        self._kill()
        if missed:
            raise SinkError(f"the program of the {self._name} sink missed {missed} words")

    def _take(self, event: Event) -> None:
        if event.kind == "word":
            self._worker.put(event)

    def _run(self, event: Event) -> None:
        """Runs the program for a word; says once in a row that it fails or hangs."""
        command = self._command(event)
        try:
            # A group of its own: Ctrl-C is not meant for it, and its children end with it.
            process = self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                env={**os.environ, "FINGERSPELL_WORD": event.label, "FINGERSPELL_TEXT": event.text},
                start_new_session=True,
            )  # fmt: skip
            if self._over:  # it was started while close() looked for one to kill
                self._kill()
            status = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            self._kill()
            self._say(f"it hangs, and was killed after {LONGEST_S:.0f} s")
        except (OSError, ValueError) as error:
            self._say(getattr(error, "strerror", None) or str(error))
        else:
            if status > 0:
                self._say(f"it ended with the status {status}")
            self._failing = status > 0

    def _say(self, what: str) -> None:
        if not self._failing:
            log.warning("the program of the %s sink failed: %s", self._name, what)
        self._failing = True

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
