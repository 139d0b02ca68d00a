"""Settings: defaults < file < flags, and one clear line for whatever is wrong in them."""

from __future__ import annotations

import inspect
import re
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commands.cli import main
from edge.config import Config, load
from edge.errors import FingerspellError, UsageError
from edge.recognise.rules.tunables import DebounceConfig, GestureConfig
from edge.spelling.speller import TextConfig

EXAMPLE = """
source = "usb:0?size=1280x720"
detector = "mediapipe:lite"
model = "letters"
alphabet = "both"
sink = ["screen:full", "jsonl:/tmp/letters.jsonl"]
hands = 2
threads = 3
max_seconds = 60

[debounce]
hold_ms = 200
off = 0.25

[text]
pause_ms = 1200.5
words = ["F16", "W6"]

[gestures]
on = false
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file of a test lies."""
    return tmp_path / "fingerspell.toml"


def fault(file: Path, text: str | bytes, flags: dict[str, Any] | None = None) -> str:
    """The one line that is said of this file."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError) as raised:
        load(file, flags or {})
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(f"{file}: ")
    return message.removeprefix(f"{file}: ")


def test_without_file_and_flags_there_are_the_defaults() -> None:
    """Flags that were not given are None, and change nothing."""
    assert load(None, {}) == Config() == load(None, {"source": None, "hands": None})


def test_an_example_file_is_read_whole(file: Path) -> None:
    """Each value arrives in its field and in its type; what is not there keeps its default."""
    file.write_text(EXAMPLE)
    assert load(file, {}) == Config(
        source="usb:0?size=1280x720",
        detector="mediapipe:lite",
        model="letters",
        alphabet="both",
        sink=("screen:full", "jsonl:/tmp/letters.jsonl"),
        hands=2,
        threads=3,
        max_seconds=60.0,
        debounce=DebounceConfig(hold_ms=200.0, off=0.25),
        text=TextConfig(pause_ms=1200.5, words=("F16", "W6")),
        gestures=GestureConfig(on=False),
    )


def test_a_file_of_all_defaults_says_the_same(file: Path) -> None:
    """Every field can be written down, and what is written is what is read."""
    file.write_text(toml(Config()))
    assert load(file, {}) == Config()


def toml(config: Any, prefix: str = "") -> str:
    """Writes a config down."""
    lines, tables = [], []
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            tables.append(f"[{prefix}{field.name}]\n{toml(value, field.name + '.')}")
        else:
            shown = list(value) if isinstance(value, tuple) else value
            lines.append(
                f"{field.name} = {str(shown).lower() if isinstance(shown, bool) else repr(shown)}"
            )
    return "\n".join([*lines, *tables]) + "\n"


@given(
    hands=st.sampled_from([None, 1, 2]),
    threads=st.none() | st.integers(0, 64),
    max_seconds=st.none() | st.floats(0, 1e6),
    alphabet=st.sampled_from([None, "letters", "digits", "both"]),
    sink=st.none() | st.just(("jsonl:-",)),
)
def test_flags_beat_the_file_which_beats_the_defaults(
    tmp_path_factory: pytest.TempPathFactory, **flags: Any
) -> None:
    """Whichever flags are given, the rest is the file's, and what that does not say the default."""
    file = tmp_path_factory.mktemp("config") / "fingerspell.toml"
    file.write_text('hands = 2\nalphabet = "digits"\nthreads = 7\n')
    config = load(file, flags)
    below = {"hands": 2, "alphabet": "digits", "threads": 7, "max_seconds": 0.0, "sink": ()}
    for name, value in below.items():
        assert getattr(config, name) == (value if flags[name] is None else flags[name])
    assert config.debounce == DebounceConfig()


