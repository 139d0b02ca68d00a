"""What the kiosk says, in each language: one small TOML file a language, in sentences/."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from edge import plugins
from edge.errors import UsageError

FOLDER = Path(__file__).parent / "sentences"
LONGEST = 80  # characters of a sentence: more do not fit a small display in letters to be read

Sentences = Mapping[str, str]


def languages() -> tuple[str, ...]:
    """The languages that there are files for, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(language: str) -> Sentences:
    """Returns the sentences of a language; raises UsageError if there is no such file."""
    if language not in languages():
        known = plugins.known(language, languages())
        raise UsageError(f"the kiosk does not speak {language!r}; it speaks: {known}")
    return read(FOLDER / f"{language}.toml")


def read(path: Path) -> Sentences:
    """Reads a file of sentences; raises UsageError where one is missing, unknown or too long."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    wanted = tomllib.loads((FOLDER / "en.toml").read_text(encoding="utf-8"))
    for name in wanted:
        if not isinstance(said.get(name), str) or not said[name].strip():
            raise UsageError(f"{path} has no sentence {name}; in English it is {wanted[name]!r}")
        if len(said[name]) > LONGEST:
            raise UsageError(f"{path}: the sentence {name} has more than {LONGEST} characters")
    for name in said:
        if name not in wanted:
            known = plugins.known(name, wanted)
            raise UsageError(f"{path}: there is no sentence {name!r}; there are: {known}")
    return said
