"""Sources of frames: each module here is one, found by its file name.

A source is named by a URI, `NAME:REST`: `edge/sources/NAME.py` has `open(rest: str) -> Source`
and is imported when it is first wanted. REST ends, where options are wanted, in
`?name=value&name=value`, as in `usb:0?size=1280x720&fps=30`.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import logging
import pkgutil
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import unquote

from edge.errors import SourceError, UsageError
from edge.types import Source

_log = logging.getLogger(__name__)

Options = TypeVar("Options")

_OPTIONS = re.compile(r"[a-z][a-z0-9_]*=[^&]*(&[a-z][a-z0-9_]*=[^&]*)*")


class Size(NamedTuple):
    """A picture's size in pixels, written as 1280x720."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """Reads "1280x720"; raises ValueError for anything else."""
        match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
        if match is None:
            raise ValueError("a size is written as 1280x720")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


VGA = Size(640, 480)  # what hands are found in; a camera's larger picture is scaled down for it


def names() -> tuple[str, ...]:
    """The names of all sources, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"))


def open_source(uri: str) -> Source:
    """Opens the source that `uri` names, such as "usb:0" or "video:clip.mp4".

    Raises UsageError for a URI that names no source or has a wrong option, and whatever the
    source itself raises: UsageError for a path that does not exist, SourceError for a camera or
    a file that gives no frames.
    """
    name, colon, rest = uri.partition(":")
    if not colon or name not in names():
        meant = _meant(uri)
        hint = f"did you mean {public(meant)}?" if meant else "see fingerspell run --help"
        known = ", ".join(f"{n}:" for n in names())
        raise UsageError(f"{public(uri)!r} names no source; there are {known}; {hint}")
    source: Source = importlib.import_module(f"{__name__}.{name}").open(rest)
    return source


def public(uri: str) -> str:
    """A URI, or URL, without the user name and password that are not to be shown or logged.

    These end at the last @ before a path, whatever is in them: ? and # too, where they should have
    been written as %3F and %23.
    """
    return re.sub(r"//[^/]*@", "//", uri)


def first_camera(opened: Callable[[str], Source] = open_source) -> Source | None:
    """Opens the first camera that works, camera modules before USB; None if there is none.

    opened: what opens a source by its URI: this module's open_source or, for a camera that may be
    killed when it hangs, edge.capture's open_guarded. Why others do not work is logged.
    """
    from edge.cameras.listing import list_cameras

    for camera in list_cameras():
        if camera.problem:
            _log.warning("%s (%s) %s", camera.uri, camera.name, camera.problem)
            continue
        try:
            return opened(camera.uri)
        except SourceError as error:
            _log.warning("%s", error)
    return None


def split_options(rest: str) -> tuple[str, dict[str, str]]:
    """Splits "0?size=640x480&fps=30" into "0" and {"size": "640x480", "fps": "30"}.

    The options are what follows the last "?", if all of it is of the form name=value joined by
    "&"; otherwise the "?" belongs to the text ("WHO? ME", "what?.mp4") and there are none. A lone
    "?" at the end is text too. Values are percent-decoded, so that one can hold "&" (%26).
    Raises UsageError for an option given twice.
    """
    head, mark, tail = rest.rpartition("?")
    if not mark or not _OPTIONS.fullmatch(tail):
        return rest, {}
    options: dict[str, str] = {}
    for pair in tail.split("&"):
        name, _, value = pair.partition("=")
        if name in options:
            raise UsageError(f"option {name} is given twice in {rest!r}; give it once")
        options[name] = unquote(value)
    return head, options


def read_options(options: dict[str, str], kind: type[Options]) -> Options:
    """Makes a `kind`, a dataclass whose fields are the known options, from their texts.

    Fields may be str, int, float, bool (yes or no), a Literal of strings (read in any case), or
    have a class method `parse`, as Size has; each needs a default. Ranges are checked by the
    dataclass itself: a ValueError of its `__post_init__` becomes a UsageError, as do an unknown
    option and a text that is not of its type.
    """
    hints = typing.get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, text in options.items():
        if name not in known:
            raise UsageError(f"no option {name!r} here; the options are {', '.join(known)}")
        try:
            values[name] = _parse(text, hints[name])
        except ValueError as error:
            raise UsageError(f"option {name}={text} is wrong: {error}") from None
    try:
        return kind(**values)
    except ValueError as error:
        raise UsageError(f"wrong option: {error}") from None


def _parse(text: str, hint: Any) -> Any:
    if typing.get_origin(hint) is Literal:
        choices = {str(choice).lower(): choice for choice in typing.get_args(hint)}
        if text.lower() not in choices:
            raise ValueError(f"it is one of {', '.join(filter(None, choices.values()))}")
        return choices[text.lower()]
    if hint is bool:
        if text.lower() not in ("yes", "no", "1", "0"):
            raise ValueError("it is yes or no")
        return text.lower() in ("yes", "1")
    try:
        return getattr(hint, "parse", hint)(text)
    except ValueError:
        if hint in (int, float):
            raise ValueError("it is a whole number" if hint is int else "it is a number") from None
        raise


def _meant(uri: str) -> str | None:
    """What someone who wrote `uri` is likely to have meant, as a whole URI."""
    if re.match(r"(https?|rtsps?|rtmp|udp)://", uri):
        return f"video:{uri}"
    if match := re.fullmatch(r"(?:/dev/video)?(\d+)", uri):
        return f"usb:{match[1]}"
    if uri and Path(uri).is_dir():
        return f"images:{uri}"
    if uri and Path(uri).exists():
        picture = Path(uri).suffix.lower() in (".jpg", ".jpeg", ".png", ".webp", ".bmp")
        return f"images:{uri}" if picture else f"video:{uri}"
    name, _, rest = uri.partition(":")
    if name in names():
        return f"{name}:0" if name in ("usb", "picamera") else f"{name}:{rest}"
    close = difflib.get_close_matches(name.lower(), names(), n=1)
    return f"{close[0]}:{rest}" if close and rest else None
