"""The options that follow a source's name: split off a URI, and read into a dataclass."""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import unquote

from edge.errors import UsageError
from edge.urls import OPTIONS, split_fragment

Options = TypeVar("Options")


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
