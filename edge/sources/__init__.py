"""Sources: where frames come from, one file for each kind of source.

In comes a URI, `NAME:REST`, such as `usb:0?size=1280x720&fps=30`. Out goes a Source
(edge/stages.py), which yields frames. The file `NAME.py` has `open(rest: str) -> Source` and is
imported when a URI first names it. REST may end in options, `?name=value&name=value`, or, where it
is a URL, `#name=value&name=value`: what follows the "?" of a URL is the camera's own. A file that
declares `HIDDEN = True` opens as every other does, but users are not offered it. A driver or a
network may hang for ever: a file declares `GUARDED = True` if whatever it opens may hang, and
edge.capture opens it in a process of its own. `COMPLAINS = True` says that its libraries write to
stderr what is wrong with a picture; that process keeps and counts these lines. `RECORDINGS = True`
says that it opens recordings, and `SIZES_VARY = True` that each picture may have another size.

Other rooms use open_source, first_camera, is_guarded, may_complain, may_be_recorded, sizes_vary,
is_url, suggestion, public, place, names and shown_names. Whatever shows a URI or a URL shows
public(uri), which names nobody's password. The sources also use Size, VGA, split_options,
split_url_options and read_options. The options that every source takes are in _view.py.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path

from edge import plugins
from edge.errors import SourceError, UsageError
from edge.sources._options import VGA, Size, read_options, split_options, split_url_options
from edge.stages import Source
from edge.urls import is_url, place, public

__all__ = [
    "VGA", "Size", "first_camera", "is_guarded", "is_url", "may_be_recorded", "may_complain",
    "names", "open_source", "place", "public", "read_options", "shown_names", "sizes_vary",
    "split_options", "split_url_options", "suggestion",
]  # fmt: skip

_log = logging.getLogger(__name__)

_EXAMPLES = {
    "usb": "0",
    "picamera": "0",
    "signer": "HELLO",
    "browser": "",
}  # for those who name a source only


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
    from edge.sources import _view  # NumPy, which --help does not need

    rest, view = _view.take(rest)
    source: Source = importlib.import_module(f"{__name__}.{name}").open(rest)
    return _view.Viewed(source, view, uri) if view else source


def is_guarded(uri: str) -> bool:
    """Whether the file of this source declares that the source may hang (`GUARDED`).

    False for a URI that names no source, which open_source() refuses.
    """
    return _declares(uri, "GUARDED")


def may_complain(uri: str) -> bool:
    """Whether the file of this source declares that its libraries write to stderr (`COMPLAINS`)."""
    return _declares(uri, "COMPLAINS")


def may_be_recorded(uri: str) -> bool:
    """Whether this source declares that it also opens recordings (`RECORDINGS`), or only those.

    A URL of such a source may be a live stream all the same.
    """
    return _declares(uri, "RECORDINGS")


def sizes_vary(uri: str) -> bool:
    """Whether this source declares that each of its pictures may have another size."""
    return _declares(uri, "SIZES_VARY")


def _declares(uri: str, constant: str) -> bool:
    name = uri.partition(":")[0]
    return name in names() and plugins.declared(__path__, name, constant) is True


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
