"""The report of results: what it draws, marks and refuses."""

from __future__ import annotations

import json
import re
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from benchmarks.developers.scaling import __main__ as scaling
from benchmarks.developers.scaling import axes
from benchmarks.models import __main__ as models
from benchmarks.report import __main__ as report
from benchmarks.report import charts, page
from edge.errors import UsageError
from edge.models import find

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
LIST = RESULTS / "README.md"


@pytest.fixture(scope="module")
def of_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of two bundled models, measured for an instant."""
    path = tmp_path_factory.mktemp("report") / "models.json"
    files = [str(find(name).with_suffix(".tflite")) for name in ("letters", "sign_mnist")]
    flags = ["--only", "--threads", "1", "--runs", "2", "--seconds", "0.01", "--json", str(path)]
    assert models.main([*files, *flags]) == 0
    return path


@pytest.fixture(scope="module")
def of_scaling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of two axes, measured for an instant on small pictures."""
    path = tmp_path_factory.mktemp("report") / "scaling.json"
    flags = ["--axis", "sinks", "--axis", "length", "--detector", "truth", "--json", str(path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(axes, "ROUND", "signer:A?size=160x120")
        assert scaling.main([*flags, "--seconds", "0.01", "--length", "0.01"]) == 0
    return path


@pytest.fixture
def of_peers() -> Path:
    """The reference result: peers have environments of their own."""
    return RESULTS / "xeon-2-cores" / "peers.json"


def changed(path: Path, to: Path, **fields: Any) -> Path:
    """Writes a result with other fields; those given as a dictionary are updated."""
    found = json.loads(path.read_text())
    for name, value in fields.items():
        found[name] = {**found[name], **value} if isinstance(value, dict) else value
    to.write_text(json.dumps(found))
    return to


def test_pictures_and_a_page_are_drawn(of_latency: Path, of_models: Path, tmp_path: Path) -> None:
    """The page holds every picture itself, the commands, and what estimates are."""
    out = tmp_path / "out"
    assert report.main([str(of_latency), str(of_models), "--out", str(out)]) == 0
    pictures = {"latency.png", "fps.png", "models.png", "accuracy.png"}
    assert {path.name for path in out.iterdir()} == pictures | {"index.html"}
    for name in pictures:
        content = (out / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) < 200_000
    page = (out / "index.html").read_text()
    assert page.count("data:image/png;base64,") == len(pictures)
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "python -m benchmarks.latency" in page
    assert "Estimates, not measured" in page


def test_one_picture_is_drawn_where_one_is_wanted(
    of_latency: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no page; one that there is no result for is refused."""
    out = tmp_path / "out"
    assert report.main([str(of_latency), "--out", str(out), "--only", "latency"]) == 0
    assert [path.name for path in out.iterdir()] == ["latency.png"]
    code = report.main([str(of_latency), "--out", str(out), "--only", "scaling"])
    assert code == UsageError.exit_code
    assert "scaling.png" in capsys.readouterr().err


def test_the_same_results_are_drawn_the_same(of_latency: Path, tmp_path: Path) -> None:
    """Byte for byte, so that a picture changes only when figures do."""
    for name in ("a", "b"):
        assert report.main([str(of_latency), "--out", str(tmp_path / name)]) == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_results_of_different_models_are_marked(
    of_latency: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And drawn beside each other all the same, each by its own name."""
    other = changed(
        of_latency,
        tmp_path / "other.json",
        models={"letters": "0" * 64},
        settings={"hands": 2},
        machine={"board": "Raspberry Pi 9"},
    )
    out = tmp_path / "out"
    assert report.main([str(of_latency), str(other), "--out", str(out)]) == 0
    marked = capsys.readouterr().err
    assert re.search(r" and \S+, truth, letters: hands 1 and 2\n", marked)
    assert re.search(rf"the model letters \w+ and {'0' * 12}", marked)
    page = (out / "index.html").read_text()
    assert "Not of the same" in page
    assert "Raspberry Pi 9" in page


def test_results_of_the_same_are_not_marked(
    of_latency: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two boards that ran the same."""
    other = changed(of_latency, tmp_path / "o.json", machine={"board": "Raspberry Pi 9"})
    assert report.main([str(of_latency), str(other), "--out", str(tmp_path / "out")]) == 0
    assert not capsys.readouterr().err
    assert "Not of the same" not in (tmp_path / "out" / "index.html").read_text()


def test_boards_are_named_by_their_folders(of_models: Path, tmp_path: Path) -> None:
    """Above each board's own pictures."""
    paths = []
    for name in ("raspberry-pi-8", "raspberry-pi-9"):
        (tmp_path / name).mkdir()
        found = json.loads(of_models.read_text())
        found["conditions"]["warnings"] = []
        (tmp_path / name / "models.json").write_text(json.dumps(found))
        paths.append(str(tmp_path / name / "models.json"))
    assert report.main([*paths, "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<h2>Models alone: raspberry-pi-8</h2>" in page
    assert "<h2>Models alone: raspberry-pi-9</h2>" in page


def test_results_of_one_board_have_different_names(of_latency: Path, of_models: Path) -> None:
    """The second of a name is told by its number, among those of its kind."""
    found = [report.read(of_latency) for _ in range(3)]
    assert len(set(report.labels(found))) == 3
    (of_one,) = report.labels([report.read(of_models)])
    same = [report.read(of_models) | {"kind": kind} for kind in ("models", "scaling")]
    assert report.labels(same) == [of_one, of_one]


def test_accuracy_is_that_of_the_very_file_that_was_measured(of_models: Path) -> None:
    """The letter model's sets left out, their mean and worst; none of a file of another sum."""
    found = report.read(of_models)
    points = report.accuracies(found, 1)
    letters = {p["what"]: p for p in points if p["name"] == "letters"}
    assert {p["kind"] for p in letters.values()} == {"strangers"}
    assert letters["accuracy, set left out, the worst"]["accuracy"] < 0.9
    assert {p["kind"] for p in points if p["name"] == "sign_mnist"} == {"strangers", "same people"}
    other = deepcopy(found)
    for model in other["models"]:
        model["sha256"] = "0" * 64
    assert not report.accuracies(other, 1)


def test_results_of_one_kind_are_drawn_each(of_models: Path, tmp_path: Path) -> None:
    """The pictures of a second board's models have a number."""
    other = changed(of_models, tmp_path / "other.json", machine={"board": "Raspberry Pi 9"})
    assert report.main([str(of_models), str(other), "--out", str(tmp_path / "out")]) == 0
    drawn = {path.name for path in (tmp_path / "out").iterdir()}
    assert drawn == {
        "models.png", "accuracy.png", "models-2.png", "accuracy-2.png", "index.html",
    }  # fmt: skip


def test_reference_results_are_drawn(tmp_path: Path) -> None:
    """All of a board's together, peers and scaling among them."""
    results = sorted(map(str, RESULTS.glob("*/*.json")))
    assert report.main([*results, "--out", str(tmp_path)]) == 0
    drawn = {path.stem for path in tmp_path.glob("*.png")}
    assert drawn >= set(report.PICTURES)
    assert "mediapipe_alone:full" in (tmp_path / "index.html").read_text()


def test_every_reference_result_is_listed_with_its_command() -> None:
    """As it was typed, where the result itself says so; some commands have moved since."""
    moved = re.compile(r"benchmarks\.(scaling|instructions)\b")
    listed = dict(
        re.findall(r"([\w/-]+\.(?:json|md)) \| `(.+)` \|$", LIST.read_text(), re.MULTILINE)
    )
    there = [path for path in RESULTS.rglob("*.*") if path.suffix in (".json", ".md")]
    assert set(listed) == {path.relative_to(RESULTS).as_posix() for path in there if path != LIST}
    for name, command in listed.items():
        if name.endswith(".json"):
            found = json.loads((RESULTS / name).read_text())
            typed = found.get("command", command) if isinstance(found, dict) else command
            assert moved.sub(r"benchmarks.developers.\1", typed) == command


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not JSON"),
        ("[1]", "not the result of a benchmark"),
        ('{"kind": "soak", "version": 1}', "those drawn"),
        ('{"kind": ["latency"], "version": 1}', "those drawn"),
        ('{"kind": "peers", "version": 1}', "no machine"),
        (
            '{"kind": "scaling", "version": 1, "machine": {}, "conditions": {}, "command": "",'
            ' "date": "", "axes": {"hands": 3}, "models": {}, "versions": {}}',
            "no whole result: ",
        ),
        ('{"kind": 3, "version": 1}', "those drawn"),
        ('{"kind": "models", "version": 1}', "no"),
        ('{"kind": "scaling", "version": 99}', "version 99"),
        ('{"kind": "latency", "version": 1}', "no whole result"),
    ],
)
def test_what_is_no_result_is_refused(
    content: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, and nothing is written."""
    path, out = tmp_path / "r.json", tmp_path / "out"
    path.write_text(content)
    assert report.main([str(path), "--out", str(out)]) == UsageError.exit_code
    printed = capsys.readouterr().err.strip()
    assert why in printed
    assert printed.count("\n") == 0
    assert not out.exists()


def test_a_file_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name."""
    assert report.main(["none.json", "--out", str(tmp_path)]) == UsageError.exit_code
    assert "none.json" in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_refused(of_latency: Path) -> None:
    """It would be in the way."""
    assert report.main([str(of_latency), "--out", str(of_latency)]) == UsageError.exit_code


def test_without_matplotlib_it_says_what_to_install(
    of_latency: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A board has none of it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code = report.main([str(of_latency), "--out", str(tmp_path / "out")])
    assert code == UsageError.exit_code
    assert "pip install matplotlib" in capsys.readouterr().err


KINDS = ("latency", "models", "scaling", "peers")
TAG = "<script>alert(1)</script>"


def tagged(value: Any) -> Any:
    """Returns a result with a script in every text, and in what its machine does not tell."""
    if isinstance(value, dict):
        found = {name: tagged(each) for name, each in value.items()}
        if "board" in value:
            found |= {name: TAG for name, each in value.items() if each is None}
        return found
    if isinstance(value, list):
        return [tagged(each) for each in value]
    return TAG + value if isinstance(value, str) else value


def keys(value: Any) -> set[str]:
    """Returns every name in a result."""
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list):
        return set()
    return set(value if isinstance(value, dict) else ()).union(*map(keys, inner))


def renamed(value: Any, old: str, new: str) -> Any:
    """Returns a result in which a name is another, wherever it is."""
    if isinstance(value, dict):
        return {new if n == old else n: renamed(v, old, new) for n, v in value.items()}
    return [renamed(each, old, new) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", KINDS)
def test_texts_in_results_do_no_harm_to_the_page(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A result may come from anyone, with a script in whatever text it has."""
    given: Path = request.getfixturevalue(f"of_{kind}")
    bad = tagged(json.loads(given.read_text())) | {"kind": kind}
    path = tmp_path / "r.json"
    path.write_text(json.dumps(bad))
    # Of another model, so that what results differ in is told as well.
    others = [str(given)] if kind == "latency" else []
    assert report.main([str(path), *others, "--out", str(tmp_path / "out")]) == 0
    told = (tmp_path / "out" / "index.html").read_text()
    assert "<script" not in told
    assert told.count("&lt;script&gt;") > 5


@pytest.mark.parametrize("kind", KINDS)
def test_names_in_results_do_no_harm_to_the_page(kind: str, request: pytest.FixtureRequest) -> None:
    """As of a model, a peer or a sink: whatever name it is that is a script."""
    given: Path = request.getfixturevalue(f"of_{kind}")
    found = report.read(given)
    harmless = 0
    for name in keys(found) - {"kind"}:
        bad = renamed(found, name, name + TAG)
        try:
            told = page.html([bad], report.labels([bad]), {}, [], {})
        except report.FAULTS:
            continue  # it would be refused
        assert "<script" not in told
        harmless += "&lt;script" in told
    assert harmless or kind == "peers"  # which tells no name but what a field says


def test_what_a_result_lacks_is_named(
    of_scaling: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one that was made before a figure was added."""
    found = json.loads(of_scaling.read_text())
    del found["axes"]["length"]["kinds"]["tracked"]["blocks_kept"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(found))
    assert report.main([str(path), "--out", str(tmp_path / "out")]) == UsageError.exit_code
    why = "is no whole result: it has no blocks_kept; measure it again"
    assert capsys.readouterr().err == f"report: {path} {why}\n"


def test_what_only_a_picture_needs_is_named_as_well(
    of_latency: Path, of_scaling: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the files that the picture is of."""
    found = json.loads(of_latency.read_text())
    del found["frames"]["tracked"]["invoke_ms"]
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(found))
    out = tmp_path / "out"
    assert report.main([str(path), str(of_scaling), "--out", str(out)]) == UsageError.exit_code
    why = "is no whole result: it has no invoke_ms; measure it again"
    assert capsys.readouterr().err == f"report: {path} {why}\n"
    assert not out.exists()


@pytest.mark.parametrize(
    ("only", "drawn"), [([], ["latency", "fps", "models", "accuracy"]), (["fps"], ["fps"])]
)
def test_each_picture_is_drawn_once(
    only: list[str],
    drawn: list[str],
    of_latency: Path,
    of_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And none that is not wanted."""
    calls = []
    png = charts.png
    monkeypatch.setattr(charts, "png", lambda figure: calls.append(figure) or png(figure))
    flags = [flag for name in only for flag in ("--only", name)]
    argv = [str(of_latency), str(of_models), "--out", str(tmp_path / "out"), *flags]
    assert report.main(argv) == 0
    assert len(calls) == len(drawn)
    assert {path.stem for path in (tmp_path / "out").glob("*.png")} == set(drawn)


def test_every_picture_tells_why_not_to_trust_it(
    of_latency: Path, of_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of models among them, where int8 may gain what it gains on no board."""
    texts = []
    png = charts.png

    def told(figure: Figure) -> bytes:
        texts.append(figure.get_supxlabel())
        return png(figure)

    monkeypatch.setattr(charts, "png", told)
    given = []
    for path in (of_latency, of_models):
        conditions = {"warnings": ["it was busy"]}
        given.append(str(changed(path, tmp_path / path.name, conditions=conditions)))
    assert report.main([*given, "--out", str(tmp_path / "out")]) == 0
    assert texts == ["it was busy"] * 4


def test_models_that_could_not_be_measured_are_on_the_page(of_models: Path, tmp_path: Path) -> None:
    """With their reason."""
    path = changed(of_models, tmp_path / "r.json", missing={"letters_of_asl": "it died"})
    assert report.main([str(path), "--out", str(tmp_path / "out")]) == 0
    assert "missing: letters_of_asl: it died" in (tmp_path / "out" / "index.html").read_text()
