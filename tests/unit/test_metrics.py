"""What Prometheus and the health page are told."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="needs pip install 'fingerspell[metrics]'")

from prometheus_client.parser import text_string_to_metric_families

from edge.errors import SinkError, UsageError
from edge.sinks import metrics
from edge.types import End, Vitals
from tests.support.sample_results import hand, prediction, result


@pytest.fixture
def sink() -> Iterator[metrics.Metrics]:
    opened = metrics.open("0")
    yield opened
    opened.close(End("", 0, 0))


def page(sink: metrics.Metrics, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sink.port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def samples(sink: metrics.Metrics) -> dict[tuple[str, str], float]:
    """The value of each sample, by its name and its label, as Prometheus' own parser reads it."""
    status, text = page(sink, "/metrics")
    assert status == 200
    return {
        (sample.name, ",".join(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def health(sink: metrics.Metrics) -> tuple[int, dict[str, Any]]:
    status, body = page(sink, "/healthz")
    return status, json.loads(body)


def test_frames_hands_and_events_are_counted(sink: metrics.Metrics) -> None:
    """Each by its kind."""
    sink.write(result(0))
    found = (("hand", "found"), ("letter", "A"))
    reading = prediction("A", 0.9)
    sink.write(result(1, hands=(hand(0, 0, 9),), reading=reading, events=found))
    got = samples(sink)
    assert got["fingerspell_frames_total", ""] == 2
    assert got["fingerspell_hand_frames_total", ""] == 1
    assert got["fingerspell_events_total", "letter"] == 1


def test_stages_are_histograms_of_seconds(sink: metrics.Metrics) -> None:
    """8 ms of following lie between 5 and 10."""
    for index in range(3):
        sink.write(result(index))
    got = samples(sink)
    assert got["fingerspell_stage_seconds_count", "follow"] == 3
    assert got["fingerspell_stage_seconds_sum", "follow"] == pytest.approx(0.024)
    assert got["fingerspell_stage_seconds_bucket", "0.005,follow"] == 0
    assert got["fingerspell_stage_seconds_bucket", "0.01,follow"] == 3


def test_vitals_are_gauges(sink: metrics.Metrics) -> None:
    """What is not known is no number, and no nought."""
    sink.note(
        Vitals(
            dropped=7, reopened=2, fps=29.5, memory_mb=120.0, throttled=("throttled",),
            watchdog_age_s=1.5, trouble="usb:0 was lost", waited_s=3.0,
        )
    )  # fmt: skip
    got = samples(sink)
    assert got["fingerspell_frames_dropped_total", ""] == 7
    assert got["fingerspell_reopened_total", ""] == 2
    assert got["fingerspell_fps", ""] == 29.5
    assert got["fingerspell_memory_bytes", ""] == 120e6
    assert got["fingerspell_throttled", ""] == 1
    assert got["fingerspell_ill", ""] == 1
    assert got["fingerspell_waited_seconds", ""] == pytest.approx(3, abs=2)
    assert got["fingerspell_watchdog_age_seconds", ""] == pytest.approx(1.5, abs=2)
    celsius = got["fingerspell_temperature_celsius", ""]
    assert celsius != celsius


def test_counters_count_on(sink: metrics.Metrics) -> None:
    """Vitals tell what there was since the start; the last word of a run is no frame."""
    for dropped in (3, 3, 5):
        sink.note(Vitals(dropped=dropped))
    sink.write(replace(result(0), timings_ms={}))
    got = samples(sink)
    assert got["fingerspell_frames_dropped_total", ""] == 5
    assert got["fingerspell_frames_total", ""] == 0


def test_a_run_that_reads_is_well(sink: metrics.Metrics) -> None:
    """200, and how it is."""
    sink.write(result(0))
    sink.note(Vitals(fps=30.0, shed="hot"))
    status, state = health(sink)
    assert status == 200
    assert state["status"] == "ok"
    assert state["fps"] == 30.0
    assert state["shed"] == "hot"


def test_a_lost_camera_is_ill_until_frames_flow(sink: metrics.Metrics) -> None:
    """503, and why; the next frame makes it well."""
    sink.note(Vitals(trouble="usb:0 was lost", waited_s=2.0))
    assert health(sink)[0] == 503
    assert health(sink)[1]["why"] == "usb:0 was lost"
    sink.write(result(0))
    sink.note(Vitals())
    assert health(sink)[0] == 200


def test_a_loop_that_stands_still_is_ill(
    sink: metrics.Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to tell: the page is answered by a thread of its own."""
    sink.write(result(0))
    monkeypatch.setattr(metrics, "STALE_S", 0.0)
    status, state = health(sink)
    assert status == 503
    assert "stood still" in state["why"]


def test_another_page_is_told_which_there_are(sink: metrics.Metrics) -> None:
    """404."""
    status, body = page(sink, "/")
    assert status == 404
    assert b"/healthz" in body


def test_one_who_connects_and_asks_nothing_holds_nobody_up(sink: metrics.Metrics) -> None:
    """Each who asks has a thread."""
    with socket.create_connection(("127.0.0.1", sink.port)):
        assert health(sink)[0] == 200


def test_a_port_that_is_taken_is_one_line(sink: metrics.Metrics) -> None:
    """And says what to do."""
    with pytest.raises(SinkError, match=r"cannot listen on 127.0.0.1:\d+: .*choose another"):
        metrics.open(str(sink.port))


@pytest.mark.parametrize("rest", ["http", "99999", "1.2.3.4:x"])
def test_what_is_no_port_is_named(rest: str) -> None:
    """With what is one."""
    with pytest.raises(UsageError, match=f"{rest} is no port; say metrics:9464"):
        metrics.open(rest)


def test_it_listens_to_this_machine_alone_unless_told() -> None:
    """Nobody in the museum's network hears of it by accident."""
    sink = metrics.open("0")
    try:
        assert sink._server.server_address[0] == "127.0.0.1"
    finally:
        sink.close(End("", 0, 0))
    sink = metrics.open("0.0.0.0:0")
    try:
        assert sink._server.server_address[0] == "0.0.0.0"
    finally:
        sink.close(End("", 0, 0))
