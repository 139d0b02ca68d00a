"""`metrics:PORT` or `metrics:HOST:PORT`: the state of a run, as pages over HTTP.

    /          links to the two others, for people
    /metrics   counters, stage times, temperature and memory, in Prometheus' text format
    /healthz   {"status": "ok", "reason": null, ...} with HTTP status 200, or
               {"status": "unhealthy", "reason": "...", ...} with HTTP status 503

The sink listens on 127.0.0.1 unless a HOST is given, such as 0.0.0.0. Requests are answered by
threads of their own, so that the pages can report a frame loop that hangs. docs/service.md has a
table of all metrics; their names follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import time
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.errors import SinkError
from edge.sinks._address import host_and_port
from edge.types import End, EventKind, Request, Result, Vitals

PORT = 9464  # the default of OpenTelemetry's Prometheus exporter, which is rarely in use on a Pi
# If the frame loop calls the sink no more for so long, the run is unhealthy. It is the time after
# which systemd restarts the service (WatchdogSec in systemd/fingerspell.service).
STALE_S = 10.0
# Upper bounds of the histogram, in seconds. The smallest fits one model on a fast computer, the
# largest a whole frame on a slow one.
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.2, 0.5, 1.0)

MOST_CLIENTS = 8  # at once: Prometheus, a health check and some people; each costs a thread
CLIENT_S = 5.0  # for a request and its answer, which take milliseconds in a local network

EXTRA = "metrics"  # the pip extra that installs prometheus_client

INDEX = b"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>fingerspell</title>
<h1>fingerspell</h1>
<p>The state of this run: <a href="/healthz">/healthz</a>, whether it is healthy, and
<a href="/metrics">/metrics</a>, its figures for Prometheus.</p></html>
"""

disable_created_metrics()  # type: ignore[no-untyped-call]  # no extra series for each counter


def open(rest: str) -> Metrics:
    """Listens on HOST:PORT; raises UsageError for a wrong port, SinkError where it cannot."""
    return Metrics(*host_and_port("metrics", rest, PORT))


