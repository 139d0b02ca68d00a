"""Sources: where frames come from, one file for each kind of source.

In comes a URI, `NAME:REST`, such as `usb:0?size=1280x720&fps=30`. Out goes a Source
(edge/stages.py), which yields frames. The file `NAME.py` has `open(rest: str) -> Source` and is
imported when a URI first names it. REST may end in options, `?name=value&name=value`, or, where it
is a URL, `#name=value&name=value`: what follows the "?" of a URL is the camera's own. A file that
declares `HIDDEN = True` opens as every other does, but users are not offered it. A driver or a
network may hang for ever: a file declares `GUARDED = True` if what it opens may hang. edge.capture
opens these in a process of its own.

Other rooms use open_source, first_camera, is_guarded, is_url, suggestion, public, place, names and
shown_names. Whatever shows a URI or a URL shows public(uri), which names nobody's password. The
sources also use Size, VGA, split_options, split_url_options and read_options. The options that
every source takes are in _view.py.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import logging
import mimetypes
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import unquote

from edge import plugins
from edge.errors import SourceError, UsageError
from edge.sources._urls import OPTIONS, is_url, place, public, split_fragment
from edge.stages import Source

__all__ = [
    "VGA", "Size", "first_camera", "is_guarded", "is_url", "names", "open_source", "place",
    "public", "read_options", "shown_names", "split_options", "split_url_options", "suggestion",
]  # fmt: skip

_log = logging.getLogger(__name__)

Options = TypeVar("Options")

_EXAMPLES = {"usb": "0", "picamera": "0", "signer": "HELLO"}  # for those who name a source only


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


# The default size of pictures. The palm model sees a whole frame at 192 px and the landmark model a
# hand at 224 px (edge/detectors/mediapipe.py), so that a larger picture mostly costs time.
VGA = Size(640, 480)


def names() -> tuple[str, ...]:
    """The names of all sources that can be opened, in alphabetical order."""
    return plugins.names(__path__)


def shown_names() -> tuple[str, ...]:
    """The names of the sources that users are offered, in alphabetical order."""
    return plugins.shown_names(__path__)


def open_source(uri: str) -> Source:
    """Opens the source that `uri` names, such as "usb:0" or "video:clip.mp4?rotate=90".

    Raises UsageError for a URI that names no source or has a wrong option, and whatever the
    source itself raises: UsageError for a path that does not exist, SourceError for a camera or
    a file that gives no frames.
    """
    name, colon, rest = uri.partition(":")
    if not colon or name not in names():
        likely = suggestion(uri)
        hint = f"did you mean {public(likely)}?" if likely else "see fingerspell run --help"
        known = ", ".join(f"{n}:" for n in shown_names())
        raise UsageError(f"{public(uri)!r} names no source; there are {known}; {hint}")
    from edge.sources import _view  # it imports this module

    rest, view = _view.take(rest)
    source: Source = importlib.import_module(f"{__name__}.{name}").open(rest)
    return _view.Viewed(source, view, uri) if view else source


def is_guarded(uri: str) -> bool:
    """Whether the file of this source declares that the source may hang (`GUARDED`).

    False for a URI that names no source, which open_source() refuses.
    """
    name = uri.partition(":")[0]
    return name in names() and plugins.declared(__path__, name, "GUARDED") is True


def first_camera(opened: Callable[[str], Source] = open_source) -> Source | None:
    """Opens the first camera that works, camera modules before USB; None if there is none.

    opened: the function that opens a source by its URI. It is open_source, or open_guarded of
    edge.capture, which runs the camera in a process that can be killed if it hangs. For each
    camera that does not work, the reason is logged.
    """
    from edge.cameras import list_cameras

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

    The options follow the last "?" and have the form name=value, joined by "&". If what follows
    has another form, the "?" belongs to the text ("WHO? ME", "what?.mp4") and there are no
    options. Values are percent-decoded, so that a value can contain "&" (%26).
    Raises UsageError for an option given twice.
    """
    head, mark, tail = rest.rpartition("?")
    if not mark or not OPTIONS.fullmatch(tail):
        return rest, {}
    return head, _pairs(tail)


def split_url_options(url: str) -> tuple[str, dict[str, str]]:
    """Splits "http://host/?a=1#timeout=2" into "http://host/?a=1" and {"timeout": "2"}.

    Our options follow the last "#", which is never sent to a camera. A URL without one is the
    camera's as it stands. Otherwise as split_options.
    """
    url, tail = split_fragment(url)
    return url, _pairs(tail) if tail else {}


def _pairs(tail: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in tail.split("&"):
        name, _, value = pair.partition("=")
        if name in options:
            raise UsageError(f"option {name} is given twice; give it once")
        options[name] = unquote(value)
    return options


def read_options(options: dict[str, str], kind: type[Options]) -> Options:
    """Makes a dataclass of the type `kind` from the texts of its fields.

    Its fields are the options that a source knows, and each has a default. The type of a field is
    str, int, float, bool (written yes or no), a Literal of strings (upper or lower case), or a
    class with a class method `parse`, as Size has. The dataclass checks ranges in `__post_init__`.
    Raises UsageError for an unknown option, for a text that is not of the field's type, and where
    `__post_init__` raises ValueError.
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


def suggestion(uri: str) -> str | None:  # noqa: PLR0911 - one return a guess
    """The whole URI that someone who wrote `uri` probably wanted; None if there is no guess.

    uri: a bare path, URL, number or device, or a URI whose name is misspelled or lacks its rest.
    """
    if re.match(r"(https?|rtsps?|rtmp|udp)://", uri):
        return f"video:{uri}"
    if match := re.fullmatch(r"(?:/dev/video)?(\d+)", uri):
        return f"usb:{match[1]}"
    if uri and Path(uri).is_dir():
        return f"images:{uri}"
    name, _, rest = uri.partition(":")
    if name in names():
        return uri if rest else f"{name}:{_EXAMPLES[name]}" if name in _EXAMPLES else None
    close = difflib.get_close_matches(name.lower(), shown_names(), n=1)
    if close and rest:
        return f"{close[0]}:{rest}"
    kind = (mimetypes.guess_type(uri)[0] or "").partition("/")[0]
    if kind == "image":
        return f"images:{uri}"
    return f"video:{uri}" if kind == "video" or (uri and Path(uri).exists()) else None