def test_one_sink_needs_no_list(file: Path) -> None:
    """A string is a list of one."""
    file.write_text('sink = "screen"')
    assert load(file, {}).sink == ("screen",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hand = 2", "there is no setting hand; did you mean hands?"),
        ("sauce = 'usb:0'", "there is no setting sauce; did you mean source?"),
        ("[debounce]\nhold = 100", "there is no setting debounce.hold; did you mean"),
        ("[text]\npause = 100", "there is no setting text.pause; did you mean text.pause_ms?"),
        ("[debouncing]\nhold_ms = 100", "there is no setting debouncing; did you mean debounce?"),
        ("[text]\nzzz = 1", "there is no setting text.zzz; there are: pause_ms, gap_ms"),
    ],
)
def test_an_unknown_key_is_named_with_the_one_that_was_meant(
    file: Path, text: str, said: str
) -> None:
    """A misspelt setting is never passed over in silence."""
    assert fault(file, text).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hands = '2'", "hands is '2'; it must be a whole number"),
        ("hands = 1.0", "hands is 1.0; it must be a whole number"),
        ("hands = true", "hands is True; it must be a whole number"),
        ("[gestures]\non = 1", "gestures.on is 1; it must be true or false"),
        ("threads = [1]", "threads is [1]; it must be a whole number"),
        ("source = 0", "source is 0; it must be a string"),
        ("max_seconds = '1'", "max_seconds is '1'; it must be a number"),
        ("max_seconds = true", "max_seconds is True; it must be a number"),
        ("sink = 1", "sink is 1; it must be a string or a list of strings"),
        ("sink = ['screen', 1]", "sink is ['screen', 1]; it must be a string or a list of strings"),
        (
            "alphabet = 'abc'",
            "alphabet is 'abc'; it must be one of '', 'letters', 'digits', 'both'",
        ),
        ("alphabet = ['both']", "alphabet is ['both']; it must be one of"),
        ("debounce = 100", "debounce is 100; it must be a table: [debounce]"),
        ("[source]\nname = 'usb'", "source is {'name': 'usb'}; it must be a string"),
        ("[debounce]\nhold_ms = '100'", "debounce.hold_ms is '100'; it must be a number"),
    ],
)
def test_a_wrong_type_is_named_with_the_right_one(file: Path, text: str, said: str) -> None:
    """A truth value is no number, and a number in quotes is none either."""
    assert fault(file, text).startswith(said)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("hands = 3", "hands is 3"),
        ("hands = 0", "hands is 0"),
        ("threads = -1", "threads is -1"),
        ("threads = 65", "threads is 65"),
        ("max_seconds = -0.5", "max_seconds is -0.5"),
        ("max_seconds = nan", "max_seconds is nan"),
        ("max_seconds = inf", "max_seconds is inf"),
        ("[debounce]\nhold_ms = 0", "hold_ms is 0"),
        ("[debounce]\nhold_ms = nan", "hold_ms is nan"),
        ("[text]\npause_ms = -1", "pause_ms is -1"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(file: Path, text: str, named: str) -> None:
    """Of the right type, and yet nothing that could be meant."""
    assert named in fault(file, text)


def test_flags_are_checked_too() -> None:
    """A value that no file may have is none for a flag."""
    with pytest.raises(UsageError, match="max_seconds is -1"):
        load(None, {"max_seconds": -1.0})


@pytest.mark.parametrize(
    "text",
    ["hands = ", "hands == 2", "[text", "a b c", b"\xff\xfe h", b"\x00", 'source = "usb:0'],
)
def test_what_is_not_toml_is_refused(file: Path, text: str | bytes) -> None:
    """A slip of the pen, another encoding, a picture."""
    assert fault(file, text).startswith("this is not TOML: ")


def test_a_key_that_is_there_twice_is_refused(file: Path) -> None:
    """TOML allows a key once."""
    assert fault(file, "hands = 1\nhands = 2").startswith("this is not TOML: ")


def test_a_file_that_is_missing_or_no_file(tmp_path: Path) -> None:
    """The line names it and says why; it ends with the exit code of a wrong use."""
    for path, reason in (
        (tmp_path / "none.toml", "No such file"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(UsageError, match=reason) as raised:
            load(path, {})
        assert str(raised.value).startswith(f"{path}: ")
        assert raised.value.exit_code == 2


def test_an_empty_file_is_a_file(file: Path) -> None:
    """Everything commented out is how a file of settings begins."""
    file.write_text("# hands = 2\n")
    assert load(file, {}) == Config()


def test_a_config_never_changes() -> None:
    """Whoever holds it may rely on it."""
    with pytest.raises(FrozenInstanceError):
        Config().hands = 2  # type: ignore[misc]


@pytest.mark.parametrize("kind", [Config, DebounceConfig, GestureConfig, TextConfig])
def test_every_setting_is_documented(kind: type) -> None:
    """The docstring has a line for each field: it is where users are sent."""
    docs = "\n".join(inspect.getdoc(each) or "" for each in kind.__mro__ if is_dataclass(each))
    told = re.findall(r"^([a-z_, ]+):", docs, re.MULTILINE)
    names = {name.strip() for line in told for name in line.split(",")}
    assert names == {field.name for field in fields(kind)}


@given(
    st.dictionaries(
        st.sampled_from([f.name for f in fields(Config)]) | st.text("abc_", min_size=1, max_size=8),
        st.recursive(
            st.booleans() | st.integers(-5, 100) | st.floats() | st.text("ab:0'", max_size=5),
            lambda inner: st.lists(inner, max_size=2),
            max_leaves=3,
        ),
        max_size=3,
    )
)
def test_whatever_a_file_says_is_settings_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, Any]
) -> None:
    """No table makes anything else happen."""
    file = tmp_path_factory.mktemp("config") / "fingerspell.toml"
    file.write_text("\n".join(f"{key} = {value!r}" for key, value in table.items()))
    outcome = _outcome(file)
    if not isinstance(outcome, Config):
        assert "\n" not in str(outcome)
        assert outcome.exit_code == 2


def _outcome(file: Path) -> Config | FingerspellError:
    try:
        return load(file, {})
    except FingerspellError as error:
        return error


@pytest.mark.parametrize("text", ["max_seconds = 1" + "0" * 400, "x = " + "[" * 3000])
def test_absurd_numbers_and_nesting_are_refused(tmp_path: Path, text: str) -> None:
    """A number beyond all measure, or brackets without end, are wrong settings and no traceback."""
    path = tmp_path / "absurd.toml"
    path.write_text(text)
    with pytest.raises(UsageError):
        load(path, {})


def test_a_mark_before_the_text_is_no_fault(file: Path) -> None:
    """Editors on Windows begin a file with a byte order mark, and end lines with CR and LF."""
    file.write_bytes(b"\xef\xbb\xbfhands = 2\r\n[camera]\r\n")
    assert load(file, {}).hands == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alphabet = both", 'write alphabet = "both"'),
        ("hands = 1\nsource = usb:0 # the first", 'write source = "usb:0"'),
        ("[text]\nedits = Yes", "write edits = true"),
    ],
)
def test_a_value_without_quotes_says_what_to_write(file: Path, text: str, said: str) -> None:
    """The line is there as it should be."""
    file.write_text(text)
    with pytest.raises(UsageError, match=re.escape(said)):
        load(file, {})


