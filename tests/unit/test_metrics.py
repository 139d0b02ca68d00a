"""The metrics sink: /metrics as Prometheus reads it, and /healthz."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="needs pip install 'fingerspell[metrics]'")

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from edge.errors import SinkError, UsageError
from edge.sinks import metrics
from edge.types import End, Vitals
from tests.support.sample_results import hand, prediction, result

SERVICE = Path(__file__).parents[2] / "docs" / "service.md"


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


def families(sink: metrics.Metrics) -> list[Metric]:
    """The page, as Prometheus' own parser reads it."""
    status, text = page(sink, "/metrics")
    assert status == 200
    return list(text_string_to_metric_families(text.decode()))


def samples(sink: metrics.Metrics) -> dict[tuple[str, str], float]:
    """The value of each sample, by its name and its label."""
    return {
        (sample.name, ",".join(sorted(sample.labels.values()))): sample.value
        for family in families(sink)
        for sample in family.samples
    }


def health(sink: metrics.Metrics) -> tuple[int, dict[str, Any]]:
    status, body = page(sink, "/healthz")
    return status, json.loads(body)


def test_frames_hands_and_events_are_counted(sink: metrics.Metrics) -> None:
    """Frames, frames with a hand, and events by their kind; a kind that never came is 0."""
    sink.write(result(0))
    found = (("hand", "found"), ("letter", "A"))
    reading = prediction("A", 0.9)
    sink.write(result(1, hands=(hand(0, 0, 9),), reading=reading, events=found))
    got = samples(sink)
    assert got["fingerspell_frames_total", ""] == 2
    assert got["fingerspell_hand_frames_total", ""] == 1
    assert got["fingerspell_events_total", "letter"] == 1
    assert got["fingerspell_events_total", "delete"] == 0


def test_stages_are_histograms_of_seconds(sink: metrics.Metrics) -> None:
    """A stage of 8 ms lies between the bounds of 5 and 10 ms."""
    for index in range(3):
        sink.write(result(index))
    got = samples(sink)
    assert got["fingerspell_stage_duration_seconds_count", "follow"] == 3
    assert got["fingerspell_stage_duration_seconds_sum", "follow"] == pytest.approx(0.024)
    assert got["fingerspell_stage_duration_seconds_bucket", "0.005,follow"] == 0
    assert got["fingerspell_stage_duration_seconds_bucket", "0.01,follow"] == 3


def test_vitals_are_gauges(sink: metrics.Metrics) -> None:
    """A gauge without a value, the temperature without a sensor, has no sample."""
    sink.note(
        Vitals(
            dropped=7, reopened=2, fps=29.5, memory_mb=120.0, throttled=("throttled",),
            watchdog_age_s=1.5, trouble="usb:0 was lost", waited_s=3.0,
        )
    )  # fmt: skip
    got = samples(sink)
    assert got["fingerspell_frames_dropped_total", ""] == 7
    assert got["fingerspell_source_reopens_total", ""] == 2
    assert got["fingerspell_frame_rate_hertz", ""] == 29.5
    assert got["fingerspell_resident_memory_bytes", ""] == 120e6
    assert got["fingerspell_throttled", ""] == 1
    assert got["fingerspell_healthy", ""] == 0
    assert got["fingerspell_last_frame_age_seconds", ""] == pytest.approx(3, abs=2)
    assert got["fingerspell_watchdog_age_seconds", ""] == pytest.approx(1.5, abs=2)
    assert ("fingerspell_temperature_celsius", "") not in got


def test_counters_never_fall(sink: metrics.Metrics) -> None:
    """Vitals hold totals since the start of the run; counters follow them."""
    for dropped in (3, 3, 5):
        sink.note(Vitals(dropped=dropped))
    assert samples(sink)["fingerspell_frames_dropped_total", ""] == 5


def test_names_follow_prometheus_rules(sink: metrics.Metrics) -> None:
    """As `promtool check metrics` wants them: help, type, base units, _total on counters alone."""
    sink.write(result(0))
    text = page(sink, "/metrics")[1].decode()
    helped, typed = (
        re.findall(r"^# HELP (\w+) \S", text, re.M),
        re.findall(r"^# TYPE (\w+)", text, re.M),
    )
    assert helped == typed
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        assert re.fullmatch(r"fingerspell(_[a-z]+)+", name)
        assert name.endswith("_total") == (kind == "counter")
        assert not re.search(r"_(ms|milliseconds|fps|mb|percent|count|sum|bucket|created)$", name)
        assert kind not in name.split("_")
        if "duration" in name or "age" in name.split("_"):
            assert name.endswith("_seconds")


