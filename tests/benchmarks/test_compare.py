"""Two results compared: what is noise, what is not, and what does not belong together."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import compare
from benchmarks.compare import BETWEEN_RUNS, ratio
from benchmarks.measure import result
from benchmarks.measure.result import distribution
from tests.benchmarks.conftest import SMALL
from tests.support.examples import examples


@pytest.fixture(scope="module")
def made(of_latency: Path) -> result.Result:
    """A result of a real run, with counted work, in which enough of each kind was seen."""
    found = result.read(of_latency)
    found["conditions"] |= {"quiet": True, "warnings": []}  # whatever else this machine does
    return found


@pytest.fixture
def files(made: result.Result, tmp_path: Path) -> Callable[..., list[str]]:
    """Writes that result, and it as a change of it says, and returns both paths."""

    def write(change: Callable[[Any], object] = lambda found: None) -> list[str]:
        changed = deepcopy(made)
        change(changed)
        (tmp_path / "a.json").write_text(json.dumps(made))
        (tmp_path / "b.json").write_text(json.dumps(changed))
        return [str(tmp_path / name) for name in ("a.json", "b.json")]

    return write


def times(median_ms: float, seed: int, spread: float = 0.1, count: int = 3000) -> dict[str, Any]:
    """A stage's times: skewed, as times are."""
    random = np.random.default_rng(seed)
    return distribution(median_ms * np.exp(spread * random.standard_normal(count)))


def scaled(found: Any, factor: float) -> None:
    """Makes every time of a result, or of a part of it, so much longer."""
    if isinstance(found, dict):
        if "batches" in found:
            for key in ("mean", "p50", "p90", "p99", "max"):
                found[key] *= factor
            found["batches"] = [median * factor for median in found["batches"]]
        for inner in found.values():
            scaled(inner, factor)


