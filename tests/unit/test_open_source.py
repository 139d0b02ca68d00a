"""Source URIs and their options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from edge.sources import (
    VGA,
    Size,
    names,
    open_source,
    read_options,
    shown_names,
    split_options,
    suggestion,
)


@dataclass(frozen=True)
class Options:
    size: Size = VGA
    fps: float = 30.0
    count: int = 1
    format: Literal["MJPG", "YUYV"] = "MJPG"
    loop: bool = False
    title: str = ""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("count is at least 1")


@pytest.mark.parametrize(
    ("rest", "head", "options"),
    [
        ("0", "0", {}),
        ("0?fps=30&size=1x2", "0", {"fps": "30", "size": "1x2"}),
        ("?fps=30", "", {"fps": "30"}),
        ("WHO?", "WHO?", {}),
        ("WHO? ME", "WHO? ME", {}),
        ("WHO??seed=3", "WHO?", {"seed": "3"}),
        ("a?b=1?c=2", "a?b=1", {"c": "2"}),
        ("A?title=%26&x=", "A", {"title": "&", "x": ""}),
        ("what?.mp4", "what?.mp4", {}),
    ],
)
def test_options_follow_the_last_question_mark(
    rest: str, head: str, options: dict[str, str]
) -> None:
    """What is not of the form name=value belongs to the text."""
    assert split_options(rest) == (head, options)


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@given(st.text(), st.dictionaries(NAMES, st.text(), min_size=1))
def test_any_text_and_any_values_come_back(text: str, options: dict[str, str]) -> None:
    """Whatever is joined by the rule is taken apart again."""
    pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    assert split_options(f"{text}?{pairs}") == (text, options)


def test_options_take_their_types() -> None:
    """Each text becomes what the dataclass says, and what is not given keeps its default."""
    texts = {"size": "1280x720", "fps": "12.5", "count": "3", "format": "yuyv", "loop": "yes"}
    assert read_options(texts, Options) == Options(Size(1280, 720), 12.5, 3, "YUYV", True)
    assert read_options({}, Options) == Options()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("size", "big", "1280x720"),
        ("size", "0x480", "1280x720"),
        ("fps", "fast", "it is a number"),
        ("count", "1.5", "it is a whole number"),
        ("count", "0", "count is at least 1"),
        ("format", "H264", "it is one of MJPG, YUYV"),
        ("loop", "maybe", "it is yes or no"),
        ("colour", "red", "the options are size, fps, count, format, loop, title"),
    ],
)
def test_wrong_options_say_what_is_right(name: str, text: str, told: str) -> None:
    """An unknown option, a wrong type and a value out of range are UsageErrors of one line."""
    with pytest.raises(UsageError, match=told):
        read_options({name: text}, Options)


def test_an_option_is_given_once() -> None:
    """Which of two values is meant cannot be known."""
    with pytest.raises(UsageError, match="fps is given twice"):
        split_options("0?fps=3&fps=4")


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        ("/dev/video2", "usb:2"),
        ("1", "usb:1"),
        ("usb", "usb:0"),
        ("USB:0", "usb:0"),
        ("vidoe:clip.mp4", "video:clip.mp4"),
        ("rtsp://host/stream", "video:rtsp://host/stream"),
        ("http://host/video", "video:http://host/video"),
        ("{folder}", "images:{folder}"),
        ("{folder}/clip.mp4", "video:{folder}/clip.mp4"),
        ("{folder}/A.JPG", "images:{folder}/A.JPG"),
    ],
)
def test_a_likely_meaning_is_suggested(tmp_path: Path, uri: str, meant: str) -> None:
    """Someone who leaves the scheme out, or misspells it, reads what to write."""
    for name in ("clip.mp4", "A.JPG"):
        (tmp_path / name).touch()
    uri, meant = uri.format(folder=tmp_path), meant.format(folder=tmp_path)
    assert suggestion(uri) == meant
    with pytest.raises(UsageError) as caught:
        open_source(uri)
    assert f"did you mean {meant}?" in str(caught.value)


@pytest.mark.parametrize("uri", ["", "nothing", "fault:HELLO"])
def test_nothing_is_suggested_without_a_likely_meaning(uri: str) -> None:
    """A hidden source is no suggestion either."""
    assert suggestion(uri) is None


@pytest.mark.parametrize("uri", ["", "nothing", "tape:0", "_capture:0", "../x:0"])
def test_an_unknown_source_lists_those_there_are(uri: str) -> None:
    """All sources that users are offered are named, and none of their helpers."""
    with pytest.raises(UsageError) as caught:
        open_source(uri)
    assert all(f"{name}:" in str(caught.value) for name in shown_names())
    assert "\n" not in str(caught.value)
    assert not any(name.startswith("_") for name in names())


def test_sources_for_tests_open_but_are_not_offered() -> None:
    """The faulty camera serves drills and soaks; users are not shown it."""
    assert set(names()) - set(shown_names()) == {"faulty"}
    with pytest.raises(UsageError, match="fault is flood"):
        open_source("faulty:A?fault=flood")
