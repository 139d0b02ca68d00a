"""The words that are asked for: a short list of ours, or the learner's own, one word a line."""

from __future__ import annotations

import re
from pathlib import Path

from edge.errors import UsageError

OURS = Path(__file__).with_name("words.txt")  # short words that have every letter, by choice
MOST_BYTES = 1_000_000  # a hundred thousand words: more than anybody practises
LONGEST = 20  # letters: longer words do not fit the window


def read(path: Path) -> tuple[str, ...]:
    """Returns the words of a file, in capitals, each once; other lines are left out.

    A word has the letters A to Z, LONGEST at most. Raises UsageError for a file that cannot be
    read, is too large, or has no word.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path} has more than {MOST_BYTES // 10**6} MB; give a shorter list")
    lines = content.decode("utf-8-sig", errors="replace").upper().splitlines()
    words = tuple(dict.fromkeys(filter(_is_word, map(str.strip, lines))))
    if not words:
        raise UsageError(f"{path} has no word of the letters A to Z, one a line")
    return words


def _is_word(line: str) -> bool:
    return bool(re.fullmatch(f"[A-Z]{{1,{LONGEST}}}", line))