def test_the_settings_file_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a user has changed in it is lost only where the user says so."""
    monkeypatch.chdir(tmp_path)
    assert main(["config", "--write"]) == 0
    file = tmp_path / "fingerspell.toml"
    assert load(file, {}) == Config()
    file.write_text("hands = 2\n")
    assert main(["config", "--write"]) == 2
    assert file.read_text() == "hands = 2\n"
    assert "--overwrite" in capsys.readouterr().err
    assert main(["config", "--write", "fingerspell.toml", "--overwrite"]) == 0
    assert load(file, {}) == Config()
    assert [path.name for path in tmp_path.iterdir()] == ["fingerspell.toml"]
    capsys.readouterr()
    assert main(["config"]) == 0
    assert capsys.readouterr().out == file.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[debounce]\nhold = 100", "did you mean debounce.hold_ms?"),
        ("alphabet = 'leters'", "did you mean 'letters'?"),
        ("log = 'jsn'", "did you mean 'json'?"),
    ],
)
def test_a_settings_file_can_be_checked(
    file: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a camera: one line names the file, what is wrong, and the nearest right one."""
    file.write_text(text)
    assert main(["config", "--check", str(file)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"fingerspell: {file}: ")
    assert said in line
    file.write_text("hands = 2")
    assert main(["config", "--check", str(file)]) == 0
