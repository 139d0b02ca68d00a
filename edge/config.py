"""One frozen Config: defaults < a TOML file < flags. An unknown key or a wrong type is an error."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from edge.capture import CameraConfig
from edge.errors import UsageError, lacks_memory
from edge.recognise.rules.tunables import DebounceConfig, GestureConfig
from edge.running.logs import Style
from edge.spelling.speller import TextConfig
from edge.urls import public

LARGE = 1e15  # a number beyond this is a slip of the finger, and one beyond 1e308 no float
Alphabet = Literal["", "letters", "digits", "both"]


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set; each field is a key of the file, and most are flags too.

    source: URI of the source; "" is the first camera that works, else the synthetic signer.
    detector: NAME or NAME:REST, as `fingerspell run --help` lists them.
    model: name of an installed model (fingerspell models), or the path of another: out/digits,
        with or without .json or .tflite.
    alphabet: what may be read; "" is the letters where the model reads them, else the first that it
        reads. In "both", 0 and O, 2 and V, 6 and W share a shape.
    sink: URIs of the sinks; none is a window where there is a screen, else JSON lines on stdout.
    hands: how many hands to follow, 1 or 2; the one that came first is read.
    threads: of the models' interpreter; 0 is half of the cores, at most 4.
    max_seconds: ends the run so long after its source was opened; 0 is never. A file that takes
        longer to open, such as a pipe into which nobody writes, ends the run, too.
    log: the format of log lines, text or json (edge/running/logs.py).
    camera: when a camera is opened again, and when the run gives up (edge/capture/settings.py).
    text: words and pauses (edge/spelling/speller.py, edge/recognise/pause.py).
    debounce, gestures: of the rules (edge/recognise/rules/tunables.py).
    """

    source: str = ""
    detector: str = "mediapipe"
    model: str = "letters"
    alphabet: Alphabet = ""
    sink: tuple[str, ...] = ()
    hands: int = 1
    threads: int = 0
    max_seconds: float = 0.0
    log: Style = "text"
    camera: CameraConfig = field(default_factory=CameraConfig)
    debounce: DebounceConfig = field(default_factory=DebounceConfig)
    text: TextConfig = field(default_factory=TextConfig)
    gestures: GestureConfig = field(default_factory=GestureConfig)

    def __post_init__(self) -> None:
        """Raises UsageError for a value that makes no sense."""
        if self.hands not in (1, 2):
            raise UsageError(f"hands is {self.hands}; it must be 1 or 2")
        if not 0 <= self.threads <= 64:
            raise UsageError(f"threads is {self.threads}; it must be 0 (automatic) to 64")
        if not 0 <= self.max_seconds < float("inf"):
            raise UsageError(f"max_seconds is {self.max_seconds}; it must be 0 (no end) or more")


def load(path: Path | None, flags: Mapping[str, Any]) -> Config:
    """Returns the defaults, changed by the file, changed by the flags that are not None.

    Raises UsageError, naming the file and the key, for whatever is wrong in either.
    """
    config = Config()
    if path is not None:
        try:
            config = _changed(config, _read(path))
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from error
    return replace(config, **{key: value for key, value in flags.items() if value is not None})


def _read(path: Path) -> dict[str, Any]:
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a mark before the text
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"this is not TOML: {error}{_quoted(text, str(error))}") from error
    except OSError as error:
        if lacks_memory(error):
            raise
        raise UsageError(f"cannot read the configuration: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, or absurdly deep or long
        raise UsageError(f"this is not TOML: {error}") from error


def _quoted(text: str, error: str) -> str:
    """Returns what to write in place of a line that lacks only its quotes; "" for any other."""
    line = re.search(r"at line (\d+)", error)
    given = text.splitlines()[int(line[1]) - 1 :][:1] if line else []
    found = re.fullmatch(r"\s*([\w.-]+)\s*=\s*([^\s\"'\[{#][^\"'#]*?)\s*(#.*)?", "".join(given))
    if found is None:
        return ""
    name, value = found[1], found[2]
    if value.lower() in ("true", "yes", "on", "false", "no", "off"):
        return f"; write {name} = {'true' if value.lower() in ('true', 'yes', 'on') else 'false'}"
    return f'; write {name} = "{value}"'


def _changed(config: Any, table: Mapping[str, Any], prefix: str = "") -> Any:
    """Returns the dataclass `config` with the values of a TOML table put in their places."""
    hints = get_type_hints(type(config))
    known = [f.name for f in fields(config)]
    changes = {}
    for key, value in table.items():
        name = prefix + key
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            meant = (
                f"did you mean {prefix}{close[0]}?" if close else f"there are: {', '.join(known)}"
            )
            raise UsageError(f"there is no setting {name}; {meant}")
        old = getattr(config, key)
        if is_dataclass(old) and isinstance(value, dict):
            changes[key] = _changed(old, value, f"{name}.")
        else:
            changes[key] = _typed(name, value, hints[key])
    return replace(config, **changes)


def _typed(name: str, value: Any, hint: Any) -> Any:
    """Returns the TOML value as a `hint`; raises UsageError where it is something else."""
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        expected = "one of " + ", ".join(repr(v) for v in get_args(hint))
        close = difflib.get_close_matches(str(value), get_args(hint), 1)
        expected += f"; did you mean {close[0]!r}?" if close else ""
    elif get_origin(hint) is tuple:
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list) and all(isinstance(v, str) for v in values):
            return tuple(values)
        expected = "a string or a list of strings"
    elif is_dataclass(hint):
        expected = f"a table: [{name}]"
    elif hint is float and type(value) in (int, float) and abs(value) < LARGE:
        return float(value)
    elif type(value) is hint:  # bool is an int to isinstance, not to a user
        return value
    else:
        expected = {
            str: "a string",
            bool: "true or false",
            int: "a whole number",
            float: "a number",
        }.get(hint, str(hint))
    raise UsageError(f"{name} is {public(repr(value))}; it must be {expected}")