def test_the_same_is_the_same(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A result compared with itself differs nowhere."""
    assert compare.main(files()) == 0
    out = capsys.readouterr().out
    assert "tracked " in out
    assert "counted work: none rose" in out
    assert not any(word in out for word in ("slower", "faster"))


def test_all_stages_of_all_kinds_are_compared(made: result.Result) -> None:
    """Those of each kind, its whole frame and its overhead; no ratio is of all kinds together."""
    slow = deepcopy(made)
    scaled(slow["frames"], 2.0)
    ratios = compare.compare(made, slow)["ratios"]
    assert set(ratios) == set(result.KINDS)
    for kind in ("tracked", "searching"):
        expected = {*made["frames"][kind]["stages_ms"], "whole frame", "overhead"}
        assert set(ratios[kind]) == expected
        assert all(r["value"] == pytest.approx(2.0, rel=0.01) for r in ratios[kind].values())


@given(median=st.floats(0.01, 100), factor=st.floats(0.2, 5), seed=st.integers(0, 10**6))
def test_a_ratio_lies_in_its_interval(median: float, factor: float, seed: int) -> None:
    """Whatever the times are; and the other way round it is the inverse."""
    a, b = times(median, seed), times(median * factor, seed + 1)
    there, back = ratio(a, b), ratio(b, a)
    assert there
    assert back
    assert there.low is not None
    assert there.high is not None
    assert there.low <= there.value * 1.001
    assert there.value <= there.high * 1.001
    assert there.value * back.value == pytest.approx(1, rel=0.01)
    opposite = {"slower": "faster", "faster": "slower", "same": "same"}
    if not any(abs(np.log(end / (1 + BETWEEN_RUNS))) < 0.03 for end in (there.low, 1 / there.high)):
        assert back.verdict == opposite[there.verdict]


def test_noise_is_called_noise() -> None:
    """Of a hundred pairs of the same distribution hardly one differs, even without the allowance
    for what differs between two runs."""
    pairs = [ratio(times(5.0, 2 * i), times(5.0, 2 * i + 1)) for i in range(100)]
    assert sum(r is not None and r.verdict == "same" for r in pairs) == 100
    outside = [r for r in pairs if r and r.low and r.high and not r.low <= 1 <= r.high]
    assert len(outside) <= 5


@pytest.mark.parametrize(("factor", "verdict"), [(1.2, "slower"), (0.8, "faster"), (1.03, "same")])
def test_a_difference_is_called_so(factor: float, verdict: str) -> None:
    """20 % are seen; 3 % two runs of the same code differ by."""
    found = ratio(times(5.0, 1), times(5.0 * factor, 2))
    assert found is not None
    assert found.verdict == verdict
    assert found.value == pytest.approx(factor, rel=0.02)


def test_what_drifts_is_no_difference() -> None:
    """A machine that becomes slower by and by gives batches that vary, and so a wide interval."""
    drift = np.linspace(4.0, 8.0, 3000)
    steady, drifting = (
        ratio(times(6.0, 1), times(6.6, 2)),
        ratio(distribution(drift), distribution(drift[::-1] * 1.1)),
    )
    assert steady is not None
    assert steady.verdict == "slower"
    assert drifting is not None
    assert drifting.verdict == "same"


def test_too_few_frames_tell_nothing() -> None:
    """The ratio is told, and that nothing can be said of it."""
    found = ratio(distribution([5.0, 6.0, 5.5]), times(5.0, 1))
    assert found == (found and (found.value, None, None, "unknown"))
    assert ratio({"count": 0}, times(5.0, 1)) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f["models"].update(letters="0" * 64), "the model letters "),
        (lambda f: f["models"].pop("motion"), "the model motion "),
        (lambda f: f["settings"].update(threads=2), "threads 1 and 2"),
        (lambda f: f["settings"].update(sizes=["1280x720"]), "sizes ['160x120'] and ['1280x720']"),
        (lambda f: f["settings"].update(source="signer:HO"), f"'{SMALL}' and 'signer:HO'"),
    ],
)
def test_what_is_not_of_the_same_is_refused_or_marked(
    files: Callable[..., list[str]],
    change: Callable[[Any], object],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line, exit status 2; with --anyway the first lines say what differs."""
    paths = files(change)
    assert compare.main(paths) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err
    assert "--anyway" in err
    assert compare.main([*paths, "--anyway"]) == 0
    marked = [line for line in capsys.readouterr().out.splitlines() if "NOT THE SAME" in line]
    assert len(marked) == 1
    assert said in marked[0]


def test_other_models_do_not_fail_by_their_counts(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """What was swapped is no regression."""

    def swapped(found: Any) -> None:
        found["models"].update(letters="0" * 64)
        for counts in found["work"]["frames"].values():
            counts["model_calls"]["another"] = 1.0

    assert compare.main([*files(swapped), "--anyway"]) == 0
    assert "counted work: of others, and not compared" in capsys.readouterr().out


def test_another_machine_is_told(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Boards and versions are what one wants to compare; warnings speak against either."""

    def change(found: Any) -> None:
        found["machine"]["board"] = "Raspberry Pi 5 Model B Rev 1.0"
        found["versions"]["numpy"] = "1.26.4"
        found["conditions"]["warnings"] = ["the machine ran on battery"]

    assert compare.main(files(change)) == 0
    out = capsys.readouterr().out
    assert "machine: board None and Raspberry Pi 5 Model B Rev 1.0" in out
    assert "versions: numpy " in out
    assert "B: the machine ran on battery" in out


def test_only_counted_work_decides(
    files: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times twice as long end with 0, a fifth more copied with 1; less is no fault."""

    def copies(factor: float) -> Callable[[Any], None]:
        def change(found: Any) -> None:
            found["work"]["frames"]["tracked"]["copied_bytes"] *= factor

        return change

    assert compare.main(files(lambda found: scaled(found["frames"], 2.0))) == 0
    assert "slower" in capsys.readouterr().out
    assert compare.main(files(copies(1.1))) == 0
    assert compare.main(files(copies(0.5))) == 0
    capsys.readouterr()
    path = tmp_path / "found.json"
    assert compare.main([*files(copies(1.2)), "--json", str(path)]) == 1
    assert "counted work: tracked: copied bytes rose from" in capsys.readouterr().out
    (rose,) = json.loads(path.read_text())["rose"]
    assert "copied bytes" in rose


def test_the_time_to_a_letter_is_compared(made: result.Result) -> None:
    """Where both results have it, which those of live sources do."""
    a, b = deepcopy(made), deepcopy(made)
    a["event_ms"], b["event_ms"] = {"tracked": times(80.0, 1)}, {"tracked": times(160.0, 2)}
    found = compare.compare(a, b)["ratios"]["tracked"]["glass to letter"]
    assert found["value"] == pytest.approx(2.0, rel=0.05)
    assert found["verdict"] == "slower"
    assert "glass to letter" not in compare.compare(a, made)["ratios"]["tracked"]


def test_work_of_other_frames_does_not_decide(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A result of before the counted footage changed has no counts to compare with."""
    assert compare.main(files(lambda found: found["work"].update(source="signer:HI"))) == 0
    assert "counted work: not in both, or not of the same frames" in capsys.readouterr().out


def test_what_disturbed_a_run_is_not_laid_to_the_code(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A difference between runs of which one was disturbed is neither slower nor faster."""

    def change(found: Any) -> None:
        scaled(found["frames"], 2.0)
        found["conditions"] |= {"quiet": False, "warnings": ["the machine was busy"]}

    assert compare.main(files(change)) == 0
    out = capsys.readouterr().out
    assert "measure again" in out
    assert not any(word in out for word in ("slower", "faster"))


def test_without_counted_work_that_is_said(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A run with --no-work, or one that was stopped, has none."""
    assert compare.main(files(lambda found: found.update(work={}))) == 0
    assert "counted work: not in both" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read"),
        (b"", "is not JSON"),
        (b"\xff\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1, 2]", "is not the result of a benchmark"),
        (b'{"date": "2026"}', "is not the result of a benchmark"),
        (b'{"kind": "work", "version": 1}', "is a result of kind 'work'"),
        (b'{"kind": "latency", "version": 99}', "has version 99"),
        (b'{"kind": "latency", "version": 1}', "it has no machine"),
        (b'{"kind": "latency", "version": 1, "machine": NaN}', "is not JSON"),
    ],
)
def test_a_file_that_is_no_result_is_refused(
    content: bytes | None,
    said: str,
    files: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line that says what it is instead, and how to make one."""
    a, b = files()
    if content is None:
        Path(b).unlink()
    else:
        Path(b).write_bytes(content)
    assert compare.main([a, b]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert "python -m benchmarks.latency --json FILE" in line


@examples(50)
@given(data=st.data())
def test_a_damaged_result_is_refused_or_compared(made: result.Result, data: st.DataObject) -> None:
    """Whatever is taken out of a result, there is no other end than these two."""

    found = deepcopy(made)
    place: Any = found
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        del place[key]
    else:
        place[key] = data.draw(st.sampled_from([None, 7, "x", [], {}]))
    with tempfile.TemporaryDirectory() as folder:
        for name, each in (("a.json", made), ("b.json", found)):
            (Path(folder) / name).write_text(json.dumps(each))
        paths = [str(Path(folder) / name) for name in ("a.json", "b.json")]
        assert compare.main([*paths, "--anyway"]) in (0, 1, 2)
