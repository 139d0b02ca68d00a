"""Plug-ins: the modules of a room that are found by their file names, and what they declare.

Sources, detectors and sinks are plug-ins: one more is one more file in its room. What such a file
says of itself (`HIDDEN = True`, `EXTRA = "screen"`) is read here from its text, since importing it
may load OpenCV, or a library that is not installed.
"""

from __future__ import annotations

import ast
import difflib
import pkgutil
import re
from collections.abc import Iterable
from importlib.machinery import PathFinder


def names(folders: Iterable[str]) -> tuple[str, ...]:
    """The names of all plug-ins of a room, in alphabetical order.

    folders: the room's `__path__`. A file whose name begins with an underscore is no plug-in.
    """
    return tuple(sorted(m.name for m in pkgutil.iter_modules(folders) if m.name[0] != "_"))


def shown_names(folders: Iterable[str]) -> tuple[str, ...]:
    """The names of the plug-ins that users are offered: all but those with `HIDDEN = True`."""
    folders = tuple(folders)
    return tuple(name for name in names(folders) if not declared(folders, name, "HIDDEN"))


def known(name: str, offered: Iterable[str]) -> str:
    """Lists the names that there are, for a message about one that there is not.

    Where one of them is much like `name`, it is suggested.
    """
    offered = tuple(offered)
    close = difflib.get_close_matches(name, offered, 1)
    return ", ".join(offered) + (f"; did you mean {close[0]}?" if close else "")


def declared(folders: Iterable[str], name: str, constant: str) -> str | bool | None:
    """The value of a constant that a plug-in declares, or None if it declares no such constant.

    The plug-in is not imported. The declaration is one line at the module's top level, and its
    value is a literal. Raises ValueError for a value that is something else.
    """
    spec = PathFinder.find_spec(name, list(folders))
    source = getattr(spec.loader, "get_source", lambda _: None)(name) if spec else None
    found = re.search(rf"^{constant} = (.+)$", source or "", re.MULTILINE)
    value: str | bool | None = ast.literal_eval(found[1]) if found else None
    return value
