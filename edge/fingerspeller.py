"""Fingerspeller: reads letters and words for a Python program, in a thread in the background.

    for event in Fingerspeller("usb:0"):
        print(event.kind, event.label)

docs/python.md explains it. The frames are read by the same session as those of `fingerspell run`.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from edge.background import Function, Run
from edge.config import Config, load
from edge.types import Event, Result


class _When:
    """A property: the function that is called for each event of one kind, or None.

    The function takes the event, or nothing. It is called in a thread in the background, and a slow
    function holds up only those after it.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __get__(self, reader: Fingerspeller | None, owner: type) -> Any:
        return self if reader is None else reader._run.functions.get(self._kind)

    def __set__(self, reader: Fingerspeller, function: Function | None) -> None:
        reader._run.set_function(self._kind, function)


class Fingerspeller:
    """Reads fingerspelling from a source; a context manager, and an iterator of events.

    A camera is read from the moment when this is made. A recording, and the signer, wait until
    somebody listens: a `for` loop, a function of when_letter and its like, wait(), text or result.
    So none of their events is lost.

    when_letter, when_word, when_space, when_delete, when_hand: functions that are called for events
        of this kind; they take the event (edge.types.Event), or nothing.
    """

    when_letter = _When("letter")
    when_word = _When("word")
    when_space = _When("space")
    when_delete = _When("delete")
    when_hand = _When("hand")

    def __init__(self, source: str = "", *, config: Path | str | None = None, **settings: Any):
        """source: a URI as of `--source`; "" is the first camera that works, else the signer.

        config: a settings file. settings: others of edge.config.Config, such as alphabet="both" or
        sink=("jsonl:letters.jsonl",), and functions by their name, such as when_word=print.
        Returns once the source is open. Raises FingerspellError where it cannot be opened.
        """
        names = [name for name in settings if name.startswith("when_")]
        functions = {name.removeprefix("when_"): settings.pop(name) for name in names}
        unknown = sorted(name for name in names if not isinstance(_when(name), _When))
        unknown += sorted(settings.keys() - Config.__dataclass_fields__.keys())
        if unknown:
            raise TypeError(f"Fingerspeller has no setting {', '.join(unknown)}")
        if isinstance(settings.get("sink"), str | list):
            sink = settings["sink"]
            settings["sink"] = (sink,) if isinstance(sink, str) else tuple(sink)
        given = {"source": source or None, **settings}
        self._run = Run(load(None if config is None else Path(config), given))
        # Also at the end of the program, or when nothing refers to this any longer.
        self._close = weakref.finalize(self, self._run.close)
        for kind, function in functions.items():
            self._run.set_function(kind, function)
        self._run.open()

    @property
    def text(self) -> str:
        """All that was spelled so far."""
        result = self.result
        return result.text if result else ""

    @property
    def result(self) -> Result | None:
        """Everything known after the newest frame: picture, hands, prediction; None before it."""
        self._run.listen()
        return self._run.result

    @property
    def is_active(self) -> bool:
        """Whether it still reads: the source has not ended, and close() was not called."""
        return self._run.is_active

    def __iter__(self) -> Iterator[Event]:
        """Yields each event until the source ends; raises FingerspellError where it is lost."""
        self._run.listen()
        while True:
            event = self._run.next_event()
            if event is None:
                return
            yield event

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until the source has ended, or for `timeout_s`; returns whether it has ended.

        Raises FingerspellError where the source was lost.
        """
        self._run.listen()
        return self._run.wait(timeout_s)

    def clear(self) -> None:
        """Starts an empty text with the next frame."""
        self._run.clear.set()

    def close(self) -> None:
        """Ends the reading and releases the source; may be called twice, and by a function."""
        self._close()

    def __enter__(self) -> Fingerspeller:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _when(name: str) -> object:
    return vars(Fingerspeller).get(name)