class Metrics:
    """Counts frames and answers requests. The frame loop calls write() and note()."""

    def __init__(self, host: str, port: int) -> None:
        """Raises SinkError where it cannot listen on `host` and `port` (0: any free port)."""
        self._registry = registry = CollectorRegistry()
        self._frames = Counter("fingerspell_frames", "Frames read.", registry=registry)
        self._hands = Counter(
            "fingerspell_hand_frames", "Frames with at least one hand.", registry=registry
        )
        self._dropped = Counter(
            "fingerspell_frames_dropped",
            "Frames of the source that were lost or left out.",
            registry=registry,
        )
        self._reopens = Counter(
            "fingerspell_source_reopens",
            "Times that a camera or stream was opened again after a fault.",
            registry=registry,
        )
        self._events = Counter(
            "fingerspell_events", "Events, by kind.", ["kind"], registry=registry
        )
        for kind in get_args(EventKind):
            self._events.labels(kind)  # a kind that has not happened yet is 0, not absent
        self._stages = Histogram(
            "fingerspell_stage_duration_seconds", "Time that a frame spends in a stage.",
            ["stage"], buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self._vitals = Vitals()
        self._heard_s = time.monotonic()
        self._waited_s = 0.0
        registry.register(_Gauges(self))
        try:
            self._server = _Server(self, host, port)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SinkError(
                f"cannot listen on {host}:{port}: {reason}; choose another, metrics:HOST:PORT"
            ) from error
        self.port: int = self._server.server_address[1]
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True
        )
        self._thread.start()

    def write(self, result: Result) -> Request | None:
        """Counts a frame, its hands, its events and its stages' times."""
        self._heard_s = time.monotonic()
        self._waited_s = 0.0
        for stage, ms in result.timings_ms.items():
            self._stages.labels(stage).observe(ms / 1000)
        self._frames.inc()
        self._hands.inc(bool(result.hands))
        for event in result.events:
            self._events.labels(event.kind).inc()
        return None

    def note(self, vitals: Vitals) -> None:
        """Keeps the state of the run, for the gauges and the health page."""
        self._heard_s = time.monotonic()
        self._waited_s = vitals.waited_s
        self._dropped.inc(max(0, vitals.dropped - self._vitals.dropped))
        self._reopens.inc(max(0, vitals.reopened - self._vitals.reopened))
        self._vitals = vitals

    def close(self, end: End) -> None:
        """Stops listening."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Returns HTTP status, content type and body of a page. The server's threads call it."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == "/healthz":
            reason = self._reason()
            status = "unhealthy" if reason else "ok"
            state = {"status": status, "reason": reason, **asdict(self._vitals)}
            return 503 if reason else 200, "application/json", _json(state)
        if path == "/":
            return 200, "text/html; charset=utf-8", INDEX
        return 404, "application/json", _json({"pages": ["/", "/metrics", "/healthz"]})

    def gauges(self) -> dict[str, tuple[str, float | None]]:
        """Returns the help text and the value of each gauge; None for one that is not known."""
        vitals, silent_s = self._vitals, time.monotonic() - self._heard_s
        age_s = vitals.watchdog_age_s
        return {
            "fingerspell_frame_rate_hertz": (
                "Frames read in a second, over the last few seconds.",
                vitals.fps if silent_s < STALE_S else 0.0,
            ),
            "fingerspell_frame_duration_median_seconds": (
                "Time that a frame takes without the wait for it, median of the last few seconds.",
                vitals.busy_ms / 1000,
            ),
            "fingerspell_last_frame_age_seconds": (
                "Time since the last frame, or since the start if there was none.",
                self._waited_s + silent_s,
            ),
            "fingerspell_watchdog_age_seconds": (
                "Time since the loop last reset systemd's watchdog; absent without a watchdog.",
                None if age_s is None else age_s + silent_s,
            ),
            "fingerspell_resident_memory_bytes": (
                "Resident memory of the process and its children.",
                vitals.memory_mb * 1e6,
            ),
            "fingerspell_temperature_celsius": (
                "Temperature of the hottest sensor; absent without a sensor.",
                vitals.temperature_c,
            ),
            "fingerspell_throttled": (
                "1 while the board's firmware slows the processor down, else 0.",
                float(bool(vitals.throttled)),
            ),
            "fingerspell_load_shedding": (
                "1 while work is left out because of heat or load, else 0.",
                float(bool(vitals.shed)),
            ),
            "fingerspell_healthy": (
                "1 while frames come, all sinks work and the loop runs, else 0; as on /healthz.",
                float(self._reason() is None),
            ),
        }

    def _reason(self) -> str | None:
        """Returns what keeps letters from being read or passed on; None while nothing does."""
        silent_s = time.monotonic() - self._heard_s
        if silent_s > STALE_S:
            return f"the frame loop has not answered for {silent_s:.0f} s"
        return self._vitals.trouble or self._vitals.sink_trouble or None


class _Gauges(Collector):
    """The gauges, as Prometheus' library asks for them: their values are those of this moment."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields each gauge; one whose value is not known has no sample."""
        for name, (text, value) in self._metrics.gauges().items():
            family = GaugeMetricFamily(name, text)
            if value is not None:
                family.add_metric([], value)
            yield family


class _Server(ThreadingHTTPServer):
    """Answers each request in a thread of its own: MOST_CLIENTS at once, each for CLIENT_S.

    A client that takes longer is disconnected, and so is the first of them where one too many
    comes: slow clients keep no health check away. At most as many again are about to end.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        self.metrics = metrics
        self._since_s: dict[socket.socket, float] = {}  # of each client: when it came
        self._lock = Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Binds without HTTPServer's look-up of a host name, which can wait for a DNS server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Says whether a client is answered, and notes since when."""
        with self._lock:
            present = list(self._since_s)  # in the order in which they came
            for client in present[: max(0, len(present) + 1 - MOST_CLIENTS)]:
                _disconnect(client)
            if welcome := len(present) < 2 * MOST_CLIENTS:
                self._since_s[request] = time.monotonic()
        return welcome

    def service_actions(self) -> None:
        """Disconnects clients that have taken too long; called ten times a second."""
        late_s = time.monotonic() - CLIENT_S
        with self._lock:
            for client in [c for c, since_s in self._since_s.items() if since_s < late_s]:
                _disconnect(client)

    def shutdown_request(self, request: Any) -> None:
        """Closes the connection of a client that was answered, or that is not."""
        with self._lock:
            self._since_s.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs nothing: a client that goes away, or no thread for one, is no fault of the run."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server

    def do_GET(self) -> None:
        """Answers with the page that the sink returns."""
        status, kind, body = self.server.metrics.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Logs nothing: a line for each request would fill the journal."""


def _disconnect(client: socket.socket) -> None:
    """Ends a client's thread, which closes the connection."""
    with contextlib.suppress(OSError):  # it has gone by itself
        client.shutdown(socket.SHUT_RDWR)


def _json(values: dict[str, object]) -> bytes:
    return json.dumps(values).encode() + b"\n"