def test_the_table_of_metrics_is_complete(sink: metrics.Metrics) -> None:
    """docs/service.md has each metric once, with its type, labels and the help text's meaning."""
    sink.write(result(0))
    sink.note(Vitals(temperature_c=40.0, watchdog_age_s=1.0))
    there = set()
    for family in families(sink):
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        name = f"{family.name}_total" if family.type == "counter" else family.name
        there.add((name + (f"{{{','.join(sorted(labels))}}}" if labels else ""), family.type))
    rows = re.findall(
        r"^\| `(fingerspell_[^`]+)` \| (\w+) \| \S", SERVICE.read_text(), re.MULTILINE
    )
    assert sorted(rows) == sorted(there)


def test_a_run_that_reads_is_healthy(sink: metrics.Metrics) -> None:
    """HTTP status 200, no reason, and the vitals."""
    sink.write(result(0))
    sink.note(Vitals(fps=30.0, shed="hot"))
    status, state = health(sink)
    assert status == 200
    assert state["status"] == "ok"
    assert state["reason"] is None
    assert state["fps"] == 30.0
    assert state["shed"] == "hot"


def test_a_lost_camera_is_unhealthy_until_frames_come(sink: metrics.Metrics) -> None:
    """HTTP status 503 with the reason; the next frame makes it healthy again."""
    sink.note(Vitals(trouble="usb:0 was lost", waited_s=2.0))
    status, state = health(sink)
    assert status == 503
    assert state["status"] == "unhealthy"
    assert state["reason"] == "usb:0 was lost"
    sink.write(result(0))
    sink.note(Vitals())
    assert health(sink)[0] == 200


def test_a_loop_that_hangs_is_unhealthy(
    sink: metrics.Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own thread notices: the loop need not report anything."""
    sink.write(result(0))
    monkeypatch.setattr(metrics, "STALE_S", 0.0)
    status, state = health(sink)
    assert status == 503
    assert state["reason"]
    assert samples(sink)["fingerspell_healthy", ""] == 0


def test_an_unknown_page_names_the_known_ones(sink: metrics.Metrics) -> None:
    """HTTP status 404."""
    status, body = page(sink, "/nonsense")
    assert status == 404
    assert b"/healthz" in body


def test_the_first_page_links_to_the_others(sink: metrics.Metrics) -> None:
    """For people who open the port in a browser."""
    status, body = page(sink, "/")
    assert status == 200
    assert b'href="/healthz"' in body
    assert b'href="/metrics"' in body


def test_a_sink_that_does_not_work_is_unhealthy(sink: metrics.Metrics) -> None:
    """Letters are read, but somebody does not get them."""
    sink.note(Vitals(sink_trouble="jsonl:a: cannot write", events_lost=3))
    status, state = health(sink)
    assert (status, state["reason"]) == (503, "jsonl:a: cannot write")


def test_a_client_that_sends_nothing_delays_no_other(sink: metrics.Metrics) -> None:
    """Each request has a thread."""
    with socket.create_connection(("127.0.0.1", sink.port)):
        assert health(sink)[0] == 200


def test_slow_clients_are_disconnected(
    sink: metrics.Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that sends a byte now and then is no exception; meanwhile there are few of them."""
    monkeypatch.setattr(metrics, "CLIENT_S", 0.5)
    threads = threading.active_count()
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", sink.port)))
            for _ in range(metrics.MOST_CLIENTS + 20)
        ]
        for _ in range(3):
            for client in slow:
                with contextlib.suppress(OSError):  # it was disconnected
                    client.send(b"G")
            assert threading.active_count() - threads <= 2 * metrics.MOST_CLIENTS
            time.sleep(0.1)
        for client in slow:
            client.settimeout(20)
            with contextlib.suppress(ConnectionError):
                while client.recv(1000):
                    pass
    assert health(sink)[0] == 200


def test_slow_clients_keep_no_other_away(sink: metrics.Metrics) -> None:
    """Where there are as many as there may be, the one that came first makes room."""
    with contextlib.ExitStack() as stack:
        for _ in range(metrics.MOST_CLIENTS):
            client = socket.create_connection(("127.0.0.1", sink.port))
            stack.enter_context(client).send(b"G")
        for _ in range(3):
            assert health(sink)[0] == 200


def test_a_port_that_is_taken_is_one_line(sink: metrics.Metrics) -> None:
    """And says what to do."""
    with pytest.raises(SinkError, match=r"cannot listen on 127.0.0.1:\d+: .*choose another"):
        metrics.open(str(sink.port))


@pytest.mark.parametrize("rest", ["http", "99999", "1.2.3.4:x"])
def test_a_wrong_port_is_a_usage_error(rest: str) -> None:
    """The message names it, and says what a port looks like."""
    with pytest.raises(UsageError, match=f"{rest} is no port; say metrics:9464"):
        metrics.open(rest)


def test_it_listens_on_this_machine_alone_by_default() -> None:
    """Other machines on the network reach it only where a host is named."""
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
